"""One clock for the host, the kernels and GL: milliseconds by stage, in pipeline order."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil

MAX_MEASUREMENTS = 1024  # per stage: the newest 17 s at 60 fps; memory stays bounded


def percentile(values: Iterable[float], q: float) -> float:
    """The `q`-th percentile (0 to 100) of `values`, interpolated; 0.0 if there are none."""
    array = np.fromiter(values, dtype=np.float64)
    return float(np.percentile(array, q)) if array.size else 0.0


def process_age_s() -> float:
    """Seconds since the start of this process, with the resolution of the system: 10 ms on Linux."""
    try:  # psutil adds the time of the boot, in whole seconds
        stat = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return max(time.time() - float(psutil.Process().create_time()), 0.0)
    started = int(stat.rpartition(")")[2].split()[19])
    return max(time.clock_gettime(time.CLOCK_BOOTTIME) - started / os.sysconf("SC_CLK_TCK"), 0.0)


class Clock:
    """Collects milliseconds by stage name, for all devices.

    A trace sets `record`: it is called with the row (by default the thread's name), the name, and the begin and end of
    each span in `time.perf_counter_ns()`.
    """

    def __init__(self) -> None:
        self._stages: dict[str, deque[float]] = {}
        self.record: Callable[[str, str, int, int], None] | None = None

    def add(self, stage: str, milliseconds: float) -> None:
        self._stages.setdefault(stage, deque(maxlen=MAX_MEASUREMENTS)).append(milliseconds)

    @contextmanager
    def span(self, name: str, row: str = "") -> Iterator[None]:
        """The `with` block appears in a trace, if there is one."""
        record = self.record
        began_ns = time.perf_counter_ns()
        try:
            yield
        finally:
            if record is not None:
                record(row or threading.current_thread().name, name, began_ns, time.perf_counter_ns())

    @contextmanager
    def host(self, stage: str) -> Iterator[None]:
        """Adds the wall time of the `with` block to `stage`."""
        began = time.perf_counter()
        try:
            with self.span(stage):
                yield
        finally:
            self.add(stage, (time.perf_counter() - began) * 1e3)

    def past(self, stage: str, began_s: float, ended_s: float) -> None:
        """Adds a span of the host that is over, given by two times of `time.perf_counter()`."""
        self.add(stage, (ended_s - began_s) * 1e3)
        if self.record is not None:
            row = threading.current_thread().name
            self.record(row, stage, int(began_s * 1e9), int(ended_s * 1e9))

    def median_ms(self, stage: str) -> float:
        return percentile(self._stages.get(stage, ()), 50)

    def newest_ms(self, stage: str) -> float:
        """The newest measurement of a stage; 0.0 before the first."""
        measured = self._stages.get(stage)
        return measured[-1] if measured else 0.0

    def stages(self) -> dict[str, dict[str, float]]:
        """`{stage: {"p50_ms", "p95_ms"}}` of the newest measurements."""
        return {
            name: {"p50_ms": round(percentile(ms, 50), 3), "p95_ms": round(percentile(ms, 95), 3)}
            for name, ms in self._stages.items()
        }

    def latest_ms(self, count: int) -> dict[str, list[float]]:
        """The newest `count` measurements of each stage, oldest first."""
        return {name: list(ms)[-count:] for name, ms in self._stages.items()}

    def reset(self) -> None:
        """Discards all measurements, as after a warm-up."""
        self._stages.clear()
