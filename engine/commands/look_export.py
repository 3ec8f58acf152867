"""`groundglass look export`: a look as a LUT, for other programs."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ..errors import LookError, OutputError

SIZES = (17, 33, 65)
HALD_SIDE = 64  # nodes along an edge of the cube in a HaldCLUT of 512x512
TAKES = {
    "srgb": "the picture of the look neutral, in sRGB",
    "rec709": "the picture of the look neutral, by the curve of BT.709",
    "linear": "scene light in the primaries of Rec.709, 0 to 16",
}


def run_export(name: str, output: Path, size: int, lut_input: str) -> None:
    """Write the look into `output`: .cube, or a HaldCLUT as .png. Raises LookError and OutputError."""
    from ..colour.encoding import check_input
    from ..formats.picture_write import write_atomically
    from ..look.export import export_look
    from ..look.look import load_look
    from ..look.lut_write import write_cube, write_hald
    from .output import check_folder

    check_input(lut_input)
    is_hald = check_suffix(output, lut_input)
    check_folder(output)
    if size not in SIZES:
        raise LookError(f"--size {size}: cubes have {', '.join(map(str, SIZES))} nodes a side")
    look = load_look(name)
    side = HALD_SIDE if is_hald else size
    export = export_look(look, lut_input, side)
    takes = TAKES.get(lut_input, f"scene light in the primaries of Rec.709, encoded as {lut_input}")
    gives = "BT.709's curve" if lut_input == "rec709" else "sRGB"
    notes = [f"the look {look.name} of groundglass", f"takes {takes}", f"gives the finished picture in {gives}"]
    if export.left_out:
        notes.append(f"left out, for they see more than a colour: {', '.join(export.left_out)}")
    write_atomically(
        output,
        partial(write_hald, lut=export.lut)
        if is_hald
        else partial(write_cube, lut=export.lut, title=look.name, notes=notes),
    )
    print(f"groundglass: wrote {output}: {'; '.join(notes)}; {side} nodes a side")


def check_suffix(output: Path, lut_input: str) -> bool:
    """Whether `output` is a HaldCLUT. OutputError where its suffix names no LUT that is written."""
    suffix = output.suffix.lower()
    if suffix not in (".cube", ".png"):
        raise OutputError(f"{output}: the suffix '{output.suffix}' names no LUT; use .cube, or .png for a HaldCLUT")
    if suffix == ".png" and lut_input == "linear":
        raise OutputError(f"{output}: a HaldCLUT takes 0 to 1, which linear light exceeds; use logc, or a .cube")
    return suffix == ".png"
