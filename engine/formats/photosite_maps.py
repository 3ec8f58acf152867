"""Black levels, gains and defects of the photosites of a DNG, and the linear light of an RGB picture."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..cfa import Cfa
from ..errors import SourceError
from .areas import Area
from .dng_read import Dng
from .opcodes import (
    BadConstant,
    BadPixels,
    Curve,
    GainMap,
    Opcode,
    Vignette,
    apply_curve,
    apply_gains,
    parse_opcodes,
)

LIGHT_BLACK = 2048.0  # black level of a mosaic made from light; noise below black keeps its sign
BRIGHT_FRACTION, MAX_CEILING = 1e-3, 16.0
MAX_DEFECTS = 0.02  # fraction of all photosites; a longer list is not a list of defects

BlackLevels = tuple[float, float, float, float]


def photosite_black(dng: Dng, cfa: Cfa) -> tuple[BlackLevels, NDArray[np.float32] | None]:
    """The black levels of the 2x2 block at the corner of `dng.crop`, and the (H, W) float32 difference of each
    photosite from them; None if all differences are 0."""
    rows, columns, _ = dng.black.shape
    uneven = dng.black_rows is not None or dng.black_columns is not None
    if rows <= 2 and columns <= 2 and not uneven and (cfa.kind == "bayer" or rows * columns == 1):
        four = _black(dng, Area(0, 0, 2, 2))[..., 0].ravel()
        return (float(four[0]), float(four[1]), float(four[2]), float(four[3])), None
    height, width = dng.crop.shape
    black = _black(dng, Area(0, 0, height, width))[..., 0]
    if cfa.kind == "bayer" and min(height, width) >= 2:
        four = np.array([black[y::2, x::2].mean() for y in (0, 1) for x in (0, 1)])
    else:  # the block is not 2x2: the map holds all differences
        four = np.full(4, black.mean())
    y, x = np.ogrid[:height, :width]
    black_map = (black - four.reshape(2, 2)[y % 2, x % 2]).astype(np.float32)
    return (float(four[0]), float(four[1]), float(four[2]), float(four[3])), black_map


def _black(dng: Dng, area: Area) -> NDArray[np.float64]:
    """(h, w, samples) black levels of `area`, an area of the crop; the tags start at the corner of the active area."""
    top, left = dng.crop.top - dng.active.top, dng.crop.left - dng.active.left
    y = np.arange(area.top, area.bottom) + top
    x = np.arange(area.left, area.right) + left
    black = dng.black[np.ix_(y % dng.black.shape[0], x % dng.black.shape[1])]
    if dng.black_rows is not None:
        black = black + dng.black_rows[y][:, None, None]
    if dng.black_columns is not None:
        black = black + dng.black_columns[x][None, :, None]
    return black


def largest_black(dng: Dng) -> float:
    """The largest black level of a photosite of the crop."""
    height, width = dng.crop.shape
    return float(_black(dng, Area(0, 0, height, width)).max())


def linear_rgb(dng: Dng, samples: NDArray[Any], white: float) -> NDArray[np.float32]:
    """Linear light, (H, W, 3) float32, 1 at the white level, from `samples` of the crop. `white` is the default."""
    camera_rgb = _light(dng, samples, white)
    for opcode in dng.opcodes():
        if isinstance(opcode.action, Curve) and opcode.stage > 1:
            apply_curve(camera_rgb, opcode.action, dng.crop, dng.active)
        elif isinstance(opcode.action, GainMap | Vignette):
            gains = np.ones_like(camera_rgb)
            _apply(gains, [opcode], dng.stored, dng.active, dng.crop, None)
            camera_rgb *= gains
    return camera_rgb


def _light(dng: Dng, samples: NDArray[Any], white: float) -> NDArray[np.float32]:
    """(sample - black) / (white - largest black) of the crop, (H, W, samples) float32."""
    height, width, planes = samples.shape
    samples = _mapped(dng, samples)
    even = dng.black_rows is None and dng.black_columns is None and dng.black.shape[:2] == (1, 1)
    black = _black(dng, Area(0, 0, 1, 1) if even else Area(0, 0, height, width))
    span = (np.full(planes, white) if dng.white is None else dng.white) - black.max(axis=(0, 1))
    return np.asarray((samples.astype(np.float32) - black.astype(np.float32)) / _positive(span))


def _mapped(dng: Dng, samples: NDArray[Any]) -> NDArray[Any]:
    """`samples` after the curves of OpcodeList1. They apply to the numbers as the file stores them, their black level
    included, of which 65535 counts as 1 (DNG 1.7, chapter 6, and the DNG SDK).
    """
    curves = [opcode.action for opcode in dng.opcodes() if opcode.stage == 1 and isinstance(opcode.action, Curve)]
    if not curves:
        return samples
    full = np.float32(1.0 if samples.dtype.kind == "f" else 65535.0)
    numbers = samples.astype(np.float32) / full
    for curve in curves:
        apply_curve(numbers, curve, dng.crop, dng.stored)
    return numbers * full


def _positive(span: NDArray[np.float64]) -> NDArray[np.float32]:
    if span.min() <= 0:
        raise SourceError("its white level is not above its black level")
    return span.astype(np.float32)


class LightMosaic(NamedTuple):
    """A mosaic of light as integers: `pixels` (H, W) uint16 from `black` to `white`, which is the light `ceiling`."""

    pixels: NDArray[np.uint16]
    black: float
    white: float
    ceiling: float


def has_curves(dng: Dng) -> bool:
    return any(isinstance(opcode.action, Curve) for opcode in dng.opcodes())


def light_mosaic(dng: Dng, samples: NDArray[Any], white: float) -> LightMosaic:
    """The light of `samples` (H, W), those of the crop, after the curves of the opcodes.

    The ceiling is 1 at the white level. Light above it, as in merged exposures, raises the ceiling to the level that
    only BRIGHT_FRACTION of the photosites exceed, at most MAX_CEILING: one defective photosite must not take the
    resolution of the others. Values that are not finite are 0.
    """
    light = _light(dng, samples[..., None], white)
    for opcode in dng.opcodes():
        if isinstance(opcode.action, Curve) and opcode.stage > 1:
            apply_curve(light, opcode.action, dng.crop, dng.active)
    mosaic = np.nan_to_num(light[..., 0], nan=0.0, posinf=MAX_CEILING, neginf=0.0)
    ceiling = float(np.clip(np.quantile(mosaic, 1 - BRIGHT_FRACTION), 1.0, MAX_CEILING))
    numbers = LIGHT_BLACK + mosaic * ((65535.0 - LIGHT_BLACK) / ceiling)
    return LightMosaic(np.clip(np.rint(numbers), 0, 65535).astype(np.uint16), LIGHT_BLACK, 65535.0, ceiling)


@lru_cache(maxsize=1)
def photosite_gains(
    lists: tuple[bytes, bytes, bytes], stored: Area, active: Area, crop: Area, cfa: Cfa
) -> NDArray[np.float32] | None:
    """The gain of each photosite of `crop`, (H, W) float32, from the opcode `lists`; None if they have no gains.

    All frames of a clip share the array; do not modify it.
    """
    opcodes = [opcode for stage, data in enumerate(lists, 1) for opcode in parse_opcodes(stage, data)]
    gains = np.ones(crop.shape, np.float32)
    if not _apply(gains, opcodes, stored, active, crop, cfa.channels()):
        return None
    gains.setflags(write=False)
    return gains


def _apply(
    gains: NDArray[np.float32],
    opcodes: list[Opcode],
    stored: Area,
    active: Area,
    crop: Area,
    channels: NDArray[np.intp] | None,
) -> bool:
    """Returns whether `opcodes` have gains. List 1 starts at the corner of the stored picture, the others at that of
    the active area. List 3 is for the demosaiced picture and has colour planes."""
    gain_opcodes = [opcode for opcode in opcodes if isinstance(opcode.action, GainMap | Vignette)]
    for opcode in gain_opcodes:
        assert opcode.action is not None
        picture = stored if opcode.stage == 1 else active
        apply_gains(gains, opcode.action, crop, picture, channels if opcode.stage == 3 else None)
    return bool(gain_opcodes)


def photosite_defects(dng: Dng, numbers: NDArray[np.uint16]) -> NDArray[np.int32] | None:
    """The defective photosites of the opcodes, (N, 2) int32 columns and rows in `dng.crop`; None without any.

    `numbers` (H, W) is the whole stored picture. A list of more than 2 % of the photosites is ignored.
    """
    crop = dng.crop
    bad = np.zeros(crop.shape, bool)
    for opcode in dng.opcodes():
        corner = dng.stored if opcode.stage == 1 else dng.active
        match opcode.action:
            case BadConstant(constant):
                marked = numbers[crop.top : crop.bottom, crop.left : crop.right] == constant
            case BadPixels() as listed:
                marked = np.zeros_like(bad)
                listed.mark(marked, crop.top - corner.top, crop.left - corner.left)
            case _:
                continue
        if np.count_nonzero(marked) <= MAX_DEFECTS * marked.size:
            bad |= marked
    return np.ascontiguousarray(np.argwhere(bad)[:, ::-1], np.int32) if bad.any() else None
