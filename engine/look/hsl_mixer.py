"""The pass `hsl_mixer` in NumPy: eight bands of hue in an opponent space, as the head of its shader says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Light = NDArray[np.float64]

BANDS = ("red", "orange", "yellow", "green", "aqua", "blue", "purple", "magenta")

# Linear Rec.2020 to the cones of Hunt, Pointer and Estevez, balanced for D65: rows add up to 1.
_CONES = np.array([[0.4407774, 0.5353016, 0.023921], [0.1568872, 0.7484833, 0.0946295], [0.0, 0.025777, 0.974223]])
# Ebner and Fairchild's IPT (1998), its axes P and T turned by 12 degrees.
_OPPONENTS = np.array([[0.4, 0.4, 0.2], [4.5251412, -4.6707279, 0.1455867], [-0.1382509, 1.357974, -1.2197231]])
# Of the mean and the first four harmonics of a hue, what each band takes: (5, 8), turned back by the bands' own hues.
_DAMPED = np.array([1.0, *(2.0 * np.sinc(degree / 5) for degree in (1, 2, 3)), np.sinc(4 / 5)]) / 8.0
_WAVES = _DAMPED[:, None] * np.exp(-1j * np.radians(45.0) * np.outer(np.arange(5), np.arange(8)))


def opponents(light: Light) -> Light:
    """Lightness and two opponent axes, (..., 3), of linear Rec.2020 light (..., 3); red lies at hue 0."""
    return np.asarray(np.sqrt(np.maximum(light @ _CONES.T, 0.0)) @ _OPPONENTS.T)


def from_opponent(opponent: Light) -> Light:
    """The way back from `opponents`; an answer of a cone below 0 counts as none."""
    answer = np.maximum(opponent @ np.linalg.inv(_OPPONENTS).T, 0.0)
    return np.asarray(answer**2 @ np.linalg.inv(_CONES).T)


def shares_of(hue: Light) -> Light:
    """Share of each band (..., 8) in what happens to a hue (...) in radians: they add up to 1, a few are below 0."""
    one = np.exp(1j * hue)
    two = one * one
    waves = np.stack([np.ones_like(one), one, two, two * one, two * two], axis=-1)
    return np.asarray((waves @ _WAVES).real)


def hsl_mixer(light: Light, **values: float) -> Light:
    """Linear light (..., 3) with each band turned (degrees), more or less colourful, and lighter or darker.

    `values` are named as the pass's parameters, `red_turn`, `red_saturation`, `red_lightness` and so on; one that is
    left out is 0.
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
