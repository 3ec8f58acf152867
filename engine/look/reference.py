"""Looks in float64 NumPy, written from the formulas at the head of the shaders: the reference for tests of the GPU, for
LUTs of looks, and for fits.

One function per pass, with the pass's name; it takes light (..., 3) and the pass's parameters by name. Passes that
depend on more than the pixel (vignette, grain, ...) are missing: `apply` omits them, as `grade(local=False)` does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..camera import REC709_TO_REC2020, REC2020_TO_REC709
from ..colour import encoding
from ..colour.encoding import srgb_decode as srgb_decode
from ..colour.encoding import srgb_encode as srgb_encode
from ..colour.hdr import highlight_gain
from ..errors import LookError
from ..gl.passes import Stage, load_pass
from .hsl_mixer import hsl_mixer
from .look import Look, passes_before_curve
from .lut import Lut

Light = NDArray[np.float64]

GREY = 0.18
BRIGHTEST = 65504.0  # the largest half float, as in shaders/common.glsl
LUMINANCE = np.array([0.2627002, 0.6779981, 0.0593017])  # ITU-R BT.2020, linear


def apply(
    look: Look,
    scene_rgb: ArrayLike,
    *,
    space: Literal["rec709", "rec2020"] = "rec2020",
    strength: float = 1.0,
) -> Light:
    """Display sRGB, 0..1, of scene-linear light (..., 3) in linear `space`, 18 % grey = 0.18; no dither.

    Raises LookError if the look has a pixel pass without a reference.
    """
    return shown(display_light(look, scene_rgb, space=space, strength=strength))


def display_light(
    look: Look,
    scene_rgb: ArrayLike,
    *,
    space: Literal["rec709", "rec2020"] = "rec2020",
    strength: float = 1.0,
) -> Light:
    """The light that `apply` encodes: display-linear Rec.2020 (..., 3), possibly outside 0..1 and Rec.709."""
    light = np.nan_to_num(np.asarray(scene_rgb, dtype=np.float64), nan=0.0, posinf=BRIGHTEST, neginf=0.0)
    if space == "rec709":
        light = light @ REC709_TO_REC2020.T
    scene = np.clip(light, 0.0, BRIGHTEST)
    drawn = scene
    for settings in look.drawn_passes:
        if load_pass(settings.name).stage is Stage.PIXEL:
            if settings.name not in PASSES:
                raise LookError(f"{look.name}: the pass '{settings.name}' has no reference in NumPy")
            drawn = PASSES[settings.name](drawn, **settings.values)
    share = min(max(strength, 0.0), 1.0)
    return drawn if share == 1.0 else (1.0 - share) * soft_clip(scene, 0.8) + share * drawn


def hdr(look: Look, scene_rgb: ArrayLike, peak: float, *, strength: float = 1.0) -> tuple[Light, Light]:
    """The SDR rendition (..., 3) as display-linear Rec.2020 light, 0..1, and the gain (...) of its highlights.

    `scene_rgb` is scene-linear Rec.2020. The HDR rendition is their product. The gain depends on the light that the
    look's tone curve takes.
    """
    passes = tuple(s for s in look.drawn_passes if load_pass(s.name).stage is Stage.PIXEL)
    before = passes[: passes_before_curve(look, [settings.name for settings in passes])]
    scene = np.clip(np.asarray(scene_rgb, np.float64), 0.0, BRIGHTEST)
    at_curve = display_light(replace(look, passes=before), scene)
    share = min(max(strength, 0.0), 1.0)
    gain = highlight_gain((1.0 - share) * scene + share * at_curve, peak)
    light = display_light(look, scene, strength=strength)
    return np.clip(towards_grey(light, light @ LUMINANCE), 0.0, 1.0), gain


def shown(display_rec2020: Light) -> Light:
    """Display-linear Rec.2020 as sRGB, 0..1; colours outside Rec.709 move towards grey of their luminance."""
    return srgb_encode(inside_rec709(display_rec2020))


def inside_rec709(light: Light) -> Light:
    """Linear Rec.709 of linear Rec.2020 light; colours outside Rec.709 move towards grey of their luminance."""
    return towards_grey(light @ REC2020_TO_REC709.T, light @ LUMINANCE)


def towards_grey(rgb: Light, luminance: Light) -> Light:
    """Light of any primaries (..., 3), desaturated just enough to lie in 0..1."""
    own, grey = luminance[..., None], np.clip(luminance, 0.0, 1.0)[..., None]
    lowest = np.minimum(rgb.min(axis=-1, keepdims=True), 0.0)
    highest = np.maximum(rgb.max(axis=-1, keepdims=True), 1.0)
    inside = np.minimum(grey / np.maximum(grey - lowest, 1e-9), (1.0 - grey) / np.maximum(highest - grey, 1e-9))
    return np.asarray(grey + (rgb - own) * inside)


def soft_clip(light: Light, start: float) -> Light:
    """Identity up to `start`, then a hyperbola of the same slope that approaches 1."""
    over = np.maximum(light - start, 0.0)
    return np.asarray(np.minimum(light, start) + over * (1.0 - start) / (over + (1.0 - start)))


def exposure(light: Light, *, exposure_ev: float, warmth: float = 0.0, tint: float = 0.0) -> Light:
    trim = 2.0 ** (0.5 * np.array([warmth + tint, -tint, tint - warmth]))
    return np.asarray(light * (2.0**exposure_ev / (trim @ LUMINANCE) * trim))


def contrast(light: Light, *, contrast: float) -> Light:
    return np.asarray(GREY * np.maximum(light / GREY, 1e-9) ** contrast)


def rolloff(light: Light, *, start: float) -> Light:
    return soft_clip(light, start)


def saturation(light: Light, *, saturation: float, shadows: float = 0.0, highlights: float = 0.0) -> Light:
    luminance = (light @ LUMINANCE)[..., None]
    level = np.sqrt(np.clip(luminance, 0.0, 1.0))
    kept = np.maximum(saturation + shadows * (1.0 - level) ** 2 + highlights * level**2, 0.0)
    return np.asarray(luminance + (light - luminance) * kept)


def tone_curve(
    light: Light, *, grey: ArrayLike, toe: ArrayLike, shoulder: ArrayLike, white: ArrayLike, black: ArrayLike
) -> Light:
    level, foot, bend, end, minimum = (np.asarray(number) for number in (grey, toe, shoulder, white, black))
    u = np.maximum(light, 0.0) / GREY
    d = bend * level / end
    b = np.maximum(1.0 + bend - foot - d, level / end)
    s = level * u * (1.0 + bend * u) / (foot + b * u + d * u * u)
    return np.asarray((minimum + (1.0 - minimum) * np.minimum(s, 1.0)) ** 2)


def mix_channels(
    light: Light,
    *,
    green_to_red: float,
    blue_to_red: float,
    red_to_green: float,
    blue_to_green: float,
    red_to_blue: float,
    green_to_blue: float,
) -> Light:
    """The passes `color_matrix` and `print_matrix`: rows that sum to 1."""
    rows = [
        [1.0 - green_to_red - blue_to_red, green_to_red, blue_to_red],
        [red_to_green, 1.0 - red_to_green - blue_to_green, blue_to_green],
        [red_to_blue, green_to_blue, 1.0 - red_to_blue - green_to_blue],
    ]
    return np.asarray(light @ np.array(rows).T)


def dye_matrix(light: Light, **shares: float) -> Light:
    return np.asarray(np.maximum(mix_channels(np.sqrt(np.maximum(light, 0.0)), **shares), 0.0) ** 2)


def split_tone(
    light: Light,
    *,
    shadow_hue: float,
    shadow_amount: float,
    highlight_hue: float,
    highlight_amount: float,
    balance: float,
) -> Light:
    t = np.sqrt(np.clip(light @ LUMINANCE, 0.0, 1.0))[..., None]
    t = t * (1.0 + balance) / (1.0 - balance + 2.0 * balance * t)

    def tint(hue: float) -> Light:
        wheel = 0.5 + 0.5 * np.cos(np.radians(hue - np.array([0.0, 120.0, 240.0])))
        return np.asarray(wheel - wheel @ LUMINANCE)

    shadow, highlight = shadow_amount * tint(shadow_hue), highlight_amount * tint(highlight_hue)
    return np.asarray(light * (1.0 + 6.75 * t * (1.0 - t) * ((1.0 - t) * shadow + t * highlight)))


FILTERS = {
    "none": (1.0, 1.0, 1.0),
    "yellow": (1.0, 0.9, 0.25),
    "orange": (1.0, 0.5, 0.06),
    "red": (1.0, 0.1, 0.03),
    "green": (0.25, 1.0, 0.3),
    "blue": (0.06, 0.25, 1.0),
}


def monochrome(light: Light, *, red: float, green: float, blue: float, filter: str) -> Light:
    shares = np.array([red, green, blue]) * FILTERS[filter]
    grey = np.maximum(light @ (shares / max(shares.sum(), 0.05)), 0.0)
    return np.repeat(grey[..., None], 3, axis=-1)


# By bath: factors of red, green and blue without luminance, and weights of t and t^2.
BATHS = {
    "sepia": ((0.36, -0.0739, -0.75), (0.0, -0.7)),
    "selenium": ((0.23, -0.1, 0.1244), (-0.5, -0.5)),
    "blue": ((-0.5, 0.1325, 0.7002), (0.0, -1.0)),
}


def toning(light: Light, *, bath: str, amount: float) -> Light:
    tint, (first, second) = BATHS[bath]
    luminance = np.clip(light @ LUMINANCE, 0.0, 1.0)[..., None]
    weight = 1.0 + first * np.sqrt(luminance) + second * luminance
    return np.asarray(light * (1.0 + amount * weight * tint))


def lut(light: Light, *, file: Lut, input: str, amount: float) -> Light:
    """A LUT on light encoded as `input`: a picture for `encoding.PICTURE_INPUTS`, otherwise scene light."""
    is_picture = input in encoding.PICTURE_INPUTS
    numbers = encoding.encode(inside_rec709(light) if is_picture else light @ REC2020_TO_REC709.T, input)
    picture = np.clip(file.apply(numbers), 0.0, 1.0)
    drawn = encoding.decode(picture, input if is_picture else "srgb") @ REC709_TO_REC2020.T
    before = light if is_picture else soft_clip(light, 0.8)
    return np.asarray((1.0 - amount) * before + amount * drawn)


PASSES: dict[str, Callable[..., Any]] = {
    "color_matrix": mix_channels,
    "contrast": contrast,
    "dye_matrix": dye_matrix,
    "exposure": exposure,
    "hsl_mixer": hsl_mixer,
    "lut": lut,
    "monochrome": monochrome,
    "print_matrix": mix_channels,
    "rolloff": rolloff,
    "saturation": saturation,
    "split_tone": split_tone,
    "tone_curve": tone_curve,
    "toning": toning,
}
