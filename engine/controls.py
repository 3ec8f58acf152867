"""Everything a user can do or set, declared once: keys, menus, the keyboard map and remote control read this list."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import KW_ONLY, dataclass

from .errors import ControlError


@dataclass(frozen=True, slots=True)
class Control:
    """Has a `name` for scripts, a `title` for people, a `group` in the menu and maybe a `key` such as `Shift+P`."""

    name: str
    title: str
    group: str
    key: str = ""
    _: KW_ONLY
    help: str = ""  # one line, where the title does not say it all
    is_saved: bool = False  # from one run to the next


@dataclass(frozen=True, slots=True)
class Action(Control):
    """Something to do. Its key does it."""

    _: KW_ONLY
    do: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Switch(Control):
    """On or off. Its key turns it."""

    _: KW_ONLY
    get: Callable[[], bool]
    set: Callable[[bool], None]


@dataclass(frozen=True, slots=True)
class Number(Control):
    """A number from `minimum` to `maximum` in `unit`; `step` is what a hand can tell apart. It has no key."""

    _: KW_ONLY
    minimum: float
    maximum: float
    step: float
    get: Callable[[], float]
    set: Callable[[float], None]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Choice(Control):
    """One of `choices`. Its key takes the next one."""

    _: KW_ONLY
    choices: tuple[str, ...]
    get: Callable[[], str]
    set: Callable[[str], None]


Setting = bool | float | str


class Controls:
    """All controls, in the order in which menus show them. Names and keys are given once: ValueError otherwise."""

    def __init__(self) -> None:
        self._controls: dict[str, Control] = {}
        self._keys: dict[str, Control] = {}

    def add(self, controls: Iterable[Control]) -> None:
        for control in controls:
            if control.name in self._controls:
                raise ValueError(f"two controls are named '{control.name}'")
            if control.key in self._keys:
                raise ValueError(f"'{control.name}' and '{self._keys[control.key].name}' want the key {control.key}")
            self._controls[control.name] = control
            if control.key:
                self._keys[control.key] = control

    def __iter__(self) -> Iterator[Control]:
        return iter(self._controls.values())

    def __getitem__(self, name: str) -> Control:
        """ControlError, with the nearest name, where there is none."""
        if name not in self._controls:
            near = difflib.get_close_matches(name, self._controls, 1)
            raise ControlError(f"there is no control '{name}'" + (f"; did you mean '{near[0]}'?" if near else ""))
        return self._controls[name]

    def groups(self) -> dict[str, list[Control]]:
        """The controls by their group, in order."""
        groups: dict[str, list[Control]] = {}
        for control in self:
            groups.setdefault(control.group, []).append(control)
        return groups

    def press(self, key: str) -> bool:
        """Does what the key asks for; False where no control has it."""
        match self._keys.get(key):
            case Action(do=do):
                do()
            case Switch(get=get, set=put):
                put(not get())
            case Choice(get=get, set=put, choices=choices):
                present = get()  # maybe one of the user's own, which is not in the list
                put(choices[(choices.index(present) + 1) % len(choices) if present in choices else 0])
            case _:
                return False
        return True

    def get(self, name: str) -> Setting:
        """How a control stands. ControlError for an action, which does not."""
        control = self[name]
        if isinstance(control, Switch | Number | Choice):
            return control.get()
        raise ControlError(f"'{name}' is something to do, and has no setting")

    def set(self, name: str, setting: Setting) -> None:
        """Sets a control. ControlError where the setting is of the wrong kind or out of range."""
        match self[name]:
            case Switch(set=put) if isinstance(setting, bool):
                put(setting)
            case Number(set=put, minimum=minimum, maximum=maximum) if _is_number(setting):
                if not minimum <= float(setting) <= maximum:
                    raise ControlError(f"'{name}' is {minimum:g} to {maximum:g}, not {setting:g}")
                put(float(setting))
            case Choice(set=put, choices=choices) if isinstance(setting, str):
                if setting not in choices:
                    raise ControlError(f"'{name}' is {', '.join(choices)}, not '{setting}'")
                put(setting)
            case control:
                raise ControlError(f"'{name}' takes {_takes(control)}, not {setting!r}")

    def do(self, name: str) -> None:
        """Does an action. ControlError where the control is none."""
        control = self[name]
        if not isinstance(control, Action):
            raise ControlError(f"'{name}' is a setting, and nothing to do; set it")
        control.do()


def _is_number(setting: Setting) -> bool:
    return isinstance(setting, int | float) and not isinstance(setting, bool)


def _takes(control: Control) -> str:
    match control:
        case Switch():
            return "true or false"
        case Number(minimum=minimum, maximum=maximum):
            return f"a number from {minimum:g} to {maximum:g}"
        case Choice(choices=choices):
            return f"one of {', '.join(choices)}"
        case _:
            return "no setting, it is something to do"
