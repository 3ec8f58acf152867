"""A program that uses the package keeps its own settings of the process: handlers of signals, warnings, folders."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import decimal, gc, locale, os, signal, sys, threading, warnings
import numpy as np
from PIL import Image, ImageFile

received = []
SENT = [signal.SIGUSR1, signal.SIGQUIT, signal.SIGUSR2, signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
for number in SENT:
    signal.signal(number, lambda number, frame: received.append(number))

def state():
    hooks = sys.excepthook, sys.unraisablehook, sys.displayhook, threading.excepthook
    mask = os.umask(0o022)
    os.umask(mask)
    streams = sys.stdin, sys.stdout, sys.stderr, [os.fstat(number).st_ino for number in range(3)]
    limits = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, sys.getrecursionlimit()
    environment = {name for name in os.environ if name not in ALLOWED}
    collector = gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()
    numbers = np.geterr(), str(decimal.getcontext()), sys.getswitchinterval(), np.float32(1e-40) * 1
    return {
        "hooks": hooks, "umask": mask, "streams": streams, "limits": limits, "environment": environment,
        "collector": collector, "numbers": numbers, "warnings": list(warnings.filters), "folder": os.getcwd(),
        "locale": locale.setlocale(locale.LC_ALL), "threads": {each.name for each in threading.enumerate()},
        "signals": [signal.getsignal(number) for number in SENT], "niceness": os.nice(0),
    }

ALLOWED = {"PYOPENCL_HOME"}
before = state()
USE
after = state()
changed = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
assert not changed, changed
for number in SENT:
    signal.raise_signal(number)
assert received == SENT, received
print("kept")
"""

PICTURES = """
import groundglass as gg
picture = gg.render("scene:?size=96x64", look="classic")
Image.fromarray(picture).save("picture.png")
with gg.open("picture.png") as source, gg.Engine(size=source.size) as engine:
    engine.render(next(iter(source)), gg.Settings(look="natural"))
"""

CAMERAS = """
import genicam
import groundglass as gg
os.environ["GENICAM_GENTL64_PATH"] = os.path.dirname(genicam.__file__)
ALLOWED.add("GENICAM_GENTL64_PATH")
with gg.open("genicam:0?format=Mono8&size=128x100&fps=200") as source:
    next(iter(source)).release()
"""


def state_after(use: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", PROGRAM.replace("USE", use)],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="the handlers of POSIX, and PoCL")
def test_pictures_leave_the_process_as_it_was(tmp_path: Path) -> None:
    ended = state_after(PICTURES, tmp_path)
    assert ended.stdout == "kept\n", ended.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the handlers of POSIX")
def test_a_camera_of_harvesters_leaves_the_process_as_it_was(tmp_path: Path) -> None:
    pytest.importorskip("harvesters.core", reason="harvesters is not installed")
    ended = state_after(CAMERAS, tmp_path)
    assert ended.stdout == "kept\n", ended.stderr
