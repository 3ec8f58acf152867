"""Memory of programs: a change of a look or an aid leaves next to nothing behind, whatever the driver keeps."""

from __future__ import annotations

import subprocess
import sys

import pytest

CHANGES, DRAWS = 10, 13  # after which the numbers become constants of a program
LIMIT_KB = 40.0  # a change once left 100 kB (aids) and 164 kB (parameters of looks in a window)

# Prints the kB of the heap that a change leaves.
PROGRAM = """
import ctypes, gc, random
import groundglass as gg
import numpy as np
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.overlays import Overlays
from groundglass.display.present import Presenter
from groundglass.gl.passes import load_pass
from groundglass.live_edit.editing import Editing
from groundglass.settings import Settings, SettingsHistory

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena a b c mapped d e used f g".split()]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Info

def used_kb():
    gc.collect()
    info = libc.mallinfo2()
    return (info.used + info.mapped) / 1024

rng = random.Random(1)
history = SettingsHistory(Settings(look="classic"))
editing = Editing(history)
numbers = [(each.name, parameter) for each, parameter in editing.parameters() if parameter.kind == "float"]
aids = {{name: [each for each in load_pass(name).parameters if each.kind == "float"] for name in ("zebra", "peaking")}}
frame = gg.Frame(np.full((48, 64, 3), 128, np.uint8), gg.Encoding.DISPLAY)
with OffscreenSurface((96, 64)) as surface, gg.Engine(gl=surface.gl, look_route="gl") as engine:
    presenter = Presenter(surface)

    def look():
        name, parameter = rng.choice(numbers)
        editing.set(name, parameter.name, rng.uniform(parameter.low, parameter.high))

    def change(kind):
        values = {{name: {{each.name: rng.uniform(each.low, each.high) for each in of}} for name, of in aids.items()}}
        if kind == "look":
            look()
        for _ in range({draws}):
            drawn = engine.draw(frame, history.now)
            presenter.draw(drawn.texture, ["text"], Overlays(tuple(aids), values) if kind == "aids" else Overlays())

    for _ in range({changes}):
        change("{kind}")
    before = used_kb()
    for _ in range({changes}):
        change("{kind}")
    print((used_kb() - before) / {changes})
    presenter.release()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the heap of glibc")
@pytest.mark.parametrize("kind", ["look", "aids"])
def test_a_change_leaves_little_on_the_heap(kind: str) -> None:
    program = PROGRAM.format(kind=kind, changes=CHANGES, draws=DRAWS)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    if "mallinfo2" in done.stderr:
        pytest.skip("this C library does not report its heap")
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < LIMIT_KB
