"""Linear filters that estimate colours from a mosaic of any CFA pattern, each optimal for one kind of texture.

H. J. Trussell and R. E. Hartley, "Mathematics of demosaicking", IEEE TIP 2002, derive the filter with the minimum mean
squared error from the correlations of the picture. G. Yu, G. Sapiro and S. Mallat, "Solving inverse problems with
piecewise linear estimators", IEEE TIP 2012, use several such filters, for structures of different directions, and
choose the best match at each position. Here the correlations are formulas instead of learned, and the filters are
constrained (universal co-kriging; N. Cressie, "Statistics for spatial data", 1993): uniform colours and ramps common
to all colours are reproduced exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

REACH = 4
_OFFSETS = np.stack(np.meshgrid(*[np.arange(-REACH, REACH + 1)] * 2), axis=-1).reshape(-1, 2)
# (taps, 2): column and row offsets of the filter taps in reading order, as in kernels/textures.cl.
STEPS = _OFFSETS[np.hypot(*_OFFSETS.T) < REACH + 0.5]


@dataclass(frozen=True, slots=True)
class Texture:
    """Correlation of light and colour at two positions by their distance in pixels.

    The component common to the three colours has variance 1 and correlation exp(-(distance / light_px)**light_power).
    The component of each single colour has variance `colour` and a correlation of the same form. Distances along
    `angle` (radians from the rows) count `stretch` times less than across it. `noise` is the noise variance of a
    photosite.
    """

    light_px: float
    light_power: float
    colour: float
    colour_px: float
    colour_power: float
    noise: float
    angle: float = 0.0
    stretch: float = 1.0

    def correlations(self, steps: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Covariances of the common component and of a single colour's component at offsets `steps` (..., 2: x, y)."""
        across, down = steps[..., 0], steps[..., 1]
        along = across * np.cos(self.angle) + down * np.sin(self.angle)
        aside = down * np.cos(self.angle) - across * np.sin(self.angle)
        distance = np.sqrt(along**2 / self.stretch + aside**2 * self.stretch)
        shared = np.exp(-((distance / self.light_px) ** self.light_power))
        own = self.colour * np.exp(-((distance / self.colour_px) ** self.colour_power))
        return shared, own


# Random search for the highest CPSNR on crops of half of the Kodak set (greyish, correlated colours) and of the
# McMaster set (saturated). Only the powers are critical: a change of any other number by a third changes the CPSNR by
# less than 0.2 dB.
GREYISH = Texture(light_px=3.8, light_power=1.5, colour=0.035, colour_px=12.0, colour_power=1.9, noise=0.0004)
COLOURFUL = Texture(light_px=5.7, light_power=1.8, colour=0.5, colour_px=10.0, colour_power=1.4, noise=0.0017)


def _directed(texture: Texture, straight: float, diagonal: float) -> tuple[Texture, ...]:
    """`texture` without a direction and in four directions, stretched by `straight` or `diagonal`."""
    angles = ((0.0, straight), (np.pi / 2, straight), (np.pi / 4, diagonal), (-np.pi / 4, diagonal))
    return texture, *(replace(texture, angle=angle, stretch=stretch) for angle, stretch in angles)


TEXTURES = (*_directed(GREYISH, 6.0, 2.5), *_directed(COLOURFUL, 3.0, 3.0))


def filters(channels: NDArray[np.intp], wanted: NDArray[np.intp]) -> NDArray[np.float32]:
    """(textures, n, taps, 1 + k, n) float32: texture, row of the repeating block, tap in reading order, filter, column.

    `channels` (n, n) is the block, 0 red, 1 green, 2 blue; `wanted` (k, n, n) are the k channels to estimate at each of
    its photosites. The first filter estimates a photosite's own value from its neighbours, the others the wanted ones.
    """
    side = len(channels)
    photosites = [
        _filters_at(np.roll(channels, (-y, -x), axis=(0, 1)), texture, wanted[:, y, x])
        for texture in TEXTURES
        for y in range(side)
        for x in range(side)
    ]
    table = np.reshape(photosites, (len(TEXTURES), side, side, *photosites[0].shape))
    return np.ascontiguousarray(table.transpose(0, 1, 4, 3, 2), np.float32)


def _filters_at(channels: NDArray[np.intp], texture: Texture, wanted: NDArray[np.intp]) -> NDArray[np.float64]:
    """(1 + k, taps): the filters of the first photosite in `channels`; the first filter excludes that photosite."""
    side = len(channels)
    colours = channels[STEPS[:, 1] % side, STEPS[:, 0] % side]
    shared, own = texture.correlations((STEPS[:, None] - STEPS[None]).astype(np.float64))
    known = shared + own * (colours[:, None] == colours[None]) + texture.noise * np.eye(len(STEPS))
    # Constraints: the level of each colour, and a slope common to all colours, are reproduced exactly.
    exact = np.concatenate([np.eye(3)[colours], STEPS], axis=1)
    # The minimum expected squared error under these constraints (Lagrange).
    inverse = np.linalg.inv(np.block([[known, exact], [exact.T, np.zeros((5, 5))]]))
    shared_here, own_here = texture.correlations(STEPS.astype(np.float64))
    targets = [
        np.concatenate([shared_here + own_here * (colours == colour), np.eye(3)[colour], np.zeros(2)])
        for colour in wanted
    ]
    taps, centre = len(STEPS), len(STEPS) // 2
    # The same inverse gives the estimate of a photosite from the others (O. Dubrule, "Cross validation of kriging in a
    # unique neighborhood", Mathematical Geology 1983).
    expected = -inverse[centre, :taps] / inverse[centre, centre]
    expected[centre] = 0.0
    return np.stack([expected, *(inverse[:taps] @ target for target in targets)])
