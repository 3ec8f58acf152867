"""Fits a camera's white balance and matrix to the patches of a chart, and their error for left-out patches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..colour.difference import REFERENCE_LAB, delta_e00, lab_of_scene, scene_of_lab
from ..errors import GroundglassError

MIN_PATCHES = 14  # fewer colours do not determine nine parameters
GREYS_THAT_BALANCE = range(19, 23)  # neutral 8 to 3.5: white may clip, and black includes flare
# Centre of each patch (x, y) as a fraction of the chart, relative to the chart's centre.
PLACES = np.array([((column + 0.5) / 6 - 0.5, (row + 0.5) / 4 - 0.5) for row in range(4) for column in range(6)])


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """The model of a camera and of the light on the chart.

    `white_balance` (3,) multiplies camera RGB. `camera_to_scene` (3, 3), whose rows sum to 1, converts it to linear
    Rec.2020, D65. `scale` matches the brightness of the reference. The logarithm of the light is linear over the chart:
    `falling` (2,) is its change, as natural logarithm, over the width and the height.
    """

    white_balance: NDArray[np.float64]
    camera_to_scene: NDArray[np.float64]
    scale: float
    falling: NDArray[np.float64]

    def lab(self, camera_rgb: NDArray[np.float64]) -> NDArray[np.float64]:
        """CIELAB under D50 of the chart's patches, (24, 3), from their camera RGB, (24, 3)."""
        even = camera_rgb / np.exp(PLACES @ self.falling)[:, None]
        return lab_of_scene(self.scale * (even * self.white_balance) @ self.camera_to_scene.T)


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """The model fitted to all usable patches, and its CIEDE2000 for each patch, `delta_e` (24,).

    `left_out` (24,) is the CIEDE2000 of models that are each fitted without that patch. NaN for unusable patches.
    """

    model: Model
    delta_e: NDArray[np.float64]
    left_out: NDArray[np.float64]


def fit(camera_rgb: NDArray[np.float64], usable: NDArray[np.bool_] | None = None) -> Fit:
    """Fits the 24 patches (24, 3), linear camera light above black in any scale, in the chart's order.

    `usable` (24,) marks the patches that do not clip. The white balance makes the greys of the chart neutral, and the
    rows of the matrix sum to 1. Its six free parameters, the scale and the light minimize the weighted differences in
    CIELAB (Levenberg-Marquardt). A separate fit to all other patches predicts each patch for `left_out`. Raises
    GroundglassError if too few patches are usable.
    """
    used = np.ones(24, bool) if usable is None else usable
    greys = sum(bool(used[patch]) for patch in GREYS_THAT_BALANCE)
    if used.sum() < MIN_PATCHES or greys < 3:
        raise GroundglassError(
            f"only {int(used.sum())} patches of the chart, including {greys} of its middle greys, are not clipped or "
            "black; expose the chart darker or brighter"
        )
    model = _fitted(camera_rgb, used)
    left_out = np.full(24, np.nan)
    for patch in np.flatnonzero(used):
        others = used.copy()
        others[patch] = False
        left_out[patch] = delta_e00(_fitted(camera_rgb, others).lab(camera_rgb), REFERENCE_LAB)[patch]
    return Fit(model, np.where(used, delta_e00(model.lab(camera_rgb), REFERENCE_LAB), np.nan), left_out)


def _fitted(camera_rgb: NDArray[np.float64], used: NDArray[np.bool_]) -> Model:
    greys = [patch for patch in GREYS_THAT_BALANCE if used[patch]]
    reference_lab = REFERENCE_LAB[used]
    # CIE94 weights: differences of saturated colours are less visible.
    chroma = np.hypot(reference_lab[:, 1], reference_lab[:, 2])
    weights = np.stack([np.ones_like(chroma), 1 / (1 + 0.045 * chroma), 1 / (1 + 0.045 * chroma)], axis=1)

    def model(numbers: NDArray[np.float64]) -> Model:
        grey = (camera_rgb / np.exp(PLACES @ numbers[7:])[:, None])[greys].sum(axis=0)
        return Model(grey[1] / grey, _matrix(numbers), float(np.exp(numbers[6])), numbers[7:])

    def residuals(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((weights * (model(numbers).lab(camera_rgb)[used] - reference_lab)).ravel())

    return model(_least_squares(residuals, _start(camera_rgb[used], greys, camera_rgb, scene_of_lab(reference_lab))))


def _start(
    used_rgb: NDArray[np.float64], greys: list[int], camera_rgb: NDArray[np.float64], scene: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Start values by linear least squares: six matrix parameters, the logarithm of the scale, and even light."""
    grey = camera_rgb[greys].sum(axis=0)
    balanced = used_rgb * (grey[1] / grey)
    scale = (scene[:, 1] * balanced[:, 1]).sum() / (balanced[:, 1] ** 2).sum()
    # A matrix row is (a, 1 - a - b, b).
    green = scale * balanced[:, [1]]
    sides = np.linalg.lstsq(scale * balanced[:, [0, 2]] - green, scene - green, rcond=None)[0]
    return np.concatenate([sides.T.ravel(), [np.log(scale), 0.0, 0.0]])


def _matrix(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    sides = numbers[:6].reshape(3, 2)
    return np.stack([sides[:, 0], 1 - sides.sum(axis=1), sides[:, 1]], axis=1)


def _least_squares(
    residuals: Callable[[NDArray[np.float64]], NDArray[np.float64]], start: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Levenberg-Marquardt with finite differences (D. W. Marquardt, SIAM J. Appl. Math. 11, 1963)."""
    numbers, damping = start, 1e-3
    now = residuals(numbers)
    for _ in range(60):
        slopes = np.stack([(residuals(numbers + step) - now) / 1e-6 for step in 1e-6 * np.eye(len(numbers))], axis=1)
        normal = slopes.T @ slopes
        step = np.linalg.solve(normal + damping * np.diag(np.diag(normal) + 1e-9), -slopes.T @ now)
        then = residuals(numbers + step)
        if then @ then < now @ now:
            gained = 1 - (then @ then) / (now @ now)
            numbers, now, damping = numbers + step, then, damping / 5
            if gained < 1e-9:
                break
        else:
            damping *= 5
            if damping > 1e6:
                break
    return numbers
