"""The memory-mapped buffers of a V4L2 driver, leased to frames without a copy."""

from __future__ import annotations

import errno
import os
import select
import threading
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from linuxpy.video import raw
from numpy.typing import NDArray

from ....errors import SourceError
from ....frame import Lease
from .device import BUSY, Device, remedy
from .mapping import Mapping
from .signal import CHANGED, has_changed

# The newest frame, the frame on screen, the frame that a filter reads, and two that the driver fills.
BUFFERS = 5
MIN_BUFFERS = 2
_ERROR, _CLOCK = int(raw.BufferFlag.ERROR), int(raw.BufferFlag.TIMESTAMP_MASK)
_MONOTONIC, _DQBUF, _QBUF = int(raw.BufferFlag.TIMESTAMP_MONOTONIC), int(raw.IOC.DQBUF), int(raw.IOC.QBUF)
_LOST = select.POLLERR | select.POLLHUP | select.POLLNVAL


class Filled(NamedTuple):
    """A buffer that the driver has filled. `stamp_s` is on CLOCK_MONOTONIC, None if the driver uses another clock."""

    bytes: NDArray[np.uint8]
    sequence: int
    stamp_s: float | None
    lease: Lease


class Buffers:
    """The buffers of a streaming camera. The creator closes them, before the device.

    A lease may be released by any thread, also after `close`. Its bytes are valid until then, and zeros afterwards.
    `corrupt` counts frames that the driver marked as such.
    """

    def __init__(self, device: Device, count: int = BUFFERS) -> None:
        self._device = device
        self._lock = threading.RLock()  # a lease without references may be released in this thread at any time
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._is_open = True
        self.corrupt = 0
        self._mappings: list[Mapping] = []
        self._arrays: list[NDArray[np.uint8]] = []
        self._leased: set[int] = set()
        self._refused: list[int] = []  # by the driver, once: they are offered again
        self._poll = select.poll()
        self._poll.register(device.fd, select.POLLIN | select.POLLPRI)
        self._poll.register(self._wake, select.POLLIN)
        self._filled = self._structure(0)
        try:
            self._allocate(count)
            for index in range(len(self._mappings)):
                device.call(_QBUF, self._structure(index))
            device.call(raw.IOC.STREAMON, self._type())
        except BaseException:
            self.close()
            raise

    def wait(self, timeout_s: float) -> bool:
        """Waits for a filled buffer: True if there is one, False after `wake` or the timeout.

        Raises SourceError if the camera is gone, if its driver has given up, or if its signal has another size.
        """
        if self._refused:
            self._offer_again()
        events = dict(self._poll.poll(1000 * timeout_s))
        if self._wake in events:
            os.eventfd_read(self._wake)
        state = events.get(self._device.fd, 0)
        if state & _LOST:
            self._raise_fault(state)
        if state & select.POLLPRI and has_changed(self._device):
            raise SourceError(f"{self._device.path}: {CHANGED}")
        return bool(state & select.POLLIN)

    def wake(self) -> None:
        """Ends `wait` in another thread."""
        with self._lock:
            if self._is_open:
                os.eventfd_write(self._wake, 1)

    def take(self) -> Filled | None:
        """The next filled buffer; None if no buffer is filled, or if its frame is corrupt. Raises SourceError."""
        filled = self._filled
        try:
            self._device.call(_DQBUF, filled)
        except BlockingIOError:
            return None
        except OSError as error:
            raise SourceError(f"{self._device.path}: {remedy(error)}") from error
        with self._lock:
            self._leased.add(filled.index)
        lease = Lease(partial(self._give_back, filled.index))
        if filled.flags & _ERROR:
            self.corrupt += 1
            lease.release()
            return None
        is_monotonic = filled.flags & _CLOCK == _MONOTONIC
        stamp = filled.timestamp
        used = filled.m.planes[0].bytesused if self._device.is_multiplanar else filled.bytesused
        return Filled(
            self._arrays[filled.index][:used],
            filled.sequence,
            stamp.secs + 1e-6 * stamp.usecs if is_monotonic else None,
            lease,
        )

    def close(self) -> None:
        """Stops the stream and gives all buffers back to the driver. Harmless when called twice."""
        with self._lock:
            if not self._is_open:
                return
            self._is_open = False
            os.close(self._wake)
            for request, argument in ((raw.IOC.STREAMOFF, self._type()), (raw.IOC.REQBUFS, self._request(0))):
                try:
                    self._device.call(request, argument)
                except OSError:  # the camera is gone
                    continue
            for index, mapping in enumerate(self._mappings):
                if index not in self._leased:
                    mapping.detach()

    def _allocate(self, count: int) -> None:
        try:
            granted = self._device.call(raw.IOC.REQBUFS, self._request(count)).count
        except OSError as error:
            if error.errno == errno.EBUSY:
                raise SourceError(f"{self._device.path}: {BUSY}") from error
            raise
        if granted < MIN_BUFFERS:
            raise SourceError(f"{self._device.path}: the driver has no memory for frames; try a smaller size")
        for index in range(granted):
            buffer = self._device.call(raw.IOC.QUERYBUF, self._structure(index))
            plane = buffer.m.planes[0] if self._device.is_multiplanar else buffer
            offset = plane.m.mem_offset if self._device.is_multiplanar else plane.m.offset
            mapping = Mapping(self._device.fd, plane.length, offset)
            self._mappings.append(mapping)
            self._arrays.append(np.asarray(mapping))

    def _structure(self, index: int) -> Any:
        buffer = raw.v4l2_buffer(index=index, type=self._device.type, memory=int(raw.Memory.MMAP))
        if self._device.is_multiplanar:
            buffer.m.planes = (raw.v4l2_plane * 1)()
            buffer.length = 1
        return buffer

    def _request(self, count: int) -> Any:
        return raw.v4l2_requestbuffers(count=count, type=self._device.type, memory=int(raw.Memory.MMAP))

    def _type(self) -> Any:
        return raw.cint(self._device.type)

    def _give_back(self, index: int) -> None:
        with self._lock:
            self._leased.discard(index)
            if self._is_open:
                self._offer(index)
            else:
                self._mappings[index].detach()

    def _offer(self, index: int) -> None:
        try:
            self._device.call(_QBUF, self._structure(index))
        except OSError:  # if the camera is gone, the thread that reads reports it
            self._refused.append(index)

    def _offer_again(self) -> None:
        with self._lock:
            refused, self._refused = self._refused, []
            for index in refused:
                self._offer(index)

    def _raise_fault(self, state: int) -> None:
        if state & select.POLLHUP:
            raise SourceError(f"{self._device.path}: the camera is gone; plug it in again")
        raise SourceError(f"{self._device.path}: the driver reports a fatal error of the stream; it is started again")
