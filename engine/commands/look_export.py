"""`groundglass look export`: a look as a LUT, for other programs."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ..errors import LookError, OutputError

SIZES = (17, 33, 65)
HALD_SIDE = 64  # nodes per side of the cube in a HaldCLUT of 512x512
INPUTS = {
    "srgb": "a picture in the look neutral, in sRGB",
    "rec709": "a picture in the look neutral, with the BT.709 curve",
    "linear": "scene light in Rec.709 primaries, 0 to 16",
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
        raise LookError(f"--size {size}: use {', '.join(map(str, SIZES))} nodes per side")
    look = load_look(name)
    side = HALD_SIDE if is_hald else size
    export = export_look(look, lut_input, side)
    input_text = INPUTS.get(lut_input, f"scene light in Rec.709 primaries, encoded as {lut_input}")
    output_text = "with the BT.709 curve" if lut_input == "rec709" else "in sRGB"
    notes = [f"the look {look.name} of groundglass", f"input: {input_text}", f"output: final picture {output_text}"]
    if export.left_out:
        notes.append(f"left out, not a function of colour alone: {', '.join(export.left_out)}")
    write_atomically(
        output,
        partial(write_hald, lut=export.lut)
        if is_hald
        else partial(write_cube, lut=export.lut, title=look.name, notes=notes),
    )
    print(f"groundglass: wrote {output}: {'; '.join(notes)}; {side} nodes per side")


def check_suffix(output: Path, lut_input: str) -> bool:
    """Whether `output` is a HaldCLUT. Raises OutputError for other suffixes and for a HaldCLUT of linear light."""
    suffix = output.suffix.lower()
    if suffix not in (".cube", ".png"):
        raise OutputError(f"{output}: '{output.suffix}' is not a LUT suffix; use .cube, or .png for a HaldCLUT")
    if suffix == ".png" and lut_input == "linear":
        raise OutputError(f"{output}: linear light exceeds the range of a HaldCLUT, 0 to 1; use logc, or a .cube")
    return suffix == ".png"
