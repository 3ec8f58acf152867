"""One clock for the host, the kernels and GL: milliseconds by stage, in pipeline order."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np

MAX_MEASUREMENTS = 1024  # per stage: the newest 17 s at 60 fps; memory stays bounded


def percentile(values: Iterable[float], q: float) -> float:
    """The `q`-th percentile (0 to 100) of `values`, interpolated; 0.0 if there are none."""
    array = np.fromiter(values, dtype=np.float64)
    return float(np.percentile(array, q)) if array.size else 0.0


class Clock:
    """Collects milliseconds by stage name, for all devices."""

    def __init__(self) -> None:
        self._stages: dict[str, deque[float]] = {}

    def add(self, stage: str, milliseconds: float) -> None:
        self._stages.setdefault(stage, deque(maxlen=MAX_MEASUREMENTS)).append(milliseconds)

    @contextmanager
    def host(self, stage: str) -> Iterator[None]:
        """Adds the wall time of the `with` block to `stage`."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.add(stage, (time.perf_counter() - began) * 1e3)

    def median_ms(self, stage: str) -> float:
        return percentile(self._stages.get(stage, ()), 50)

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
