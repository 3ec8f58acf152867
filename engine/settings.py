"""How a picture shall look, as one value that does not change; and the history of such values, for undo."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from time import perf_counter
from typing import Any, get_args

from .colour.output_space import OutputSpace, open_output_space
from .develop.development import Development
from .errors import GroundglassError
from .lens import Lens, load_lens
from .look.look import Look, load_look
from .optics.defocus import Quality

DEFAULT_LOOK = "classic"
DEFAULT_LENS = "noct-50"
DEFAULT_FOCUS_M = 1.2
STEPS = 500  # of a history; a step is a few hundred bytes, looks shared
PAUSE_S = 1.0  # the wheel, a key that repeats: changes that follow within it are one step
UNTIL_SETTLED = math.inf  # a drag: one step, however long it takes


@dataclass(frozen=True, slots=True, init=False)
class Settings:
    """All that says how a frame is drawn. `with_` changes some of it.

    `look` and `lens` are given as names, paths, or a Look and a Lens; `f_number` sets the aperture of the lens, and
    defaults to where it stands. `focus_m`, metres, defaults to 1.2, or the closest that the lens focuses. `strength`,
    0 to 1, is how much of the look is blended in. `development` says how raws are developed, `quality` is `live` or
    `best`. `scale`, above 0 and at most 1, is the size of the picture drawn over that of the frame. `output_space`
    is what the screen shows or a file holds: `srgb`, `display-p3`, `rec709`, the path of an .icc; None stands for sRGB.
    `bits` of a channel are 8, or 10 where the screen has as many.

    Raises LookError for an unknown look or lens, an aperture that the lens does not have, and a focus that is not
    beyond the focal length; OutputError for an output space that cannot be read, GroundglassError for the rest.
    """

    look: Look
    strength: float
    lens: Lens
    focus_m: float
    development: Development
    quality: Quality
    scale: float
    output_space: OutputSpace | None
    bits: int

    def __init__(
        self,
        look: str | Look = DEFAULT_LOOK,
        strength: float = 1.0,
        lens: str | Lens = DEFAULT_LENS,
        focus_m: float | None = None,
        development: Development | None = None,
        quality: Quality = "live",
        scale: float = 1.0,
        output_space: str | Path | OutputSpace | None = None,
        bits: int = 8,
        *,
        f_number: float | None = None,
    ) -> None:
        chosen = load_lens(lens) if isinstance(lens, str) else lens
        chosen = chosen if f_number is None else chosen.at(f_number)
        focus = chosen.clamp_focus_m(DEFAULT_FOCUS_M) if focus_m is None else focus_m
        chosen.coc_scale_px(focus, 1)  # an impossible focus is an error now, not at the first frame
        if quality not in get_args(Quality):
            raise GroundglassError(f"quality '{quality}' is unknown; use one of {', '.join(get_args(Quality))}")
        if not 0.0 < scale <= 1.0:
            raise GroundglassError(f"scale {scale:g} cannot be drawn; use a number above 0 and at most 1")
        if bits not in (8, 10):
            raise GroundglassError(f"{bits} bits a channel cannot be drawn; use 8 or 10")
        is_path = isinstance(output_space, str | Path)
        for name, value in (
            ("look", load_look(look) if isinstance(look, str) else look),
            ("strength", strength),
            ("lens", chosen),
            ("focus_m", focus),
            ("development", Development() if development is None else development),
            ("quality", quality),
            ("scale", scale),
            ("output_space", open_output_space(output_space) if is_path else output_space),  # type: ignore[arg-type]
            ("bits", bits),
        ):
            object.__setattr__(self, name, value)

    @property
    def f_number(self) -> float:
        """Where the aperture of the lens stands."""
        return self.lens.f_number

    def with_(self, **changes: Any) -> Settings:
        """These settings with some of them changed, given as to `Settings`: `settings.with_(look="natural")`."""
        kept = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in changes}
        return Settings(**kept, **changes)


@dataclass(frozen=True, slots=True)
class Step:
    """What undo brings back."""

    settings: Settings
    companion: object


@dataclass(frozen=True, slots=True)
class HistorySnapshot:
    """A `SettingsHistory` as it was."""

    now: Step
    done: tuple[Step, ...]
    undone: tuple[Step, ...]


class SettingsHistory:
    """The settings that are live, and a step back and forth through what a person changed.

    `companion` is what an editor keeps beside them, a value that does not change; undo brings it back, too.
    """

    def __init__(self, settings: Settings, *, companion: object = None, limit: int = STEPS) -> None:
        self._now: Step = Step(settings, companion)
        self._done: tuple[Step, ...] = ()
        self._undone: tuple[Step, ...] = ()
        self._limit = limit
        self._open_reason = ""  # of a step that may still grow
        self._changed_s = -math.inf

    @property
    def now(self) -> Settings:
        return self._now.settings

    @property
    def companion(self) -> Any:
        return self._now.companion

    @property
    def can_undo(self) -> bool:
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        return bool(self._undone)

    def change(self, reason: str, *, merge_s: float = 0.0, companion: object = None, **changes: Any) -> bool:
        """Changes settings, given as to `Settings.with_`, and the companion where one is given. One step for undo.

        With `merge_s` it is one with the latest step where that has the same `reason`, was not settled, and changed not
        longer ago than these seconds: PAUSE_S or UNTIL_SETTLED. Returns whether anything is different now. Raises what
        `Settings` raises, and then changes nothing.
        """
        step = self._with(companion, changes)
        now_s = perf_counter()
        grows = merge_s > 0 and reason == self._open_reason and now_s - self._changed_s <= merge_s
        if step == self._now:
            if step.settings.look is not self.now.look:  # the same look, of another file
                self._now = step
            return False
        if not grows:
            self._done = (*self._done[-self._limit + 1 :], self._now)
        self._undone = ()
        self._now = step
        self._open_reason, self._changed_s = (reason if merge_s > 0 else ""), now_s
        return True

    def follow(self, *, companion: object = None, **changes: Any) -> None:
        """Changes settings as `change` does, but is no step: nobody pressed for it, or the picture stays the same."""
        self._now = self._with(companion, changes)

    def settle(self, reason: str | None = None) -> None:
        """The hand lets go: what is changed next, for that reason or for any, is a step of its own."""
        if reason in (None, self._open_reason):
            self._open_reason = ""

    def undo(self) -> bool:
        """One step back; False where there is none."""
        if not self._done:
            return False
        self._undone = (*self._undone, self._now)
        *done, self._now = self._done
        self._done = tuple(done)
        self.settle()
        return True

    def redo(self) -> bool:
        """One step forth again; False where there is none."""
        if not self._undone:
            return False
        self._done = (*self._done, self._now)
        *undone, self._now = self._undone
        self._undone = tuple(undone)
        self.settle()
        return True

    def rewrite(self, change: Callable[[Settings, Any], tuple[Settings, Any]]) -> None:
        """Changes all that is kept, settings and companion of every step; nothing where `change` raises."""
        now, done, undone = (
            tuple(Step(*change(step.settings, step.companion)) for step in steps)
            for steps in ((self._now,), self._done, self._undone)
        )
        (self._now,), self._done, self._undone = now, done, undone

    def snapshot(self) -> HistorySnapshot:
        """All there is to undo, too, to `restore` when what comes next turns out to be no good."""
        return HistorySnapshot(self._now, self._done, self._undone)

    def restore(self, snapshot: HistorySnapshot) -> None:
        self._now, self._done, self._undone = snapshot.now, snapshot.done, snapshot.undone
        self.settle()

    def _with(self, companion: object, changes: dict[str, Any]) -> Step:
        settings = self._now.settings.with_(**changes) if changes else self._now.settings
        return Step(settings, self._now.companion if companion is None else companion)
