"""A LUT: a curve for each channel, then a cube of colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import LookError
from ..gl.passes import Number, Table

MAX_SIDE = 256  # nodes along an edge of a cube: 200 MB of numbers, and the side that every GL driver supports
MAX_LENGTH = 65536  # entries of a curve: one for each 16-bit number
ROW = 4096  # entries of a curve in one row of its texture: every driver supports this length

Array = NDArray[np.float32]
Domain = tuple[tuple[float, float, float], tuple[float, float, float]]
UNIT: Domain = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)


@dataclass(frozen=True, eq=False)
class Lut(Table):
    """Maps numbers to numbers; their encoding is defined by the pass that uses the LUT (`lut_input`).

    `shaper` (N, 3) holds three curves over `shaper_domain`, with linear interpolation. Its entries are even; with
    a `shaper_root` below 1 they are even in this power of the number, and so dense in the shadows. `cube`
    (S, S, S, 3), indexed by red, green and blue, covers `cube_domain`, with tetrahedral interpolation. Both are
    float32; either may be None. Numbers outside a domain, (minimum, maximum) of each channel, are clipped to it. `file`
    is the absolute path that the LUT was read from. Raises LookError for other shapes, for numbers that are not finite
    and for an empty domain.
    """

    name: str
    shaper: Array | None = None
    cube: Array | None = None
    shaper_domain: Domain = UNIT
    cube_domain: Domain = UNIT
    file: Path | None = None
    shaper_root: float = 1.0

    def __post_init__(self) -> None:
        shaper, cube = self.shaper, self.cube
        if shaper is None and cube is None:
            raise LookError(f"{self.name}: neither a curve nor a cube; name another LUT")
        if shaper is not None and not (shaper.ndim == 2 and shaper.shape[1] == 3 and 2 <= len(shaper) <= MAX_LENGTH):
            raise LookError(f"{self.name}: a curve has 2 to {MAX_LENGTH} entries of three numbers, not {shaper.shape}")
        if cube is not None and not (cube.shape == (len(cube),) * 3 + (3,) and 2 <= len(cube) <= MAX_SIDE):
            raise LookError(f"{self.name}: a cube has 2 to {MAX_SIDE} nodes along each edge, not {cube.shape}")
        for table, domain in ((shaper, self.shaper_domain), (cube, self.cube_domain)):
            if table is not None and not np.isfinite(table).all():
                raise LookError(f"{self.name}: holds numbers that are not finite; export the LUT again")
            if not (np.isfinite(domain).all() and np.all(np.less(*domain))):
                raise LookError(f"{self.name}: its domain, {domain[0]} to {domain[1]}, is empty; export the LUT again")

    def __str__(self) -> str:
        return self.name

    def apply(self, rgb: ArrayLike) -> Array:
        """(..., 3) through the curve and the cube, as float32; NaN counts as the domain's minimum."""
        numbers = np.nan_to_num(np.asarray(rgb, dtype=np.float32), nan=-np.inf, posinf=np.inf, neginf=-np.inf)
        if self.shaper is not None:
            places = _placed(numbers, self.shaper_domain) ** np.float32(self.shaper_root)
            numbers = _through_curves(self.shaper, places)
        return numbers if self.cube is None else tetrahedral(self.cube, _placed(numbers, self.cube_domain))

    @property
    def textures(self) -> Mapping[str, Array]:
        """The textures of `gl.passes.Table`; a missing table is a texture of one entry, which is never sampled."""
        shaper = np.zeros((1, 3), np.float32) if self.shaper is None else self.shaper
        rows = -(-len(shaper) // ROW)
        curve = np.zeros((rows * min(len(shaper), ROW), 4), np.float32)
        curve[: len(shaper), :3] = shaper
        cube = np.zeros((1, 1, 1, 3), np.float32) if self.cube is None else self.cube
        texels = np.zeros((*cube.shape[:3], 4), np.float32)
        texels[..., :3] = cube.transpose(2, 1, 0, 3)  # red lies along the rows
        return {"shaper": curve.reshape(rows, -1, 4), "cube": texels}

    @cached_property
    def numbers(self) -> Mapping[str, Number]:
        """The numbers of `gl.passes.Table`: nodes (0: table is missing), scale and offset from a number to its node."""
        length, side = (0 if table is None else len(table) for table in (self.shaper, self.cube))
        shaper_scale, shaper_offset = _place(self.shaper_domain, length)
        cube_scale, cube_offset = _place(self.cube_domain, side)
        return {
            "shaper_length": length,
            "shaper_scale": shaper_scale,
            "shaper_offset": shaper_offset,
            "shaper_root": self.shaper_root,
            "cube_side": side,
            "cube_scale": cube_scale,
            "cube_offset": cube_offset,
        }


def tetrahedral(cube: Array, place: NDArray[np.float32]) -> Array:
    """Tetrahedral interpolation, (..., 3), of a cube (S, S, S, 3) at `place` (..., 3), clipped to 0..1 along its edges.

    Six tetrahedra along the grey diagonal divide each cell; the result is the weighted mean of the four corners of one
    tetrahedron (J. M. Kasson, S. I. Nin, W. Plouffe, J. L. Hafner, "Performing color space conversions with
    three-dimensional linear interpolation", Journal of Electronic Imaging 4, 1995): grey stays a mean of greys.
    """
    side = len(cube)
    scaled = np.clip(place, 0.0, 1.0).astype(np.float32) * np.float32(side - 1)
    low = np.minimum(scaled.astype(np.intp), side - 2)
    part = scaled - low
    maximum, minimum = part.max(axis=-1, keepdims=True), part.min(axis=-1, keepdims=True)
    middle = part.sum(axis=-1, keepdims=True) - maximum - minimum
    # If two parts are equal, the corner between them is ambiguous, but its weight is 0.
    corners = (low, low + (part >= maximum), low + (part > minimum), low + 1)
    shares = (1.0 - maximum, maximum - middle, middle - minimum, minimum)
    flat, steps = cube.reshape(-1, 3), np.array([side * side, side, 1])
    return np.asarray(sum(share * flat[corner @ steps] for corner, share in zip(corners, shares, strict=True)))


def _through_curves(shaper: Array, at: NDArray[np.float32]) -> Array:
    places = np.linspace(0.0, 1.0, len(shaper))
    curved = [np.interp(at[..., channel], places, shaper[:, channel]) for channel in range(3)]
    return np.asarray(np.stack(curved, axis=-1), np.float32)


def _placed(numbers: NDArray[np.float32], domain: Domain) -> NDArray[np.float32]:
    minimum, maximum = np.asarray(domain, np.float64)
    return np.asarray((np.clip(numbers, minimum, maximum) - minimum) / (maximum - minimum), np.float32)


def _place(domain: Domain, nodes: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Scale and offset from a number to its position among the nodes, counted from 0."""
    minimum, maximum = np.asarray(domain, np.float64)
    scale = max(nodes - 1, 0) / (maximum - minimum)
    return tuple(map(float, scale)), tuple(map(float, -minimum * scale))
