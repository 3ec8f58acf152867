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
        numbers: dict[str, Number] = {"raw_scale": (0.0, 0.0)}
        if overlays.circles is not None:
            self._load_depth(overlays.circles.depth_m).use(unit)
        if overlays.scene is not None:
            scene = overlays.scene
            scene.textures[0].use(unit + 1)
            numbers["scene_scale"] = scene.size[0] / scene.pitch_px[0], scene.size[1] / scene.pitch_px[1]
            numbers["scene_offset"] = scene.origin[0] / scene.pitch_px[0], scene.origin[1] / scene.pitch_px[1]
        if overlays.raw is not None:
            self._load_raw(overlays.raw).use(unit + 2)
            width, height = overlays.raw.size
            numbers["raw_scale"] = width / (width + width % 2), height / (height + height % 2)
        return numbers

    def release(self) -> None:
        """Gives them back; harmless when done twice."""
        for texture in (self._depth, self._raw):
            if texture is not None:
                texture.release()
        self._depth = self._raw = None

    def _load_depth(self, depth_m: NDArray[np.float32]) -> moderngl.Texture:
        texture = self._depth = self._texture_for(self._depth, depth_m)
        if depth_m is not self._depth_m:
            texture.write(np.ascontiguousarray(depth_m))
            self._depth_m = depth_m
        return texture

    def _load_raw(self, frame: Frame) -> moderngl.Texture:
        if self._raw is None or frame is not self._frame:
            light = block_maxima(frame)
            self._raw = self._texture_for(self._raw, light)
            self._raw.write(light)
            self._frame = frame
        return self._raw

    def _texture_for(self, texture: moderngl.Texture | None, numbers: NDArray[np.float32]) -> moderngl.Texture:
        """The texture, or a new one where its size is another than that of the numbers."""
        rows, columns = numbers.shape
        if texture is not None and texture.size == (columns, rows):
            return texture
        if texture is not None:
            texture.release()
        made = self._gl.texture((columns, rows), 1, dtype="f4")
        made.filter = (moderngl.NEAREST, moderngl.NEAREST)
        made.repeat_x = made.repeat_y = False
        return made


def block_maxima(frame: Frame) -> NDArray[np.float32]:
    """The brightest site of each 2x2 block of a mosaic, so that no colour's clipping is missed.

    (ceil(H / 2), ceil(W / 2)) float32 of what the sensor counted: 0 at its black, 1 at its white.
    """
    counts = unpack(frame.pixels, frame.packing, frame.width)
    if any(side % 2 for side in counts.shape):
        counts = np.pad(counts, [(0, side % 2) for side in counts.shape], "edge")
    profile = frame.profile
    if len(set(profile.black)) == 1:  # the most of the numbers is the most of the light: four times less to compute
        counts = np.maximum(counts[0::2], counts[1::2])
        counts = np.maximum(counts[:, 0::2], counts[:, 1::2])
        return (counts - np.float32(profile.black[0])) * np.float32(1 / (profile.white - profile.black[0]))
    blocks = counts.reshape(counts.shape[0] // 2, 2, counts.shape[1] // 2, 2)
    black = np.reshape(profile.black, (1, 2, 1, 2)).astype(np.float32)
    return np.asarray(((blocks - black) / (np.float32(profile.white) - black)).max(axis=(1, 3)))
