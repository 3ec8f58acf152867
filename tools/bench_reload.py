"""How long after a file is saved the screen shows it: the median of 20 edits, on a screen of its own.

python tools/bench_reload.py [WxH] [pass|look|kernel] [busy]

`pass` edits an include of a pass that is the last of the look `classic`, `kernel` the hand-over to GL. `busy` keeps
both cores at work meanwhile. What is told counts from the moment before the file is written to that of the changed
pixel, the screen grab that finds it included.
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
PAUSE_S = 0.35  # between edits: the loop is back in its stride
GIVE_UP_S = 20.0
COLOURS = ("1.0, 0.0, 0.0", "0.0, 1.0, 0.0", "0.0, 0.0, 1.0")


def edit(bench: Bench, what: str, number: int) -> None:
    """The next of the edits; each shows another colour, or light after dark."""
    if what == "pass":
        bench.save("colour.glsl", COLOUR.replace(COLOURS[0], COLOURS[(number + 1) % 3]) + f"// {number}\n")
    elif what == "look":
        bench.save("flat.toml", LOOK.replace("1.0", "0.9" if number % 2 else "0.3"))
    else:
        gain = 1.0 + number / 1000 if number % 2 else 0.0
        kernel = (REPOSITORY / "kernels" / "pack_scene.cl").read_text(encoding="utf-8")
        bench.save("pack_scene.cl", kernel.replace("BITS(OF_BITS(bounded)", f"BITS({gain}f * OF_BITS(bounded)"))


def prepare(bench: Bench, what: str) -> None:
    if what == "pass":
        classic = (REPOSITORY / "engine" / "looks" / "classic.toml").read_text(encoding="utf-8")
        bench.save("flat.toml", classic + "\n[pass.plain]\nlevel = 1.0\n")
    elif what == "kernel":
        bench.save("plain.glsl", PLAIN.replace("plain_level * colour() + 0.001 * rgb", "plain_level * rgb"))
    time.sleep(2)


def is_other(what: str, number: int, before: tuple[int, ...], pixel: Callable[[], tuple[int, ...]]) -> bool:
    """Whether the screen shows the edit: darkness or light of a kernel, else another colour than before."""
    now = pixel()
    if what == "kernel":
        return (max(now) > 5) == bool(number % 2)
    return sum(abs(a - b) for a, b in zip(now, before, strict=True)) > 60


def took_ms(bench: Bench, what: str) -> list[float]:
    left, top, width, height = bench.live.place
    x, y = left + width * 7 // 8, top + height * 3 // 4

    def pixel() -> tuple[int, ...]:
        grab = ImageGrab.grab(bbox=(x, y, x + 1, y + 1), xdisplay=bench.live.screen.display)
        return tuple(grab.convert("RGB").getpixel((0, 0)))

    def until(is_shown: Callable[[], bool], since: float) -> float:
        while not is_shown():
            assert time.perf_counter() - since < GIVE_UP_S, "the edit is not shown"
            time.sleep(0.002)
        return (time.perf_counter() - since) * 1e3

    took = []
    for number in range(EDITS):
        before = pixel()
        since = time.perf_counter()
        edit(bench, what, number)
        took.append(until(partial(is_other, what, number, before, pixel), since))
        time.sleep(PAUSE_S)
    return took


def main() -> None:
    words = sys.argv[1:]
    size = next((word for word in words if "x" in word), "960x540")
    what = next((word for word in words if word in ("pass", "look", "kernel")), "pass")
    window_support.SOURCE = f"scene:?size={size}&fps=30"
    screens = window_support.open_screen()
    burning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 if "busy" in words else 0)]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(next(screens), Path(folder))
        try:
            prepare(bench, what)
            took = took_ms(bench, what)
        finally:
            for one in burning:
                one.kill()
            bench.live.end()
            screens.close()
    print(f"{size} {what}: median {statistics.median(took):.0f} ms, {min(took):.0f} to {max(took):.0f}")


if __name__ == "__main__":
    main()
