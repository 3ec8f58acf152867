"""The scene on the GL side: three padded planes as the compute device makes them."""

from __future__ import annotations

from collections.abc import Sequence

import moderngl
import numpy as np
from numpy.typing import NDArray


class ScenePlanes:
    """Red, green and blue of one picture as R32F textures, padding included; row 0 is the top.

    `size` (width, height) is the picture without its padding, `origin` (x, y) its first pixel in the planes.
    """

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self.textures: tuple[moderngl.Texture, ...] = ()
        self.pitch_px = (0, 0)  # width and height of a plane with its padding
        self.origin = (0, 0)
        self.size = (0, 0)

    def write(
        self,
        planes: Sequence[NDArray[np.float32]],
        origin: tuple[int, int] = (0, 0),
        size: tuple[int, int] | None = None,
    ) -> None:
        """Upload three (rows, pitch) float32 C-contiguous planes whole, straight from their buffers.

        `size` defaults to what lies right of and below `origin`. Textures are made anew only when the shape changes.
        Raises ValueError where shapes, dtype or layout do not fit.
        """
        rows, pitch = planes[0].shape
        width, height = size or (pitch - origin[0], rows - origin[1])
        if len(planes) != 3 or any(
            p.shape != (rows, pitch) or p.dtype != np.float32 or not p.flags.c_contiguous for p in planes
        ):
            found = ", ".join(f"{p.shape} {p.dtype}" for p in planes)
            raise ValueError(f"scene planes must be three C-contiguous float32 arrays of one shape, not {found}")
        if min(origin) < 0 or origin[0] + width > pitch or origin[1] + height > rows or min(width, height) < 1:
            raise ValueError(f"picture {width}x{height} at {origin} does not lie in planes of {pitch}x{rows}")
        if self.pitch_px != (pitch, rows):
            self._allocate((pitch, rows))
        self.origin, self.size = origin, (width, height)
        for texture, plane in zip(self.textures, planes, strict=True):
            texture.write(plane)

    def _allocate(self, pitch_px: tuple[int, int]) -> None:
        self.release()
        self.textures = tuple(self._ctx.texture(pitch_px, 1, dtype="f4") for _ in range(3))
        for texture in self.textures:
            texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
            texture.repeat_x = texture.repeat_y = False
        self.pitch_px = pitch_px

    def release(self) -> None:
        """Give the textures back; harmless when done twice."""
        for texture in self.textures:
            texture.release()
        self.textures, self.pitch_px = (), (0, 0)
