"""First step on the device: packed bytes of a mosaic to linear light."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import CameraProfile
from ..compute.arguments import numbered
from ..compute.device import Buffer, Device
from ..compute.planes import Planes
from ..frame import Frame
from .binning import Binning
from .levels import Levels

CLIPPED_AT = 1.0  # the level at which the first channel clips
UNLIMITED = 1e6


class Linearize:
    """Linearizes mosaics of one size, packing and kind; `mosaic` contains their light, border mirrored.

    With `binning` four photosites become one: a Bayer mosaic of half the size. The profile is then a binned one.
    """

    def __init__(self, device: Device, frame: Frame, binning: Binning | None = None) -> None:
        self._device = device
        self.binning = binning
        self.mosaic = Planes(device, *(frame.size if binning is None else binning.size_of(frame.size)), 1)
        # kernels/samples.h uses the names of Packing.
        kind = "0" if binning is None else "SQUARE" if binning.is_quad else "SPREAD"
        block = int(frame.cfa.block == 2 and binning is None)
        self._source = f"linearize.cl?PACKING={frame.packing.name}&BLOCK={block}&BINNING={kind}"
        # Kernels read whole runs: up to one padded row beyond the end of a row, or two if binned.
        self._bytes = device.allocate(frame.pixels.nbytes + 8 * self.mosaic.layout.pitch)
        self._blacks, self._gains = (_PhotositeMap(device, fill) for fill in (0.0, 1.0))

    @property
    def output(self) -> Planes:
        return self.mosaic

    def run(self, frame: Frame, profile: CameraProfile, *, clip: bool, encoded: bool = True) -> None:
        """Fills `mosaic` with the linear light of a frame: `load` and `queue`."""
        self.load(frame)
        self.queue(frame, profile, clip=clip, encoded=encoded)

    def load(self, frame: Frame) -> None:
        """Queues a copy of the mosaic of a frame, as `Device.write` describes."""
        self._device.write(self._bytes, frame.pixels, waits=False)

    def queue(self, frame: Frame, profile: CameraProfile, *, clip: bool, encoded: bool = True) -> None:
        """Queues the kernels for a loaded frame, white-balanced by `profile`; in the domain of kernels/encoding.h if
        `encoded`. `clip` cuts every channel at the level of the first to clip.
        """
        levels = Levels.of(profile, frame.cfa)
        kernel, size = "linearize", self.mosaic.size
        maps: dict[str, Any] = {}
        if not (profile.black_map is None and profile.gain_map is None):
            kernel, slack = "linearize_mapped", self.mosaic.layout.pitch
            maps["blacks"] = self._blacks.of(profile.black_map, size, slack)
            maps["gains"] = self._gains.of(profile.gain_map, size, slack)
        self.mosaic.run(
            self._source, kernel, bytes=self._bytes, mosaic=self.mosaic.buffer, **maps,
            row_bytes=frame.pixels.strides[0], **numbered("black", levels.black), **numbered("gain", levels.gain),
            span=profile.span, limit=CLIPPED_AT if clip else UNLIMITED, encoded=int(encoded),
        )  # fmt: skip
        self.mosaic.mirror()

    def release(self) -> None:
        self.mosaic.release()
        self._device.release(self._bytes)
        for photosite_map in (self._blacks, self._gains):
            photosite_map.release()


class _PhotositeMap:
    """A number for each photosite on the device, uploaded if it changes. Without a map every number is `fill`."""

    def __init__(self, device: Device, fill: float) -> None:
        self._device = device
        self._fill = fill
        self._buffer: Buffer | None = None
        self._cached: tuple[Any, ...] = ()

    def of(self, photosite_map: NDArray[np.float32] | None, size: tuple[int, int], slack: int) -> Buffer:
        """The buffer of `photosite_map`, (H, W) of a mosaic of `size`, followed by space for `slack` numbers."""
        if self._buffer is None:
            self._buffer = self._device.allocate(4 * (size[0] * size[1] + slack))
        if not self._cached or self._cached[0] is not photosite_map:
            numbers = np.full(size[::-1], self._fill, np.float32) if photosite_map is None else photosite_map
            self._device.write(self._buffer, np.ascontiguousarray(numbers, np.float32))
            self._cached = (photosite_map,)  # keeps the array alive, so that no other array gets its identity
        return self._buffer

    def release(self) -> None:
        if self._buffer is not None:
            self._device.release(self._buffer)
        self._buffer, self._cached = None, ()
