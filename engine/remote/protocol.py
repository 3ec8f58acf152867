"""Requests and replies: JSON objects, one per line.

    {"list": true}                    all controls and look parameters with range and value
    {"get": "zebra"}                  the value of a control
    {"set": "focus", "to": 1.5}       sets a control; look parameters are "look.PASS.PARAMETER"
    {"do": "still"}                   runs an action
    {"press": "Shift+P"}              presses a key
    {"state": true}                   source, look, lens, focus, frame rate
    {"watch": true}                   from now on reports every change: {"changed": {...}}
    {"point": "click", "at": [x, y]}  the pointer at fractions of the window: click, press, move, release
    {"scroll": 2, "at": [x, y]}       turns the wheel there

The reply repeats an "id": {"id": 7, "ok": true, "value": 1.5}, or {"id": 7, "ok": false, "error": "..."}. A message of
the window is in the reply: "message". The reply to a request that writes files comes when they are whole.
A client that watches also receives messages, {"message": "..."}, and what was lost, {"lost": "..."}.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ..controls import Action, Choice, Control, Controls, Number, Pending, Text
from ..display.events import Button
from ..documents import DocumentError, decoded, parse_json
from ..errors import ControlError, GroundglassError, cause

if TYPE_CHECKING:
    from ..display.surface import Surface
    from ..gl.passes import Parameter, Value
    from ..live_edit.editing import Editing

VERBS = ("list", "get", "set", "do", "press", "state", "watch", "point", "scroll")
READING_VERBS = {"list", "get", "state", "watch"}  # they change nothing
POINTING_VERBS = {"point", "scroll"}  # they become events of the window
FORMS = {
    "set": '{"set": NAME, "to": SETTING}',
    "watch": '{"watch": true}',
    "list": '{"list": true}',
    "state": '{"state": true}',
    "point": '{"point": "click", "press", "move" or "release", "at": [X, Y]}, with fractions of the window',
    "scroll": '{"scroll": STEPS, "at": [X, Y]}, with fractions of the window',
}
BUTTONS: tuple[Button, ...] = "left", "right"
MAX_STEPS = 100.0  # turn of the wheel in a request
MAX_POSITION = 10.0  # a drag may leave the window
LOOK = "look."
Answer = dict[str, Any]
Request = dict[str, Any] | ControlError  # the error of an invalid line


@dataclass(frozen=True, slots=True)
class Deferred:
    """A reply that waits for work in another thread. `value` returns its value when the work is done."""

    reply: Answer
    work: Future[str]
    value: Callable[[], Any] = lambda: None

    @property
    def is_ready(self) -> bool:
        return self.work.done()

    def answer(self) -> Answer:
        """The reply of the finished work."""
        try:
            message = self.work.result()
            return self.reply | {"ok": True} | _with("value", self.value()) | _with("message", message)
        except GroundglassError as error:
            return self.reply | {"ok": False, "error": str(error)}


class Protocol:
    """Answers requests with `controls` and the look of `editing`; `surface` receives the pointer.

    `state` returns the reply to a state request.
    """

    def __init__(self, controls: Controls, editing: Editing, surface: Surface, state: Callable[[], Answer]) -> None:
        self._controls, self._editing, self._surface, self._state = controls, editing, surface, state

    def answer(self, request: Request) -> Answer | Deferred:
        """Executes a request and returns the reply. Errors are replies, too, also unexpected ones."""
        if isinstance(request, ControlError):
            return {"ok": False, "error": str(request)}
        reply = {"id": request["id"]} if "id" in request else {}
        try:
            verb = verb_of(request)
            work = self._begin(verb, request[verb], request)
            value = partial(self._value, verb, request[verb])
            if work is not None:
                return Deferred(reply, work, value)
            return reply | {"ok": True} | _with("value", value())
        except GroundglassError as error:
            return reply | {"ok": False, "error": str(error)}
        except Exception as error:  # no request ends the view
            return reply | {"ok": False, "error": f"the request failed ({type(error).__name__}: {cause(error)})"}

    def settings(self) -> dict[str, Any]:
        """The values of all controls and look parameters by name."""
        names = [control.name for control in self._controls if not isinstance(control, Action)]
        values = {name: plain(self._controls.get(name)) for name in names}
        return values | {name: plain(value) for name, _, value in self._parameters()}

    def _begin(self, verb: str, argument: Any, request: Answer) -> Pending:
        """Executes a request. Returns the work that continues, if any. ControlError for a malformed request."""
        match verb, argument:
            case ("set", str()) if "to" in request:
                return self._set(argument, request["to"])
            case ("do", str()):
                return self._controls.do(argument)
            case ("press", str()):
                return self._controls.activate(argument)
            case ("point", "click" | "press" | "move" | "release") if request.get("button", "left") in BUTTONS:
                self._point(argument, request.get("button", "left"), *self._position(request))
                return None
            case ("scroll", int() | float()) if not isinstance(argument, bool) and abs(argument) <= MAX_STEPS:
                self._point("move", "left", *self._position(request))
                self._surface.input.scroll(float(argument))
                return None
            case ("list" | "state", True) | ("watch", bool()) | ("get", str()):
                return None
        raise ControlError(f"invalid '{verb}'; write {_form(verb)}")

    def _position(self, request: Answer) -> tuple[float, float]:
        """The pixel of the surface, from its top-left corner, at the fractions of a request. ControlError without."""
        match request.get("at"):
            case [int() | float() as x, int() | float() as y] if max(abs(x), abs(y)) <= MAX_POSITION:
                return x * self._surface.size[0], y * self._surface.size[1]
        verb = verb_of(request)
        raise ControlError(f"invalid '{verb}'; write {_form(verb)}")

    def _point(self, kind: str, button: Button, x: float, y: float) -> None:
        if kind == "move":
            self._surface.input.move(x, y)
        for pressed in {"click": (True, False), "press": (True,), "release": (False,)}.get(kind, ()):
            self._surface.input.button(button, pressed, x, y)

    def _value(self, verb: str, argument: Any) -> Any:
        """The value in the reply of an executed request, or None."""
        match verb:
            case "list":
                return [*map(self._described, self._controls), *self._described_parameters()]
            case "state":
                return self._state()
            case "watch":
                return self.settings() if argument else None
            case "get" | "set":
                return self._get(argument)
        return None

    def _get(self, name: str) -> Any:
        if name.startswith(LOOK):
            return plain(self._editing.value(*_parts(name)))
        return plain(self._controls.get(name))

    def _set(self, name: str, setting: Any) -> Pending:
        if name.startswith(LOOK):
            self._editing.set(*_parts(name), _value(setting))
            return None
        if isinstance(setting, bool | int | float | str):
            return self._controls.set(name, setting)
        raise ControlError(f"'{name}' takes true or false, a number or a text, not {json.dumps(setting)[:40]}")

    def _parameters(self) -> Iterator[tuple[str, Parameter, Value]]:
        for settings, parameter in self._editing.parameters():
            yield f"{LOOK}{settings.name}.{parameter.name}", parameter, settings.values[parameter.name]

    def _described(self, control: Control) -> Answer:
        reply: Answer = {"name": control.name, "title": control.title, "group": control.group}
        reply["kind"] = type(control).__name__.lower()
        reply |= {key: text for key in ("key", "help") if (text := getattr(control, key))}
        reply |= {"aid": True} if control.is_aid else {}
        match control:
            case Number(minimum=minimum, maximum=maximum, step=step, unit=unit):
                reply |= {"least": minimum, "most": maximum, "step": step, "unit": unit}
            case Choice(choices=choices):
                reply["choices"] = list(choices)
            case Text(suggestions=suggestions):
                reply["suggestions"] = list(suggestions())
        return reply if isinstance(control, Action) else reply | {"value": plain(self._controls.get(control.name))}

    def _described_parameters(self) -> Iterator[Answer]:
        for name, parameter, value in self._parameters():
            reply: Answer = {"name": name, "title": parameter.label, "group": "look", "kind": parameter.kind}
            if parameter.choices:
                reply["choices"] = list(parameter.choices)
            else:
                reply |= {"least": parameter.low, "most": parameter.high}
            yield reply | {"value": plain(value)}


def verb_of(request: Answer) -> str:
    """The verb of a request. ControlError for none or several."""
    verbs = [verb for verb in VERBS if verb in request]
    if len(verbs) != 1:
        raise ControlError(f"a request has one of {', '.join(VERBS)}, not {' and '.join(verbs) or 'none'}")
    return verbs[0]


def read_request(line: bytes) -> Request:
    """The request in a line, or the error of an invalid line."""
    try:
        request = parse_json(decoded(line))
    except DocumentError as error:
        return ControlError(f'a request is a JSON object on a line, like {{"get": "zebra"}} ({error})')
    if not isinstance(request, dict):
        return ControlError(f'a request is a JSON object, like {{"get": "zebra"}}, not {json.dumps(request)[:40]}')
    return request


def _form(verb: str) -> str:
    return FORMS.get(verb, f'{{"{verb}": NAME}}')


def _with(key: str, value: Any) -> Answer:
    """A reply's entry; none for None and empty texts."""
    return {} if value is None or value == "" else {key: value}


def _parts(name: str) -> tuple[str, str]:
    pass_name, _, parameter = name.removeprefix(LOOK).partition(".")
    return pass_name, parameter


def _value(setting: Any) -> Value:
    """A parameter's value from its JSON. ControlError for an invalid type."""
    match setting:
        case bool() | int() | float() | str():
            return setting
        case [float() | int() as red, float() | int() as green, float() | int() as blue]:
            return float(red), float(green), float(blue)
    raise ControlError(
        f"a parameter is a number, a list of three, true, false or a text, not {json.dumps(setting)[:40]}"
    )


def plain(value: Value | None) -> Any:
    """A value as JSON: a table by its name, null for infinity."""
    match value:
        case float() if not math.isfinite(value):
            return None
        case None | bool() | int() | float() | str():
            return value
        case tuple():
            return list(value)
    return getattr(value, "name", "")
