"""Writes a look as a file that holds all that it needs: the LUTs and images lie in its folder."""

from __future__ import annotations

import dataclasses
import filecmp
import shutil
from functools import partial
from itertools import count
from pathlib import Path
from types import MappingProxyType

from ..errors import OutputError
from ..files import path_inside
from ..formats.picture_write import write_atomically
from ..gl.shader_inputs import ShaderImage
from .look import Look, PassSettings
from .look_text import edited_text
from .lut import Lut


def write_look(path: Path, look: Look) -> Look:
    """Writes the look, and copies its LUTs and images into its folder if they lie outside. Returns it with its files.

    Raises OutputError.
    """
    folder = path.parent.absolute()
    look = dataclasses.replace(look, passes=tuple(_with_own_luts(settings, folder) for settings in look.passes))
    text = edited_text(look, folder)
    write_atomically(path, lambda part: part.write_text(text, encoding="utf-8"))
    return dataclasses.replace(look, file=path, text=text)


def _with_own_luts(settings: PassSettings, folder: Path) -> PassSettings:
    files = (Lut, ShaderImage)
    luts = {
        name: value for name, value in settings.values.items() if isinstance(value, files) and value.file is not None
    }
    outside = {name: lut for name, lut in luts.items() if path_inside(folder, str(lut.file)) is None}
    if not outside:
        return settings
    copies = {name: dataclasses.replace(lut, file=_copied(lut, folder)) for name, lut in outside.items()}
    return dataclasses.replace(settings, values=MappingProxyType({**settings.values, **copies}))


def _copied(lut: Lut | ShaderImage, folder: Path) -> Path:
    """The path of a copy of the file of a LUT or an image in `folder`. An equal file of its name is the copy."""
    assert lut.file is not None
    try:
        for number in count(1):
            copy = folder / (lut.file.name if number == 1 else f"{lut.file.stem}-{number}{lut.file.suffix}")
            if not copy.exists():
                write_atomically(copy, partial(shutil.copy2, lut.file))
                return copy
            if copy.is_file() and filecmp.cmp(lut.file, copy):
                return copy
    except OSError as error:
        reason = f"{lut.file} cannot be read ({error.strerror})"
        raise OutputError(f"{folder}: a file of the look cannot be copied there: {reason}; save it again") from error
    raise AssertionError("unreachable")
