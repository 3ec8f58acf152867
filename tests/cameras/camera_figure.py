"""A measured figure of live cameras, and the requirement that it has to meet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class NotPossibleError(Exception):
    """This machine lacks what a measurement needs."""


class Figure(NamedTuple):
    """One row of the table."""

    name: str
    required: str
    measured: str
    is_met: bool

    def __str__(self) -> str:
        return f"| {self.name} | {self.required} | {self.measured}{'' if self.is_met else ': **missed**'} |"


def summary(values: Sequence[float], unit: str) -> str:
    """Median, 95th percentile and maximum."""
    median, late, worst = np.percentile(values, (50, 95, 100))
    digits = 2 if unit == "s" or worst < 1 else 1
    return f"median {median:.{digits}f}, p95 {late:.{digits}f}, worst {worst:.{digits}f} {unit} of {len(values)}"
