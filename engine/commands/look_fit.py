"""`groundglass look fit`: a look from a camera's own pictures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import LookError, OutputError, SourceError
from .options import SourceOptions
from .output import check_folder, json_target
from .start import open_input

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..compute.device import Device
    from ..frame import Frame
    from ..look.fit import Fit, Pair

CLIPPED_LEVEL = 0.98  # photosites from this level on, 0 at black and 1 at white, count as clipped
HALF_SIZE_FROM_PX = 4_000_000  # mosaics of at least this size are developed at half size; the fit compares at less


@dataclass(frozen=True, slots=True)
class FitOptions:
    """Input and output of `look fit`.

    `pictures` are raw files, each followed by its picture unless it has a preview. `from_lut` is a LUT for
    `lut_input`, instead of pictures.
    """

    pictures: list[Path]
    output: Path
    force: bool
    sheet: Path | None
    json: str | None
    white_balance: str
    device: str
    residual_lut: bool = False
    from_lut: Path | None = None
    lut_input: str = "srgb"

    @property
    def cube(self) -> Path:
        """The path of the residual LUT."""
        return self.output.with_suffix(".cube")


def run_fit(options: FitOptions, source_options: SourceOptions) -> None:
    """Learn the look of the pairs or of the LUT, print its accuracy, and write it.

    Raises OutputError before any work if an output cannot be written or already exists.
    """
    _check_sources(options, source_options)
    _check_targets(options)
    with json_target(options.json) as write_json:
        fit = _fit_pairs(options, source_options) if options.from_lut is None else _fit_lut(options, options.from_lut)
        write_json(results(fit))
        print_fit(fit)
        _write(options, fit)


def _fit_pairs(options: FitOptions, source_options: SourceOptions) -> Fit:
    from ..compute.registry import open_device
    from ..look.fit import fit_look

    paths = pairs_of(options.pictures, any_is_raw=source_options.raw_format is not None)
    device = open_device(options.device)
    try:
        pairs = [read_pair(raw, picture, source_options, options.white_balance, device) for raw, picture in paths]
    finally:
        device.close()
    return fit_look(pairs, options.output.stem, residual=options.residual_lut)


def _fit_lut(options: FitOptions, path: Path) -> Fit:
    from ..look.fit.invented import fit_function
    from ..look.lut_look import lut_look
    from ..look.reference import apply

    draw = partial(apply, lut_look(path, options.lut_input))
    return fit_function(draw, options.output.stem, path.name, residual=options.residual_lut)


def pairs_of(pictures: list[Path], *, any_is_raw: bool = False) -> list[tuple[Path, Path | None]]:
    """Raw files and the pictures that follow them. With `any_is_raw` they alternate, regardless of suffix.

    Raises LookError if a picture comes first or follows another picture.
    """
    from ..formats.raw import RAW_SUFFIXES

    pairs: list[tuple[Path, Path | None]] = []
    for number, path in enumerate(pictures):
        is_raw = path.suffix.lower() in RAW_SUFFIXES | {".exr"} or (any_is_raw and number % 2 == 0)
        if is_raw:
            pairs.append((path, None))
        elif pairs and pairs[-1][1] is None:
            pairs[-1] = pairs[-1][0], path
        else:
            raise LookError(f"{path}: picture without a raw file before it; write RAW JPEG [RAW JPEG ...]")
    return pairs


def read_pair(
    raw: Path, picture: Path | None, source_options: SourceOptions, white_balance: str, device: Device
) -> Pair:
    """The scene developed from the raw file, and the picture or else the preview of the raw file."""
    from ..formats.preview import read_preview
    from ..look.fit import Pair

    if not raw.is_file():
        raise SourceError(f"{raw}: no such file; name a raw file, then its picture")
    # The preview comes first, so that a missing one is reported before any development.
    if picture is None:
        display, name = read_preview(raw), f"the preview in {raw.name}"
    else:
        display, name = read_display(picture), picture.name
    with open_input(str(raw), source_options, None) as source:
        frame = next(iter(source)).upright()
    scene = developed(frame, white_balance, device)
    return Pair(scene, display, _usable(frame, scene.shape[:2]), name)


def read_display(path: Path) -> NDArray[Any]:
    """(H, W, 3) display sRGB of a final picture, upright."""
    from ..formats.picture_read import read_picture
    from ..frame import Encoding

    if not path.is_file():
        raise SourceError(f"{path}: no such file; name the picture of the raw file before it")
    frame = read_picture(path, with_depth=False).upright()
    if frame.encoding is not Encoding.DISPLAY:
        raise SourceError(f"{path}: contains scene light, not a final picture; save it as JPEG, PNG or TIFF")
    return frame.pixels


def developed(frame: Frame, white_balance: str, device: Device) -> NDArray[np.float32]:
    """(H, W, 3) scene-linear Rec.2020 of an upright frame; large Bayer mosaics at half size."""
    from ..develop.developer import Developer
    from ..develop.development import Development
    from ..frame import Encoding

    is_bayer = frame.encoding is Encoding.MOSAIC and frame.cfa.kind == "bayer"
    is_large = is_bayer and frame.pixels.size >= HALF_SIZE_FROM_PX
    developer = Developer(device)
    try:
        development = Development(demosaic="half" if is_large else "rcd", white_balance=white_balance)
        return developer.develop(frame, development).read()
    finally:
        developer.release()


def _usable(frame: Frame, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    """(H, W) at the size of the scene: True without clipped photosites nearby. None if the frame is not U16 mosaic."""
    from ..frame import Encoding
    from ..packing import Packing

    if frame.encoding is not Encoding.MOSAIC or frame.packing is not Packing.U16:
        return None
    profile = frame.profile
    black = min(profile.black)
    clipped = frame.pixels >= black + CLIPPED_LEVEL * (profile.white - black)
    block = max(round(frame.pixels.shape[0] / shape[0]), 1)
    padded = np.zeros((block * shape[0], block * shape[1]), bool)
    rows, columns = map(min, padded.shape, clipped.shape)
    padded[:rows, :columns] = clipped[:rows, :columns]
    return np.asarray(~padded.reshape(shape[0], block, shape[1], block).any(axis=(1, 3)))


def _check_sources(options: FitOptions, source_options: SourceOptions) -> None:
    from ..colour.encoding import check_input

    check_input(options.lut_input)
    if options.from_lut is None and not options.pictures:
        raise LookError("there is nothing to learn from; name a raw file and its picture, or --from-lut FILE")
    if options.from_lut is None and options.lut_input != "srgb":
        raise LookError(f"--lut-input {options.lut_input} requires a LUT; name it with --from-lut")
    if options.from_lut is not None and (options.pictures or options.sheet is not None):
        raise LookError("--from-lut replaces the pictures; leave out the pictures and --sheet")
    of_pictures = options.white_balance, options.device, source_options
    if options.from_lut is not None and of_pictures != ("as-shot", "auto", SourceOptions()):
        raise LookError("--from-lut replaces the pictures; leave out --wb, --device, --profile and --raw-...")


def _check_targets(options: FitOptions) -> None:
    from ..formats.picture_write import check_target

    if options.output.suffix != ".toml":
        raise OutputError(f"{options.output}: a look is a .toml file; name {options.output.stem or 'mine'}.toml")
    check_folder(options.output)
    for path in (options.output, *([options.cube] if options.residual_lut else [])):
        if path.exists() and not options.force:
            raise OutputError(f"{path}: already exists; name another file, or add --force to overwrite it")
    if options.residual_lut and options.from_lut is not None and options.cube.resolve() == options.from_lut.resolve():
        raise OutputError(f"{options.cube}: is the input LUT; name another output than {options.output}")
    if options.sheet is not None:
        check_target(options.sheet)


def _write(options: FitOptions, fit: Fit) -> None:
    from ..formats.picture_write import save, write_atomically
    from ..look.fit import look_text
    from ..look.fit.sheet import sheet_of
    from ..look.lut import Lut
    from ..look.lut_write import write_cube

    if options.sheet is not None:
        save(options.sheet, sheet_of(fit))
        print(f"groundglass: wrote {options.sheet}")
    errors = f"mean {fit.mean:.2f}, p95 {fit.p95:.2f}, max {fit.maximum:.1f}"
    title = f"dE00 of {len(fit.left_out)} {'areas' if fit.pairs else 'colours'} left out of the fit: {errors}."
    names = ", ".join(path.name for path in (*options.pictures, options.from_lut) if path is not None)
    if fit.cube is not None:
        cube = Lut(options.cube.name, cube=fit.cube.astype(np.float32))
        write_atomically(options.cube, partial(write_cube, lut=cube, title=options.output.stem))
        print(f"groundglass: wrote {options.cube}, part of the look")
    text = look_text(fit.look, (f"Learnt from {names}.", title, *(f"Note: {note}." for note in fit.notes)))
    write_atomically(options.output, lambda part: part.write_text(text, encoding="utf-8"))
    print(f"groundglass: wrote {options.output}; use it with --look {options.output}")


def results(fit: Fit) -> dict[str, Any]:
    """The JSON of `look fit`: errors as CIEDE2000."""
    return {
        "areas": len(fit.left_out),
        "left_out_delta_e_mean": fit.mean,
        "left_out_delta_e_p95": fit.p95,
        "left_out_delta_e_max": fit.maximum,
        "seen_delta_e_mean": float(fit.seen.mean()),
        "passes_alone_delta_e_mean": None if fit.passes_alone is None else float(fit.passes_alone.mean()),
        "corner_light": fit.corner_light,
        "notes": list(fit.notes),
        "pairs": [
            {
                "name": aligned.name,
                "areas": int((fit.samples.pair == number).sum()),
                "left_out_delta_e_mean": float(fit.left_out[fit.samples.pair == number].mean()),
                "orientation": aligned.placement.orientation,
                "shift_px": aligned.placement.shift_px,
            }
            for number, aligned in enumerate(fit.pairs)
        ],
    }


def print_fit(fit: Fit) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    unit = "areas" if fit.pairs else "colours"
    for heading in (f"dE00 of {unit} left out", unit, "mean", "p95", "max"):
        table.add_column(heading, justify="left" if heading.startswith("dE00") else "right")
    for number, aligned in enumerate(fit.pairs):
        errors = fit.left_out[fit.samples.pair == number]
        statistics = errors.mean(), np.percentile(errors, 95), errors.max()
        table.add_row(aligned.name, str(len(errors)), *(f"{value:.2f}" for value in statistics))
    if len(fit.pairs) != 1:
        table.add_row("all", str(len(fit.left_out)), *(f"{value:.2f}" for value in (fit.mean, fit.p95, fit.maximum)))
    console = Console()
    console.print(table)
    if fit.passes_alone is not None:
        mean, p95 = fit.passes_alone.mean(), np.percentile(fit.passes_alone, 95)
        console.print(f"without the cube: mean {mean:.2f}, p95 {p95:.2f}", highlight=False)
    for note in fit.notes:
        console.print(f"note: {note}", highlight=False, soft_wrap=True)
