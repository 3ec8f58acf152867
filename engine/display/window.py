"""The window: a glfw window with an OpenGL 3.3 core context, and what its keys and buttons ask for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Protocol

import glfw
import moderngl

from ..errors import DeviceError
from .events import Event, Key, Pointer, Signal, Wheel
from .letterbox import Size, opening_size, picture_point
from .overlays import NO_OVERLAYS, WHOLE, Overlays
from .present import Presenter, screen_bits
from .tool import Tool

HEADLESS_HINT = "use --headless to run off screen"
# By their place: a French keyboard has digits only with Shift.
_PLACED = {getattr(glfw, f"KEY_{pad}{digit}"): str(digit) for pad in ("", "KP_") for digit in range(10)}
_NAMED = {
    glfw.KEY_SPACE: "Space",
    glfw.KEY_ESCAPE: "Esc",
    glfw.KEY_TAB: "Tab",
    glfw.KEY_ENTER: "Enter",
    glfw.KEY_BACKSPACE: "Backspace",
    glfw.KEY_DELETE: "Delete",
    glfw.KEY_LEFT: "Left",
    glfw.KEY_RIGHT: "Right",
    glfw.KEY_UP: "Up",
    glfw.KEY_DOWN: "Down",
    **{getattr(glfw, f"KEY_F{number}"): f"F{number}" for number in range(1, 13)},
}
_MODIFIERS = {glfw.MOD_CONTROL: "Ctrl", glfw.MOD_SUPER: "Ctrl", glfw.MOD_ALT: "Alt", glfw.MOD_SHIFT: "Shift"}
_BUTTONS: dict[int, Literal["left", "right"]] = {glfw.MOUSE_BUTTON_LEFT: "left", glfw.MOUSE_BUTTON_RIGHT: "right"}

_open_windows = 0  # glfw is one for the process: the last window to close ends it
_last_error = ""


class Listener(Protocol):
    """Who hears what the window hears, first. True says that it was meant for nobody else."""

    def on_key(self, key: int, pressed: bool, modifiers: int) -> bool: ...

    def on_text(self, code: int) -> None: ...

    def on_button(self, button: int, pressed: bool) -> bool: ...

    def on_move(self, x: float, y: float) -> bool: ...

    def on_scroll(self, steps: float) -> bool: ...


class Window:
    """A resizable window that shows one picture, letterboxed, in step with the monitor.

    `picture` is the (width, height) that it opens for. `gl` is its context, current on the calling thread; give it to
    `Engine(gl=window.gl)` and close the engine first. Raises DeviceError where no display can be opened or the driver
    has no OpenGL 3.3; the caller may go on off screen. All methods belong to the main thread.
    """

    def __init__(self, picture: Size = (1280, 720), *, title: str = "groundglass", fullscreen: bool = False) -> None:
        self.listener: Listener | None = None  # a panel over the picture
        self._handle: Any = None
        self._picture, self._view = picture, WHOLE
        self._title = title
        self._events: list[Event] = []
        self._held: Literal["left", "right"] | None = None  # the button that went down in the picture
        self._windowed: tuple[int, int, int, int] | None = None
        _start_glfw()
        try:
            self._handle = _create_window(opening_size(picture, _work_area()), title)
            glfw.make_context_current(self._handle)
            glfw.swap_interval(1)
            current: Any = _CurrentContext()
            self.gl: moderngl.Context = moderngl.create_context(require=330, context=current)
            self._presenter = Presenter(self.gl)
        except Exception as error:
            _stop_glfw(self._handle)
            if isinstance(error, DeviceError):
                raise
            raise DeviceError(f"the window's OpenGL context is unusable ({error}); {HEADLESS_HINT}") from error
        self._listen()
        glfw.show_window(self._handle)
        if fullscreen:
            self.toggle_fullscreen()

    @property
    def framebuffer_size(self) -> Size:
        """(width, height) in pixels; (0, 0) while the window is minimised."""
        width, height = glfw.get_framebuffer_size(self._handle)
        return width, height

    @property
    def bits(self) -> int:
        """Of a channel on the screen: 10 where the display offers them, else 8."""
        return screen_bits(self.gl)

    @property
    def fullscreen(self) -> bool:
        return self._windowed is not None

    def poll(self) -> list[Event]:
        """What was asked for since the last call, without waiting."""
        glfw.poll_events()
        return self._take()

    def wait(self, timeout_s: float) -> list[Event]:
        """Sleeps until something is asked for, at most `timeout_s`."""
        if not self._events:
            glfw.wait_events_timeout(timeout_s)
        return self._take()

    def post(self, event: Event) -> None:
        """As if it had happened: for scripts."""
        self._events.append(event)

    def wake(self) -> None:
        """Ends a `wait`, from any thread."""
        glfw.post_empty_event()

    def present(
        self,
        picture: moderngl.Texture,
        status: str,
        message: str = "",
        overlays: Overlays = NO_OVERLAYS,
        tools: Iterable[Tool] = (),
    ) -> None:
        """Draws `picture` with the status line, under a message where there is one, and what the tools draw over it.

        `swap` then shows it. The status is the window's title too, where other programs and screen readers find it.
        Raises ShaderError where an overlay does not compile.
        """
        self._picture, self._view = overlays.view.shape(picture.size), overlays.view
        if status != self._title:
            glfw.set_window_title(self._handle, status)
            self._title = status
        framebuffer = self.framebuffer_size
        if 0 not in framebuffer:
            content_scale = glfw.get_window_content_scale(self._handle)[0]
            lines = [line for line in (message, status) if line]
            self._presenter.draw(picture, framebuffer, lines, content_scale, overlays, tools)

    def swap(self) -> None:
        """Shows what `present` drew, at the monitor's next refresh."""
        glfw.swap_buffers(self._handle)

    def toggle_fullscreen(self) -> None:
        """Fills the monitor that the window lies on, or returns to the place and size from before."""
        if self._windowed is not None:
            no_monitor: Any = None
            glfw.set_window_monitor(self._handle, no_monitor, *self._windowed, glfw.DONT_CARE)
            self._windowed = None
        else:
            self._windowed = (*glfw.get_window_pos(self._handle), *glfw.get_window_size(self._handle))
            monitor = _monitor_of(self._windowed)
            mode = glfw.get_video_mode(monitor)
            glfw.set_window_monitor(self._handle, monitor, 0, 0, mode.size.width, mode.size.height, mode.refresh_rate)
        glfw.swap_interval(1)  # some drivers forget it with the mode
        self._events.append(Signal.REPAINT)

    def close(self) -> None:
        """Releases the context and the window; closing twice is harmless."""
        if self._handle is None:
            return
        glfw.make_context_current(self._handle)
        self._presenter.release()
        self.gl.release()
        _stop_glfw(self._handle)
        self._handle = None

    def __enter__(self) -> Window:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self) -> list[Event]:
        taken, self._events = self._events, []
        return taken

    def _listen(self) -> None:
        glfw.set_key_callback(self._handle, self._on_key)
        glfw.set_mouse_button_callback(self._handle, self._on_button)
        glfw.set_cursor_pos_callback(self._handle, self._on_move)
        glfw.set_scroll_callback(self._handle, self._on_scroll)
        glfw.set_char_callback(self._handle, self._on_text)
        glfw.set_window_close_callback(self._handle, lambda _: self._events.append(Signal.QUIT))
        glfw.set_window_refresh_callback(self._handle, lambda _: self._events.append(Signal.REPAINT))
        glfw.set_framebuffer_size_callback(self._handle, lambda *_: self._events.append(Signal.REPAINT))

    def _on_key(self, _: Any, key: int, scancode: int, action: int, modifiers: int) -> None:
        if self.listener is not None and self.listener.on_key(key, action != glfw.RELEASE, modifiers):
            self._events.append(Signal.REPAINT)
            return
        if action != glfw.PRESS:
            return
        # The letter on the user's keyboard, not the key where an American one has it.
        name = _NAMED.get(key) or _PLACED.get(key) or (glfw.get_key_name(key, scancode) or "").upper()
        if name:
            held = dict.fromkeys(word for bit, word in _MODIFIERS.items() if modifiers & bit)
            self._events.append(Key("+".join((*held, name))))

    def _on_button(self, _: Any, button: int, action: int, __: int) -> None:
        if self.listener is not None and self.listener.on_button(button, action == glfw.PRESS) and self._held is None:
            self._events.append(Signal.REPAINT)
            return
        if button not in _BUTTONS:
            return
        if action == glfw.RELEASE:
            if self._held == _BUTTONS[button]:
                self._point("release", self._held)
                self._held = None
        elif self._point("press", _BUTTONS[button]):
            self._held = _BUTTONS[button]

    def _on_text(self, _: Any, code: int) -> None:
        if self.listener is not None:
            self.listener.on_text(code)

    def _on_scroll(self, _: Any, __: float, up: float) -> None:
        if self.listener is not None and self.listener.on_scroll(up):
            self._events.append(Signal.REPAINT)
        else:
            self._events.append(Wheel(up))

    def _on_move(self, _: Any, x: float, y: float) -> None:
        if self.listener is not None and self._held is None:
            width, height = glfw.get_window_size(self._handle)
            pixels = self.framebuffer_size
            if self.listener.on_move(x * pixels[0] / max(width, 1), y * pixels[1] / max(height, 1)):
                self._events.append(Signal.REPAINT)
                return
        self._point("drag" if self._held else "move", self._held or "none")

    def _point(
        self, kind: Literal["press", "drag", "release", "move"], button: Literal["left", "right", "none"]
    ) -> bool:
        """Notes where the pointer is; False for a press beside the picture, which is none."""
        cursor = glfw.get_cursor_pos(self._handle)
        point = picture_point(cursor, glfw.get_window_size(self._handle), self.framebuffer_size, self._picture)
        if point is None or (kind == "press" and not all(0 <= one < 1 for one in point)):
            return False
        last = self._events[-1] if self._events else None
        if isinstance(last, Pointer) and last.kind == kind and kind in ("move", "drag"):
            self._events.pop()  # of a pointer on its way only the latest place counts
        self._events.append(Pointer(kind, *self._view.place(*point), button))
        return True


class _CurrentContext:
    """What moderngl asks of a context that glfw has made current, on X11, Wayland, Windows and macOS alike."""

    def load_opengl_function(self, name: str) -> int:
        address: Any = glfw.get_proc_address(name)
        return address or 0

    load = load_opengl_function

    def release(self) -> None:
        """The window goes with its context."""

    def __enter__(self) -> None:
        """It is current already."""

    def __exit__(self, *_: object) -> None:
        """It stays current."""


def _start_glfw() -> None:
    global _open_windows
    glfw.set_error_callback(_keep_error)
    if not glfw.init():
        raise DeviceError(f"no display can be opened ({_last_error or 'glfw gave no reason'}); {HEADLESS_HINT}")
    _open_windows += 1


def _stop_glfw(handle: Any) -> None:
    global _open_windows
    _open_windows -= 1
    if handle is not None:
        glfw.destroy_window(handle)
    if _open_windows == 0:
        glfw.terminate()


def _keep_error(_: int, description: Any) -> None:
    global _last_error
    _last_error = description.decode("utf-8", "replace") if isinstance(description, bytes) else str(description)


def _create_window(size: Size, title: str) -> Any:
    hints = {
        glfw.CONTEXT_VERSION_MAJOR: 3,
        glfw.CONTEXT_VERSION_MINOR: 3,
        glfw.OPENGL_PROFILE: glfw.OPENGL_CORE_PROFILE,
        glfw.OPENGL_FORWARD_COMPAT: True,  # macOS gives no core profile without it
        **{bits: 10 for bits in (glfw.RED_BITS, glfw.GREEN_BITS, glfw.BLUE_BITS)},  # a wish: the nearest is taken
        glfw.ALPHA_BITS: 0,
        glfw.DEPTH_BITS: 0,
        glfw.STENCIL_BITS: 0,
        glfw.VISIBLE: False,
    }
    glfw.default_window_hints()
    for hint, value in hints.items():
        glfw.window_hint(hint, value)
    handle = glfw.create_window(*size, title, None, None)
    if not handle:
        raise DeviceError(f"no OpenGL 3.3 window ({_last_error}); update the graphics driver, or {HEADLESS_HINT}")
    return handle


def _work_area() -> Size:
    monitor = glfw.get_primary_monitor()
    if not monitor:
        return 1280, 800
    _, _, width, height = glfw.get_monitor_workarea(monitor)
    return width, height


def _monitor_of(window: tuple[int, int, int, int]) -> Any:
    """The monitor under the middle of the window's (left, top, width, height); the first where there is none."""
    x, y = window[0] + window[2] // 2, window[1] + window[3] // 2
    for monitor in glfw.get_monitors():
        left, top = glfw.get_monitor_pos(monitor)
        size = glfw.get_video_mode(monitor).size
        if left <= x < left + size.width and top <= y < top + size.height:
            return monitor
    return glfw.get_primary_monitor()
