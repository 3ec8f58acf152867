"""Steps of OpenColorIO as curves and a cube.

Leading steps that treat each channel alone become the curves, with MAX_LENGTH entries over 0..16, dense in the shadows,
where a gamma is steep; a cube that follows them stays as it is. Other steps are sampled: their cube lies behind curves
that are logarithmic, so that its nodes are dense in the shadows and reach a scene's highlights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .lut import MAX_LENGTH, UNIT, Domain, Lut

BRIGHTEST = 16.0  # the largest number that is sampled: 6.5 stops above grey
SIDE = 65  # nodes along an edge of a sampled cube over encoded numbers
WIDE_SIDE = 129  # over other numbers
TOE, UNIT_TOE = 64.0, 16.0  # the sampled curve is log(1 + TOE x): linear in deep shadows
ROOT = 0.25  # the entries of curves are spaced evenly in the fourth root: 1e-18 at 0, 1e-4 at 1, 1e-3 at 16
ENCODED = (-0.5, 1.5)  # numbers in this range count as encoded, and evenly spaced nodes suit them
DOMAIN: Domain = (0.0, 0.0, 0.0), (BRIGHTEST, BRIGHTEST, BRIGHTEST)


def baked(name: str, steps: list[Any], ocio: Any) -> Lut:
    """The LUT that has the values of `steps`, transforms of OpenColorIO, for numbers from 0 to BRIGHTEST."""
    numbers = (BRIGHTEST * np.linspace(0.0, 1.0, MAX_LENGTH) ** (1 / ROOT)).astype(np.float32)
    count = _leading(steps, ocio)
    shaper = _applied(steps[:count], np.repeat(numbers[:, None], 3, axis=1), ocio)
    rest = steps[count:]
    if not rest:
        return Lut(name, shaper, None, DOMAIN, shaper_root=ROOT)
    if count and len(rest) == 1 and isinstance(rest[0], ocio.Lut3DTransform):
        side = rest[0].getGridSize()
        cube = np.array(rest[0].getData(), np.float32).reshape(side, side, side, 3)
        return Lut(name, shaper, cube, DOMAIN, UNIT, shaper_root=ROOT)
    low, high = shaper.min(axis=0), shaper.max(axis=0)
    if count and low.min() >= ENCODED[0] and high.max() <= ENCODED[1] and np.all(high > low):
        nodes = np.linspace(low, high, SIDE, dtype=np.float32)
        ends: Domain = (*map(float, low),), (*map(float, high),)  # type: ignore[assignment]
        return Lut(name, shaper, _cube(nodes, rest, ocio), DOMAIN, ends, shaper_root=ROOT)
    if not count and isinstance(rest[0], ocio.Lut3DTransform):  # it clips to 0..1
        return _sampled(name, steps, 1.0, UNIT_TOE, ocio)
    return _sampled(name, steps, BRIGHTEST, TOE, ocio)


def _sampled(name: str, steps: list[Any], brightest: float, toe: float, ocio: Any) -> Lut:
    """A cube of the steps over 0..`brightest` behind logarithmic curves."""
    numbers = np.linspace(0.0, brightest, MAX_LENGTH, dtype=np.float32)
    curve = np.log1p(toe * numbers) / np.log1p(toe * brightest)
    nodes = np.expm1(np.linspace(0.0, 1.0, WIDE_SIDE) * np.log1p(toe * brightest)) / toe
    cube = _cube(np.repeat(nodes.astype(np.float32)[:, None], 3, axis=1), steps, ocio)
    domain: Domain = (0.0, 0.0, 0.0), (brightest, brightest, brightest)
    return Lut(name, np.repeat(curve.astype(np.float32)[:, None], 3, axis=1), cube, domain)


def _leading(steps: list[Any], ocio: Any) -> int:
    """The number of leading steps in which no channel depends on another."""
    colours = np.random.default_rng(1).random((64, 3), dtype=np.float32) * np.float32(2)
    count = 0
    while count < len(steps) and not isinstance(steps[count], ocio.Lut3DTransform):
        together = _applied(steps[: count + 1], colours, ocio)
        alone = [
            _applied(steps[: count + 1], np.repeat(colours[:, channel : channel + 1], 3, axis=1), ocio)[:, channel]
            for channel in range(3)
        ]
        if not np.allclose(together, np.stack(alone, axis=1), rtol=1e-5, atol=1e-6):
            break
        count += 1
    return count


def _cube(nodes: NDArray[np.float32], steps: list[Any], ocio: Any) -> NDArray[np.float32]:
    """(side, side, side, 3) of the steps at `nodes`, (side, 3)."""
    grid = np.stack(np.meshgrid(*nodes.T, indexing="ij"), axis=-1)
    return _applied(steps, grid, ocio)


def _applied(steps: list[Any], numbers: NDArray[np.float32], ocio: Any) -> NDArray[np.float32]:
    """Finite numbers, (..., 3), after the steps."""
    result = np.ascontiguousarray(numbers, np.float32).copy()
    if steps:
        processor = ocio.Config.CreateRaw().getProcessor(ocio.GroupTransform(steps))
        processor.getDefaultCPUProcessor().applyRGB(result)
    return np.nan_to_num(result, copy=False, nan=0.0, posinf=65504.0, neginf=-65504.0)
