"""The roofline: what each stage reaches, under the limits by memory bandwidth and by arithmetic.

Williams, Waterman, Patterson: Roofline, an insightful visual performance model. Communications of the ACM 52 (2009).
"""

from __future__ import annotations

from typing import Any

from ..packing import Packing
from .chart import Chart, Series
from .schema import ResultError

# The packings of a sensor's samples lie at one place.
HIDDEN = {f"linearize {packing.value}" for packing in Packing} - {f"linearize {Packing.RAW12.value}"}


def roofline(result: dict[str, Any]) -> Chart:
    """The chart of a result of stages. Only stages with known arithmetic and bytes have a place in it.

    Raises ResultError without any.
    """
    bandwidth, peak = result["baselines"]["copy_gb_per_s"], result["baselines"]["peak_gflops"]
    dots = []
    for name, row in result["stages"].items():
        if row["gflops"] and row["bytes_per_pixel"] and name not in HIDDEN:
            dots.append(Series(name, ((row["flops_per_pixel"] / row["bytes_per_pixel"], row["gflops"]),), joined=False))
    if not bandwidth or not dots:
        reason = "no stage has known arithmetic; pip install groundglass[bench], and leave out --only"
        raise ResultError(f"--roofline: {reason}")
    ridge = peak / bandwidth
    intensities = [series.points[0][0] for series in dots]
    first, last = min(*intensities, ridge) / 2, max(*intensities, ridge) * 4
    roof = Series("limit", ((first, first * bandwidth), (ridge, peak), (last, peak)), dashed=True)
    title = f"Roofline: {bandwidth:.1f} GB/s (copy), {peak:.0f} GFLOP/s, {result['device'][:50]}"
    return Chart(title, "arithmetic intensity, FLOP per byte", "GFLOP/s", (roof, *dots), log=True)
