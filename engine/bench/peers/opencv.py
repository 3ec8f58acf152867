"""The peers of OpenCV: its demosaics, and a chain with NumPy and OpenColorIO, optimised.

The chain is what an experienced user of these libraries writes: the black level, white balance and matrix are one
product, buffers are allocated once, and threads take strips or layers. Its blur cuts the light into layers of depth,
blurs each with its own radius, and composites them from back to front. It has no grain, no vignetting and no shape of
the aperture: it does less than our chain.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...frame import Frame
from .layers import LAYERS, disc, layers_for
from .lut import OcioLut
from .peer import Job, Peer, Picture, in_strips

OPENCV_DEMOSAICS = {
    "OpenCV bilinear, 16 bit": "demosaic bilinear",
    "OpenCV edge-aware, 16 bit": "demosaic malvar",
    "OpenCV VNG, 8 bit": "demosaic rcd",
}
Kernel = Literal["box", "disc"]
ALPHA = np.array([[0, 0, 0, 1]] * 3, np.float32)  # the alpha of RGBA in all channels
KEPT = np.array([[0, 0, 0, -1, 1]] * 4, np.float32)  # 1 - alpha


def demosaic_peers(job: Job) -> list[Peer]:
    """OpenCV's three demosaics, each against one of ours. VNG takes 8 bits only."""
    import cv2

    frame = job.frame
    codes = {suffix: bayer_code(frame.cfa.pattern, suffix) for suffix in ("", "_EA", "_VNG")}
    rgb, rgb8 = (np.empty((frame.height, frame.width, 3), kind) for kind in (np.uint16, np.uint8))
    mosaic8 = (frame.pixels >> 6).astype(np.uint8)
    versions, threads = {"OpenCV": cv2.__version__}, cv2.getNumThreads()
    runs: tuple[Callable[[Frame], Picture], ...] = (
        lambda frame: cv2.demosaicing(frame.pixels, codes[""], dst=rgb),
        lambda frame: cv2.demosaicing(frame.pixels, codes["_EA"], dst=rgb),
        lambda _: cv2.demosaicing(mosaic8, codes["_VNG"], dst=rgb8),
    )
    return [
        Peer(name, against, versions, threads, run)
        for (name, against), run in zip(OPENCV_DEMOSAICS.items(), runs, strict=True)
    ]


def bayer_code(pattern: str, suffix: str) -> int:
    """OpenCV names a Bayer order by the second and third photosite of its second row: RGGB is BG."""
    import cv2

    name = {"RGGB": "BG", "BGGR": "RG", "GRBG": "GB", "GBRG": "GR"}[pattern]
    return int(getattr(cv2, f"COLOR_Bayer{name}2RGB{suffix}"))


def box_side(radius_px: float) -> int:
    """Side of the box with the area of a disc, an odd number of pixels."""
    return max(round(math.sqrt(math.pi) * radius_px), 1) | 1


class LayeredBlur:
    """Blurs light (H, W, 3) by its depth. `scale` is 1, or 0.5 for half the size."""

    def __init__(self, job: Job, kernel: Kernel, scale: float) -> None:
        frame = job.frame
        self._layers = layers_for(job)
        self._kernel, self._scale, self._pool = kernel, scale, job.pool
        self._size = round(frame.width * scale), round(frame.height * scale)
        shape = (self._size[1], self._size[0], 4)
        self._light = np.ones(shape, np.float32)  # with an alpha of 1
        self._cut = [np.empty(shape, np.float32) for _ in range(LAYERS)]
        self._blurred = [np.empty(shape, np.float32) for _ in range(LAYERS)]
        self._sum = np.empty((*shape[:2], 3), np.float32)
        self._enlarged = np.empty((frame.height, frame.width, 3), np.float32)

    def run(self, light: NDArray[np.float32], depth_m: NDArray[np.float32]) -> NDArray[np.float32]:
        """The blurred light (H, W, 3), at the size of `light`. At half the size, light in focus is not scaled."""
        import cv2

        focused = next(layer for layer in self._layers if layer.radius_px == 0)
        small, small_m = light, depth_m
        if self._scale != 1:
            small = np.asarray(cv2.resize(light, self._size, interpolation=cv2.INTER_AREA), np.float32)
            small_m = np.asarray(cv2.resize(depth_m, self._size, interpolation=cv2.INTER_NEAREST), np.float32)
        cv2.mixChannels([small], [self._light], [0, 0, 1, 1, 2, 2])
        list(self._pool.map(lambda at: self._blur(at, small_m), range(LAYERS)))
        in_strips(self._pool, self._size[1], self._composite)
        if self._scale == 1:
            return self._sum
        cv2.resize(self._sum, (light.shape[1], light.shape[0]), dst=self._enlarged)
        return np.asarray(
            cv2.copyTo(light, cv2.inRange(depth_m, focused.near_m, focused.far_m), self._enlarged), np.float32
        )

    def _composite(self, rows: slice) -> None:
        """The layers over each other, divided by their common alpha: at borders of layers it is below 1."""
        import cv2

        light = self._blurred[0][rows]
        for layer in self._blurred[1:]:
            cv2.multiply(light, cv2.transform(layer[rows], KEPT), dst=light)
            cv2.add(light, layer[rows], dst=light)
        cv2.divide(cv2.cvtColor(light, cv2.COLOR_RGBA2RGB), cv2.transform(light, ALPHA), dst=self._sum[rows])

    def _blur(self, at: int, depth_m: NDArray[np.float32]) -> None:
        """The premultiplied light of a layer, blurred with its alpha."""
        import cv2

        layer, cut, blurred = self._layers[at], self._cut[at], self._blurred[at]
        cut.fill(0.0)
        cv2.copyTo(self._light, cv2.inRange(depth_m, layer.near_m, layer.far_m), cut)
        radius_px = layer.radius_px * self._scale
        if radius_px == 0:
            self._blurred[at], self._cut[at] = cut, blurred
        elif self._kernel == "box":
            side = box_side(radius_px)
            cv2.blur(cut, (side, side), dst=blurred)
        else:
            cv2.filter2D(cut, -1, disc(radius_px), dst=blurred)


class OpenCvChain:
    """From a mosaic with depth to an 8-bit sRGB picture: demosaic, matrix, blur and LUT."""

    def __init__(self, job: Job, kernel: Kernel, scale: float) -> None:
        self._job, self._code = job, bayer_code(job.frame.cfa.pattern, "_EA")
        self._matrix = job.camera_to_rec709
        self._blur, self._lut = LayeredBlur(job, kernel, scale), OcioLut(job)
        shape = (job.frame.height, job.frame.width, 3)
        self._rgb = np.empty(shape, np.uint16)
        self._light = np.empty(shape, np.float32)

    def run(self, frame: Frame) -> Picture:
        import cv2

        assert frame.depth_m is not None, "the built-in scene has a depth map"
        cv2.demosaicing(frame.pixels, self._code, dst=self._rgb)
        in_strips(self._job.pool, frame.height, self._to_light)
        return self._lut.run(self._blur.run(self._light, frame.depth_m))

    def _to_light(self, rows: slice) -> None:
        import cv2

        cv2.transform(self._rgb[rows].astype(np.float32), self._matrix, dst=self._light[rows])
