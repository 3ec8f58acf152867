"""A live source without hardware: a driver thread fills a pool of buffers, like a camera's kernel driver."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np
from groundglass.capture import EXPOSURE_CONTROL, BaseSource, Timing
from groundglass.capture.clock import TickClock
from groundglass.capture.live.retry import LiveSource
from groundglass.controls import Control, Number
from groundglass.errors import SourceError
from groundglass.frame import Frame, Lease

WAIT_S = 10.0  # much more than a loaded machine needs
DRIVER_WAIT_S = 120.0  # a viewer keeps a buffer while its engine compiles, on a loaded machine for longer than WAIT_S
TICKS_PER_S = 1e6
TICKS_AT_START = 2**32 - 5000  # the counter wraps soon
UNPLUGGED = SourceError("camera: unplugged; plug it in again")


class FakeCamera(BaseSource):
    """Provides `count` frames, endless if None. Each leases one of `buffers` buffers and holds its own number.

    `starved` is True if the driver waited in vain for a free buffer. `given_back` lists the numbers of released frames,
    once per release.
    """

    name, timing, size = "fake camera", Timing.LIVE, (16, 8)

    def __init__(self, count: int | None = None, *, fps: float = 500.0, buffers: int = 3, orientation: int = 1) -> None:
        self.fps, self.frames, self._orientation = fps, count, orientation
        self._period_s = 1 / fps
        self.starved, self.given_back, self.closed = False, list[int](), False
        self.exposure_ev, self.gain = 0.0, 1.0
        width, height = self.size
        self._memory = np.zeros((buffers, height, width), np.uint16)
        self._free: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in range(buffers):
            self._free.put(number)
        self._filled: queue.SimpleQueue[tuple[int, int, int] | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._clock = TickClock(TICKS_PER_S, bits=32)
        self._driver = threading.Thread(target=self._drive, name="fake-driver", daemon=True)
        self._driver.start()

    def __iter__(self) -> Iterator[Frame]:
        while (filled := self._filled.get()) is not None and not self._stop.is_set():
            buffer, number, ticks = filled
            arrived_s = time.perf_counter()
            yield Frame(
                self._memory[buffer],
                index=number,
                arrived_s=arrived_s,
                captured_s=self._clock.captured_s(ticks, arrived_s),
                orientation=self._orientation,
                lease=Lease(partial(self._take_back, buffer, number)),
            )

    def interrupt(self) -> None:
        self._stop.set()
        self._filled.put(None)

    def controls(self) -> Iterable[Control]:
        yield Number(
            *(EXPOSURE_CONTROL, "Camera exposure", "camera"),
            minimum=-8.0,
            maximum=8.0,
            step=0.1,
            unit="EV",
            get=lambda: self.exposure_ev,
            set=partial(setattr, self, "exposure_ev"),
        )
        yield Number(
            *("camera_gain", "Camera gain", "camera"),
            minimum=1.0,
            maximum=16.0,
            step=0.1,
            get=lambda: self.gain,
            set=partial(setattr, self, "gain"),
        )

    def close(self) -> None:
        self.closed = True
        self.interrupt()
        self._free.put(-1)
        self._driver.join(WAIT_S)

    def _take_back(self, buffer: int, number: int) -> None:
        self.given_back.append(number)
        self._free.put(buffer)

    def _drive(self) -> None:
        number = 0
        while (self.frames is None or number < self.frames) and not self._stop.wait(self._period_s):
            try:
                buffer = self._free.get(timeout=DRIVER_WAIT_S)
            except queue.Empty:
                self.starved = True
                return
            if buffer < 0:
                return
            ticks = (TICKS_AT_START + round(time.perf_counter() * TICKS_PER_S)) % 2**32
            self._memory[buffer] = number
            self._filled.put((buffer, number, ticks))
            number += 1
        if not self._stop.is_set():
            self._filled.put(None)


class Unplugged(LiveSource):
    """Each opening is the next of `openings`: a camera that is unplugged after its frames, or an error."""

    def __init__(self, *openings: FakeCamera | Exception) -> None:
        super().__init__("camera")
        self._openings = list(openings)
        self._camera: FakeCamera | None = None
        self.opened_s: list[float] = []
        self._connect()

    def _open(self) -> Iterator[Frame]:
        self.opened_s.append(time.perf_counter())
        opening = self._openings.pop(0) if len(self._openings) > 1 else self._openings[0]
        if isinstance(opening, Exception):
            raise opening
        self._camera, self.size = opening, opening.size
        return self._read(opening)

    def _read(self, camera: FakeCamera) -> Iterator[Frame]:
        yield from camera
        raise UNPLUGGED

    def unplug(self) -> None:
        if self._camera is not None:
            self._camera.interrupt()

    def interrupt(self) -> None:
        super().interrupt()
        self.unplug()

    def _release(self) -> None:
        if self._camera is not None:
            self._camera.close()


def check_held_frames(held: list[Frame], copies: list[np.ndarray], others: set[int]) -> None:
    """Held frames keep their buffers and pixels, also after their camera; `others` are addresses of later frames."""
    addresses = {frame.pixels.ctypes.data for frame in held}
    assert len(addresses) == len(held)
    assert len(others) <= 5
    assert not addresses & others
    for frame, copy in zip(held, copies, strict=True):
        np.testing.assert_array_equal(frame.pixels, copy)
        frame.release()
