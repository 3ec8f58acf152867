"""Measures the time of each pass of the look, as a difference between draws.

The passes of a look are fused into one program, in which single passes cannot be timed. The look is drawn alternately
without passes, with the first pass, with the first two, and so on. The time of a pass is the increase of the median
draw time. It is valid for the pass at its position in the look; elsewhere, or alone, the time may differ. The times of
all passes and of `base`, the draw without passes (reading the scene, encoding and dithering), sum to the time of the
look. The time of a pass with a neighbourhood includes its maps.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Iterable
from statistics import median
from typing import TYPE_CHECKING

from ..controls import Action, Control
from ..display.tool import Invalidation, Tool, ToolContext
from ..errors import GroundglassError
from ..gl.context import is_software, make_current
from ..look.grade import Grader

if TYPE_CHECKING:
    from ..drawn import Drawn
    from ..look.look import Look

BASE = "base"
ROUNDS = 9  # draws of each part of the look; the median counts
DRAWS = 4  # successive draws on a GPU, whose timer query is read three draws later
WARM_UP = 2  # rounds that compile programs, with uniforms and then with constants


class PassTimes(Tool):
    """Measures on request, one draw per frame: the loop continues meanwhile.

    `times`, which a panel may share, are the milliseconds of `base` and of each pass of the look, in its order; empty
    until the first measurement has ended.
    """

    def __init__(self, tool_context: ToolContext, times: dict[str, float] | None = None) -> None:
        self._tool_context, self._notify = tool_context, tool_context.notify
        self._running: Generator[None, None, None] | None = None
        self._grader: Grader | None = None  # owned here because the generator may end at any time
        self.times = {} if times is None else times

    @property
    def busy(self) -> bool:
        return self._running is not None

    def controls(self) -> Iterable[Control]:
        yield Action(
            "pass_times",
            "Time of each pass",
            "tune",
            "Shift+T",
            do=self.measure,
            help="time that each pass adds",
        )

    def measure(self) -> None:
        """Starts a new measurement with the current look."""
        self.close()
        drawn = self._tool_context.drawn()
        if drawn is not None:
            self._notify(f"timing the passes of {drawn.settings.look.name}")
            self._grader = Grader(self._tool_context.engine.gl)
            self._running = self._measured(drawn.settings.look, self._grader)

    def tick(self, now_s: float) -> Invalidation:
        if self._running is not None:
            self._step_measurement(self._running)
        return Invalidation.NOTHING

    def close(self) -> None:
        """Ends the measurement and releases its GL objects; must come before the engine is closed."""
        self._running = None
        if self._grader is not None:
            make_current(self._tool_context.engine.gl)
            self._grader.release()
            self._grader = None

    def _step_measurement(self, running: Generator[None, None, None]) -> None:
        try:
            next(running)
        except StopIteration:
            self.close()
            summary = "   ".join(f"{name} {ms:.2f}" for name, ms in self.times.items())
            self._notify(f"{summary}   of {sum(self.times.values()):.2f} ms")
        except GroundglassError as error:
            self.close()
            self._notify(str(error))

    def _measured(self, look: Look, grader: Grader) -> Generator[None, None, None]:
        gl = self._tool_context.engine.gl
        passes = look.drawn_passes
        parts = [dataclasses.replace(look, passes=passes[:count]) for count in range(len(passes) + 1)]
        spent: list[list[float]] = [[] for _ in parts]
        for number in range(WARM_UP + ROUNDS):
            for part, part_ms in zip(parts, spent, strict=True):
                drawn = self._tool_context.drawn()
                assert drawn is not None  # a frame existed at the start
                make_current(gl)
                ms = _draw(grader, drawn, part, 1 if is_software(gl) else DRAWS)
                if number >= WARM_UP:
                    part_ms.append(ms)
                yield
        self.times.clear()
        self.times |= times_per_pass([settings.name for settings in passes], [median(part_ms) for part_ms in spent])


def times_per_pass(names: list[str], until_ms: list[float]) -> dict[str, float]:
    """Milliseconds of `base` and of each pass, from the times of the look up to each pass.

    Negative differences become 0. Names must be unique.

    >>> times_per_pass(["vignette", "grain"], [1.0, 0.75, 3.0])
    {'base': 1.0, 'vignette': 0.0, 'grain': 2.0}
    """
    times: dict[str, float] = {}
    before = 0.0
    for name, ms in zip([BASE, *names], until_ms, strict=True):
        times[name] = max(ms - before, 0.0)
        before = max(ms, before)
    return times


def _draw(grader: Grader, drawn: Drawn, look: Look, times: int) -> float:
    """Milliseconds of one draw, after `times` draws."""
    settings = drawn.settings
    for _ in range(times):
        grader.draw(
            drawn.scene,
            look,
            strength=settings.strength,
            target="rgb10_a2" if settings.bits >= 10 else "rgba8",
            output=settings.output_space,
        )
    return grader.last_gpu_ms or 0.0
