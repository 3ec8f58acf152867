"""The shape of the aperture in a blur disc, anywhere in the picture, and the light distribution within it.

The shape is a set K around the centre of the disc, of area pi, so that a disc of radius r covers pi r^2 pixels: depth
of field and f-number agree for every shape. A pixel at offset d from the centre of a disc behind the focus is lit if
the gauge of K (the Minkowski functional), g(d) = min {t : d in t K}, is at most r. In front of the focus the disc is
inverted, with the gauge g(-d).

K is modelled on the lens: the iris, a polygon with curved sides, cut by the rims of the front and the rear element
(H. H. Nasse, "Depth of field and bokeh", Carl Zeiss 2010) and stretched around the picture's centre. `Lens` documents
the parameters. Offsets are in pixels, x to the right and y downwards. A field position (x, y) is relative to the
picture's centre, in half diagonals: the corners are at distance 1.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..lens import DEFAULT_ASPECT, Lens

Array = NDArray[np.float64]

ROUND_UNTIL, POLYGON_FROM = 0.1, 0.5  # stops from wide open between which the blades emerge
ONION_RINGS = 6  # number of rings: turning marks are finer, but about this many survive the blur of a real lens
_DIRECTIONS = 720  # number of directions of the area integral: error within 1e-5


def is_round(lens: Lens) -> bool:
    """Whether K is a circular disc everywhere in the picture."""
    uncut = lens.opening <= 1.0 - lens.cats_eye
    return lens.swirl == 1.0 and uncut and (lens.blades == 0 or _curvature(lens) == 1.0)


def gauge(lens: Lens, dx: ArrayLike, dy: ArrayLike, field_x: ArrayLike = 0.0, field_y: ArrayLike = 0.0) -> Array:
    """g at offsets (dx, dy) in discs at field positions (field_x, field_y): arrays that broadcast, pixels.

    Each field position needs a new area integral: use few positions and many offsets.
    """
    x, y = _in_picture(field_x, field_y)
    scale = np.sqrt(_area(lens, x, y) / math.pi)
    return np.asarray(scale * _raw_gauge(lens, np.asarray(dx, np.float64), np.asarray(dy, np.float64), x, y))


def open_area(lens: Lens, field_x: ArrayLike, field_y: ArrayLike) -> Array:
    """Fraction of the pupil's area that the rims leave open at field positions: 1 at the centre of the picture.

    The square root is the factor of the disc radius there.
    """
    x, y = _in_picture(field_x, field_y)
    return np.asarray(_area(lens, x, y) / (math.pi * lens.opening**2))


@lru_cache(maxsize=64)
def extent(lens: Lens) -> float:
    """Maximum reach of K from its centre, anywhere in the picture, in radii: 1 for a disc."""
    if is_round(lens):
        return 1.0
    angle = np.linspace(0, math.pi, 13)[:, None, None]  # K is the same at opposite positions
    height = np.linspace(0, 1, 5)[:, None]
    around = np.linspace(0, 2 * math.pi, _DIRECTIONS, endpoint=False)
    minimum = gauge(lens, np.cos(around), np.sin(around), height * np.cos(angle), height * np.sin(angle)).min()
    return float(1.01 / minimum)


@lru_cache(maxsize=16)
def gauge_table(
    lens: Lens, radius_px: int, cells: tuple[int, int], aspect: float = DEFAULT_ASPECT
) -> NDArray[np.float32]:
    """g at all integer offsets up to `radius_px`, in the middle of each cell of a picture of `aspect` (width/height).

    `cells` = (across, down) divide the picture evenly. Read-only float32 (down, across, 2R + 1, 2R + 1): the cell's row
    from the top and column from the left, then dy + R and dx + R.
    """
    across, down = cells
    half_width, half_height = aspect / math.hypot(aspect, 1.0), 1.0 / math.hypot(aspect, 1.0)
    field_x = half_width * ((2.0 * np.arange(across) + 1.0) / across - 1.0)
    field_y = half_height * ((2.0 * np.arange(down) + 1.0) / down - 1.0)
    offset = np.arange(-radius_px, radius_px + 1, dtype=np.float64)
    upper_y = field_y[: (down + 1) // 2]  # K is the same at opposite positions
    upper = gauge(lens, offset, offset[:, None], field_x[:, None, None], upper_y[:, None, None, None])
    table = np.empty((down, across, offset.size, offset.size), np.float32)
    table[: len(upper)] = upper
    table[down // 2 + down % 2 :] = table[: down // 2][::-1, ::-1]
    table.setflags(write=False)
    return table


def profile(lens: Lens, q: ArrayLike, side: int = 1) -> Array:
    """Light at q = g/r, from 0 at the centre of a disc to 1 at its edge, relative to the disc's mean; never negative.

    `side` is 1 behind the focus, -1 in front of it. Spherical aberration concentrates light at the rim or in the
    centre, turning marks in rings. q^2 is uniform over the area, so 2 q^2 - 1 and a cosine of q^2 do not change the
    mean.
    """
    area = np.asarray(q, dtype=np.float64) ** 2
    smooth = 1.0 + side * lens.spherical_at_f_number * (2.0 * area - 1.0)
    rings = 1.0 + np.cos(2.0 * math.pi * ONION_RINGS * area)
    return np.asarray((1.0 - lens.onion_rings) * smooth + lens.onion_rings * rings)


def sample_aperture(lens: Lens, count: int, field: tuple[float, float] = (0.0, 0.0), side: int = 1) -> Array:
    """(count, 2) points u = (x, y) of K at one field position, as dense as the light: all have equal weight.

    A point behind the focus with disc radius r sends light to r u. `side` selects the light of discs behind (1) or in
    front of (-1) the focus. The points themselves are not inverted: in front of the focus the signed r is negative. The
    pattern is H. Vogel's sunflower (1979), mapped to the shape by area, first in angle, then in radius.
    """
    fine = np.linspace(0.0, 2 * math.pi, 4 * _DIRECTIONS + 1)
    reach = 1.0 / gauge(lens, np.cos(fine), np.sin(fine), *field)
    sectors = np.concatenate([[0.0], np.cumsum(0.5 * (reach[1:] ** 2 + reach[:-1] ** 2))])
    number = np.arange(count)
    turn = number * ((3.0 - math.sqrt(5.0)) / 2.0) % 1.0
    angle = np.interp(turn * sectors[-1], sectors, fine)
    area = np.linspace(0.0, 1.0, 4097)
    light = profile(lens, np.sqrt(area), side)
    within = np.concatenate([[0.0], np.cumsum(0.5 * (light[1:] + light[:-1]))])
    q = np.sqrt(np.interp((number + 0.5) / count * within[-1], within, area))
    radius = q / gauge(lens, np.cos(angle), np.sin(angle), *field)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _in_picture(field_x: ArrayLike, field_y: ArrayLike) -> tuple[Array, Array]:
    """Field positions, limited to the distance of the corners."""
    x, y = np.asarray(field_x, np.float64), np.asarray(field_y, np.float64)
    shrink = 1.0 / np.maximum(np.hypot(x, y), 1.0)
    return np.asarray(x * shrink), np.asarray(y * shrink)


def _area(lens: Lens, x: Array, y: Array) -> Array:
    """Area of the shape of `_raw_gauge`: half the integral of the squared reach over all directions."""
    if lens.cats_eye == 0.0 or lens.opening <= 1.0 - lens.cats_eye:
        return np.full(np.broadcast_shapes(x.shape, y.shape), math.pi * lens.opening**2)
    around = np.linspace(0, 2 * math.pi, _DIRECTIONS, endpoint=False)
    reach = 1.0 / _raw_gauge(lens, np.cos(around), np.sin(around), x[..., None], y[..., None])
    return np.asarray(math.pi * (reach**2).mean(axis=-1))


def _raw_gauge(lens: Lens, dx: Array, dy: Array, x: Array, y: Array) -> Array:
    """The gauge of the pupil as the rims cut it, in radii of the open pupil."""
    if lens.swirl != 1.0:
        dx, dy = _without_swirl(lens, dx, dy, x, y)
    squared = dx * dx + dy * dy
    pupil = _iris_gauge(lens, dx, dy, squared) / lens.opening
    if lens.cats_eye == 0.0 or lens.opening <= 1.0 - lens.cats_eye:
        return np.asarray(np.broadcast_to(pupil, np.broadcast_shapes(pupil.shape, x.shape, y.shape)))
    # A unit disc around c holds d / t where t is at least (sqrt((d c)^2 + d^2 (1 - c^2)) - d c) / (1 - c^2). The rims
    # lie around c and -c: the greater of the two has |d c|.
    along = lens.cats_eye * np.abs(dx * x + dy * y)
    rest = 1.0 - lens.cats_eye**2 * (x * x + y * y)
    return np.asarray(np.maximum(pupil, (np.sqrt(along * along + squared * rest) + along) / rest))


def _without_swirl(lens: Lens, dx: Array, dy: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """Offsets before the stretch around the picture's centre, which preserves areas."""
    height = x * x + y * y
    ratio = np.sqrt(1.0 + (lens.swirl - 1.0) * height)
    towards = (dx * x + dy * y) * (ratio - 1.0 / ratio) / np.maximum(height, 1e-12)
    return dx / ratio + x * towards, dy / ratio + y * towards


def _curvature(lens: Lens) -> float:
    """Curvature of the blades' edges at this aperture, 1 for the circle through the corners."""
    forward = min(max((lens.stops_closed - ROUND_UNTIL) / (POLYGON_FROM - ROUND_UNTIL), 0.0), 1.0)
    return 1.0 - (1.0 - lens.roundness) * forward * forward * (3.0 - 2.0 * forward)


def _iris_gauge(lens: Lens, dx: Array, dy: Array, squared: Any) -> Array:
    """The gauge of the iris alone, of area pi.

    Its sides are arcs of curvature k between corners on a circle, so the shape is the intersection of discs of radius
    1/k; the relevant disc is that of the side towards d. The formula includes k = 0, a straight side.
    """
    k = _curvature(lens)
    if lens.blades == 0 or k == 1.0:
        return np.asarray(np.sqrt(squared))
    half = math.pi / lens.blades
    sine = math.sin(half)
    lean = math.sqrt(1.0 - (k * sine) ** 2)
    middle = math.cos(half) + k * sine * sine / (1.0 + lean)  # from the centre to the middle of a side
    bow = math.asin(k * sine)
    segment = (bow - k * sine * lean) / k**2 if k > 1e-3 else 2.0 / 3.0 * k * sine**3
    radius = math.sqrt(math.pi / (lens.blades * (sine * math.cos(half) + segment)))  # corner radius for the area pi
    turned = np.arctan2(dx, -dy) - math.radians(lens.blade_rotation_deg)  # clockwise from the top
    across = np.sqrt(squared) * np.cos(turned % (2.0 * half) - half)
    straight = 1.0 - k * middle
    root = np.sqrt((straight * across) ** 2 + squared * (k * middle * (2.0 - k * middle)))
    return np.asarray((root + straight * across) / (middle * (2.0 - k * middle) * radius))
