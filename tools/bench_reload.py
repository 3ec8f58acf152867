"""Measures the time from a saved file to the changed picture: the median of 20 edits, on a separate X server.

python tools/bench_reload.py [WxH] [pass|look|kernel] [busy]

`pass` edits an include of the last pass of the look `classic`, `kernel` the kernel `pack_scene.cl`. `busy` loads two
cores. The time starts before the file is written and ends with the screen grab that shows the changed pixel.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PIL import ImageGrab

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "tests" / "support"))

import window_support  # noqa: E402
from reload_support import COLOUR, LOOK, PLAIN, Bench  # noqa: E402

EDITS = 20
PAUSE_S = 0.35  # between edits, until the loop is in its normal rhythm again
MAX_WAIT_S = 20.0
COLOURS = ("1.0, 0.0, 0.0", "0.0, 1.0, 0.0", "0.0, 0.0, 1.0")


def edit(bench: Bench, target: str, number: int) -> None:
    """Saves the next edit, which changes the colour or alternates between light and dark."""
    if target == "pass":
        bench.save("colour.glsl", COLOUR.replace(COLOURS[0], COLOURS[(number + 1) % 3]) + f"// {number}\n")
    elif target == "look":
        bench.save("flat.toml", LOOK.replace("1.0", "0.9" if number % 2 else "0.3"))
    else:
        gain = 1.0 + number / 1000 if number % 2 else 0.0
        kernel = (REPOSITORY / "kernels" / "pack_scene.cl").read_text(encoding="utf-8")
        bench.save("pack_scene.cl", kernel.replace("BITS(OF_BITS(bounded)", f"BITS({gain}f * OF_BITS(bounded)"))


def prepare(bench: Bench, target: str) -> None:
    if target == "pass":
        classic = (REPOSITORY / "engine" / "looks" / "classic.toml").read_text(encoding="utf-8")
        bench.save("flat.toml", classic + "\n[pass.plain]\nlevel = 1.0\n")
    elif target == "kernel":
        bench.save("plain.glsl", PLAIN.replace("plain_level * colour() + 0.001 * rgb", "plain_level * rgb"))
    time.sleep(2)


def shows_edit(target: str, number: int, before: tuple[int, ...], pixel: Callable[[], tuple[int, ...]]) -> bool:
    """Whether the screen shows the edit: light or dark for a kernel, else a colour different from `before`."""
    now = pixel()
    if target == "kernel":
        return (max(now) > 5) == bool(number % 2)
    return sum(abs(a - b) for a, b in zip(now, before, strict=True)) > 60


def measure_ms(bench: Bench, target: str) -> list[float]:
    left, top, width, height = bench.live.place
    x, y = left + width * 7 // 8, top + height * 3 // 4

    def pixel() -> tuple[int, ...]:
        grab = ImageGrab.grab(bbox=(x, y, x + 1, y + 1), xdisplay=bench.live.screen.display)
        return tuple(grab.convert("RGB").getpixel((0, 0)))

    def until(is_shown: Callable[[], bool], since: float) -> float:
        while not is_shown():
            assert time.perf_counter() - since < MAX_WAIT_S, "the edit is not shown"
            time.sleep(0.002)
        return (time.perf_counter() - since) * 1e3

    took = []
    for number in range(EDITS):
        before = pixel()
        since = time.perf_counter()
        edit(bench, target, number)
        took.append(until(partial(shows_edit, target, number, before, pixel), since))
        time.sleep(PAUSE_S)
    return took


def main() -> None:
    words = sys.argv[1:]
    size = next((word for word in words if "x" in word), "960x540")
    target = next((word for word in words if word in ("pass", "look", "kernel")), "pass")
    window_support.SOURCE = f"scene:?size={size}&fps=30"
    screens = window_support.open_screen()
    load = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 if "busy" in words else 0)]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(next(screens), Path(folder))
        try:
            prepare(bench, target)
            took = measure_ms(bench, target)
        finally:
            for process in load:
                process.kill()
            bench.live.end()
            screens.close()
    print(f"{size} {target}: median {statistics.median(took):.0f} ms, {min(took):.0f} to {max(took):.0f}")


if __name__ == "__main__":
    main()
