"""White points: colour temperature and tint, chromaticity, and chromatic adaptation.

Colour temperature and tint are measured in the CIE 1960 UCS (u, v). The temperature is that of the nearest point of the
Planckian locus. The tint is the signed distance from it, times 3000, the scale of common raw developers. A light with
positive tint is greener than a black body (above the locus), so the correction makes the picture more magenta; a light
with negative tint is pinker. Daylight of 6500 K has a tint of about +10.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GroundglassError, WhiteBalanceError

XY = tuple[float, float]

D50: XY = (0.34567, 0.35850)
D65: XY = (0.3127, 0.3290)

TEMPERATURES_K = (2000.0, 25000.0)
TINTS = (-150.0, 150.0)
TINT_SCALE = 3000.0

# Ratios of polynomials in 1000 K / T, constant term first, fitted to the chromaticities of Planck's law for the CIE
# 1931 observer within _LOCUS_K. Maximum error in u and v: 4e-7.
_U_OVER = (0.18006351, 0.49751165, 5.4166203, 8.7244747, 24.878631)
_U_UNDER = (1.0, 2.455563, 27.300456, 29.682027, 28.066669)
_V_OVER = (0.26352339, 0.14437006, 7.9925054, 2.4245, 30.134717)
_V_UNDER = (1.0, -0.31511934, 26.822959, -7.3603233, 95.37564)
_LOCUS_K = (1500.0, 60000.0)

# Cone responses of the linearized Bradford transform (K. M. Lam, "Metamerism and Colour Constancy", 1985).
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])

_REC2020_PRIMARIES = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))  # ITU-R BT.2020


def xyz_of(xy: XY) -> NDArray[np.float64]:
    """(3,) CIE XYZ of a chromaticity, at Y = 1."""
    x, y = xy
    return np.array([x / y, 1.0, (1 - x - y) / y])


def rgb_to_xyz(primaries: Sequence[XY], white: XY) -> NDArray[np.float64]:
    """(3, 3) from RGB of these three primaries and white to CIE XYZ, white at Y = 1."""
    columns = np.array([(x, y, 1 - x - y) for x, y in primaries]).T  # y may be 0, as of the primaries X and Z
    return np.asarray(columns * np.linalg.solve(columns, xyz_of(white)))


REC2020_TO_XYZ = rgb_to_xyz(_REC2020_PRIMARIES, D65)
XYZ_TO_REC2020 = np.linalg.inv(REC2020_TO_XYZ)


def adaptation(source: XY, target: XY) -> NDArray[np.float64]:
    """(3, 3) XYZ under the white `source` to XYZ of the same appearance under `target`: linear Bradford."""
    gains = (BRADFORD @ xyz_of(target)) / (BRADFORD @ xyz_of(source))
    return np.asarray(np.linalg.inv(BRADFORD) @ (gains[:, None] * BRADFORD))


def white_of(temperature_k: float, tint: float = 0.0) -> XY:
    """The chromaticity of a light. GroundglassError if the temperature is outside 2000..25000 K, the tint outside
    -150..150, or both together outside the spectral locus.
    """
    low, high = TEMPERATURES_K
    if not low <= temperature_k <= high:
        raise GroundglassError(
            f"temperature {temperature_k:g} K is outside {low:g}..{high:g} K; candlelight is 2000 K, lamps 2900 K, "
            "daylight 5500 K, shade 7500 K"
        )
    if not TINTS[0] <= tint <= TINTS[1]:
        raise GroundglassError(f"tint {tint:g} is outside {TINTS[0]:g}..{TINTS[1]:g}; daylight has about 10")
    point, tangent = _locus(1000 / temperature_k), _tangent(1000 / temperature_k)
    u, v = point[0] - tint / TINT_SCALE * tangent[1], point[1] + tint / TINT_SCALE * tangent[0]
    scale = 2 * u - 8 * v + 4
    x, y = 3 * u / scale, 2 * v / scale
    if x + y >= 1:
        raise WhiteBalanceError(f"{temperature_k:g} K with a tint of {tint:g} is not a real light; use a lower tint")
    return x, y


def temperature_of(white: XY) -> tuple[float, float]:
    """(kelvin, tint) of a chromaticity: the inverse of `white_of`, with a wider range of 1500..60000 K."""
    x, y = white
    scale = -2 * x + 12 * y + 3
    u, v = 4 * x / scale, 6 * y / scale
    nearest = int(np.argmin((_LOCUS_U - u) ** 2 + (_LOCUS_V - v) ** 2))
    low, high = float(_LOCUS_T[max(nearest - 1, 0)]), float(_LOCUS_T[min(nearest + 1, len(_LOCUS_T) - 1)])
    for _ in range(48):  # the foot of the perpendicular, by bisection
        middle = (low + high) / 2
        point, tangent = _locus(middle), _tangent(middle)
        ahead = (u - point[0]) * tangent[0] + (v - point[1]) * tangent[1]
        low, high = (middle, high) if ahead > 0 else (low, middle)
    t = (low + high) / 2
    point, tangent = _locus(t), _tangent(t)
    return 1000.0 / t, TINT_SCALE * ((v - point[1]) * tangent[0] - (u - point[0]) * tangent[1])


def _locus(t: float) -> XY:
    """(u, v) of a black body of 1000 K / t."""
    return _poly(_U_OVER, t) / _poly(_U_UNDER, t), _poly(_V_OVER, t) / _poly(_V_UNDER, t)


def _tangent(t: float) -> XY:
    """The unit tangent of the locus towards lower temperatures. Its left normal points to positive tint."""
    u, v = _slope(_U_OVER, _U_UNDER, t), _slope(_V_OVER, _V_UNDER, t)
    length = math.hypot(u, v)
    return u / length, v / length


def _poly(coefficients: Sequence[float], t: float) -> float:
    total = 0.0
    for coefficient in reversed(coefficients):
        total = total * t + coefficient
    return total


def _slope(over: Sequence[float], under: Sequence[float], t: float) -> float:
    over_slope, under_slope = (_poly([n * c for n, c in enumerate(part)][1:], t) for part in (over, under))
    bottom = _poly(under, t)
    return (over_slope * bottom - _poly(over, t) * under_slope) / bottom**2


_LOCUS_T = np.linspace(1000 / _LOCUS_K[1], 1000 / _LOCUS_K[0], 65)
_LOCUS_U, _LOCUS_V = np.array([_locus(float(t)) for t in _LOCUS_T]).T


def checked_multipliers(multipliers: Any) -> tuple[float, float, float]:
    """White balance with green at 1. GroundglassError unless `multipliers` are three positive numbers."""
    numbers = [float(multiplier) for multiplier in multipliers]
    if len(numbers) != 3 or not all(np.isfinite(numbers)) or min(numbers) <= 0:
        text = ", ".join(f"{number:g}" for number in numbers)
        raise GroundglassError(f"white balance {text} is not three numbers above 0; use red, green, blue: 2, 1, 1.6")
    red, green, blue = numbers
    return red / green, 1.0, blue / green
