"""A look as settings of Lightroom and Camera Raw, and back.

The makers do not publish the arithmetic of these sliders. The model here: the tone curve takes sRGB codes of the look
`neutral`; first that of all channels, then those of red, green and blue. A hue of 100 turns by 30 degrees, a saturation
of 100 doubles it, a luminance of 100 is half a lightness more: the ranges of the pass `hsl_mixer`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...camera import REC709_TO_REC2020
from ...colour.difference import delta_e00
from ...errors import LookError
from ...gl.passes import Value, load_pass
from .. import reference
from ..fit.fitting import balanced, is_colourless
from ..fit.invented import synthetic_scene
from ..fit.model import Model, Vector
from ..fit.solve import Problem, Samples, lab_of_display
from ..hsl_mixer import BANDS
from ..look import Look, PassSettings
from .xmp import CHANNELS, IDENTITY, DevelopSettings, Points

CODES = (0, 8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 248, 255)
UNITS = {"turn": 30.0, "saturation": 1.0, "lightness": 0.5}  # parameters of `hsl_mixer` for 100
SPLIT, VIGNETTE, GRAIN, CONTRAST = 0.8, 0.9, 0.04, 0.3  # parameters of the passes for 100
_SAMPLES = 1500
_COLOUR, _GREY = ("tone_curve", "hsl_mixer", "saturation"), ("monochrome", "tone_curve")
_LINEAR = ("rolloff", "hsl_mixer", "saturation")  # for a look with the greys of `neutral`
_SAME = 0.75  # codes by which two curves differ that are equal in a file
# Linear Rec.709 colours in the middle of the bands.
_HUE_DEGREES = (0.0, 30.0, 60.0, 120.0, 180.0, 240.0, 275.0, 310.0)
Light = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class XmpExport:
    """`left_out` are passes of the look that the settings do not carry, `delta_e` the mean CIEDE2000 of the others."""

    settings: DevelopSettings
    left_out: tuple[str, ...]
    delta_e: float


def settings_of_look(look: Look) -> XmpExport:
    """The settings that come nearest to the look. Raises LookError for a pass without a reference."""
    scene = synthetic_scene(_SAMPLES)[0]
    samples = _samples(scene, reference.apply(look, scene))
    is_grey, curves = is_colourless(samples), _curves(look)
    model = Model(_GREY if is_grey else _LINEAR if _is_identity(curves) else _COLOUR)
    vector = _fitted(model, samples)
    drawn = model.look(vector, look.name, look.intent)
    carried = {settings.name: settings.values for settings in drawn.passes}
    numbers: dict[str, float] = {}
    if "saturation" in carried:
        numbers["Saturation"] = _hundreds(float(_float(carried, "saturation", "saturation")) - 1.0)
    left_out = []
    for settings in look.drawn_passes:
        match settings.name:
            case "vignette":
                numbers["PostCropVignetteAmount"] = _hundreds((_float_of(settings, "corner_light") - 1.0) / VIGNETTE)
            case "grain":
                numbers["GrainAmount"] = _hundreds(_float_of(settings, "amount") / GRAIN)
            case name if name not in reference.PASSES:
                left_out.append(name)
    mixer = _mixer_of(carried["monochrome"]) if is_grey else None
    develop = DevelopSettings(look.name, numbers, _bands_of(carried.get("hsl_mixer", {})), curves, mixer)
    back = reference.apply(look_of_settings(develop).look, samples.scene)
    apart = delta_e00(lab_of_display(back), lab_of_display(samples.display))
    return XmpExport(develop, tuple(left_out), float(apart.mean()))


@dataclass(frozen=True, slots=True)
class XmpLook:
    """`curve_error` is the largest difference of the tone curves of settings and look, in codes of 255."""

    look: Look
    curve_error: float


def look_of_settings(settings: DevelopSettings) -> XmpLook:
    """The look of the settings. Raises LookError for settings that are all neutral."""
    numbers = settings.numbers
    passes: list[PassSettings] = []
    if numbers.get("PostCropVignetteAmount", 0.0) < 0:
        corner = max(1.0 + VIGNETTE * numbers["PostCropVignetteAmount"] / 100.0, 0.1)
        passes.append(_pass("vignette", corner_light=corner))
    if numbers.get("Exposure2012"):
        passes.append(_pass("exposure", exposure_ev=numbers["Exposure2012"]))
    if numbers.get("Contrast2012"):
        passes.append(_pass("contrast", contrast=1.0 + CONTRAST * numbers["Contrast2012"] / 100.0))
    if settings.grey_mixer is not None:
        passes.append(_pass("monochrome", **_weights_of(settings.grey_mixer)))
    curve, error = _tone_curve(settings.curves)
    passes.append(curve)
    bands = {name: number / 100.0 * UNITS[name.rpartition("_")[2]] for name, number in settings.bands.items() if number}
    if bands and settings.grey_mixer is None:
        passes.append(_pass("hsl_mixer", **bands))
    if numbers.get("Saturation") and settings.grey_mixer is None:
        passes.append(_pass("saturation", saturation=1.0 + numbers["Saturation"] / 100.0))
    passes += _split_tone(numbers)
    if numbers.get("GrainAmount"):
        passes.append(_pass("grain", amount=GRAIN * numbers["GrainAmount"] / 100.0))
    return XmpLook(Look(settings.name, "settings of a raw developer", tuple(passes)), error)


def _split_tone(numbers: Mapping[str, float]) -> list[PassSettings]:
    shadow, highlight = (numbers.get(f"SplitToning{part}Saturation", 0.0) for part in ("Shadow", "Highlight"))
    if not (shadow or highlight):
        return []
    return [
        _pass(
            "split_tone",
            shadow_hue=numbers.get("SplitToningShadowHue", 0.0),
            shadow_amount=SPLIT * shadow / 100.0,
            highlight_hue=numbers.get("SplitToningHighlightHue", 0.0),
            highlight_amount=SPLIT * highlight / 100.0,
            balance=0.9 * numbers.get("SplitToningBalance", 0.0) / 100.0,
        )
    ]


def _pass(name: str, **given: Any) -> PassSettings:
    shader = load_pass(name)
    values: dict[str, Value] = {parameter.name: parameter.default for parameter in shader.parameters}
    for key, value in given.items():
        parameter = shader.parameter(key)
        values[key] = value if parameter is None else parameter.clamped(value)
    return PassSettings(name, MappingProxyType(values))


def _samples(scene: Light, display: Light) -> Samples:
    zeros = np.zeros(len(scene))
    whole = zeros.astype(np.intp)
    return balanced(Samples(scene, np.clip(display, 0.0, 1.0), zeros, whole, whole), _SAMPLES)


def _fitted(model: Model, samples: Samples) -> Vector:
    problem, vector = Problem(model, samples), model.start
    for passes, rounds in ((("tone_curve",), 12), (model.chain, 30)):
        if not model.parameters_of(*passes).any():
            continue
        vector = problem.solve(vector, model.parameters_of(*passes), rounds)
    return vector


def neutral_codes(scene: Light) -> Light:
    """sRGB codes 0..255 of scene light in the look `neutral`."""
    return np.asarray(255.0 * reference.srgb_encode(reference.soft_clip(scene, 0.8)))


def _scene_of_codes(codes: Light) -> Light:
    light = np.minimum(reference.srgb_decode(codes / 255.0), 0.999)
    over = np.maximum(light - 0.8, 0.0)
    return np.asarray(np.minimum(light, 0.8) + over * 0.2 / (0.2 - over))


def _curves(look: Look) -> dict[str, Points]:
    """The tone curve of the greys, and those of the channels if greys are tinted."""
    codes = np.array(CODES, np.float64)
    greys = reference.apply(look, np.repeat(_scene_of_codes(codes)[:, None], 3, axis=1)) * 255.0
    lightness = 255.0 * reference.srgb_encode(reference.srgb_decode(greys / 255.0) @ np.array([0.2126, 0.7152, 0.0722]))
    lightness = np.maximum.accumulate(np.round(lightness))
    curves = {"": tuple(zip(codes.tolist(), lightness.tolist(), strict=True))}
    if np.abs(greys - lightness[:, None]).max() < 1.5:
        return curves
    at, first = np.unique(lightness, return_index=True)
    for number, channel in enumerate(CHANNELS[1:]):
        points = list(zip(at.tolist(), np.round(greys[first, number]).tolist(), strict=True))
        points = [(0.0, points[0][1])] * int(at[0] > 0) + points + [(255.0, points[-1][1])] * int(at[-1] < 255)
        curves[channel] = tuple(points)
    return curves


def _tone_curve(curves: Mapping[str, Points]) -> tuple[PassSettings, float]:
    """The pass that comes nearest to the curves on greys, and the largest difference in codes."""
    if _is_identity(curves):
        return _pass("rolloff", start=0.8), 0.0
    scene = 0.18 * 2.0 ** np.linspace(-7.0, 3.5, 120)
    wanted = np.stack([through(curves, neutral_codes(scene), channel) for channel in CHANNELS[1:]], axis=1) / 255.0
    samples = _samples(np.repeat(scene[:, None], 3, axis=1), wanted)
    model = Model(("tone_curve",))
    vector = Problem(model, samples).solve(model.start, model.parameters_of("tone_curve"), 40)
    curve = model.look(vector, "curve", "").passes[0]
    drawn = reference.apply(Look("curve", "", (curve,)), samples.scene)
    return curve, float(np.abs(drawn - samples.display).max() * 255.0)


def _is_identity(curves: Mapping[str, Points]) -> bool:
    codes = np.linspace(0.0, 255.0, 256)
    return all(np.abs(through(curves, codes, channel) - codes).max() < _SAME for channel in CHANNELS[1:])


def through(curves: Mapping[str, Points], codes: Light, channel: str) -> Light:
    """Codes after the curve of all channels and that of `channel`: a monotone cubic through the points."""
    for name in ("", channel):
        points = np.array(curves.get(name, IDENTITY), np.float64)
        codes = _cubic(points[:, 0], points[:, 1], codes)
    return codes


def _cubic(x: Light, y: Light, at: Light) -> Light:
    """Hermite interpolation without overshoot (F. N. Fritsch, R. E. Carlson, SIAM J. Numer. Anal. 17, 1980); constant
    outside the points."""
    width = np.diff(x)
    slope = np.diff(y) / width
    tangent = np.concatenate([slope[:1], np.zeros(len(x) - 2), slope[-1:]])
    same = slope[:-1] * slope[1:] > 0
    mean = 2.0 / (1.0 / np.where(same, slope[:-1], 1.0) + 1.0 / np.where(same, slope[1:], 1.0))
    tangent[1:-1] = np.where(same, mean, 0.0)
    at = np.clip(at, x[0], x[-1])
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(width) - 1)
    t, h = (at - x[i]) / width[i], width[i]
    first = (1 + 2 * t) * (1 - t) ** 2 * y[i] + t * (1 - t) ** 2 * h * tangent[i]
    return np.asarray(first + t**2 * (3 - 2 * t) * y[i + 1] + t**2 * (t - 1) * h * tangent[i + 1])


def _bands_of(values: Mapping[str, Value]) -> dict[str, float]:
    return {
        f"{band}_{kind}": _hundreds(float(number) / unit)
        for kind, unit in UNITS.items()
        for band in BANDS
        if isinstance(number := values.get(f"{band}_{kind}", 0.0), float) and number
    }


def _band_colours() -> Light:
    """(8, 3) linear Rec.2020 of half-saturated colours in the middle of the bands."""
    hue = np.array(_HUE_DEGREES)[:, None] / 60.0
    pure = np.clip(np.abs((hue + np.array([0.0, 4.0, 2.0])) % 6.0 - 3.0) - 1.0, 0.0, 1.0)
    return np.asarray((0.3 + 0.7 * pure) @ REC709_TO_REC2020.T)


def _mixer_of(values: Mapping[str, Value]) -> dict[str, float]:
    """How much lighter each band becomes than by its luminance: 100 is a stop."""
    colours = _band_colours()
    grey = reference.monochrome(colours, **dict(values))[:, 0]  # type: ignore[arg-type]
    stops = np.log2(np.maximum(grey, 1e-6) / (colours @ reference.LUMINANCE))
    return {band: _hundreds(float(number)) for band, number in zip(BANDS, stops, strict=True)}


def _weights_of(mixer: Mapping[str, float]) -> dict[str, float]:
    """The weights of the pass `monochrome` that come nearest to the mixer."""
    colours = _band_colours()
    wanted = colours @ reference.LUMINANCE * 2.0 ** (np.array([mixer[band] for band in BANDS]) / 100.0)
    weights = np.linalg.lstsq(colours / wanted[:, None], np.ones(len(BANDS)), rcond=None)[0]
    total = float(weights.sum())
    if not math.isfinite(total) or abs(total) < 1e-3:
        raise LookError("the black and white mixer makes every colour black; correct its numbers")
    return dict(zip(("red", "green", "blue"), map(float, weights / total), strict=True))


def _hundreds(share: float) -> float:
    return float(np.clip(round(share * 100.0), -100, 100))


def _float(carried: Mapping[str, Mapping[str, Value]], pass_name: str, key: str) -> float:
    return float(carried[pass_name][key])  # type: ignore[arg-type]


def _float_of(settings: PassSettings, key: str) -> float:
    return float(settings.values[key])  # type: ignore[arg-type]
