"""Shows painted frames on the screen: at once, or while the next frame is already computed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from ..gl.context import make_current

if TYPE_CHECKING:
    from ..drawn import Drawn
    from ..timing import Clock
    from .pacing import Pacing
    from .surface import Surface


class PaintedFrame(NamedTuple):
    """A frame in the framebuffer. Times are `time.perf_counter()` seconds, `spent_s` is the work until then."""

    drawn: Drawn
    taken_s: float
    arrived_s: float
    spent_s: float


class Swaps:
    """Shows what is painted on a surface, and reports each frame that is on the screen to `on_shown`.

    `on_shown` receives the frame, when it appeared, and the seconds for which the loop waited for it. A
    surface may show a frame in a thread. Then `painted` only keeps the frame, and the loop calls `begin` before it
    computes the next frame, and `end` afterwards; or `show`, if there is no next frame yet. No frame waits for another.
    """

    pacing: Pacing  # the source's: it learns when the display shows frames

    def __init__(self, surface: Surface, clock: Clock, on_shown: Callable[[PaintedFrame, float, float], None]) -> None:
        self._surface, self._clock, self._on_shown = surface, clock, on_shown
        self.frames = 0  # painted
        self._frame: PaintedFrame | None = None
        self._title = ""
        self._end: Callable[[], tuple[float, float]] | None = None

    @property
    def is_pending(self) -> bool:
        """Whether a frame is painted, but not on the screen."""
        return self._frame is not None

    def painted(self, frame: PaintedFrame | None, title: str) -> None:
        """The framebuffer is complete. `frame` is None if it has no new frame: then it is shown at once."""
        self._frame, self._title = frame, title
        self.frames += frame is not None
        if frame is None or not self._surface.presents_behind:
            self._show()

    def show(self) -> None:
        """Shows the pending frame now, if any."""
        if self._frame is not None and self._end is None:
            self._show()
        self.end()

    def begin(self) -> None:
        """Begins to show the pending frame, if any. Until `end` only `make_current` gives the context back."""
        if self._frame is not None and self._end is None:
            self._end = self._surface.present_behind(self._title)

    def end(self) -> None:
        """Waits for the frame of `begin`. Harmless without one."""
        if self._end is not None:
            waits_s = perf_counter()
            end, self._end = self._end, None
            began_s, ended_s = end()
            make_current(self._surface.gl)
            self._shown(began_s, ended_s, perf_counter() - waits_s)

    def _show(self) -> None:
        began_s = perf_counter()
        self._surface.present(self._title)
        ended_s = perf_counter()
        self._shown(began_s, ended_s, ended_s - began_s)

    def _shown(self, began_s: float, ended_s: float, waited_s: float) -> None:
        is_screen = self._surface.is_interactive
        self._clock.past("swap" if is_screen else "present", began_s, ended_s)
        if is_screen:
            self.pacing.swapped(began_s, ended_s)
        frame, self._frame = self._frame, None
        if frame is not None:
            self._on_shown(frame, ended_s, waited_s)


class SwapThread:
    """A thread that swaps the buffers of a window. Between `begin` and `end` it has the context.

    `take` makes the context current on the calling thread, `give` makes none current, and `swap` shows the frame.
    """

    def __init__(self, take: Callable[[], object], give: Callable[[], object], swap: Callable[[], object]) -> None:
        self._take, self._give, self._swap = take, give, swap
        self._requested, self._started, self._ended = (threading.Semaphore(0) for _ in range(3))
        self._is_running, self._is_closed = False, False
        self._times_s = (0.0, 0.0)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="groundglass-swap", daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """Returns when the swap runs. It needs no interpreter: the Python code of the caller continues."""
        self.end()
        self._give()
        self._is_running = True
        self._requested.release()
        self._started.acquire()

    def end(self) -> tuple[float, float]:
        """Waits for the swap, if one runs, and makes the context current. Returns the times of the latest swap."""
        if self._is_running:
            self._ended.acquire()
            self._is_running = False
            self._take()
            if self._error is not None:
                error, self._error = self._error, None
                raise error
        return self._times_s

    def close(self) -> None:
        """Ends the thread. A second call has no effect."""
        if not self._is_closed:
            self.end()
            self._is_closed = True
            self._requested.release()
            self._thread.join()

    def _run(self) -> None:
        while self._requested.acquire() and not self._is_closed:
            began_s = perf_counter()
            try:
                self._take()
                self._started.release()
                self._swap()
                self._times_s = began_s, perf_counter()
                self._give()
            except BaseException as error:  # the loop must see it
                self._error = error
            finally:
                self._ended.release()
