"""`groundglass cameras`: the connected cameras, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .output import json_target

if TYPE_CHECKING:
    from ..capture.connected import Found


def run_cameras(json: str | None) -> None:
    from ..capture.connected import find_cameras

    with json_target(json) as write_json:
        found = find_cameras()
        write_json(as_dict(found))
        print_cameras(found)


def as_dict(found: list[Found]) -> dict[str, Any]:
    """{"cameras": [...], "missing": [...], "failed": [...]}: what was found, and the kinds that were not searched."""
    cameras = [
        {"source": camera.source, "name": camera.name, "kind": kind.scheme, "modes": list(camera.modes)}
        for kind in found
        for camera in kind.cameras
    ]
    missing = [{"kind": kind.scheme, "extra": kind.extra, "reason": kind.problem} for kind in found if kind.extra]
    failed = [{"kind": kind.scheme, "reason": kind.problem} for kind in found if kind.problem and not kind.extra]
    return {"cameras": cameras, "missing": missing, "failed": failed}


def print_cameras(found: list[Found]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("SOURCE", "camera", "formats, sizes, rates", box=None, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    for kind in found:
        for camera in kind.cameras:
            table.add_row(escape(camera.source), escape(camera.name), escape("\n".join(camera.modes)))
    console = Console()
    console.print(table if table.row_count else "no camera is connected")
    for line in problems(found):
        console.print(escape(line), highlight=False, soft_wrap=True)


def problems(found: list[Found]) -> list[str]:
    """One line for each kind that failed, and one for all kinds without their library."""
    failed = [kind for kind in found if kind.problem and not kind.extra]
    lines = [f"failed  {kind.scheme} {kind.problem.removeprefix(kind.scheme).lstrip()}" for kind in failed]
    missing = [kind for kind in found if kind.extra]
    if missing:
        extras = ",".join(dict.fromkeys(kind.extra for kind in missing))
        names = " and ".join(kind.scheme for kind in missing)
        needs = "needs a library" if len(missing) == 1 else "need libraries"
        lines.append(f"not searched: {names} {needs}; pip install groundglass[{extras}]")
    return lines
