"""The contract of a surface: a place that shows pictures and reports input. An implementation is one file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import moderngl

    from .events import Event
    from .input import InputQueue
    from .letterbox import Size


class Surface(Protocol):
    """A framebuffer to draw into, input events, and a way to show what was drawn.

    All methods belong to the thread that made the surface, except `wake` and `input.post`. The surface is a context
    manager that closes itself; close the engine that draws with `gl` first.
    """

    gl: moderngl.Context  # current on the surface's thread; its engine is `Engine(gl=surface.gl)`
    input: InputQueue  # takes raw input from the surface, maps the pointer to the picture, and queues events
    is_interactive: bool  # a person watches: the last frame stays, and status line, overlays and tools are drawn
    can_fullscreen: bool  # whether `toggle_fullscreen` does anything

    @property
    def framebuffer(self) -> moderngl.Framebuffer:
        """What is drawn into, its origin at the bottom left. Ask anew for each frame: a toolkit may replace it."""
        ...

    @property
    def size(self) -> Size:
        """(width, height) of the framebuffer in pixels; (0, 0) while nothing can be seen of it."""
        ...

    @property
    def scale(self) -> float:
        """The content scale of the monitor: 2 where text needs twice the pixels."""
        ...

    @property
    def bits(self) -> int:
        """Bits of a channel of the framebuffer, at least 8."""
        ...

    def poll(self) -> list[Event]:
        """The events since the last call, oldest first, without waiting."""
        ...

    def wait(self, timeout_s: float) -> list[Event]:
        """Sleeps until an event or `wake`, at most `timeout_s`; then as `poll`."""
        ...

    def wake(self) -> None:
        """Ends a `wait`, from any thread."""
        ...

    def present(self, title: str) -> None:
        """Shows what was drawn. `title` is the status line, for window titles and screen readers."""
        ...

    def toggle_fullscreen(self) -> None:
        """Fills the monitor that the surface lies on, or returns to the place and size from before."""
        ...

    def close(self) -> None:
        """Releases what the surface created. Closing twice is harmless."""
        ...
