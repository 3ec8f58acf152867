"""A lost compute device: the live view continues on another one, or ends with one line, as after a lost context."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import groundglass as gg
import moderngl
import numpy as np
import pyopencl as cl
import pytest
from groundglass import lost_device
from groundglass.capture import BaseSource
from groundglass.compute.opencl import OpenClDevice
from groundglass.compute.registry import list_devices
from groundglass.display import lost_device as lost_device_tool
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.viewer import Viewer
from groundglass.errors import DeviceError, DeviceLostError
from groundglass.gl import context as gl_context
from groundglass.lost_device import is_lost
from groundglass.settings import Settings, SettingsHistory
from look_support import context

SIZE = (64, 48)
CALLS = ("allocate", "write", "read", "fetch", "launch", "finish")


class Mosaics(BaseSource):
    name, size, fps = "mosaics", SIZE, 200.0

    def __iter__(self) -> Iterator[gg.Frame]:
        mosaic = np.random.default_rng(1).integers(0, 65535, SIZE[::-1], dtype=np.uint16)
        for index in count():
            yield gg.Frame(mosaic, index=index)


class Failing(OpenClDevice):
    """A real device. After `launches` more launches every call of `CALLS` fails as those of a driver that was reset."""

    launches = 1 << 30

    def __init__(self) -> None:
        found = [candidate for candidate in list_devices()[0] if candidate.spec.startswith("opencl")]
        if not found:
            pytest.skip("no OpenCL device")
        super().__init__(found[0])
        self.spec = "opencl:9"

    def __getattribute__(self, name: str) -> Any:
        if name in CALLS:
            left = object.__getattribute__(self, "launches") - (name == "launch")
            self.launches = max(left, 0)
            if left <= 0:
                raise cl.LogicError("clEnqueueNDRangeKernel failed: INVALID_COMMAND_QUEUE")
        return object.__getattribute__(self, name)


class View:
    """A live view off screen on a device that fails."""

    def __init__(self, device: Failing, **options: Any) -> None:
        self.device, self.options = device, options
        self.history = SettingsHistory(Settings(look="neutral"))

    def run(self, frames: int, launches: int) -> tuple[Viewer, gg.Engine]:
        with (
            Mosaics() as source,
            OffscreenSurface((96, 64), gl=context()) as surface,
            gg.Engine(self.device, gl=surface.gl) as engine,
        ):
            viewer = Viewer(engine, source, self.history, surface=surface, **self.options)
            self.device.launches = launches
            viewer.run(frames=frames)
            return viewer, engine


@pytest.mark.parametrize("launches", [1, 2, 7, 30, 100])
def test_the_picture_continues_on_another_device(launches: int, capsys: pytest.CaptureFixture[str]) -> None:
    _, engine = View(Failing()).run(40, launches)
    assert engine.device.spec != "opencl:9"
    assert engine.device.live_buffers == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "lost" in line]
    assert len(lines) == 1
    assert lines[0].startswith("groundglass: opencl:9 ")
    assert "the device is lost (" in lines[0]
    assert f"; the picture continues on {engine.device_name}" in lines[0]


def test_its_picture_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    frame = next(iter(Mosaics()))
    with gg.Engine(gl=context()) as engine:
        expected = engine.render(frame, Settings())
    device = Failing()
    with gg.Engine(device, gl=context()) as engine:
        device.launches = 3
        with pytest.raises(cl.LogicError):
            engine.render(frame, Settings())
        clock, gl = engine.clock, engine.gl
        other, _ = lost_device.continued(engine, "a test")
        former = lost_device.adopt(engine, other)
        assert (engine.clock, engine.gl, engine.device) == (clock, gl, other.device)
        assert np.abs(engine.render(frame, Settings()).astype(int) - expected).max() <= 1
        former.close()
        assert np.abs(engine.render(frame, Settings()).astype(int) - expected).max() <= 1


def test_without_another_device_the_view_ends_with_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lost_device, "list_devices", lambda: ([], []))
    with pytest.raises(DeviceLostError, match=r"opencl:9 .*the device is lost .*no other is usable; restart"):
        View(Failing()).run(40, 9)


def test_another_device_that_fails_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def on_device(self: gg.Engine, spec: str) -> gg.Engine:
        tried.append(spec)
        raise DeviceError(f"{spec}: cannot be opened")

    monkeypatch.setattr(gg.Engine, "on_device", on_device)
    with pytest.raises(DeviceLostError, match="no other is usable"):
        View(Failing()).run(40, 9)
    assert tried == [candidate.spec for candidate in list_devices()[0]]


def test_the_lost_device_is_not_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its driver may hang. A device with the same name on another place of the list is the same."""
    device, tried = Failing(), list[str]()
    device.spec = list_devices()[0][0].spec

    def on_device(self: gg.Engine, spec: str) -> gg.Engine:
        tried.append(spec)
        raise DeviceError(f"{spec}: cannot be opened")

    monkeypatch.setattr(gg.Engine, "on_device", on_device)
    with pytest.raises(DeviceLostError, match="no other is usable"):
        View(device).run(40, 9)
    assert device.spec not in tried


def test_a_frame_that_fails_on_a_working_device_does_not_replace_it(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Failing()
    assert not is_lost(device)
    fails = iter([False, False, False, True, True])
    draw = gg.Engine.draw

    def fails_twice(self: gg.Engine, frame: gg.Frame, *arguments: Any, **options: Any) -> Any:
        if next(fails, False):
            raise ValueError("this frame")
        return draw(self, frame, *arguments, **options)

    monkeypatch.setattr(gg.Engine, "draw", fails_twice)
    _, engine = View(device).run(12, 1 << 30)
    assert engine.device is device
    assert device.live_buffers == 0


def test_a_device_that_returns_other_bytes_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Failing()
    monkeypatch.setattr(Failing, "read", lambda self, buffer, dtype, count: np.zeros(count, dtype))
    assert is_lost(device)
    assert device.live_buffers == 0
    device.launches = 0
    assert is_lost(device)


class LostContext:
    """An OpenGL context whose driver was reset, as far as it is asked."""

    def __init__(self, error: str) -> None:
        self.error = error


@pytest.mark.parametrize(
    ("error", "lost"), [("GL_CONTEXT_LOST", True), ("GL_NO_ERROR", False), ("GL_INVALID_ENUM", False)]
)
def test_the_driver_reports_a_lost_context(error: str, lost: bool) -> None:
    assert gl_context.is_lost(LostContext(error)) is lost  # type: ignore[arg-type]
    assert not gl_context.is_lost(context())
    assert isinstance(moderngl.Context.error, property)


@pytest.mark.parametrize("in_a_frame", [False, True])
def test_a_lost_context_ends_the_view_with_one_line(in_a_frame: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenGL calls have no effect then, and need not fail: it is asked for, and after each error."""
    monkeypatch.setattr(lost_device_tool, "is_gl_lost", lambda gl: True)
    if in_a_frame:
        monkeypatch.setattr(
            lost_device_tool.LostDevice, "tick", lambda self, now_s: gg.display.tool.Invalidation.NOTHING
        )
        monkeypatch.setattr(gg.Engine, "draw", lambda *_, **__: 1 / 0)
    ended: list[str] = []
    view = View(Failing(), on_end=lambda: ended.append("end"))
    with pytest.raises(DeviceLostError, match="the OpenGL context is lost; start groundglass again"):
        view.run(40, 1 << 30)
    assert ended == ["end"]
    assert view.device.live_buffers == 0
