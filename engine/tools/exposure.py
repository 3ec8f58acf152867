"""Controls of the exposure, automatic or manual, and of the exposure of a source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..capture.source import EXPOSURE_CONTROL
from ..controls import Action, Choice, Control, Number, Switch
from ..develop.metering import AUTO as AUTO_METERING
from ..develop.metering import MODES, OLD_MODES, Metering
from ..display.events import Event, Pointer
from ..display.tool import Tool, ToolContext
from ..settings import PAUSE_S

if TYPE_CHECKING:
    from ..capture.source import Source
    from ..drawn import Drawn

THIRD_EV = 1 / 3
MAX_EV = 10.0  # the limit of `--exposure`
OFF = "off"
SOURCE_STEP_EV = 0.5  # a larger change of the metered exposure, for two frames, is sent to the source


def exposure_control(source: Source) -> Number | None:
    """The exposure control of `source`, in EV; None if it has none."""
    candidates = (control for control in source.controls() if control.name == EXPOSURE_CONTROL)
    return next((control for control in candidates if isinstance(control, Number)), None)


class ExposureTool(Tool):
    """Sets `metering` and `exposure_ev` of the development.

    Metering sets a digital gain. If the source has an exposure control, that is set to the metered exposure: the source
    collects more or less light and reports this in its frames. The gain then decreases by the same amount, so that the
    brightness stays. Frames on the way change nothing, since the meter measures the scene.
    The default, `auto`, leaves the exposure of the source alone.
    """

    def __init__(self, tool_context: ToolContext) -> None:
        self._tool_context, self._settings, self._notify = tool_context, tool_context.settings, tool_context.notify
        self._source_exposure = exposure_control(tool_context.source)
        self._requested_ev = self._change_ev = 0.0
        self._mode = self._metering if self._metering not in (OFF, AUTO_METERING) else MODES[0]

    def controls(self) -> Iterable[Control]:
        yield Switch(
            *("auto_exposure", "Auto exposure", "exposure", "F2"),
            get=self._is_metering,
            set=self._toggle,
        )
        yield Choice(
            *("metering", "Metering", "exposure", "Shift+F2"),
            choices=MODES,
            get=lambda: self._mode.partition(":")[0],
            set=self._set_mode,
            renamed=OLD_MODES,
            help="the area exposed as a grey card; spot: the clicked area; highlight-weighted: no clipping",
        )
        yield Number(
            *("exposure", "Exposure", "exposure"),
            minimum=-MAX_EV,
            maximum=MAX_EV,
            step=0.1,
            unit="EV",
            get=lambda: self._settings.now.development.exposure_ev,
            set=self._set_exposure,
            help="brighter or darker; with auto exposure, relative to the metered exposure",
        )
        yield Action("brighter", "Brighter by 1/3 stop", "exposure", "Up", do=lambda: self._step(THIRD_EV))
        yield Action("darker", "Darker by 1/3 stop", "exposure", "Down", do=lambda: self._step(-THIRD_EV))

    def handle_event(self, event: Event) -> bool:
        """A click sets the position of `spot` metering. It is not consumed: the focus tool receives it, too."""
        match event:
            case Pointer(kind="press", button="left") if self._metering.startswith("spot"):
                drawn = self._tool_context.drawn()
                position = (event.x, event.y) if drawn is None else drawn.frame_position(event.x, event.y)
                x, y = (min(max(coordinate, 0.0), 1.0) for coordinate in position)
                self._set_metering(f"spot:{x:.3f},{y:.3f}")
        return False

    def on_source(self, source: Source) -> None:
        self._source_exposure = exposure_control(source)
        self._requested_ev = self._change_ev = 0.0

    def on_frame(self, drawn: Drawn) -> None:
        control = self._source_exposure
        if control is None:
            return
        wanted_ev = drawn.wanted_ev if self._metering not in (OFF, AUTO_METERING) else 0.0
        wanted_ev = min(max(wanted_ev, control.minimum), control.maximum)
        change_ev = wanted_ev - self._requested_ev
        lasts = min(abs(change_ev), abs(self._change_ev)) > SOURCE_STEP_EV and change_ev * self._change_ev > 0
        self._change_ev = change_ev
        if lasts:
            self._requested_ev, self._change_ev = wanted_ev, 0.0
            control.set(wanted_ev)

    @property
    def _metering(self) -> str:
        return self._settings.now.development.metering

    def _is_metering(self) -> bool:
        """Whether the frame is metered: `auto` meters raw frames only."""
        metering, drawn = Metering.parse(self._metering), self._tool_context.drawn()
        return metering is not None and (drawn is None or metering.of(drawn.frame) is not None)

    def _set_metering(self, metering: str) -> None:
        self._develop("metering", metering=metering)

    def _toggle(self, on: bool) -> None:
        if self._metering not in (OFF, AUTO_METERING):
            self._mode = self._metering
        self._set_metering(self._mode if on else OFF)
        self._notify(f"auto exposure, {self._mode.partition(':')[0]}" if on else "manual exposure")

    def _set_mode(self, mode: str) -> None:
        self._mode = mode
        self._set_metering(mode)
        self._notify(f"metering: {mode}" + ("; click the spot" if mode == "spot" else ""))

    def _set_exposure(self, exposure_ev: float) -> None:
        self._develop("exposure", exposure_ev=exposure_ev)

    def _step(self, stops: float) -> None:
        present = self._settings.now.development.exposure_ev
        self._set_exposure(round(min(max(present + stops, -MAX_EV), MAX_EV) / THIRD_EV) * THIRD_EV)
        self._notify(f"exposure {self._settings.now.development.exposure_ev:+.1f} EV")

    def _develop(self, reason: str, **changes: Any) -> None:
        merge_s = PAUSE_S if reason == "exposure" else 0.0  # a slider drag or a held key is one step
        self._settings.change(reason, merge_s=merge_s, development=replace(self._settings.now.development, **changes))
