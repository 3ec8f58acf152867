"""The source that the viewer shows, and its replacement by another one while the picture stays."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

from ..capture.latest import LatestFrameQueue
from ..capture.live.network.address import shown_address
from ..capture.source import Timing
from ..errors import ControlError, GroundglassError, print_line
from ..memory import give_back
from .opening import Opening

if TYPE_CHECKING:
    from ..capture.source import Source
    from ..frame import Frame

PREPARE_S = 30.0  # maximum wait for the compilation of kernels for a new source: in a frame it would stop the picture
PROBLEM_S = 8.0  # display time of the reason why a source was not opened
CLOSE_WAIT_S = 0.2  # maximum wait at the end for sources that are being closed


class Host(Protocol):
    """The viewer, for a switch of the source. All methods are called in the window's thread."""

    def prepare_switch(self, frame: Frame) -> None:
        """Begins to compile and allocate for `frame`, in threads."""

    @property
    def is_preparing(self) -> bool:
        """Whether this has not ended."""

    def try_frame(self, source: Source, frame: Frame) -> None:
        """Draws a frame of another source, without showing it. Raises GroundglassError if `source` cannot be used."""

    def on_switch(self, source: Source, frame: Frame) -> None:
        """`source` is now the current one, and `frame` its first frame."""

    def on_rejected(self) -> None:
        """The new source cannot be used: the former picture has to be drawn again."""

    def keep_frame(self) -> None:
        """Copies the current frame, because the buffer of its driver will be released."""


class Sources:
    """The current source with its queue of frames, and the source that is being opened to replace it.

    `open_source` opens a source by its name, in a thread; without it the source cannot be replaced. `wake` ends the
    sleep of the loop. The creator of the first source closes it, at the end of the run; this object closes all others.
    The first source is also closed when another one replaces it. With `keeps_last`, a window, its last picture stays
    when it fails.
    """

    def __init__(
        self,
        source: Source,
        open_source: Callable[[str], Source] | None = None,
        wake: Callable[[], None] = lambda: None,
        *,
        keeps_last: bool = False,
    ) -> None:
        self.source = source
        self._keeps_last, self._has_begun = keeps_last, False
        self.can_switch = open_source is not None
        self._first = source
        self._open_source, self._wake = open_source, wake
        self._queue = LatestFrameQueue(source)
        self._name = ""
        self._with_secrets: dict[str, str] = {}  # names with passwords, by the shown names
        self._dropped = 0  # by former sources, minus what the current one had dropped before it was shown
        self._drops_at_freeze: int | None = None
        self._reconnects = 0  # by former sources
        self._opening: Opening | None = None
        self._closing: list[threading.Thread] = []
        self._problem, self._problem_until_s = "", -math.inf

    @property
    def name(self) -> str:
        """The name that opens the current source. It is without passwords, which `open` remembers."""
        return shown_address(self._name) or self.source.name

    @property
    def is_opening(self) -> bool:
        return self._opening is not None

    @property
    def notice(self) -> str:
        """Why the picture does not move or change, in one line; empty if there is nothing to report."""
        if perf_counter() < self._problem_until_s:
            return self._problem
        return self._opening.status if self._opening is not None else self.source.status

    @property
    def ended(self) -> bool:
        """Whether no frame of the current source will come, and `latest` has raised or reported its error."""
        return self._queue.ended and self._queue.error is None

    @property
    def dropped(self) -> int:
        """The number of frames of all sources that were replaced by newer ones before they were shown."""
        now = self._drops_at_freeze if self._drops_at_freeze is not None else self._queue.dropped
        return self._dropped + now

    def freeze(self, frozen: bool) -> None:
        """While the picture is frozen, frames are skipped, and do not count as dropped."""
        if frozen and self._drops_at_freeze is None:
            self._drops_at_freeze = self._queue.dropped
        elif not frozen and self._drops_at_freeze is not None:
            self._dropped -= self._queue.dropped - self._drops_at_freeze
            self._drops_at_freeze = None

    @property
    def reconnects(self) -> int:
        """How often frames of all sources came again after a camera was gone."""
        return self._reconnects + self.source.reconnects

    def start(self) -> None:
        self._queue.start()

    def latest(self, timeout_s: float) -> Frame | None:
        """The newest frame, see `LatestFrameQueue.latest`.

        Only the first source raises its error, with `keeps_last` only before its first frame; others report it.
        """
        try:
            frame = self._queue.latest(timeout_s)
            self._has_begun |= frame is not None
            return frame
        except GroundglassError as error:
            if self.source is self._first and not (self._keeps_last and self._has_begun):
                raise
            self._queue.error = None
            self._report(error, math.inf)
            print_line(self._problem)
            return None

    def open(self, name: str, host: Host) -> None:
        """Begins to open the source `name`, which then replaces the current one. An opening that still runs ends.

        The current name opens its source again. Another name for the same device, such as with another size, needs the
        device: it is released first, and opened as before if the new name fails. Raises ControlError.
        """
        if self._open_source is None:
            raise ControlError(
                "the source of this window cannot be changed; start groundglass view with another SOURCE"
            )
        if not name.strip():
            raise ControlError("no source is named; give a camera, a file or a folder, or scene:")
        self.cancel()
        self._problem_until_s = -math.inf
        if shown_address(name) != name:
            self._with_secrets[shown_address(name)] = name
        names, closing = [name], None
        if self.source.timing is Timing.LIVE and address(shown_address(name)) == address(self.name):
            host.keep_frame()
            names += [self.name] if name not in (self.name, self._name) else []
            closing = self._close_later(self._queue, self.source)
        names = [self._with_secrets.get(name, name) for name in names]
        self._opening = Opening(names, self._open_source, self._wake, closing)

    def cancel(self) -> None:
        """Ends an opening that still runs. Its source is closed as soon as possible."""
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.abandon(self._close_later)

    def step(self, host: Host) -> None:
        """Replaces the current source if the first frame of the new one can be drawn. Called before each frame."""
        opening = self._opening
        if opening is None:
            return
        error, opening.error = opening.error, None
        if error is not None:
            self._report(error, PROBLEM_S)
        if opening.has_failed:
            self._opening = None
            if self.source.timing is Timing.LIVE and self.ended:
                self._problem_until_s = math.inf  # its device was released, and could not be opened again
            return
        try:
            frame = opening.newest()
            if frame is None:
                return
            if not opening.is_prepared:
                opening.is_prepared = True
                host.prepare_switch(frame)
            if host.is_preparing and opening.waits_s < PREPARE_S:
                return
            assert opening.source is not None
            assert opening.queue is not None
            host.try_frame(opening.source, frame)
        except GroundglassError as error:
            self._report(error, PROBLEM_S)
            self.cancel()
            host.on_rejected()
            return
        self._adopt(opening.name, opening.source, opening.queue)
        opening.frame = None
        host.on_switch(self.source, frame)

    def _adopt(self, name: str, source: Source, queue: LatestFrameQueue) -> None:
        self.freeze(False)
        self._close_later(self._queue, self.source)
        self._dropped += self._queue.dropped - queue.dropped
        self._reconnects += self.source.reconnects
        self.source, self._queue, self._name, self._opening = source, queue, name, None
        queue.start()
        if self._problem_until_s == math.inf:
            self._problem_until_s = -math.inf

    def close(self) -> None:
        """Ends everything. A source that does not react is closed later in a daemon thread."""
        self.cancel()
        self._queue.close()
        if self.source is not self._first:
            self._close_later(self._queue, self.source)
        until_s = perf_counter() + CLOSE_WAIT_S
        for thread in self._closing:
            thread.join(max(until_s - perf_counter(), 0.0))

    def _report(self, error: GroundglassError, seconds: float) -> None:
        self._problem, self._problem_until_s = " ".join(str(error).split()), perf_counter() + seconds

    def _close_later(self, queue: LatestFrameQueue, source: Source) -> threading.Thread:
        """Closes a queue and its source in a thread: a driver may take a second."""

        def close() -> None:
            queue.close()
            source.close()
            give_back()  # its pictures; other threads' small allocations keep their pages else

        thread = threading.Thread(target=close, name="groundglass-close", daemon=True)
        self._closing = [*(other for other in self._closing if other.is_alive()), thread]
        thread.start()
        return thread


def address(name: str) -> str:
    """A source's name without its options: `v4l2:0` of `v4l2:0?size=640x480`."""
    return name.partition("?")[0]
