"""The sliders below the picture: controls of the view that are set from the notebook, and follow it."""

from __future__ import annotations

import math
from collections.abc import Callable
from time import perf_counter
from typing import Any

import ipywidgets

from ..controls import Setting
from ..look.look import list_looks
from ..settings import Settings

MAX_SLIDER_M = 50.0  # end of the focus slider, which is logarithmic
MAX_SLIDER_EV = 5.0
HOLD_S = 1.0  # a slider follows the view again this time after the user moved it
_WIDTH = ipywidgets.Layout(width="320px")
_STYLE = {"description_width": "70px"}


class Sliders:
    """Look, strength, aperture, focus and exposure. `set_control` receives a change of the user."""

    def __init__(self, settings: Settings, set_control: Callable[[str, Setting], None]) -> None:
        lens, shared = settings.lens, {"layout": _WIDTH, "style": _STYLE}
        names = list_looks()
        looks = names if settings.look.name in names else [settings.look.name, *names]
        nearest = math.log10(max(lens.focus_min_m, 0.01))
        self._set_control = set_control
        self.by_name: dict[str, Any] = {
            "look": ipywidgets.Dropdown(options=looks, description="Look", **shared),
            "strength": ipywidgets.FloatSlider(min=0.0, max=1.0, step=0.01, description="Strength", **shared),
            "f_number": ipywidgets.FloatSlider(
                min=lens.f_number_min, max=lens.f_number_max, step=0.05, description="Aperture", **shared
            ),
            "focus": ipywidgets.FloatLogSlider(
                base=10, min=nearest, max=math.log10(MAX_SLIDER_M), step=0.005, description="Focus, m", **shared
            ),
            "exposure": ipywidgets.FloatSlider(
                min=-MAX_SLIDER_EV, max=MAX_SLIDER_EV, step=0.1, description="Exposure", **shared
            ),
        }
        self._is_following = False
        self._moved_s = dict.fromkeys(self.by_name, -math.inf)
        self.follow(settings)
        for name, widget in self.by_name.items():
            widget.observe(lambda change, name=name: self._on_change(name, change["new"]), names="value")
        self.box = ipywidgets.HBox(tuple(self.by_name.values()), layout=ipywidgets.Layout(flex_flow="row wrap"))

    def _on_change(self, name: str, value: Setting) -> None:
        if not self._is_following:
            self._moved_s[name] = perf_counter()
            self._set_control(name, value)

    def follow(self, settings: Settings) -> None:
        """Shows the settings, which keys and the pointer change, too. A slider that the user moves stays."""
        now_s = perf_counter()
        values = {
            "look": settings.look.name,
            "strength": settings.strength,
            "f_number": settings.f_number,
            "focus": min(settings.focus_m, MAX_SLIDER_M),
            "exposure": settings.development.exposure_ev,
        }
        self._is_following = True
        try:
            for name, value in values.items():
                widget = self.by_name[name]
                if name == "look" and value not in widget.options:
                    widget.options = [value, *widget.options]
                if widget.value != value and now_s - self._moved_s[name] > HOLD_S:
                    widget.value = value
        finally:
            self._is_following = False
