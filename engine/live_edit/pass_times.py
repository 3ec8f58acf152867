"""How long each pass of the look takes, by drawing the look up to it.

The passes of a look are fused into one program, in which no clock can be read. What is honest is a difference: the look
is drawn without any pass, with the first, with the first two, and so on, in turns, and a pass's time is what it adds to
the median of those before it. That is what the look takes longer for it at its place; at another place, or alone, it
may be another. The times of all passes, and of what is drawn without any (`base`: the scene is read, the picture
encoded and dithered), add up to that of the look. A pass that looks around itself counts with its maps.
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
ROUNDS = 9  # drawings of each part of the look, of which the median counts
DRAWS = 4  # in a row on a GPU, whose timer is read three drawings later, when it has long finished
WARM_UP = 2  # rounds in which programs are compiled, with uniforms and then with constants


class PassTimes(Tool):
    """Measures when asked to, a drawing a frame, so that the loop goes on meanwhile.

    `times`, which a panel may share, are the milliseconds of `base` and of each pass of the look, in its order; empty
    before the first measurement has ended.
    """

    def __init__(self, tool_context: ToolContext, times: dict[str, float] | None = None) -> None:
        self._tool_context, self._notify = tool_context, tool_context.notify
        self._running: Generator[None, None, None] | None = None
        self._grader: Grader | None = None  # of the measurement that runs; not the generator's, which ends any time
        self.times = {} if times is None else times

    @property
    def busy(self) -> bool:
        return self._running is not None

    def controls(self) -> Iterable[Control]:
        yield Action(
            "pass_times", "Time of each pass", "tune", "Shift+T", do=self.measure, help="what each adds to the look's"
        )

    def measure(self) -> None:
        """Begins anew with the look as it is now."""
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
        parts = [dataclasses.replace(look, passes=look.passes[:count]) for count in range(len(look.passes) + 1)]
        spent: list[list[float]] = [[] for _ in parts]
        for number in range(WARM_UP + ROUNDS):
            for part, its in zip(parts, spent, strict=True):
                drawn = self._tool_context.drawn()
                assert drawn is not None  # there was one when it began
                make_current(gl)
                ms = _draw(grader, drawn, part, 1 if is_software(gl) else DRAWS)
                if number >= WARM_UP:
                    its.append(ms)
                yield
        self.times.clear()
        self.times |= times_per_pass([settings.name for settings in look.passes], [median(its) for its in spent])


def times_per_pass(names: list[str], until_ms: list[float]) -> dict[str, float]:
    """Milliseconds of `base` and of each pass from those of the look up to it: what takes no time was not measured as
    less than none. A pass that is there twice would be one.

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
    """Milliseconds of one drawing, the last of so many."""
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
