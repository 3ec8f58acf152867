"""Surfaces continued behind their occluders, at every scale of a blur.

The kernels are in `kernels/defocus_extend.cl` and `kernels/defocus_fill.cl`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

from ..compute.device import Buffer
from ..compute.planes import Planes
from .scale import EXTENDED_PLANES, Scale

_TENSION = 1.0  # at the first scale, relative to the stiffness of the spline
_STEPS = 6  # an even number; each costs about 2 % of a frame of `best`
_SMALLEST_MODE = 0.05  # smallest eigenvalue that the steps reduce
_STENCIL_PX = 2
_UNBOUNDED = -1e4


class Surfaces(NamedTuple):
    """Which surfaces of the scales to continue: `layers` of them from layer `first` on, each behind those before it.

    Their planes begin at plane `first_plane` of a scale. Scales from `too_far` on, for the nearest layer
    `nearest_too_far`, contribute nothing to disoccluded areas.
    """

    first: int
    layers: int
    first_plane: int
    too_far: int
    nearest_too_far: int


class FullSize(NamedTuple):
    """A picture of full size: its planes, signed blur `radius`, `borders` of the layers, and `levels` of highlights, in
    `tiles` across and down.
    """

    scene: Planes
    radius: Planes
    borders: Buffer
    levels: Buffer
    tiles: tuple[int, int]


def extend_surfaces(kernels: str, picture: FullSize, scales: Sequence[Scale], surfaces: Surfaces) -> None:
    """Queues the extension of all surfaces: at the first scale from the pixels of full size, then by one pixel at each
    scale that spreads, and the means for the next one.
    """
    first, half, full = scales[0].planes, scales[1].planes, picture.scene.layout
    first.run(
        kernels, "extend_picture", scene=picture.scene.buffer, radius=picture.radius.buffer, scale=first.buffer,
        half_scale=half.buffer, borders=picture.borders, levels=picture.levels, rows=first.layout.height,
        full_pitch=full.pitch, full_stride=full.stride, half_pitch=half.layout.pitch, half_stride=half.layout.stride,
        tiles_x=picture.tiles[0], tiles_y=picture.tiles[1], first_surface=surfaces.first,
        row_count=first.layout.height * surfaces.layers,
    )  # fmt: skip
    extended = sum(scale.spreads for scale in scales)
    for scale, smaller in itertools.pairwise(scales[: extended + 1]):
        finer, layout = scale.planes.layout, smaller.planes.layout
        smaller.planes.run(
            kernels, "extend", fine_scale=scale.planes.buffer, extended=scale.gathered.buffer,
            scale=smaller.planes.buffer, rows=layout.height, width=finer.width, height=finer.height,
            pitch=finer.pitch, stride=finer.stride, half_pitch=layout.pitch, half_stride=layout.stride,
            first_surface=surfaces.first, row_count=layout.height * surfaces.layers,
        )  # fmt: skip


def fill_surfaces(kernels: str, scales: Sequence[Scale], top: Planes, surfaces: Surfaces, *, is_extended: bool) -> None:
    """Queues the continuation, from the smallest scale, into `top`, to the largest. With `is_extended`,
    after `extend_surfaces`, the continuation is smooth, too.
    """
    layout = top.layout
    top.run(
        kernels, "fill_top", sums=scales[-1].planes.buffer, top=top.buffer, rows=layout.rows,
        too_far=int(len(scales) > surfaces.too_far), nearest_too_far=int(len(scales) > surfaces.nearest_too_far),
        first_surface=surfaces.first, row_count=layout.rows * surfaces.layers,
    )  # fmt: skip
    coarse, first_plane = top, 0
    for number, scale in reversed(list(enumerate(scales[:-1]))):
        layout, extends = scale.planes.layout, is_extended and scale.spreads
        scale.planes.run(
            kernels, "fill_scale", scale=scale.planes.buffer, extended=scale.gathered.buffer, coarse=coarse.buffer,
            is_extended=int(extends), rows=layout.rows, coarse_pitch=coarse.layout.pitch,
            coarse_stride=coarse.layout.stride, first=first_plane, too_far=int(number >= surfaces.too_far),
            nearest_too_far=int(number >= surfaces.nearest_too_far), first_surface=surfaces.first,
            row_count=layout.rows * surfaces.layers,
        )  # fmt: skip
        if extends and number < surfaces.too_far:
            _smooth(kernels, scale, number, surfaces)
        coarse, first_plane = scale.planes, surfaces.first_plane


def _smooth(kernels: str, scale: Scale, number: int, surfaces: Surfaces) -> None:
    """Queues steps towards the smoothest continuation. The stiffness falls with the square of the scale."""
    rows = scale.planes.layout.height + 2 * _STENCIL_PX
    relative = _TENSION * 4.0**number
    tension = relative / (1.0 + relative)
    for step, pace in enumerate(_paces(tension)):
        scale.planes.run(
            kernels, "smooth_hidden", scale=scale.planes.buffer, spare=scale.gathered.buffer, rows=rows,
            first_surface=surfaces.first, is_first=int(step == 0), is_back=step % 2,
            lowest=0.0 if step == _STEPS - 1 else _UNBOUNDED, tension=tension, pace=pace,
            row_count=rows * surfaces.layers,
        )  # fmt: skip


def _paces(tension: float) -> list[float]:
    """The steps that together reduce all modes most (L. F. Richardson with the roots of Chebyshev's
    polynomial; G. Golub and R. Varga, "Chebyshev semi-iterative methods", 1961). The largest comes first, so that the
    rest takes back what it excites.
    """
    largest = (64.0 - 56.0 * tension) / (20.0 - 16.0 * tension)  # eigenvalue of the stencil, relative to its centre
    middle, half = 0.5 * (largest + _SMALLEST_MODE), 0.5 * (largest - _SMALLEST_MODE)
    return [1.0 / (middle - half * math.cos((step + 0.5) * math.pi / _STEPS)) for step in range(_STEPS)]


assert _STEPS % 2 == 0, "steps end in the scale"
assert EXTENDED_PLANES >= 4, "the spare planes hold four a layer"
