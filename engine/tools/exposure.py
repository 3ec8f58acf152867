"""The hand on exposure and white balance: metered or by hand, brighter or darker; a source may expose itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from ..capture.exposure_control import exposure_control_of
from ..controls import Action, Choice, Control, Number, Switch
from ..develop.metering import MODES
from ..display.events import Event, Pointer
from ..display.tool import Invalidation, Tool, ToolContext

if TYPE_CHECKING:
    import moderngl

    from ..frame import Frame

THIRD_EV = 1 / 3
MAX_EV = 10.0  # as of `--exposure`
OFF = "off"
AUTO, AS_SHOT = "auto", "as-shot"
SOURCE_STEP_EV = 0.5  # by which the metered light must change before the source is asked to follow


class ExposureTool(Tool):
    """Sets `metering`, `exposure_ev` and `white_balance` of the engine's development.

    What is metered is digital gain. A source that is `ExposureControl` is asked to collect as much more or less light, which
    its frames then say, so that the gain goes back by as much and the picture's brightness stays.
    """

    def __init__(self, tool_context: ToolContext) -> None:
        self._engine, self._notify = tool_context.engine, tool_context.notify
        self._source = exposure_control_of(tool_context.source)
        self._requested_ev = 0.0
        self._mode = self._metering if self._metering != OFF else MODES[0]
        balance = tool_context.engine.development.white_balance
        self._manual_balance = AS_SHOT if balance == AUTO else balance
        self._changed = False

    def controls(self) -> Iterable[Control]:
        yield Switch(
            *("auto_exposure", "Auto exposure", "exposure", "F2"),
            get=lambda: self._metering != OFF,
            set=self._toggle,
        )
        yield Choice(
            *("metering", "Metering", "exposure", "Shift+F2"),
            choices=MODES,
            get=lambda: self._mode.partition(":")[0],
            set=self._meter,
            help="what shall be as bright as a grey card; highlights: what shall just not clip; spot follows clicks",
        )
        yield Number(
            *("exposure", "Exposure", "exposure"),
            minimum=-MAX_EV,
            maximum=MAX_EV,
            step=0.1,
            unit="EV",
            get=lambda: self._engine.development.exposure_ev,
            set=self._expose,
            help="brighter or darker; with auto exposure, than what is metered",
        )
        yield Action("brighter", "Brighter by a third", "exposure", "Up", do=lambda: self._step(THIRD_EV))
        yield Action("darker", "Darker by a third", "exposure", "Down", do=lambda: self._step(-THIRD_EV))
        yield Switch(
            *("auto_white_balance", "Auto white balance", "exposure", "F3"),
            get=lambda: self._engine.development.white_balance == AUTO,
            set=self._toggle_balance,
        )

    def handle_event(self, event: Event) -> bool:
        """A click also says where `spot` looks; it goes on to whatever focuses there."""
        match event:
            case Pointer(kind="press", button="left") if self._metering.startswith("spot"):
                x, y = (min(max(at, 0.0), 1.0) for at in self._engine.place(event.x, event.y))
                self._set_metering(f"spot:{x:.3f},{y:.3f}")
        return False

    def tick(self, now_s: float) -> Invalidation:
        changed, self._changed = self._changed, False
        return Invalidation.REDRAW if changed else Invalidation.NOTHING

    def on_frame(self, frame: Frame, picture: moderngl.Texture) -> None:
        wanted_ev = self._engine.exposure_ev if self._metering != OFF else 0.0
        if self._source is not None and abs(wanted_ev - self._requested_ev) > SOURCE_STEP_EV:
            self._requested_ev = wanted_ev
            self._source.expose(wanted_ev)

    @property
    def _metering(self) -> str:
        return self._engine.development.metering

    def _set_metering(self, metering: str) -> None:
        self._engine.development = replace(self._engine.development, metering=metering)
        self._changed = True

    def _toggle(self, on: bool) -> None:
        if self._metering != OFF:
            self._mode = self._metering
        self._set_metering(self._mode if on else OFF)
        self._notify(f"auto exposure, {self._mode.partition(':')[0]}" if on else "exposure by hand")

    def _meter(self, mode: str) -> None:
        self._mode = mode
        self._set_metering(mode)
        self._notify(f"metering: {mode}" + ("; click where" if mode == "spot" else ""))

    def _expose(self, exposure_ev: float) -> None:
        self._engine.development = replace(self._engine.development, exposure_ev=exposure_ev)
        self._changed = True

    def _step(self, stops: float) -> None:
        present = self._engine.development.exposure_ev
        self._expose(round(min(max(present + stops, -MAX_EV), MAX_EV) / THIRD_EV) * THIRD_EV)
        self._notify(f"exposure {self._engine.development.exposure_ev:+.1f} EV")

    def _toggle_balance(self, on: bool) -> None:
        engine = self._engine
        if on:
            if engine.development.white_balance != AUTO:
                self._manual_balance = engine.development.white_balance
            engine.development = replace(engine.development, white_balance=AUTO)
        else:
            engine.development = replace(engine.development, white_balance=self._manual_balance)
        self._changed = True
        self._notify(f"white balance {engine.development.white_balance}")
