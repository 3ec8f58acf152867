"""Freed memory goes back to the system."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

KEPT = """
import numpy as np, psutil
from groundglass.memory import give_back
rss = lambda: psutil.Process().memory_info().rss
np.ones(3_900_000)  # so that glibc keeps arrays of up to this size
arrays = [np.ones(3_000_000) for _ in range(8)]
above = np.ones(2000)  # the heap cannot end before it
del arrays
kept = rss()
give_back()
print(kept - rss())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other allocators return freed memory themselves")
def test_freed_arrays_are_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", KEPT], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 30_000_000


HEAPS = """
import ctypes, re, threading
from groundglass.memory import limit_arenas
{call}
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
together = threading.Barrier(12)
def allocate():
    together.wait()
    libc.malloc(1000)
    together.wait()
threads = [threading.Thread(target=allocate) for _ in range(12)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(b"heaps.xml", b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
print(len(re.findall("<heap nr", open("heaps.xml").read())))
"""


@pytest.mark.skipif(sys.platform != "linux" or os.confstr("CS_GNU_LIBC_VERSION") is None, reason="glibc's heaps")
@pytest.mark.parametrize(
    ("call", "users", "heaps_max", "heaps_min"),
    [("limit_arenas()", None, 2, 1), ("", None, 99, 3), ("limit_arenas()", "6", 6, 3)],
)
def test_threads_share_heaps(call: str, users: str | None, heaps_max: int, heaps_min: int, tmp_path: Path) -> None:
    """What threads free would stay in heaps of their own, and a live view with changing sources would grow."""
    environment = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    environment |= {} if users is None else {"MALLOC_ARENA_MAX": users}
    done = subprocess.run(
        [sys.executable, "-c", HEAPS.format(call=call)],
        **{"capture_output": True, "text": True, "check": True, "cwd": tmp_path, "env": environment},
    )
    assert heaps_min <= int(done.stdout) <= heaps_max
