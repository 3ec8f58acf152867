"""Some frames of the whole chain on a time line, in Chrome's trace event format: stages, kernels and GL."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from ..capture import open_source
from ..engine import Engine
from ..settings import Settings

FRAMES, WARM_UP_FRAMES = 4, 12  # more than a look is drawn before its kernel is compiled
MARKERS = 8  # the smallest delay of these relates the device's clock to the host's
DEVICE_ROW, GL_ROW = "device", "GL"


class Trace:
    """Spans by row: name, begin and end in nanoseconds of `time.perf_counter_ns`."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, str, int, int]] = []

    @contextmanager
    def span(self, name: str, row: str | None = None) -> Iterator[None]:
        """Records the `with` block in `row`, by default that of the thread."""
        row = row or threading.current_thread().name
        began_ns = time.perf_counter_ns()
        try:
            yield
        finally:
            self.spans.append((row, name, began_ns, time.perf_counter_ns()))

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
    """Records the engine's work within the `with` block. Kernels have times on OpenCL only."""
    trace, kernels = Trace(), list[tuple[str, Any]]()
    with ExitStack() as stack:
        _wrap_spans(trace, engine, stack)
        if hasattr(engine.device, "_enqueue"):
            _wrap_kernels(engine.device, kernels, stack)
        yield trace
        engine.device.finish()
        if kernels:
            offset_ns = _offset_ns(engine.device)
            for name, event in kernels:
                began_ns, ended_ns = (int(at) + offset_ns for at in (event.profile.start, event.profile.end))
                trace.spans.append((DEVICE_ROW, name, began_ns, ended_ns))


def _patch(owner: Any, name: str, replacement: Callable[..., Any], stack: ExitStack) -> None:
    """Replaces an attribute of the object until the stack is closed."""
    is_own, original = name in vars(owner), getattr(owner, name)
    stack.callback(lambda: setattr(owner, name, original) if is_own else delattr(owner, name))
    setattr(owner, name, replacement)


def _wrap_spans(trace: Trace, engine: Any, stack: ExitStack) -> None:
    stage, host, draw, put = engine.device.stage, engine.clock.host, engine._grader.draw, engine._grader.put

    @contextmanager
    def traced_stage(name: str, clock: Any) -> Iterator[None]:
        with trace.span(name), stage(name, clock):
            yield

    @contextmanager
    def traced_host(name: str) -> Iterator[None]:
        with trace.span(name), host(name):
            yield

    def traced_draw(*arguments: Any, **options: Any) -> Any:
        with trace.span("look"), trace.span("draw", GL_ROW):
            return draw(*arguments, **options)

    def traced_put(*arguments: Any, **options: Any) -> Any:
        with trace.span("draw", GL_ROW):
            return put(*arguments, **options)

    _patch(engine.device, "stage", traced_stage, stack)
    _patch(engine.clock, "host", traced_host, stack)
    _patch(engine._grader, "draw", traced_draw, stack)
    _patch(engine._grader, "put", traced_put, stack)


def _wrap_kernels(device: Any, kernels: list[tuple[str, Any]], stack: ExitStack) -> None:
    launch, enqueue, name = device.launch, device._enqueue, ""

    def traced_launch(source: str, kernel: str, *rest: Any) -> None:
        nonlocal name
        name = kernel
        launch(source, kernel, *rest)

    def traced_enqueue(*arguments: Any) -> Any:
        event = enqueue(*arguments)
        kernels.append((name, event))
        return event

    _patch(device, "launch", traced_launch, stack)
    _patch(device, "_enqueue", traced_enqueue, stack)


def _offset_ns(device: Any) -> int:
    """What the host's clock is ahead of the device's, from markers."""
    offsets = []
    for _ in range(MARKERS):
        marker = device._cl.enqueue_marker(device._queue)
        device.finish()
        offsets.append(time.perf_counter_ns() - int(marker.profile.end))
    return min(offsets)


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
                with trace.span("frame"):
                    engine.draw(frame, settings)
                    with trace.span("finish", GL_ROW):
                        engine.gl.finish()
        return trace.document()
