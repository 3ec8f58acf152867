"""A LUT as a look, or at the end of one."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import MappingProxyType

from ..colour.encoding import PICTURE_INPUTS, check_input
from ..errors import LookError
from .look import Look, PassSettings, load_look
from .lut import Lut
from .lut_read import read_lut


def lut_look(lut: str | Path | Lut, input: str = "srgb", look: str | Path | Look | None = None) -> Look:
    """The look that a LUT is, for `Engine`, `render` and `grade`.

    Made for a picture (`input` "srgb" or "rec709") the LUT comes after `look`, by default the neutral rendering; it
    takes that picture and gives another in the same encoding. Made for scene light ("linear", "logc", "vlog", "slog3",
    "llog", in the primaries of Rec.709) it is the whole way from light to a picture in sRGB, and no look goes with it.
    Raises LookError for a LUT that cannot be read, an unknown input, or a look with a scene's LUT.
    """
    table = lut if isinstance(lut, Lut) else read_lut(lut)
    settings = PassSettings("lut", MappingProxyType({"file": table, "input": check_input(input), "amount": 1.0}))
    name = Path(table.name).stem
    if input not in PICTURE_INPUTS:
        if look is not None:
            raise LookError(
                f"{table.name}: a LUT for {input} makes the whole picture of the scene's light; leave out the look, "
                "or write both into a look file"
            )
        return Look(name, f"a LUT for {input}", (settings,))
    base = look if isinstance(look, Look) else load_look("neutral" if look is None else look)
    if any(one.name == "lut" for one in base.passes):
        raise LookError(f"{base.name}: holds a LUT already, which no second one can follow; leave out {table.name}")
    named = name if look is None else f"{base.name} + {name}"
    return dataclasses.replace(base, name=named, passes=(*base.passes, settings))
