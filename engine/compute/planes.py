"""Padded float planes on a compute device: the one image format between capture and look.

Measured with PoCL on two AVX-512 cores, Malvar at 1920x1080: interleaved float4 with clamped reads 21 to 37 ms,
padded planes 2.6 ms. Hence: a plane a channel, a border wide enough for the widest stencil, rows a multiple of
64 bytes, and kernels that run over whole rows without guards.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..device_array import SupportsDLPack
from .device import Buffer, Device, OwnNumbers

PAD = 16  # pixels of border on each side; kernels/portable.h holds the same number


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the pixels of a padded plane lie.

    Pixel (x, y) of plane c is float number `c * stride + (y + PAD) * pitch + x + PAD` of the buffer.
    `local` work-items in a row make one work-group; it divides `pitch`.
    """

    width: int
    height: int
    pitch: int
    local: int

    @classmethod
    def of(cls, width: int, height: int) -> Layout:
        """The layout for a picture of `width` x `height` pixels."""
        # The longest work-group that wastes least, up to the 256 that every GPU takes. Rows that are a
        # multiple of 2 KiB apart would put a vertical stencil into two cache sets.
        pitches = {local: _ceil(width + 2 * PAD, local) for local in range(64, 257, 16)}
        local = min((local for local in pitches if pitches[local] % 512), key=lambda n: pitches[n] * (1 + 8 / n))
        return cls(width, height, pitches[local], local)

    @property
    def rows(self) -> int:
        return self.height + 2 * PAD

    @property
    def stride(self) -> int:
        """Floats from one plane to the next."""
        return self.rows * self.pitch


class Planes:
    """`channels` padded planes of one picture, in one buffer of `device`; the creator releases them.

    The planes hold float32, or with `half_floats` float16, which kernels read and write as `f16`.
    """

    def __init__(self, device: Device, width: int, height: int, channels: int, *, half_floats: bool = False) -> None:
        self.device = device
        self._dtype = np.dtype(np.float16 if half_floats else np.float32)
        self._borders = f"borders.cl?HALF_FLOATS={int(half_floats)}"
        self.layout = Layout.of(width, height)
        self.channels = channels
        self._numbers = OwnNumbers(width, height, self.layout.pitch, self.layout.stride)
        # A kernel that runs over whole rows may touch one row's length beyond the last plane.
        self.buffer: Buffer = device.allocate(
            self._dtype.itemsize * (channels * self.layout.stride + self.layout.pitch)
        )

    def first(self, channels: int) -> Planes:
        """The first `channels` planes, in the memory of all."""
        part = copy(self)
        part.channels = channels
        return part

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels, without the border."""
        return self.layout.width, self.layout.height

    def run(
        self,
        source: str,
        kernel: str,
        /,
        *,
        extra_rows: int = 0,
        row_count: int | None = None,
        area: int | None = None,
        **arguments: object,
    ) -> None:
        """Queues a kernel over whole rows of one plane: `row_count` rows (default: the picture's height), and
        `extra_rows` more above and below.

        A work-item processes one run of pixels, or on a CPU `area` pixels of a row. Arguments are passed by the names
        in the kernel's prototype. `width`, `height`, `pitch` and `stride` default to those of these planes.
        """
        layout, run_length = self.layout, self.device.run_length
        columns, local = layout.pitch // run_length, layout.local // run_length
        if area is not None and run_length > 1:
            columns = local = _ceil(layout.pitch, area) // area
        rows = layout.height if row_count is None else row_count
        size = (columns, rows + 2 * extra_rows)
        self.device.launch(source, kernel, size, (local, 1), arguments, self._numbers)

    def mirror(self, channels: int | None = None, *, border: int = PAD) -> None:
        """Mirrors the picture into `border` columns and rows around all planes, or around the first `channels`."""
        layout, channels = self.layout, self.channels if channels is None else channels
        border_runs = 2 * border * layout.pitch // self.device.run_length
        items = _ceil(channels * (layout.height + border_runs), 64)
        given: dict[str, object] = {"planes": self.buffer, "channels": channels, "border": border}
        self.device.launch(self._borders, "mirror", (items,), (64,), given, self._numbers)

    @contextmanager
    def view(self) -> Iterator[NDArray[Any]]:
        """(channels, rows, pitch) of the planes' type, borders included, read-only within the `with` block."""
        layout = self.layout
        count = self.channels * layout.stride
        with self.device.view(self.buffer, self._dtype, count) as flat:
            yield flat.reshape(self.channels, layout.rows, layout.pitch)

    def write(self, pixels: NDArray[np.float32]) -> None:
        """Fills the planes from (H, W, channels); the border is zero."""
        layout = self.layout
        padded = np.zeros((self.channels, layout.rows, layout.pitch), dtype=self._dtype)
        padded[:, PAD : PAD + layout.height, PAD : PAD + layout.width] = np.moveaxis(pixels, -1, 0)
        self.device.write(self.buffer, padded)

    def read(self) -> NDArray[np.float32]:
        """(H, W, channels) float32, a copy."""
        with self.view() as planes:
            inner = planes[:, PAD : PAD + self.layout.height, PAD : PAD + self.layout.width]
            return np.array(
                np.moveaxis(inner, 0, -1), np.float32, order="C"
            )  # a copy also of a single row, which is contiguous

    def shared(self) -> SupportsDLPack:
        """(H, W, channels) float32 for another library: in place on CUDA, until the planes change; else a copy."""
        layout, first = self.layout, PAD * self.layout.pitch + PAD
        shape, strides = (layout.height, layout.width, self.channels), (layout.pitch, 1, layout.stride)
        return self.device.share_array(self.buffer, self._dtype, first, shape, strides) or self.read()

    def release(self) -> None:
        self.device.release(self.buffer)


def _ceil(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
