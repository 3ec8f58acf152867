"""`groundglass look ...`: the looks that ship, and files of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

look_app = typer.Typer(name="look", help="Looks: list, show, compare, fit.", no_args_is_help=True)


@look_app.command("list")
def list_command() -> None:
    """The looks that ship, each with what it is for."""
    from ..look.look import list_looks, load_look

    looks = [load_look(name) for name in list_looks()]
    width = max(len(look.name) for look in looks)
    for look in looks:
        typer.echo(f"{look.name:<{width}}  {look.intent}")


@look_app.command("fit")
def fit_command(
    pictures: Annotated[
        list[Path],
        typer.Argument(metavar="RAW [JPEG] ...", help="Raws, each with the picture made of it, or its own preview."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The look: .toml.")],
    sheet: Annotated[
        Path | None,
        typer.Option("--sheet", metavar="FILE", help="The pictures beside the look's, and the differences."),
    ] = None,
    json: Annotated[str | None, typer.Option("--json", metavar="FILE", help="How near it comes; - is stdout.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a look that is there already.")] = False,
    wb: Annotated[str, typer.Option("--wb", metavar="BALANCE", help="White balance, as for render.")] = "as-shot",
    profile: Annotated[Path | None, typer.Option("--profile", metavar="FILE", help="A camera profile.")] = None,
    raw_format: Annotated[str | None, typer.Option("--raw-format", help="Of headerless mosaics: rggb12.")] = None,
    raw_size: Annotated[str | None, typer.Option("--raw-size", metavar="WxH", help="Of headerless mosaics.")] = None,
    raw_black: Annotated[float | None, typer.Option("--raw-black", help="Black level of headerless mosaics.")] = None,
    device: Annotated[str, typer.Option("--device", help="auto, opencl, opencl:N, cuda or cuda:N.")] = "auto",
) -> None:
    """Learn a look from a camera's own pictures: exposure, colours, tone and hues, told with how near they come.

    Areas that clip or hold edges are left aside. What is told was measured on a quarter of the pictures at a time, by a
    fit to the other three.
    """
    from .look_fit import FitOptions, run_fit
    from .options import SourceOptions, parse_size

    run_fit(
        FitOptions(pictures, output, force, sheet, json, wb, device),
        SourceOptions(raw_format, parse_size("--raw-size", raw_size), raw_black, None, False, profile, None, None),
    )
