"""A V4L2 camera as a live source."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from ....controls import Control
from ....errors import SourceError
from ....frame import Frame
from ..retry import LiveSource
from .buffers import Buffers
from .connected import Identity, find_again, identities
from .controls import CameraControls
from .device import Device, open_camera, remedy
from .frames import FrameMaker, frame_maker
from .modes import choose_mode
from .name import Requested
from .signal import follow_signal

MIN_STALL_S = 2.0  # without a frame for longer, or for as long as some frames take, the stream is started again
STALL_FRAMES = 10
SLOW_FPS = 5.0  # assumed rate of a camera that does not report it


class V4l2Source(LiveSource):
    """Frames in the driver's buffers, leased. `status` reports a fault; the camera is then opened again.

    `index` follows the driver's frame numbers: a gap is a frame that the driver dropped.
    """

    def __init__(self, name: str, requested: Requested) -> None:
        super().__init__(name)
        self._requested = requested
        self._device: Device | None = None
        self._buffers: Buffers | None = None
        self._maker: FrameMaker | None = None
        self._identity: Identity | None = None
        self._others: set[Identity] = set()
        self._controls: CameraControls | None = None
        self._connect()

    def controls(self) -> Iterable[Control]:
        return () if self._controls is None else self._controls.list_controls()

    def interrupt(self) -> None:
        super().interrupt()
        buffers = self._buffers
        if buffers is not None:
            buffers.wake()

    def _open(self) -> Iterator[Frame]:
        path = self._requested.path
        if self._identity is not None:
            path = find_again(path, self._identity, self._others)
        self._device = device = open_camera(path)
        try:
            return self._started(device)
        except OSError as error:
            raise SourceError(f"{self.name}: {remedy(error)}") from error

    def _started(self, device: Device) -> Iterator[Frame]:
        if self._identity is None:
            self._identity = device.card, device.bus
            self._others = identities() - {self._identity}
        follow_signal(device)
        mode = choose_mode(self.name, device, self._requested)
        self.size, self.fps = mode.size, device.rate()
        controls = self._controls or CameraControls(device)
        if self._controls is not None:
            controls.restore()
        self._controls = controls
        controls.service(device)
        if controls.exposure is not None:
            controls.exposure.restart(self.fps)
        self._buffers = buffers = Buffers(device)
        self._maker = frame_maker(self.name, mode, self._requested.black, buffers.wake)
        return self._frames_of(device, buffers, self._maker, controls)

    def _release(self) -> None:
        maker, buffers, device = self._maker, self._buffers, self._device
        self._maker = self._buffers = self._device = None
        if maker is not None:
            maker.close()
        if buffers is not None:
            buffers.close()
        if device is not None:
            device.close()

    def _frames_of(
        self, device: Device, buffers: Buffers, maker: FrameMaker, controls: CameraControls
    ) -> Iterator[Frame]:
        stall_s = max(MIN_STALL_S, STALL_FRAMES / (self.fps or SLOW_FPS))
        exposure = controls.exposure
        last = first = -1
        delivered_s = time.perf_counter()
        while not self._stop.is_set():
            if controls.service(device) and exposure is not None:
                exposure.changed(last - first)
            filled = buffers.take() if buffers.wait(stall_s) else None
            if filled is None:
                frame = maker.late_frame()
            else:
                last = filled.sequence
                first = last if first < 0 else first
                frame = maker.frame(filled, last - first)
            if frame is not None:
                yield frame if exposure is None else exposure.exposed(frame)
                delivered_s = time.perf_counter()
            elif time.perf_counter() - delivered_s > stall_s:
                raise SourceError(f"{self.name}: no whole frame for {stall_s:.3g} s; the camera is started again")
