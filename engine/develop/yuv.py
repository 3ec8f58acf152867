"""Y'CbCr pictures to scene RGB on the device."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..compute.arguments import numbered, of_matrix
from ..compute.device import Device
from ..compute.planes import Planes
from ..frame import Frame
from ..yuv import YuvFormat

SLACK_BYTES = 256  # kernels read whole runs of interleaved samples


class Yuv:
    """Develops pictures of one size, layout and row length. The bytes are uploaded as they are."""

    def __init__(self, device: Device, frame: Frame) -> None:
        self._device = device
        self.scene = Planes(device, *frame.size, 3)
        self._bytes = device.allocate(frame.pixels.nbytes + SLACK_BYTES)

    @property
    def output(self) -> Planes:
        return self.scene

    def run(self, frame: Frame, matrix: NDArray[np.float64]) -> None:
        """Queues the kernel that fills `scene`; `matrix` (3, 3) converts linear picture RGB to scene RGB."""
        form = frame.yuv_format
        self._device.write(self._bytes, frame.pixels)
        row_bytes = frame.pixels.shape[1]
        to_rgb, offset = form.coefficients()
        (y_at, cb_at, cr_at), (chroma_width, chroma_height) = form.starts(row_bytes), form.chroma_size
        chroma_x, chroma_y = form.chroma_at
        self.scene.run(
            _source(form), "yuv", bytes=self._bytes, scene=self.scene.buffer, row_bytes=row_bytes,
            chroma_bytes=form.regions(row_bytes)[-1].row_bytes, y_at=y_at, cb_at=cb_at, cr_at=cr_at,
            chroma_width=chroma_width, chroma_height=chroma_height, chroma_x=chroma_x, chroma_y=chroma_y,
            of_y=float(to_rgb[0, 0]), red_of_cr=float(to_rgb[0, 2]), green_of_cb=float(to_rgb[1, 1]),
            green_of_cr=float(to_rgb[1, 2]), blue_of_cb=float(to_rgb[2, 1]),
            **numbered("offset", offset.tolist()), **of_matrix(matrix),
        )  # fmt: skip

    def release(self) -> None:
        self.scene.release()
        self._device.release(self._bytes)


def _source(form: YuvFormat) -> str:
    """kernels/yuv.cl, built for the layout and sample size of the pictures."""
    (y_step, c_step), (across, down) = form.layout.steps, form.layout.shifts
    words = int(form.sample_bytes == 2)
    return f"yuv.cl?Y_STEP={y_step}&C_STEP={c_step}&SHIFT_X={across}&SHIFT_Y={down}&WORDS={words}"
