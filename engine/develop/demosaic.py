"""Demosaicing: from an encoded Bayer mosaic to scene RGB, by the chosen method."""

from __future__ import annotations

import difflib
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..cfa import Cfa
from ..checks import TEXT, check_kind
from ..compute.arguments import of_matrix
from ..compute.device import Buffer
from ..compute.planes import PAD, Planes
from ..compute.tiles import TILE, run_cells, run_tiles
from ..errors import GroundglassError

Method = Literal["quarter", "half", "bilinear", "malvar", "rcd", "lmmse", "best"]
METHODS: tuple[Method, ...] = get_args(Method)
HALVING: tuple[Method, ...] = ("quarter", "half")


def check_method(method: str) -> Method:
    """`method` if it is valid; else a GroundglassError with the closest name."""
    check_kind("demosaic", "method", method, TEXT)
    if method not in METHODS:
        near = difflib.get_close_matches(method, METHODS, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"use one of {', '.join(METHODS)}"
        raise GroundglassError(f"demosaic '{method}' is unknown; {hint}")
    return method


def demosaiced_size(width: int, height: int, method: Method) -> tuple[int, int]:
    """(width, height) of the picture that `method` makes from a mosaic of `width` x `height` photosites.

    The mosaic of `quarter` is binned: a quarter of the sensor's width is half of that of its mosaic.
    """
    return (width // 2, height // 2) if method in HALVING else (width, height)


class Demosaic:
    """One method for mosaics of one size on one device; owns the method's intermediate planes."""

    def __init__(self, mosaic: Planes, scene: Planes, method: Method) -> None:
        self.mosaic, self.scene, self.method = mosaic, scene, method
        self._directional = _Directional(mosaic, method) if method in ("rcd", "lmmse", "best") else None

    @property
    def output(self) -> Planes:
        return self.scene

    def run(self, cfa: Cfa, matrix: NDArray[np.float64], encoded: bool) -> None:
        """Queues the kernels that fill `scene` from `mosaic`, whose border is mirrored and at least 16 wide.

        `matrix` (3, 3) converts linear camera RGB to scene RGB. If `encoded`, the mosaic is in the domain of
        kernels/encoding.h and the result is decoded.
        """
        red: RedPosition = {"red_x": cfa.red_x, "red_y": cfa.red_y}
        to_scene: dict[str, Any] = {"encoded": int(encoded), **of_matrix(matrix)}
        if self._directional is not None:
            self._directional.run(self.scene, red, to_scene)
        elif self.method in HALVING:
            self.scene.run(
                "demosaic_half.cl", "demosaic_half", mosaic=self.mosaic.buffer, scene=self.scene.buffer,
                mosaic_pitch=self.mosaic.layout.pitch, **red, **to_scene,
            )  # fmt: skip
        else:
            self.mosaic.run(
                "demosaic_linear.cl", f"demosaic_{self.method}", mosaic=self.mosaic.buffer, scene=self.scene.buffer,
                **red, **to_scene,
            )  # fmt: skip

    def release(self) -> None:
        if self._directional is not None:
            self._directional.release()


RedPosition = dict[str, Any]  # column and row of red in the 2x2 block, `red_x` and `red_y`


class _Directional:
    """Edge-directed methods: the steps of RCD, with green by RCD, by LMMSE, or (`best`) by a mixture of both.

    The planes contain one number for each block of 2x2 photosites; kernels/photosites.h describes them. On a CPU they
    hold a strip of the mosaic, and the steps run strip by strip.
    """

    def __init__(self, mosaic: Planes, method: Method) -> None:
        self._mosaic, self._method = mosaic, method
        width, height = mosaic.size
        rows, channels = height // 2 + 1, 16 if method == "rcd" else 34
        strips = 1
        if mosaic.device.is_cpu:
            strips = max(round(4 * channels * (width // 2) * rows / STRIP_BYTES), 1)
        self._strip_rows = -(-rows // strips)
        self._planes: list[Planes] = []
        self._split, self._vertical = self._new(4), self._new(4)
        self._falling, self._low_pass, self._green, self._opposite = (self._new(2).buffer for _ in range(4))
        if method != "rcd":
            # Colour differences of rows and columns, smooth and rough.
            self._parts, self._by_lmmse = self._new(16).buffer, self._new(2).buffer
        if method == "best":
            self._slopes = self._new(2).buffer
            self._picture = Planes(mosaic.device, width, height, 3)  # before noise reduction
            self._planes.append(self._picture)
        self._noise = _Noise(mosaic) if method == "best" else None
        self._rcd = RCD if method == "rcd" else RCD_FAR

    def _new(self, channels: int) -> Planes:
        self._planes.append(
            Planes(self._mosaic.device, (self._mosaic.layout.width + 1) // 2, self._strip_rows, channels)
        )
        return self._planes[-1]

    def run(self, scene: Planes, red: RedPosition, to_scene: dict[str, Any]) -> None:
        # The first row of blocks begins above the picture if the Bayer order begins with green.
        rows = (self._mosaic.layout.height + 1 + (red["red_x"] != red["red_y"])) // 2
        for first in range(0, rows, self._strip_rows):
            strip = range(first, min(first + self._strip_rows, rows))
            self._interpolate_green(strip, red)
            if self._method == "best":
                self._interpolate_best(strip, red)
            else:
                self._finish(scene, strip, red, to_scene)
        if self._method == "best":
            self._finish_best(scene, red, to_scene)

    def _interpolate_green(self, strip: range, red: RedPosition) -> None:
        mosaic, split, vertical, low_pass = self._mosaic, self._split.buffer, self._vertical.buffer, self._low_pass
        self._run_blocks(
            "demosaic_split.cl", "split", strip, margin=6 if self._method == "rcd" else 8, mosaic=mosaic.buffer,
            planes=split, first=strip.start, mosaic_pitch=mosaic.layout.pitch, rows=mosaic.layout.rows, **red,
        )  # fmt: skip
        self._run_blocks(
            self._rcd, "rcd_directions", strip, margin=4, mosaic=split, vertical=vertical, falling=self._falling,
            low_pass=low_pass,
        )  # fmt: skip
        if self._method != "lmmse":
            self._run_blocks(
                self._rcd, "rcd_green", strip, margin=3, mosaic=split, vertical=vertical, low_pass=low_pass,
                green=self._green,
            )  # fmt: skip
        if self._method != "rcd":
            self._run_blocks(LMMSE, "lmmse_differences", strip, margin=6, mosaic=split, parts=self._parts)
            self._run_blocks(
                LMMSE, "lmmse_green", strip, margin=4, mosaic=split, parts=self._parts, green=self._by_lmmse
            )

    def _finish(self, scene: Planes, strip: range, red: RedPosition, to_scene: dict[str, Any]) -> None:
        """The remaining steps of `rcd` and `lmmse`."""
        split, opposite = self._split.buffer, self._opposite
        if self._method == "lmmse":
            margin, green = 2, self._by_lmmse
        else:
            margin, green = 1, self._low_pass  # whose content is not needed any more
            self._run_blocks(
                self._rcd, "rcd_smooth", strip, margin=2, mosaic=split, vertical=self._vertical.buffer,
                green=self._green, smooth_green=green,
            )  # fmt: skip
        self._run_blocks(
            self._rcd, "rcd_opposite", strip, margin=margin, mosaic=split, falling=self._falling, green=green,
            opposite=opposite,
        )  # fmt: skip
        self._run_blocks(
            self._rcd, "rcd_finish", strip, mosaic=split, vertical=self._vertical.buffer, green=green,
            opposite=opposite, scene=scene.buffer, scene_pitch=scene.layout.pitch, scene_stride=scene.layout.stride,
            first=strip.start, **red, **to_scene,
        )  # fmt: skip

    def _interpolate_best(self, strip: range, red: RedPosition) -> None:
        """The colours of `best` in a strip of its picture."""
        split, green, slopes, picture = self._split.buffer, self._green, self._slopes, self._picture
        self._run_blocks(
            BEST, "best_green", strip, margin=3, mosaic=split, by_lmmse=self._by_lmmse, green=green, slopes=slopes
        )
        self._run_blocks(
            BEST, "best_opposite", strip, margin=2, mosaic=split, falling=self._falling, green=green, slopes=slopes,
            opposite=self._opposite,
        )  # fmt: skip
        self._run_blocks(
            BEST, "best_colours", strip, mosaic=split, vertical=self._vertical.buffer, green=green,
            opposite=self._opposite, slopes=slopes, picture=picture.buffer, picture_pitch=picture.layout.pitch,
            picture_stride=picture.layout.stride, first=strip.start, **red,
        )  # fmt: skip

    def _finish_best(self, scene: Planes, red: RedPosition, to_scene: dict[str, Any]) -> None:
        """The last step of `best`, on the whole picture: noise reduction."""
        assert self._noise is not None
        picture = self._picture
        picture.mirror()
        noise = self._noise.measure(red, to_scene["encoded"])
        picture.run(
            BEST, "best_finish", picture=picture.buffer, noise=noise, scene=scene.buffer, **to_scene,
            row_count=(picture.layout.height + 1) // 2,
        )  # fmt: skip

    def _run_blocks(
        self, source: str, kernel: str, strip: range, *, margin: int | None = None, **arguments: Any
    ) -> None:
        """Queues a kernel over rows of blocks: those of the strip, and `margin` more above and below, which the
        following step reads. The last step has none.
        """
        if margin is not None:
            arguments["margin"] = margin
        self._split.run(source, kernel, **arguments, row_count=len(strip) + 2 * (margin or 0))

    def release(self) -> None:
        for planes in self._planes:
            planes.release()
        if self._noise is not None:
            self._noise.release()


class _Noise:
    """The noise of a mosaic, measured on the device; the result stays there."""

    def __init__(self, mosaic: Planes) -> None:
        self._mosaic = mosaic
        self._tiles = tuple(side // TILE for side in mosaic.size)
        across, down = self._tiles
        self._sums = [mosaic.device.allocate(NOISE_BYTES * max(count, 1)) for count in (across * down, down, 1)]

    def measure(self, red: RedPosition, encoded: int) -> Buffer:
        """Queues the kernels; returns the noise buffer for `best_finish`. It is 0 for a mosaic smaller than a tile."""
        across, down = self._tiles
        tiles, rows, noise = self._sums
        device, source = self._mosaic.device, "demosaic_best.cl"
        if across and down:
            run_tiles(
                device, source, "tile_noise", (across, down), cpu_group=8, mosaic=self._mosaic.buffer, tiles=tiles,
                pitch=self._mosaic.layout.pitch, tiles_x=across, tiles_y=down, **red, encoded=encoded,
            )  # fmt: skip
            run_cells(
                device, source, "sum_noise", (down, 1), cpu_group=8, tiles=tiles, sums=rows, count=across, rows=down
            )
            run_cells(device, source, "finish_noise", (3, 1), 8, sums=rows, noise=noise, rows=down)
        return noise

    def release(self) -> None:
        for sums in self._sums:
            self._mosaic.device.release(sums)


NOISE_BYTES = 4 * 2 * 3  # per tile and colour: quietness, and whether the tile counts
RCD, LMMSE, BEST = "demosaic_rcd.cl", "demosaic_lmmse.cl", "demosaic_best.cl"
RCD_FAR = f"{RCD}?FAR_GRADIENTS=1"
STRIP_BYTES = 12 << 20  # planes of a strip; measured at 1920x1080: the fastest size, a third of the memory
assert PAD >= 2 * 6 + 4, "lmmse_differences reads 4 photosites beyond its margin of 6 blocks"
