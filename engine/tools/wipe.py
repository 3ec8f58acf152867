"""A/B wipe: one picture with two looks, lenses or devices, divided by a line that can be dragged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import moderngl
import numpy as np
from numpy.typing import NDArray

from ..compute.registry import list_devices
from ..controls import Choice, Control, Number, Switch
from ..display.events import Event, Pointer
from ..display.prepared_settings import PreparedSettings
from ..display.status_line import render_text
from ..display.tool import Canvas, Invalidation, Tool, ToolContext
from ..errors import GroundglassError, cause
from ..lens import list_lenses, load_lens
from ..look.grade import WHOLE, Part
from ..look.look import list_looks
from .focus import at_closest_aperture

if TYPE_CHECKING:
    from ..drawn import Drawn
    from ..engine import Engine
    from ..frame import Frame
    from ..settings import Settings

REACH_PX = 12  # maximum distance from the line at which a press grabs it, at a scale of 1
BEFORE = "neutral"


class WipeTool(Tool):
    """Draws the part of the picture right of the line with other settings, B.

    A second look costs the time of its part of the picture; a second lens or device, that of a whole picture. Until
    everything for B is compiled, both sides show the picture, or B as it was before.
    """

    def __init__(self, tool_context: ToolContext) -> None:
        self._engine, self._settings, self._notify = tool_context.engine, tool_context.settings, tool_context.notify
        self._drawn = tool_context.drawn
        self._prepared: tuple[object, PreparedSettings] | None = None  # the kind of frames, B's settings
        self._on = False
        self._kind, self._look, self._lens = "before", "natural", "soft-90"
        self._devices = tuple(candidate.spec for candidate in list_devices()[0])
        # The first device other than the engine's own, if there is one.
        own = tool_context.engine.device.spec
        self._device = next((spec for spec in self._devices if spec != own), own)
        self._other: Engine | None = None
        self._b: tuple[Settings, Settings] | None = None  # the picture's and B's settings
        self._at = 0.5
        self._dragged = self._is_changed = False
        self._reach = 0.02  # in fractions of the picture

    def controls(self) -> Iterable[Control]:
        yield Switch("wipe", "Wipe (A/B)", "aids", "X", get=lambda: self._on, set=self._toggle, is_aid=True)
        kinds = ("before", "look", "lens", "device")
        yield Choice(
            "wipe_kind",
            "Wipe: compare with",
            "aids",
            "Shift+X",
            choices=kinds,
            get=lambda: self._kind,
            set=self._choose,
        )
        looks, lenses = tuple(list_looks()), tuple(list_lenses())
        yield Choice("wipe_look", "Wipe: look", "aids", choices=looks, get=lambda: self._look, set=self._choose_look)
        yield Choice("wipe_lens", "Wipe: lens", "aids", choices=lenses, get=lambda: self._lens, set=self._choose_lens)
        yield Choice(
            *("wipe_device", "Wipe: device", "aids"),
            choices=self._devices,
            get=lambda: self._device,
            set=self._choose_device,
        )
        yield Number(
            "wipe_at", "Wipe: line", "aids", minimum=0, maximum=1, step=0.01, get=lambda: self._at, set=self._move
        )

    def handle_event(self, event: Event) -> bool:
        if not self._on or not isinstance(event, Pointer) or event.button != "left":
            return False
        if event.kind == "press":
            self._dragged = abs(event.x - self._at) <= self._reach
        elif event.kind == "drag" and self._dragged:
            self._move(min(max(event.x, 0.0), 1.0))
        elif event.kind == "release":
            was_dragged, self._dragged = self._dragged, False
            return was_dragged
        return self._dragged

    def tick(self, now_s: float) -> Invalidation:
        is_due = self._on and self._prepared is not None and self._prepared[1].is_due(False)
        changed, self._is_changed = self._is_changed or is_due, False
        return Invalidation.REDRAW if changed else Invalidation.NOTHING

    def draw_part(self, frame: Frame) -> Part:
        if not self._on or self._other is not None:
            return WHOLE
        self._engine.draw(frame, self._ready_b(frame), part=Part("right", self._at))
        return Part("left", self._at)

    def _ready_b(self, frame: Frame) -> Settings:
        """B's settings, as far as they can be drawn without a wait: at first those of the picture."""
        wanted, drawn = self._b_settings(), self._drawn()
        kind = frame.encoding, frame.size, frame.cfa, frame.depth_m is None, frame.right is None
        if self._prepared is None or self._prepared[0] != kind:
            self._prepared = kind, PreparedSettings(self._engine, None if drawn is None else drawn.settings)
        if drawn is not None and drawn.captured is not frame:
            drawn = replace(drawn, frame=frame.upright())
        return self._prepared[1].of(wanted, drawn, moves=True)

    def on_frame(self, drawn: Drawn) -> None:
        if self._other is not None:  # it has no depth model; `drawn.frame` includes the depth
            try:
                other = self._other.draw(drawn.frame, drawn.settings)
            except Exception as error:  # each driver has its own; the picture itself is drawn
                self._on = False
                self._notify(f"{self._device} draws no more ({cause(error)}); the wipe is off")
                self.close()
                return
            copy_right_part(self._engine.gl, other.texture, drawn.texture, self._at)

    def close(self) -> None:
        other, self._other = self._other, None
        if other is not None:
            other.close()

    def draw(self, canvas: Canvas) -> None:
        if not self._on:
            return
        self._reach = REACH_PX * canvas.scale / (canvas.shown[2] * canvas.view.zoom)
        left, bottom, width, height = canvas.shown
        x = canvas.pixel(self._at, 0.0)[0]
        if not left <= x <= left + width:
            return
        pen = max(1, canvas.text_px // 9)
        canvas.sprites.prepare("wipe", (height, pen), lambda: line(height, pen))
        canvas.sprites.draw("wipe", x - 2 * pen, bottom)
        top = bottom + height - canvas.text_px // 2
        name_a = self._engine.device.spec if self._kind == "device" else self._settings.now.look.name
        for name, text in (("wipe-a", name_a), ("wipe-b", self._name())):
            label = partial(render_text, [text], canvas.text_px, canvas.size[0] // 3)
            size = canvas.sprites.prepare(name, (text, canvas.text_px, canvas.size[0]), label)
            canvas.sprites.draw(name, x - size[0] - 4 * pen if name == "wipe-a" else x + 4 * pen, top - size[1])

    def _name(self) -> str:
        return {"before": BEFORE, "look": self._look, "lens": self._lens, "device": self._device}[self._kind]

    def _toggle(self, on: bool) -> None:
        self._on = on
        self._prepare()

    def _prepare(self) -> None:
        """Prepares B: its settings, or an engine on another device that draws in the same GL context."""
        self.close()
        self._b, self._is_changed = None, True
        if not self._on:
            self._prepared = None
            return
        try:
            if self._kind == "device":
                self._other = self._engine.on_device(self._device)
            else:
                self._b_settings()
        except GroundglassError as error:
            self._on = False
            self._notify(str(error))

    def _b_settings(self) -> Settings:
        """B's settings: those of the picture with the compared look or lens replaced."""
        now = self._settings.now
        if self._b is None or self._b[0] is not now:
            self._b = now, self._compared(now)
        return self._b[1]

    def _compared(self, now: Settings) -> Settings:
        if self._kind == "lens":
            return now.with_(lens=at_closest_aperture(load_lens(self._lens), now.f_number))
        return now.with_(look=BEFORE if self._kind == "before" else self._look)

    def _choose(self, kind: str) -> None:
        self._kind = kind
        self._update()

    def _choose_look(self, look: str) -> None:
        self._look, self._kind = look, "look"
        self._update()

    def _choose_lens(self, lens: str) -> None:
        self._lens, self._kind = lens, "lens"
        self._update()

    def _choose_device(self, device: str) -> None:
        self._device, self._kind = device, "device"
        self._update()

    def _update(self) -> None:
        self._notify(f"B is {self._name()}")
        self._prepare()

    def _move(self, at: float) -> None:
        self._at = at
        self._is_changed = True


def copy_right_part(gl: moderngl.Context, source: moderngl.Texture, target: moderngl.Texture, at: float) -> None:
    """Copies the part of `source` right of the fraction `at` of its width into `target`, of the same size."""
    edge = round(at * target.width)
    if edge == target.width:
        return
    source_framebuffer, target_framebuffer = gl.framebuffer([source]), gl.framebuffer([target])
    target_framebuffer.scissor = edge, 0, target.width - edge, target.height
    target_framebuffer.use()
    gl.copy_framebuffer(target_framebuffer, source_framebuffer)
    target_framebuffer.scissor = None  # type: ignore[assignment]
    target_framebuffer.use()
    for framebuffer in (source_framebuffer, target_framebuffer):
        framebuffer.release()


def line(height_px: int, pen_px: int) -> NDArray[np.uint8]:
    """(H, W, 4) uint8, premultiplied RGBA: a light line between dark edges."""
    rgba = np.zeros((height_px, 4 * pen_px, 4), np.uint8)
    rgba[..., 3] = 110
    rgba[:, pen_px : 3 * pen_px] = (240, 240, 240, 255)
    return rgba
