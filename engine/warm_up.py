"""Kernels and shader programs for other settings, compiled in a thread before a frame needs them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from .errors import GroundglassError
from .frame import Frame
from .yuv import YuvFormat
from .yuv import top_rows as yuv_top_rows

if TYPE_CHECKING:
    from .settings import Settings

Wait = Callable[[Callable[[], None]], None]  # calls what it is given, and returns after it
STRIP_ROWS = 96  # smallest height of the drawn part of a frame: a multiple of PERIOD
PERIOD = 48  # a multiple of the periods of all CFAs, and of 16: scales divide both heights alike


class Warming(Protocol):
    """What draws to compile: an engine, or a process with one."""

    def draw(self, frame: Frame, settings: Settings) -> object: ...

    def interrupt(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: Any) -> None: ...


class WarmUp:
    """Draws the top rows of a frame in a thread, with another engine.

    Drivers compile at the first launch and at the first draw. `open_engine` opens an engine whose device shares the
    compiled kernels, or a process that shares the driver's cache on disk. It is closed when nothing was requested for
    `keep_s` seconds. Invalid settings are ignored here: the frame that uses them reports the error.
    """

    def __init__(self, open_engine: Callable[[], Warming], keep_s: float = 0.0) -> None:
        self._open_engine, self._keep_s = open_engine, keep_s
        self._requests: deque[tuple[Frame, Settings, Callable[[], object]]] = deque()
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()  # held while the thread starts, takes a request or decides to end
        self._engine: Warming | None = None
        self._is_busy = self._is_closed = False

    def start(self, frame: Frame, settings: Settings, then: Callable[[], object] = lambda: None) -> None:
        """Begins to compile for a draw of an upright `frame` with `settings`, and returns at once.

        The thread calls `then` when it has compiled.
        """
        strip = top_rows(frame, STRIP_ROWS + frame.height % PERIOD)
        with self._changed:
            if self._is_closed:
                return
            self._requests.append((strip, settings, then))
            self._is_busy = True
            self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="groundglass-warm-up", daemon=True)
                self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether the thread is compiling."""
        return self._is_busy

    def close(self) -> None:
        """Interrupts or waits for the draw that is running, and ends the thread; a second call has no effect."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
            thread = self._thread
            if self._engine is not None:
                self._engine.interrupt()
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        try:
            with suppress(GroundglassError), self._open_engine() as engine:
                with self._changed:
                    self._engine = engine
                while self._draw_next(engine):
                    pass
        finally:
            with self._changed:
                self._engine = None
                if self._thread is threading.current_thread():
                    self._end()

    def _end(self) -> None:
        """What was not drawn because there is no engine is compiled by the frame that needs it."""
        self._thread, self._is_busy = None, False
        self._requests.clear()

    def _draw_next(self, engine: Warming) -> bool:
        with self._changed:
            if not self._requests and not self._is_closed:
                self._is_busy = False
                self._changed.wait(self._keep_s)
            if self._is_closed or not self._requests:
                self._end()
                return False
            strip, settings, then = self._requests.popleft()
        with suppress(GroundglassError):
            engine.draw(strip, settings)
        if not self._is_closed:  # an interrupted draw has compiled nothing that `then` could load
            then()
        return True


def no_wait(work: Callable[[], None]) -> None:
    """The default `Wait`: in the same thread."""
    work()


def black_frame(size: tuple[int, int], focus_m: float) -> Frame:
    """A black mosaic of `size` whose depth needs every kernel of the optics."""
    width, height = size
    depth_m = np.full((height, width), 1e3, dtype=np.float32)
    depth_m[0, 0] = 0.5 * focus_m
    return Frame(np.zeros((height, width), dtype=np.uint16), depth_m=depth_m, depth_noise=0.02)


def top_rows(frame: Frame, rows: int) -> Frame:
    """A copy of the first `rows` rows of an upright frame, with the same part of its depth and matte."""
    profile = frame.profile
    if profile.black_map is not None:
        profile = replace(profile, black_map=profile.black_map[:rows])
    if profile.gain_map is not None:
        profile = replace(profile, gain_map=profile.gain_map[:rows])
    if profile.defects is not None:
        profile = replace(profile, defects=profile.defects[profile.defects[:, 1] < rows])
    depth_m, matte = (
        None if given is None else given[: max(given.shape[0] * rows // frame.height, 1)].copy()
        for given in (frame.depth_m, frame.matte)
    )
    if depth_m is not None and frame.depth_m is not None:
        _take_extremes(depth_m, frame.depth_m)
    yuv, pixels = _top(frame, frame.pixels, rows)
    right = None if frame.right is None else _top(frame, frame.right, rows)[1]
    return replace(
        frame, pixels=pixels, yuv=yuv, right=right, depth_m=depth_m, matte=matte, profile=profile, lease=None
    )


def _take_extremes(strip_m: NDArray[np.float32], depth_m: NDArray[np.float32]) -> None:
    """Puts the extremes of a map into its top rows, because they decide on the number of scales of the blur."""
    sample_m = depth_m[::2, ::2]
    known_m = sample_m[np.isfinite(sample_m) & (sample_m > 0)]
    if known_m.size:
        strip_m[0, 0], strip_m[0, -1] = known_m.min(), known_m.max()


def _top(frame: Frame, pixels: NDArray[Any], rows: int) -> tuple[YuvFormat | None, NDArray[Any]]:
    return (None, pixels[:rows].copy()) if frame.yuv is None else yuv_top_rows(frame.yuv, pixels, rows)
