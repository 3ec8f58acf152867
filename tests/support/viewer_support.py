"""A viewer's engine, source, surface and presenter that draw nothing, for tests of the live loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
from groundglass.capture import BaseSource
from groundglass.display.events import Event, Signal
from groundglass.display.overlays import NO_OVERLAYS, Overlays
from groundglass.display.viewer import Viewer
from groundglass.drawn import Drawn
from groundglass.errors import GroundglassError
from groundglass.frame import Encoding, Frame
from groundglass.lens import Lens
from groundglass.look.grade import WHOLE, Part
from groundglass.settings import Settings, SettingsHistory
from groundglass.timing import Clock

PIXELS = np.full((4, 6, 3), 128, dtype=np.uint8)


class FakeSource(BaseSource):
    name = "clip/"
    size = (6, 4)

    def __init__(self, frames: int | None, fps: float | None = 200.0, error: Exception | None = None) -> None:
        self.frames, self.fps, self._error = frames, fps, error

    def __iter__(self) -> Iterator[Frame]:
        index = 0
        while self.frames is None or index < self.frames:
            yield Frame(PIXELS, Encoding.DISPLAY, index=index)
            index += 1
        if self._error:
            raise self._error


class FakeDevice:
    """Returns what it was given."""

    def finish(self) -> None: ...

    def allocate(self, nbytes: int) -> Any:
        return SimpleNamespace(array=np.zeros(nbytes, np.uint8))

    def write(self, buffer: Any, array: np.ndarray) -> None:
        buffer.array = array.copy()

    def read(self, buffer: Any, dtype: Any, count: int) -> np.ndarray:
        return buffer.array.view(dtype)[:count]

    def release(self, buffer: Any) -> None: ...


class FakeEngine:
    device_name, gl_name, look_route, transfer_name = "none", "none", "gl", "host"

    def __init__(self, draw: Callable[[Frame], None] = lambda frame: None) -> None:
        lens = Lens(50, 1.4, 36, f_number_min=1.4, f_number_max=16, focus_min_m=0.5, name="fifty")
        self.history = SettingsHistory(Settings(lens=lens))
        self.outdated = False
        self.device = FakeDevice()
        self.clock = Clock()
        self.gl = SimpleNamespace(finish=lambda: None, error="GL_NO_ERROR")
        self.drawn: list[int] = []
        self._draw = draw

    @property
    def focus_m(self) -> float:
        return self.history.now.focus_m

    def is_outdated(self, drawn: Drawn) -> bool:
        return self.outdated

    def draw(self, frame: Frame, settings: Settings, *, part: Part = WHOLE) -> Any:
        self._draw(frame)
        self.drawn.append(frame.index)
        return FakeDrawn(SimpleNamespace(size=(3, 2)), frame, frame, None, 0.0, 0.0, 1.0, settings)

    def render(self, frame: Frame, settings: Settings) -> np.ndarray:
        return frame.pixels.copy()

    is_preparing = is_rehearsing = False

    def prepare(self, drawn: Drawn, settings: Settings) -> None: ...

    def reset(self) -> None: ...


class FakeDrawn(Drawn):
    has_depth = True

    def depth_at(self, x: float, y: float) -> float | None:
        return {0.1: None, 0.15: math.nan, 0.2: 0.3, 0.9: math.inf}.get(x, 3.0)

    def grey_at(self, x: float, y: float) -> str:
        if y < 0.1:
            raise GroundglassError("too dark to be grey here")
        return "2,1,1.5"


class FakeSurface:
    """Returns one event of a list whenever the loop sleeps, then quits. Records the shown lines."""

    can_fullscreen = True
    presents_behind = False
    refresh_hz = None
    bits = 8

    def __init__(self, *script: Event, is_interactive: bool = True) -> None:
        self.is_interactive = is_interactive
        self._script: list[Event] = [*script, Signal.QUIT]
        self._seconds = 0
        self.shown: list[tuple[str, str]] = []
        self.play_at: int | None = None

    def poll(self) -> list[Event]:
        if self.play_at is not None and len(self.shown) >= self.play_at:
            self.play_at = None
            return [self._script.pop(0)]
        return []

    def wait(self, timeout_s: float) -> list[Event]:
        return [self._script.pop(0)]

    def present(self, title: str) -> None: ...

    def toggle_fullscreen(self) -> None: ...


class FakePresenter:
    """Records the status line and the message above it."""

    def __init__(self, surface: FakeSurface) -> None:
        self._surface = surface

    def draw(self, picture: Any, lines: list[str], overlays: Overlays = NO_OVERLAYS, tools: Any = ()) -> None:
        self._surface.shown.append((lines[-1], lines[0] if len(lines) > 1 else ""))

    is_released = False

    def release(self) -> None:
        self.is_released = True


def off_screen(source: FakeSource, engine: FakeEngine | None = None) -> Viewer:
    engine = engine or FakeEngine()
    surface = FakeSurface(is_interactive=False)
    return Viewer(engine, source, engine.history, surface=surface)  # type: ignore[arg-type]
