"""Depth layers: where to divide a picture into surfaces that are blurred separately and composited."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SHARP_PX = 0.5  # blur radius up to which a disc is one pixel, as in kernels/defocus.h
_BEFORE_PX = 8.0  # radius in front of the focus from which layers may start
_FOCUS_PX = 0.75  # radius behind the focus up to which points share a layer with the focus
_DIVIDED_PX = 2.0  # smallest radius between two layers: occluded surfaces are spread at half size, which softens edges
_CLOSE = 1.15  # borders that would move by a smaller ratio stay

Radii = NDArray[np.float64]


class Layers(NamedTuple):
    """Borders of the layers: `borders_px`, ascending, are the signed blur radii between them.

    Layers from `first_limited` (1 or more) on are approximately in focus or behind it. In the nearest layer, points
    with a radius above `occluders_px` are on other objects than the rest; 0 if there is one object.
    """

    borders_px: tuple[float, ...]
    first_limited: int
    occluders_px: float = 0.0


def layers_of(radii_px: Radii, count: int, before: Layers | None = None) -> Layers:
    """The `count` layers, two or more, of a picture with these signed blur radii in pixels, negative in front of the
    focus.

    Points in front of the focus and points behind it have separate layers. Of two layers, that of the focus also has
    points close to it. The borders best separate the logarithms of the radii (N. Otsu, "A threshold selection method
    from gray-level histograms", 1979). The layers `before` of the previous frame are kept if the borders moved little.
    """
    parted = _cut(np.sort(np.clip(-radii_px, SHARP_PX, _BEFORE_PX)))
    middle = -parted[1] if parted is not None and count == 2 else -SHARP_PX
    behind = radii_px[radii_px >= middle]
    borders = [middle] if behind.size else []
    if count > 2 and behind.size and behind.max() > 4 * SHARP_PX:
        borders.append(_FOCUS_PX)
    if len(borders) < count - 1:
        groups = [-radii_px[radii_px < middle], radii_px[radii_px > _FOCUS_PX]]
        sides = zip((-1, 1), (np.sort(np.maximum(group, _DIVIDED_PX)) for group in groups), strict=True)
        cuts = [(gain, side * radius) for side, group in sides for gain, radius in _cuts(group)]
        borders += [radius for _, radius in sorted(cuts, reverse=True)[: count - 1 - len(borders)]]
    unused = max([1.0, *borders, *behind[-1:]])
    while len(borders) < count - 1:
        unused *= 2
        borders.append(unused)
    borders.sort()
    nearest = _cut(np.sort(-radii_px[radii_px < borders[0]]))
    first_limited = 1 + sum(border < middle for border in borders) if behind.size else count
    layers = Layers(tuple(borders), first_limited, nearest[1] if nearest is not None else 0.0)
    return before if before is not None and _is_close(layers, before) else layers


def _cuts(radii: Radii) -> list[tuple[float, float]]:
    """Up to three borders for a sorted group, each between two objects, and the reduction of variance by each."""
    first = _cut(radii)
    if first is None:
        return []
    parts = radii[radii <= first[1]], radii[radii > first[1]]
    return [first, *(cut for cut in map(_cut, parts) if cut is not None)]


def _cut(radii: Radii) -> tuple[float, float] | None:
    if radii.size < 2 or radii[-1] < 1.3 * radii[0]:
        return None
    octaves = np.log2(radii)
    counts = np.arange(1, len(octaves))
    sums = np.cumsum(octaves)
    lower, upper = sums[:-1] / counts, (sums[-1] - sums[:-1]) / (len(octaves) - counts)
    gains = counts * (len(octaves) - counts) / len(octaves) * (upper - lower) ** 2
    cut = int(gains.argmax())
    return float(gains[cut]), float(np.sqrt(radii[cut] * radii[cut + 1]))


def _is_close(layers: Layers, before: Layers) -> bool:
    if (layers.first_limited, layers.occluders_px > 0) != (before.first_limited, before.occluders_px > 0):
        return False
    radii, radii_before = ((*found.borders_px, found.occluders_px or 1.0) for found in (layers, before))
    ratios = np.array(radii) / np.array(radii_before)
    return bool(((ratios < _CLOSE) & (ratios * _CLOSE > 1)).all())
