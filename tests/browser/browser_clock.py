"""A plug-in for groundglass: `clock:` is the built-in scene, with the time of each frame as bars at its lower edge."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import groundglass as gg
import numpy as np
from groundglass.capture.kinds import Request
from groundglass.capture.studio import source as studio
from groundglass.frame import Frame

BITS, CHECK_BITS = 20, 4  # milliseconds, and their checksum: the sum of their groups of four bits
HEIGHT = 0.1  # fraction of the picture
FOCUS_M = 1.2  # the bars are sharp


def clock_bits(time_ms: int) -> np.ndarray:
    """The bars for a time, the lowest bit first, then the checksum: 1 is white."""
    value = time_ms % (1 << BITS)
    check = sum(value >> shift for shift in range(0, BITS, CHECK_BITS)) % (1 << CHECK_BITS)
    return (value | check << BITS) >> np.arange(BITS + CHECK_BITS) & 1


class ClockSource(gg.BaseSource):
    """The scene, live: the time is that at which a camera would have exposed the frame."""

    timing = gg.Timing.LIVE

    def __init__(self, name: str, scene: gg.Source) -> None:
        self.name, self._scene = name, scene
        self.size, self.fps = scene.size, scene.fps

    def __iter__(self) -> Iterator[Frame]:
        width, height = self.size
        strip = int(height * (1 - HEIGHT)) // 2 * 2
        columns = np.arange(width) * (BITS + CHECK_BITS) // width
        for frame in self._scene:
            pixels, depth_m = frame.pixels.copy(), np.asarray(frame.depth_m).copy()
            dark, light = pixels.min(), pixels.max()
            depth_m[strip:] = FOCUS_M
            bits = clock_bits(time.time_ns() // 1_000_000)
            pixels[strip:] = np.where(bits[columns], light, dark)
            yield replace(frame, pixels=pixels, depth_m=depth_m, arrived_s=time.perf_counter(), name=self.name)

    def interrupt(self) -> None:
        self._scene.interrupt()

    def close(self) -> None:
        self._scene.close()


def open_source(name: str, request: Request) -> ClockSource:
    return ClockSource(name, studio.open_source(name.replace("clock:", "scene:", 1), request))
