"""The contract of a source of frames. A test compares every source and source filter with it, by name and signature."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from ..controls import Control
from ..frame import Frame

# The name of a source's exposure control: a `Number` in EV relative to the exposure at which the source was opened.
# From the first frame with another exposure on, the source subtracts the control's value from `profile.exposure_ev`.
# The picture keeps its brightness, and more exposure means less noise. Automatic exposure sets this control.
EXPOSURE_CONTROL = "camera_exposure"


class Timing(enum.Enum):
    """When frames are delivered."""

    STILL = "still"  # one frame: it is delivered once
    PACED = "paced"  # recorded or computed frames: the latest-frame queue delivers frame k at start + k / fps
    LIVE = "live"  # a camera: frames are delivered as they arrive, and never delayed


class Source(Protocol):
    """Frames in the order of their time, iterated by one thread at a time. `BaseSource` has defaults."""

    @property
    def name(self) -> str:
        """The source in messages and in the window title: a path, or the name of a device."""

    @property
    def timing(self) -> Timing:
        """Whether this is a still, paced by `fps`, or live."""

    @property
    def fps(self) -> float | None:
        """Frames per second of a paced source, or the nominal rate of a live one. None for a still, or if unknown."""

    @property
    def frames(self) -> int | None:
        """The number of frames; None for an endless source or if unknown."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels of every frame, before `Frame.orientation` is applied.

        A live source may change it when its camera returns; `Frame.size` is then the size of a frame.
        """

    @property
    def status(self) -> str:
        """Why no frame or no depth arrives, in one line that the viewer shows; empty otherwise. For any thread."""

    @property
    def reconnects(self) -> int:
        """How often frames came again after the camera was gone. For any thread."""

    def __iter__(self) -> Iterator[Frame]:
        """Yields the frames; blocks until each is available. A still or paced source restarts at its first frame.

        Raises SourceError if a frame cannot be read; a live source that loses its camera sets `status` instead, and
        continues when the camera returns (`live.retry`). Frames may be leases on a driver's buffers (`Frame.lease`).
        """

    def interrupt(self) -> None:
        """Ends a read that blocks in another thread. The iteration then ends promptly and without an error.

        May be called by any thread, repeatedly, and while no thread reads. A live source yields no frame after it and
        can only be closed. A source of regular files has nothing to interrupt.
        """

    def controls(self) -> Iterable[Control]:
        """The controls of the running source: exposure, gain, white balance, focus. Often empty.

        The panel, keys, remote control and the settings file use these objects. Names start with `camera_`; the
        exposure control is EXPOSURE_CONTROL. May be called more than once. The window's thread calls `get` and `set`
        while another thread iterates. Both return at once.
        """

    def trigger(self, folder: Path) -> bool:
        """Releases the shutter of a still camera. Returns at once, and False if the source cannot do this.

        The picture is saved in `folder` under the camera's name and arrives as a frame. A failure becomes the status.
        """

    def close(self) -> None:
        """Releases everything, leased buffers too. Harmless when called twice or while a read blocks."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
