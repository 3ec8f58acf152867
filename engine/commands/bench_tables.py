"""The tables of `groundglass bench`, in at most 80 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

TIMES = {
    "device": ("device_ms", "p50"),
    "p95": ("device_ms", "p95"),
    "p99": ("device_ms", "p99"),
    "GL": ("gl_ms", "p50"),
    "host": ("host_ms", "p50"),
    "p95 ": ("host_ms", "p95"),
    "p99 ": ("host_ms", "p99"),
}
RATES = {
    "Mpx/s": "mpx_per_s",
    "B/px": "bytes_per_pixel",
    "GB/s": "gb_per_s",
    "copy": "of_copy",
    "FLOP/px": "flops_per_pixel",
    "GFLOP/s": "gflops",
    "peak": "of_peak",
    "OpenCV": "times_opencv",
}
PERCENT = {"of_copy", "of_peak"}


def print_stages(result: dict[str, Any]) -> None:
    """The times and the throughput of each stage, the chain, the live loop, and the machine."""
    stages = result["stages"]
    heading = f"{result['rounds']} rounds, ms"
    print_table([heading, *TIMES], [[name, *map(_time_cell(row), TIMES.values())] for name, row in stages.items()])
    print()
    print_table(["throughput", *RATES], [[name, *_rate_cells(row)] for name, row in stages.items()])
    print("copy: share of the bandwidth of a copy; peak: share of the arithmetic peak;")
    print("OpenCV: multiple of the time of its bilinear demosaic")
    print()
    print_lines(summary(result))


def _time_cell(row: dict[str, Any]) -> Any:
    return lambda key: "-" if row[key[0]] is None else number(row[key[0]][key[1]])


def _rate_cells(row: dict[str, Any]) -> list[str]:
    return [percent(row[key]) if key in PERCENT else number(row[key]) for key in RATES.values()]


def summary(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Name and value of each result of the whole chain and of the machine."""
    baselines, chain, live, start_up = (result[key] for key in ("baselines", "chain", "live", "start_up"))
    machine, routes = result["machine"], result["routes"]
    lines = [("size", "{}x{}".format(*result["size"]))]
    if chain:
        text = (
            f"{chain['launches']} a picture, {chain['launch_us']:.1f} us each, {chain['launches_ms']:.2f} ms together"
        )
        lines.append(("launches", text))
    if live:
        lines.append(("live", f"{live['fps']:.1f} fps, {100 * live['late_share']:.1f} % late, {live['rss_mb']:.0f} MB"))
        lines.append(("latency", "median {p50:.1f} ms, 95 % {p95:.1f} ms".format(**live["latency_ms"])))
    if start_up:
        lines.append(("first picture", f"{start_up['warm_s']:.2f} s, with empty caches {start_up['cold_s']:.2f} s"))
    lines.append(("routes", f"look by {routes['look']}, transfer by {routes['transfer']}"))
    copy = baselines["copy_gb_per_s"]
    lines.append(("limits", f"copy {number(copy)} GB/s, arithmetic {baselines['peak_gflops']:.0f} GFLOP/s"))
    for name, rate in (result["host_copies_gb_per_s"] or {}).items():
        lines.append((name.replace("_", " "), f"{rate:.1f} GB/s"))
    if result["pool_bytes"] is not None:
        lines.append(("pool", f"{result['pool_bytes'] / 2**20:.0f} MiB"))
    if result["kernels"]:
        kernels = result["kernels"].values()
        spilled = sum(kernel["spill_bytes"] > 0 for kernel in kernels)
        registers = max(kernel["registers"] for kernel in kernels)
        lines.append(
            ("kernels", f"{len(kernels)} in a picture: at most {registers} registers (sm_90), {spilled} spill")
        )
    return lines + machine_lines(result | {"machine": machine})


def machine_lines(result: dict[str, Any]) -> list[tuple[str, str]]:
    machine = result["machine"]
    cpu, versions = machine["cpu"], machine["versions"]
    clock = f", {cpu['mhz']} MHz" if cpu["mhz"] else ""
    return [
        ("device", result["device"]),
        ("driver", machine["driver"]),
        ("gl", result["gl"]),
        ("processor", f"{cpu['name']}, {cpu['usable_threads']} threads{clock}"),
        ("revision", f"{machine['revision'] or versions['groundglass']}, measured {result['measured']}"),
    ]


def print_lines(lines: Sequence[tuple[str, str]]) -> None:
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        print(f"{name:<{width}}  {value}"[:80])


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """The first column is aligned left and cut where the row would be longer than 80 characters."""
    cells = [list(headings), *map(list, rows)]
    widths = [max(len(row[column].strip()) for row in cells) for column in range(len(headings))]
    first = min(widths[0], 80 - sum(width + 1 for width in widths[1:]))
    for row in cells:
        numbers = " ".join(cell.strip().rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        print(f"{row[0][:first]:<{first}} {numbers}")


def number(value: float | None) -> str:
    """Three to four significant digits, "-" for None."""
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"


def print_comparison(comparison: dict[str, Any]) -> None:
    """A row for each stage: medians of A and B, the ratio with its interval, and the verdict on B."""
    for name in ("a", "b"):
        side = comparison[name]
        print(f"{name.upper()}  {side['device']}, {side['revision'] or 'installed package'}"[:80])
    for warning in comparison["warnings"]:
        print(f"warning: {warning}")
    print()
    confidence = f"{comparison['confidence_percent']} %"
    rows = [
        [name, number(row["a_ms"]), number(row["b_ms"]), ratio(row["ratio"]), interval(row), row["verdict"]]
        for name, row in comparison["stages"].items()
    ]
    print_table(["stage", "A, ms", "B, ms", "B / A", confidence, "B is"], rows)
    if not comparison["paired"]:
        print("\nTwo separate runs: a change of the machine's speed between them counts as a difference.")


def ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def interval(row: dict[str, Any]) -> str:
    return f"{ratio(row['low'])} to {ratio(row['high'])}"


def print_sweep(result: dict[str, Any]) -> None:
    """A row for each point: the medians of its stages. For sizes, also the time per pixel and its linearity."""
    points = result["points"]
    stages = list(dict.fromkeys(name for point in points for name in point["stages"]))
    unit = [result["unit"]] if result["unit"] else []
    rows = [
        [point["name"], *([number(point["x"])] if unit else []), *(_median(point, name) for name in stages)]
        for point in points
    ]
    print_table([f"{result['sweep']}, ms", *unit, *stages], rows)
    if result["linearity"]:
        print("\nlargest deviation of the time per pixel from its median over the sizes:")
        print(", ".join(f"{name} {percent(share)}" for name, share in result["linearity"].items()))


def _median(point: Mapping[str, Any], name: str) -> str:
    return number(point["stages"][name]["p50"]) if point["stages"].get(name) else "-"
