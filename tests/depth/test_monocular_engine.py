"""Depth from a monocular model through the engine, the API and the command.

Offline, each frame waits for its depth. The live loop never waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import groundglass as gg
import numpy as np
import pytest
from groundglass import cli
from groundglass.depth.monocular import STAGE
from groundglass.frame import Encoding, Frame
from live_engine import LiveEngine
from monocular_support import ANY_SIZE, Slow, threads, until, write_model
from PIL import Image

LENS = gg.Lens(50, 0.95, 36, f_number_min=0.95, f_number_max=16, focus_min_m=0.3)


def picture_frame(index: int = 0, orientation: int = 1) -> Frame:
    """A display picture with a dark left half and a bright right half. Later frames are brighter.

    Its texture is in the hue only: the model of the tests does not react to it.
    """
    grey = np.full((48, 96), 60 + 3 * index)
    grey[:, 48:] += 100
    hue = np.random.default_rng(5).integers(-20, 21, grey.shape)
    pixels = np.stack([grey + hue, grey, grey - hue], axis=2).astype(np.uint8)
    return Frame(
        pixels, Encoding.DISPLAY, index=index, time_s=index / 24, orientation=orientation, name=f"frame {index}"
    )


def engine_with(path: str | Path, **options: Any) -> LiveEngine:
    return LiveEngine(lens=LENS, focus_m=0.8, depth_model=path, depth_range=(0.8, 6), **options)


def test_render_waits_for_the_depth_and_is_reproducible(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx", ANY_SIZE)
    frames = [picture_frame(index) for index in range(3)]
    runs = []
    for _ in range(2):
        with engine_with(path) as engine:
            runs.append([engine.render(frame) for frame in frames])
            assert engine.last is not None
            assert engine.last.depth_noise > 0
            assert engine.depth_at(0.2, 0.5) > 3.5  # the extremes adapt slowly to the brightening
            assert engine.depth_at(0.8, 0.5) == pytest.approx(0.8, rel=0.25)
            assert engine.autofocus() is not None
            assert threads() != []
        assert until(lambda: threads() == [])
    assert all(np.array_equal(first, second) for first, second in zip(*runs, strict=True))
    with LiveEngine(lens=LENS, focus_m=0.8) as engine:
        reference = engine.render(frames[2])
    far, near = (np.s_[:, :36], np.s_[:, 60:])
    assert runs[0][2][far].std() < 0.5 * reference[far].std()
    assert runs[0][2][near].std() > 0.8 * reference[near].std()


def test_scene_waits_for_the_depth(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx", ANY_SIZE)
    with LiveEngine(lens=LENS, focus_m=0.8) as engine:
        reference = engine.scene(picture_frame())
    with engine_with(path) as engine:
        assert engine.scene(picture_frame())[:, :36].std() < 0.5 * reference[:, :36].std()


def test_the_model_gets_an_upright_picture(tmp_path: Path) -> None:
    with engine_with(write_model(tmp_path / "m.onnx", ANY_SIZE)) as engine:
        engine.render(picture_frame(orientation=6))  # a quarter turn clockwise: left is up
        assert engine.depth_at(0.5, 0.2) == pytest.approx(6.0, rel=0.25)
        assert engine.depth_at(0.5, 0.8) == pytest.approx(0.8, rel=0.25)


def test_a_frame_with_depth_needs_no_model(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx")
    with engine_with(path) as engine:
        engine.render(replace(picture_frame(), depth_m=np.full((2, 2), 3.0, np.float32)))
        assert engine.depth_at(0.5, 0.5) == 3.0
        assert STAGE not in engine.clock.stages()


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[LiveEngine, Slow]]:
    model = Slow()
    monkeypatch.setattr("groundglass.depth.onnx_model.MonocularModel", lambda *arguments: model)
    with LiveEngine(lens=LENS, focus_m=0.8, depth_model="slow.onnx") as engine:
        yield engine, model
        model.may_answer.set()
    assert until(lambda: threads() == [])


def test_draw_never_waits_and_uses_the_newest_depth(live: tuple[LiveEngine, Slow]) -> None:
    engine, model = live
    for index in range(4):
        engine.draw(picture_frame(index))  # hangs here if `draw` waits
        assert engine.depth_at(0.5, 0.5) is None
    assert not engine.is_outdated
    model.may_answer.set()
    assert until(lambda: engine.is_outdated)
    engine.draw(picture_frame(4))
    assert engine.depth_at(0.5, 0.5) == 2.0
    assert until(lambda: engine.is_outdated)
    assert len(model.shown) == 2
    assert np.abs(model.shown[1] - model.shown[0]).max() > 0.02  # the model got a newer picture


def test_a_still_is_submitted_once(live: tuple[LiveEngine, Slow]) -> None:
    engine, model = live
    model.may_answer.set()
    still = picture_frame()
    engine.draw(still)
    assert until(lambda: engine.is_outdated)
    for _ in range(3):
        engine.draw(still)
        assert engine.depth_at(0.5, 0.5) == 2.0
        assert not engine.is_outdated
    engine.render(still)
    assert len(model.shown) == 1


def test_the_picture_continues_when_the_model_fails(live: tuple[LiveEngine, Slow]) -> None:
    engine, model = live
    model.error = gg.GroundglassError("slow.onnx: fails")
    engine.draw(picture_frame())
    model.may_answer.set()
    assert until(lambda: engine.is_outdated)
    engine.draw(picture_frame(1))
    assert engine.depth_at(0.5, 0.5) is None
    assert engine.depth_model.problem == "slow.onnx: fails"
    with pytest.raises(gg.GroundglassError, match=r"slow\.onnx: fails"):
        engine.render(picture_frame(2))  # a still must have its depth


def test_a_range_without_a_model_is_an_error() -> None:
    with pytest.raises(gg.GroundglassError, match="depth_range requires depth_model"):
        LiveEngine(depth_range=(1, 2))


def test_an_engine_with_a_missing_model_releases_everything() -> None:
    with pytest.raises(gg.GroundglassError, match=r"none\.onnx: no such file"):
        LiveEngine(depth_model="none.onnx")
    assert until(lambda: threads() == [])


# Through the command and the API


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(picture_frame().pixels).save(path)
    return path


def run(*arguments: object) -> None:
    cli.app([str(argument) for argument in arguments], standalone_mode=False)


def test_the_command_renders_with_a_model_and_a_range(tmp_path: Path, photo: Path) -> None:
    path = write_model(tmp_path / "m.onnx", ANY_SIZE)
    common = ("render", photo, "--focus", 0.8, "--look", "neutral")
    run(*common, "-o", tmp_path / "reference.png")
    run(*common, "-o", tmp_path / "blurred.png", "--depth-model", path, "--depth-range", "0.8..6")
    reference, blurred = (np.asarray(Image.open(tmp_path / f"{name}.png"), float) for name in ("reference", "blurred"))
    assert blurred[:, :36].std() < 0.5 * reference[:, :36].std()
    assert blurred[:, 60:].std() > 0.8 * reference[:, 60:].std()
    rendered = gg.render(photo, look="neutral", focus_m=0.8, depth_model=path, depth_range="0.8..6")
    assert np.array_equal(rendered, blurred)


def test_a_range_for_a_photo_without_depth_is_an_error(photo: Path) -> None:
    with pytest.raises(gg.GroundglassError, match="has no depth for --depth-range"):
        gg.render(photo, depth_range="0.8..6")


def test_the_live_loop_shows_a_still_with_a_model(
    tmp_path: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_model(tmp_path / "m.onnx", ANY_SIZE)
    saved = tmp_path / "last.png"
    run("view", photo, "--headless", "--frames", 3, "--depth-model", f"{path}?metric", "--save-frame", saved)
    assert saved.exists()
    assert until(lambda: threads() == [])
