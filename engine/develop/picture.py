"""RGB pictures, display-encoded or scene-linear, to scene RGB on the device."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..compute.arguments import of_matrix
from ..compute.device import Device
from ..compute.planes import Planes
from ..frame import Encoding, Frame

STRIP_BYTES = 64 << 20  # on a CPU a larger picture is copied in strips, since its device has the same memory


class Picture:
    """Develops pictures of one size, encoding and dtype."""

    def __init__(self, device: Device, frame: Frame) -> None:
        self._device = device
        self.scene = Planes(device, *frame.size, 3)
        is_display = frame.encoding is Encoding.DISPLAY
        table = linear_table(np.iinfo(frame.pixels.dtype).max + 1 if is_display else 1)
        self._kernel = f"picture_{'f32' if not is_display else 'u8' if frame.pixels.dtype == np.uint8 else 'u16'}"
        self._table = device.allocate(table.nbytes)
        device.write(self._table, table)
        # Kernels read whole runs: up to one padded row beyond the last row.
        slack = self.scene.layout.pitch * frame.pixels.itemsize * 3
        row_bytes = frame.width * frame.pixels.itemsize * 3
        self._rows = min(max(STRIP_BYTES // row_bytes, 1), frame.height) if device.is_cpu else frame.height
        self._numbers = device.allocate(self._rows * row_bytes + slack)

    @property
    def output(self) -> Planes:
        return self.scene

    def run(self, frame: Frame, matrix: NDArray[np.float64]) -> None:
        """Queues the kernels that fill `scene`; `matrix` (3, 3) converts linear picture RGB to scene RGB."""
        for first in range(0, frame.height, self._rows):
            count = min(self._rows, frame.height - first)
            whole = count == frame.height
            self._device.write(self._numbers, frame.pixels if whole else frame.pixels[first : first + count])
            self.scene.run(
                "picture.cl", self._kernel, row_count=count, numbers=self._numbers, table=self._table,
                scene=self.scene.buffer, first=first, **of_matrix(matrix),
            )  # fmt: skip

    def release(self) -> None:
        self.scene.release()
        self._device.release(self._table)
        self._device.release(self._numbers)


@cache
def linear_table(count: int) -> NDArray[np.float32]:
    """Linear light (0 to 1) of `count` evenly spaced sRGB-encoded values (IEC 61966-2-1)."""
    encoded = np.arange(count, dtype=np.float64) / max(count - 1, 1)
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return linear.astype(np.float32)
