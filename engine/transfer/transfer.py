"""The contract of a texture transfer. A test holds every transfer to it, by name and signature."""

from __future__ import annotations

from typing import Protocol

from ..compute.planes import Planes
from ..gl.planes import ScenePlanes


class TextureTransfer(Protocol):
    """Brings the light of a picture from one compute device into textures of one GL context.

    All methods are called by the thread in which that context is current.
    """

    name: str  # as `groundglass devices` reports it: "host"
    textures: ScenePlanes  # what `send` fills and returns; without a size before

    def prepare(self, width: int, height: int) -> None:
        """Allocates what pictures of this size need, so that `send` does not. DeviceError where memory is short."""

    def send(self, scene: Planes) -> ScenePlanes:
        """The textures of `scene`, linear Rec.2020, of the same size: as half floats, negative light and NaN as 0.

        They belong to the transfer, and the next call fills them anew. Waits for the kernels that compute `scene`, and
        allocates only where its size is new. DeviceError where memory is short.
        """

    def release(self) -> None:
        """Gives everything back, textures too; harmless when done twice."""
