"""Dead and hot sites of a mosaic, replaced before anything interpolates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..cfa import Cfa
from ..compute.device import Buffer
from ..compute.planes import Planes


class Defects:
    """Mends, in place, Bayer and monochrome mosaics of one size; `output` is the mosaic itself.

    A bad site becomes the mean of the two opposite good neighbours of its colour that agree best. With `detect`, sites
    are bad, too, that stick out from all eight neighbours of their colour, or all but one that may be as bad, while the
    sites beside them, of other colours, see nothing: a star, a catchlight or a thin line stays.
    """

    def __init__(self, mosaic: Planes) -> None:
        self.output = mosaic
        self._listed = Planes(mosaic.device, *mosaic.size, 1)
        self._marks: Planes | None = None
        self._places: Buffer | None = None
        self._count = 0
        self._cached: NDArray[np.int32] | None = None

    def set_listed(self, places: NDArray[np.int32] | None) -> None:
        """Takes the (N, 2) columns and rows of the sites that are known to be bad; those outside are none of ours."""
        if places is self._cached:
            return
        self._cached = places
        device, (width, height) = self.output.device, self.output.size
        known = np.zeros((0, 2), np.int32) if places is None else places
        inside = np.all((known >= 0) & (known < (width, height)), axis=1)
        known = np.ascontiguousarray(np.unique(known[inside], axis=0), np.int32)
        marks = np.zeros((height, width, 1), np.float32)
        marks[known[:, 1], known[:, 0]] = 1.0
        self._listed.write(marks)
        self._listed.mirror()
        if self._places is not None:
            device.release(self._places)
            self._places = None
        self._count = len(known)
        if self._count:
            self._places = device.allocate(known.nbytes)
            device.write(self._places, known)

    def run(self, cfa: Cfa, *, detect: bool) -> None:
        """Queues the kernels. To detect, the mosaic is in the domain of kernels/encoding.h."""
        mosaic, source = self.output, "defects.cl"
        step = 1 if cfa.kind == "mono" else 2
        if detect:
            if self._marks is None:
                self._marks = Planes(mosaic.device, *mosaic.size, 1)
            marks = self._marks.buffer
            listed = self._listed.buffer
            mosaic.run(source, "detect_defects", mosaic=mosaic.buffer, listed=listed, marks=marks, step=step)
            self._marks.mirror()
            mosaic.run(source, "correct_marked", mosaic=mosaic.buffer, marks=marks, step=step)
        elif self._places is not None:
            mosaic.device.run(
                source, "correct_listed", (-(-self._count // 64) * 64, 1), (64, 1), mosaic=mosaic.buffer,
                marks=self._listed.buffer, places=self._places, pitch=mosaic.layout.pitch, step=step,
                count=self._count,
            )  # fmt: skip
        else:
            return
        mosaic.mirror()

    def release(self) -> None:
        """Gives back what it holds besides the mosaic; harmless when done twice."""
        self._listed.release()
        if self._marks is not None:
            self._marks.release()
        if self._places is not None:
            self.output.device.release(self._places)
        self._places, self._cached, self._count = None, None, 0
