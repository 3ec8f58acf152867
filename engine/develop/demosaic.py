"""From an encoded mosaic to scene RGB, by the method that the user names."""

from __future__ import annotations

import difflib
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..cfa import Cfa
from ..compute.planes import PAD, Planes
from ..errors import GroundglassError

Method = Literal["half", "bilinear", "malvar", "rcd"]
METHODS: tuple[Method, ...] = get_args(Method)
_PLANES_BETWEEN = {"rcd": 5}  # vertical, falling, low-passed, green, opposite


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
        width, height = mosaic.size
        self._between = [Planes(mosaic.device, width, height, 1) for _ in range(_PLANES_BETWEEN.get(method, 0))]

    def run(self, cfa: Cfa, matrix: NDArray[np.float64], encoded: bool) -> None:
        """Queues the kernels that fill `scene` from `mosaic`, whose border is mirrored and at least 16 wide.

        `matrix` (3, 3) takes linear camera RGB to scene RGB. `encoded` says that the mosaic is in the domain of
        kernels/encoding.h, from which the result is decoded.
        """
        camera = [float(entry) for entry in matrix.ravel()]
        pitch, stride = self.mosaic.layout.pitch, self.scene.layout.stride
        site = (cfa.red_x, cfa.red_y)
        if self.method == "rcd":
            self._run_rcd(site, camera, encoded)
        elif self.method == "half":
            self.scene.run(
                "demosaic_half.cl", "demosaic_half", self.mosaic.buffer, self.scene.buffer, pitch,
                self.scene.layout.pitch, stride, *site, int(encoded), *camera,
            )  # fmt: skip
        else:
            self.mosaic.run(
                "demosaic_linear.cl", f"demosaic_{self.method}", self.mosaic.buffer, self.scene.buffer, pitch, stride,
                *site, int(encoded), *camera,
            )  # fmt: skip

    def _run_rcd(self, site: tuple[int, int], camera: list[float], encoded: bool) -> None:
        source, pitch, mosaic = "demosaic_rcd.cl", self.mosaic.layout.pitch, self.mosaic.buffer
        vertical, falling, low_pass, green, opposite = (planes.buffer for planes in self._between)
        # A work-item takes two rows. Each step needs so many rows of the one before beyond its own: 4, 2 and 2.
        rows = self.mosaic.layout.height

        def run(kernel: str, margin: int, *arguments: object) -> None:
            self.mosaic.run(source, kernel, *arguments, rows=(rows + 1) // 2 + margin)

        run("rcd_directions", 8, mosaic, vertical, falling, low_pass, pitch, 8, *site)
        run("rcd_green", 6, mosaic, vertical, low_pass, green, pitch, 6, *site)
        run("rcd_opposite", 4, mosaic, falling, green, opposite, pitch, 4, *site)
        run(
            "rcd_finish", 0, mosaic, vertical, green, opposite, self.scene.buffer, pitch,
            self.scene.layout.stride, *site, int(encoded), *camera,
        )  # fmt: skip

    def release(self) -> None:
        for planes in self._between:
            planes.release()
        self._between.clear()


assert PAD >= 8 + 4, "rcd_directions reads 4 sites beyond its margin of 8"
