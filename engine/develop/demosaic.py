"""From an encoded mosaic to scene RGB, by the method that the user names."""

from __future__ import annotations

import difflib
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..cfa import Cfa
from ..compute.device import Buffer
from ..compute.planes import PAD, Planes
from ..errors import GroundglassError

Method = Literal["half", "bilinear", "malvar", "rcd", "lmmse", "best"]
METHODS: tuple[Method, ...] = get_args(Method)


def check_method(method: str) -> Method:
    """`method`, if it is one; else an error with the nearest name."""
    if method not in METHODS:
        near = difflib.get_close_matches(method, METHODS, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"use one of {', '.join(METHODS)}"
        raise GroundglassError(f"demosaic '{method}' is unknown; {hint}")
    return method


def demosaiced_size(width: int, height: int, method: Method) -> tuple[int, int]:
    """(width, height) of the picture that `method` makes of a mosaic of `width` x `height` sites."""
    return (width // 2, height // 2) if method == "half" else (width, height)


class Demosaic:
    """One method for mosaics of one size on one device; holds the planes that the method needs in between."""

    def __init__(self, mosaic: Planes, scene: Planes, method: Method) -> None:
        self.mosaic, self.scene, self.method = mosaic, scene, method
        self._directional = _Directional(mosaic, method) if method in ("rcd", "lmmse", "best") else None

    def run(self, cfa: Cfa, matrix: NDArray[np.float64], encoded: bool) -> None:
        """Queues the kernels that fill `scene` from `mosaic`, whose border is mirrored and at least 16 wide.

        `matrix` (3, 3) takes linear camera RGB to scene RGB. `encoded` says that the mosaic is in the domain of
        kernels/encoding.h, from which the result is decoded.
        """
        site = (cfa.red_x, cfa.red_y)
        to_scene = (int(encoded), *(float(entry) for entry in matrix.ravel()))
        pitch, layout = self.mosaic.layout.pitch, self.scene.layout
        if self._directional is not None:
            self._directional.run(self.scene, site, to_scene)
        elif self.method == "half":
            self.scene.run(
                "demosaic_half.cl", "demosaic_half", self.mosaic.buffer, self.scene.buffer, pitch, layout.pitch,
                layout.stride, *site, *to_scene,
            )  # fmt: skip
        else:
            self.mosaic.run(
                "demosaic_linear.cl", f"demosaic_{self.method}", self.mosaic.buffer, self.scene.buffer, pitch,
                layout.stride, *site, *to_scene,
            )  # fmt: skip

    def release(self) -> None:
        if self._directional is not None:
            self._directional.release()


Site = tuple[int, int]  # column and row of red in the 2x2 block


class _Directional:
    """The methods that follow edges: RCD's steps, with green by RCD, by LMMSE, or by whichever suits the colours."""

    def __init__(self, mosaic: Planes, method: Method) -> None:
        self._mosaic, self._method = mosaic, method
        width, height = mosaic.size
        # With a row for each pair of the mosaic's: what is known at the sites of red and blue alone, or at the greens.
        self._planes = [Planes(mosaic.device, width, (height + 1) // 2, 1) for _ in range(6)]
        self._vertical, self._vertical_at_greens, self._falling, self._low_pass, self._green, self._opposite = (
            planes.buffer for planes in self._planes
        )
        if method != "rcd":
            # Differences, smooth and rough, of rows and columns; later the picture before its noise is held back.
            self._parts = Planes(mosaic.device, width, height, 4)
            self._planes.append(self._parts)
        self._noise = _Noise(mosaic) if method == "best" else None

    def run(self, scene: Planes, site: Site, to_scene: tuple[float, ...]) -> None:
        pitch, mosaic, source, best = self._mosaic.layout.pitch, self._mosaic.buffer, "demosaic_rcd.cl", BEST
        vertical, falling, low_pass, green = self._vertical, self._falling, self._low_pass, self._green
        self._run_pairs(
            source, "rcd_directions", 10, mosaic, vertical, self._vertical_at_greens, falling, low_pass, pitch, 10,
            *site,
        )  # fmt: skip
        if self._method != "lmmse":
            self._run_pairs(source, "rcd_green", 8, mosaic, vertical, low_pass, green, pitch, 8, *site)
        if self._method != "rcd":
            by_lmmse = green if self._method == "lmmse" else low_pass  # which nobody needs any more
            self._green_by_lmmse(by_lmmse, site)
        slopes = vertical  # likewise
        if self._method == "best":
            self._run_pairs(best, "best_green", 6, mosaic, low_pass, green, slopes, pitch, 6, *site)
        if self._noise is None:
            self._run_pairs(source, "rcd_opposite", 4, mosaic, falling, green, self._opposite, pitch, 4, *site)
            self._run_pairs(
                source, "rcd_finish", 0, mosaic, self._vertical_at_greens, green, self._opposite, scene.buffer, pitch,
                scene.layout.stride, *site, *to_scene,
            )  # fmt: skip
            return
        picture, stride = self._parts, self._parts.layout.stride
        self._run_pairs(best, "best_opposite", 4, mosaic, falling, green, slopes, self._opposite, pitch, 4, *site)
        self._run_pairs(
            best, "best_colours", 0, mosaic, self._vertical_at_greens, green, self._opposite, slopes, picture.buffer,
            pitch, stride, *site,
        )  # fmt: skip
        picture.mirror()
        noise = self._noise.measure(site, int(to_scene[0]))
        self._run_pairs(
            best, "best_finish", 0, picture.buffer, noise, scene.buffer, pitch, scene.layout.stride, *to_scene
        )

    def _green_by_lmmse(self, green: Buffer, site: Site) -> None:
        pitch, stride, parts, mosaic = self._mosaic.layout.pitch, self._parts.layout.stride, self._parts, self._mosaic
        source = "demosaic_lmmse.cl"
        mosaic.run(source, "lmmse_differences", mosaic.buffer, parts.buffer, pitch, stride, 12, *site, margin=12)
        self._run_pairs(source, "lmmse_green", 8, mosaic.buffer, parts.buffer, green, pitch, stride, 8, *site)

    def _run_pairs(self, source: str, kernel: str, margin: int, *arguments: object) -> None:
        """A work-item takes two rows. A step needs rows of the one before beyond its own: hence the margins."""
        rows = (self._mosaic.layout.height + 1) // 2 + margin
        self._mosaic.run(source, kernel, *arguments, rows=rows)

    def release(self) -> None:
        for planes in self._planes:
            planes.release()
        if self._noise is not None:
            self._noise.release()


class _Noise:
    """How noisy a mosaic is, measured and kept on the device."""

    def __init__(self, mosaic: Planes) -> None:
        self._mosaic = mosaic
        self._tiles = tuple(side // NOISE_TILE for side in mosaic.size)
        across, down = self._tiles
        self._sums = [mosaic.device.allocate(NOISE_BYTES * max(count, 1)) for count in (across * down, down, 1)]

    def measure(self, site: Site, encoded: int) -> Buffer:
        """Queues the kernels; returns what `best_finish` reads. A mosaic smaller than a tile has no noise."""
        across, down = self._tiles
        tiles, rows, noise = self._sums
        device, source = self._mosaic.device, "demosaic_best.cl"
        if across and down:
            pitch, buffer = self._mosaic.layout.pitch, self._mosaic.buffer
            tile = (tiles, pitch, across, down, *site, encoded)
            device.run(source, "tile_noise", (-(-across // 8) * 8, down), (8, 1), buffer, *tile)
            device.run(source, "sum_noise", (-(-down // 8) * 8, 1), (8, 1), tiles, rows, across, down)
            device.run(source, "finish_noise", (8, 1), (8, 1), rows, noise, down)
        return noise

    def release(self) -> None:
        for sums in self._sums:
            self._mosaic.device.release(sums)


NOISE_TILE = 16  # sites; kernels/demosaic_best.cl holds the same number
NOISE_BYTES = 4 * 2 * 3  # of a tile: its quietness and whether it counts, for each colour
BEST = "demosaic_best.cl"
assert PAD >= 10 + 4, "rcd_directions reads 4 sites beyond its margin of 10"
assert PAD >= 12 + 4, "lmmse_differences reads 4 sites beyond its margin of 12"
