"""Benchmark my GPU: the time of each stage of a live frame at several sizes, as a table and a chart.

python demos/benchmark.py -o benchmark.png
python demos/benchmark.py --device cuda --sizes 1920x1080 3840x2160 --frames 300
`groundglass bench` also reports bandwidth, percentiles and latency, and compares two results with confidence.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import groundglass as gg
from groundglass.bench.chart import Chart, Series, to_png

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--device", default="auto", help="auto, cuda, opencl:0 and so on")
parser.add_argument("--sizes", nargs="+", default=["640x360", "960x540", "1280x720", "1920x1080"], metavar="WxH")
parser.add_argument("--frames", type=int, default=30, help="frames of each size")
parser.add_argument("-o", "--output", type=Path, default="benchmark.png")
wanted = parser.parse_args()


def measure(size: str) -> tuple[float, dict[str, float]]:
    """Frames per second, and the median of each stage in milliseconds. The picture stays on the device."""
    settings = gg.Settings(look="classic", f_number=0.95, focus_m=1.2, development=gg.Development(metering="auto"))
    with gg.open(f"scene:?size={size}") as source, gg.Engine(wanted.device, look_route="gl") as engine:
        frame = next(iter(source))
        for _ in range(3):  # compile, and fill the caches
            engine.draw(frame, settings)
        engine.gl.finish()
        engine.clock.reset()
        began_s = time.perf_counter()
        for _ in range(wanted.frames):
            engine.draw(frame, settings)
        engine.gl.finish()
        seconds = time.perf_counter() - began_s
        print(f"{size} on {engine.device_name}, {engine.gl_name}")
        return wanted.frames / seconds, {name: engine.clock.median_ms(name) for name in engine.clock.stages()}


stages: dict[str, list[tuple[float, float]]] = {}
try:
    for size in wanted.sizes:
        width, height = map(int, size.split("x"))
        fps, medians_ms = measure(size)
        for name, median_ms in {**medians_ms, "whole frame": 1e3 / fps}.items():
            stages.setdefault(name, []).append((width * height / 1e6, median_ms))
            print(f"    {name:14} {median_ms:8.2f} ms")
        print(f"    {fps:.1f} frames per second")
except gg.GroundglassError as error:
    sys.exit(str(error))
series = tuple(Series(name, tuple(points)) for name, points in stages.items())
wanted.output.write_bytes(to_png(Chart("Time of a live frame", "million pixels", "ms", series)))
print(f"wrote {wanted.output}")
