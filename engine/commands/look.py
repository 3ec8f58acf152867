"""`groundglass look ...`: built-in looks and look files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from .arguments import DeviceOption, ExposureOption, LutInputOption
from .declared import Only, options_declared
from .options import SourceOptions

look_app = typer.Typer(
    name="look", help="Looks: list, show, compare, sheet, fit, export, import.", no_args_is_help=True
)

RawOptions = Annotated[SourceOptions, Only("raw_format", "raw_size", "raw_black")]
SheetOutputOption = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The sheet: .jpg, .png, .tif.")]
SheetWidthOption = Annotated[int, typer.Option("--width", min=64, max=4096, help="Width of each picture in pixels.")]
WbOption = Annotated[str, typer.Option("--wb", metavar="BALANCE", help="White balance, as for render.")]


@look_app.command("list")
def list_command(
    as_page: Annotated[
        bool, typer.Option("--markdown", help="Print the page docs/looks.md, with measured traits.")
    ] = False,
) -> None:
    """List the built-in looks and their purpose."""
    from ..look.look import list_looks, load_look

    if as_page:
        from .look_show import markdown

        typer.echo(markdown(), nl=False)
        return
    looks = [load_look(name) for name in list_looks()]
    width = max(len(look.name) for look in looks)
    for look in looks:
        typer.echo(f"{look.name:<{width}}  {look.intent}")


@look_app.command("show")
def show_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A look's name, or a look file.")],
    png: Annotated[
        Path | None, typer.Option("--png", metavar="FILE", help="Draw its tone curve and colours: .png, .jpg, .tif.")
    ] = None,
) -> None:
    """Print the purpose, passes, measured traits and tone curve of a look."""
    from .look_show import run_show

    run_show(name, png)


@look_app.command("compare")
@options_declared
def compare_command(
    look_a: Annotated[str, typer.Argument(metavar="A", help="A look's name, or a look file.")],
    look_b: Annotated[str, typer.Argument(metavar="B", help="The other look.")],
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="A raw file, a picture, or scene:.")],
    output: SheetOutputOption,
    width: SheetWidthOption = 960,
    exposure: ExposureOption = 0.0,
    wb: WbOption = "as-shot",
    *,
    source_options: RawOptions,
    device: DeviceOption = "auto",
) -> None:
    """Show one picture in two looks, side by side."""
    from .look_sheet import SheetOptions, run_sheet

    run_sheet(
        [look_a, look_b],
        [image],
        SheetOptions(output=output, width=width, columns=2, exposure_ev=exposure, white_balance=wb, device=device),
        replace(source_options, depth="none"),
    )


@look_app.command("sheet")
@options_declared
def sheet_command(
    images: Annotated[list[str], typer.Argument(metavar="IMAGE ...", help="Raw files, pictures, or scene:.")],
    output: SheetOutputOption,
    look: Annotated[
        list[str] | None, typer.Option("--look", help="A look's name or file; repeatable. Default: all built-in looks.")
    ] = None,
    width: SheetWidthOption = 480,
    columns: Annotated[int, typer.Option("--columns", min=1, max=32, help="Number of columns.")] = 4,
    exposure: ExposureOption = 0.0,
    wb: WbOption = "as-shot",
    *,
    source_options: RawOptions,
    device: DeviceOption = "auto",
) -> None:
    """Show pictures in many looks, as a contact sheet."""
    from ..look.look import list_looks
    from .look_sheet import SheetOptions, run_sheet

    run_sheet(
        look or list(list_looks()),
        images,
        SheetOptions(
            output=output, width=width, columns=columns, exposure_ev=exposure, white_balance=wb, device=device
        ),
        replace(source_options, depth="none"),
    )


@look_app.command("fit")
@options_declared
def fit_command(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The look: .toml.")],
    pictures: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="RAW [JPEG] ...", help="Raw files, each followed by its picture unless it has a preview."
        ),
    ] = None,
    residual_lut: Annotated[
        bool,
        typer.Option("--residual-lut", help="Write the residual of the passes as a smooth .cube next to the look."),
    ] = False,
    from_lut: Annotated[
        Path | None, typer.Option("--from-lut", metavar="FILE", help="Learn from a LUT instead of pictures.")
    ] = None,
    lut_input: LutInputOption = "srgb",
    sheet: Annotated[
        Path | None,
        typer.Option("--sheet", metavar="FILE", help="Write the pictures, the look's versions, and the differences."),
    ] = None,
    json: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write the errors as JSON; - is stdout.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing look.")] = False,
    wb: WbOption = "as-shot",
    *,
    source_options: Annotated[SourceOptions, Only("profile", "raw_format", "raw_size", "raw_black")],
    device: DeviceOption = "auto",
) -> None:
    """Learn a look from a camera's own pictures: exposure, colours, tone and hues. Print its accuracy.

    Clipped areas and edges are ignored. The printed errors are cross-validated: each quarter of the pictures is
    compared with a fit to the other three.
    """
    from .look_fit import FitOptions, run_fit

    run_fit(
        FitOptions(
            pictures=pictures or [],
            output=output,
            force=force,
            sheet=sheet,
            json=json,
            white_balance=wb,
            device=device,
            residual_lut=residual_lut,
            from_lut=from_lut,
            lut_input=lut_input,
        ),
        source_options,
    )


@look_app.command("export")
def export_command(
    look: Annotated[str, typer.Argument(metavar="LOOK", help="A look's name, or a look file.")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="A LUT: .cube, .clf, HaldCLUT .png; or .ocio, .dcp, .xmp."),
    ],
    size: Annotated[
        int | None, typer.Option("--size", help="Nodes per side of a LUT: 17, 33 or 65. Default: 33.")
    ] = None,
    lut_input: Annotated[
        str | None,
        typer.Option(
            "--input",
            metavar="ENCODING",
            help="Input encoding: srgb, rec709, linear, logc, vlog, slog3, llog. Default: srgb, of a .clf linear.",
        ),
    ] = None,
    camera: Annotated[
        Path | None, typer.Option("--camera", metavar="RAW", help="A raw file of the camera that a .dcp is for.")
    ] = None,
) -> None:
    """Write a look for a camera, an editor, a raw developer or OBS.

    A LUT's input is a picture in the look neutral, in sRGB. With --input it is scene light in a camera's log encoding.
    An .ocio is an OpenColorIO 2 configuration with the look as a view. A .dcp is a camera profile. An .xmp is a preset
    of Lightroom and Camera Raw. Passes that depend on more than the colour of a pixel (vignette, grain, bloom) are left
    out, and named.
    """
    from .look_export import ExportOptions, run_export

    run_export(look, ExportOptions(output, size, lut_input, camera))


@look_app.command("import")
def import_command(
    settings: Annotated[Path, typer.Argument(metavar="XMP", help="A preset or side file of Lightroom or Camera Raw.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The look: .toml.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing look.")] = False,
) -> None:
    """Make a look from an .xmp: exposure, contrast, tone curves, HSL, black and white, split toning, vignette, grain.

    Settings without a counterpart are left out, and named.
    """
    from .look_export import run_import

    run_import(settings, output, force=force)
