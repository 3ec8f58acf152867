"""The settings of a picture as an immutable value, and their history for undo."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, get_args

from .checks import NUMBER, TEXT, WHOLE, check_kinds, check_names, check_numbers, of_type, optional
from .colour.output_space import OutputSpace, open_output_space
from .develop.development import Development
from .errors import GroundglassError
from .gl.shader_inputs import NO_POINTER, Moment
from .lens import INFINITE_M, Lens, load_lens
from .look.look import Look, load_look
from .optics.defocus import Quality

if TYPE_CHECKING:
    from .frame import Frame

DEFAULT_LOOK = "classic"
DEFAULT_LENS = "noct-50"
DEFAULT_FOCUS_M = 1.2
MAX_STEPS = 500  # a step is a few hundred bytes, because looks are shared
PAUSE_S = 1.0  # for the wheel and repeating keys: changes within this time are merged into one step
UNTIL_RELEASED = math.inf  # for a drag: changes are merged until `end_step`


_KINDS = {
    "look": of_type(str, Path, Look),
    "lens": of_type(str, Path, Lens),
    "development": optional(of_type(Development)),
    "output_space": optional(of_type(str, Path, OutputSpace)),
    "quality": TEXT,
    "bits": WHOLE,
    **dict.fromkeys(("strength", "scale"), NUMBER),
    **dict.fromkeys(("focus_m", "f_number"), optional(NUMBER)),
}


@dataclass(frozen=True, slots=True, init=False)
class Settings:
    """All settings for drawing a frame. `with_` returns a changed copy.

    `look` and `lens` are names, paths, or a Look and a Lens. `f_number` sets the aperture of the lens; default: its
    current aperture. `focus_m` in metres, infinity becomes 1e6; default: 1.2, or the closest focus distance of the
    lens. `strength`, 0 to 1, is the share of the look in the blend with the neutral rendering. `development` are the
    settings of the raw development. `quality` is `live` or `best`. `scale`, above 0 and at most 1, is the size of the
    picture relative to the frame. `output_space` is the colour space of the display or file: `srgb`, `display-p3`,
    `rec709`, the path of an .icc; None is sRGB. `bits` per channel are 8, 10 if the display supports them, or 16 for
    files. `pointer` is the uniform of that name for passes that use it: the position, and that of the press while a
    button is held, else -1; fractions of the picture from its top left corner.

    Raises LookError for an unknown look or lens, an aperture outside the lens's range, and a focus that is not beyond
    the focal length; OutputError for an unreadable output space; GroundglassError for other invalid values.
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
    pointer: tuple[float, float, float, float]

    def __init__(
        self,
        look: str | Path | Look = DEFAULT_LOOK,
        strength: float = 1.0,
        lens: str | Path | Lens = DEFAULT_LENS,
        focus_m: float | None = None,
        development: Development | None = None,
        quality: Quality = "live",
        scale: float = 1.0,
        output_space: str | Path | OutputSpace | None = None,
        bits: int = 8,
        pointer: tuple[float, float, float, float] = NO_POINTER,
        *,
        f_number: float | None = None,
    ) -> None:
        check_kinds("Settings", locals(), _KINDS)
        check_numbers("Settings", "pointer", pointer, 4)
        if not 0.0 <= strength <= 1.0:
            raise GroundglassError(f"strength {strength:g} is not supported; use a number from 0 to 1")
        chosen = load_lens(lens) if isinstance(lens, str | Path) else lens
        chosen = chosen if f_number is None else chosen.at(f_number)
        focus = chosen.clamp_focus_m(DEFAULT_FOCUS_M) if focus_m is None else min(focus_m, INFINITE_M)
        chosen.coc_scale_px(focus, 1)  # an impossible focus is an error now, not at the first frame
        if quality not in get_args(Quality):
            raise GroundglassError(f"quality '{quality}' is unknown; use one of {', '.join(get_args(Quality))}")
        if not 0.0 < scale <= 1.0:
            raise GroundglassError(f"scale {scale:g} is not supported; use a number above 0 and at most 1")
        if bits not in (8, 10, 16):
            raise GroundglassError(f"{bits} bits per channel are not supported; use 8, 10 or 16")
        is_path = isinstance(output_space, str | Path)
        for name, value in (
            ("look", load_look(look) if isinstance(look, str | Path) else look),
            ("strength", strength),
            ("lens", chosen),
            ("focus_m", focus),
            ("development", Development() if development is None else development),
            ("quality", quality),
            ("scale", scale),
            ("output_space", open_output_space(output_space) if is_path else output_space),  # type: ignore[arg-type]
            ("bits", bits),
            ("pointer", pointer),
        ):
            object.__setattr__(self, name, value)

    @property
    def f_number(self) -> float:
        """The current aperture of the lens."""
        return self.lens.f_number

    def moment_of(self, frame: Frame) -> Moment:
        """What the passes of a look may use of a frame and the pointer."""
        return {"frame_index": frame.index, "seconds": frame.time_s, "pointer": self.pointer}

    def with_(self, **changes: Any) -> Settings:
        """A copy with changes, given as for `Settings`: `settings.with_(look="natural")`."""
        names = [field.name for field in fields(self)]
        check_names("Settings.with_", changes, (*names, "f_number"))
        kept = {name: getattr(self, name) for name in names if name not in changes}
        return Settings(**kept, **changes)


@dataclass(frozen=True, slots=True)
class Step:
    """A state in the history. `reason` is the change that led to it, empty for the first."""

    settings: Settings
    companion: object
    reason: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class HistorySnapshot:
    """A saved state of a `SettingsHistory`."""

    now: Step
    done: tuple[Step, ...]
    undone: tuple[Step, ...]


class SettingsHistory:
    """The current settings, with undo and redo of the user's changes.

    `companion` is an immutable value of an editor that belongs to the settings. Undo restores it, too.
    """

    def __init__(self, settings: Settings, *, companion: object = None, limit: int = MAX_STEPS) -> None:
        self._now: Step = Step(settings, companion)
        self._done: tuple[Step, ...] = ()
        self._undone: tuple[Step, ...] = ()
        self._limit = limit
        self._open_reason = ""  # the reason of a step that can still be merged
        self._changed_s = -math.inf

    @property
    def now(self) -> Settings:
        return self._now.settings

    @property
    def companion(self) -> Any:
        return self._now.companion

    @property
    def steps(self) -> tuple[Step, ...]:
        """All states, the oldest first: those that can be undone, the present one, those that can be redone."""
        return (*self._done, self._now, *reversed(self._undone))

    @property
    def position(self) -> int:
        """The index of the present state in `steps`."""
        return len(self._done)

    @property
    def can_undo(self) -> bool:
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        return bool(self._undone)

    def change(self, reason: str, *, merge_s: float = 0.0, companion: object = None, **changes: Any) -> bool:
        """Changes settings, given as for `Settings.with_`, and the companion if given. This is one step of undo.

        With `merge_s`, PAUSE_S or UNTIL_RELEASED, the change is merged into the latest step if that has the same
        `reason`, has not been ended, and was changed within this time. Returns whether anything has changed. Raises the
        errors of `Settings`, and then changes nothing.
        """
        step = replace(self._with(companion, changes), reason=reason)
        now_s = perf_counter()
        is_merged = merge_s > 0 and reason == self._open_reason and now_s - self._changed_s <= merge_s
        if step == self._now:
            if step.settings.look is not self.now.look:  # an equal look from another file
                self._now = replace(step, reason=self._now.reason)
            return False
        if not is_merged:
            self._done = (*self._done[-self._limit + 1 :], self._now)
        self._undone = ()
        self._now = step
        self._open_reason, self._changed_s = (reason if merge_s > 0 else ""), now_s
        return True

    def follow(self, *, companion: object = None, **changes: Any) -> None:
        """Changes settings like `change`, but without a step of undo: for changes that the user did not request."""
        self._now = self._with(companion, changes)

    def end_step(self, reason: str | None = None) -> None:
        """Ends the latest step, if it has this `reason` (None: any). The next change is a new step."""
        if reason in (None, self._open_reason):
            self._open_reason = ""

    def undo(self) -> bool:
        """Undoes a step. False if there are no steps."""
        if not self._done:
            return False
        self._undone = (*self._undone, self._now)
        *done, step = self._done
        self._done = tuple(done)
        self._go_to(step)
        return True

    def redo(self) -> bool:
        """Redoes a step. False if there are no undone steps."""
        if not self._undone:
            return False
        self._done = (*self._done, self._now)
        *undone, step = self._undone
        self._undone = tuple(undone)
        self._go_to(step)
        return True

    def go_to(self, position: int) -> None:
        """Undoes or redoes until the state `position` of `steps` is the present one."""
        while self.position > position and self.undo():
            pass
        while self.position < position and self.redo():
            pass

    def rewrite(self, change: Callable[[Settings, Any], tuple[Settings, Any]]) -> None:
        """Applies `change` to the settings and companion of every step. Changes nothing if it raises."""
        now, done, undone = (
            tuple(Step(*change(step.settings, step.companion), step.reason) for step in steps)
            for steps in ((self._now,), self._done, self._undone)
        )
        (self._now,), self._done, self._undone = now, done, undone

    def snapshot(self) -> HistorySnapshot:
        """The complete history, for `restore`."""
        return HistorySnapshot(self._now, self._done, self._undone)

    def restore(self, snapshot: HistorySnapshot) -> None:
        self._done, self._undone = snapshot.done, snapshot.undone
        self._go_to(snapshot.now)

    def _go_to(self, step: Step) -> None:
        """Makes a step current, except for the scale and the pointer: a recording may need that scale."""
        present = {"scale": self.now.scale, "pointer": self.now.pointer}
        is_same = all(getattr(step.settings, name) == value for name, value in present.items())
        self._now = step if is_same else replace(step, settings=step.settings.with_(**present))
        self.end_step()

    def _with(self, companion: object, changes: dict[str, Any]) -> Step:
        settings = self._now.settings.with_(**changes) if changes else self._now.settings
        return Step(settings, self._now.companion if companion is None else companion, self._now.reason)
