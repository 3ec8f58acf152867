"""Some frames of the whole chain on a time line, in Chrome's trace event format: stages, kernels and GL."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from ..capture import open_source
from ..engine import GL_ROW, Engine
from ..settings import Settings

FRAMES, WARM_UP_FRAMES = 4, 12  # more than a look is drawn before its kernel is compiled
DEVICE_ROW = "device"


class Trace:
    """Spans by row: name, begin and end in nanoseconds of `time.perf_counter_ns`."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, str, int, int]] = []

    def add(self, row: str, name: str, began_ns: int, ended_ns: int) -> None:
        self.spans.append((row, name, began_ns, ended_ns))

    def document(self) -> dict[str, Any]:
        """The trace as chrome://tracing and Perfetto read it; times in microseconds from the first span."""
        spans = sorted(self.spans, key=lambda span: (span[2], -span[3]))
        rows = {row: tid for tid, row in enumerate(dict.fromkeys(span[0] for span in spans), 1)}
        start_ns, pid = spans[0][2] if spans else 0, os.getpid()

        def named(kind: str, tid: int, name: str) -> dict[str, Any]:
            return {"name": kind, "ph": "M", "ts": 0, "dur": 0, "pid": pid, "tid": tid, "args": {"name": name}}

        events = [named("process_name", 0, "groundglass"), *(named("thread_name", rows[row], row) for row in rows)]
        for row, name, began_ns, ended_ns in spans:
            times = {"ts": (began_ns - start_ns) / 1e3, "dur": (ended_ns - began_ns) / 1e3}
            events.append({"name": name, "ph": "X", **times, "pid": pid, "tid": rows[row]})
        return {"traceEvents": events, "displayTimeUnit": "ms"}


@contextmanager
def traced(engine: Engine) -> Iterator[Trace]:
    """Records the engine's work within the `with` block, in all its threads. Kernels have times on OpenCL only."""
    trace = Trace()
    engine.clock.record = trace.add
    try:
        with engine.device.traced(partial(trace.add, DEVICE_ROW)):
            yield trace
    finally:
        engine.clock.record = None


def run_trace(device: str, size: tuple[int, int]) -> dict[str, Any]:
    """Records FRAMES frames of the built-in scene, after a warm-up."""
    with Engine(device, size) as engine, open_source("scene:?size={}x{}".format(*size)) as source:
        frames, settings = list(itertools.islice(source, FRAMES)), Settings()
        for frame in itertools.islice(itertools.cycle(frames), WARM_UP_FRAMES):
            engine.draw(frame, settings)
        engine.compile_look(settings)
        engine.draw(frames[0], settings)
        engine.gl.finish()
        with traced(engine) as trace:
            for frame in frames:
                with engine.clock.span("frame"):
                    engine.draw(frame, settings)
                    with engine.clock.span("finish", GL_ROW):
                        engine.gl.finish()
        return trace.document()
