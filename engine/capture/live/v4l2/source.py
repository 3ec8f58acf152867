"""A V4L2 camera as a live source."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace


from ....camera import CameraProfile
from ....controls import Control
from ....errors import SourceError
from ....frame import Frame
from ...clock import monotonic_to_perf_counter
from ..retry import LiveSource
from .buffers import Buffers, Filled
from .connected import find_again
from .controls import CameraControls
from .device import Device, Mode, open_camera
from .formats import MOSAICS
from .modes import choose_mode
from .name import Requested

MIN_STALL_S = 2.0  # without a frame for longer, or for as long as some frames take, the stream is started again
STALL_FRAMES = 10


class V4l2Source(LiveSource):
    """Frames in the driver's buffers, leased. `status` reports a fault; the camera is then opened again.

    `index` follows the driver's frame numbers: a gap is a frame that the driver dropped.
    """

    def __init__(self, name: str, requested: Requested) -> None:
        super().__init__(name)
        self._requested = requested
        self._device: Device | None = None
        self._buffers: Buffers | None = None
        self._identity: tuple[str, str] | None = None
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
            path = find_again(path, *self._identity)
        self._device = device = open_camera(path)
        self._identity = device.card, device.bus
        mode = choose_mode(self.name, device, self._requested)
        self.size, self.fps = mode.size, device.rate()
        if self._controls is None:
            self._controls = CameraControls(device)
        else:
            self._controls.restore()
        self._controls.service(device)
        self._buffers = Buffers(device)
        return self._frames_of(device, self._buffers, mode, self._controls)

    def _release(self) -> None:
        buffers, device = self._buffers, self._device
        self._buffers = self._device = None
        if buffers is not None:
            buffers.close()
        if device is not None:
            device.close()

    def _frames_of(self, device: Device, buffers: Buffers, mode: Mode, controls: CameraControls) -> Iterator[Frame]:
        stall_s = max(MIN_STALL_S, STALL_FRAMES / (self.fps or SLOW_FPS))
        make = MosaicFrames(mode, self._requested.black)
        sequence = first = -1
        seen_s = time.perf_counter()
        while not self._stop.is_set():
            if controls.service(device) and controls.exposure is not None:
                controls.exposure.take_effect(sequence)
            filled = buffers.take() if buffers.wait(stall_s) else None
            if filled is None:
                if time.perf_counter() - seen_s > stall_s:
                    raise SourceError(f"{self.name}: no frame for {stall_s:.3g} s; the camera is started again")
                continue
            seen_s = time.perf_counter()
            sequence = filled.sequence
            first = sequence if first < 0 else first
            ev = controls.exposure.ev_of(sequence) if controls.exposure is not None else 0.0
            frame = make.frame(filled, sequence - first, ev)
            if frame is not None:
                yield frame


SLOW_FPS = 5.0


class MosaicFrames:
    """Frames of a mosaic in the driver's buffers."""

    def __init__(self, mode: Mode, black: float) -> None:
        self._format = MOSAICS[mode.code]
        self._mode = mode
        self._row_bytes = max(mode.bytes_per_line, self._format.packing.row_bytes(mode.width))
        self._profile = CameraProfile(black=(black,) * 4, white=float(2**self._format.bits - 1))
        self._ev = 0.0
        self.short = 0

    def frame(self, filled: Filled, index: int, ev: float) -> Frame | None:
        """The frame in this buffer; None if the driver delivered less than a whole frame."""
        height = self._mode.height
        if len(filled.bytes) < self._row_bytes * height:
            self.short += 1
            filled.lease.release()
            return None
        if ev != self._ev:
            self._ev = ev
            self._profile = replace(self._profile, exposure_ev=-ev)
        captured_s = None if filled.stamp_s is None else monotonic_to_perf_counter(filled.stamp_s)
        return Frame(
            filled.bytes[: self._row_bytes * height].reshape(height, self._row_bytes),
            cfa=self._format.cfa,
            profile=self._profile,
            index=index,
            captured_s=captured_s,
            packing=self._format.packing,
            packed_width=self._mode.width,
            lease=filled.lease,
        )
