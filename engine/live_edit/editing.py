"""The look that is being edited, without any window: values, two slots to compare, chance, and its file."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from ..errors import LookError, OutputError
from ..formats.picture_write import write_atomically
from ..gl.passes import Parameter, Table, Value, load_pass
from ..look.look import Look, PassSettings
from ..look.look_text import edited_text, rounded
from ..settings import UNTIL_RELEASED, HistorySnapshot, Settings, SettingsHistory

Slot = Literal["A", "B"]


@dataclass(frozen=True, slots=True)
class _Slots:
    """What undo brings back beside the settings: which slot is shown, and the look in the one that is not."""

    other: Look
    shown: Slot


@dataclass(frozen=True, slots=True)
class EditingSnapshot:
    """An `Editing` as it was."""

    saved: Look
    history: HistorySnapshot

    @property
    def look(self) -> Look:
        return self.history.now.settings.look


class Editing:
    """The look of the live settings and what became of it: each change is a step of their history.

    The two slots begin with the look as it was opened. `saved` is the look as its file has it.
    """

    def __init__(self, history: SettingsHistory) -> None:
        self.history = history
        self.saved = history.now.look
        history.follow(companion=_Slots(self.saved, "A"))
        self._dragged = ""
        self._locked: set[tuple[str, str]] = set()

    @property
    def look(self) -> Look:
        """As it is shown."""
        return self.history.now.look

    @property
    def slot(self) -> Slot:
        """Which of the two is shown."""
        return self._slots.shown

    @property
    def _slots(self) -> _Slots:
        slots: _Slots = self.history.companion
        return slots

    @property
    def is_changed(self) -> bool:
        """Whether something is not as it was saved."""
        return any(self.is_value_changed(one.name, parameter.name) for one, parameter in self.parameters())

    def parameters(self) -> Iterator[tuple[PassSettings, Parameter]]:
        """All that can be set, in the order of the look's passes; a parameter of the kind `table` cannot."""
        for settings in self.look.passes:
            for parameter in load_pass(settings.name).parameters:
                yield settings, parameter

    def value(self, pass_name: str, parameter: str) -> Value:
        """LookError where the look has no such thing."""
        return _value_in(self.look, pass_name, parameter)

    def saved_value(self, pass_name: str, parameter: str) -> Value:
        """As the look's file has it; the shader's default where the file is of another pass."""
        try:
            return _value_in(self.saved, pass_name, parameter)
        except LookError:
            found = load_pass(pass_name).parameter(parameter)
            return self.value(pass_name, parameter) if found is None else found.default

    def is_value_changed(self, pass_name: str, parameter: str) -> bool:
        """Whether it is not as it was saved."""
        return not _same(self.value(pass_name, parameter), self.saved_value(pass_name, parameter))

    def set(self, pass_name: str, parameter: str, value: Value, *, drag: bool = False) -> None:
        """LookError, with the range or the choices, where the shader's pragma does not allow it.

        Sets of one parameter that follow one another with `drag` are undone as one, until `end_drag`.
        """
        look = self.look.with_value(pass_name, parameter, value)
        if look != self.look:
            self._dragged = f"{pass_name}.{parameter}"
            self.history.change(self._dragged, merge_s=UNTIL_RELEASED if drag else 0.0, look=look)

    def end_drag(self) -> None:
        """The hand lets go: what is set next is a step of its own."""
        self.history.end_step(self._dragged)

    def reset(self, pass_name: str | None = None, parameter: str | None = None) -> None:
        """One parameter, one pass or all as it was saved, in one step."""
        names = {one.name for one in self.look.passes}
        if pass_name is not None and pass_name not in names:
            raise LookError(f"{self.look.name}: no pass '{pass_name}' to reset; there are {', '.join(names)}")
        if pass_name is not None and parameter is not None:
            self.value(pass_name, parameter)  # a LookError where it is none

        def fresh(settings: PassSettings, one: Parameter) -> Value:
            is_meant = pass_name in (None, settings.name) and parameter in (None, one.name)
            return self.saved_value(settings.name, one.name) if is_meant else settings.values[one.name]

        self._put(fresh)

    def randomise(self, seed: int, reach: float = 1.0) -> None:
        """Numbers by chance within their ranges, the same ones for a seed, in one step. What is locked stays.

        A number moves by up to half of `reach` times its range, up or down, and stays in it; an enumeration or a
        switch is drawn anew with the probability `reach`. Of a colour the three channels move together.
        """
        rng = random.Random(seed)

        def drawn(settings: PassSettings, parameter: Parameter) -> Value:
            value = _randomized(rng, parameter, settings.values[parameter.name], reach)
            return settings.values[parameter.name] if self.is_locked(settings.name, parameter.name) else value

        self._put(drawn)

    def lock(self, pass_name: str, parameter: str, locked: bool = True) -> None:
        """Keeps a parameter from chance; hands still move it. LookError where there is none."""
        self.value(pass_name, parameter)
        (self._locked.add if locked else self._locked.discard)((pass_name, parameter))

    def is_locked(self, pass_name: str, parameter: str) -> bool:
        return (pass_name, parameter) in self._locked

    def store(self) -> None:
        """Puts the look as it is now into the other slot, too."""
        self.history.change("store", companion=replace(self._slots, other=self.look))

    def swap(self) -> None:
        """Shows the other slot; this one keeps what was shown. Twice is as before."""
        slots = _Slots(self.look, "B" if self.slot == "A" else "A")
        self.history.change("swap", companion=slots, look=self._slots.other)

    def open(self, look: Look) -> None:
        """Another look, as its file has it. Undo leads back to the one before, and to its changes."""
        self.saved = look
        self.history.change("look", look=look)

    def reloaded(self, look: Look) -> None:
        """The look's file was edited: what changed there is taken, and what was set by hand beside it stays."""
        before = self.saved
        self.saved = look
        passes = tuple(self._merged(settings, before) for settings in look.passes)
        self.history.change("look file", look=replace(look, passes=passes))

    def refit(self) -> None:
        """The shaders of the passes were edited: all that is kept is made to fit their parameters.

        Raises ShaderError, and changes nothing, where a pass is not there any more.
        """
        saved = self.saved.refitted()
        self.history.rewrite(_refitted)
        self.saved = saved

    def snapshot(self) -> EditingSnapshot:
        """All there is to undo, too, to `recall` when what comes next turns out to be no good."""
        return EditingSnapshot(self.saved, self.history.snapshot())

    def restore(self, snapshot: EditingSnapshot) -> None:
        self.saved = snapshot.saved
        self.history.restore(snapshot.history)

    def as_toml(self, folder: Path | None = None) -> str:
        """The look's file as it would be in `folder`, with the comments that it has; LUTs by their names if None."""
        return edited_text(self.look, folder)

    def save_as(self, path: str | Path) -> Path:
        """Writes the look, named after the file, whole or not at all, and goes on with that file. Returns its path.

        Raises OutputError where it cannot be written, or is no .toml.
        """
        path = Path(path).expanduser().absolute()
        if path.suffix != ".toml":
            raise OutputError(f"{path.name}: a look is a .toml file; name {path.stem or 'mine'}.toml")
        named = self.look if self.look.file == path else replace(self.look, name=path.stem)
        text = edited_text(named, path.parent)
        write_atomically(path, lambda part: part.write_text(text, encoding="utf-8"))
        self.saved = replace(_explicit_values(named), file=path, text=text)
        self.history.follow(look=self.saved)
        return path

    def _merged(self, settings: PassSettings, before: Look) -> PassSettings:
        """A pass as its file has it now, with what was set by hand where the file stayed as it was."""
        values = dict(settings.values)
        for name, told in settings.values.items():
            try:
                edited, file_values_before = self.value(settings.name, name), _value_in(before, settings.name, name)
            except LookError:
                continue
            if _same(told, file_values_before) and not _same(edited, file_values_before):
                values[name] = edited
        return PassSettings(settings.name, MappingProxyType(values))

    def _put(self, value: Callable[[PassSettings, Parameter], Value]) -> None:
        passes = tuple(
            PassSettings(
                settings.name,
                MappingProxyType({one.name: value(settings, one) for one in load_pass(settings.name).parameters}),
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


def _same(one: Value, other: Value) -> bool:
    if isinstance(one, Table) and isinstance(other, Table):  # the same file read a second time
        return one is other or (getattr(one, "file", None) or one) == (getattr(other, "file", None) or other)
    return one == other


def _refitted(settings: Settings, slots: _Slots) -> tuple[Settings, _Slots]:
    return settings.with_(look=settings.look.refitted()), replace(slots, other=slots.other.refitted())


def _explicit_values(look: Look) -> Look:
    """With its numbers as a text tells them."""
    passes = (
        PassSettings(one.name, MappingProxyType({name: rounded(value) for name, value in one.values.items()}))
        for one in look.passes
    )
    return replace(look, passes=tuple(passes))


def _randomized(rng: random.Random, parameter: Parameter, value: Value, reach: float) -> Value:
    """Asks `chance` twice, whatever the parameter is, so that a lock does not move what is drawn after it."""
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
            red, green, blue = (one + moved for one in value)
            return parameter.clamped((red, green, blue))
        case int():
            return parameter.clamped(round(value + moved))
    return parameter.clamped(value + moved)
