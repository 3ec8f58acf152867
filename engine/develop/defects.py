"""Correction of dead and hot photosites of a mosaic, before any interpolation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..cfa import Cfa
from ..compute.device import Buffer
from ..compute.planes import Planes


class Defects:
    """Corrects Bayer and monochrome mosaics of one size in place; `output` is the mosaic itself.

    A defect becomes the mean of the pair of opposite good neighbours of its colour that differ least. With `detect`, a
    photosite is also a defect if it is an outlier among its eight neighbours of the same colour, one of which may be a
    defect too, while adjacent photosites of other colours are not. So stars, catchlights and thin lines are kept.
    """

    def __init__(self, mosaic: Planes) -> None:
        self.output = mosaic
        self._listed = Planes(mosaic.device, *mosaic.size, 1)
        self._detected: Planes | None = None
        self._positions: Buffer | None = None
        self._count = 0
        self._cached: NDArray[np.int32] | None = None

    def set_listed(self, positions: NDArray[np.int32] | None) -> None:
        """Sets the (N, 2) columns and rows of known defects; positions outside the mosaic are ignored."""
        if positions is self._cached:
            return
        self._cached = positions
        device, (width, height) = self.output.device, self.output.size
        known = np.zeros((0, 2), np.int32) if positions is None else positions
        inside = np.all((known >= 0) & (known < (width, height)), axis=1)
        known = np.ascontiguousarray(np.unique(known[inside], axis=0), np.int32)
        mask = np.zeros((height, width, 1), np.float32)
        mask[known[:, 1], known[:, 0]] = 1.0
        self._listed.write(mask)
        self._listed.mirror()
        if self._positions is not None:
            device.release(self._positions)
            self._positions = None
        self._count = len(known)
        if self._count:
            self._positions = device.allocate(known.nbytes)
            device.write(self._positions, known)

    def run(self, cfa: Cfa, *, detect: bool) -> None:
        """Queues the kernels. `detect` requires a mosaic in the domain of kernels/encoding.h."""
        mosaic, source = self.output, "defects.cl"
        step = 1 if cfa.kind == "mono" else 2
        if detect:
            if self._detected is None:
                self._detected = Planes(mosaic.device, *mosaic.size, 1)
            mask = self._detected.buffer
            listed = self._listed.buffer
            mosaic.run(source, "detect_defects", mosaic=mosaic.buffer, listed=listed, mask=mask, step=step)
            self._detected.mirror()
            mosaic.run(source, "correct_detected", mosaic=mosaic.buffer, mask=mask, step=step)
        elif self._positions is not None:
            mosaic.device.run(
                source, "correct_listed", (-(-self._count // 64) * 64, 1), (64, 1), mosaic=mosaic.buffer,
                mask=self._listed.buffer, positions=self._positions, pitch=mosaic.layout.pitch, step=step,
                count=self._count,
            )  # fmt: skip
        else:
            return
        mosaic.mirror()

    def release(self) -> None:
        """Releases all buffers except the mosaic; safe to call twice."""
        self._listed.release()
        if self._detected is not None:
            self._detected.release()
        if self._positions is not None:
            self.output.device.release(self._positions)
        self._positions, self._cached, self._count = None, None, 0
