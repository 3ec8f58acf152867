"""`groundglass bench --trace` writes a time line in Chrome's trace event format."""

from __future__ import annotations

import json
import re
import time
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from typing import Any

import groundglass as gg
import pytest
from groundglass.bench.live_trace import LiveTrace
from groundglass.bench.run import scene_frame
from groundglass.bench.trace import FRAMES, traced
from groundglass.cli import app
from groundglass.compute.recorder import recorded
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.viewer import Viewer
from groundglass.engine import Engine
from groundglass.settings import Settings, SettingsHistory
from groundglass.timing import Clock
from typer.testing import CliRunner


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    path = tmp_path_factory.mktemp("trace") / "out.json"
    done = CliRunner().invoke(app, ["bench", "--trace", str(path), "--size", "96x64", "--device", "opencl"])
    assert done.exit_code == 0, done.output
    read: list[dict[str, Any]] = json.loads(path.read_text())["traceEvents"]
    return read


def row(events: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    tid = next(event["tid"] for event in events if event["ph"] == "M" and event["args"]["name"] == name)
    return [event for event in events if event["ph"] == "X" and event["tid"] == tid]


def test_events_have_the_fields_of_the_format(events: list[dict[str, Any]]) -> None:
    assert all({"name", "ph", "ts", "dur", "pid", "tid"} <= event.keys() for event in events)
    rows = {event["tid"] for event in events if event["name"] == "thread_name"}
    assert {event["tid"] for event in events if event["ph"] == "X"} == rows
    assert {"frame", "develop", "optics", "transfer", "look"} <= {event["name"] for event in row(events, "MainThread")}
    assert {event["name"] for event in row(events, "GL")} == {"draw", "finish"}


def test_spans_of_a_row_nest_or_follow_each_other(events: list[dict[str, Any]]) -> None:
    for name in ("MainThread", "GL", "device"):
        open_until: list[float] = []
        for event in row(events, name):
            while open_until and open_until[-1] <= event["ts"] + 0.01:
                open_until.pop()
            end = event["ts"] + event["dur"]
            assert not open_until or end <= open_until[-1] + 0.01, event
            open_until.append(end)


def test_every_kernel_lies_within_a_frame(events: list[dict[str, Any]]) -> None:
    frames = [event for event in row(events, "MainThread") if event["name"] == "frame"]
    assert len(frames) == FRAMES
    assert all(first["ts"] + first["dur"] <= other["ts"] for first, other in pairwise(frames))
    for kernel in row(events, "device"):
        end = kernel["ts"] + kernel["dur"]
        assert any(frame["ts"] <= kernel["ts"] and end <= frame["ts"] + frame["dur"] for frame in frames), kernel


def test_every_kernel_of_the_chain_appears_and_the_device_is_restored() -> None:
    with ExitStack() as stack:
        engine = stack.enter_context(Engine("opencl", (96, 64)))
        frame, before = scene_frame((96, 64), stack), dict(vars(engine.device))
        with recorded(engine.device) as launches, traced(engine) as trace:
            engine.draw(frame, Settings())
        assert [span[1] for span in trace.spans if span[0] == "device"] == [launch.kernel for launch in launches]
        with pytest.raises(RuntimeError, match="stop"), traced(engine):
            raise RuntimeError("stop")
        assert vars(engine.device) == before
        assert engine.clock.record is None


def test_the_live_loop_is_traced_for_some_frames() -> None:
    documents: list[dict[str, Any]] = []
    with (
        gg.open("scene:?size=96x64&fps=200") as source,
        OffscreenSurface((96, 64)) as surface,
        Engine("opencl", gl=surface.gl, look_route="gl") as engine,
    ):
        tool = partial(LiveTrace, write=documents.append, frames=5, lead=3)
        Viewer(engine, source, SettingsHistory(Settings()), surface=surface, tools=[tool]).run(frames=12)
        assert engine.clock.record is None
    (document,) = documents
    main = row(document["traceEvents"], "MainThread")
    assert [event["name"] for event in main].count("frame") == 5
    assert {"develop", "optics", "transfer", "look", "present"} <= {event["name"] for event in main}
    assert len(row(document["traceEvents"], "device")) > 5 * 10
    assert len(row(document["traceEvents"], "GL")) == 5


def test_a_run_that_is_too_short_for_the_trace_reports_it() -> None:
    documents: list[dict[str, Any]] = []
    with (
        gg.open("scene:?size=96x64&fps=200") as source,
        OffscreenSurface((96, 64)) as surface,
        Engine("opencl", gl=surface.gl, look_route="gl") as engine,
    ):
        tool = partial(LiveTrace, write=documents.append, frames=50, lead=3)
        viewer = Viewer(engine, source, SettingsHistory(Settings()), surface=surface, tools=[tool])
        viewer.run(frames=6)
    (loss,) = viewer.messages.losses
    assert re.fullmatch(r"the trace is not complete: 4[5-9] frames are missing; run longer", loss)
    assert len(documents) == 1


def test_the_spans_of_a_thread_are_in_its_row() -> None:
    clock, spans = Clock(), list[tuple[Any, ...]]()
    with clock.span("unseen"):
        pass
    clock.record = lambda *span: spans.append(span)
    with clock.host("stage"), clock.span("draw", "GL"):
        time.sleep(0.001)
    assert [span[:2] for span in spans] == [("GL", "draw"), ("MainThread", "stage")]
    assert all(began_ns < ended_ns for _, _, began_ns, ended_ns in spans)
