"""A/B: the picture beside itself, in two looks, through two lenses, by two devices, with a line to drag."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import moderngl
import numpy as np
from numpy.typing import NDArray

from ..compute.device import list_devices
from ..controls import Choice, Control, Number, Switch
from ..display.events import Event, Pointer
from ..display.status_line import render_text
from ..display.tool import Canvas, Tool, ToolContext
from ..errors import GroundglassError
from ..lens import list_lenses, load_lens
from ..look.look import list_looks, load_look
from ..look.wipe import Wipe

if TYPE_CHECKING:
    from ..engine import Engine
    from ..frame import Frame

REACH_PX = 12  # how near to the line a press must be to take it, at a scale of 1
BEFORE = "neutral"


class WipeTool(Tool):
    """Turns the engine's split on and off, says what the right side shows, and moves the line between the two."""

    def __init__(self, tool_context: ToolContext) -> None:
        self._engine, self._notify = tool_context.engine, tool_context.notify
        self._on = False
        self._kind, self._look, self._lens = "before", "natural", "soft-90"
        self._devices = tuple(candidate.spec for candidate in list_devices()[0])
        # The one that does not work already, where there is another.
        own = tool_context.engine.device.spec
        self._device = next((spec for spec in self._devices if spec != own), own)
        self._other: Engine | None = None
        self._at = 0.5
        self._dragged = False
        self._reach = 0.02  # in fractions of the picture

    def controls(self) -> Iterable[Control]:
        yield Switch("split", "A/B split", "aids", "X", get=lambda: self._on, set=self._toggle)
        kinds = ("before", "look", "lens", "device")
        yield Choice(
            "split_kind", "A/B split: B is", "aids", "Shift+X", choices=kinds, get=lambda: self._kind, set=self._choose
        )
        looks, lenses = tuple(list_looks()), tuple(list_lenses())
        yield Choice(
            "split_look", "A/B split: look", "aids", choices=looks, get=lambda: self._look, set=self._choose_look
        )
        yield Choice(
            "split_lens", "A/B split: lens", "aids", choices=lenses, get=lambda: self._lens, set=self._choose_lens
        )
        yield Choice(
            *("split_device", "A/B split: device", "aids"),
            choices=self._devices,
            get=lambda: self._device,
            set=self._choose_device,
        )
        yield Number(
            "split_at", "A/B split: line", "aids", minimum=0, maximum=1, step=0.01, get=lambda: self._at, set=self._move
        )

    def handle_event(self, event: Event) -> bool:
        if not self._on or not isinstance(event, Pointer) or event.button != "left":
            return False
        if event.kind == "press":
            self._dragged = abs(event.x - self._at) <= self._reach
        elif event.kind == "drag" and self._dragged:
            self._move(min(max(event.x, 0.0), 1.0))
        elif event.kind == "release":
            was, self._dragged = self._dragged, False
            return was
        return self._dragged

    def on_frame(self, frame: Frame, picture: moderngl.Texture) -> None:
        if self._other is None or self._engine.last is None:
            return
        self._other.follow(self._engine)
        copy_right_part(self._engine.gl, self._other.draw(self._engine.last), picture, self._at)

    def close(self) -> None:
        if self._other is not None:
            self._other.close()
            self._other = None

    def draw(self, canvas: Canvas) -> None:
        if not self._on:
            return
        self._reach = REACH_PX * canvas.scale / (canvas.shown[2] * canvas.view.zoom)
        left, bottom, width, height = canvas.shown
        x = canvas.pixel(self._at, 0.0)[0]
        if not left <= x <= left + width:
            return
        pen = max(1, canvas.text_px // 9)
        canvas.sprites.prepare("split", (height, pen), lambda: line(height, pen))
        canvas.sprites.draw("split", x - 2 * pen, bottom)
        top = bottom + height - canvas.text_px // 2
        own = self._engine.device.spec if self._kind == "device" else self._engine.look.name
        for name, text in (("split-a", own), ("split-b", self._name())):
            label = partial(render_text, [text], canvas.text_px, canvas.size[0] // 3)
            made = canvas.sprites.prepare(name, (text, canvas.text_px, canvas.size[0]), label)
            canvas.sprites.draw(name, x - made[0] - 4 * pen if name == "split-a" else x + 4 * pen, top - made[1])

    def _name(self) -> str:
        return {"before": BEFORE, "look": self._look, "lens": self._lens, "device": self._device}[self._kind]

    def _toggle(self, on: bool) -> None:
        self._on = on
        self._arrange()

    def _arrange(self) -> None:
        """Has the engine, or another one beside it, draw what is chosen."""
        self.close()
        self._engine.split = None
        if not self._on:
            return
        try:
            if self._kind == "device":
                self._other = self._engine.beside(self._device)
            else:
                self._engine.split = self._split()
        except GroundglassError as error:
            self._on = False
            self._notify(str(error))

    def _split(self) -> Wipe:
        match self._kind:
            case "lens":
                lens = load_lens(self._lens)
                f_number = min(max(self._engine.lens.f_number, lens.f_number_min), lens.f_number_max)
                return Wipe(self._at, lens=lens.at(f_number))
            case kind:
                return Wipe(self._at, look=load_look(BEFORE if kind == "before" else self._look))

    def _choose(self, kind: str) -> None:
        self._kind = kind
        self._changed()

    def _choose_look(self, look: str) -> None:
        self._look, self._kind = look, "look"
        self._changed()

    def _choose_lens(self, lens: str) -> None:
        self._lens, self._kind = lens, "lens"
        self._changed()

    def _choose_device(self, device: str) -> None:
        self._device, self._kind = device, "device"
        self._changed()

    def _changed(self) -> None:
        self._notify(f"B is {self._name()}")
        self._arrange()

    def _move(self, at: float) -> None:
        self._at = at
        if self._engine.split is not None:
            self._engine.split = replace(self._engine.split, at=at)


def copy_right_part(gl: moderngl.Context, source: moderngl.Texture, target: moderngl.Texture, at: float) -> None:
    """Copies what lies right of the fraction `at` of a picture's width into another of the same size."""
    edge = round(at * target.width)
    if edge == target.width:
        return
    whole, part = gl.framebuffer([source]), gl.framebuffer([target])
    part.scissor = edge, 0, target.width - edge, target.height
    part.use()
    gl.copy_framebuffer(part, whole)
    part.scissor = None  # type: ignore[assignment]
    part.use()
    for framebuffer in (whole, part):
        framebuffer.release()


def line(height_px: int, pen_px: int) -> NDArray[np.uint8]:
    """(H, W, 4) uint8, premultiplied RGBA: a light line between dark edges."""
    rgba = np.zeros((height_px, 4 * pen_px, 4), np.uint8)
    rgba[..., 3] = 110
    rgba[:, pen_px : 3 * pen_px] = (240, 240, 240, 255)
    return rgba
