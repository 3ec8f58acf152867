"""The picture in the browser: a frame buffer of jupyter_rfb, which sends input back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
from jupyter_rfb import RemoteFrameBuffer
from numpy.typing import NDArray

from ..display.events import Button
from ..display.input import InputQueue
from ..display.letterbox import Size

WHEEL_STEP = 100.0  # what browsers send for a notch of the wheel
MAX_WIDTH = 960  # maximum width of the picture in the browser at first, in its units
_BUTTONS: dict[int, Button] = {1: "left", 2: "right", 3: "middle"}
_MODIFIERS = {"Control": "Ctrl", "Meta": "Ctrl", "Alt": "Alt", "Shift": "Shift"}
_KEYS = {" ": "Space", "ArrowLeft": "Left", "ArrowRight": "Right", "ArrowUp": "Up", "ArrowDown": "Down"}
_OF_THE_NOTEBOOK = {"Escape"}  # leaves the cell

PassOn = Callable[[Callable[[InputQueue], object]], None]


class Canvas(RemoteFrameBuffer):  # type: ignore[misc]  # jupyter_rfb has no types
    """Shows the newest picture at no more than `max_fps` frames a second, and passes input to `pass_on`.

    jupyter_rfb sends a frame only after the browser has shown the one before the last: JPEG while pictures follow, PNG
    when they stop. Frames that it cannot send are dropped. `size` is that of the picture; `geometry` is the size that
    the browser shows, and its content scale.
    """

    _event_compatibility = 2  # events by the present names only

    def __init__(self, size: Size, max_fps: float, pass_on: PassOn) -> None:
        part = min(1.0, MAX_WIDTH / size[0])
        width, height = (max(round(side * part), 1) for side in size)
        super().__init__(css_width=f"{width}px", css_height=f"{height}px")
        self.geometry: tuple[Size, float] = (size, 1.0)
        self._pass_on, self._period_s = pass_on, 1.0 / max_fps
        self._newest: NDArray[np.uint8] | None = None
        self._is_due, self._drawn_s = False, 0.0
        self._scale = 1.0  # pixels of the picture per unit of the browser
        try:
            self.loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:  # not in a kernel
            self.loop = None

    def show(self, picture: NDArray[np.uint8]) -> None:
        """Takes a picture, (H, W, 3) uint8, from any thread."""
        self._newest = picture
        if self.loop is not None and not self._is_due:
            self._is_due = True
            with suppress(RuntimeError):  # the kernel ends
                self.loop.call_soon_threadsafe(self._schedule)

    def _schedule(self) -> None:
        wait_s = max(self._drawn_s + self._period_s - time.perf_counter(), 0.0)
        asyncio.get_running_loop().call_later(wait_s, self._draw)

    def _draw(self) -> None:
        self._is_due, self._drawn_s = False, time.perf_counter()
        self.request_draw()

    def get_frame(self) -> NDArray[np.uint8] | None:
        """What jupyter_rfb sends."""
        return self._newest

    def handle_event(self, event: Mapping[str, Any]) -> None:
        """An event of the browser, as jupyter_rfb describes them."""
        kind = event["type"]
        if kind == "resize":
            self._resize(event)
        elif kind.startswith("pointer_") and "x" in event:
            self._point(kind, event)
        elif kind in ("key_down", "key_up") and event["key"] not in _OF_THE_NOTEBOOK:
            name, held = _key_name(event["key"]), _modifiers(event)
            self._pass_on(lambda queue: queue.key(name, kind == "key_down", held))
            if kind == "key_down" and len(event["key"]) == 1:
                self._pass_on(lambda queue: queue.text(event["key"]))
        elif kind == "wheel":
            steps, held = -(event["dy"] or event["dx"]) / WHEEL_STEP, _modifiers(event)
            self._pass_on(lambda queue: queue.scroll(steps, held))

    def _resize(self, event: Mapping[str, Any]) -> None:
        self._scale = float(event.get("ratio") or 1.0)
        size = int(event["pwidth"]), int(event["pheight"])
        if 0 not in size:
            self.geometry = size, self._scale
            self._pass_on(lambda queue: queue.wake())

    def _point(self, kind: str, event: Mapping[str, Any]) -> None:
        x, y, button = event["x"] * self._scale, event["y"] * self._scale, _BUTTONS.get(event["button"])
        self._pass_on(lambda queue: queue.move(x, y))
        if kind in ("pointer_down", "pointer_up") and button is not None:
            held = _modifiers(event)
            self._pass_on(lambda queue: queue.button(button, kind == "pointer_down", x, y, held))


def _key_name(key: str) -> str:
    return _KEYS.get(key) or (key.upper() if len(key) == 1 else key)


def _modifiers(event: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(_MODIFIERS[name] for name in event.get("modifiers", ()) if name in _MODIFIERS)
