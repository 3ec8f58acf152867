"""The virtual camera gets what is seen, whole and upright, and never holds up the view."""

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
    """In place of pyvirtualcam's, which needs a device of the system."""

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


class Bench:
    def __init__(self) -> None:
        self.gl = context()
        self.controls, self.said = Controls(), []
        source = SimpleNamespace(fps=25.0)
        engine = unused_engine(gl=self.gl)
        self.tool = VirtualCameraTool(tool_context(engine, source, self.said.append, self.controls, None))  # type: ignore[arg-type]
        self.controls.add(self.tool.controls())

    def show(self, number: int, size: tuple[int, int] = SIZE) -> np.ndarray:
        rgba = np.random.default_rng(number).integers(0, 256, (*size[::-1], 4), np.uint8)
        texture = self.gl.texture(size, 4, rgba.tobytes())
        self.tool.on_frame(SimpleNamespace(texture=texture))  # type: ignore[arg-type]
        self.tool.tick(time.perf_counter())
        texture.release()
        return rgba


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    Camera.made.clear()
    module = SimpleNamespace(Camera=Camera, PixelFormat=SimpleNamespace(RGB="rgb"))
    monkeypatch.setitem(sys.modules, "pyvirtualcam", module)
    return Bench()


def test_it_gets_the_pictures_upright(bench: Bench) -> None:
    bench.show(0)
    assert not Camera.made
    bench.controls.press("F9")
    shown = [bench.show(1)]
    (camera,) = Camera.made
    assert (camera.size, camera.fps, camera.fmt) == ((96, 64), 25.0, "rgb")
    assert bench.said == ["the picture is on /dev/video9"]
    for number in (2, 3, 4):
        shown.append(bench.show(number))
        until(lambda number=number: len(camera.sent) == number - 1, "a picture is sent")
    for sent, rgba in zip(camera.sent, shown, strict=False):
        np.testing.assert_array_equal(sent, rgba[:64, :96, :3])
    bench.controls.press("F9")
    assert camera.is_closed
    assert bench.said[-1] == "/dev/video9 is off"
    assert not bench.controls.get("webcam")
    bench.tool.close()


def test_a_slow_camera_holds_nothing_up(bench: Bench) -> None:
    bench.controls.press("F9")
    bench.show(0)
    (camera,) = Camera.made
    camera.may_send.clear()
    for number in range(30):
        bench.show(number)
    camera.may_send.set()
    bench.tool.close()
    assert len(camera.sent) <= 3


def test_another_size_and_a_device_that_goes_end_it(bench: Bench) -> None:
    bench.controls.press("F9")
    bench.show(0)
    bench.show(1, (80, 60))
    assert "size has changed" in bench.said[-1]
    assert not bench.controls.get("webcam")
    bench.controls.press("F9")
    bench.show(2)
    Camera.made[-1].is_closed = True
    bench.show(3)
    until(lambda: (bench.show(4), "has stopped (gone)" in bench.said[-1])[1], "it is told")
    assert not bench.controls.get("webcam")


def test_without_a_device_or_the_library_it_says_what_to_do(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise RuntimeError("'auto' backend: none of the backends works\nmore")

    monkeypatch.setattr(sys.modules["pyvirtualcam"], "Camera", none)
    bench.controls.press("F9")
    bench.show(0)
    assert bench.said[-1].startswith("no virtual camera ('auto' backend: none of the backends works); on Linux load")
    assert not bench.controls.get("webcam")
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    bench.controls.press("F9")
    bench.show(0)
    assert bench.said[-1] == "the virtual camera: needs pyvirtualcam; pip install groundglass[webcam]"


def test_the_real_library_says_so_too() -> None:
    library = pytest.importorskip("pyvirtualcam")
    try:
        library.Camera(96, 64, 30).close()
    except RuntimeError:
        bench = Bench()
        bench.controls.press("F9")
        bench.show(0)
        assert "no virtual camera" in bench.said[-1]
    else:
        pytest.skip("this machine has a virtual camera")
