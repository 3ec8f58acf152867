"""Kernels and shader programs for other settings, compiled in a thread before a frame needs them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from .errors import GroundglassError
from .frame import Frame

if TYPE_CHECKING:
    from .engine import Engine
    from .settings import Settings

STRIP_ROWS = 96  # height of the drawn part of a frame: a multiple of the period of every CFA


class WarmUp:
    """Draws the top rows of a frame in a thread, with its own engine.

    Drivers compile at the first launch and at the first draw. `open_engine` opens an engine whose device shares the
    compiled kernels, and whose OpenGL context shares the driver's cache on disk. It is closed when the queue is empty.
    Invalid settings are ignored here: the frame that uses them reports the error.
    """

    def __init__(self, open_engine: Callable[[], Engine]) -> None:
        self._open_engine = open_engine
        self._requests: queue.SimpleQueue[tuple[Frame, Settings]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()  # held while the thread starts or decides to end
        self._is_closed = False

    def start(self, frame: Frame, settings: Settings) -> None:
        """Begins to compile for a draw of an upright `frame` with `settings`, and returns at once."""
        strip = top_rows(frame, STRIP_ROWS)
        with self._lock:
            if self._is_closed:
                return
            self._requests.put((strip, settings))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="groundglass-warm-up", daemon=True)
                self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether the thread is compiling."""
        return self._thread is not None

    def close(self) -> None:
        """Waits for the draw that is running, and ends the thread; a second call has no effect."""
        with self._lock:
            self._is_closed = True
            thread = self._thread
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        try:
            with suppress(GroundglassError), self._open_engine() as engine:
                while self._draw_next(engine):
                    pass
        finally:
            with self._lock:
                if self._thread is threading.current_thread():
                    self._thread = None

    def _draw_next(self, engine: Engine) -> bool:
        with self._lock:
            if self._is_closed or self._requests.empty():
                self._thread = None
                return False
            strip, settings = self._requests.get()
        with suppress(GroundglassError):
            engine.draw(strip, settings)
        return True


def top_rows(frame: Frame, rows: int) -> Frame:
    """A copy of the first `rows` rows of an upright frame, with the same part of its depth."""
    profile, depth_m = frame.profile, frame.depth_m
    if profile.black_map is not None:
        profile = replace(profile, black_map=profile.black_map[:rows])
    if profile.gain_map is not None:
        profile = replace(profile, gain_map=profile.gain_map[:rows])
    if profile.defects is not None:
        profile = replace(profile, defects=profile.defects[profile.defects[:, 1] < rows])
    if depth_m is not None:
        depth_m = depth_m[: max(depth_m.shape[0] * rows // frame.height, 1)].copy()
    right = None if frame.right is None else frame.right[:rows].copy()
    pixels = frame.pixels[:rows].copy()
    return replace(frame, pixels=pixels, right=right, depth_m=depth_m, profile=profile, lease=None)
