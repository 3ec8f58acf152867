"""Transfer through main memory, for every device and context.

The device packs the three planes into one RGBA picture of half floats. The look then reads the scene faster: processor
time of its draw at 960x540 on Mesa's software renderer is 3.0 ms from three float planes and 1.7 ms from one picture
of halves or floats.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..compute.device import Buffer, Device
from ..compute.planes import PAD, Layout, Planes
from ..compute.stage_cache import StageCache
from ..gl.planes import ScenePlanes

if TYPE_CHECKING:
    import moderngl

ORIGIN = (PAD, 0)  # first pixel of the picture in the packed rows
PIXEL_BYTES = 8
_STRIP_BYTES = 96 << 20  # packed rows: 12 megapixels


class PackedScene:
    """Packs pictures of one size on one device, `rows` rows at a time, by default all; allocates on construction."""

    def __init__(self, device: Device, width: int, height: int, rows: int | None = None) -> None:
        self._device = device
        self._layout = Layout.of(width, height)
        self.size, self.rows = (width, height), rows or height
        self._packed: Buffer = device.allocate(PIXEL_BYTES * self.rows * self._layout.pitch)

    def pack(self, scene: Planes, first: int = 0) -> Buffer:
        """Queues the kernel. Returns the buffer of the rows that `view` describes, which the next call overwrites."""
        scene.run(
            "pack_scene.cl", "pack_scene", scene=scene.buffer, packed=self._packed, first=first,
            row_count=self._count(first),
        )  # fmt: skip
        return self._packed

    @contextmanager
    def view(self, scene: Planes, first: int = 0) -> Iterator[NDArray[np.float16]]:
        """(rows, pitch, 4) float16 rows from row `first` on, with the first pixel in column PAD, valid inside the
        `with` block.

        The channels are red, green, blue and 1. Negative light and NaN become 0, values above 65504 become 65504.
        """
        count, pitch = self._count(first), self._layout.pitch
        with self._device.view(self.pack(scene, first), np.float16, 4 * count * pitch) as flat:
            yield flat.reshape(count, pitch, 4)

    def _count(self, first: int) -> int:
        return min(self.rows, self._layout.height - first)

    def release(self) -> None:
        """Releases everything; a second call has no effect."""
        self._device.release(self._packed)


class HostTransfer:
    """Implements the contract of `transfer.py` through main memory."""

    def __init__(self, device: Device, gl: moderngl.Context) -> None:
        self.name = "host"
        self._packed = StageCache(partial(_in_strips, device))
        self.textures = ScenePlanes(gl)

    def prepare(self, width: int, height: int) -> None:
        self._packed.ahead(width, height)

    def send(self, scene: Planes) -> ScenePlanes:
        send_packed(self._packed.get(*scene.size), scene, self.textures)
        return self.textures

    def release(self) -> None:
        self._packed.release()
        self.textures.release()


def _in_strips(device: Device, width: int, height: int) -> PackedScene:
    """A scene too large to be packed at once is packed in strips."""
    rows = _STRIP_BYTES // (PIXEL_BYTES * Layout.of(width, height).pitch)
    return PackedScene(device, width, height, min(max(rows, 1), height))


def send_packed(packed: PackedScene, scene: Planes, textures: ScenePlanes) -> None:
    """Packs a scene and uploads it to `textures`. Waits for its kernels."""
    for first in range(0, scene.size[1], packed.rows):
        with packed.view(scene, first) as rgba:
            textures.write_packed(rgba, ORIGIN, scene.size, first)


def open_transfer(device: Device, gl: moderngl.Context) -> HostTransfer:
    """Opens the transfer for any device and context."""
    return HostTransfer(device, gl)
