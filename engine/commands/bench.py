"""`groundglass bench`: the time of each stage, or how near the blur comes to the lens, as tables and as JSON."""

from __future__ import annotations

from functools import partial
from typing import Any

import typer

from .output import json_target

DEFAULT_SECONDS = 5.0
DEFAULT_SEEDS = 2
# Where the name in the JSON is too long for a terminal of 80 columns.
HEADINGS = {
    "device_ms": "device",
    "gl_ms": "GL ms",
    "host_ms": "host",
    "bytes_per_pixel": "B/px",
    "gb_per_s": "GB/s",
    "times_opencv": "xOpenCV",
}


def run_bench_command(device: str, size: tuple[int, int], seconds: float | None, json: str | None) -> None:
    """Measure on `device` at `size`, (width, height) in pixels, for about `seconds`."""
    with json_target(json) as write_json:
        from ..bench.stages import run_bench

        figures = run_bench(device, size, seconds=DEFAULT_SECONDS if seconds is None else seconds)
        write_json(figures)
        print_figures(figures)


def run_quality_command(device: str, seeds: int | None, json: str | None) -> None:
    """Hold the blur on `device` against the truth, on scenes of so many seeds."""
    with json_target(json) as write_json:
        from ..bench.quality import run_quality

        figures = run_quality(device, DEFAULT_SEEDS if seeds is None else seeds)
        write_json(figures)
        print_quality(figures)


def run_aids_command(device: str, size: tuple[int, int], json: str | None) -> None:
    """What each aid of the viewfinder costs at `size`, (width, height) in pixels, with the picture from `device`."""
    with json_target(json) as write_json:
        from ..bench.aids import run_aids
        from .options import EngineOptions, ViewOptions
        from .view import fit_tools

        figures = run_aids(device, size, partial(fit_tools, EngineOptions(), ViewOptions(fresh=True)))
        write_json(figures)
        print_rows("aid", figures["aids"])
        print_rest(figures, {"aids"})


def check_bench_options(quality: bool, aids: bool, seconds: float | None, seeds: int | None) -> None:
    """A usage error where an option is of the other kind of figures."""
    if quality and aids:
        raise typer.BadParameter("is one kind of figures, --quality another; say one of them", param_hint="--aids")
    if aids and seconds is not None:
        raise typer.BadParameter("is how long stages are timed, not aids; leave it out", param_hint="--seconds")
    if quality and seconds is not None:
        raise typer.BadParameter("is how long stages are timed; with --quality say --seeds", param_hint="--seconds")
    if seeds is not None and not quality:
        raise typer.BadParameter("is of --quality; say that, too", param_hint="--seeds")


def print_figures(figures: dict[str, Any]) -> None:
    """A row a stage, with a column for each figure that the stages have; then what is not a stage."""
    print_rows("stage", figures["stages"])
    print_rest(figures, {"stages"})


def print_quality(figures: dict[str, Any]) -> None:
    """A table of each kind of figures, then what is said of all of them."""
    tables = {
        "psnr_db": ("PSNR, dB", 2),
        "highlight_energy": ("energy of a highlight", 4),
        "disc_px": ("diameter, px", 2),
    }
    for key, (heading, digits) in tables.items():
        print_rows(heading, figures[key], digits)
        print()
    print_rest(figures, set(tables))


def print_rows(heading: str, rows: dict[str, dict[str, Any]], digits: int = 2) -> None:
    """A table with a column for each figure that any of the rows has."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    columns = list(dict.fromkeys(key for row in rows.values() for key in row))
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(heading, no_wrap=True)
    for column in columns:
        table.add_column(HEADINGS.get(column, column.replace("_", " ")), justify="right", no_wrap=True)
    for name, row in rows.items():
        table.add_row(escape(name), *(text(row.get(column), digits) for column in columns))
    Console().print(table)


def print_rest(figures: dict[str, Any], shown: set[str]) -> None:
    from rich.console import Console
    from rich.markup import escape

    for key, figure in figures.items():
        if key not in shown:
            Console().print(escape(f"{key.replace('_', ' ')}: {text(figure)}"), highlight=False, soft_wrap=True)


def text(figure: Any, digits: int = 2) -> str:
    match figure:
        case None:
            return "-"
        case float():
            return f"{figure:.{digits}f}"
        case [int(width), int(height)]:
            return f"{width}x{height}"
        case list():
            return ", ".join(map(text, figure))
        case dict():
            return ", ".join(f"{key} {text(part)}" for key, part in figure.items())
        case _:
            return str(figure)
