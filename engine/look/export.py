"""A look as a LUT, for cameras, editors and players that do not read look files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..camera import REC709_TO_REC2020
from ..colour import encoding
from ..gl.passes import Stage, load_pass
from . import reference
from .look import Look
from .lut import UNIT, Lut

BRIGHTEST = 16.0  # scene light, six and a half stops above grey: end of the shaper before a linear cube
# Scene light at white of a neutral picture. The last cell of the cube spans 1.2 to WHITE: a low WHITE makes colours
# above it less exact and colours below it more exact (photographs: mean CIEDE2000 0.07 with 3, 0.28 with 16).
WHITE = 3.0
SHAPER_LENGTH = 65536  # entries of the shaper, in the dark as dense as 16-bit codes


@dataclass(frozen=True, slots=True, eq=False)
class Export:
    """The LUT of a look. `left_out` names the passes outside the LUT: they depend on more than the pixel's colour."""

    lut: Lut
    left_out: tuple[str, ...]


def export_look(look: Look, input: str = "srgb", side: int = 33, *, wide: bool = False) -> Export:
    """The look's pixel passes as a cube of `side` nodes per edge, from the encoding `input` to a display picture.

    "srgb" and "rec709" take the picture of the look `neutral`, encoded in sRGB or BT.709, and return the look's picture
    in the same encoding; neutral's highlight roll-off is inverted, up to scene light of 3. "logc", "vlog", "slog3" and
    "llog" take scene light in Rec.709 primaries and return sRGB. "linear" takes scene-linear light in Rec.709
    primaries, with `wide` in Rec.2020, 0 to 16: a logarithmic shaper precedes the cube. Raises LookError for an unknown
    input, and for a pass without a reference.
    """
    encoding.check_input(input)
    levels = np.linspace(0.0, 1.0, side)
    nodes = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1)
    display = reference.apply(look, scene_of(nodes, input, wide=wide))
    if input == "rec709":
        display = encoding.rec709_encode(encoding.srgb_decode(display))
    cube = np.ascontiguousarray(display, dtype=np.float32)
    left_out = left_out_of(look)
    if input != "linear":
        return Export(Lut(look.name, None, cube), left_out)
    light = np.linspace(0.0, BRIGHTEST, SHAPER_LENGTH)
    shaper = np.repeat(_shaped(light)[:, None], 3, axis=1).astype(np.float32)
    return Export(Lut(look.name, shaper, cube, ((0.0,) * 3, (BRIGHTEST,) * 3), UNIT), left_out)


def left_out_of(look: Look) -> tuple[str, ...]:
    """The passes of a look that depend on more than the colour of a pixel."""
    return tuple(settings.name for settings in look.drawn_passes if load_pass(settings.name).stage is not Stage.PIXEL)


def scene_of(numbers: NDArray[np.float64], input: str, *, wide: bool = False) -> NDArray[np.float64]:
    """Scene-linear Rec.2020 light (..., 3) of input values (..., 3), 0..1, of a LUT for `input` (see `export_look`)."""
    if input == "linear":
        low, high = encoding.LOG_CURVES["logc"].encode([0.0, BRIGHTEST])
        light = encoding.LOG_CURVES["logc"].decode(low + (high - low) * numbers)
        return np.asarray(light if wide else light @ REC709_TO_REC2020.T)
    light = encoding.decode(numbers, input) @ REC709_TO_REC2020.T
    return light if input not in encoding.PICTURE_INPUTS else _before_neutral(light)


def _shaped(light: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = encoding.LOG_CURVES["logc"].encode([0.0, BRIGHTEST])
    return np.asarray((encoding.LOG_CURVES["logc"].encode(light) - low) / (high - low))


def _before_neutral(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of `reference.soft_clip(light, 0.8)`, up to light of 3."""
    over = np.clip(light - 0.8, 0.0, reference.soft_clip(np.array(WHITE), 0.8) - 0.8)
    return np.asarray(np.minimum(light, 0.8) + over * 0.2 / (0.2 - over))
