"""Reports about a picture that was rendered: options of the raw development that have no stage for its frame."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import groundglass as gg
import numpy as np
import pytest
from groundglass.batch import doubts as module
from groundglass.batch.focus_puller import UNBLURRED, FocusPuller
from groundglass.optics.focus import Rack

PICTURE = gg.Frame(np.zeros((16, 24, 3), np.uint8), gg.Encoding.DISPLAY)
MOSAIC = np.arange(16 * 24, dtype=np.uint16).reshape(16, 24)
DENOISED = gg.Development(denoise=0.5, aberration="auto", sharpen=0.5)


def doubts_of(settings: gg.Settings, frame: gg.Frame, plan: Rack | None = None) -> list[str]:
    engine: Any = SimpleNamespace(depth_m=frame.depth_m)
    return module.doubts_of(settings, frame, FocusPuller(engine, plan))


def test_a_picture_skips_the_raw_stages() -> None:
    doubts = doubts_of(gg.Settings(development=DENOISED), PICTURE)
    assert doubts == [
        f"{option} does not apply to a picture, which is developed already; leave it out"
        for option in ("--denoise", "--aberration")
    ]


def test_a_monochrome_mosaic_has_no_lateral_colour() -> None:
    doubts = doubts_of(gg.Settings(development=DENOISED), gg.Frame(MOSAIC, cfa=gg.Cfa("MONO")))
    assert doubts == ["--aberration does not apply to a mosaic of the kind mono; leave it out"]


@pytest.mark.parametrize("frame", [PICTURE, gg.Frame(MOSAIC)])
def test_defaults_and_disabled_stages_are_not_reported(frame: gg.Frame) -> None:
    for development in (gg.Development(demosaic="best"), gg.Development(defects="off")):
        assert doubts_of(gg.Settings(development=development), frame) == []
    assert frame is PICTURE or doubts_of(gg.Settings(development=DENOISED), frame) == []


@pytest.mark.parametrize("changes", [{"f_number": 8.0}, {"focus_m": 3.0}])
def test_an_aperture_and_a_focus_need_depth(changes: dict[str, float]) -> None:
    settings = gg.Settings(**changes)  # type: ignore[arg-type]
    assert doubts_of(settings, PICTURE) == doubts_of(settings, PICTURE, Rack(1.0, 3.0, 1.0)) == [UNBLURRED]
    assert doubts_of(gg.Settings(), PICTURE) == []
    depth_m = np.full((16, 24), settings.focus_m, np.float32)
    assert doubts_of(settings, gg.Frame(PICTURE.pixels, PICTURE.encoding, depth_m=depth_m)) == []
