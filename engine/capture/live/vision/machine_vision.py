"""Frames of a machine-vision camera, through any library that delivers its buffers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from time import perf_counter
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ....camera import CameraProfile
from ....controls import Control
from ....errors import SourceError
from ....frame import Frame, Lease
from ...clock import TickClock
from ..retry import LiveSource
from .features import Features
from .options import VisionOptions
from .pfnc import PixelFormat
from .setup import prepare, read_modes, read_rate, read_size
from .sfnc import CameraControls

SLICE_S = 0.1  # a read returns after this time, so that settings are passed on and `interrupt` is seen
SILENT_S = 2.0  # without a frame for longer, and for two exposures or frames, `status` names the silence
SHORT_COUNTER = 1 << 16  # GigE Vision numbers blocks with 16 bits, from 1, unless its extended numbers are on
MAX_GAP = 1 << 14  # a longer gap is a counter that began again


class Grab(NamedTuple):
    """An image in a driver's buffer: its bytes, (width, height), bytes between rows and the number of its block.

    `ticks` is the time in ticks of the camera's clock; None or 0 without a clock. `give_back` returns the buffer.
    """

    data: NDArray[np.uint8]
    size: tuple[int, int]
    padding: int
    number: int
    ticks: int | None
    give_back: Callable[[], None]


class VisionCamera(Protocol):
    """An open camera. `failed` counts the images that arrived incomplete."""

    features: Features
    ticks_per_s: float
    failed: int

    def start(self) -> None:
        """Starts the delivery. Raises SourceError."""

    def grab(self, timeout_s: float) -> Grab | None:
        """The next image; None after the time-out or for an incomplete one. Raises SourceError if the camera is gone.

        Memory of an image lives until it is given back, also after `close`.
        """

    def close(self) -> None:
        """Ends the delivery and closes the camera. Must not raise."""


class VisionSource(LiveSource):
    """The frames of the camera that `connect` opens.

    `dropped` counts the images that the camera sent and that did not arrive, by the numbers of their blocks; `failed`
    those that arrived incomplete. Neither is shown. `modes` lists the camera's formats and sizes for people.
    """

    def __init__(self, name: str, options: VisionOptions, connect: Callable[[], VisionCamera]) -> None:
        super().__init__(name)
        self._options = options
        self._connect_camera = connect
        self._camera: VisionCamera | None = None
        self._camera_controls = CameraControls()
        self.dropped = 0
        self.failed = 0
        self.modes: tuple[str, ...] = ()
        self._connect()

    def controls(self) -> Iterable[Control]:
        return self._camera_controls()

    def _open(self) -> Iterator[Frame]:
        try:
            camera = self._camera = self._connect_camera()
            pixel_format = prepare(camera.features, self._options)
            black = self._options.black
            profile = CameraProfile(black=(black, black, black, black), white=pixel_format.white)
            # A camera that returns is asked for the same format.
            self._options = replace(self._options, format=pixel_format.name)
            self.size = read_size(camera.features)
            self.modes = self.modes or read_modes(camera.features)
            self.fps = read_rate(camera.features)
            self._camera_controls.attach(camera.features)
        except SourceError as error:
            if str(error).startswith(self.name):
                raise
            raise SourceError(f"{self.name}: {error}") from error
        return self._frames_of(camera, pixel_format, profile)

    def _release(self) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.close()

    def _frames_of(self, camera: VisionCamera, pixel_format: PixelFormat, profile: CameraProfile) -> Iterator[Frame]:
        clock = TickClock(camera.ticks_per_s)
        numbers = BlockNumbers()
        camera.start()
        self._camera_controls.apply(camera.features, after=-1)
        silent_from_s = first_s = perf_counter()
        index = -1
        failed = shown_failed = 0  # incomplete images so far, and before the last frame
        while not self._stop.is_set():
            if self._camera_controls.apply(camera.features, after=index):
                self.fps = read_rate(camera.features)
            grab = camera.grab(SLICE_S)
            arrived_s = perf_counter()
            self.failed, failed = self.failed + camera.failed - failed, camera.failed
            if grab is None:
                self._note_silence(arrived_s - silent_from_s, only_incomplete=failed > shown_failed)
                continue
            silent_from_s, shown_failed = arrived_s, failed
            index, dropped = numbers.count(grab.number, failed)
            self.dropped += dropped
            captured_s = clock.captured_s(grab.ticks, arrived_s) if grab.ticks else None
            time_s = captured_s or arrived_s
            first_s = time_s if index == 0 else first_s
            times = {"time_s": time_s - first_s, "arrived_s": arrived_s, "captured_s": captured_s}
            frame = self._frame(grab, pixel_format, profile=profile, index=index, **times)
            yield self._camera_controls.frames.exposed(frame)

    def _frame(self, grab: Grab, pixel_format: PixelFormat, **fields: Any) -> Frame:
        """The frame of an image, with these fields. Its pixels are leased, unless they had to be copied."""
        lease = Lease(grab.give_back)
        image, is_shared = pixel_format.fields(grab.data, grab.size, grab.padding)
        if not is_shared:
            lease.release()
        self.size = grab.size
        return Frame(**image, **fields, name=self.name, lease=lease if is_shared else None)

    def _note_silence(self, silent_s: float, *, only_incomplete: bool) -> None:
        period_s = max(self._camera_controls.exposure_s, 1 / self.fps if self.fps else 0.0)
        if silent_s < SILENT_S or silent_s < 2 * period_s:
            return
        cause = (
            "only incomplete ones, choose a lower fps or size" if only_incomplete else "check its cable and exposure"
        )
        self.status = f"{self.name}: no frame for {silent_s:.0f} s; {cause}"


class BlockNumbers:
    """Counts images by the numbers that the camera gives its blocks."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._failed = 0
        self._index = 0

    def count(self, number: int, failed: int) -> tuple[int, int]:
        """(index, dropped): the index of the image `number`, and how many images before it did not arrive.

        `failed` is the number of incomplete images so far, whose numbers are not counted as dropped.
        """
        if self._last is None:
            gap = 1
            self._index = -1
        else:
            gap = number - self._last
            if gap < 0 and self._last < SHORT_COUNTER:
                gap += SHORT_COUNTER - 1  # 0 is left out
            if not 0 < gap < MAX_GAP:
                gap = 1
        incomplete, self._failed = failed - self._failed, failed
        self._last = number
        self._index += gap
        return self._index, max(gap - 1 - incomplete, 0) if self._index else 0
