"""The scene in OpenGL: one RGB texture, padding included."""

from __future__ import annotations

from collections.abc import Sequence

import moderngl
import numpy as np
from numpy.typing import NDArray

from .context import new_texture


class ScenePlanes:
    """Red, green and blue of one picture as one texture, padding included; row 0 is the top.

    The texture is RGBA16F for a scene packed by the compute device, RGBA32F for planes. Mesa's software renderer reads
    either in half the time of three single-channel textures. `size` (width, height) is the picture without padding,
    `origin` (x, y) its first pixel in the texture.
    """

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self.textures: tuple[moderngl.Texture, ...] = ()
        self.pitch_px = (0, 0)  # width and height with the padding
        self._kind = ""
        self.origin = (0, 0)
        self.size = (0, 0)

    def write(
        self,
        planes: Sequence[NDArray[np.float32]],
        origin: tuple[int, int] = (0, 0),
        size: tuple[int, int] | None = None,
    ) -> None:
        """Uploads three (rows, pitch) float32 C-contiguous planes.

        `size` defaults to the part right of and below `origin`. The texture is reallocated only if its shape or kind
        changes. Raises ValueError if shapes, dtype or layout do not fit.
        """
        rows, pitch = planes[0].shape
        width, height = size or (pitch - origin[0], rows - origin[1])
        if len(planes) != 3 or any(
            p.shape != (rows, pitch) or p.dtype != np.float32 or not p.flags.c_contiguous for p in planes
        ):
            found = ", ".join(f"{p.shape} {p.dtype}" for p in planes)
            raise ValueError(f"scene planes must be three C-contiguous float32 arrays of one shape, not {found}")
        self._place((pitch, rows), origin, (width, height), "f4")
        rgba = np.empty((rows, pitch, 4), dtype=np.float32)
        rgba[..., 3] = 1.0
        for channel, plane in enumerate(planes):
            rgba[..., channel] = plane
        self.textures[0].write(rgba)

    def write_packed(
        self,
        rgba: NDArray[np.float16],
        origin: tuple[int, int] = (0, 0),
        size: tuple[int, int] | None = None,
        first: int = 0,
    ) -> None:
        """Uploads (rows, pitch, 4) float16, C-contiguous, without a copy; otherwise as `write`.

        The rows are those from `first` on: the rows of a picture of `size` may be uploaded in parts, from the top.
        """
        rows, pitch, channels = rgba.shape
        if channels != 4 or rgba.dtype != np.float16 or not rgba.flags.c_contiguous:
            raise ValueError(
                f"a packed scene must be C-contiguous float16 (rows, pitch, 4), not {rgba.shape} {rgba.dtype}"
            )
        size = size or (pitch - origin[0], rows - origin[1])
        self._place((pitch, max(rows, origin[1] + size[1])), origin, size, "f2")
        self.textures[0].write(rgba, viewport=(0, first, pitch, rows))

    def place_packed(
        self, pitch_px: tuple[int, int], origin: tuple[int, int], size: tuple[int, int]
    ) -> moderngl.Texture:
        """The texture of a packed scene that the compute device writes itself; otherwise as `write_packed`."""
        self._place(pitch_px, origin, size, "f2")
        return self.textures[0]

    def stand_in(self, pitch_px: tuple[int, int], origin: tuple[int, int], size: tuple[int, int]) -> ScenePlanes:
        """Planes for the compilation of programs, with the layout of a packed scene, but with a tiny texture.

        A software renderer compiles other programs for sizes that are powers of two.
        """
        tiny = ScenePlanes(self._ctx)
        width, height = (2 if side & (side - 1) == 0 else 3 for side in pitch_px)
        tiny._allocate((width, height), "f2")
        tiny.pitch_px, tiny.origin, tiny.size = pitch_px, origin, size
        return tiny

    def _place(self, pitch_px: tuple[int, int], origin: tuple[int, int], size: tuple[int, int], kind: str) -> None:
        (pitch, rows), (width, height) = pitch_px, size
        if min(origin) < 0 or origin[0] + width > pitch or origin[1] + height > rows or min(width, height) < 1:
            raise ValueError(f"picture {width}x{height} at {origin} does not fit in planes of {pitch}x{rows}")
        if self.pitch_px != pitch_px or self._kind != kind:
            self._allocate(pitch_px, kind)
        self.origin, self.size = origin, size

    def _allocate(self, pitch_px: tuple[int, int], kind: str) -> None:
        self.release()
        texture = new_texture(self._ctx, pitch_px, kind)
        texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self.textures = (texture,)
        self.pitch_px, self._kind = pitch_px, kind

    def release(self) -> None:
        """Releases the textures. May be called twice."""
        for texture in self.textures:
            texture.release()
        self.textures, self.pitch_px = (), (0, 0)
