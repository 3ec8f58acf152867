"""A look as a LUT, for what knows no look files: cameras, editors, players."""

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

BRIGHTEST = 16.0  # scene light, six and a half stops above grey: where the curve before a linear cube ends
# What white of a neutral picture stands for: the last cell of the cube reaches from 1.2 to there, which makes colours
# beyond less exact and those below more so (of photographs, a mean CIEDE2000 of 0.07 with 3, of 0.28 with 16).
WHITE = 3.0
SHAPER_LENGTH = 65536  # entries of that curve; they lie as dense in the dark as codes of 16 bits do


@dataclass(frozen=True, slots=True, eq=False)
class Export:
    """The LUT of a look, and the names of the passes that are not in it, since they see more than a colour."""

    lut: Lut
    left_out: tuple[str, ...]


def export_look(look: Look, input: str = "srgb", side: int = 33) -> Export:
    """The look's pixel passes as a cube of `side` nodes, which takes what `input` names and gives a finished picture.

    "srgb" and "rec709" take the picture that the look `neutral` makes, in sRGB or by the curve of BT.709, and give the
    look's in the same encoding; neutral's roll-off of the highlights is undone, up to light of 3. "logc", "vlog",
    "slog3" and "llog" take scene light in the primaries of Rec.709 and give sRGB. "linear" takes that light itself, 0
    to 16: curves before the cube make a logarithm of it. Raises LookError for an unknown input, and for a pass without
    a reference.
    """
    encoding.check_input(input)
    levels = np.linspace(0.0, 1.0, side)
    nodes = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1)
    display = reference.apply(look, scene_of(nodes, input))
    if input == "rec709":
        display = encoding.rec709_encode(encoding.srgb_decode(display))
    cube = np.ascontiguousarray(display, dtype=np.float32)
    left_out = tuple(one.name for one in look.passes if load_pass(one.name).stage is not Stage.PIXEL)
    if input != "linear":
        return Export(Lut(look.name, None, cube), left_out)
    light = np.linspace(0.0, BRIGHTEST, SHAPER_LENGTH)
    shaper = np.repeat(_shaped(light)[:, None], 3, axis=1).astype(np.float32)
    return Export(Lut(look.name, shaper, cube, ((0.0,) * 3, (BRIGHTEST,) * 3), UNIT), left_out)


def scene_of(numbers: NDArray[np.float64], input: str) -> NDArray[np.float64]:
    """Scene-linear Rec.2020 light (..., 3) that numbers (..., 3) of 0..1 stand for in a LUT made for `input`."""
    if input == "linear":
        low, high = encoding.LOG_CURVES["logc"].encode([0.0, BRIGHTEST])
        return encoding.LOG_CURVES["logc"].decode(low + (high - low) * numbers) @ REC709_TO_REC2020.T
    light = encoding.decode(numbers, input) @ REC709_TO_REC2020.T
    return light if input not in encoding.PICTURE_INPUTS else _before_neutral(light)


def _shaped(light: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = encoding.LOG_CURVES["logc"].encode([0.0, BRIGHTEST])
    return np.asarray((encoding.LOG_CURVES["logc"].encode(light) - low) / (high - low))


def _before_neutral(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of `reference.soft_clip(light, 0.8)`, up to light of 3."""
    over = np.clip(light - 0.8, 0.0, reference.soft_clip(np.array(WHITE), 0.8) - 0.8)
    return np.asarray(np.minimum(light, 0.8) + over * 0.2 / (0.2 - over))
