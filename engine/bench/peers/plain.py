"""The chain of OpenCV, NumPy and OpenColorIO as a first version is written: a line for each step, a new array for each
result, and threads only within the libraries. Its steps are those of `opencv.OpenCvChain`, which is optimised.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...frame import Frame
from .layers import Layer, disc, layers_for
from .lut import OcioLut
from .opencv import Kernel, bayer_code, box_side
from .peer import Job, Picture


class PlainChain:
    """From a mosaic with depth to an 8-bit sRGB picture. `scale` is the size of the blur, 1 or 0.5."""

    def __init__(self, job: Job, kernel: Kernel, scale: float) -> None:
        frame = job.frame
        self._layers = layers_for(job)
        self._kernel, self._scale = kernel, scale
        self._code, self._matrix = bayer_code(frame.cfa.pattern, "_EA"), job.camera_to_rec709.astype(np.float32)
        self._lut = OcioLut(job)

    def run(self, frame: Frame) -> Picture:
        import cv2

        assert frame.depth_m is not None, "the built-in scene has a depth map"
        rgb = cv2.demosaicing(frame.pixels, self._code).astype(np.float32)
        light = rgb @ self._matrix[:, :3].T + self._matrix[:, 3]
        return self._lut.run(self._blurred(light, frame.depth_m))

    def _blurred(self, light: NDArray[np.float32], depth_m: NDArray[np.float32]) -> NDArray[np.float32]:
        import cv2

        height, width = depth_m.shape
        size = round(width * self._scale), round(height * self._scale)
        small = np.asarray(cv2.resize(light, size, interpolation=cv2.INTER_AREA), np.float32)
        small_m = cv2.resize(depth_m, size, interpolation=cv2.INTER_NEAREST)
        colour = np.zeros((size[1], size[0], 3), np.float32)
        alpha = np.zeros((size[1], size[0]), np.float32)
        for layer in self._layers:  # from back to front
            mask = ((small_m >= layer.near_m) & (small_m <= layer.far_m)).astype(np.float32)
            cover = self._spread(mask, layer)
            colour = colour * (1 - cover[..., None]) + self._spread(small * mask[..., None], layer)
            alpha = alpha * (1 - cover) + cover
        colour /= alpha[..., None]
        if self._scale == 1:
            return np.asarray(colour, np.float32)
        focused = next(layer for layer in self._layers if layer.radius_px == 0)
        is_sharp = (depth_m >= focused.near_m) & (depth_m <= focused.far_m)
        return np.where(is_sharp[..., None], light, cv2.resize(colour, (width, height)))

    def _spread(self, planes: NDArray[np.float32], layer: Layer) -> NDArray[np.float32]:
        import cv2

        radius_px = layer.radius_px * self._scale
        if radius_px == 0:
            return planes
        if self._kernel == "box":
            side = box_side(radius_px)
            return np.asarray(cv2.blur(planes, (side, side)), np.float32)
        return np.asarray(cv2.filter2D(planes, -1, disc(radius_px)), np.float32)
