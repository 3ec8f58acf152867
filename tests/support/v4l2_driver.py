"""The virtual camera `vivid` through its device nodes, and this process's hold on them, for v4l2_driver_checks.py.

Imported first, it lets the package be imported without its `__init__`, and with the libraries of another folder.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

REPOSITORY, LIBRARIES = Path(sys.argv[1]), sys.argv[2]
sys.path[:0] = [LIBRARIES]
for package in ("groundglass", "groundglass.capture"):
    sys.modules[package] = ModuleType(package)
    sys.modules[package].__path__ = [str(REPOSITORY.joinpath("engine", *package.split(".")[1:]))]

from groundglass.capture.live.v4l2.controls import query_controls  # noqa: E402
from groundglass.capture.live.v4l2.device import Device  # noqa: E402
from linuxpy.video import raw  # noqa: E402

SELECTED = 4  # choice of "DV Timings Signal Mode"


class Driver:
    """The controls of a camera, through a file of its own."""

    def __init__(self, path: str) -> None:
        self.device = Device(path)
        controls = query_controls(self.device)
        self._ids = {control.title: control.id for control in controls}
        self._items = {control.title: control.items for control in controls}

    def send(self, size: str) -> None:
        """Lets the HDMI input have a signal of `size`, such as 720x480."""
        timings = next(value for value, text in self._items["DV Timings"].items() if text.startswith(f"{size}p"))
        self.set("DV Timings Signal Mode", SELECTED)
        self.set("DV Timings", timings)

    def set(self, title: str, value: int = 1) -> None:
        self.device.call(raw.IOC.S_CTRL, raw.v4l2_control(id=self._ids[title], value=value))

    def get(self, title: str) -> int:
        return int(self.device.call(raw.IOC.G_CTRL, raw.v4l2_control(id=self._ids[title])).value)


@contextmanager
def driver_of(path: str) -> Iterator[Driver]:
    driver = Driver(path)
    try:
        yield driver
    finally:
        driver.device.close()


def driver_bytes(path: str) -> bytes:
    """A frame through `read`, which is the driver's other way to deliver."""
    device = Device(path)
    os.set_blocking(device.fd, True)
    try:
        return os.read(device.fd, device.mode().sizeimage)
    finally:
        device.close()


def mapped_buffers() -> list[tuple[int, int]]:
    """The addresses of the driver's buffers in this process."""
    lines = [line for line in Path("/proc/self/maps").read_text().splitlines() if "/dev/video" in line]
    return [(int(begin, 16), int(end, 16)) for begin, end in (line.split()[0].split("-") for line in lines)]


def open_nodes() -> list[str]:
    """The video nodes that this process has open."""
    links = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            links.append(os.readlink(entry))
        except OSError:  # the file of this folder itself
            continue
    return [link for link in links if link.startswith("/dev/video")]
