"""`groundglass bench`: times of stages and aids, and the accuracy of the blur, as tables, files and JSON."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import DeviceError, OutputError
from .bench_options import BenchOptions, mode_of
from .output import check_folder, json_target, write_file

DEFAULT_SECONDS = 5.0
SWEEP_SECONDS = 20.0
DEFAULT_SEEDS = 2
SUFFIXES = {"roofline": ".png", "plot": ".png", "report": ".html", "trace": ".json"}


def run_bench_command(options: BenchOptions) -> None:
    """Measures what the options name, prints it, and writes the files. A wrong combination is a usage error."""
    mode = mode_of(options)
    if mode == "schema":
        from ..bench.schema import schema_text

        print(schema_text(), end="")
        return
    for name, suffix in SUFFIXES.items():
        file = getattr(options, name)
        if file is not None:
            if file.suffix.lower() != suffix:
                raise OutputError(f"{file}: --{name} writes a {suffix} file; change the name")
            check_folder(file)
    with json_target(options.json) as write_json:
        result = RUNS[mode](options)
        write_json(result)
        if options.report is not None:
            write_report(result, options.report)


def run_stages(options: BenchOptions) -> dict[str, Any]:
    from ..bench.run import run_bench
    from .bench_tables import print_stages

    seconds = options.seconds or DEFAULT_SECONDS
    if options.device == "all":
        return run_all_devices(options)
    result = run_bench(options.spec, options.frame_size, seconds, only=options.only or (), start_up=options.start_up)
    print_stages(result)
    if options.roofline is not None:
        from ..bench.roofline import roofline

        show_chart(roofline(result), options.roofline)
    return result


def write_report(result: dict[str, Any], file: Path) -> None:
    """Writes a result as one page of HTML."""
    from ..bench.report import page_of
    from .bench_tables import lines_of, tables_of

    write_file(file, page_of(result, lines_of(result), tables_of(result)).encode())


def run_all_devices(options: BenchOptions) -> dict[str, Any]:
    """The stages on each device, one after the other. A device that fails is left out, with a line."""
    from ..bench.run import now
    from ..bench.schema import SCHEMA_VERSION
    from ..compute.registry import list_devices

    results = []
    for candidate in list_devices()[0]:
        print(f"== {candidate.spec} {candidate.name}")
        try:
            results.append(run_stages(replace(options, device=candidate.spec, roofline=None)))
        except DeviceError as error:
            print(f"left out: {error}")
    if not results:
        raise DeviceError("no device could be measured; see groundglass devices")
    return {"schema_version": SCHEMA_VERSION, "kind": "devices", "measured": now(), "results": results}


def show_chart(chart: Any, file: Path | None) -> None:
    """Prints a chart, and writes it as PNG."""
    from ..bench.chart import to_png, to_text

    print("", *to_text(chart), sep="\n")
    if file is not None:
        write_file(file, to_png(chart))


def run_quality_command(options: BenchOptions) -> dict[str, Any]:
    """Compares the blur with the ray-traced ground truth. `seeds` is the number of scenes of each kind."""
    from ..bench.quality import run_quality

    results = run_quality(options.spec, options.seeds or DEFAULT_SEEDS)
    print_quality(results)
    return results


def run_aids_command(options: BenchOptions) -> dict[str, Any]:
    """Measures the cost of each viewfinder aid, with a picture from the device."""
    from ..bench.aids import run_aids
    from ..viewfinder.fitting import ToolOptions, fit_tools

    results = run_aids(options.spec, options.frame_size, partial(fit_tools, ToolOptions()))
    print_rows("aid", results["aids"])
    print_rest(results, {"aids"})
    return results


def run_stalls_command(options: BenchOptions) -> dict[str, Any]:
    """Measures the intervals of the moving picture around each kind of change."""
    from ..bench.stalls import run_stalls
    from ..viewfinder.fitting import ToolOptions, fit_tools

    fit = partial(fit_tools, ToolOptions())
    results = run_stalls(options.spec, options.frame_size, fit, options.only or ())
    print_rows("intervals", results["stalls"], 1)
    print_rest(results, {"stalls"})
    return results


def run_compare(options: BenchOptions) -> dict[str, Any]:
    """Compares two files of --json."""
    from ..bench.compare import compare_results
    from ..bench.schema import load_result
    from .bench_tables import print_comparison

    assert options.compare is not None
    comparison = compare_results(*map(load_result, options.compare))
    print_comparison(comparison)
    return comparison


def run_versus(options: BenchOptions) -> dict[str, Any]:
    """Compares two devices alternately in one run."""
    from ..bench.compare import compare_devices
    from .bench_tables import print_comparison

    assert options.versus is not None
    seconds = options.seconds or DEFAULT_SECONDS
    comparison = compare_devices(options.spec, options.versus, options.frame_size, seconds, options.only or ())
    print_comparison(comparison)
    return comparison


def run_sweep_command(options: BenchOptions) -> dict[str, Any]:
    """Measures over a range, and shows it as a table and a chart."""
    from ..bench.sweep import chart_of, run_sweep
    from .bench_tables import print_sweep

    assert options.sweep is not None
    warn = partial(print, file=sys.stderr)
    result = run_sweep(options.sweep, options.spec, options.frame_size, options.seconds or SWEEP_SECONDS, warn)
    print_sweep(result)
    show_chart(chart_of(result), options.plot)
    return result


def run_stress_command(options: BenchOptions) -> dict[str, Any]:
    """Runs the whole chain for minutes, and shows its rate over time."""
    from ..bench.stress import charts_of, run_stress
    from .bench_tables import lines_of, print_lines, print_point

    assert options.stress is not None
    result = run_stress(options.spec, options.frame_size, options.stress, print_point)
    print()
    print_lines(lines_of(result))
    show_chart(charts_of(result)[0], options.plot)
    return result


def run_peers_command(options: BenchOptions) -> dict[str, Any]:
    """Compares the times of our stages and of other libraries for the same work."""
    from ..bench.peers.measure import run_peers
    from .bench_tables import print_peers

    result = run_peers(options.spec, options.frame_size, options.seconds or DEFAULT_SECONDS, options.only or ())
    print_peers(result)
    return result


def run_trace_command(options: BenchOptions) -> dict[str, Any]:
    """Records some frames of the whole chain, and writes their time line."""
    from ..bench.trace import run_trace

    assert options.trace is not None
    document = run_trace(options.spec, options.frame_size)
    write_file(options.trace, (json.dumps(document) + "\n").encode())
    print(f"{options.trace}: open it in https://ui.perfetto.dev or chrome://tracing")
    return document


RUNS = {
    None: run_stages,
    "stress": run_stress_command,
    "sweep": run_sweep_command,
    "compare": run_compare,
    "versus": run_versus,
    "quality": run_quality_command,
    "aids": run_aids_command,
    "stalls": run_stalls_command,
    "peers": run_peers_command,
    "trace": run_trace_command,
}


def print_quality(results: dict[str, Any]) -> None:
    """Prints a table for each quality measure, then the other results."""
    tables = {
        "psnr_db": ("PSNR, dB", 2),
        "highlight_energy": ("energy of a highlight", 4),
        "disc_px": ("diameter, px", 2),
        "mixed_edges_db": ("edges in focus, PSNR, dB", 2),
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
        table.add_column(column.replace("_", " "), justify="right", no_wrap=True)
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
