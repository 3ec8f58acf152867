"""`groundglass devices`: the report on this machine, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .output import json_target

if TYPE_CHECKING:
    from ..compute.device import Candidate
    from .device_report import Report


LOOK_ROUTES = {
    "kernel": "live looks are drawn on that device, those with tables or neighbourhoods in gl",
    "gl": "looks are drawn in gl",
    None: "no picture is drawn",
}


def run_devices(json: str | None) -> None:
    from .device_report import inspect

    with json_target(json) as write_json:
        report = inspect()
        write_json(report.as_dict())
        print_report(report)


def print_report(report: Report) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("device", "name", "driver", "kind", "units", "memory"):
        table.add_column(heading, justify="right" if heading in ("units", "memory") else "left", overflow="fold")
    for device in report.devices:
        memory = f"{device.memory_bytes / 2**30:.1f} GiB"
        row = (device.spec, device.name, device.driver, kind(device), str(device.compute_units), memory)
        table.add_row(*map(escape, row))
    console = Console()
    if report.devices:
        console.print(table)
    software = " (software renderer on the CPU)" if report.gl_software else ""
    lines = [
        f"gl      {report.gl or 'none'}{software if report.gl else ''}",
        f"auto    {report.chosen or 'none'}: {report.why}",
        f"transfer {report.transfer or 'none'}: from that device to gl",
        f"look    {report.look_route or 'none'}: {LOOK_ROUTES[report.look_route]}",
        f"decoder {report.decoder}: of network streams",
    ]
    for failure in report.failures:
        lines += [f"failed  {failure.kind}: {failure.reason}", f"        remedy: {failure.remedy}"]
    console.print(escape("\n".join(lines)), highlight=False, soft_wrap=True)


def kind(device: Candidate) -> str:
    """GPU or CPU. PoCL is named because it presents a CPU like any other OpenCL device."""
    if not device.is_cpu:
        return "GPU"
    return "CPU (PoCL)" if "portable computing language" in device.driver.lower() else "CPU"
