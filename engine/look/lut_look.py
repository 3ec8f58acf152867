"""A LUT as a look, or as the last pass of a look."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import MappingProxyType

from ..checks import TEXT, check_kind
from ..colour.encoding import PICTURE_INPUTS, check_input
from ..errors import LookError
from .look import Look, PassSettings, load_look
from .lut import Lut
from .lut_read import read_lut


def lut_look(lut: str | Path | Lut, input: str = "srgb", look: str | Path | Look | None = None) -> Look:
    """A look that applies `lut`, a file or a Lut, for `Engine`, `render` and `grade`.

    A LUT for a picture (`input` "srgb" or "rec709") follows `look`, by default the neutral rendering; it maps that
    picture to a picture in the same encoding. A LUT for scene light ("linear", "logc", "vlog", "slog3", "llog", in
    Rec.709 primaries) makes the whole picture in sRGB, and excludes a `look`.
    Raises LookError for a LUT that cannot be read, an unknown input, or a look with a LUT for scene light.
    """
    check_kind("lut_look", "input", input, TEXT)
    table = lut if isinstance(lut, Lut) else read_lut(lut)
    settings = PassSettings("lut", MappingProxyType({"file": table, "input": check_input(input), "amount": 1.0}))
    name = Path(table.name).stem
    if input not in PICTURE_INPUTS:
        if look is not None:
            raise LookError(
                f"{table.name}: a LUT for {input} makes the whole picture from scene light; leave out the look, "
                "or write both into a look file"
            )
        return Look(name, f"a LUT for {input}", (settings,))
    base = look if isinstance(look, Look) else load_look("neutral" if look is None else look)
    if any(base_pass.name == "lut" for base_pass in base.passes):
        raise LookError(f"{base.name}: holds a LUT already, and a look has at most one LUT; leave out {table.name}")
    named = name if look is None else f"{base.name} + {name}"
    return dataclasses.replace(base, name=named, passes=(*base.passes, settings))
