"""`groundglass look export` and `look import`: a look for other programs, and settings of others as a look."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import LookError, OutputError

if TYPE_CHECKING:
    from ..look.look import Look

SIZES = (17, 33, 65)
DEFAULT_SIZE = 33
TINT = 2.0  # CIEDE2000 of greys that a note mentions
HALD_SIDE = 64  # nodes per side of the cube in a HaldCLUT of 512x512
SUFFIXES = (".cube", ".png", ".clf", ".ocio", ".dcp", ".xmp")
FIXED = (".png", ".dcp", ".xmp")  # files without a choice of nodes
INPUTS = {
    "srgb": "a picture in the look neutral, in sRGB",
    "rec709": "a picture in the look neutral, with the BT.709 curve",
    "linear": "scene light in Rec.709 primaries, 0 to 16",
}


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """`lut_input` None is "srgb" for a .cube and .png, else "linear". `camera` is a raw file of a DCP's camera.

    `size` is the number of nodes per side of a LUT, None the default.
    """

    output: Path
    size: int | None = None
    lut_input: str | None = None
    camera: Path | None = None


def run_export(name: str, options: ExportOptions) -> None:
    """Write the look in the format of the output's suffix. Raises LookError and OutputError."""
    from ..colour.encoding import check_input
    from ..look.look import load_look
    from .output import check_folder

    output = options.output
    suffix = check_suffix(output, options.lut_input)
    if options.lut_input is not None:
        check_input(options.lut_input)
    check_folder(output)
    if options.size is not None and suffix in FIXED:
        raise OutputError(f"{output}: a {suffix} file has its own number of nodes; leave out --size")
    if options.size not in (None, *SIZES):
        raise LookError(f"--size {options.size}: use {', '.join(map(str, SIZES))} nodes per side")
    if (options.camera is None) == (suffix == ".dcp"):
        raise LookError(
            f"{output}: a profile belongs to a camera; name one of its raw files with --camera"
            if suffix == ".dcp"
            else "--camera belongs to a .dcp alone; leave it out"
        )
    look = load_look(name)
    match suffix:
        case ".dcp":
            notes = _write_dcp(look, options)
        case ".xmp":
            notes = _write_xmp(look, output)
        case ".ocio":
            notes = _write_ocio(look, options)
        case _:
            notes = _write_lut(look, suffix, options)
    print(f"groundglass: wrote {output}: {'; '.join(notes)}")


def check_suffix(output: Path, lut_input: str | None) -> str:
    """The suffix in lower case. Raises OutputError for an unknown one, or one that has no such input."""
    suffix = output.suffix.lower()
    if suffix not in SUFFIXES:
        raise OutputError(f"{output}: '{output.suffix}' is not a suffix of look files; use one of {' '.join(SUFFIXES)}")
    if suffix == ".png" and lut_input == "linear":
        raise OutputError(f"{output}: linear light exceeds the range of a HaldCLUT, 0 to 1; use logc, or a .cube")
    if suffix in (".ocio", ".dcp", ".xmp") and lut_input is not None:
        raise OutputError(f"{output}: a {suffix} file has its own input; leave out --input")
    return suffix


def _left_out(names: tuple[str, ...]) -> list[str]:
    """A line about the passes that the file does not carry."""
    return [f"left out, not a function of colour alone: {', '.join(names)}"] if names else []


def _write_lut(look: Look, suffix: str, options: ExportOptions) -> list[str]:
    from ..formats.picture_write import write_atomically
    from ..look.exchange.clf import clf_text
    from ..look.export import export_look
    from ..look.lut_write import write_cube, write_hald

    lut_input = options.lut_input or ("linear" if suffix == ".clf" else "srgb")
    side = HALD_SIDE if suffix == ".png" else options.size or DEFAULT_SIZE
    export = export_look(look, lut_input, side)
    input_text = INPUTS.get(lut_input, f"scene light in Rec.709 primaries, encoded as {lut_input}")
    output_text = f"final picture {'with the BT.709 curve' if lut_input == 'rec709' else 'in sRGB'}"
    notes = [f"the look {look.name} of groundglass", f"input: {input_text}", f"output: {output_text}"]
    notes += _left_out(export.left_out)
    if suffix == ".clf":
        text = clf_text(export.lut, look.name, notes, input_text, output_text)
        write_atomically(options.output, lambda part: part.write_text(text, encoding="utf-8"))
    elif suffix == ".png":
        write_atomically(options.output, partial(write_hald, lut=export.lut))
    else:
        write_atomically(options.output, partial(write_cube, lut=export.lut, title=look.name, notes=notes))
    return [*notes, f"{side} nodes per side"]


def _write_ocio(look: Look, options: ExportOptions) -> list[str]:
    """The configuration, and the LUT next to it, which is written first: no configuration names a missing file."""
    from ..formats.picture_write import write_atomically
    from ..look.exchange.clf import clf_text
    from ..look.exchange.ocio_config import LINEAR, ocio_config
    from ..look.export import export_look

    lut_path = options.output.with_suffix(".rec2020.clf")
    export = export_look(look, "linear", options.size or DEFAULT_SIZE, wide=True)
    notes = [f"the look {look.name} of groundglass", f"input: {LINEAR}, 0 to 16", "output: sRGB"]
    notes += _left_out(export.left_out)
    text = clf_text(export.lut, look.name, notes, LINEAR, "sRGB")
    write_atomically(lut_path, lambda part: part.write_text(text, encoding="utf-8"))
    config = ocio_config(look.name, look.intent, lut_path.name)
    write_atomically(options.output, lambda part: part.write_text(config, encoding="utf-8"))
    return [f"display sRGB, view {look.name}", f"its LUT is {lut_path.name}", *notes[3:]]


def _write_dcp(look: Look, options: ExportOptions) -> list[str]:
    from ..capture.metadata import read_metadata
    from ..capture.open import open_source
    from ..formats.dng_write import illuminant_code
    from ..frame import Encoding
    from ..look.exchange.dcp import dcp_bytes, dcp_look
    from ..look.export import left_out_of
    from .output import write_file

    camera = str(options.camera)
    with open_source(camera, depth="none") as source:
        frame = next(iter(source))
    if frame.encoding is not Encoding.MOSAIC or frame.cfa.kind == "mono":
        raise LookError(f"{camera}: is not a raw file with colours; name one of the camera")
    profile = frame.profile
    name = str(read_metadata(camera).get("camera") or "")
    if not name:
        raise LookError(f"{camera}: does not name its camera; use a raw file of the camera itself")
    calibrations = profile.calibrations or (profile.derived_calibration(),)
    illuminants = tuple(illuminant_code(calibration.temperature_k) for calibration in calibrations)
    carried = dcp_look(look)
    title = f"groundglass {look.name}"
    write_file(options.output, dcp_bytes(carried, title, name, calibrations, illuminants))
    tint = ["its tint of grey is left out: the format keeps grey neutral"] if carried.grey_tint > TINT else []
    return [f"the profile '{title}' for {name}", *tint, *_left_out(left_out_of(look))]


def _write_xmp(look: Look, output: Path) -> list[str]:
    from ..look.exchange.xmp import xmp_text
    from ..look.exchange.xmp_look import settings_of_look
    from .output import write_file

    export = settings_of_look(look)
    notes = [f"the look {look.name} of groundglass", "relative to a linear profile"]
    notes += [f"left out: {', '.join(export.left_out)}"] if export.left_out else []
    write_file(output, xmp_text(export.settings, notes).encode())
    return [*notes, f"approximate, mean dE00 {export.delta_e:.1f} by groundglass's own model of the sliders"]


def run_import(path: Path, output: Path, *, force: bool) -> None:
    """Write the settings of an .xmp file as a look. Raises LookError and OutputError."""
    from ..look.exchange.xmp import read_xmp
    from ..look.exchange.xmp_look import look_of_settings
    from ..look.look_text import look_text
    from .output import check_folder, write_file

    if path.suffix.lower() != ".xmp":
        raise LookError(f"{path}: look import reads .xmp files of Lightroom and Camera Raw; for a LUT use --lut")
    if output.suffix.lower() != ".toml":
        raise OutputError(f"{output}: a look is a .toml file; name {output.stem or 'mine'}.toml")
    check_folder(output)
    if output.exists() and not force:
        raise OutputError(f"{output}: already exists; name another file, or add --force to overwrite it")
    settings = read_xmp(path)
    made = look_of_settings(settings)
    notes = [f"From {path.name}.", f"Its tone curve is met within {made.curve_error:.0f} codes of 255."]
    notes += [f"Left out: {', '.join(settings.left_out)}."] if settings.left_out else []
    write_file(output, look_text(made.look, tuple(notes)).encode())
    print(f"groundglass: wrote {output}. {' '.join(notes)}")
