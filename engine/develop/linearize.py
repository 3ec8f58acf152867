"""The first step on the device: a mosaic's bytes, as the camera packed them, become light."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import CameraProfile
from ..compute.arguments import numbered
from ..compute.device import Buffer, Device
from ..compute.planes import Planes
from ..frame import Frame
from .levels import Levels

CLIPPED_AT = 1.0  # where the channel that clips first does
UNLIMITED = 1e6


class Linearize:
    """Takes in mosaics of one size, packing and kind; `mosaic` holds their light, its border mirrored.

    `binned` gives a quad-Bayer sensor's squares of four as one site each: a Bayer mosaic of half the size.
    """

    def __init__(self, device: Device, frame: Frame, *, binned: bool = False) -> None:
        self._device = device
        self._binned = binned
        width, height = (side // 2 for side in frame.size) if binned else frame.size
        self.mosaic = Planes(device, width, height, 1)
        # kernels/samples.h calls the packings by the names that they have in Python.
        self._source = f"linearize.cl?PACKING={frame.packing.name}&BLOCK={int(frame.cfa.block == 2 and not binned)}"
        # Kernels read whole runs: beyond a row's end by up to a padded row.
        self._bytes = device.allocate(frame.pixels.nbytes + 4 * self.mosaic.layout.pitch)
        self._blacks, self._gains = (_PhotositeMap(device, fill) for fill in (0.0, 1.0))

    @property
    def output(self) -> Planes:
        return self.mosaic

    def run(self, frame: Frame, profile: CameraProfile, *, clip: bool, encoded: bool = True) -> None:
        """Queues what fills `mosaic`: linear light, balanced as `profile` says, in the domain of kernels/encoding.h
        where `encoded`. `clip` cuts every channel where the first one clips.
        """
        self._device.write(self._bytes, frame.pixels)
        levels = Levels.of(profile, frame.cfa)
        kernel = "linearize_binned" if self._binned else "linearize"
        maps: dict[str, Any] = {}
        if not self._binned and not (profile.black_map is None and profile.gain_map is None):
            kernel, slack = "linearize_mapped", self.mosaic.layout.pitch
            maps["blacks"] = self._blacks.of(profile.black_map, frame.size, slack)
            maps["gains"] = self._gains.of(profile.gain_map, frame.size, slack)
        self.mosaic.run(
            self._source, kernel, bytes=self._bytes, mosaic=self.mosaic.buffer, **maps,
            row_bytes=frame.pixels.strides[0], **numbered("black", levels.black), **numbered("gain", levels.gain),
            most=CLIPPED_AT if clip else UNLIMITED, encoded=int(encoded),
        )  # fmt: skip
        self.mosaic.mirror()

    def release(self) -> None:
        self.mosaic.release()
        self._device.release(self._bytes)
        for site_map in (self._blacks, self._gains):
            site_map.release()


class _PhotositeMap:
    """A number for each site on the device; uploaded when it changes, `fill` everywhere where none is known."""

    def __init__(self, device: Device, fill: float) -> None:
        self._device = device
        self._fill = fill
        self._buffer: Buffer | None = None
        self._cached: tuple[Any, ...] = ()

    def of(self, site_map: NDArray[np.float32] | None, size: tuple[int, int], slack: int) -> Buffer:
        """The buffer that holds `site_map`, (H, W) of a mosaic of `size`, with `slack` more numbers behind it."""
        if self._buffer is None:
            self._buffer = self._device.allocate(4 * (size[0] * size[1] + slack))
        if not self._cached or self._cached[0] is not site_map:
            numbers = np.full(size[::-1], self._fill, np.float32) if site_map is None else site_map
            self._device.write(self._buffer, np.ascontiguousarray(numbers, np.float32))
            self._cached = (site_map,)  # kept alive, so that no other array takes its identity
        return self._buffer

    def release(self) -> None:
        if self._buffer is not None:
            self._device.release(self._buffer)
        self._buffer, self._cached = None, ()
