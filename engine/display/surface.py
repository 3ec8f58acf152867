"""The contract of a surface, which shows pictures and reports input. Each implementation is one file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import moderngl

    from .events import Event
    from .input import InputQueue
    from .letterbox import Place, Size


class Surface(Protocol):
    """A framebuffer to draw into, input events, and a method to show the frame.

    Only the thread that made the surface may call its methods, except `wake` and `input.post`. The surface is a context
    manager that closes itself. Close the engine that draws with `gl` first.
    """

    gl: moderngl.Context  # current on the surface's thread; its engine is `Engine(gl=surface.gl)`
    input: InputQueue  # takes raw input from the surface, maps the pointer to the picture, and queues events
    is_interactive: bool  # a user watches: the last frame stays; status line, overlays and tools are drawn
    draws_text: bool  # status line and messages are drawn over the picture; else `present` receives the status line
    can_fullscreen: bool  # whether `toggle_fullscreen` has an effect
    presents_behind: bool  # whether `present_behind` may be called
    refresh_hz: float | None  # refresh rate of the monitor; None if it is unknown, or without a monitor

    @property
    def framebuffer(self) -> moderngl.Framebuffer:
        """The target of drawing, its origin at the bottom left. Read it for each frame: a toolkit may replace it."""
        ...

    @property
    def size(self) -> Size:
        """(width, height) of the framebuffer in pixels; (0, 0) while it is invisible."""
        ...

    @property
    def scale(self) -> float:
        """The content scale of the monitor: with 2, text needs twice the pixels."""
        ...

    @property
    def bits(self) -> int:
        """Bits per channel of the framebuffer, at least 8."""
        ...

    @property
    def place(self) -> Place | None:
        """Left, top, width and height of the window in units of the window system; None in full screen, without one."""
        ...

    def poll(self) -> list[Event]:
        """The events since the last call, oldest first, without waiting."""
        ...

    def wait(self, timeout_s: float) -> list[Event]:
        """Sleeps until an event or `wake`, at most `timeout_s`. Returns the events."""
        ...

    def wake(self) -> None:
        """Ends a `wait`, from any thread."""
        ...

    def present(self, title: str) -> None:
        """Shows the frame. `title` is the status line, for window titles and screen readers."""
        ...

    def present_behind(self, title: str) -> Callable[[], tuple[float, float]]:
        """As `present`, in a thread, which has the context until `make_current` takes it back.

        The result waits for the frame and returns begin and end of the presentation, in `time.perf_counter()` seconds.
        """
        ...

    def toggle_fullscreen(self) -> None:
        """Fills the monitor of the surface, or restores the previous position and size."""
        ...

    def close(self) -> None:
        """Releases the resources of the surface. Harmless when called twice."""
        ...
