"""The window surface, based on glfw, with vertical synchronization."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Self

import glfw
import moderngl

from ..errors import DeviceError
from ..gl.context import is_software
from .events import Button, Drop, Event, Signal
from .input import InputQueue
from .letterbox import Place, Size, opening_size
from .swap import SwapThread

HEADLESS_HINT = "use --headless to run off screen"
# By key code, independent of the layout: a French keyboard has digits only with Shift.
_DIGITS = {getattr(glfw, f"KEY_{pad}{digit}"): str(digit) for pad in ("", "KP_") for digit in range(10)}
_NAMED = {
    glfw.KEY_SPACE: "Space",
    glfw.KEY_ESCAPE: "Esc",
    glfw.KEY_TAB: "Tab",
    glfw.KEY_ENTER: "Enter",
    glfw.KEY_KP_ENTER: "Enter",
    glfw.KEY_HOME: "Home",
    glfw.KEY_END: "End",
    glfw.KEY_PAGE_UP: "PageUp",
    glfw.KEY_PAGE_DOWN: "PageDown",
    glfw.KEY_BACKSPACE: "Backspace",
    glfw.KEY_DELETE: "Delete",
    glfw.KEY_LEFT: "Left",
    glfw.KEY_RIGHT: "Right",
    glfw.KEY_UP: "Up",
    glfw.KEY_DOWN: "Down",
    **{getattr(glfw, f"KEY_F{number}"): f"F{number}" for number in range(1, 13)},
}
_MODIFIERS = {glfw.MOD_CONTROL: "Ctrl", glfw.MOD_SUPER: "Ctrl", glfw.MOD_ALT: "Alt", glfw.MOD_SHIFT: "Shift"}
_MODIFIER_KEYS = {
    getattr(glfw, f"KEY_{side}_{key}"): name
    for side in ("LEFT", "RIGHT")
    for key, name in (("CONTROL", "Ctrl"), ("SUPER", "Ctrl"), ("ALT", "Alt"), ("SHIFT", "Shift"))
}
_BUTTONS: dict[int, Button] = {
    glfw.MOUSE_BUTTON_LEFT: "left",
    glfw.MOUSE_BUTTON_RIGHT: "right",
    glfw.MOUSE_BUTTON_MIDDLE: "middle",
}

_open_windows = 0  # glfw is global in the process: the last window terminates it
_last_error = ""


class GlfwSurface:
    """A resizable window with an OpenGL 3.3 core context and vertical synchronization.

    `picture` is the (width, height) of the expected picture. `place` is where the window was, see the property; without
    it the window has the size of the picture, and the window system chooses the position. Raises DeviceError without a
    display or OpenGL 3.3; the caller can continue off screen.

    A software renderer draws the frame, and copies it to the window system, in the swap: 2 to 4 ms at 960x540
    (measured), in a thread. A GPU's driver only queues the swap, or waits for the display.
    """

    is_interactive = True
    can_fullscreen = True

    def __init__(
        self,
        picture: Size = (1280, 720),
        *,
        title: str = "groundglass",
        fullscreen: bool = False,
        place: Place | None = None,
    ) -> None:
        self._handle: Any = None
        self._title = title
        self._windowed: tuple[int, int, int, int] | None = None  # left, top, width, height before full screen
        _start_glfw()
        try:
            size = opening_size(picture, _work_area()) if place is None else opening_size(place[2:], _work_area(), 1.0)
            self._handle = _create_window(size, title)
            glfw.make_context_current(self._handle)
            glfw.swap_interval(1)
            take = partial(glfw.make_context_current, self._handle)
            self._swaps = SwapThread(take, _no_context_current, partial(glfw.swap_buffers, self._handle))
            current: Any = _CurrentContext(self._swaps.end)
            self.gl: moderngl.Context = moderngl.create_context(require=330, context=current)
            self.presents_behind = is_software(self.gl)
        except Exception as error:
            _stop_glfw(self._handle)
            if isinstance(error, DeviceError):
                raise
            raise DeviceError(f"the window's OpenGL context is unusable ({error}); {HEADLESS_HINT}") from error
        self.refresh_hz: float | None = _refresh_hz(
            _monitor_of((*self._position(), *glfw.get_window_size(self._handle)))
        )
        self.input = InputQueue(self.size)
        self._pointer: tuple[float, float] | None = (
            None  # the position of the latest event, in units of the window system
        )
        self._listen()
        if place is not None and _is_on_monitor(place):
            glfw.set_window_pos(self._handle, *place[:2])
        glfw.show_window(self._handle)
        if fullscreen:
            self.toggle_fullscreen()

    @property
    def framebuffer(self) -> moderngl.Framebuffer:
        return self.gl.screen

    @property
    def size(self) -> Size:
        width, height = glfw.get_framebuffer_size(self._handle)
        return width, height

    @property
    def scale(self) -> float:
        return float(glfw.get_window_content_scale(self._handle)[0])

    @property
    def bits(self) -> int:
        try:
            bits = int(self.gl.screen.bits["red"])
        except (AttributeError, KeyError, TypeError, moderngl.Error):
            return 8  # the driver does not report it
        return max(bits, 8)

    @property
    def place(self) -> Place | None:
        if self._windowed is not None:
            return None
        width, height = glfw.get_window_size(self._handle)
        return *self._position(), width, height

    def poll(self) -> list[Event]:
        glfw.poll_events()
        return self.input.take()

    def wait(self, timeout_s: float) -> list[Event]:
        events = self.input.take()
        if not events:
            glfw.wait_events_timeout(timeout_s)
            events = self.input.take()
        return events

    def wake(self) -> None:
        glfw.post_empty_event()

    def present(self, title: str) -> None:
        self._show_title(title)
        glfw.swap_buffers(self._handle)

    def present_behind(self, title: str) -> Callable[[], tuple[float, float]]:
        self._show_title(title)
        self._swaps.begin()
        return self._swaps.end

    def _show_title(self, title: str) -> None:
        if title != self._title:
            glfw.set_window_title(self._handle, title)
            self._title = title

    def toggle_fullscreen(self) -> None:
        if self._windowed is not None:
            no_monitor: Any = None
            glfw.set_window_monitor(self._handle, no_monitor, *self._windowed, glfw.DONT_CARE)
            self._windowed = None
        else:
            self._windowed = (*self._position(), *glfw.get_window_size(self._handle))
            monitor = _monitor_of(self._windowed)
            mode = glfw.get_video_mode(monitor)
            glfw.set_window_monitor(self._handle, monitor, 0, 0, mode.size.width, mode.size.height, mode.refresh_rate)
        glfw.swap_interval(1)  # some drivers reset it with the mode
        self.input.post(Signal.REPAINT)

    def close(self) -> None:
        if self._handle is None:
            return
        self._swaps.close()
        glfw.make_context_current(self._handle)
        self.gl.release()
        _stop_glfw(self._handle)
        self._handle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _position(self) -> tuple[int, int]:
        left, top = glfw.get_window_pos(self._handle)
        return left, top

    def _listen(self) -> None:
        glfw.set_key_callback(self._handle, self._on_key)
        glfw.set_mouse_button_callback(self._handle, self._on_button)
        glfw.set_cursor_pos_callback(self._handle, self._on_move)
        glfw.set_scroll_callback(self._handle, lambda _, __, up: self.input.scroll(up, self._held()))
        glfw.set_char_callback(self._handle, lambda _, code: self.input.text(chr(code)))
        on_drop: Any = lambda _, paths: self.input.post(Drop(tuple(paths)))  # noqa: E731 - glfw's stub has another type
        glfw.set_drop_callback(self._handle, on_drop)
        glfw.set_window_close_callback(self._handle, lambda _: self.input.post(Signal.QUIT))
        glfw.set_window_refresh_callback(self._handle, lambda _: self.input.post(Signal.REPAINT))
        glfw.set_framebuffer_size_callback(self._handle, lambda *_: self.input.post(Signal.REPAINT))

    def _on_key(self, _: Any, key: int, scancode: int, action: int, modifiers: int) -> None:
        self.input.key(key_name(key, scancode), action != glfw.RELEASE, _held(modifiers), action == glfw.REPEAT)

    def _held(self) -> frozenset[str]:
        """The modifier keys that are down."""
        down = (name for key, name in _MODIFIER_KEYS.items() if glfw.get_key(self._handle, key) == glfw.PRESS)
        return frozenset(down)

    def _on_move(self, _: Any, x: float, y: float) -> None:
        self._pointer = x, y
        self.input.move(*self._pixels(x, y))

    def _on_button(self, _: Any, button: int, action: int, modifiers: int) -> None:
        """At the position of the event: glfw's own is the present one, at which a quick stroke has already ended."""
        if button in _BUTTONS:
            pointer = self._pointer or glfw.get_cursor_pos(self._handle)
            self.input.button(_BUTTONS[button], action == glfw.PRESS, *self._pixels(*pointer), _held(modifiers))

    def _pixels(self, x: float, y: float) -> tuple[float, float]:
        """Framebuffer pixels from a position in units of the window system. On a HiDPI screen they differ."""
        (width, height), window = self.size, glfw.get_window_size(self._handle)
        return x * width / max(window[0], 1), y * height / max(window[1], 1)


def _held(modifiers: int) -> frozenset[str]:
    """The modifier keys of glfw's bits."""
    return frozenset(name for bit, name in _MODIFIERS.items() if modifiers & bit)


def key_name(key: int, scancode: int) -> str:
    """The name of a glfw key in the user's keyboard layout; "" for a key without a name."""
    return _NAMED.get(key) or _DIGITS.get(key) or (glfw.get_key_name(key, scancode) or "").upper()


class _CurrentContext:
    """moderngl's interface to the context that glfw has made current, on X11, Wayland, Windows and macOS.

    `take` takes it back from the thread that swaps.
    """

    def __init__(self, take: Callable[[], object]) -> None:
        self._take = take

    def load_opengl_function(self, name: str) -> int:
        address: Any = glfw.get_proc_address(name)
        return address or 0

    load = load_opengl_function

    def release(self) -> None:
        """Does nothing: the window destroys its context."""

    def __enter__(self) -> None:
        self._take()

    def __exit__(self, *_: object) -> None:
        """Does nothing: the context stays current."""


def _no_context_current() -> None:
    no_window: Any = None
    glfw.make_context_current(no_window)


def _start_glfw() -> None:
    global _open_windows
    glfw.set_error_callback(_keep_error)
    if not glfw.init():
        raise DeviceError(f"no display can be opened ({_last_error or 'unknown reason'}); {HEADLESS_HINT}")
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
        glfw.OPENGL_FORWARD_COMPAT: True,  # macOS requires it for a core profile
        **{bits: 10 for bits in (glfw.RED_BITS, glfw.GREEN_BITS, glfw.BLUE_BITS)},  # a hint: the closest is used
        glfw.CONTEXT_ROBUSTNESS: glfw.LOSE_CONTEXT_ON_RESET,  # a hint: a driver that is reset reports it
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


def _refresh_hz(monitor: Any) -> float | None:
    mode = glfw.get_video_mode(monitor) if monitor else None
    return float(mode.refresh_rate) if mode and mode.refresh_rate > 0 else None


def _is_on_monitor(place: Place) -> bool:
    """Whether the middle of the window's upper edge, by which it is moved, is on a monitor."""
    x, y = place[0] + place[2] // 2, place[1]
    for monitor in glfw.get_monitors():
        left, top, width, height = glfw.get_monitor_workarea(monitor)
        if left <= x < left + width and top <= y < top + height:
            return True
    return False


def _monitor_of(window: tuple[int, int, int, int]) -> Any:
    """The monitor at the centre of the window's (left, top, width, height), or else the primary monitor."""
    x, y = window[0] + window[2] // 2, window[1] + window[3] // 2
    for monitor in glfw.get_monitors():
        left, top = glfw.get_monitor_pos(monitor)
        size = glfw.get_video_mode(monitor).size
        if left <= x < left + size.width and top <= y < top + size.height:
            return monitor
    return glfw.get_primary_monitor()
