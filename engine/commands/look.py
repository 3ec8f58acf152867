"""`groundglass look ...`: the looks that ship, and files of one's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from .arguments import DeviceOption, ExposureOption, LutInputOption
from .declared import Only, options_declared
from .options import SourceOptions

look_app = typer.Typer(name="look", help="Looks: list, show, compare, sheet, fit, export.", no_args_is_help=True)

RawOptions = Annotated[SourceOptions, Only("raw_format", "raw_size", "raw_black")]
SheetOutputOption = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The sheet: .jpg, .png, .tif.")]
SheetWidthOption = Annotated[int, typer.Option("--width", min=64, max=4096, help="Of each picture, in pixels.")]
WbOption = Annotated[str, typer.Option("--wb", metavar="BALANCE", help="White balance, as for render.")]


@look_app.command("list")
def list_command(
    as_page: Annotated[bool, typer.Option("--markdown", help="As the page docs/looks.md, with their traits.")] = False,
) -> None:
    """The looks that ship, each with what it is for."""
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
        Path | None, typer.Option("--png", metavar="FILE", help="Draw its curves and colours: .png, .jpg, .tif.")
    ] = None,
) -> None:
    """One look: what it is for, its passes, its measured traits, and its curve."""
    from .look_show import run_show

    run_show(name, png)


@look_app.command("compare")
@options_declared
def compare_command(
    look_a: Annotated[str, typer.Argument(metavar="A", help="A look's name, or a look file.")],
    look_b: Annotated[str, typer.Argument(metavar="B", help="Another.")],
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="A raw or a picture, or scene:.")],
    output: SheetOutputOption,
    width: SheetWidthOption = 960,
    exposure: ExposureOption = 0.0,
    wb: WbOption = "as-shot",
    *,
    source_options: RawOptions,
    device: DeviceOption = "auto",
) -> None:
    """One picture in two looks, side by side."""
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
    images: Annotated[list[str], typer.Argument(metavar="IMAGE ...", help="Raws or pictures, or scene:.")],
    output: SheetOutputOption,
    look: Annotated[
        list[str] | None, typer.Option("--look", help="A look's name or file; say it again for more. All, if left out.")
    ] = None,
    width: SheetWidthOption = 480,
    columns: Annotated[int, typer.Option("--columns", min=1, max=32, help="Pictures in a line.")] = 4,
    exposure: ExposureOption = 0.0,
    wb: WbOption = "as-shot",
    *,
    source_options: RawOptions,
    device: DeviceOption = "auto",
) -> None:
    """Pictures in many looks, as a contact sheet."""
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
        typer.Argument(metavar="RAW [JPEG] ...", help="Raws, each with the picture made of it, or its own preview."),
    ] = None,
    residual_lut: Annotated[
        bool,
        typer.Option("--residual-lut", help="What the passes leave over goes into a smooth .cube beside the look."),
    ] = False,
    from_lut: Annotated[
        Path | None, typer.Option("--from-lut", metavar="FILE", help="Learn from a LUT in place of pictures.")
    ] = None,
    lut_input: LutInputOption = "srgb",
    sheet: Annotated[
        Path | None,
        typer.Option("--sheet", metavar="FILE", help="The pictures beside the look's, and the differences."),
    ] = None,
    json: Annotated[str | None, typer.Option("--json", metavar="FILE", help="How near it comes; - is stdout.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a look that is there already.")] = False,
    wb: WbOption = "as-shot",
    *,
    source_options: Annotated[SourceOptions, Only("profile", "raw_format", "raw_size", "raw_black")],
    device: DeviceOption = "auto",
) -> None:
    """Learn a look from a camera's own pictures: exposure, colours, tone and hues, told with how near they come.

    Areas that clip or hold edges are left aside. What is told was measured on a quarter of the pictures at a time, by a
    fit to the other three.
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
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="A .cube, or a HaldCLUT: .png.")],
    size: Annotated[int, typer.Option("--size", help="Nodes a side of a .cube: 17, 33 or 65.")] = 33,
    lut_input: Annotated[
        str,
        typer.Option("--input", metavar="ENCODING", help="Made for srgb, rec709, linear, logc, vlog, slog3, llog."),
    ] = "srgb",
) -> None:
    """A look as a LUT, for a camera, an editor or OBS.

    It takes the picture that the look neutral makes, in sRGB; or with --input the light of the scene as a camera's
    logarithm. What sees more than a colour (vignette, grain, glow) is left out.
    """
    from .look_export import run_export

    run_export(look, output, size, lut_input)
