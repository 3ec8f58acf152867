"""`groundglass profile`: a camera profile measured from a colour chart."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import typer

from ..errors import OutputError
from .options import SourceOptions
from .output import check_folder, json_target
from .start import open_input

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..frame import Frame
    from ..profile.chart import Patches
    from ..profile.fit import Fit


def run_profile(
    source: str,
    source_options: SourceOptions,
    corners: str | None,
    output: Path | None,
    force: bool,
    sheet: Path | None,
    json: str | None,
) -> None:
    """Measure the chart in the first frame of `source`, print the fit, and write the requested files.

    Raises OutputError before any work if an output cannot be written or already exists.
    """
    from ..formats.picture_write import check_target
    from ..profile.chart import measure
    from ..profile.fit import fit

    if output is not None:
        check_folder(output)
        if output.exists() and not force:
            raise OutputError(f"{output}: already exists; name another file, or add --force to overwrite it")
    if sheet is not None:
        check_target(sheet)
    with json_target(json) as write_json, open_input(source, source_options, None) as opened:
        frame = next(iter(opened)).upright()
        patches = measure(frame, parse_corners(corners, frame))
        fitted = fit(patches.camera_rgb, patches.usable)
        write_json(results(fitted))
        print_fit(fitted, patches)
        if sheet is not None:
            draw_sheet(sheet, frame, patches, fitted)
            print(f"groundglass: wrote {sheet}")
        if output is not None:
            store(output, source, frame, fitted)
            print(f"groundglass: wrote {output}; use it with --profile {output}")


def parse_corners(text: str | None, frame: Frame) -> NDArray[np.float64] | None:
    """(4, 2) positions in photosites from eight fractions of the picture."""
    if text is None:
        return None
    try:
        numbers = np.array([float(number) for number in text.split(",")])
    except ValueError:
        numbers = np.empty(0)
    if numbers.shape != (8,) or not ((numbers >= 0) & (numbers <= 1)).all():
        raise typer.BadParameter(
            f"'{text}' is not four positions; write x,y of the dark skin, bluish green, black and white corners as "
            "fractions of the picture, such as 0.26,0.35,0.71,0.36,0.70,0.86,0.27,0.85",
            param_hint="--corners",
        )
    return np.asarray(numbers.reshape(4, 2) * np.array(frame.size))


def results(fitted: Fit) -> dict[str, Any]:
    """The JSON of `profile`: errors as CIEDE2000; null for a patch that is not used."""
    left_out, delta_e = fitted.left_out, fitted.delta_e
    return {
        "white_balance": [float(multiplier) for multiplier in fitted.model.white_balance],
        "camera_to_scene": fitted.model.camera_to_scene.tolist(),
        "patches": int(np.isfinite(delta_e).sum()),
        "delta_e_mean": float(np.nanmean(delta_e)),
        "left_out_delta_e_mean": float(np.nanmean(left_out)),
        "left_out_delta_e_max": float(np.nanmax(left_out)),
        "left_out_delta_e": [None if np.isnan(error) else float(error) for error in left_out],
    }


def print_fit(fitted: Fit, patches: Patches) -> None:
    from rich.console import Console
    from rich.table import Table

    from ..colour.difference import PATCH_NAMES

    table = Table(box=None, pad_edge=False)
    for heading in ("patch", "dE00 fitted", "left out"):
        table.add_column(heading, justify="left" if heading == "patch" else "right")
    errors = zip(PATCH_NAMES, patches.usable, fitted.delta_e, fitted.left_out, strict=True)
    for name, usable, delta_e, left_out in errors:
        table.add_row(name, *((f"{delta_e:.1f}", f"{left_out:.1f}") if usable else ("not used", "-")))
    console = Console()
    console.print(table)
    summary = results(fitted)
    across, down = (100 * (np.exp(fitted.model.falling) - 1)).round()
    console.print(
        f"white balance {', '.join(f'{multiplier:.3f}' for multiplier in summary['white_balance'])}; "
        f"{summary['patches']} patches, mean dE00 {summary['delta_e_mean']:.2f}; "
        f"each left out in turn {summary['left_out_delta_e_mean']:.2f}, at most {summary['left_out_delta_e_max']:.2f}\n"
        f"the light on the chart changes by {across:+.0f} % from left to right, {down:+.0f} % from top to bottom",
        highlight=False,
        soft_wrap=True,
    )


def store(output: Path, source: str, frame: Frame, fitted: Fit) -> None:
    from ..formats.camera_profile import ChartProfile, profile_text
    from ..formats.picture_write import write_atomically

    balance, summary = fitted.model.white_balance, results(fitted)
    profile = ChartProfile(
        black=float(np.mean(frame.profile.black)),
        white_balance=(float(balance[0]), float(balance[1]), float(balance[2])),
        camera_to_scene=fitted.model.camera_to_scene,
        delta_e=summary["left_out_delta_e_mean"],
        name=output.stem,
    )
    comments = [
        f"Camera profile from a ColorChecker in {Path(source).name}, {datetime.date.today().isoformat()}.",
        f"{summary['patches']} patches; CIEDE2000 fitted {summary['delta_e_mean']:.2f}, each left out in turn "
        f"{summary['left_out_delta_e_mean']:.2f}, at most {summary['left_out_delta_e_max']:.2f}.",
    ]
    text = profile_text(profile, comments)
    write_atomically(output, lambda part: part.write_text(text, encoding="utf-8"))


def draw_sheet(path: Path, frame: Frame, patches: Patches, fitted: Fit) -> None:
    """Writes the frame, developed with its new profile, with an outline and a number for each patch.

    The middle of a patch shows the reference colour in the local light. Clipped patches have a red outline.
    """
    from PIL import Image, ImageDraw

    from ..colour.difference import REFERENCE_LAB, scene_of_lab
    from ..formats.picture_write import save
    from ..profile.chart import superpixels
    from ..profile.fit import PLACES

    model = fitted.model
    light = np.minimum(superpixels(frame), 1.0) * model.white_balance @ model.camera_to_scene.T * model.scale
    picture = Image.fromarray(display(light))
    draw = ImageDraw.Draw(picture)
    reference = display(scene_of_lab(REFERENCE_LAB) * np.exp(PLACES @ model.falling)[:, None])
    shown = zip(patches.outlines / 2, reference, patches.usable, strict=True)
    for number, (outline, colour, usable) in enumerate(shown, start=1):
        middle = outline.mean(axis=0)
        draw.polygon([tuple(corner) for corner in outline], outline=(255, 255, 255) if usable else (255, 0, 0))
        draw.polygon(
            [tuple(middle + 0.5 * (corner - middle)) for corner in outline], fill=tuple(int(c) for c in colour)
        )
        draw.text(
            tuple(middle + 1.9 * (outline[0] - middle)),
            str(number),
            fill=(255, 255, 255),
            stroke_width=1,
            stroke_fill=(0, 0, 0),
        )
    save(path, np.asarray(picture))


def display(scene_rgb: NDArray[np.float64]) -> NDArray[np.uint8]:
    """8-bit sRGB (IEC 61966-2-1) of linear Rec.2020 light."""
    from ..camera import REC2020_TO_REC709

    linear = np.clip(scene_rgb @ REC2020_TO_REC709.T, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(255 * encoded), np.uint8)
