"""Fits a look's passes to a LUT, on synthetic light with the range of photographs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ...camera import REC709_TO_REC2020
from ..look import Look
from ..reference import GREY, LUMINANCE, Light, apply
from .fitting import Fit, fit_samples, is_colourless
from .solve import Samples

COUNT = 8000
STOPS = -6.0, 2.5  # stops around 18 % grey: from below a screen's black to where white begins
FOLDS = 4


def fit_function(
    draw: Callable[[Light], Light], name: str, default_intent: str, *, residual: bool = False, count: int = COUNT
) -> Fit:
    """The look that approximates `draw`: display sRGB (N, 3) of scene-linear Rec.2020 light (N, 3).

    `default_intent` is the source that the look's intent names. The folds are cells of brightness and hue.
    """
    scene, fold = synthetic_scene(count)
    zeros = np.zeros(len(scene))
    samples = Samples(scene, np.clip(draw(scene), 0.0, 1.0), zeros, fold, zeros.astype(np.intp))
    return fit_samples(samples, (), name, None, default_intent=default_intent, residual=residual)


def is_monochrome(look: Look) -> bool:
    """Whether the look gives all colours of one lightness the same tint. Raises LookError."""
    scene, fold = synthetic_scene(2000)
    zeros = np.zeros(len(scene))
    return is_colourless(Samples(scene, apply(look, scene), zeros, fold, zeros.astype(np.intp)))


def synthetic_scene(count: int = COUNT) -> tuple[Light, NDArray[np.intp]]:
    """Scene-linear Rec.2020 colours (N, 3) within Rec.709, and the fold of each (N,); the same in every call.

    Many are nearly grey and few are pure, as in photographs; a tenth is grey.
    """
    generator = np.random.default_rng(11)
    stops = generator.uniform(*STOPS, count)
    pure = generator.dirichlet([0.6, 0.6, 0.6], count)
    purity = generator.beta(1.0, 1.8, count) * (generator.random(count) > 0.1)
    colour = (1 - purity[:, None]) + purity[:, None] * pure * 3
    colour = colour @ REC709_TO_REC2020.T
    scene = colour / (colour @ LUMINANCE)[:, None] * (GREY * 2.0**stops)[:, None]
    hue = np.floor(6 * np.arctan2(*(pure[:, :2] - pure[:, 2:]).T) / (2 * np.pi)).astype(np.intp)
    cell = np.floor(stops).astype(np.intp) + 3 * hue
    return scene, cell % FOLDS
