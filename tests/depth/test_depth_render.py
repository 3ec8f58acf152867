"""The command renders with a depth map: the depth range defines the distances of bright and dark."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from groundglass import cli
from groundglass.frame import Encoding, Frame
from live_engine import LiveEngine
from PIL import Image


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["groundglass", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a picture of stripes and a map of a quarter of its size: left half bright, right half dark."""
    stripes = np.where(np.arange(256) // 2 % 2, 230, 20).astype(np.uint8)
    Image.fromarray(np.repeat(np.repeat(stripes[None], 160, 0)[..., None], 3, 2)).save(tmp_path / "photo.png")
    Image.fromarray(np.repeat([[255, 40]], 40, 0).repeat(32, 1).astype(np.uint8)).save(tmp_path / "depth.png")
    return tmp_path


def contrast(path: Path) -> tuple[float, float]:
    """Standard deviation of the left and of the right half, away from the edge between them."""
    grey = np.asarray(Image.open(path).convert("L"), float)[40:-40]
    return float(grey[:, 24:88].std()), float(grey[:, 168:232].std())


@pytest.mark.parametrize(("ends", "sharp"), [("1..8", 0), ("8..1", 1)])
def test_depth_range_selects_the_sharp_zone(
    folder: Path, monkeypatch: pytest.MonkeyPatch, ends: str, sharp: int
) -> None:
    command = ("render", folder / "photo.png", "--depth", folder / "depth.png", "--look", "neutral", "--focus", "1")
    assert call(monkeypatch, *command, "--depth-range", ends, "-o", folder / "soft.png") == 0
    halves = contrast(folder / "soft.png")
    assert halves[sharp] > 60
    assert halves[1 - sharp] < 6


def test_depth_none_keeps_everything_in_focus(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ("render", folder / "photo.png", "--depth", "none", "--look", "neutral")
    assert call(monkeypatch, *command, "-o", folder / "sharp.png") == 0
    assert min(contrast(folder / "sharp.png")) > 60


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--depth", "depth.png"), "an 8-bit map has no distances"),
        (("--depth", "depth.png", "--depth-range", "near..far"), "try 0.8..6"),
        (("--depth", "depth.png", "--depth-range", "1..8", "--depth-scale", "10"), "are both given"),
        (("--depth-range", "1..8"), "has no depth"),
    ],
)
def test_an_invalid_depth_option_is_one_line(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(folder)
    assert call(monkeypatch, "render", "photo.png", *options, "-o", "soft.png") == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


def test_depth_of_a_still_is_rotated_and_resized_once() -> None:
    depth_m = np.array([[1, 2, 3], [4, 5, 6]], np.float32)
    frame = Frame(np.zeros((32, 48, 3), np.uint8), Encoding.DISPLAY, depth_m=depth_m, orientation=6)
    with LiveEngine(look="neutral") as engine:
        drawn = []
        for _ in range(2):
            engine.render(frame)
            assert engine.last is not None
            drawn.append(engine.last.depth_m)
        assert drawn[0] is drawn[1]
        assert [engine.depth_at(x, y) for x, y in ((0.01, 0.01), (0.99, 0.01), (0.99, 0.99))] == [4, 1, 3]
