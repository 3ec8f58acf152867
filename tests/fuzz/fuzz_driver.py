"""The answers of a V4L2 driver: structures of the kernel's interface, filled with the bytes of an input."""

from __future__ import annotations

import ctypes
import errno
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

SEEDS = (bytes(4096), bytes(range(256)) * 16, b"\x01\0\0\0" * 1024, np.random.default_rng(3).bytes(4096))


def seeds() -> tuple[bytes, ...]:
    """Raises ImportError without linuxpy."""
    import linuxpy.video.raw  # noqa: F401

    return SEEDS


def reader(folder: Path) -> Iterator[Callable[[bytes], object]]:
    from groundglass.capture.live.v4l2.controls import query_controls
    from groundglass.capture.live.v4l2.device import Device, Mode
    from groundglass.capture.live.v4l2.frames import frame_maker
    from groundglass.capture.live.v4l2.modes import choose_mode
    from groundglass.capture.live.v4l2.name import Requested
    from groundglass.capture.live.v4l2.signal import follow_signal, has_changed

    class Scripted(Device):
        """Answers with the bytes of an input, and refuses once they are used up."""

        def __init__(self, content: bytes) -> None:
            self.path, self.type, self._content = "/dev/video0", 9 if content[:1] == b"\x01" else 1, content
            self._is_open = False

        def call(self, request: int, argument: Any) -> Any:
            part, self._content = self._content[: ctypes.sizeof(argument)], self._content[ctypes.sizeof(argument) :]
            if not part:
                raise OSError(errno.EINVAL, "no more")
            ctypes.memmove(ctypes.addressof(argument), part, len(part))
            return argument

    def made(mode: Mode) -> None:
        if mode.width * mode.height < 1 << 24:
            frame_maker("camera", mode, 0.0, lambda: None).close()

    def run(content: bytes) -> object:
        device = Scripted(content)
        query_controls(device)
        for read in (device.formats, device.rate):
            read()
        has_changed(device)
        try:
            follow_signal(device)
            made(device.mode())
            made(choose_mode("camera", device, Requested("/dev/video0", fps=30.0)))
        except OSError:
            pass  # the driver refuses
        return device.sizes(0)

    yield run
