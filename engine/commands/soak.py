"""`groundglass soak`: the live view under random use and faults."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..viewfinder.fitting import ToolOptions, fit_tools
from .output import json_target

if TYPE_CHECKING:
    from ..display.tool import Tool, ToolContext
    from ..live_edit.editing import Editing


def run_soak_command(device: str, minutes: float, seed: int, json: str | None) -> None:
    """Runs the soak test in a temporary folder and prints its report. Exit status 1 if something did not hold."""
    from ..soak.run import run_soak

    with json_target(json) as write_json, tempfile.TemporaryDirectory(prefix="groundglass-soak-") as folder:
        report = run_soak(Path(folder), device, 60 * minutes, seed, _tools)
        for name, value in report.items():
            if name != "problems":
                print(f"{name:14} {_shown(value)}")
        for problem in report["problems"]:
            print(f"FAILED: {problem}")
        print("failed" if report["problems"] else f"passed; repeat it with --seed {seed}")
        write_json(report)
    if report["problems"]:
        raise typer.Exit(1)


def _tools(editing: Editing, output: Path) -> list[Callable[[ToolContext], Tool]]:
    return fit_tools(ToolOptions(stills=output), editing)


def _shown(value: object) -> str:
    return ", ".join(f"{key} {count}" for key, count in value.items()) if isinstance(value, dict) else f"{value}"
