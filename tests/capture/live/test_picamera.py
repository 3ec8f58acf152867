"""Camera modules of a Raspberry Pi, with a stand-in for picamera2."""

from __future__ import annotations

import sys
import threading
import time

import numpy as np
import picamera_stand_in as stand_in
import pytest
from groundglass.capture import EXPOSURE_CONTROL, Timing, open_source
from groundglass.capture.live import picamera
from groundglass.controls import Controls
from groundglass.errors import SourceError
from groundglass.packing import Packing


@pytest.fixture(autouse=True)
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", stand_in)
    monkeypatch.setattr(stand_in.Picamera2, "instances", [])


def test_frames_lie_in_the_requests_until_they_are_released() -> None:
    with open_source("picamera:0?fps=60") as source:
        assert (source.timing, source.size, source.fps) == (Timing.LIVE, (16, 8), 60.0)
        frames = [frame for frame, _ in zip(source, range(3), strict=False)]
        (camera,) = stand_in.Picamera2.instances
        for number, frame in enumerate(frames):
            assert np.shares_memory(frame.pixels, camera.requests[number].buffer)
            assert (frame.packing, frame.cfa.pattern, frame.pixels.shape) == (Packing.RAW10, "BGGR", (8, 32))
            assert camera.requests[number].released == 0
            assert frame.captured_s is not None
            assert 0.0 < time.perf_counter() - frame.captured_s < 5.0
            frame.release()
            assert (camera.requests[number].unmapped, camera.requests[number].released) == (1, 1)
    assert camera.events == ["start", "stop", "close"]


def test_colours_and_levels_are_those_of_libcamera() -> None:
    with open_source("picamera:0") as source:
        profile = next(iter(source)).profile
    assert profile.black == (67.0, 66.0, 65.0, 64.0)  # B Gb Gr R in 10 bits
    assert profile.white == 1023
    assert profile.white_balance == (2.0, 1.0, 1.5)
    np.testing.assert_allclose(profile.camera_to_scene.sum(axis=1), 1.0)


def test_the_controls_reach_the_camera_and_the_picture_keeps_its_brightness() -> None:
    with open_source("picamera:0") as source:
        frames = iter(source)
        next(frames).release()
        controls = Controls()
        controls.add(source.controls())
        (camera,) = stand_in.Picamera2.instances
        controls.set(EXPOSURE_CONTROL, 2.0)
        assert camera.controls["ExposureTime"] == 8333  # at 120 fps; the gain does the rest
        assert camera.controls["AnalogueGain"] == pytest.approx(2.0 * 32000 / 8333, rel=0.01)
        assert camera.controls["AeEnable"] is False
        assert next(frames).profile.exposure_ev == pytest.approx(-2.0, abs=0.01)
        controls.set("camera_gain", 4.0)
        assert camera.controls["AnalogueGain"] == 4.0
        controls.set("camera_auto_white_balance", False)
        assert camera.controls["AwbEnable"] is False
        controls.set("camera_auto_exposure", True)
        assert (camera.controls["AeEnable"], controls.get(EXPOSURE_CONTROL)) == (True, 0.0)


def test_a_silent_camera_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picamera, "TIMEOUT_S", 0.1)
    monkeypatch.setattr(picamera, "WAIT_S", 0.05)
    monkeypatch.setattr(stand_in.Picamera2, "frames", 2)
    with open_source("picamera:0") as source:
        indices = [frame.index for _, frame in zip(range(4), source, strict=False)]
        assert indices == [0, 1, 2, 3]
        assert source.reconnects == 1
    assert [camera.events for camera in stand_in.Picamera2.instances] == [["start", "stop", "close"]] * 2


def test_an_interruption_ends_a_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stand_in.Picamera2, "frames", 0)
    with open_source("picamera:0") as source:
        threading.Timer(0.05, source.interrupt).start()
        assert list(source) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("picamera:1", r"camera 1 is not connected; connected: picamera:0 imx219"),
        ("picamera:front", "not a camera's number"),
        ("picamera:0?speed=3", "not a camera's number and the keys"),
        ("picamera:0?fps=fast", "is not a number above 0"),
        ("picamera:0?size=8x8", "it offers 16x8, 64x48"),
    ],
)
def test_impossible_names_are_refused(name: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        open_source(name)


def test_a_compressed_mode_is_delivered_unpacked() -> None:
    with open_source("picamera:0?size=64x48") as source:
        assert stand_in.Picamera2.instances[0]._raw["format"] == "SBGGR16"
        assert source.fps == 10.0


def test_without_the_library_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [camera.source for camera in picamera.list_cameras()] == ["picamera:0"]
    monkeypatch.setitem(sys.modules, "picamera2", None)
    assert list(picamera.list_cameras()) == []
    with pytest.raises(SourceError, match="needs picamera2; install it with apt install python3-picamera2"):
        open_source("picamera:0")
