"""Results of a device compared with the reference, as the rows of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .cases import Case
from .measure import Launch, Outcome

MAX_CODES = 1.0  # codes of 255, after a display's encoding
_TOO_FAR = "differs by more than a code of 255"


@dataclass(frozen=True, slots=True)
class Row:
    """A case on a device. `largest` is the largest difference in the unit of the result: scene-linear light, codes or
    metres. `codes` is the largest difference in codes of 255, and `share` the share of values that differ by more than
    one. All are None without a result or without a reference; `problem` is the reason. It is empty if the case passes.
    """

    device: str
    case: str
    largest: float | None = None
    codes: float | None = None
    share: float | None = None
    problem: str = ""
    trace: str = ""


def compare(device: str, case: Case, outcome: Outcome, reference: NDArray[Any] | None, rounding: float = 0.0) -> Row:
    """The row of an outcome. `rounding` is the relative error of a stored reference."""
    result = outcome.result
    if result is None:
        return Row(device, case.name, problem=outcome.error, trace=outcome.trace)
    if result.dtype != np.uint8 and not np.isfinite(result).all():
        return Row(device, case.name, problem="the result has values that are not finite")
    if reference is None:
        return Row(device, case.name)
    if result.shape != reference.shape:
        return Row(device, case.name, problem=f"the shape is {result.shape} instead of {reference.shape}")
    exact, expected = result.astype(np.float64), reference.astype(np.float64)
    difference = np.abs(exact - expected)
    codes = np.abs(_codes(exact, case) - _codes(expected, case))
    limit = MAX_CODES + 255.0 * rounding
    is_far = codes > limit
    problem = _TOO_FAR if is_far.any() else ""
    return Row(device, case.name, float(difference.max()), float(codes.max()), float(is_far.mean()), problem)


def kernel_rows(
    device: str, rows: Iterable[Row], outcomes: Mapping[str, Outcome], kernels: Iterable[Launch]
) -> list[tuple[Launch, Row | None]]:
    """Every kernel of the library with the first row whose case launched it; None if no case did."""
    by_kernel: dict[Launch, Row] = {}
    for row in rows:
        outcome = outcomes.get(row.case)
        if row.device == device and outcome is not None:
            for launch in outcome.launched:
                by_kernel.setdefault(launch, row)
    return [(launch, by_kernel.get(launch)) for launch in kernels]


def _codes(values: NDArray[np.float64], case: Case) -> NDArray[np.float64]:
    """Values in codes of 255: light is encoded as sRGB, which is steeper than a look where it is dark."""
    if case.unit == "picture":
        return values
    if case.unit == "metres":  # one code is 1/255 of the distance
        return np.asarray(255.0 * np.log(np.maximum(values, 1e-6)))
    light = values.clip(0.0, 1.0)
    return np.asarray(255.0 * np.where(light < 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055))
