"""The steps of a soak test: what a user, a script and a bad day do, in an order that a seed determines."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..controls import Choice, Control, Number, Switch
from ..lens import list_lenses
from .materials import SCENE, Materials

SCALES = (1.0, 0.75, 0.5, 0.25)
OUTPUT_SWITCHES = ("record", "sequence")
# Controls of the machine, and those with steps of their own.
EXCLUDED = ("quit", "fullscreen", "webcam", "find_cameras", "source", "look", "lens", *OUTPUT_SWITCHES)
ACTIONS = ("undo", "redo", "swap", "reset_look", "autofocus", "hyperfocal", "aids_off", "brighter", "darker")
BAD_LINES = (
    *(b"", b"{", b"\xff\xfe", b"[" * 5000, b'{"get": 1e999}', b'{"set": "focus", "to": ' + b"9" * 400 + b"}"),
    *(b'{"set": "focus", "to": NaN}', b'{"do": "nothing"}', b'{"id": 1}', b'{"set": "look", "to": "\\u0000"}'),
)


@dataclass(frozen=True)
class Step:
    """`kind` is for the report. `line` is sent to the remote control, `act` is called in the live loop."""

    kind: str
    line: bytes = b""
    act: Callable[[], object] | None = None


def steps(
    seed: int, materials: Materials, controls: Sequence[Control], set_scale: Callable[[float], object]
) -> Iterator[Step]:
    """The steps without end. Each draws from its own numbers, so that an early change does not alter later ones."""
    chosen = [control for control in controls if control.name not in EXCLUDED and not control.name.startswith("look")]
    settable = [control for control in chosen if isinstance(control, Switch | Number | Choice)]
    number = 0
    while True:
        yield _step(random.Random(f"{seed}/{number}"), materials, settable, set_scale)
        number += 1


def rest_steps(
    set_scale: Callable[[float], object], reset: Callable[[], object], measure: Callable[[], object]
) -> list[Step]:
    """Steps that put the view into one state, with full caches, and measure it.

    Memory depends on the sizes, scales and aids of a moment: only that of equal states shows what is never released.
    """
    return [
        *(Step("rest", _set(name, False)) for name in OUTPUT_SWITCHES),
        Step("rest", _line({"do": "aids_off"}), reset),
        Step("rest", _set("source", SCENE)),
        *(Step("rest", act=partial(set_scale, scale)) for scale in reversed(SCALES)),
        Step("rest", act=measure),
    ]


def _step(
    rng: random.Random, materials: Materials, controls: Sequence[Control], set_scale: Callable[[float], object]
) -> Step:
    match rng.choices(range(9), (30, 8, 6, 8, 4, 12, 10, 6, 12))[0]:
        case 0:
            control = rng.choice(controls)
            return Step("control", _set(control.name, _setting(rng, control)))
        case 1:
            return Step("look", _set("look", rng.choice(materials.looks)))
        case 2:
            return Step("lens", _set("lens", rng.choice(list_lenses())))
        case 3:
            return Step("source", _set("source", rng.choice(materials.sources)))
        case 4:
            scale = rng.choice(SCALES)
            return Step("scale", act=lambda: set_scale(scale))
        case 5:
            return Step("action", _line({"do": rng.choice(ACTIONS)}))
        case 6:
            return Step("output", _output(rng))
        case 7:
            return Step("reload", act=_reload(rng, materials))
        case _:
            return _fault(rng, materials)


def _setting(rng: random.Random, control: Control) -> Any:
    match control:
        case Number(minimum=minimum, maximum=maximum):
            return rng.uniform(minimum, maximum)
        case Choice(choices=choices):
            return rng.choice(choices)
    return rng.random() < 0.5


def _output(rng: random.Random) -> bytes:
    name = rng.choice(("still", "burst", *OUTPUT_SWITCHES, *OUTPUT_SWITCHES))
    return _set(name, rng.random() < 0.6) if name in OUTPUT_SWITCHES else _line({"do": name})


def _reload(rng: random.Random, materials: Materials) -> Callable[[], object]:
    """Saves the user's look with another value, in one write as some editors do."""
    text = materials.own_look.read_text(encoding="utf-8")
    ending = f"\n[pass.grain]\namount = {rng.uniform(0, 0.04):.4f}\n"
    return lambda: materials.own_look.write_text(text.partition("\n[pass.grain]")[0] + ending, encoding="utf-8")


def _fault(rng: random.Random, materials: Materials) -> Step:
    match rng.randrange(4):
        case 0:
            return Step("bad line", rng.choice(BAD_LINES))
        case 1:
            return Step("bad source", _set("source", rng.choice(materials.damaged)))
        case 2:
            return Step("bad look", _set("look", rng.choice(materials.damaged)))
    return Step("bad value", _set(rng.choice(("focus", "zebra", "lens", "look.grain.amount")), rng.choice(BAD_VALUES)))


BAD_VALUES: tuple[Any, ...] = (-1e30, 1e30, "nothing", True, [], {}, None, 10**400)


def _set(name: str, to: Any) -> bytes:
    return _line({"set": name, "to": to})


def _line(request: dict[str, Any]) -> bytes:
    return json.dumps(request).encode()
