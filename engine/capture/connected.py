"""The connected cameras of every kind. A kind that fails or hangs does not stop the others."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from ..errors import GroundglassError, MissingExtraError, cause
from .kinds import ConnectedCamera, listing_kind, schemes

SEARCH_S = 8.0  # GigE Vision and network cameras answer within some seconds
# On a busy computer the libraries of the cameras load for longer: a search that still computes does not hang.
BUSY_S = 1.0  # a search has computed within this time
MAX_SEARCH_S = 40.0
THREAD_CLOCK = 6  # Linux: the clock of a thread's processor time is ~thread << 3 | 6, see clock_getcpuclockid(3)


# In a process of low priority, so that no picture waits for it; `-P` keeps the current folder out of the imports.
SEARCH_COMMAND = (
    *(sys.executable, "-P", "-c"),
    "import os, sys; getattr(os, 'nice', int)(5); sys.argv = ['groundglass', 'cameras', '--json', '-']; "
    "from groundglass.cli import main; main()",
)


class Found(NamedTuple):
    """The result of one kind: its cameras, or why there are none."""

    scheme: str  # such as `v4l2:`
    cameras: tuple[ConnectedCamera, ...] = ()
    problem: str = ""  # empty if the search succeeded
    extra: str = ""  # the extra of the missing library, if that is the problem


def find_cameras(timeout_s: float = SEARCH_S) -> list[Found]:
    """Searches all kinds that list cameras, at the same time, for at most `timeout_s` seconds.

    A kind that has not ended by then is reported, and its search ends later in a daemon thread. A search that still
    computes, such as one that loads its library on a busy computer, has more time.
    """
    began_s = time.perf_counter()
    searches = [_Search(scheme) for scheme in schemes()]
    for search in searches:
        search.thread.join(max(began_s + timeout_s - time.perf_counter(), 0.0))
        while search.thread.is_alive() and search.computes() and time.perf_counter() < began_s + MAX_SEARCH_S:
            search.thread.join(BUSY_S)
    waited_s = round(time.perf_counter() - began_s)
    hanging = f"no answer after {waited_s} s; search again, or unplug the camera and plug it in again"
    found: list[Found] = []
    for search in searches:
        result = search.result
        found += [Found(search.scheme, problem=hanging)] if result is None else result
    return found


class _Search:
    """The search of one kind in its own thread. `result` is empty without a list of cameras, and None until the end."""

    def __init__(self, scheme: str) -> None:
        self.scheme = scheme
        self.result: list[Found] | None = None
        self._processor_s = 0.0
        self.thread = threading.Thread(target=self._run, name=f"groundglass-find-{scheme}", daemon=True)
        self.thread.start()

    def computes(self) -> bool:
        """Whether the thread has used the processor since the last call. False where the system does not report it."""
        before_s = self._processor_s
        if sys.platform == "linux" and self.thread.native_id is not None:
            with suppress(OSError):  # the thread has ended
                self._processor_s = time.clock_gettime(~self.thread.native_id << 3 | THREAD_CLOCK)
        return self._processor_s > before_s

    def _run(self) -> None:
        self.result = self._found()

    def _found(self) -> list[Found]:
        try:
            kind = listing_kind(self.scheme)
            return [] if kind is None else [Found(self.scheme, tuple(kind.list_cameras()))]
        except MissingExtraError as error:
            return [Found(self.scheme, problem=str(error), extra=error.extra)]
        except GroundglassError as error:
            return [Found(self.scheme, problem=str(error))]
        except Exception as error:  # a driver's own error
            return [Found(self.scheme, problem=f"{self.scheme} {type(error).__name__}: {cause(error)}")]


class CameraSearch:
    """`groundglass cameras` in another process: drivers that hang or crash do not affect this one.

    `wake` is called by another thread when the search is over.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._found: list[ConnectedCamera] | None = None
        self._process = subprocess.Popen(
            SEARCH_COMMAND, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._thread = threading.Thread(target=self._run, name="groundglass-find", daemon=True)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        return not self._thread.is_alive()

    def take(self) -> list[ConnectedCamera] | None:
        """The connected cameras, once; None before the end of the search. Empty if it failed."""
        found, self._found = self._found, None
        return found

    def close(self) -> None:
        """Ends the search."""
        self._process.kill()
        self._thread.join()

    def _run(self) -> None:
        output, _ = self._process.communicate()
        try:
            cameras = json.loads(output)["cameras"]
        except (ValueError, KeyError):  # the search was ended, or a driver crashed
            cameras = []
        self._found = [ConnectedCamera(each["source"], each["name"], tuple(each["modes"])) for each in cameras]
        self._wake()
