"""The contract of a source of frames. A test holds every source and source filter to it, by name and signature."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Protocol, Self

from ..controls import Control
from ..frame import Frame

# The name of a source's exposure control: a `Number` in EV relative to the exposure at which the source was opened.
# From the first frame with another exposure on, `profile.exposure_ev` is less by as many stops: the picture keeps its
# brightness, and has less noise. Automatic exposure sets the control of this name.
EXPOSURE_CONTROL = "camera_exposure"


class Timing(enum.Enum):
    """Who decides when a frame is shown."""

    STILL = "still"  # one frame: it is delivered once
    PACED = "paced"  # recorded or computed frames: the latest-frame queue delivers frame k at start + k / fps
    LIVE = "live"  # a camera: frames are delivered as they arrive, and never delayed


class Source(Protocol):
    """Frames in the order of their time; iterated by one thread at a time. `BaseSource` has defaults for most of it."""

    @property
    def name(self) -> str:
        """The source in messages and in the window title: a path, or the name of a device."""

    @property
    def timing(self) -> Timing:
        """Whether this is a still, paced by `fps`, or live."""

    @property
    def fps(self) -> float | None:
        """Frames a second: the pace of a paced source, the nominal rate of a live one. None for a still, or unknown."""

    @property
    def frames(self) -> int | None:
        """The number of frames; None for an endless source or if unknown."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels of every frame, before `Frame.orientation` is applied."""

    def __iter__(self) -> Iterator[Frame]:
        """The frames, blocking until each is there. A still or paced source starts again from its first frame.

        Raises SourceError where a frame cannot be read. Frames may be leases on a driver's buffers (`Frame.lease`).
        """

    def interrupt(self) -> None:
        """Ends a read that blocks in another thread: the iteration ends within a moment, without an error.

        May be called by any thread, often, and when nothing is read. A live source gives no frame after it; all that
        is left to do is to close it. A source of regular files has nothing to interrupt.
        """

    def controls(self) -> Iterable[Control]:
        """What can be set while the source runs: exposure, gain, white balance, focus. Often empty.

        The panel, keys, remote control and the settings file read these objects. Names start with `camera_`; the
        exposure's is EXPOSURE_CONTROL. May be asked for more than once. `get` and `set` are called by the window's
        thread while another iterates, and return at once.
        """

    def close(self) -> None:
        """Gives everything back, leased buffers too; harmless when done twice, or while a read still blocks."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
