"""Fits the numbers of a model to samples of pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...camera import REC709_TO_REC2020
from ...colour.difference import lab_of_scene
from ..reference import Light, shown, srgb_decode
from .model import Model, Vector

# Weight of a number one spread away from its start, in squared colour differences. It improves colours that the
# pictures do not show: the colours of a chart differ by 1.6 at 1e-4, by 0.9 at 4e-3, for 0.07 more on the pictures.
PRIOR = 6e-3
MIN_SCALE = 2.0  # differences up to about this count in full; far larger differences are treated as outliers


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Colours of the scene and of the picture: `scene` (N, 3) linear Rec.2020, `display` (N, 3) sRGB 0..1.

    `place2` (N,) is the squared distance from the frame's centre in half diagonals, `fold` (N,) the number of the fold,
    `pair` (N,) the number of the pair.
    """

    scene: Light
    display: Light
    place2: NDArray[np.float64]
    fold: NDArray[np.intp]
    pair: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.scene)

    def only(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Samples:
        columns = (self.scene, self.display, self.place2, self.fold, self.pair)
        return Samples(*(column[chosen] for column in columns))  # type: ignore[arg-type]


def lab_of_display(display: Light) -> Light:
    """(N, 3) Lab under D50 of display sRGB (N, 3)."""
    return lab_of_scene(srgb_decode(display) @ REC709_TO_REC2020.T)


class Problem:
    """Samples and a model. Errors are differences in Lab with the weights of CIEDE2000 at the wanted colour (without
    its rotation term for blues): the sum of their squares is nearly the square of CIEDE2000."""

    def __init__(self, model: Model, samples: Samples) -> None:
        self.model, self.samples = model, samples
        self._wanted = lab_of_display(samples.display)
        lightness, a, b = self._wanted.T
        chroma = np.hypot(a, b)
        stretch = 1.5 - 0.5 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7))
        squared = (lightness - 50) ** 2
        by_lightness = 1 / (1 + 0.015 * squared / np.sqrt(20 + squared))
        by_chroma, by_hue = stretch / (1 + 0.045 * stretch * chroma), stretch / (1 + 0.015 * stretch * chroma)
        across, along = (
            np.where(chroma > 0.5, a / (chroma + 1e-9), 1.0),
            np.where(chroma > 0.5, b / (chroma + 1e-9), 0.0),
        )
        self._axes = np.zeros((len(samples), 3, 3))
        self._axes[:, 0, 0] = by_lightness
        self._axes[:, 1, 1], self._axes[:, 1, 2] = across * by_chroma, along * by_chroma
        self._axes[:, 2, 1], self._axes[:, 2, 2] = -along * by_hue, across * by_hue

    def errors(self, light: Light) -> Light:
        """Errors (N, 3) of display-linear light (N, 3)."""
        apart = lab_of_display(shown(light)) - self._wanted
        return np.asarray(np.matmul(self._axes, apart[..., None])[..., 0])

    def solve(self, vector: Vector, active: NDArray[np.bool_], rounds: int) -> Vector:
        """Levenberg-Marquardt within the bounds, with finite differences (D. W. Marquardt, SIAM J. Appl. Math. 11,
        1963) and the loss of Geman and McClure, which limits outliers (Bulletin of the International Statistical
        Institute 52, 1987). Numbers that are not `active` do not change."""
        model, samples = self.model, self.samples
        steps = model.steps(vector, samples.scene, samples.place2)
        errors = self.errors(steps[-1])
        scale2 = max(MIN_SCALE, 4.0 * float(np.median(np.linalg.norm(errors, axis=1)))) ** 2
        cost, damping = self._cost(vector, errors, scale2), 1e-3
        for _ in range(rounds):
            normal, gradient = self._normal(vector, steps, errors, scale2, active)
            gained = 0.0
            while damping < 1e6:
                tried = self._stepped(vector, normal, gradient, damping, active)
                tried_steps = model.steps(tried, samples.scene, samples.place2)
                tried_errors = self.errors(tried_steps[-1])
                tried_cost = self._cost(tried, tried_errors, scale2)
                if tried_cost < cost:
                    gained = 1.0 - tried_cost / cost
                    vector, steps, errors, cost, damping = tried, tried_steps, tried_errors, tried_cost, damping / 5
                    break
                damping *= 5
            if gained < 3e-4:
                break
        return vector

    def _cost(self, vector: Vector, errors: Light, scale2: float) -> float:
        squared = (errors**2).sum(axis=1)
        away = (vector - self.model.start) / self.model.spread
        return float(np.mean(scale2 * squared / (scale2 + squared)) + PRIOR * away @ away)

    def _normal(
        self, vector: Vector, steps: list[Light], errors: Light, scale2: float, active: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], Vector]:
        """The normal equations of the active numbers, in units of their spreads."""
        model, samples = self.model, self.samples
        columns = []
        for at in np.flatnonzero(active):
            step = (
                1e-3
                * float(model.spread[at])
                * (-1.0 if vector[at] + 2e-3 * model.spread[at] > model.high[at] else 1.0)
            )
            nudged = self.errors(model.nudged(int(at), step, vector, steps, samples.place2))
            columns.append((nudged - errors).ravel() * (model.spread[at] / step))
        slopes = np.stack(columns, axis=1)
        weights = np.repeat((scale2 / (scale2 + (errors**2).sum(axis=1))) ** 2, 3) / len(samples)
        away = ((vector - model.start) / model.spread)[active]
        normal = slopes.T @ (weights[:, None] * slopes) + PRIOR * np.eye(len(away))
        return normal, slopes.T @ (weights * errors.ravel()) + PRIOR * away

    def _stepped(
        self, vector: Vector, normal: NDArray[np.float64], gradient: Vector, damping: float, active: NDArray[np.bool_]
    ) -> Vector:
        """A damped step. A number that would leave its range stops at its bound; the others are solved again."""
        model = self.model
        low, high = (((bound - vector) / model.spread)[active] for bound in (model.low, model.high))
        step, free = np.zeros(len(gradient)), np.ones(len(gradient), bool)
        for _ in range(4):
            inner = normal[np.ix_(free, free)]
            held = gradient[free] + normal[np.ix_(free, ~free)] @ step[~free]
            step[free] = np.linalg.solve(inner + damping * np.diag(np.diag(inner)), -held)
            outside = free & ((step < low) | (step > high))
            step = np.clip(step, low, high)
            if not outside.any():
                break
            free &= ~outside
            if not free.any():
                break
        moved = vector.copy()
        moved[active] += step * model.spread[active]
        return np.clip(moved, model.low, model.high)
