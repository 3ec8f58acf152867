"""The list of all actions and settings: keys, menus, the keyboard map and remote control use it."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import KW_ONLY, dataclass, field
from typing import TypeGuard

from .errors import ControlError

# Former name -> present name, for remote clients and settings files written before the rename.
RENAMED_CONTROLS = {
    "street": "zone_focus",
    "loupe": "pixel_inspector",
    "split": "wipe",
    "split_kind": "wipe_kind",
    "split_look": "wipe_look",
    "split_lens": "wipe_lens",
    "split_device": "wipe_device",
    "split_at": "wipe_at",
    "mark_1": "focus_preset_1",
    "mark_2": "focus_preset_2",
    "bright_lines": "frame_lines",
    "bright_lines_pair": "frame_lines_pair",
}


OFF = "off"  # the choice of an aid that is not shown

# The result of work that continues in another thread: a message, or the GroundglassError of lost work.
Pending = Future[str] | None


@dataclass(frozen=True, slots=True)
class Control:
    """A control: `name` for scripts, `title` for people, menu `group`, optional `key` such as `Shift+P`."""

    name: str
    title: str
    group: str
    key: str = ""
    _: KW_ONLY
    help: str = ""  # one line; empty if the title is enough
    is_saved: bool = False  # restored at the next run
    is_aid: bool = False  # drawn over the picture to judge it: a switch, or a choice with OFF
    note: Callable[[], str] = str  # why an aid that is on shows nothing; empty if it does
    second_key: str = ""


@dataclass(frozen=True, slots=True)
class Action(Control):
    """A command. Its key runs it."""

    _: KW_ONLY
    do: Callable[[], Pending]


@dataclass(frozen=True, slots=True)
class Switch(Control):
    """On or off. Its key toggles it."""

    _: KW_ONLY
    get: Callable[[], bool]
    set: Callable[[bool], Pending]


@dataclass(frozen=True, slots=True)
class Number(Control):
    """A number from `minimum` to `maximum` in `unit`; `step` is the smallest useful change. It has no key."""

    _: KW_ONLY
    minimum: float
    maximum: float
    step: float
    get: Callable[[], float]
    set: Callable[[float], None]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Choice(Control):
    """One of `choices`. Its key selects the next choice."""

    _: KW_ONLY
    choices: tuple[str, ...]
    get: Callable[[], str]
    set: Callable[[str], None]
    renamed: Mapping[str, str] = field(default_factory=dict)  # former choice -> present choice, accepted silently

    @property
    def following(self) -> str:
        """The choice that the key selects: the first one if the present value is not in the list."""
        present = self.get()
        return self.choices[(self.choices.index(present) + 1) % len(self.choices) if present in self.choices else 0]


@dataclass(frozen=True, slots=True)
class Text(Control):
    """Any text, such as the name of a source. `suggestions` returns texts to choose from. It has no key."""

    _: KW_ONLY
    get: Callable[[], str]
    set: Callable[[str], None]
    suggestions: Callable[[], tuple[str, ...]] = tuple


Setting = bool | float | str


class Controls:
    """All controls in menu order. Names and keys are unique: `add` raises ValueError otherwise."""

    def __init__(self) -> None:
        self._controls: dict[str, Control] = {}
        self._keys: dict[str, Control] = {}

    def add(self, controls: Iterable[Control]) -> None:
        for control in controls:
            if control.name in self._controls:
                raise ValueError(f"two controls are named '{control.name}'")
            for key in filter(None, (control.key, control.second_key)):
                if key in self._keys:
                    raise ValueError(f"'{control.name}' and '{self._keys[key].name}' both use the key {key}")
                self._keys[key] = control
            self._controls[control.name] = control

    def replace(self, former: Iterable[Control], controls: Iterable[Control]) -> None:
        """Puts `controls` in the place of `former`. ValueError, as of `add`, changes nothing."""
        names = {control.name for control in former}
        kept = [control for control in self if control.name not in names]
        position = next((index for index, control in enumerate(self) if control.name in names), len(kept))
        replaced = Controls()
        replaced.add([*kept[:position], *controls, *kept[position:]])
        self._controls, self._keys = replaced._controls, replaced._keys

    def __iter__(self) -> Iterator[Control]:
        return iter(self._controls.values())

    def __getitem__(self, name: str) -> Control:
        """The control of this present or former name. ControlError, with the closest name, if it does not exist."""
        control = self._controls.get(self.present_name(name))
        if control is None:
            near = difflib.get_close_matches(name, self._controls, 1)
            raise ControlError(f"there is no control '{name}'" + (f"; did you mean '{near[0]}'?" if near else ""))
        return control

    def present_name(self, name: str) -> str:
        """`name` with a former control name replaced. A name that is itself a control is returned as it is."""
        return name if name in self._controls else RENAMED_CONTROLS.get(name, name)

    def groups(self) -> dict[str, list[Control]]:
        """The controls of each group, in menu order."""
        groups: dict[str, list[Control]] = {}
        for control in self:
            groups.setdefault(control.group, []).append(control)
        return groups

    def active_aids(self) -> list[Switch | Choice]:
        """The aids that are on, in menu order."""
        aids = [control for control in self if control.is_aid and isinstance(control, Switch | Choice)]
        return [aid for aid in aids if aid.get() not in (False, OFF)]

    def end_aids(self) -> None:
        """Switches all aids off."""
        for aid in self.active_aids():
            self.set(aid.name, False if isinstance(aid, Switch) else OFF)

    def press(self, key: str) -> bool:
        """Activates the control of this key. False if no control has the key."""
        if key in self._keys:
            self.activate(key)
        return key in self._keys

    def activate(self, key: str) -> Pending:
        """Runs, toggles or advances the control of this key. ControlError if no control has the key."""
        match self._keys.get(key):
            case Action(do=do):
                return do()
            case Switch(get=get, set=put):
                return put(not get())
            case Choice(set=put) as choice:
                put(choice.following)
                return None
        raise ControlError(f"no control has the key '{key}'; list reports all keys")

    def get(self, name: str) -> Setting:
        """The value of a control. ControlError for an action."""
        control = self[name]
        if isinstance(control, Switch | Number | Choice | Text):
            return control.get()
        raise ControlError(f"'{name}' is an action, it has no value")

    def set(self, name: str, setting: Setting) -> Pending:
        """Sets a control. ControlError if the setting has the wrong type or is out of range."""
        match self[name]:
            case Switch(set=switch) if isinstance(setting, bool):
                return switch(setting)
            case Number(set=put, minimum=minimum, maximum=maximum) if _is_number(setting):
                if not minimum <= setting <= maximum:  # an integer may be beyond the range of floats
                    shown = reprlib.repr(setting) if isinstance(setting, int) else f"{setting:g}"
                    raise ControlError(f"'{name}' must be {minimum:g} to {maximum:g}, not {shown}")
                put(float(setting))
            case Choice(set=put, choices=choices, renamed=renamed) if isinstance(setting, str):
                setting = renamed.get(setting, setting)
                if setting not in choices:
                    raise ControlError(f"'{name}' must be one of {', '.join(choices)}, not {reprlib.repr(setting)}")
                put(setting)
            case Text(set=put) if isinstance(setting, str):
                put(setting)
            case control:
                raise ControlError(f"'{name}' takes {_takes(control)}, not {reprlib.repr(setting)}")
        return None

    def do(self, name: str) -> Pending:
        """Runs an action. ControlError if the control is not an action."""
        control = self[name]
        if not isinstance(control, Action):
            raise ControlError(f"'{name}' is a setting, not an action; set its value")
        return control.do()


def _is_number(setting: Setting) -> TypeGuard[float]:
    return isinstance(setting, int | float) and not isinstance(setting, bool)


def _takes(control: Control) -> str:
    match control:
        case Switch():
            return "true or false"
        case Number(minimum=minimum, maximum=maximum):
            return f"a number from {minimum:g} to {maximum:g}"
        case Choice(choices=choices):
            return f"one of {', '.join(choices)}"
        case Text():
            return "a text"
        case _:
            return "no value, it is an action"
