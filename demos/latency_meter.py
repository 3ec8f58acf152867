"""Glass-to-glass latency: the window flashes, a camera that looks at it sees the flash, and the time between is shown.

python demos/latency_meter.py /dev/video0      point the camera at the window, so near that it fills the picture
python demos/latency_meter.py --delay 80       without a camera: a loop that returns the picture after 80 ms
"""

import argparse
import sys
import time

import groundglass as gg
import numpy as np
from groundglass.capture.latest import LatestFrameQueue
from groundglass.display.glfw import GlfwSurface
from groundglass.display.offscreen import OffscreenSurface


class Loop(gg.BaseSource):
    """A camera without glass: 60 times a second it sees the window as it was `--delay` ago."""

    name, size, timing, flashes = "loop", (64, 36), gg.Timing.LIVE, [(0.0, 0)]  # time and light of each flash

    def __iter__(self):
        while not time.sleep(1 / 60):
            light = [light for at_s, light in self.flashes if at_s <= time.perf_counter() - wanted.delay / 1e3][-1]
            yield gg.Frame(np.full((36, 64, 3), 20 + 200 * light, np.uint8), gg.Encoding.DISPLAY)


def seen(light: int) -> list[tuple[float, float]]:
    """Shows black or white for 0.7 s: for each picture of the camera the time since then, and its brightness."""
    surface.framebuffer.clear(light, light, light)
    surface.present("latency")
    began_s, pictures = time.perf_counter(), []
    Loop.flashes.append((began_s, light))
    while time.perf_counter() < began_s + 0.7:
        surface.poll()
        if frame := queue.latest(0.1):
            level = engine.render(frame, gg.Settings(look="neutral")).mean()  # through the whole pipeline
            pictures.append((time.perf_counter() - began_s, level))
    return pictures


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("source", nargs="?")
parser.add_argument("--delay", type=float, default=80.0, help="delay of the loop in ms")
parser.add_argument("--flashes", type=int, default=8)
wanted, times_ms = parser.parse_args(), []
try:
    with gg.open(wanted.source) if wanted.source else Loop() as source:
        surface = (GlfwSurface if wanted.source else OffscreenSurface)((640, 360))
        with surface, gg.Engine(gl=surface.gl) as engine, LatestFrameQueue(source) as queue:
            _, dark, bright = (max((level for _, level in seen(light)), default=0) for light in (0, 0, 1))
            for _ in range(wanted.flashes):
                seen(0)
                times_ms += [1e3 * at_s for at_s, level in seen(1) if level > (dark + bright) / 2][:1]
except gg.GroundglassError as error:
    sys.exit(str(error))
if bright < dark + 10 or not times_ms:
    sys.exit(f"the camera sees {dark:.0f} and {bright:.0f} of 255; point it at the window, in a dark room")
print(f"{len(times_ms)} flashes: median {np.median(times_ms):.0f} ms, {min(times_ms):.0f} to {max(times_ms):.0f} ms")
