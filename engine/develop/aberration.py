"""Lateral chromatic aberration: red and blue, which the lens draws a little larger or smaller than green, put back."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..cfa import Cfa
from ..compute.planes import Planes
from ..errors import GroundglassError

MOST = 20.0  # thousandths; a lens that is worse is broken
BLOCK = 24  # superpixels on a side of the blocks whose shift is measured
LEAST_CONTRAST = 1e-4  # of a block's slopes, squared, in the square root of light: less is noise


@dataclass(frozen=True, slots=True)
class Shift:
    """How much farther out than green a channel's light lies: `k1` + `k2` r^2 of the distance from the centre, r in
    half diagonals.
    """

    k1: float = 0.0
    k2: float = 0.0


Shifts = tuple[Shift, Shift]  # of red, of blue


def parse_aberration(text: str) -> Shifts | None:
    """The shifts that "off" or "RED,BLUE" in thousandths say; None for "auto". GroundglassError for anything else."""
    said = text.strip().lower()
    if said == "auto":
        return None
    if said == "off":
        return Shift(), Shift()
    number = r"([+-]?(?:\d+\.?\d*|\.\d+))"
    found = re.fullmatch(rf"{number},{number}", said)
    if not found or max(abs(float(one)) for one in found.groups()) > MOST:
        raise GroundglassError(
            f"aberration '{text}' is not understood; use off, auto, or by how many thousandths red and blue lie "
            f"farther out than green, up to {MOST:g}, such as 0.4,-0.3"
        )
    return Shift(float(found[1]) / 1000), Shift(float(found[2]) / 1000)


class Aberration:
    """Corrects Bayer mosaics of one size; `output` is a plane of its own."""

    def __init__(self, mosaic: Planes) -> None:
        self.mosaic = mosaic
        self.output = Planes(mosaic.device, *mosaic.size, 1)

    def run(self, cfa: Cfa, shifts: Shifts) -> None:
        """Queues the kernels that fill `output`, border mirrored, from `mosaic`, whose border is mirrored.

        Red and blue sites are interpolated between sites of their colour by Catmull-Rom splines, up to 9 sites away.
        """
        width, height = self.mosaic.size
        red, blue = shifts
        self.mosaic.run(
            "aberration.cl", "shift_red_and_blue", self.mosaic.buffer, self.output.buffer, width,
            self.mosaic.layout.pitch, cfa.red_x, cfa.red_y, (width - 1) / 2, (height - 1) / 2,
            2 / float(np.hypot(width, height)), red.k1, red.k2, blue.k1, blue.k2,
        )  # fmt: skip
        self.output.mirror()

    def release(self) -> None:
        self.output.release()


def estimate_aberration(light: NDArray[np.floating], cfa: Cfa) -> Shifts:
    """The shifts of a Bayer mosaic (H, W) of light, 1 at the white level; zero where the picture does not tell.

    Where green has edges, the other channel is, block by block, green times a factor plus its slope along the radius
    times how far it is shifted (B. D. Lucas and T. Kanade, IJCAI 1981); through the shifts of all blocks goes the
    line of the most likely k1, by a median that weighs by slope and distance.
    """
    root = np.sqrt(np.clip(np.asarray(light, np.float64), 0, 1))
    height, width = (side // 2 * 2 for side in root.shape)
    root = root[:height, :width]
    return _shift(root, cfa, cfa.red_x, cfa.red_y), _shift(root, cfa, 1 - cfa.red_x, 1 - cfa.red_y)


def _shift(root: NDArray[np.float64], cfa: Cfa, first_x: int, first_y: int) -> Shift:
    """Of the channel whose sites begin at column `first_x` of row `first_y`."""
    padded = np.pad(root, 1, mode="reflect")
    around = 0.25 * (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:])
    green = around[first_y::2, first_x::2]  # where the channel has its sites
    # The channel through the same blur that green has gone through.
    own = root[first_y::2, first_x::2]
    soft = np.pad(own, 1, mode="edge")
    own = 0.75 * own + 0.0625 * (soft[:-2, 1:-1] + soft[2:, 1:-1] + soft[1:-1, :-2] + soft[1:-1, 2:])
    slope_y, slope_x = np.gradient(green)
    y = 2.0 * np.arange(len(own))[:, None] + first_y - (root.shape[0] - 1) / 2
    x = 2.0 * np.arange(own.shape[1])[None] + first_x - (root.shape[1] - 1) / 2
    radius = np.maximum(np.hypot(x, y), 1.0)
    outwards = 0.5 * (slope_x * x + slope_y * y) / radius  # per site
    inner = (slice(2, -2), slice(2, -2))
    own, green, outwards, radius = (_blocks(plane[inner]) for plane in (own, green, outwards, radius))
    usable = (own.max(axis=1) < 0.97) & (green.max(axis=1) < 0.97)
    means = [plane - plane.mean(axis=1, keepdims=True) for plane in (own, green, outwards)]
    gg, go, oo = (means[1] ** 2).sum(1), (means[1] * means[2]).sum(1), (means[2] ** 2).sum(1)
    cg, co = (means[0] * means[1]).sum(1), (means[0] * means[2]).sum(1)
    determinant = gg * oo - go**2
    with np.errstate(divide="ignore", invalid="ignore"):
        factor, slope = (cg * oo - co * go) / determinant, (co * gg - cg * go) / determinant
        moved = -slope / factor  # sites outwards
    weight = np.sqrt(np.maximum(oo, 0)) * radius.mean(axis=1)
    fits = usable & (oo / own.shape[1] > LEAST_CONTRAST) & (factor > 0.2) & np.isfinite(moved) & (np.abs(moved) < 8)
    if fits.sum() < 12:
        return Shift()
    k1 = _median(moved[fits] / radius[fits].mean(axis=1), weight[fits])
    spread = _median(np.abs(moved[fits] / radius[fits].mean(axis=1) - k1), weight[fits])
    certain = abs(k1) > 2 * spread / np.sqrt(fits.sum())
    return Shift(float(np.clip(k1, -MOST / 1000, MOST / 1000))) if certain else Shift()


def _blocks(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, BLOCK * BLOCK)."""
    rows, columns = (side // BLOCK for side in plane.shape)
    cut = plane[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    return cut.swapaxes(1, 2).reshape(rows * columns, BLOCK * BLOCK)


def _median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    order = np.argsort(values)
    summed = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(summed, 0.5 * summed[-1])])
