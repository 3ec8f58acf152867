"""Textures for overlays in addition to the picture: depth, scene light and raw data."""

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
    """Uploads the textures, each only when its data has changed. The creator releases them."""

    def __init__(self, gl: moderngl.Context) -> None:
        self._gl = gl
        self._depth: moderngl.Texture | None = None
        self._depth_m: NDArray[np.float32] | None = None
        self._raw: moderngl.Texture | None = None
        self._frame: Frame | None = None

    def use(self, overlays: Overlays, unit: int) -> dict[str, Number]:
        """Binds SAMPLERS from texture unit `unit` on. Returns the uniforms of their coordinates."""
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
        """Releases the textures. Harmless when called twice."""
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
            maxima = block_maxima(frame)
            self._raw = self._texture_for(self._raw, maxima)
            self._raw.write(maxima)
            self._frame = frame
        return self._raw

    def _texture_for(self, texture: moderngl.Texture | None, numbers: NDArray[np.float32]) -> moderngl.Texture:
        """The texture, or a new texture if its size differs from that of the numbers."""
        rows, columns = numbers.shape
        if texture is not None and texture.size == (columns, rows):
            return texture
        if texture is not None:
            texture.release()
        texture = self._gl.texture((columns, rows), 1, dtype="f4")
        texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        texture.repeat_x = texture.repeat_y = False
        return texture


def block_maxima(frame: Frame) -> NDArray[np.float32]:
    """The brightest photosite of each 2x2 block of a mosaic, so that clipping of any colour is visible.

    (ceil(H / 2), ceil(W / 2)) float32 raw values: 0 at the black level, 1 at the white level.
    """
    counts = unpack(frame.pixels, frame.packing, frame.width)
    if any(side % 2 for side in counts.shape):
        counts = np.pad(counts, [(0, side % 2) for side in counts.shape], "edge")
    profile = frame.profile
    if len(set(profile.black)) == 1:  # the maximum before normalization is the same, and four times cheaper
        counts = np.maximum(counts[0::2], counts[1::2])
        counts = np.maximum(counts[:, 0::2], counts[:, 1::2])
        return (counts - np.float32(profile.black[0])) * np.float32(1 / profile.span)
    blocks = counts.reshape(counts.shape[0] // 2, 2, counts.shape[1] // 2, 2)
    black = np.reshape(profile.black, (1, 2, 1, 2)).astype(np.float32)
    return np.asarray(((blocks - black) / np.float32(profile.span)).max(axis=(1, 3)))
