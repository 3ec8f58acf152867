"""The self test of all devices: the reference, every other device, and the rows of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..compute.device import Candidate
from ..compute.program import list_kernel_sources, load_kernel_source
from ..compute.registry import list_devices, open_device
from ..errors import DeviceError
from .cases import list_cases
from .compare import Row, compare, kernel_rows
from .measure import Launch, Outcome, measure_apart
from .report import SelfTest

STORED = "reference.npz"
HALF_ROUNDING = 2.0**-10  # stored results are half floats
Reference = dict[str, NDArray[Any]]


def list_kernels() -> list[Launch]:
    """(file, kernel) of every kernel in the library."""
    return [(file, kernel) for file in list_kernel_sources() for kernel in load_kernel_source(file).entry_points()]


def run_selftest(spec: str, machine: dict[str, Any], quick: bool, show: Callable[[Row], None]) -> SelfTest:
    """Tests the devices that `spec` names: `all`, or as for `open_device`. `show` is called with each row.

    The reference is the first processor with OpenCL, at its own run length; it is itself compared with runs of one
    pixel, which are what a GPU computes. Without a processor the reference is the stored results; cases without one are
    compared with the first device. Raises DeviceError if no device is found.
    """
    devices, others = _devices(spec)
    rows: list[Row] = []
    tables: dict[str, list[tuple[Launch, Row | None]]] = {}

    def add(device: str, reference: Reference, outcomes: Iterable[Outcome], rounding: float = 0.0) -> Reference:
        """Adds the rows of a device. Returns its results."""
        kept: dict[str, Outcome] = {}
        for outcome in outcomes:
            row = compare_named(device, outcome, reference, rounding)
            kept[outcome.case] = outcome
            rows.append(row)
            show(row)
        tables[device] = kernel_rows(device, rows, kept, list_kernels())
        return {name: outcome.result for name, outcome in kept.items() if outcome.result is not None}

    processor = next((device for device in others if device.is_cpu), None)
    reference, rounding, name = stored_reference(), HALF_ROUNDING, f"the stored results, {STORED}"
    tested = list(devices)
    if processor is not None:
        reference, rounding, name = add(processor.spec, {}, measure_apart(processor.spec, None, quick)), 0.0, ""
        name = f"{processor.spec} {processor.name}, {processor.driver}"
        if processor in tested:
            tested.remove(processor)
            add(f"{processor.spec} run 1", reference, measure_apart(processor.spec, 1, quick))
    for device in tested:
        results = add(device.spec, reference, measure_apart(device.spec, None, quick), rounding)
        reference = results | reference
    return SelfTest(name, rows, tables, machine, quick)


def compare_named(device: str, outcome: Outcome, reference: Reference, rounding: float = 0.0) -> Row:
    """The row of an outcome, with the reference of its case."""
    case = next((case for case in list_cases() if case.name == outcome.case), None)
    if case is None:
        return Row(device, outcome.case, problem=outcome.error, trace=outcome.trace)
    stored = reference.get(case.name)
    is_rounded = stored is not None and stored.dtype == np.float16
    return compare(device, case, outcome, stored, rounding if is_rounded else 0.0)


def _devices(spec: str) -> tuple[list[Candidate], list[Candidate]]:
    """The devices to test, and all devices."""
    found, failures = list_devices()
    if spec == "all":
        if not found:
            reasons = "; ".join(f"{failure.kind}: {failure.reason}, {failure.remedy}" for failure in failures)
            raise DeviceError(f"no device here; {reasons}")
        return found, found
    with closing(open_device(spec)) as device:
        return [candidate for candidate in found if candidate.spec == device.spec], found


def stored_reference() -> Reference:
    """The results that ship: half floats, and pictures of 8 bits."""
    file = resources.files("groundglass.selftest") / STORED
    with file.open("rb") as stream, np.load(stream) as stored:
        return dict(stored)


def to_store(outcomes: Iterable[Outcome]) -> Iterator[tuple[str, NDArray[Any]]]:
    """The results to ship, by case."""
    cases = {case.name for case in list_cases() if case.in_reference}
    for outcome in outcomes:
        if outcome.case in cases and outcome.result is not None:
            is_picture = outcome.result.dtype == np.uint8
            yield outcome.case, outcome.result if is_picture else outcome.result.astype(np.float16)
