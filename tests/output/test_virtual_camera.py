"""The virtual camera receives the shown pictures, complete and upright, and never delays the view."""

from __future__ import annotations

import sys
import threading
import time
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
from groundglass.controls import Controls
from groundglass.output.virtual_camera import VirtualCameraTool
from live_engine import tool_context, unused_engine
from look_support import context
from window_support import until

SIZE = 97, 65


class Camera:
    """Replaces the camera of pyvirtualcam, which requires a device of the system."""

    made: ClassVar[list[Camera]] = []

    def __init__(self, width: int, height: int, fps: float, *, fmt: str) -> None:
        self.size, self.fps, self.fmt, self.device = (width, height), fps, fmt, "/dev/video9"
        self.sent: list[np.ndarray] = []
        self.may_send = threading.Event()
        self.may_send.set()
        self.is_closed = False
        self.made.append(self)

    def send(self, rgb: np.ndarray) -> None:
        self.may_send.wait(20)
        if self.is_closed:
            raise RuntimeError("gone")
        self.sent.append(rgb.copy())

    def close(self) -> None:
        self.is_closed = True


class Harness:
    def __init__(self) -> None:
        self.gl = context()
        self.controls, self.messages = Controls(), []
        source = SimpleNamespace(fps=25.0)
        engine = unused_engine(gl=self.gl)
        self.tool = VirtualCameraTool(tool_context(engine, source, self.messages.append, self.controls, None))  # type: ignore[arg-type]
        self.controls.add(self.tool.controls())

    def show(self, number: int, size: tuple[int, int] = SIZE) -> np.ndarray:
        rgba = np.random.default_rng(number).integers(0, 256, (*size[::-1], 4), np.uint8)
        texture = self.gl.texture(size, 4, rgba.tobytes())
        self.tool.on_frame(SimpleNamespace(texture=texture))  # type: ignore[arg-type]
        self.tool.tick(time.perf_counter())
        texture.release()
        return rgba


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Harness:
    Camera.made.clear()
    module = SimpleNamespace(Camera=Camera, PixelFormat=SimpleNamespace(RGB="rgb"))
    monkeypatch.setitem(sys.modules, "pyvirtualcam", module)
    return Harness()


def test_it_receives_upright_pictures(harness: Harness) -> None:
    harness.show(0)
    assert not Camera.made
    harness.controls.press("F9")
    shown = [harness.show(1)]
    (camera,) = Camera.made
    assert (camera.size, camera.fps, camera.fmt) == ((96, 64), 25.0, "rgb")
    assert harness.messages == ["the picture is on /dev/video9"]
    for number in (2, 3, 4):
        shown.append(harness.show(number))
        until(lambda number=number: len(camera.sent) == number - 1, "a picture is sent")
    for sent, rgba in zip(camera.sent, shown, strict=False):
        np.testing.assert_array_equal(sent, rgba[:64, :96, :3])
    harness.controls.press("F9")
    assert camera.is_closed
    assert harness.messages[-1] == "/dev/video9 is off"
    assert not harness.controls.get("webcam")
    harness.tool.close()


def test_a_slow_camera_does_not_delay_the_view(harness: Harness) -> None:
    harness.controls.press("F9")
    harness.show(0)
    (camera,) = Camera.made
    camera.may_send.clear()
    for number in range(30):
        harness.show(number)
    camera.may_send.set()
    harness.tool.close()
    assert len(camera.sent) <= 3


def test_another_size_or_a_lost_device_ends_the_output(harness: Harness) -> None:
    harness.controls.press("F9")
    harness.show(0)
    harness.show(1, (80, 60))
    assert "size has changed" in harness.messages[-1]
    assert not harness.controls.get("webcam")
    harness.controls.press("F9")
    harness.show(2)
    Camera.made[-1].is_closed = True
    harness.show(3)
    until(lambda: (harness.show(4), "has stopped (gone)" in harness.messages[-1])[1], "the end is reported")
    assert not harness.controls.get("webcam")


def test_a_missing_device_or_library_names_the_remedy(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise RuntimeError("'auto' backend: none of the backends works\nmore")

    monkeypatch.setattr(sys.modules["pyvirtualcam"], "Camera", none)
    harness.controls.press("F9")
    harness.show(0)
    assert harness.messages[-1].startswith(
        "no virtual camera ('auto' backend: none of the backends works); on Linux load"
    )
    assert not harness.controls.get("webcam")
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    harness.controls.press("F9")
    harness.show(0)
    assert harness.messages[-1] == "the virtual camera: needs pyvirtualcam; pip install groundglass[webcam]"


def test_the_real_library_reports_a_missing_device() -> None:
    library = pytest.importorskip("pyvirtualcam")
    try:
        library.Camera(96, 64, 30).close()
    except RuntimeError:
        harness = Harness()
        harness.controls.press("F9")
        harness.show(0)
        assert "no virtual camera" in harness.messages[-1]
    else:
        pytest.skip("this machine has a virtual camera")
