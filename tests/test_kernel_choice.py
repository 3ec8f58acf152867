"""Which settings need other kernels: the record of compiled kernels finds a draw by them."""

from __future__ import annotations

from dataclasses import replace

import groundglass as gg
import numpy as np
import pytest
from groundglass.frame import Frame
from groundglass.kernel_choice import kernel_choice
from groundglass.warm_up_process import WarmUpProcess

SETTINGS = gg.Settings(lens="noct-50", look="classic")


def frame(depth_m: float = 2.0) -> Frame:
    return Frame(np.zeros((64, 96), np.uint16), depth_m=np.full((64, 96), depth_m, np.float32))


def developed(**changes: object) -> gg.Settings:
    return SETTINGS.with_(development=replace(SETTINGS.development, **changes))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (SETTINGS, SETTINGS.with_(focus_m=3.0)),
        (SETTINGS, SETTINGS.with_(f_number=1.4)),
        (SETTINGS, developed(exposure_ev=1.5)),
        (SETTINGS, developed(white_balance="5200K", metering="spot")),
        (developed(denoise=0.2, sharpen=0.9), developed(denoise=0.7, sharpen=0.1)),
        (developed(aberration="0.4,-0.3"), developed(aberration="0.1,0.2")),
        (SETTINGS.with_(strength=0.3), SETTINGS.with_(strength=0.8)),
        (SETTINGS, SETTINGS.with_(look=SETTINGS.look.with_value("grain", "amount", 0.02))),
    ],
)
def test_a_moved_slider_needs_the_same_kernels(first, second):
    assert kernel_choice(frame(), first) == kernel_choice(frame(3.0), second)


@pytest.mark.parametrize(
    "other",
    [
        SETTINGS.with_(quality="best"),
        SETTINGS.with_(scale=0.5),
        SETTINGS.with_(look="natural"),
        SETTINGS.with_(strength=0.5),
        SETTINGS.with_(bits=10),
        SETTINGS.with_(output_space="display-p3"),
        SETTINGS.with_(lens="soft-90"),
        developed(demosaic="malvar"),
        developed(sharpen=0.5),
        developed(aberration="auto"),
        developed(highlights="clip"),
    ],
)
def test_another_stage_or_size_needs_other_kernels(other):
    assert kernel_choice(frame(), SETTINGS) != kernel_choice(frame(), other)


def test_another_kind_of_frame_needs_other_kernels():
    mosaic = frame()
    picture = Frame(np.zeros((64, 96, 3), np.uint8), encoding=gg.Encoding.DISPLAY)
    choices = {
        kernel_choice(other, SETTINGS)
        for other in (mosaic, replace(mosaic, depth_m=None), replace(mosaic, depth_noise=0.02), picture)
    }
    assert len(choices) == 4


def test_a_moved_focus_starts_no_process_after_one_has_compiled(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for settings, starts in ((SETTINGS, True), (SETTINGS.with_(focus_m=0.9, f_number=2.0), False)):
        with gg.Engine("opencl") as engine, WarmUpProcess(engine.device) as process:
            process.draw(frame(), settings)
            assert (process._process is not None) is starts
            assert engine.device.kernels.names()
