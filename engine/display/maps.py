"""What overlays look up beside the picture: distances and what the sensor counted, as textures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import moderngl
import numpy as np
from numpy.typing import NDArray

from ..gl.passes import Number
from ..packing import unpack
from .overlays import Overlays

if TYPE_CHECKING:
    from ..frame import Frame

SAMPLERS = ("depth_map", "scene", "raw")


class Maps:
    """Brings them to the GL side, each only when it is another one; the maker releases them."""

    def __init__(self, gl: moderngl.Context) -> None:
        self._gl = gl
        self._depth: moderngl.Texture | None = None
        self._depth_m: NDArray[np.float32] | None = None
        self._raw: moderngl.Texture | None = None
        self._frame: Frame | None = None

    def use(self, overlays: Overlays, unit: int) -> dict[str, Number]:
        """Binds SAMPLERS from texture unit `unit` on; returns the numbers that the shaders read them by."""
        numbers: dict[str, Number] = {"raw_white": 0.0}
        if overlays.circles is not None:
            self._load_depth(overlays.circles.depth_m).use(unit)
        if overlays.scene is not None:
            scene = overlays.scene
            scene.textures[0].use(unit + 1)
            numbers["scene_scale"] = scene.size[0] / scene.pitch_px[0], scene.size[1] / scene.pitch_px[1]
            numbers["scene_offset"] = scene.origin[0] / scene.pitch_px[0], scene.origin[1] / scene.pitch_px[1]
        if overlays.raw is not None:
            self._load_raw(overlays.raw).use(unit + 2)
            numbers |= {"raw_black": overlays.raw.profile.black, "raw_white": overlays.raw.profile.white}
        return numbers

    def release(self) -> None:
        """Gives them back; harmless when done twice."""
        for texture in (self._depth, self._raw):
            if texture is not None:
                texture.release()
        self._depth = self._raw = None

    def _load_depth(self, depth_m: NDArray[np.float32]) -> moderngl.Texture:
        texture = self._depth = self._fitting(self._depth, depth_m, "f4")
        if depth_m is not self._depth_m:
            texture.write(np.ascontiguousarray(depth_m))
            self._depth_m = depth_m
        return texture

    def _load_raw(self, frame: Frame) -> moderngl.Texture:
        counted = unpack(frame.pixels, frame.packing, frame.width) if frame is not self._frame else None
        if counted is not None:
            self._raw = self._fitting(self._raw, counted, "u2")
            self._raw.write(np.ascontiguousarray(counted))
            self._frame = frame
        assert self._raw is not None
        return self._raw

    def _fitting(
        self, texture: moderngl.Texture | None, numbers: NDArray[np.float32] | NDArray[np.uint16], dtype: str
    ) -> moderngl.Texture:
        """The texture, or a new one where its size is another than that of the numbers."""
        rows, columns = numbers.shape
        if texture is not None and texture.size == (columns, rows):
            return texture
        if texture is not None:
            texture.release()
        made = self._gl.texture((columns, rows), 1, dtype=dtype, alignment=1)
        made.filter = (moderngl.NEAREST, moderngl.NEAREST)
        made.repeat_x = made.repeat_y = False
        return made
