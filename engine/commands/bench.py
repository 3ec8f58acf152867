"""`groundglass bench`: the time of each stage, as a table and as JSON."""

from __future__ import annotations

from typing import Any

from .output import json_target

DEFAULT_SECONDS = 5.0
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
        from ..bench import run_bench

        figures = run_bench(device, size, seconds=DEFAULT_SECONDS if seconds is None else seconds)
        write_json(figures)
        print_figures(figures)


def print_figures(figures: dict[str, Any]) -> None:
    """A row a stage, with a column for each figure that the stages have; then what is not a stage."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    stages: dict[str, dict[str, Any]] = figures["stages"]
    columns = list(dict.fromkeys(key for stage in stages.values() for key in stage))
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("stage", no_wrap=True)
    for column in columns:
        table.add_column(HEADINGS.get(column, column.replace("_", " ")), justify="right", no_wrap=True)
    for name, stage in stages.items():
        table.add_row(escape(name), *(text(stage.get(column)) for column in columns))
    console = Console()
    console.print(table)
    for key, figure in figures.items():
        if key != "stages":
            console.print(escape(f"{key.replace('_', ' ')}: {text(figure)}"), highlight=False, soft_wrap=True)


def text(figure: Any) -> str:
    match figure:
        case None:
            return "-"
        case float():
            return f"{figure:.2f}"
        case [int(width), int(height)]:
            return f"{width}x{height}"
        case dict():
            return ", ".join(f"{key} {text(part)}" for key, part in figure.items())
        case _:
            return str(figure)
