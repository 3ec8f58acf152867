"""Converts the raw input of a surface to events. A listener receives it first; the pointer is mapped to the picture."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event as Flag
from threading import Lock
from typing import Literal

from .events import MODIFIERS, Button, Event, InputListener, Key, Modifiers, Pointer, Signal, Wheel
from .letterbox import Size, picture_point
from .overlays import WHOLE, View

HELP = "?"


class InputQueue:
    """The events of one surface of `size` (width, height) in pixels.

    A surface calls `key`, `text`, `button`, `move` and `scroll` with the input of its toolkit. Positions are pixels of
    the framebuffer from its top-left corner. `listener` receives the input first. `post`, `call` and `wake` may be
    called from any thread.
    """

    def __init__(self, size: Size) -> None:
        self.listener: InputListener | None = None
        self._picture, self._framebuffer, self._view = size, size, WHOLE
        self._events: list[Event] = []
        self._work: list[Callable[[], object]] = []
        self._lock = Lock()
        self._woken = Flag()
        self._held: Literal["left", "right"] | None = None  # the button that was pressed in the picture
        self._received: tuple[float, float] | None = None  # the position that the listener has received
        # Whether a tool takes a press at a position outside of the picture, in pixels from the upper left.
        self.is_claimed: Callable[[float, float], bool] = lambda x, y: False

    @property
    def view(self) -> View:
        """The view by which the positions of the latest events were mapped."""
        return self._view

    def show(self, picture: Size, framebuffer: Size, view: View) -> None:
        """Sets the mapping of the pointer: `view` of a picture, letterboxed in the framebuffer."""
        self._picture, self._framebuffer, self._view = picture, framebuffer, view

    def post(self, event: Event) -> None:
        """Queues an event and ends a `wait`. For scripts, and for surfaces with external input."""
        with self._lock:
            self._events.append(event)
        self._woken.set()

    def call(self, work: Callable[[], object]) -> None:
        """Lets the thread of the surface run `work` before it takes its next events, and ends a `wait`.

        For a toolkit that delivers raw input in another thread.
        """
        with self._lock:
            self._work.append(work)
        self._woken.set()

    def take(self) -> list[Event]:
        """The events since the last call, oldest first, after the work of `call`."""
        with self._lock:
            called, self._work = self._work, []
        for work in called:
            work()
        with self._lock:
            taken, self._events = self._events, []
        return taken

    def wait(self, timeout_s: float) -> list[Event]:
        """Sleeps until an event is posted or `wake` is called, at most `timeout_s`. Returns the events."""
        self._woken.wait(timeout_s)
        self._woken.clear()
        return self.take()

    def wake(self) -> None:
        """Ends a `wait`."""
        self._woken.set()

    def key(self, name: str, pressed: bool, modifiers: Modifiers = frozenset(), repeated: bool = False) -> None:
        """A key was pressed or released, or repeats. `name` follows the user's keyboard layout."""
        if self.listener is not None and self.listener.on_key(name, pressed, modifiers):
            self.post(Signal.REPAINT)
        elif name and pressed and not repeated:
            self.post(Key("+".join((*(held for held in MODIFIERS if held in modifiers), name))))

    def text(self, characters: str) -> None:
        """Characters were typed. `?` is a key by its character: each layout has it elsewhere."""
        is_taken = self.listener is not None and self.listener.on_text(characters)
        if characters == HELP and not is_taken:
            self.post(Key(HELP))

    def button(self, button: Button, pressed: bool, x: float, y: float, modifiers: Modifiers = frozenset()) -> None:
        """A pointer button was pressed or released at (x, y) with keys held.

        A finger or a stylus presses without a move before.
        """
        if self.listener is not None and self._held is None and self._received != (x, y):
            self._listen(self.listener, x, y)
        if self.listener is not None and self.listener.on_button(button, pressed) and self._held is None:
            self.post(Signal.REPAINT)
        elif button == "middle":
            return
        elif not pressed:
            if self._held == button:
                self._point("release", self._held, x, y)
                self._held = None
        elif self._point("press", button, x, y, modifiers):
            self._held = button

    def move(self, x: float, y: float) -> None:
        """The pointer moved to (x, y)."""
        if self.listener is not None and self._held is None and self._listen(self.listener, x, y):
            self.post(Signal.REPAINT)
        else:
            self._point("drag" if self._held else "move", self._held or "none", x, y)

    def scroll(self, steps: float, modifiers: Modifiers = frozenset()) -> None:
        """The wheel turned by `steps` with keys held; positive is away from the user."""
        taken = self.listener is not None and self.listener.on_scroll(steps)
        self.post(Signal.REPAINT if taken else Wheel(steps, modifiers))

    def _listen(self, listener: InputListener, x: float, y: float) -> bool:
        self._received = x, y
        return listener.on_move(x, y)

    def _point(
        self,
        kind: Literal["press", "drag", "release", "move"],
        button: Literal["left", "right", "none"],
        x: float,
        y: float,
        modifiers: Modifiers = frozenset(),
    ) -> bool:
        """Queues a pointer event. Returns False for a press outside of the picture, which is ignored."""
        point = picture_point((x, y), self._framebuffer, self._picture, self._view.shrink)
        if point is None:
            return False
        if kind == "press" and not all(0 <= fraction < 1 for fraction in point) and not self.is_claimed(x, y):
            return False
        with self._lock:
            last = self._events[-1] if self._events else None
            if isinstance(last, Pointer) and last.kind == kind and kind in ("move", "drag"):
                self._events.pop()  # only the latest position of a moving pointer is kept
        self.post(Pointer(kind, *self._view.picture_position(*point), button, modifiers))
        return True
