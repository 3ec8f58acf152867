"""The focus puller: racks, and autofocus on the first frame, with depth of the frame or of a model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import groundglass as gg
import numpy as np
import pytest
from groundglass.batch.focus_puller import FocusPuller
from groundglass.batch.pipeline import Pipeline
from groundglass.batch.task import Job, Picture, Result, Task, Written
from groundglass.frame import StereoRig
from groundglass.optics.focus import AUTO, MAX_FOCUS_M, FocusPlan, Rack
from monocular_support import ANY_SIZE, write_model
from PIL import Image

SETTINGS = gg.Settings(look="neutral", lens=gg.Lens(50, 1.4, 36, f_number_min=1.4, f_number_max=16, focus_min_m=0.5))
NO_ENGINE: Any = None


def frame(depth_m: float | None = None, time_s: float = 0.0, **fields: Any) -> gg.Frame:
    depth = None if depth_m is None else np.full((48, 96), depth_m, np.float32)
    grey = np.full((48, 96, 3), 128, np.uint8)
    return gg.Frame(grey, gg.Encoding.DISPLAY, depth_m=depth, time_s=time_s, **fields)


def test_without_a_plan_the_focus_stays() -> None:
    puller = FocusPuller(NO_ENGINE, None)
    assert puller.pull(SETTINGS, frame(3.0), is_first=True) is SETTINGS


def test_a_rack_follows_the_time_of_each_frame_within_the_range_of_the_lens() -> None:
    rack = Rack(0.2, 2.0, 1.0)
    puller = FocusPuller(NO_ENGINE, rack)
    for time_s in (0.0, 0.6, 2.0):
        pulled = puller.pull(SETTINGS, frame(3.0, time_s), is_first=time_s == 0.0)
        assert pulled.focus_m == max(rack.focus_m(time_s), 0.5)


def test_autofocus_keeps_the_distance_of_the_first_frame_of_each_source() -> None:
    puller = FocusPuller(NO_ENGINE, AUTO)
    assert puller.pull(SETTINGS, frame(3.0), is_first=True).focus_m == 3.0
    assert puller.pull(SETTINGS, frame(5.0), is_first=False).focus_m == 3.0
    assert puller.pull(SETTINGS, frame(np.inf), is_first=True).focus_m == MAX_FOCUS_M


def test_autofocus_finds_the_middle_of_a_rotated_picture() -> None:
    depth_m = np.full((48, 96), 5.0, np.float32)
    depth_m[18:30, 42:54] = 2.0
    rotated = gg.Frame(np.full((48, 96, 3), 128, np.uint8), gg.Encoding.DISPLAY, depth_m=depth_m, orientation=6)
    assert FocusPuller(NO_ENGINE, AUTO).pull(SETTINGS, rotated, is_first=True).focus_m == 2.0


@pytest.fixture(scope="module")
def engine() -> Iterator[gg.Engine]:
    with gg.Engine() as engine:
        yield engine


def doubts_of_first(engine: gg.Engine, plan: FocusPlan | None, shown: gg.Frame) -> list[str]:
    puller = FocusPuller(engine, plan)
    engine.reset()
    settings = puller.pull(SETTINGS, shown, is_first=True)
    engine.render(shown, settings)
    return puller.doubts(settings)


@pytest.mark.parametrize(
    ("plan", "depth_m", "expected"),
    [
        (AUTO, 3.0, []),
        (AUTO, 0.497, []),  # a little closer than the lens focuses, and not blurred
        (AUTO, None, ["--focus auto has no depth, and everything is in focus; add --depth or --depth-model"]),
        (None, None, []),
        (None, 3.0, ["nothing is in focus at 1.2 m: everything is 3 m away; try --focus auto"]),
        (Rack(1.0, 3.0, 2.0), 3.0, []),  # it arrives there
    ],
)
def test_a_doubt_is_reported_with_a_remedy(
    engine: gg.Engine, plan: FocusPlan | None, depth_m: float | None, expected: list[str]
) -> None:
    assert doubts_of_first(engine, plan, frame(depth_m)) == expected


def test_what_is_closer_than_the_lens_focuses_needs_another_lens(engine: gg.Engine) -> None:
    first, second = doubts_of_first(engine, AUTO, frame(0.25))
    assert first == "autofocus is at 0.5 m, the closest of this lens, not at 0.25 m"
    assert second.endswith("everything is 0.25 m away; this lens focuses from 0.5 m, so choose another one")


def test_a_picture_without_a_distance_in_the_centre_is_doubted_if_it_is_blurred(engine: gg.Engine) -> None:
    shown = frame(3.0)
    assert shown.depth_m is not None
    shown.depth_m[:, 32:64] = 0.0
    no_target, blurred = doubts_of_first(engine, AUTO, shown)
    assert "no distance in the centre" in no_target
    assert blurred.endswith("everything is 3 m away; choose --focus METRES")


def test_the_depth_of_a_stereo_pair_is_pulled_and_doubted(engine: gg.Engine) -> None:
    rows = np.random.default_rng(3).integers(0, 255, (96, 256, 3), np.uint8)
    left, right = rows[:, :192], rows[:, 16:208]  # a disparity of 16 pixels
    rig = StereoRig(focal_px=480.0, baseline_m=0.1)
    pair = gg.Frame(left.copy(), gg.Encoding.DISPLAY, right=right.copy(), rig=rig)
    assert FocusPuller(engine, AUTO).pull(SETTINGS, pair, is_first=True).focus_m == pytest.approx(3.0, rel=0.05)
    assert doubts_of_first(engine, AUTO, pair) == []
    (blurred,) = doubts_of_first(engine, None, pair)
    assert blurred.startswith("nothing is in focus at 1.2 m: everything is ")


def test_a_frame_without_depth_is_not_drawn_to_focus_it() -> None:
    class NoModel:
        depth_model = None

    no_model: Any = NoModel()
    assert FocusPuller(no_model, AUTO).pull(SETTINGS, frame(), is_first=True) is SETTINGS


def test_autofocus_waits_for_the_depth_of_a_model(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    model = write_model(tmp_path / "m.onnx", ANY_SIZE)
    pixels = np.full((48, 96, 3), 60, np.uint8)
    pixels[16:32, 36:60] = 160
    shown = gg.Frame(pixels, gg.Encoding.DISPLAY)
    with gg.Engine(depth_model=model, depth_range=(0.8, 6.0), repeatable=True) as engine:
        puller = FocusPuller(engine, AUTO)
        pulled = puller.pull(SETTINGS, shown, is_first=True)
        assert pulled.focus_m == pytest.approx(0.8, rel=0.1)
        picture = engine.render(shown, pulled)
        assert puller.doubts(pulled) == []
        engine.render(shown, SETTINGS.with_(focus_m=100.0))
        assert "everything is 0.8" in puller.doubts(SETTINGS.with_(focus_m=100.0))[0]
    with gg.Engine(depth_model=model, depth_range=(0.8, 6.0), repeatable=True) as engine:
        np.testing.assert_array_equal(picture, engine.render(shown, pulled))  # it leaves no trace


def test_each_still_of_a_batch_has_its_notes(tmp_path: Path) -> None:
    """Nearer than the lens can focus: each has its note."""
    for name in ("near", "far"):
        Image.fromarray(np.full((48, 96, 3), 128, np.uint8)).save(tmp_path / f"{name}.png")
    job = Job(SETTINGS, str(tmp_path), source_options={"depth": "plane:0.3..0.3"}, focus_plan=AUTO)
    results: list[Result] = []

    def report(number: int, result: Result | None) -> None:
        if result is None:
            pipeline.stop()
        else:
            results.append(result)

    with gg.Engine() as engine:
        pipeline = Pipeline(job, engine, report)
        stills = [Picture(f"{name}_out.png", (str(tmp_path / f"{name}.png"),)) for name in ("near", "far")]
        pipeline.add(Task(0, tuple(stills)))
        pipeline.run()
    assert len(results) == 2
    for result in results:
        assert isinstance(result, Written)
        assert result.note.startswith("autofocus is at 0.5 m, the closest of this lens, not at 0.3 m; nothing is in f")
