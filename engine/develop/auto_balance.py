"""Automatic white balance: the most plausible light of a frame, and how sure the estimate is.

The histogram of the log chromaticities of the picture, log(R/G) and log(B/G) of the camera, is shifted by a change of
light and otherwise keeps its shape. So the likelihood of all lights is one correlation with the expected distribution
of colours under a white light (J. T. Barron, "Convolutional Color Constancy", ICCV 2015). Here that distribution is not
learned: greys are frequent, other colours have long tails and are on average warm. Each chromaticity counts with a
power of its light, so that neither a lamp nor a large coloured wall decides alone.

The prior ties the result to real lights: the locus of black bodies and daylight in this camera, by its matrices.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..camera import CameraProfile
from ..errors import GroundglassError
from ..frame import Encoding, Frame
from .raw_samples import sample_raw

Array = NDArray[np.float64]
Multipliers = tuple[float, float, float]  # red, green, blue; green is 1

CLIPPED, DARK = 0.98, 0.002  # fractions of the white level beyond which a block has no usable colour
BINS, STEP = 128, 0.03  # bins of a log chromaticity, and their width
GREY_SHARE, GREY_WIDTH = 0.3, 0.035  # share of the greys, and their standard deviation in log chromaticity
COLOUR_CENTRE = (0.07, -0.2)  # mean log chromaticity of the other colours: wood, skin, stone and earth are warm
COLOUR_WIDTHS = (0.52, 0.26)  # along warm to cool and along green to magenta
LIGHT_POWER = 0.5  # exponent of a block's light, for its weight
COUNT_POWER = 0.75  # exponent of the sum of weights in a bin
EVIDENCE = 25.0  # maximum of independent colours that a picture is worth; a plain wall is worth one
MIREDS = np.linspace(105.0, 460.0, 12)  # 9500 to 2170 K
TINTS = np.linspace(-60.0, 60.0, 5)  # relative to daylight; fluorescent lamps and LEDs are within 40
USUAL_MIRED, MIRED_SPREAD = 200.0, 100.0
TINT_SPREAD = 8.0
PROFILE_PRIOR, PROFILE_WIDTH = 3.0, 0.12  # log prior of the profile's own balance, and its width
IMPLAUSIBLE = -400.0  # log prior of a light that no lamp or sky emits
# A usual sensor, for raw frames whose camera is unknown: its daylight balance, and the spread of other sensors.
USUAL_NEUTRAL, SENSOR_SPREADS = (-0.62, -0.42), (0.45, 0.14)
SURE_ERROR = 0.08  # standard deviation of a log multiplier; a blue that is off by this is just visible (dE00 4)
MIN_VARIATION = 0.05  # standard deviation of log chromaticity below which a picture has only one colour
NEAR_GREY, MIN_GREY = 0.08, 0.1  # distance of a grey in log chromaticity, and the share of the light that is grey
MIN_BLOCKS = 50


@dataclass(frozen=True, slots=True)
class LightEstimate:
    """The white balance for the light of a frame. `doubt` states why it is uncertain; empty if it is sure."""

    multipliers: Multipliers
    doubt: str = ""


def estimate_light(frame: Frame) -> LightEstimate:
    """The balance for the most plausible light of a frame: the mean of its posterior distribution.

    A frame with too few usable blocks keeps the balance of its profile, with a doubt; a monochrome frame without.
    """
    if frame.cfa.kind == "mono":
        return LightEstimate(frame.profile.white_balance)
    blocks = np.ascontiguousarray(sample_raw(frame).reshape(-1, 3).T)  # (3, N)
    usable = (blocks.max(axis=0) < CLIPPED) & (blocks.mean(axis=0) > DARK) & (blocks.min(axis=0) > DARK / 8)
    if np.count_nonzero(usable) < MIN_BLOCKS:
        return LightEstimate(frame.profile.white_balance, "nearly everything is clipped or dark")
    light = blocks[:, usable]
    log = np.log(light)
    chroma = log[::2] - log[1]
    brightness = light.sum(axis=0)
    weights = np.minimum(brightness / np.quantile(brightness, 0.95), 1.0) ** LIGHT_POWER
    posterior = _posterior(_histogram(chroma, weights), _prior_of(frame))
    mean, spread = _moments(posterior)
    red, blue = np.exp(-mean)
    return LightEstimate((float(red), 1.0, float(blue)), _doubt(chroma, weights, mean, spread))


def _doubt(chroma: Array, weights: Array, mean: Array, spread: Array) -> str:
    """Why the light of `mean` log chromaticity, known within `spread`, may be wrong; empty if it is sure."""
    total = weights.sum()
    centre = chroma @ weights / total
    variation = np.sqrt((chroma - centre[:, None]) ** 2 @ weights / total)
    if variation.max() < MIN_VARIATION:
        return "the picture has only one colour"
    if spread.max() > SURE_ERROR:
        return "several lights are plausible"
    is_grey = ((chroma - mean[:, None]) ** 2).sum(axis=0) < NEAR_GREY**2
    return "the picture has hardly any grey" if is_grey @ weights < MIN_GREY * total else ""


def _axis() -> Array:
    """The log chromaticities of the bins."""
    return np.asarray((np.arange(BINS) - BINS // 2) * STEP)


def _histogram(chroma: Array, weights: Array) -> Array:
    """(BINS, BINS) share of each log chromaticity (2, N).

    A block is divided between the nearest bins, so that the histogram moves smoothly with the light.
    """
    position = np.clip(chroma / STEP + BINS // 2, 0, BINS - 1.001)
    first = position.astype(np.intp)
    part = position - first
    counts = np.zeros(BINS * BINS)
    for i, j in np.ndindex(2, 2):
        share = weights * np.abs(1 - i - part[0]) * np.abs(1 - j - part[1])
        counts += np.bincount((first[0] + i) * BINS + first[1] + j, share, BINS * BINS)
    counts **= COUNT_POWER
    return np.asarray(counts.reshape(BINS, BINS) / counts.sum())


@functools.cache
def _expected() -> NDArray[np.complex128]:
    """The spectrum of the log of the distribution of colours under a white light, for a correlation."""
    red, blue = np.meshgrid(_axis(), _axis(), indexing="ij")
    grey = np.exp(-(red**2 + blue**2) / (2 * GREY_WIDTH**2))
    warm, green = (red - COLOUR_CENTRE[0]), (blue - COLOUR_CENTRE[1])
    along, across = (warm - green) / np.sqrt(2), (warm + green) / np.sqrt(2)
    colour = 1 / (1 + (along / COLOUR_WIDTHS[0]) ** 2 + (across / COLOUR_WIDTHS[1]) ** 2) ** 2
    share = GREY_SHARE * grey / grey.sum() + (1 - GREY_SHARE) * colour / colour.sum()
    return np.asarray(np.conj(np.fft.rfft2(np.fft.ifftshift(np.log(share + 1e-6)))))


def _posterior(histogram: Array, log_prior: Array) -> Array:
    """(BINS, BINS) probability of each log chromaticity of the light."""
    likelihood = np.fft.irfft2(np.fft.rfft2(histogram) * _expected(), histogram.shape)
    shares = histogram[histogram > 0]
    colours = float(np.exp(-shares @ np.log(shares)))  # the perplexity
    log = min(colours, EVIDENCE) * likelihood + log_prior
    probability = np.exp(log - log.max())
    return np.asarray(probability / probability.sum())


def _moments(probability: Array) -> tuple[Array, Array]:
    """Mean and standard deviation of both log chromaticities."""
    axis = _axis()
    marginals = probability.sum(axis=1), probability.sum(axis=0)
    mean = np.array([(marginal * axis).sum() for marginal in marginals])
    variance = np.array([(marginal * (axis - m) ** 2).sum() for marginal, m in zip(marginals, mean, strict=True)])
    return mean, np.sqrt(variance)


_PRIORS: dict[int, tuple[CameraProfile, Array]] = {}  # the latest profile and its prior; a source has one profile


def _prior_of(frame: Frame) -> Array:
    """The log prior of the light, for the frame's camera."""
    profile = frame.profile
    if frame.encoding is Encoding.MOSAIC and not profile.calibrations and profile.white_balance == (1.0, 1.0, 1.0):
        return _unknown_camera()
    kept = _PRIORS.get(0)
    if kept is None or kept[0] is not profile:
        kept = _PRIORS[0] = profile, _locus_prior(profile)  # about 20 ms, once per source
    return kept[1]


@functools.cache
def _unknown_camera() -> Array:
    """The prior for a sensor without matrices: broad around a usual one, without a sharp locus."""
    red, blue = np.meshgrid(_axis() - USUAL_NEUTRAL[0], _axis() - USUAL_NEUTRAL[1], indexing="ij")
    along, across = (red - blue) / np.sqrt(2), (red + blue) / np.sqrt(2)
    return np.asarray(-2 * np.log1p(((along / SENSOR_SPREADS[0]) ** 2 + (across / SENSOR_SPREADS[1]) ** 2) / 3))


def _locus_prior(profile: CameraProfile) -> Array:
    """The prior for a camera with a known response: near daylight and black bodies, with tails for other lamps.

    It is slightly higher near the balance of the profile, which decides where the picture does not.

    Lights between those of the grid MIREDS, TINTS are interpolated. The unknown camera's prior applies if the matrix is
    singular or no light of the grid is within the bins.
    """
    try:
        known = replace(profile, calibrations=profile.calibrations or (profile.derived_calibration(),))
    except GroundglassError:
        return _unknown_camera()
    neutral = np.array([[_log_neutral(known, mired, tint) for tint in TINTS] for mired in MIREDS])
    mireds, tints = np.linspace(MIREDS[0], MIREDS[-1], 180), np.linspace(TINTS[0], TINTS[-1], 91)
    lights = np.stack(
        [_resampled(_resampled(neutral[..., i], MIREDS, mireds, 0), TINTS, tints, 1) for i in range(2)], axis=-1
    )
    log = -0.5 * ((mireds - USUAL_MIRED) / MIRED_SPREAD)[:, None] ** 2 - 2 * np.log1p((tints / TINT_SPREAD) ** 2 / 3)
    prior = np.full((BINS, BINS), IMPLAUSIBLE)
    bins = np.rint(np.nan_to_num(lights, nan=BINS) / STEP).astype(np.intp) + BINS // 2
    inside = ((bins >= 0) & (bins < BINS)).all(axis=-1)
    if not inside.any():
        return _unknown_camera()
    np.maximum.at(prior, (bins[inside][:, 0], bins[inside][:, 1]), log[inside])
    profile_neutral = -np.log(profile.white_balance)
    red, blue = np.meshgrid(_axis() - profile_neutral[0], _axis() - profile_neutral[2], indexing="ij")
    return np.asarray(prior + PROFILE_PRIOR / (1 + (red**2 + blue**2) / PROFILE_WIDTH**2))


def _resampled(values: Array, at: Array, new: Array, axis: int) -> Array:
    return np.apply_along_axis(lambda line: np.interp(new, at, line), axis, values)


def _log_neutral(profile: CameraProfile, mired: float, tint: float) -> tuple[float, float]:
    """Log chromaticity of a grey under a light; NaN for an impossible light. `tint` is relative to daylight, or to a
    black body if the light is warm.
    """
    daylight = 9.0 * float(np.clip((1e6 / mired - 3500) / 1500, 0, 1))  # CIE daylight above 5000 K is 9 greener
    try:
        red, green, blue = profile.neutral_at(1e6 / mired, daylight + tint)
    except GroundglassError:  # beyond the spectral locus, or without signal in a channel
        return np.nan, np.nan
    return float(np.log(red / green)), float(np.log(blue / green))
