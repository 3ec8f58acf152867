"""The tables of `groundglass bench`, in at most 80 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]  # title, headings, rows
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
CLOCKS = {"CPU": "cpu_mhz", "GPU": "gpu_mhz"}
PERCENT = {"of_copy", "of_peak"}


def print_stages(result: dict[str, Any]) -> None:
    """The times and the throughput of each stage, the chain, the live loop, and the machine."""
    for _, headings, rows in tables_of(result):
        print_table(headings, rows)
        print()
    print("copy: share of the bandwidth of a copy; peak: share of the arithmetic peak;")
    print("OpenCV: multiple of the time of its bilinear demosaic")
    print()
    print_lines(summary(result))


def tables_of(result: dict[str, Any]) -> list[Table]:
    """Title, headings and rows of each table of a result."""
    match result["kind"]:
        case "stages":
            stages = result["stages"]
            heading = f"{result['rounds']} rounds, ms"
            times = [[name, *(_time(row, *key) for key in TIMES.values())] for name, row in stages.items()]
            rates = [[name, *_rate_cells(row)] for name, row in stages.items()]
            return [("Times", [heading, *TIMES], times), ("Throughput", ["throughput", *RATES], rates)]
        case "sweep":
            return [_sweep_table(result)]
        case "peers":
            return [_peers_table(result)]
        case _:
            return []


def lines_of(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and values that are not in the tables."""
    match result["kind"]:
        case "stages":
            return summary(result)
        case "stress":
            return stress_lines(result)
        case "peers":
            return peer_lines(result)
        case _:
            return machine_lines(result)


def _time(row: dict[str, Any], clock: str, share: str) -> str:
    return "-" if row[clock] is None else number(row[clock][share])


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
        print(fill(f"warning: {warning}", 80, subsequent_indent="  "))
    print()
    confidence = f"{comparison['confidence_percent']} %"
    rows = [
        [name, number(row["a_ms"]), number(row["b_ms"]), ratio(row["ratio"]), interval(row), row["verdict"]]
        for name, row in comparison["stages"].items()
    ]
    print_table(["stage", "A, ms", "B, ms", "B / A", confidence, "B is"], rows)
    if not comparison["paired"]:
        print("\nTwo separate runs: another speed of the machine counts as a difference.")


def ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def interval(row: dict[str, Any]) -> str:
    return f"{ratio(row['low'])} to {ratio(row['high'])}"


def print_sweep(result: dict[str, Any]) -> None:
    """A row for each point: the medians of its stages. For sizes, also the linearity of the time over the pixels."""
    for _, headings, rows in tables_of(result):
        print_table(headings, rows)
    if result["linearity"]:
        rows = [
            [name, number(line["fixed_ms"]), number(line["ms_per_mpx"]), percent(line["deviation"]), percent(share)]
            for name, share in result["linearity"].items()
            if (line := result["lines"].get(name))
        ]
        print_table(["line", "fixed ms", "ms per Mpx", "off the line", "off the median"], rows)
        print("\noff the line: the largest relative distance of a size from the line")
        print("off the median: the largest deviation of the time per pixel from its median")


def _sweep_table(result: dict[str, Any]) -> Table:
    points = result["points"]
    stages = list(dict.fromkeys(name for point in points for name in point["stages"]))
    unit = [result["unit"]] if result["unit"] else []
    rows = [
        [point["name"], *([number(point["x"])] if unit else []), *(_median(point, name) for name in stages)]
        for point in points
    ]
    return "Medians", [f"{result['sweep']}, ms", *unit, *stages], rows


def print_peers(result: dict[str, Any]) -> None:
    """Our stages, each with its peers; what is missing; the aims; the libraries and the machine."""
    for _, headings, rows in tables_of(result):
        print_table(headings, rows)
    print("\ntimes: the peer's median over ours, from alternate runs; above 1 ours is faster")
    print("dB: its picture against ours without grain, vignetting and breathing\n")
    print_lines(peer_lines(result))


def peer_lines(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Aims, missing libraries and versions."""
    lines = [("size", "{}x{}".format(*result["size"]))]
    for row in result["peers"]:
        if row["aim"] is not None:
            state = "unknown" if row["low"] is None else "reached" if row["aim_reached"] else "not reached"
            if row["aim_reached"] is False and row["high"] >= row["aim"]:
                state = "not certain"
            lines.append(("aim", f"{number(row['aim'])} times: {state}, {number(row['ratio'])} ({row['name']})"))
    lines += [(row["library"], f"{row['reason']}; {row['remedy']}") for row in result["missing"]]
    versions = {library: text for row in result["peers"] for library, text in row["versions"].items()}
    return lines + list(versions.items()) + machine_lines(result)


def _peers_table(result: dict[str, Any]) -> Table:
    """A row for each of our stages, then one for each of its peers. Our row is that of the peer with most rounds."""
    rows = []
    for stage in dict.fromkeys(row["against"] for row in result["peers"]):
        peers = [row for row in result["peers"] if row["against"] == stage]
        stage_ms = max(peers, key=lambda row: row["rounds"])["stage_ms"]
        rows.append([stage, str(result["threads"]), number(stage_ms["p50"]), number(stage_ms["p95"]), "1", "", ""])
        rows += [
            [
                *(
                    f"- {row['name']}",
                    str(row["threads"]),
                    number(row["peer_ms"]["p50"]),
                    number(row["peer_ms"]["p95"]),
                ),
                *(number(row["ratio"]), f"{number(row['low'])} to {number(row['high'])}", number(row["psnr_db"])),
            ]
            for row in peers
        ]
    return "Peers", ["ours and peers", "threads", "ms", "p95", "times", f"{result['confidence_percent']} %", "dB"], rows


def stress_lines(result: dict[str, Any]) -> list[tuple[str, str]]:
    """The rate at the start and at the end, its extremes and its trend, and the memory."""
    fps, memory = result["fps"], result["rss_mb"]
    change = 100 * (fps["last"] / fps["first"] - 1) if fps["first"] else 0.0
    trend = f"{fps['trend_percent_per_minute']:+.2f} % a minute"
    lines = [
        ("size", "{}x{}".format(*result["size"])),
        ("rate", f"{fps['first']:.1f} fps at the start, {fps['last']:.1f} at the end ({change:+.1f} %)"),
        ("range", f"{fps['min']:.1f} to {fps['max']:.1f} fps, trend {trend}"),
        (
            "memory",
            f"{memory['first']:.0f} MB at first, {memory['last']:.0f} at the end, maximum {memory['max']:.0f}",
        ),
    ]
    return lines + machine_lines(result)


def print_point(point: dict[str, Any]) -> None:
    clocks = "".join(f", {name} {point[key]:.0f} MHz" for name, key in CLOCKS.items() if point[key])
    times = f"{point['fps']:6.1f} fps, {point['p50_ms']:.1f} ms, 95 % {point['p95_ms']:.1f} ms"
    print(f"{point['s']:7.1f} s {times}, {point['rss_mb']:.0f} MB{clocks}"[:80])


def _median(point: Mapping[str, Any], name: str) -> str:
    return number(point["stages"][name]["p50"]) if point["stages"].get(name) else "-"
