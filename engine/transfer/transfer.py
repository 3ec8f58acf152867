"""The contract of a texture transfer. A test compares every transfer with it by name and signature."""

from __future__ import annotations

from typing import Protocol

from ..compute.planes import Planes
from ..gl.planes import ScenePlanes


class TextureTransfer(Protocol):
    """Copies scene-linear pictures from one compute device to textures of one GL context.

    The thread in which that context is current calls all methods.
    """

    name: str  # shown by `groundglass devices` and in statistics: "zero-copy", "host", or "host (reason)"; may change
    textures: ScenePlanes  # filled and returned by `send`; without a size before its first call

    def prepare(self, width: int, height: int) -> None:
        """Allocates for pictures of this size in advance of `send`. Raises DeviceError if memory is short."""

    def send(self, scene: Planes) -> ScenePlanes:
        """The textures of `scene`: linear Rec.2020, same size, half floats; negative values and NaN become 0.

        The transfer owns them, and the next call overwrites them. The host waits for the kernels that compute `scene`
        if it passes through main memory. Allocates only for a new size. Raises DeviceError if memory is short.
        """

    def release(self) -> None:
        """Releases everything, textures included; a second call has no effect."""
