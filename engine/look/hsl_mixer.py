"""The pass `hsl_mixer` in NumPy: eight hue bands in an opponent space. The formulas are at the head of its shader."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Light = NDArray[np.float64]

BANDS = ("red", "orange", "yellow", "green", "aqua", "blue", "purple", "magenta")

# Linear Rec.2020 to Hunt-Pointer-Estevez cone responses, balanced for D65: rows sum to 1.
_CONES = np.array([[0.4407774, 0.5353016, 0.023921], [0.1568872, 0.7484833, 0.0946295], [0.0, 0.025777, 0.974223]])
# Ebner and Fairchild's IPT (1998), with the axes P and T rotated by 12 degrees.
_OPPONENTS = np.array([[0.4, 0.4, 0.2], [4.5251412, -4.6707279, 0.1455867], [-0.1382509, 1.357974, -1.2197231]])
# Weights (5, 8) of the mean and the first four harmonics of a hue in each band, rotated back by the band's own hue.
_DAMPED = np.array([1.0, *(2.0 * np.sinc(degree / 5) for degree in (1, 2, 3)), np.sinc(4 / 5)]) / 8.0
_WAVES = _DAMPED[:, None] * np.exp(-1j * np.radians(45.0) * np.outer(np.arange(5), np.arange(8)))


def opponents(light: Light) -> Light:
    """Lightness and two opponent axes, (..., 3), of linear Rec.2020 light (..., 3); red is at hue 0."""
    return np.asarray(np.sqrt(np.maximum(light @ _CONES.T, 0.0)) @ _OPPONENTS.T)


def from_opponent(opponent: Light) -> Light:
    """The inverse of `opponents`; negative cone responses are clipped to 0."""
    response = np.maximum(opponent @ np.linalg.inv(_OPPONENTS).T, 0.0)
    return np.asarray(response**2 @ np.linalg.inv(_CONES).T)


def shares_of(hue: Light) -> Light:
    """Weights of the bands (..., 8) at a hue (...) in radians: they sum to 1, a few are negative."""
    wave = np.exp(1j * hue)
    wave2 = wave * wave
    waves = np.stack([np.ones_like(wave), wave, wave2, wave2 * wave, wave2 * wave2], axis=-1)
    return np.asarray((waves @ _WAVES).real)


def hsl_mixer(light: Light, **values: float) -> Light:
    """Linear light (..., 3) with the hue (degrees), saturation and lightness of each band changed.

    `values` have the names of the pass's parameters, `red_turn`, `red_saturation`, `red_lightness` and so on;
    default: 0.
    """
    lightness, first, second = np.moveaxis(opponents(light), -1, 0)
    shares = shares_of(np.arctan2(second, first))
    turn, colour, lighter = (
        shares @ np.array([values.get(f"{band}_{kind}", 0.0) for band in BANDS])
        for kind in ("turn", "saturation", "lightness")
    )
    chroma2, light2 = first**2 + second**2, lightness**2 + 1e-12
    colour = np.minimum(colour, 0.0) + np.maximum(colour, 0.0) * light2 / (light2 + chroma2)
    turned = (first + 1j * second) * np.exp(1j * np.radians(turn)) * np.maximum(1.0 + colour, 0.0)
    lit = lightness * (1.0 + lighter * chroma2 / (chroma2 + 0.04 * light2))
    return from_opponent(np.stack([lit, turned.real, turned.imag], axis=-1))
