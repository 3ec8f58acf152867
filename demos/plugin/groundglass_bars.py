"""A plug-in for groundglass: `bars:` is a camera that shows eight test bars, which move by a pixel with each frame."""

import threading
import time

import groundglass as gg
import numpy as np
from groundglass.capture.kinds import ConnectedCamera

COLOURS = np.array([[(191 * bit) for bit in (i >> 1 & 1, i >> 2 & 1, i & 1)] for i in range(7, -1, -1)], np.uint8)


class Bars(gg.BaseSource):
    size, timing = (640, 360), gg.Timing.LIVE

    def __init__(self, name, fps):
        self.name, self.fps, self._stop = name, fps, threading.Event()

    def __iter__(self):
        rows = np.zeros((360, 1), int)
        for index in range(2**62):
            pixels = COLOURS[rows + (np.arange(640) + index) // 80 % 8]
            yield gg.Frame(pixels, gg.Encoding.DISPLAY, index=index, captured_s=time.perf_counter())
            if self._stop.wait(1 / self.fps):
                return

    def interrupt(self):
        self._stop.set()


def open_source(name, request):
    return Bars(name, float(name.partition("fps=")[2] or request.fps or 30))


def list_cameras():
    return [ConnectedCamera("bars:0", "Test bars", ("RGB 640x360 at any rate",))]
