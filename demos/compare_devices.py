"""Every compute device draws the same frame: how long each takes, and how much the pictures differ.

python demos/compare_devices.py -o devices.png
python demos/compare_devices.py photo.dng --frames 50
`groundglass selftest` compares every kernel, `groundglass bench --versus` measures two devices alternately.
"""

from __future__ import annotations

import argparse
import sys
import time

import groundglass as gg
import numpy as np
from groundglass.compute.registry import list_devices
from groundglass.look.sheet import Labelled, sheet_of
from PIL import Image

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("source", nargs="?", default="scene:?size=960x540")
parser.add_argument("--frames", type=int, default=10, help="pictures to time on each device")
parser.add_argument("-o", "--output", default="devices.png")
wanted = parser.parse_args()


def timed(engine: gg.Engine) -> tuple[np.ndarray, float]:
    """The picture, and the median of the times of a frame in milliseconds, until the picture is in memory."""
    times_s, picture = [], engine.render(frame, settings)  # the first one compiles
    for _ in range(wanted.frames):
        began_s = time.perf_counter()
        picture = engine.render(frame, settings)
        times_s.append(time.perf_counter() - began_s)
    return picture, 1e3 * float(np.median(times_s))


settings = gg.Settings(look="natural", focus_m=1.2, development=gg.Development(metering="auto"))
try:
    with gg.open(wanted.source) as source:
        frame = next(iter(source))
    devices, failures = list_devices()
    rows, first = [], None
    for device in devices:
        for route in ("gl", "kernel"):  # what draws the look
            with gg.Engine(device.spec, look_route=route) as engine:
                picture, frame_ms = timed(engine)
            first = picture if first is None else first
            apart = np.abs(picture.astype(int) - first).max(axis=2)
            result = f"{frame_ms:.1f} ms, at most {apart.max()} of 255 from the first"
            print(f"{device.spec} {device.name}, look by {route}: {result}")
            shown = np.uint8(np.minimum(apart[..., None] * 64, 255)).repeat(3, axis=2)
            rows.append([Labelled(picture, f"{device.spec}, {route}", result), Labelled(shown, "difference x 64")])
except gg.GroundglassError as error:
    sys.exit(str(error))
for failure in failures:
    print(f"{failure.kind}: {failure.reason}")
Image.fromarray(sheet_of(rows)).save(wanted.output)
print(f"wrote {wanted.output}")
