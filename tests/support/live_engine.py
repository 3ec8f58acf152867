"""An engine with live settings and its latest drawn frame, as in the viewer, for tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import groundglass as gg
import moderngl
import numpy as np
from groundglass.controls import Controls
from groundglass.display.messages import Messages
from groundglass.display.sources import Sources
from groundglass.display.tool import ToolContext
from groundglass.settings import SettingsHistory

OF_ENGINE = ("device", "size", "depth_model", "depth_range", "gl")
FIELDS = (
    *("look", "strength", "lens", "focus_m", "development", "quality", "scale", "output_space", "bits"),
    "f_number",
)
OF_DRAWN = ("exposure_ev", "wanted_ev", "magnification", "place", "depth_at", "autofocus", "grey_at")


class LiveEngine:
    """Settings are attributes. An assignment takes effect with the next frame and is not an undo step."""

    def __init__(self, device: str = "auto", size: tuple[int, int] | None = None, **options: Any) -> None:
        settings = gg.Settings(**{name: options.pop(name) for name in FIELDS if name in options})
        self.__dict__["history"] = SettingsHistory(settings)
        options.setdefault("look_route", "gl")  # one program for all draws: `auto` changes to another after a while
        self.__dict__["engine"] = gg.Engine(device, size, settings=settings, **options)
        self.__dict__["drawn"] = None

    def __getattr__(self, name: str) -> Any:
        if name in FIELDS:
            return getattr(self.history.now, name)
        return getattr(self.drawn if name in OF_DRAWN else self.engine, name)

    def __setattr__(self, name: str, value: object) -> None:
        if name in FIELDS:
            self.history.follow(**{name: value})
        else:
            self.__dict__[name] = value

    def set(self, **settings: object) -> None:
        """Sets several settings at once, such as a lens and a focus that are valid only together."""
        self.history.follow(**settings)

    @property
    def last(self) -> gg.Frame | None:
        return None if self.drawn is None else self.drawn.frame

    @property
    def is_outdated(self) -> bool:
        return bool(self.engine.is_outdated(self.drawn))

    def draw(self, frame: gg.Frame) -> moderngl.Texture:
        self.drawn = self.engine.draw(frame, self.history.now)
        return self.drawn.texture

    def render(self, frame: gg.Frame) -> np.ndarray:
        """Renders and keeps the drawn frame. Waits for a depth model."""
        self.drawn = self.engine.draw(frame, self.history.now, waits=True)
        rgba = np.frombuffer(self.drawn.texture.read(), np.uint8)
        return np.ascontiguousarray(rgba.reshape(self.drawn.texture.height, -1, 4)[..., :3])

    def scene(self, frame: gg.Frame) -> np.ndarray:
        return self.engine.scene(frame, self.history.now)

    def __enter__(self) -> LiveEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.close()


def tool_context(
    engine: Any, source: Any, notify: Callable[[str], None], controls: Controls, log: Any = None, surface: Any = None
) -> ToolContext:
    """The context of a tool, for a `LiveEngine` or another object with `history` and `drawn`."""
    return ToolContext(
        *(
            engine.__dict__.get("engine", engine),
            engine.history,
            Sources(source),
            Messages(notify),
            controls,
            log,
            surface,
        ),
        drawn=lambda: engine.drawn,
    )


def drawn_of(frame: gg.Frame, texture: Any = None, settings: gg.Settings | None = None, **fields: Any) -> Any:
    """A `Drawn` without an engine."""
    scene = fields.pop("scene", None)
    given = {
        "exposure_ev": 0.0,
        "wanted_ev": 0.0,
        "magnification": 1.0,
        "scene_of": lambda: scene,
        "captured": frame,
    } | fields
    return gg.Drawn(texture=texture, frame=replace(frame), settings=settings or gg.Settings(), **given)


def unused_engine(gl: Any = None, **settings: Any) -> Any:
    """A stand-in engine for tools that never draw."""
    history = SettingsHistory(gg.Settings(**settings))
    return SimpleNamespace(history=history, drawn=None, prepare=lambda *_: None, gl=gl)
