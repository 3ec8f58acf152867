"""The focus puller: racks, and autofocus on the first frame, with depth of the frame or of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import groundglass as gg
import numpy as np
import pytest
from groundglass.batch.focus_puller import FocusPuller
from groundglass.batch.pipeline import Pipeline
from groundglass.batch.task import Job, Picture, Result, Task, Written
from groundglass.optics.focus import AUTO, MAX_FOCUS_M, Rack
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
    assert puller.doubt == ""


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
    assert puller.doubt == ""


def test_autofocus_finds_the_middle_of_a_rotated_picture() -> None:
    depth_m = np.full((48, 96), 5.0, np.float32)
    depth_m[18:30, 42:54] = 2.0
    rotated = gg.Frame(np.full((48, 96, 3), 128, np.uint8), gg.Encoding.DISPLAY, depth_m=depth_m, orientation=6)
    assert FocusPuller(NO_ENGINE, AUTO).pull(SETTINGS, rotated, is_first=True).focus_m == 2.0


def test_a_target_that_is_too_near_or_has_no_distance_is_doubted() -> None:
    puller = FocusPuller(NO_ENGINE, AUTO)
    assert puller.pull(SETTINGS, frame(0.25), is_first=True).focus_m == 0.5
    assert puller.doubt == "autofocus is at 0.5 m, the closest of this lens, not at 0.25 m"
    assert puller.pull(SETTINGS, frame(np.nan), is_first=True).focus_m == SETTINGS.focus_m
    assert puller.doubt == "autofocus has found no distance; the focus stays at 1.2 m"
    puller.pull(SETTINGS, frame(np.nan), is_first=False)
    assert puller.doubt == ""
    with gg.Engine() as engine:
        without_depth = FocusPuller(engine, AUTO)
        assert without_depth.pull(SETTINGS, frame(), is_first=True) is SETTINGS
        assert "found no distance" in without_depth.doubt


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
