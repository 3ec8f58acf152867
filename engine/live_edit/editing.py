"""The look that is being edited, without a window: values, two slots to compare, random values, and its file."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from ..errors import LookError, OutputError
from ..gl.passes import Parameter, Table, Value, load_pass
from ..look.look import Look, PassSettings
from ..look.look_files import write_look
from ..look.look_text import edited_text, rounded
from ..settings import UNTIL_RELEASED, HistorySnapshot, Settings, SettingsHistory

Slot = Literal["A", "B"]


@dataclass(frozen=True, slots=True)
class _Slots:
    """State that undo restores together with the settings.

    The slot shown, its look as in its file, and the look in the other slot, with that of its file.
    """

    shown: Slot
    saved: Look
    other: Look
    other_saved: Look


@dataclass(frozen=True, slots=True)
class EditingSnapshot:
    """The state of an `Editing`."""

    history: HistorySnapshot

    @property
    def look(self) -> Look:
        return self.history.now.settings.look


class Editing:
    """Edits the look of the live settings; each change is a step of their history.

    Both slots start with the opened look.
    """

    def __init__(self, history: SettingsHistory) -> None:
        self.history = history
        look = history.now.look
        history.follow(companion=_Slots("A", look, look, look))
        self._dragged = ""
        self._locked: set[tuple[str, str]] = set()

    @property
    def look(self) -> Look:
        """The look that is shown."""
        return self.history.now.look

    @property
    def saved(self) -> Look:
        """The look that is shown, as in its file."""
        return self._slots.saved

    @property
    def slot(self) -> Slot:
        """The slot that is shown."""
        return self._slots.shown

    @property
    def _slots(self) -> _Slots:
        slots: _Slots = self.history.companion
        return slots

    @property
    def is_changed(self) -> bool:
        """Whether any value, or the arrangement of the passes, differs from the saved look."""
        return self.is_rearranged or any(
            self.is_value_changed(settings.name, parameter.name) for settings, parameter in self.parameters()
        )

    @property
    def is_rearranged(self) -> bool:
        """Whether the passes, their order, or their being on differ from the saved look."""
        return _arrangement(self.look) != _arrangement(self.saved)

    def parameters(self) -> Iterator[tuple[PassSettings, Parameter]]:
        """All parameters, in the order of the look's passes, including the kind `table`, which cannot be edited."""
        for settings in self.look.passes:
            for parameter in load_pass(settings.name).parameters:
                yield settings, parameter

    def value(self, pass_name: str, parameter: str) -> Value:
        """The value that is shown. Raises LookError if the look has no such parameter."""
        return _value_in(self.look, pass_name, parameter)

    def saved_value(self, pass_name: str, parameter: str) -> Value:
        """The value in the look's file; the shader's default if the file has no such parameter."""
        try:
            return _value_in(self.saved, pass_name, parameter)
        except LookError:
            declared = load_pass(pass_name).parameter(parameter)
            return self.value(pass_name, parameter) if declared is None else declared.default

    def is_value_changed(self, pass_name: str, parameter: str) -> bool:
        """Whether the value differs from the saved look."""
        return not _same(self.value(pass_name, parameter), self.saved_value(pass_name, parameter))

    def set(self, pass_name: str, parameter: str, value: Value, *, drag: bool = False) -> None:
        """Sets a value. Raises LookError, with the range or the choices, if the shader's pragma does not allow it.

        Successive calls for the same parameter with `drag` are one undo step, until `end_drag`.
        """
        look = self.look.with_value(pass_name, parameter, value)
        if look != self.look:
            self._dragged = f"{pass_name}.{parameter}"
            self.history.change(self._dragged, merge_s=UNTIL_RELEASED if drag else 0.0, look=look)

    def arrange(self, reason: str, change: Callable[[Look], Look], *, drag: bool = False) -> None:
        """Changes the passes by a function of `look.arrangement`, in one step of undo. Raises its LookError.

        Successive calls with `drag` are one step, as for `set`.
        """
        look = change(self.look)
        if look != self.look:
            self._dragged = reason
            self.history.change(reason, merge_s=UNTIL_RELEASED if drag else 0.0, look=look)

    def end_drag(self) -> None:
        """Ends a drag: the next change is a new undo step."""
        self.history.end_step(self._dragged)

    def reset(self, pass_name: str | None = None, parameter: str | None = None) -> None:
        """Restores the saved values of one parameter, one pass or all passes, in one undo step.

        All passes are also those of the saved look again.
        """
        if pass_name is None and self.is_rearranged:
            self.history.change("look values", look=replace(self.look, passes=self.saved.passes))
            return
        names = {settings.name for settings in self.look.passes}
        if pass_name is not None and pass_name not in names:
            raise LookError(f"{self.look.name}: no pass '{pass_name}' to reset; there are {', '.join(names)}")
        if pass_name is not None and parameter is not None:
            self.value(pass_name, parameter)  # raises LookError if it does not exist

        def after_reset(settings: PassSettings, each: Parameter) -> Value:
            is_selected = pass_name in (None, settings.name) and parameter in (None, each.name)
            return self.saved_value(settings.name, each.name) if is_selected else settings.values[each.name]

        self._put(after_reset)

    def randomize(self, seed: int, reach: float = 1.0) -> None:
        """Random values within the parameters' ranges, reproducible by seed, in one step. Locked parameters stay.

        A number moves up or down by at most half of `reach` times its range, clipped to the range. An enumeration or a
        switch is drawn again with the probability `reach`. The three channels of a colour move together.
        """
        rng = random.Random(seed)

        def drawn(settings: PassSettings, parameter: Parameter) -> Value:
            value = _randomized(rng, parameter, settings.values[parameter.name], reach)
            return settings.values[parameter.name] if self.is_locked(settings.name, parameter.name) else value

        self._put(drawn)

    def lock(self, pass_name: str, parameter: str, locked: bool = True) -> None:
        """Excludes a parameter from `randomize`; it can still be set. Raises LookError if it does not exist."""
        self.value(pass_name, parameter)
        (self._locked.add if locked else self._locked.discard)((pass_name, parameter))

    def is_locked(self, pass_name: str, parameter: str) -> bool:
        return (pass_name, parameter) in self._locked

    def store(self) -> None:
        """Copies the shown look into the other slot."""
        self.history.change("store", companion=replace(self._slots, other=self.look, other_saved=self.saved))

    def swap(self) -> None:
        """Shows the other slot. A second call restores the first."""
        slots = self._slots
        swapped = _Slots("B" if self.slot == "A" else "A", slots.other_saved, self.look, slots.saved)
        self.history.change("swap", companion=swapped, look=slots.other)

    def open(self, look: Look, reason: str = "look", **changes: Any) -> None:
        """Opens another look, as in its file, with changes of other settings, in one step of undo."""
        self.history.change(reason, look=look, companion=replace(self._slots, saved=look), **changes)

    def reloaded(self, look: Look) -> None:
        """Takes the changes of the look's edited file; other values that the user changed stay."""
        passes = tuple(self._merged(settings, self.saved) for settings in look.passes)
        self._take_file(look)
        companion = replace(self._slots, saved=look)
        self.history.change("look file", look=replace(look, passes=passes), companion=companion)

    def refit(self) -> None:
        """Adapts the look, its slots and its history to the parameters of edited shaders.

        Raises ShaderError, and changes nothing, if a pass does not exist any more.
        """
        self.history.rewrite(_refitted)

    def snapshot(self) -> EditingSnapshot:
        """The state including the undo history, for `restore`."""
        return EditingSnapshot(self.history.snapshot())

    def restore(self, snapshot: EditingSnapshot) -> None:
        self.history.restore(snapshot.history)

    def as_toml(self, folder: Path | None = None) -> str:
        """The text of the look's file with its comments. Paths of LUTs are relative to `folder` if it is given."""
        return edited_text(self.look, folder)

    def save_as(self, path: str | Path) -> Path:
        """Writes the look atomically, named after the file, and continues with that file. Returns its absolute path.

        Raises OutputError if the file cannot be written, or is not a .toml file.
        """
        path = Path(path).expanduser().absolute()
        if path.suffix != ".toml":
            raise OutputError(f"{path.name}: a look is a .toml file; name {path.stem or 'mine'}.toml")
        named = self.look if self.look.file == path else replace(self.look, name=path.stem)
        saved = _explicit_values(write_look(path, named))
        self.history.follow(look=saved, companion=replace(self._slots, saved=saved))
        self._take_file(saved)
        return path

    def _take_file(self, look: Look) -> None:
        """`look` is now the content of its file, for every step with a look of this file."""

        def taken(settings: Settings, slots: _Slots) -> tuple[Settings, _Slots]:
            saved, other = (look if each.file == look.file else each for each in (slots.saved, slots.other_saved))
            return settings, replace(slots, saved=saved, other_saved=other)

        if look.file is not None:
            self.history.rewrite(taken)

    def _merged(self, settings: PassSettings, before: Look) -> PassSettings:
        """A pass from the edited file; parameters unchanged in the file keep the values set by the user."""
        values = dict(settings.values)
        for name, file_value in settings.values.items():
            try:
                edited, file_values_before = self.value(settings.name, name), _value_in(before, settings.name, name)
            except LookError:
                continue
            if _same(file_value, file_values_before) and not _same(edited, file_values_before):
                values[name] = edited
        return replace(settings, values=MappingProxyType(values))

    def _put(self, value: Callable[[PassSettings, Parameter], Value]) -> None:
        passes = tuple(
            replace(
                settings,
                values=MappingProxyType(
                    {each.name: value(settings, each) for each in load_pass(settings.name).parameters}
                ),
            )
            for settings in self.look.passes
        )
        self.history.change("look values", look=replace(self.look, passes=passes))


def _value_in(look: Look, pass_name: str, parameter: str) -> Value:
    present_name = look.present_name(pass_name)
    for settings in look.passes:
        if settings.name == present_name and parameter in settings.values:
            return settings.values[parameter]
    raise LookError(f"{look.name}: no parameter '{parameter}' of a pass '{pass_name}'; see groundglass look show")


def _arrangement(look: Look) -> list[tuple[str, bool]]:
    return [(settings.name, settings.enabled) for settings in look.passes]


def _same(value: Value, other: Value) -> bool:
    if isinstance(value, Table) and isinstance(other, Table):  # the same file may have been read twice
        return value is other or (getattr(value, "file", None) or value) == (getattr(other, "file", None) or other)
    return value == other


def _refitted(settings: Settings, slots: _Slots) -> tuple[Settings, _Slots]:
    looks = {name: getattr(slots, name).refitted() for name in ("saved", "other", "other_saved")}
    return settings.with_(look=settings.look.refitted()), replace(slots, **looks)


def _explicit_values(look: Look) -> Look:
    """The look with its values rounded as in its text."""
    passes = (
        replace(settings, values=MappingProxyType({name: rounded(value) for name, value in settings.values.items()}))
        for settings in look.passes
    )
    return replace(look, passes=tuple(passes))


def _randomized(rng: random.Random, parameter: Parameter, value: Value, reach: float) -> Value:
    """A random value. Draws two numbers for every kind of parameter: a lock does not change later values."""
    turn, pick = rng.uniform(-0.5, 0.5) * reach, rng.random()
    moved = turn * (parameter.high - parameter.low)
    match value:
        case bool():
            return pick < 0.5 * reach if pick < reach else value
        case str():
            return parameter.choices[int(pick / reach * len(parameter.choices))] if pick < reach else value
        case Table():
            return value
        case tuple():
            red, green, blue = (channel + moved for channel in value)
            return parameter.clamped((red, green, blue))
        case int():
            return parameter.clamped(round(value + moved))
    return parameter.clamped(value + moved)
