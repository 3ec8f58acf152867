"""The peers of OpenCV: its demosaics, and a chain with NumPy and OpenColorIO from the mosaic to the picture.

The chain is what a person writes who knows these libraries: the black level, white balance and matrix are one product,
buffers are allocated once, and threads take strips or layers. Its blur cuts the light into layers of depth, blurs each
with its own radius, and composites them from the farthest to the nearest. It has no grain, no vignetting and no shape
of the aperture: it does less than ours.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...frame import Frame
from ...optics.defocus import Blur
from .lut import OcioLut
from .peer import Job, Peer, Picture, in_strips

LAYERS = 8
SHARP_PX = 1.0  # light with a smaller radius stays as it is
Kernel = Literal["box", "disc"]
ALPHA = np.array([[0, 0, 0, 1]] * 3, np.float32)  # the alpha of RGBA in all channels
KEPT = np.array([[0, 0, 0, -1, 1]] * 4, np.float32)  # 1 - alpha
CHAIN_PACKAGES = ("opencv-python-headless", "numpy", "opencolorio")


class Layer(NamedTuple):
    """Light between two distances in metres, and the radius of its blur in pixels of the frame; 0 is none."""

    near_m: float
    far_m: float
    radius_px: float


def demosaic_peers(frame: Frame) -> list[Peer]:
    """OpenCV's three demosaics, each against ours of the same kind. VNG takes 8 bits only."""
    import cv2

    pattern = bayer_code(frame.cfa.pattern)
    rgb = np.empty((frame.height, frame.width, 3), np.uint16)
    rgb8 = np.empty(rgb.shape, np.uint8)
    codes = {suffix: getattr(cv2, f"COLOR_Bayer{pattern}2RGB{suffix}") for suffix in ("", "_EA", "_VNG")}
    mosaics8: dict[int, Picture] = {}

    def vng(frame: Frame) -> Picture:
        mosaic = mosaics8.setdefault(frame.index, (frame.pixels >> 6).astype(np.uint8))
        return np.asarray(cv2.demosaicing(mosaic, codes["_VNG"], dst=rgb8))

    def direct(suffix: str) -> Any:
        return lambda frame: cv2.demosaicing(frame.pixels, codes[suffix], dst=rgb)

    packages, threads = CHAIN_PACKAGES[:1], cv2.getNumThreads()
    return [
        Peer("OpenCV bilinear, 16 bit", "demosaic bilinear", packages, threads, direct("")),
        Peer("OpenCV EA, 16 bit", "demosaic malvar", packages, threads, direct("_EA")),
        Peer("OpenCV VNG, 8 bit", "demosaic rcd", packages, threads, vng),
    ]


def bayer_code(pattern: str) -> str:
    """OpenCV names a Bayer order by its second row's second and third photosite: RGGB is BG."""
    return {"RGGB": "BG", "BGGR": "RG", "GRBG": "GB", "GBRG": "GR"}[pattern]


def layers_of(blur: Blur, depth_m: NDArray[np.float32]) -> list[Layer]:
    """LAYERS layers from the farthest to the nearest: one in focus, the others narrow where the radius is small.

    Their borders are evenly spaced in the square root of the radius.
    """
    radii = blur.radii_px(np.array([depth_m.min(), depth_m.max()]))
    near, far = (math.sqrt(max(abs(float(radius)), SHARP_PX)) for radius in radii)
    near_count = min(max(round((LAYERS - 1) * (near - 1) / max(near + far - 2, 1e-6)), 1), LAYERS - 2)
    borders = [-(border**2) for border in np.linspace(near, 1.0, near_count + 1)]
    borders += [border**2 for border in np.linspace(1.0, far, LAYERS - near_count)]
    nearness = [(1.0 - 2.0 * border / blur.coc_px) / blur.focus_m for border in borders]
    distances = [0.0, *(1.0 / max(inverse, 1e-6) for inverse in nearness[1:-1]), math.inf]
    return [
        Layer(distances[at], distances[at + 1], 0.0 if at == near_count else abs(first + last) / 2)
        for at, (first, last) in reversed(list(enumerate(pairwise(borders))))
    ]


class LayeredBlur:
    """Blurs light (H, W, 3) by its depth. `scale` is 1, or 0.5 for half the size."""

    def __init__(self, job: Job, kernel: Kernel, scale: float) -> None:
        frame, settings = job.frame, job.settings
        assert frame.depth_m is not None, "the built-in scene has a depth map"
        blur = Blur.of(settings.lens, settings.focus_m, frame.width, frame.native_lens, frame.native_focus_m)
        self._layers = layers_of(blur, frame.depth_m)
        self._kernel, self._scale, self._pool = kernel, scale, job.pool
        self._size = round(frame.width * scale), round(frame.height * scale)
        shape = (self._size[1], self._size[0], 4)
        self._light = np.ones(shape, np.float32)  # with an alpha of 1
        self._cut = [np.empty(shape, np.float32) for _ in range(LAYERS)]
        self._blurred = [np.empty(shape, np.float32) for _ in range(LAYERS)]
        self._keep = [np.empty(shape, np.float32) for _ in range(LAYERS)]
        self._sum = np.empty((*shape[:2], 3), np.float32)
        self._enlarged = np.empty((frame.height, frame.width, 3), np.float32)

    def run(self, light: NDArray[np.float32], depth_m: NDArray[np.float32]) -> NDArray[np.float32]:
        """The blurred light (H, W, 3), at the size of `light`. At half the size, light in focus is not scaled."""
        import cv2

        focused = next(layer for layer in self._layers if layer.radius_px == 0)
        sharp, small_m = light, depth_m
        if self._scale != 1:
            light = cv2.resize(light, self._size, interpolation=cv2.INTER_AREA)
            small_m = cv2.resize(depth_m, self._size, interpolation=cv2.INTER_NEAREST)
        cv2.mixChannels([light], [self._light], [0, 0, 1, 1, 2, 2])
        list(self._pool.map(lambda at: self._blur(at, small_m), range(LAYERS)))
        in_strips(self._pool, self._size[1], self._composite)
        if self._scale == 1:
            return self._sum
        cv2.resize(self._sum, (sharp.shape[1], sharp.shape[0]), dst=self._enlarged)
        return np.asarray(
            cv2.copyTo(sharp, cv2.inRange(depth_m, focused.near_m, focused.far_m), self._enlarged), np.float32
        )

    def _composite(self, rows: slice) -> None:
        """The layers over each other, divided by their common alpha: at borders of layers it is below 1."""
        import cv2

        light = self._blurred[0][rows]
        for layer, keep in zip(self._blurred[1:], self._keep[1:], strict=True):
            cv2.multiply(light, keep[rows], dst=light)
            cv2.add(light, layer[rows], dst=light)
        cv2.divide(cv2.cvtColor(light, cv2.COLOR_RGBA2RGB), cv2.transform(light, ALPHA), dst=self._sum[rows])

    def _blur(self, at: int, depth_m: NDArray[np.float32]) -> None:
        """The premultiplied light of a layer, blurred with its alpha, and the share of the layers behind that it keeps."""
        import cv2

        layer, cut, blurred = self._layers[at], self._cut[at], self._blurred[at]
        cut.fill(0.0)
        cv2.copyTo(self._light, cv2.inRange(depth_m, layer.near_m, layer.far_m), cut)
        radius_px = layer.radius_px * self._scale
        if radius_px == 0:
            self._blurred[at], self._cut[at] = cut, blurred
        elif self._kernel == "box":
            side = max(round(math.sqrt(math.pi) * radius_px), 1) | 1  # the area of the disc
            cv2.blur(cut, (side, side), dst=blurred)
        else:
            cv2.filter2D(cut, -1, disc(radius_px), dst=blurred)
        cv2.transform(self._blurred[at], KEPT, dst=self._keep[at])


def disc(radius_px: float) -> NDArray[np.float32]:
    """A disc with a smooth edge, of sum 1."""
    reach = math.ceil(radius_px)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    inside = np.clip(radius_px + 0.5 - np.hypot(x, y), 0.0, 1.0)
    return np.asarray(inside / inside.sum(), np.float32)


class OpenCvChain:
    """From a mosaic with depth to an 8-bit sRGB picture: demosaic, matrix, blur and LUT."""

    def __init__(self, job: Job, kernel: Kernel, scale: float) -> None:
        import cv2

        self._job, self._code = job, getattr(cv2, f"COLOR_Bayer{bayer_code(job.frame.cfa.pattern)}2RGB_EA")
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
