"""`groundglass bench`: times of stages and aids, and the accuracy of the blur, as tables and as JSON."""

from __future__ import annotations

from functools import partial
from typing import Any

import typer

from .output import json_target

DEFAULT_SECONDS = 5.0
DEFAULT_SEEDS = 2
# Column headings for JSON keys that are too long for a terminal of 80 columns.
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

        results = run_bench(device, size, seconds=DEFAULT_SECONDS if seconds is None else seconds)
        write_json(results)
        print_stages(results)


def run_quality_command(device: str, seeds: int | None, json: str | None) -> None:
    """Compare the blur on `device` with the ray-traced ground truth. `seeds` is the number of scenes of each kind."""
    with json_target(json) as write_json:
        from ..bench.quality import run_quality

        results = run_quality(device, DEFAULT_SEEDS if seeds is None else seeds)
        write_json(results)
        print_quality(results)


def run_aids_command(device: str, size: tuple[int, int], json: str | None) -> None:
    """Measure the cost of each viewfinder aid at `size`, (width, height) in pixels, with a picture from `device`."""
    with json_target(json) as write_json:
        from ..bench.aids import run_aids
        from .options import EngineOptions, ViewOptions
        from .view import fit_tools

        results = run_aids(device, size, partial(fit_tools, EngineOptions(), ViewOptions(fresh=True)))
        write_json(results)
        print_rows("aid", results["aids"])
        print_rest(results, {"aids"})


def check_bench_options(quality: bool, aids: bool, seconds: float | None, seeds: int | None) -> None:
    """Raises a usage error if options of different benchmarks are combined."""
    if quality and aids:
        raise typer.BadParameter("cannot be combined with --quality; use one of them", param_hint="--aids")
    if aids and seconds is not None:
        raise typer.BadParameter("applies to the stages, not to --aids; leave it out", param_hint="--seconds")
    if quality and seconds is not None:
        raise typer.BadParameter("applies to the stages; with --quality use --seeds", param_hint="--seconds")
    if seeds is not None and not quality:
        raise typer.BadParameter("requires --quality; add it", param_hint="--seeds")


def print_stages(results: dict[str, Any]) -> None:
    """Prints a table with one row for each stage, then the other results."""
    print_rows("stage", results["stages"])
    print_rest(results, {"stages"})


def print_quality(results: dict[str, Any]) -> None:
    """Prints a table for each quality measure, then the other results."""
    tables = {
        "psnr_db": ("PSNR, dB", 2),
        "highlight_energy": ("energy of a highlight", 4),
        "disc_px": ("diameter, px", 2),
    }
    for key, (heading, digits) in tables.items():
        print_rows(heading, results[key], digits)
        print()
    print_rest(results, set(tables))


def print_rows(heading: str, rows: dict[str, dict[str, Any]], digits: int = 2) -> None:
    """Prints a table with a column for each key of any row."""
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


def print_rest(results: dict[str, Any], shown: set[str]) -> None:
    from rich.console import Console
    from rich.markup import escape

    for key, value in results.items():
        if key not in shown:
            Console().print(escape(f"{key.replace('_', ' ')}: {text(value)}"), highlight=False, soft_wrap=True)


def text(value: Any, digits: int = 2) -> str:
    match value:
        case None:
            return "-"
        case float():
            return f"{value:.{digits}f}"
        case [int(width), int(height)]:
            return f"{width}x{height}"
        case list():
            return ", ".join(map(text, value))
        case dict():
            return ", ".join(f"{key} {text(part)}" for key, part in value.items())
        case _:
            return str(value)
