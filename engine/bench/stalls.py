"""`groundglass bench --stalls`: the intervals of the moving picture around each kind of change."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np

from ..capture import open_source
from ..display.offscreen import OffscreenSurface
from ..display.tool import Invalidation, Tool, ToolContext
from ..display.viewer import Viewer
from ..drawn import Drawn
from ..engine import Engine
from ..errors import GroundglassError
from ..live_edit.editing import Editing
from ..settings import Settings, SettingsHistory
from ..timing import percentile
from .aids import AIDS, FitTools

FPS = 60
WARM_UP_FRAMES = 90  # before the first change
CHANGED_FRAMES = 30  # drawn with a change, whose intervals belong to it
STEADY_FRAMES = 20  # between changes
MAX_WAIT_S = 20.0  # for the first frame with a change
DRAG_STEPS = 30
SCALE, OTHER_SCALE = 0.5, 0.375

Step = Callable[[ToolContext], object]  # a step that returns False is repeated with the next frame


class _Surface(OffscreenSurface):
    """A texture that gets what a window shows: text, overlays and panels."""

    is_interactive = True


class StallProbe(Tool):
    """Makes one change after the other while frames are shown, and collects the intervals by the kind of change.

    A change is one or more steps, one a frame. Its intervals are those from its first step until CHANGED_FRAMES frames
    were drawn with it. `host_ms` is the processor time of the loop's thread in each interval: other processes do not
    disturb it. After the last change the viewer quits.
    """

    def __init__(self, tool_context: ToolContext, changes: Iterator[tuple[str, Sequence[Step]]]) -> None:
        self._context, self._changes = tool_context, changes
        self.interval_ms: dict[str, list[float]] = {}
        self.host_ms: dict[str, list[float]] = {}
        self._kind, self._left, self._until_s = "start", WARM_UP_FRAMES, math.inf
        self._steps: list[Step] = []
        self._seen: tuple[int, float, float] | None = None  # frames, and times of the loop and of its thread

    def tick(self, now_s: float) -> Invalidation:
        frames, host_s = self._context.log.frames, time.thread_time()
        if self._seen is not None and frames == self._seen[0]:
            return Invalidation.NOTHING
        if self._seen is not None:
            self.interval_ms.setdefault(self._kind, []).append((now_s - self._seen[1]) * 1e3)
            self.host_ms.setdefault(self._kind, []).append((host_s - self._seen[2]) * 1e3)
        if self._left <= 0:
            self._advance(now_s)
        if self._steps and self._steps[0](self._context) is not False:
            del self._steps[0]
        self._seen = frames, now_s, host_s
        return Invalidation.NOTHING

    def on_frame(self, drawn: Drawn) -> None:
        is_drawn_with_it = _prepared(drawn.settings) == _prepared(self._context.settings.now)
        if not self._steps and (is_drawn_with_it or time.perf_counter() > self._until_s):
            self._left -= 1

    def _advance(self, now_s: float) -> None:
        if self._kind != "steady":
            self._kind, self._left = "steady", STEADY_FRAMES
            return
        following = next(self._changes, None)
        if following is None:
            self._context.controls.do("quit")
            return
        self._kind, self._steps = following[0], list(following[1])
        self._left, self._until_s = CHANGED_FRAMES, now_s + MAX_WAIT_S


def _prepared(settings: Settings) -> tuple[object, ...]:
    """What frames are drawn with later than it is requested."""
    return settings.look, settings.lens.name, settings.quality, settings.scale


def _press(key: str) -> tuple[Step]:
    return (lambda context: context.controls.press(key) or None,)


def _follow(**settings: Any) -> tuple[Step]:
    return (lambda context: context.settings.follow(**settings),)


def _scale(scale: float) -> tuple[Step, Step]:
    """As the governor does it: prepared ahead."""

    def prepare(context: ToolContext) -> None:
        drawn = context.drawn()
        assert drawn is not None
        context.engine.prepare(drawn, context.settings.now.with_(scale=scale))

    def follow(context: ToolContext) -> bool:
        is_ready = not (context.engine.is_preparing or context.engine.is_rehearsing)
        if is_ready:
            context.settings.follow(scale=scale)
        return is_ready

    return prepare, follow


def _toggle(name: str) -> tuple[Step]:
    return (lambda context: context.controls.set(name, not context.controls.get(name)),)


def _turn(name: str, first: float, last: float) -> list[Step]:
    def step_to(number: float) -> Step:
        return lambda context: context.controls.set(name, number)

    return [step_to(float(number)) for number in np.geomspace(first, last, DRAG_STEPS)]


CHANGES: dict[str, tuple[Sequence[Step], ...]] = {
    "look": (_press("L"),) * 4,
    "quality": (_follow(quality="best"), _follow(quality="live")),
    "scale": (_scale(OTHER_SCALE), _scale(SCALE)),
    "lens": (_press("Shift+L"),) * 3,
    "aperture": (_turn("f_number", 1.4, 11.0),),
    "focus": (_turn("focus", 1.0, 4.0),),
    "aid": tuple(chain.from_iterable((_toggle(aid),) * 2 for aid in (*AIDS, "depth_of_field", "keys", "panel"))),
}


def run_stalls(device: str, size: tuple[int, int], fit_tools: FitTools, only: Sequence[str] = ()) -> dict[str, Any]:
    """Shows the built-in scene at `size` as in a window, at half scale, while each of CHANGES is made.

    `fit_tools` creates the viewer's tools from the edited settings. With `only`, the kinds of change whose names
    contain one of these texts. Returns `{"stalls": {kind: {"longest_ms", "p99_ms", "median_ms", "host_longest_ms",
    "host_median_ms", "frames"}}, "size", "device", "gl"}`. Raises GroundglassError if no kind has such a name.
    """
    for text in only:
        if not any(text in kind for kind in CHANGES):
            raise GroundglassError(f"--only {text}: no change has such a name; the changes are {', '.join(CHANGES)}")
    kinds = [kind for kind in CHANGES if not only or any(text in kind for text in only)]
    probes: list[StallProbe] = []

    def fit_probe(context: ToolContext) -> Tool:
        probes.append(StallProbe(context, ((kind, steps) for kind in kinds for steps in CHANGES[kind])))
        return probes[0]

    with (
        open_source("scene:?size={}x{}&fps={}".format(*size, FPS)) as source,
        _Surface(size) as surface,
        Engine(device, gl=surface.gl) as engine,
    ):
        history = SettingsHistory(Settings(scale=SCALE))
        engine.compile_for(size, history.now)
        tools = [*fit_tools(Editing(history)), fit_probe]
        viewer = Viewer(engine, source, history, surface=surface, tools=tools)
        gc.freeze()  # `view` does the same
        try:
            viewer.run()
        finally:
            gc.unfreeze()
        figures = {kind: _figures(probes[0], kind) for kind in ("steady", *kinds)}
        return {"stalls": figures, "size": list(size), "device": engine.device_name, "gl": engine.gl_name}


def _figures(probe: StallProbe, kind: str) -> dict[str, float]:
    interval_ms, host_ms = probe.interval_ms.get(kind, []), probe.host_ms.get(kind, [])
    return {
        "longest_ms": round(max(interval_ms, default=0.0), 3),
        "p99_ms": round(percentile(interval_ms, 99), 3),
        "median_ms": round(percentile(interval_ms, 50), 3),
        "host_longest_ms": round(max(host_ms, default=0.0), 3),
        "host_median_ms": round(percentile(host_ms, 50), 3),
        "frames": len(interval_ms),
    }
