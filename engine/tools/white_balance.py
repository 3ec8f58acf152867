"""Controls of the white balance: as shot, automatic, presets, kelvin and tint, and a grey picker."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from ..controls import Choice, Control, Number, Switch
from ..develop.balance import Setting
from ..display.events import Event, Pointer
from ..display.grey_picker import pick_grey
from ..display.tool import Tool, ToolContext
from ..errors import GroundglassError, WhiteBalanceError
from ..settings import PAUSE_S

if TYPE_CHECKING:
    from ..camera import CameraProfile
    from ..capture.source import Source
    from ..drawn import Drawn

AUTO, CAMERA_BALANCE, CUSTOM = "auto", "as-shot", "custom"
# Correlated colour temperatures of the usual presets of cameras; fluorescent light is greener than a black body.
PRESETS = {
    "daylight": "5200K",
    "cloudy": "6000K",
    "shade": "7000K",
    "tungsten": "3200K",
    "fluorescent": "4000K,+20",
    "flash": "5900K",
}
MIN_K, MAX_K, STEP_K, MAX_TINT = 2000.0, 12000.0, 50.0, 100.0
D65_K = 6500.0


class WhiteBalanceTool(Tool):
    """Sets `white_balance` of the development. Each change is a step of undo; a drag of a slider is one step."""

    def __init__(self, tool_context: ToolContext) -> None:
        self._tool_context, self._settings, self._notify = tool_context, tool_context.settings, tool_context.notify
        self._manual = CAMERA_BALANCE if self._present == AUTO else self._present
        self._is_picking = False
        self._doubts = True  # the next frame with automatic white balance is the first of its light or source
        self._light: tuple[str, CameraProfile, tuple[float, float]] | None = None  # kelvin and tint of a setting

    def controls(self) -> Iterable[Control]:
        yield Choice(
            *("white_balance", "White balance", "exposure", "Shift+F3"),
            choices=(CAMERA_BALANCE, AUTO, *PRESETS, CUSTOM),
            get=self._name,
            set=self._choose,
            help="of the file or camera, measured, by the light, or custom: temperature and tint",
        )
        yield Number(
            *("temperature", "Temperature", "exposure"),
            minimum=MIN_K,
            maximum=MAX_K,
            step=STEP_K,
            unit="K",
            get=lambda: min(max(self._temperature()[0], MIN_K), MAX_K),
            set=self._set_temperature,
            help="of the light: higher is warmer",
        )
        yield Number(
            *("tint", "Tint", "exposure"),
            minimum=-MAX_TINT,
            maximum=MAX_TINT,
            step=1.0,
            get=lambda: min(max(self._temperature()[1], -MAX_TINT), MAX_TINT),
            set=self._set_tint,
            help="from green to magenta",
        )
        yield Switch(
            *("grey_picker", "Grey picker", "exposure", "N"),
            get=lambda: self._is_picking,
            set=self._pick,
            help="the next click, or each right click, makes its point grey",
        )
        yield Switch(
            *("auto_white_balance", "Auto white balance", "exposure", "F3"),
            get=lambda: self._present == AUTO,
            set=self._toggle_auto,
        )

    def handle_event(self, event: Event) -> bool:
        match event:
            case Pointer(kind="press", button="left", x=x, y=y) if self._is_picking:
                self._is_picking = False
                drawn = self._tool_context.drawn()
                if drawn is not None:
                    self._notify(pick_grey(drawn, self._settings, x, y))
                return True
        return False

    def on_source(self, source: Source) -> None:
        self._doubts = True

    def on_frame(self, drawn: Drawn) -> None:
        if self._doubts and self._present == AUTO:
            self._doubts = False
            if doubt := drawn.balance_doubt():
                self._notify(f"white balance auto is not sure: {doubt}")

    def recover(self, error: GroundglassError) -> bool:
        """A white that this camera cannot have is taken back, else no frame could be drawn."""
        drawn, refused = self._tool_context.drawn(), self._present
        if not isinstance(error, WhiteBalanceError) or refused == CAMERA_BALANCE:
            return False
        before = CAMERA_BALANCE if drawn is None else drawn.settings.development.white_balance
        self._set(CAMERA_BALANCE if before == refused else before)
        self._tool_context.messages.warn(f"{error}; the white balance is {self._name()} again")
        return True

    @property
    def _present(self) -> str:
        return self._settings.now.development.white_balance

    def _name(self) -> str:
        present = self._present
        if present in (CAMERA_BALANCE, AUTO):
            return present
        return next((name for name, setting in PRESETS.items() if setting == present), CUSTOM)

    def _choose(self, name: str) -> None:
        if name == CUSTOM:  # starts at the light of the present setting
            self._set(_setting(*self._temperature()))
        else:
            self._set(PRESETS.get(name, name))
        self._notify(f"white balance {name}")

    def _set_temperature(self, kelvin: float) -> None:
        self._set(_setting(kelvin, self._temperature()[1]), merge_s=PAUSE_S)

    def _set_tint(self, tint: float) -> None:
        self._set(_setting(self._temperature()[0], tint), merge_s=PAUSE_S)

    def _pick(self, on: bool) -> None:
        self._is_picking = on
        if on:
            self._notify("click a point that is grey or white in reality")

    def _toggle_auto(self, on: bool) -> None:
        present = self._present
        if on and present != AUTO:
            self._manual = present
        self._set(AUTO if on else self._manual)
        self._notify(f"white balance {self._present}")

    def _set(self, white_balance: str, *, merge_s: float = 0.0) -> None:
        self._doubts = white_balance == AUTO
        development = replace(self._settings.now.development, white_balance=white_balance)
        self._settings.change("white balance", merge_s=merge_s, development=development)

    def _temperature(self) -> tuple[float, float]:
        """Kelvin and tint of the present setting. For `auto` those of the file or camera."""
        setting = Setting.parse(self._present)
        drawn = self._tool_context.drawn()
        if setting.kind == "temperature" or drawn is None:
            return (setting.values[0], setting.values[1]) if setting.kind == "temperature" else (D65_K, 0.0)
        profile = drawn.frame.profile
        if self._light is None or self._light[0] != self._present or self._light[1] is not profile:
            self._light = self._present, profile, _light_of(setting, profile)
        return self._light[2]


def _setting(kelvin: float, tint: float) -> str:
    """With its tint even if that is 0, so that it differs from a preset."""
    return f"{kelvin:.0f}K,{tint:+.0f}"


def _light_of(setting: Setting, profile: CameraProfile) -> tuple[float, float]:
    try:
        balanced = profile.balanced(setting.values) if setting.kind == "multipliers" else profile
        return balanced.temperature()
    except GroundglassError:
        return D65_K, 0.0  # no light has this white
