"""The hand on exposure and white balance: metered or by hand, brighter or darker; a source may expose itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..capture.source import EXPOSURE_CONTROL
from ..controls import Action, Choice, Control, Number, Switch
from ..develop.metering import MODES, OLD_MODES
from ..display.events import Event, Pointer
from ..display.tool import Tool, ToolContext
from ..settings import PAUSE_S

if TYPE_CHECKING:
    from ..capture.source import Source
    from ..drawn import Drawn

THIRD_EV = 1 / 3
MAX_EV = 10.0  # as of `--exposure`
OFF = "off"
AUTO, AS_SHOT = "auto", "as-shot"
SOURCE_STEP_EV = 0.5  # by which the metered light must change before the source is asked to follow


def exposure_control(source: Source) -> Number | None:
    """The control of the exposure of `source`, in EV; None where it has none."""
    found = (control for control in source.controls() if control.name == EXPOSURE_CONTROL)
    return next((control for control in found if isinstance(control, Number)), None)


class ExposureTool(Tool):
    """Sets `metering`, `exposure_ev` and `white_balance` of the development.

    What is metered is digital gain. The exposure control of a source, where it has one, follows it: the source collects
    as much more or less light, which its frames then say, so that the gain goes back by as much and the picture's
    brightness stays.
    """

    def __init__(self, tool_context: ToolContext) -> None:
        self._tool_context, self._settings, self._notify = tool_context, tool_context.settings, tool_context.notify
        self._camera = exposure_control(tool_context.source)
        self._requested_ev = 0.0
        self._mode = self._metering if self._metering != OFF else MODES[0]
        balance = tool_context.settings.now.development.white_balance
        self._manual_balance = AS_SHOT if balance == AUTO else balance

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
            renamed=OLD_MODES,
            help="what becomes as bright as a grey card; highlight-weighted: what just fits; spot follows clicks",
        )
        yield Number(
            *("exposure", "Exposure", "exposure"),
            minimum=-MAX_EV,
            maximum=MAX_EV,
            step=0.1,
            unit="EV",
            get=lambda: self._settings.now.development.exposure_ev,
            set=self._expose,
            help="brighter or darker; with auto exposure, than what is metered",
        )
        yield Action("brighter", "Brighter by a third", "exposure", "Up", do=lambda: self._step(THIRD_EV))
        yield Action("darker", "Darker by a third", "exposure", "Down", do=lambda: self._step(-THIRD_EV))
        yield Switch(
            *("auto_white_balance", "Auto white balance", "exposure", "F3"),
            get=lambda: self._settings.now.development.white_balance == AUTO,
            set=self._toggle_balance,
        )

    def handle_event(self, event: Event) -> bool:
        """A click also says where `spot` looks; it goes on to whatever focuses there."""
        match event:
            case Pointer(kind="press", button="left") if self._metering.startswith("spot"):
                drawn = self._tool_context.drawn()
                place = (event.x, event.y) if drawn is None else drawn.frame_position(event.x, event.y)
                x, y = (min(max(at, 0.0), 1.0) for at in place)
                self._set_metering(f"spot:{x:.3f},{y:.3f}")
        return False

    def on_frame(self, drawn: Drawn) -> None:
        wanted_ev = drawn.exposure_ev if self._metering != OFF else 0.0
        if self._camera is not None and abs(wanted_ev - self._requested_ev) > SOURCE_STEP_EV:
            self._requested_ev = wanted_ev
            self._camera.set(min(max(wanted_ev, self._camera.minimum), self._camera.maximum))

    @property
    def _metering(self) -> str:
        return self._settings.now.development.metering

    def _set_metering(self, metering: str) -> None:
        self._develop("metering", metering=metering)

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
        self._develop("exposure", exposure_ev=exposure_ev)

    def _step(self, stops: float) -> None:
        present = self._settings.now.development.exposure_ev
        self._expose(round(min(max(present + stops, -MAX_EV), MAX_EV) / THIRD_EV) * THIRD_EV)
        self._notify(f"exposure {self._settings.now.development.exposure_ev:+.1f} EV")

    def _toggle_balance(self, on: bool) -> None:
        present = self._settings.now.development.white_balance
        if on and present != AUTO:
            self._manual_balance = present
        self._develop("white balance", white_balance=AUTO if on else self._manual_balance)
        self._notify(f"white balance {self._settings.now.development.white_balance}")

    def _develop(self, reason: str, **changes: Any) -> None:
        merge_s = PAUSE_S if reason == "exposure" else 0.0  # a slider, or a key that is held
        self._settings.change(reason, merge_s=merge_s, development=replace(self._settings.now.development, **changes))
