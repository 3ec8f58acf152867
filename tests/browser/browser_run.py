"""Measures the viewfinder in headless Chromium on this machine, and prints a table.

    make browser                             all of it: two minutes
    make browser ARGS="h264 --seconds 30"    one codec

`groundglass serve` and the browser share the machine. The picture has a clock, which the page reads back: the time from
the camera's frame to the browser's screen.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from browser_clock import BITS, CHECK_BITS, HEIGHT
from browser_support import CHROMIUM, NO_CHROMIUM, Chromium, Page
from measured_figures import Figure, summary

SIZE = "960x540"
MIN_FPS, MAX_LATENCY_MS, MAX_CLOSE_S = 25.0, 250.0, 1.0
START_S = 120.0
# Reads the clock from each picture. `results` are its delay in ms, or null if the checksum is wrong.
READ_CLOCK = f"""
window.results = [];
window.presented = 0;
(() => {{
  const bars = {BITS + CHECK_BITS}, canvas = document.createElement("canvas");
  canvas.width = video.videoWidth; canvas.height = 1;
  const context = canvas.getContext("2d", {{ willReadFrequently: true }});
  const read = (now, metadata) => {{
    const width = canvas.width / bars, top = video.videoHeight * (1 - {HEIGHT} / 2);
    context.drawImage(video, 0, top, canvas.width, 1, 0, 0, canvas.width, 1);
    const pixels = context.getImageData(0, 0, canvas.width, 1).data;
    let value = 0, check = 0, sum = 0;
    for (let bar = 0; bar < bars; bar += 1) {{
      const bit = pixels[4 * Math.floor((bar + 0.5) * width) + 1] > 110 ? 1 : 0;
      if (bar < {BITS}) value += bit * 2 ** bar; else check += bit * 2 ** (bar - {BITS});
    }}
    for (let shift = 0; shift < {BITS}; shift += {CHECK_BITS}) sum += value >> shift;
    const shown = performance.timeOrigin + Math.max(now, metadata.expectedDisplayTime);
    const delay = (Math.round(shown) - value) % {1 << BITS};
    results.push(sum % {1 << CHECK_BITS} === check ? delay : null);
    presented = metadata.presentedFrames;
    video.requestVideoFrameCallback(read);
  }};
  video.requestVideoFrameCallback(read);
}})();
"""


@contextmanager
def serving() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A running `groundglass serve` of the clock. Yields its address and its process."""
    here = Path(__file__).resolve().parent
    with tempfile.TemporaryDirectory(prefix="groundglass-browser-") as folder:
        plugin = Path(folder, "groundglass_clock-1.0.dist-info")
        plugin.mkdir()
        (plugin / "METADATA").write_text("Metadata-Version: 2.1\nName: groundglass-clock\nVersion: 1.0\n")
        (plugin / "entry_points.txt").write_text("[groundglass.sources]\nclock = browser_clock\n")
        path = os.pathsep.join((folder, str(here), os.environ.get("PYTHONPATH", "")))
        words = ("serve", f"clock:?size={SIZE}&fps=30", "--port", "0", "--fresh", "--focus", "1.2")
        process = subprocess.Popen(
            [sys.executable, "-m", "groundglass", *words],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": path},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        try:
            yield process.stdout.readline().removeprefix("groundglass: open ").strip(), process
        finally:
            process.kill()
            process.wait()


def measured(page: Page, seconds: float) -> tuple[float, list[float], int]:
    """Pictures a second, their delays in ms, and the number of pictures whose clock cannot be read."""
    page.until("hasPicture()", START_S)
    page.run(READ_CLOCK)
    time.sleep(5.0)  # the scale and the bit rate adapt
    before = page.run("results.length = 0, presented"), time.perf_counter()
    time.sleep(seconds)
    frames, results = page.run("[presented, results]")
    spent_s = time.perf_counter() - before[1]
    delays = [delay for delay in results if delay is not None]
    return (frames - before[0]) / spent_s, delays, len(results) - len(delays)


def of_codec(browser: Chromium, url: str, codec: str, seconds: float, viewers: int = 1) -> Iterator[Figure]:
    pages = [browser.open(f"{url}&codec={codec}") for _ in range(viewers)]
    name = codec if viewers == 1 else f"{codec}, {viewers} viewers"
    fps, delays, unread = measured(pages[-1], seconds)
    for page in pages:
        page.close()
    yield Figure(f"{name}: pictures shown at {SIZE}", f"≥ {MIN_FPS:g} fps", f"{fps:.1f} fps", fps >= MIN_FPS)
    shown = summary(delays, "ms") if delays else "no clock was read"
    late = float(np.percentile(delays, 95)) if delays else np.inf
    required = f"≤ {MAX_LATENCY_MS:g} ms"
    yield Figure(f"{name}: glass to glass", required, f"{shown}, {unread} unread", late <= MAX_LATENCY_MS)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("codecs", nargs="*", metavar="CODEC", help="h264, vp8; default: both, and two viewers")
    arguments.add_argument("--seconds", type=float, default=15.0, help="of each measurement; default: 15")
    chosen = arguments.parse_args()
    if CHROMIUM is None:
        print(f"not measured: {NO_CHROMIUM}")
        return 1
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{os.cpu_count()} cores, load average before {load}\n\n| figure | required | measured |\n|---|---|---|")
    missed = 0
    with Chromium() as browser, serving() as (url, process):
        runs = [(codec, 1) for codec in chosen.codecs or ("h264", "vp8")]
        for codec, viewers in runs + ([] if chosen.codecs else [("h264", 2)]):
            for figure in of_codec(browser, url, codec, chosen.seconds, viewers):
                missed += not figure.is_met
                print(figure, flush=True)
        page = browser.open(url)
        page.until("hasPicture()", START_S)
        began_s = time.perf_counter()
        process.send_signal(signal.SIGTERM)
        process.wait()
        spent_s = time.perf_counter() - began_s
        print(Figure("SIGTERM with a viewer", f"≤ {MAX_CLOSE_S:g} s", f"{spent_s:.2f} s", spent_s <= MAX_CLOSE_S))
    return 1 if missed or spent_s > MAX_CLOSE_S else 0


if __name__ == "__main__":
    sys.exit(main())
