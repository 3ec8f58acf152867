"""Viewfinder aids: overlays to judge focus, exposure and composition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from ..controls import Action, Choice, Control, Number, Switch
from ..display.overlays import NO_OVERLAYS, Circles, Overlays
from ..display.status_line import MIN_TEXT_PX, render_text
from ..display.tool import Canvas, Tool, ToolContext
from ..frame import Encoding
from ..gl.passes import Parameter, Value, load_pass
from .legend import draw_legend

if TYPE_CHECKING:
    from ..drawn import Drawn
    from ..frame import Frame

PALETTE = "palette"  # the parameter of an overlay that follows the choice for all aids
PALETTES = "usual", "colour-blind"
COLOUR_BLIND = PALETTES[1]
NO_DEPTH = "no depth here"
NO_MOSAIC = "this picture has no raw data"


@dataclass(frozen=True, slots=True)
class Aid:
    """An overlay pass and the key that switches it; `next_key` selects the next choice of its first enumeration."""

    name: str
    title: str
    key: str
    next_key: str = ""


# In drawing order: passes that recolour the picture come first, lines and masks last.
AIDS = (
    Aid("depth_view", "Depth view", "Shift+D"),
    Aid("false_colour", "False colour", "E", "Shift+E"),
    Aid("peaking", "Focus peaking", "P", "Shift+P"),
    Aid("zebra", "Zebra", "C", "Shift+C"),
    Aid("clipping", "Clipping", "J", "Shift+J"),
    Aid("grid", "Grid", "G", "Shift+G"),
    Aid("frame_lines", "Frame lines", "B", "Shift+B"),
    Aid("aspect_mask", "Aspect mask", "K", "Shift+K"),
)


@dataclass(slots=True)
class _State:
    on: bool = False
    values: dict[str, Value] = field(default_factory=dict)


class Aids(Tool):
    """Switches for the overlay passes, and numbers for their parameters."""

    def __init__(self, tool_context: ToolContext) -> None:
        self._tool_context, self._notify = tool_context, tool_context.notify
        self._states = {aid.name: _State() for aid in AIDS}
        self._palette = PALETTES[0]

    def controls(self) -> Iterable[Control]:
        for aid in AIDS:
            state = self._states[aid.name]
            yield Switch(
                *(aid.name, aid.title, "aids", aid.key),
                get=partial(getattr, state, "on"),
                set=partial(self._toggle, aid),
                is_saved=True,
                is_aid=True,
                note=partial(self._note, aid.name),
            )
            key = aid.next_key
            for parameter in load_pass(aid.name).parameters:
                if parameter.name == PALETTE:
                    continue
                yield self._parameter_control(aid, parameter, key if parameter.kind == "enum" else "")
                key = "" if parameter.kind == "enum" else key
        yield Choice(
            *("aid_colours", "Colours of the aids", "aids"),
            choices=PALETTES,
            get=lambda: self._palette,
            set=self._set_palette,
            is_saved=True,
            help="colour-blind: false colour in blue to yellow, peaking in yellow instead of red or green",
        )
        yield Action("aids_off", "All aids off", "aids", "0", do=self._tool_context.controls.end_aids)

    def overlays(self, drawn: Drawn | None) -> Overlays:
        passes = tuple(name for name, state in self._states.items() if state.on)
        if drawn is None or not passes:
            return NO_OVERLAYS
        frame, now, circles = drawn.frame, drawn.settings, None
        if frame.depth_m is not None and {"peaking", "depth_view"} & set(passes):
            circles = Circles.of(frame.depth_m, now.lens, now.focus_m, frame, drawn.magnification)
        return Overlays(
            passes,
            {name: self._values(name, frame) for name in passes},
            circles,
            scene=drawn.scene if "false_colour" in passes else None,
            raw=frame if self._needs_raw() and frame.encoding is Encoding.MOSAIC else None,
            equivalent_mm=now.lens.equivalent_mm(drawn.aspect) if "frame_lines" in passes else None,
        )

    def draw(self, canvas: Canvas) -> None:
        if self._states["false_colour"].on:
            key = str(self._value("false_colour", "scale")), canvas.text_px, self._palette
            canvas.sprites.prepare("legend", key, lambda: draw_legend(*key))
            canvas.sprites.draw(
                "legend", canvas.text_px // 2, max(4 * canvas.text_px, canvas.status[1] + canvas.text_px)
            )
        if self._states["frame_lines"].on:
            self._label_frame_lines(canvas)

    def _label_frame_lines(self, canvas: Canvas) -> None:
        """Draws the focal length of each frame in its upper left corner."""
        drawn = self._tool_context.drawn()
        if drawn is None:
            return
        equivalent_mm = drawn.settings.lens.equivalent_mm(drawn.aspect)
        for focal in str(self._value("frame_lines", "pair")).split("-"):
            half = 0.5 * equivalent_mm / float(focal)
            if half > 0.5:  # the frame is larger than the picture
                continue
            text_px = max(MIN_TEXT_PX, canvas.text_px * 4 // 5)
            label = partial(render_text, [focal], text_px, canvas.size[0])
            size = canvas.sprites.prepare(f"frame {focal}", text_px, label)
            x, y = canvas.pixel(0.5 - half, 0.5 - half)
            canvas.sprites.draw(f"frame {focal}", x + text_px // 2, y - text_px // 2 - size[1])

    def _note(self, name: str) -> str:
        """What an aid shows, or why it shows nothing."""
        drawn = self._tool_context.drawn()
        if drawn is None:
            return ""
        match name:
            case "depth_view" if not drawn.has_depth:
                return NO_DEPTH
            case "peaking":
                return "by contrast" if drawn.frame.depth_m is None else f"by {self._value(name, 'by')}"
            case "zebra" | "clipping" if self._value(name, "of") == "raw":
                return "of the raw data" if drawn.frame.encoding is Encoding.MOSAIC else NO_MOSAIC
            case "frame_lines":
                equivalent_mm = drawn.settings.lens.equivalent_mm(drawn.aspect)
                outside = [mm for mm in str(self._value(name, "pair")).split("-") if float(mm) < equivalent_mm]
                return f"{' and '.join(outside)} mm outside the picture" if outside else ""
        return ""

    def _parameter_control(self, aid: Aid, parameter: Parameter, key: str) -> Control:
        name = f"{aid.name}_{parameter.name}"
        title = f"{aid.title}: {parameter.label[0].lower()}{parameter.label[1:]}"
        get = partial(self._value, aid.name, parameter.name)
        put = partial(self._set, aid.name, parameter.name)
        if parameter.kind == "enum":
            return Choice(
                *(name, title, "aids", key), choices=parameter.choices, get=lambda: str(get()), set=put, is_saved=True
            )
        return Number(
            *(name, title, "aids"),
            minimum=parameter.low,
            maximum=parameter.high,
            step=parameter.step,
            get=lambda: float(get()),  # type: ignore[arg-type]
            set=put,
            is_saved=True,
        )

    def _value(self, name: str, parameter: str) -> Value:
        declaration = load_pass(name).parameter(parameter)
        assert declaration is not None
        return self._states[name].values.get(parameter, declaration.default)

    def _values(self, name: str, frame: Frame) -> dict[str, Value]:
        values = dict(self._states[name].values)
        if name == "peaking" and self._palette == COLOUR_BLIND and self._value(name, "colour") in ("red", "green"):
            values["colour"] = "yellow"
        if name == "peaking" and frame.depth_m is None:
            values["by"] = "contrast"
        return values

    def _set_palette(self, palette: str) -> None:
        self._palette = palette
        self._states["false_colour"].values[PALETTE] = palette

    def _set(self, name: str, parameter: str, value: Value) -> None:
        self._states[name].values[parameter] = value
        if isinstance(value, str):
            self._notify(f"{next(aid.title for aid in AIDS if aid.name == name)}: {value}")

    def _toggle(self, aid: Aid, on: bool) -> None:
        drawn = self._tool_context.drawn()
        if on and aid.name == "depth_view" and (drawn is None or not drawn.has_depth):
            self._notify(NO_DEPTH)
            return
        self._states[aid.name].on = on
        if on and self._needs_raw() and drawn is not None and drawn.frame.encoding is not Encoding.MOSAIC:
            self._notify(NO_MOSAIC)

    def _needs_raw(self) -> bool:
        return any(self._states[name].on and self._value(name, "of") == "raw" for name in ("zebra", "clipping"))
