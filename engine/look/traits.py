"""Traits of a look: its effect on tones and colours, measured from its NumPy reference.

Passes that depend on more than the pixel (vignette, grain, ...) are excluded. Contrast and hue traits are relative to
the neutral rendering of the same light.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..camera import REC709_TO_REC2020
from ..checks import check_kind, of_type
from ..colour.difference import PATCH_NAMES, REFERENCE_LAB, lab_of_scene, scene_of_lab
from . import reference
from .hsl_mixer import BANDS, from_opponent
from .look import Look

Lab = NDArray[np.float64]

STOPS_BELOW, STOPS_ABOVE = 8.0, 6.0  # range of the curves, in stops from 18 % grey
CHROMA = 0.15  # chroma of the colours that measure hues: about 25 in Lab, as of everyday objects
SKINS = ("dark skin", "light skin")  # patches of the chart; a third skin colour is their mean
COLOURLESS = 2.0  # chroma in Lab below which a hue is undefined


@dataclass(frozen=True, slots=True)
class HueTrait:
    """The effect on a colour: chroma relative to neutral, hue shift in degrees of Lab (red to yellow is positive; NaN
    if no colour is left), and lightness difference in L*."""

    saturation: float
    turn: float
    lighter: float


@dataclass(frozen=True, slots=True)
class Traits:
    """Measurements of a look. Levels are display values 0..255, tints are (a*, b*) of grey in Lab under D50."""

    grey: float  # L* of 18 % grey
    contrast: float  # rise of L* over the stop around 18 % grey, relative to neutral
    black: float  # level without light, mean of the channels
    white: float  # level six stops above grey
    headroom_ev: float  # stops above grey beyond which no channel rises by one level
    shadow_tint: tuple[float, float]  # three stops below grey
    highlight_tint: tuple[float, float]  # two and a half stops above grey
    skin: HueTrait  # mean of dark, middle and light skin
    hues: dict[str, HueTrait]  # by hue band: red, orange, yellow, ...

    @property
    def saturation(self) -> float:
        """Mean over the hues."""
        return float(np.mean([hue.saturation for hue in self.hues.values()]))


def curve(look: Look, samples: int = 561, strength: float = 1.0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Stops from 18 % grey (N,), and display sRGB (N, 3) of grey at these stops; strength 0 is neutral."""
    stops = np.linspace(-STOPS_BELOW, STOPS_ABOVE, samples)
    return stops, _greys(look, reference.GREY * 2.0**stops, strength)


def colours() -> NDArray[np.float64]:
    """Linear Rec.2020 (8, 3): one colour for each hue band, about as light as 18 % grey."""
    angles = np.radians(45.0) * np.arange(len(BANDS))
    lightness = np.full(len(BANDS), np.sqrt(reference.GREY))
    return from_opponent(np.stack([lightness, CHROMA * np.cos(angles), CHROMA * np.sin(angles)], axis=-1))


def skins() -> NDArray[np.float64]:
    """Linear Rec.2020 (3, 3): dark, middle and light skin in daylight."""
    dark, light = (REFERENCE_LAB[PATCH_NAMES.index(name)] for name in SKINS)
    return scene_of_lab(np.stack([dark, (dark + light) / 2, light]))


def measure(look: Look) -> Traits:
    """Measures the traits of a look. Raises LookError if one of its pixel passes has no reference."""
    check_kind("measure_look", "look", look, of_type(Look))
    stops, greys = curve(look)
    white = greys[-1].mean()
    rising = (greys < greys[-1] - 1 / 255).any(axis=1)
    half = reference.GREY * 2.0 ** np.array([-0.5, 0.0, 0.5, -3.0, 2.5])
    lab, neutral = _lab(_greys(look, half)), _lab(_greys(look, half, 0.0))
    hues = _hues(look, colours(), apart_from_grey=True)
    skin = _hues(look, skins(), apart_from_grey=False)
    return Traits(
        grey=float(lab[1, 0]),
        contrast=float((lab[2, 0] - lab[0, 0]) / (neutral[2, 0] - neutral[0, 0])),
        black=float(255 * _greys(look, np.zeros(1)).mean()),
        white=float(255 * white),
        headroom_ev=float(stops[rising][-1]) if rising.any() else -STOPS_BELOW,
        shadow_tint=(float(lab[3, 1]), float(lab[3, 2])),
        highlight_tint=(float(lab[4, 1]), float(lab[4, 2])),
        skin=HueTrait(*(float(np.mean([getattr(trait, kind) for trait in skin])) for kind in HueTrait.__slots__)),
        hues=dict(zip(BANDS, hues, strict=True)),
    )


def _greys(look: Look, light: NDArray[np.float64], strength: float = 1.0) -> NDArray[np.float64]:
    return reference.apply(look, np.repeat(light[:, None], 3, axis=1), strength=strength)


def _lab(display: NDArray[np.float64]) -> Lab:
    return lab_of_scene(reference.srgb_decode(display) @ REC709_TO_REC2020.T)


def _hues(look: Look, scene_rgb: NDArray[np.float64], *, apart_from_grey: bool) -> list[HueTrait]:
    """Traits of colours (N, 3); with `apart_from_grey` relative to the look's grey of their lightness, often tinted."""
    drawn, neutral = (_lab(reference.apply(look, scene_rgb, strength=share)) for share in (1.0, 0.0))
    if apart_from_grey:
        ramp = _lab(curve(look)[1])
        tint = np.stack([np.interp(drawn[:, 0], ramp[:, 0], ramp[:, at]) for at in (1, 2)], axis=1)
        drawn[:, 1:] -= tint
    chroma, was = (np.hypot(lab[:, 1], lab[:, 2]) for lab in (drawn, neutral))
    turn = np.degrees(np.arctan2(drawn[:, 2], drawn[:, 1]) - np.arctan2(neutral[:, 2], neutral[:, 1]))
    turn = np.where(chroma < COLOURLESS, np.nan, (turn + 180.0) % 360.0 - 180.0)
    lighter = drawn[:, 0] - neutral[:, 0]
    return [HueTrait(*map(float, trait)) for trait in zip(chroma / was, turn, lighter, strict=True)]
