"""Dear ImGui on moderngl: input from the surface; widgets are rendered to a texture that is reused until a change."""

from __future__ import annotations

import ctypes
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import moderngl
import numpy as np
from numpy.typing import NDArray

from ...display.events import MODIFIERS, Button, Modifiers
from ...display.tool import Canvas
from ...errors import MissingExtraError
from ...gl.full_frame import FullFrame
from ...gl.program import compile_program, load_source

FONT_PX = 13.0  # size at which the font is loaded
_NAMED = {"Esc": "escape", "Enter": "enter", "Backspace": "backspace", "Delete": "delete", "Space": "space"}
_NAMED |= {"Home": "home", "End": "end", "PageUp": "page_up", "PageDown": "page_down", "Tab": "tab"}
_NAMED |= {"-": "minus", ".": "period"}
_NAMED |= {side: f"{side.lower()}_arrow" for side in ("Left", "Right", "Up", "Down")}
_NAMED |= {character.upper(): character for character in "abcdefghijklmnopqrstuvwxyz"}
_NAMED |= {str(digit): f"keypad{digit}" for digit in range(10)}
_BUTTONS: dict[Button, int] = {"left": 0, "right": 1, "middle": 2}
# Arrow keys move the keyboard focus between widgets, the action keys operate the focused one. All other keys go to the
# viewfinder; these do too after a click on the picture, unless text is being typed.
_ARROWS = {"Left", "Right", "Up", "Down"}
_ACTIONS = {"Enter", "Space", "Esc"}
_PointerInput = tuple[float, float] | tuple[Button, bool]  # a position, or a button that was pressed or released


def import_imgui() -> Any:
    """The imgui module; MissingExtraError if it is not installed."""
    try:
        from imgui_bundle import imgui
    except ImportError as error:
        raise MissingExtraError("the panel", "imgui-bundle", "panel") from error
    return imgui


def is_imported() -> bool:
    """Whether `import_imgui` returns, or fails, at once."""
    return "imgui_bundle.immapp" in sys.modules or find_spec("imgui_bundle") is None


def import_ahead() -> None:
    """Imports in a thread what `import_imgui` returns."""
    with suppress(MissingExtraError):
        import_imgui()


class Gui:
    """One context of Dear ImGui. `build` declares the widgets; it is called when their state may have changed.

    It is an `InputListener`: `on_...` methods return True if a widget takes the input.
    """

    def __init__(self, gl: moderngl.Context, build: Callable[[Any], None]) -> None:
        self._imgui = imgui = import_imgui()
        self._gl, self._build, self._scale = gl, build, 0.0
        self._context = imgui.create_context()
        io = imgui.get_io()
        io.set_ini_filename("")
        io.backend_flags |= imgui.BackendFlags_.renderer_has_textures | imgui.BackendFlags_.renderer_has_vtx_offset
        io.config_flags |= imgui.ConfigFlags_.nav_enable_keyboard
        import imgui_bundle

        font = Path(imgui_bundle.__file__).parent / "assets" / "fonts" / "DroidSans.ttf"
        io.fonts.add_font_from_file_ttf(str(font), FONT_PX)
        _set_dark_theme(imgui)
        self._keys = {name: getattr(imgui.Key, imgui_name) for name, imgui_name in _NAMED.items()}
        self._program = compile_program(gl, load_source("gui.vert.glsl"), load_source("gui.frag.glsl"))
        self._composite = FullFrame(gl, load_source("overlay.frag.glsl"), ("text",), vertex="screen.vert.glsl")
        self._vertices = gl.buffer(reserve=1 << 18, dynamic=True)
        self._indices = gl.buffer(reserve=1 << 17, dynamic=True)
        self._triangles: moderngl.VertexArray | None = None
        self._textures: dict[int, moderngl.Texture] = {}
        self._target: tuple[moderngl.Texture, moderngl.Framebuffer] | None = None
        self._covered = (0, 0, 0, 0)  # part of the screen with widgets: left, bottom, width, height
        self._pointer = (-1.0, -1.0)
        self._held: set[Button] = set()  # buttons that were pressed over the widgets
        self._pointer_input: deque[_PointerInput] = deque()  # not passed to the widgets yet
        self._builds_due = 3  # frames to build; widgets need two to compute their sizes

    def refresh(self) -> None:
        """Requests a rebuild, after a change of a value that the widgets show."""
        self._builds_due = max(self._builds_due, 1)

    @property
    def is_stale(self) -> bool:
        return self._builds_due > 0

    @property
    def is_held(self) -> bool:
        """Whether a widget is being dragged or typed into."""
        self._imgui.set_current_context(self._context)
        return bool(self._imgui.is_any_item_active())

    def draw(self, canvas: Canvas, seconds: float) -> None:
        """Draws the widgets over the canvas, `seconds` after the previous call."""
        size = canvas.size
        if canvas.text_px != self._scale * FONT_PX:
            self._scale = canvas.text_px / FONT_PX
            self._imgui.set_current_context(self._context)
            _set_sizes(self._imgui, self._scale)
            self._builds_due = 3
        if self._builds_due > 0 or self._target is None or self._target[0].size != size:
            self._render(size, seconds)
            self._builds_due -= 1
        if self._target is None or 0 in self._covered[2:]:
            return
        screen = canvas.framebuffer
        screen.viewport = (0, 0, *size)
        screen.scissor = self._covered
        self._target[0].use(0)
        self._composite.draw(screen, premultiplied=True)
        screen.scissor = None  # type: ignore[assignment]

    def on_key(self, name: str, pressed: bool, modifiers: Modifiers) -> bool:
        self._activate()
        io, imgui = self._imgui.get_io(), self._imgui
        for modifier in MODIFIERS:
            io.add_key_event(getattr(imgui.Key, f"mod_{modifier.lower()}"), modifier in modifiers)
        is_navigation = name in _ARROWS and io.nav_active
        is_for_widget = io.want_text_input or is_navigation or (name in _ACTIONS and io.nav_visible)
        is_typed = len(name) == 1 and "Ctrl" not in modifiers  # it arrives as text
        if name in self._keys and ((is_for_widget and not is_typed) or not pressed):
            io.add_key_event(self._keys[name], pressed)
        return bool(is_for_widget and name != "Tab")

    def on_text(self, characters: str) -> bool:
        self._activate()
        self._imgui.get_io().add_input_characters_utf8(characters)
        return bool(self._imgui.get_io().want_text_input)

    def on_button(self, button: Button, pressed: bool) -> bool:
        self._activate()
        is_over = self._is_over()
        if not pressed:
            self._held.discard(button)
        elif is_over:
            self._held.add(button)
        self._pointer_input.append((button, pressed))
        return is_over

    def on_move(self, x: float, y: float) -> bool:
        """The pointer's position in pixels of the framebuffer, from the upper left."""
        self._activate()
        self._pointer_input.append((x, y))
        self._pointer = x, y
        return self._is_over()

    def on_scroll(self, steps: float) -> bool:
        self._activate()
        self._imgui.get_io().add_mouse_wheel_event(0.0, steps)
        return self._is_over()

    def forget_input(self) -> None:
        """Ends a drag, because the widgets appear or disappear."""
        self._activate()
        self._pointer_input.clear()
        for button in self._held:
            self._pointer_input.append((button, False))
        self._held.clear()

    def release(self) -> None:
        """Releases all GL objects and the context."""
        for texture in self._textures.values():
            texture.release()
        for buffer in (self._vertices, self._indices):
            buffer.release()
        self._program.release()
        self._composite.release()
        if self._triangles is not None:
            self._triangles.release()
        if self._target is not None:
            self._target[1].release()
            self._target[0].release()
        self._imgui.set_current_context(self._context)
        for atlas in self._imgui.get_platform_io().textures:
            atlas.set_tex_id(0)
            atlas.set_status(self._imgui.ImTextureStatus.destroyed)
        self._imgui.destroy_context(self._context)

    def _is_over(self) -> bool:
        """Whether the pointer is over the panel or drags a widget. ImGui's own answer is a frame late."""
        left, bottom, width, height = self._covered
        top = 0 if self._target is None else self._target[0].height - bottom - height
        inside = 0 <= self._pointer[0] - left < width and 0 <= self._pointer[1] - top < height
        return inside or bool(self._held) or bool(self._imgui.get_io().want_text_input)

    def _pass_pointer_input(self) -> None:
        """Passes input to the widgets, up to a button event that follows a move: a dragged widget is built at the
        position at which it is released, even if the frame rate is low.
        """
        io, has_moved, has_button = self._imgui.get_io(), False, False
        while self._pointer_input:
            first, second = self._pointer_input[0]
            is_move = not isinstance(first, str)
            if has_button or (has_moved and not is_move):
                self._builds_due = max(self._builds_due, 2)  # this one, and one for the rest
                return
            self._pointer_input.popleft()
            if isinstance(first, str):
                io.add_mouse_button_event(_BUTTONS[first], bool(second))
                has_button = True
            else:
                io.add_mouse_pos_event(first, second)
                has_moved = True

    def _activate(self) -> None:
        self._imgui.set_current_context(self._context)
        self._builds_due = max(self._builds_due, 2)

    def _render(self, size: tuple[int, int], seconds: float) -> None:
        imgui = self._imgui
        imgui.set_current_context(self._context)
        io = imgui.get_io()
        io.display_size = imgui.ImVec2(*map(float, size))
        io.delta_time = max(seconds, 1e-4)
        self._pass_pointer_input()
        imgui.new_frame()
        self._build(imgui)
        imgui.render()
        data = imgui.get_draw_data()
        for texture in data.textures:
            self._update_texture(texture)
        self._draw_lists(data, size)

    def _update_texture(self, texture: Any) -> None:
        """Creates, updates or releases a glyph texture, by its status."""
        status = self._imgui.ImTextureStatus
        if texture.status == status.want_create:
            made = self._gl.texture((texture.width, texture.height), 4, texture.get_pixels_array().tobytes())
            self._textures[made.glo] = made
            texture.set_tex_id(made.glo)
            texture.set_status(status.ok)
        elif texture.status == status.want_updates:
            self._textures[texture.tex_id].write(texture.get_pixels_array().tobytes())
            texture.set_status(status.ok)
        elif texture.status == status.want_destroy:
            self._textures.pop(texture.tex_id).release()
            texture.set_tex_id(0)
            texture.set_status(status.destroyed)

    def _draw_lists(self, data: Any, size: tuple[int, int]) -> None:
        framebuffer = self._resized_target(size)
        framebuffer.clear()
        bounds = [*size, 0, 0]  # left, top, right, bottom
        gl = self._gl
        gl.enable_only(moderngl.BLEND)
        # Blending over transparent black gives a premultiplied result.
        over = moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA, moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        gl.blend_func = over  # type: ignore[assignment]
        self._program["display_size"].value = tuple(map(float, size))  # type: ignore[union-attr]
        for commands in data.cmd_lists:
            triangles, vertices = self._upload(commands)
            if not len(vertices):
                continue
            low, high = np.floor(vertices.min(axis=0)).tolist(), np.ceil(vertices.max(axis=0)).tolist()
            for command in commands.cmd_buffer:
                box = command.clip_rect
                # The clip rectangle may be the whole screen: the bounds of the vertices are tighter.
                x0, y0 = max(round(box.x), round(low[0]), 0), max(round(box.y), round(low[1]), 0)
                x1, y1 = min(round(box.z), round(high[0]), size[0]), min(round(box.w), round(high[1]), size[1])
                if x1 <= x0 or y1 <= y0 or command.elem_count == 0:
                    continue
                framebuffer.scissor = x0, y0, x1 - x0, y1 - y0
                framebuffer.use()
                self._textures[command.get_tex_id()].use(0)
                triangles.render(moderngl.TRIANGLES, command.elem_count, first=command.idx_offset)
                bounds = [*map(min, bounds[:2], (x0, y0)), *map(max, bounds[2:], (x1, y1))]
        framebuffer.scissor = None  # type: ignore[assignment]
        gl.disable(moderngl.BLEND)
        gl.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        left, top, right, bottom = bounds
        self._covered = left, size[1] - bottom, max(right - left, 0), max(bottom - top, 0)

    def _upload(self, commands: Any) -> tuple[moderngl.VertexArray, NDArray[np.float32]]:
        """The vertex array of an uploaded draw list, and its vertices: (N, 2) pixels from the upper left."""
        imgui, parts = self._imgui, []
        for buffer, item_size in ((commands.vtx_buffer, imgui.VERTEX_SIZE), (commands.idx_buffer, imgui.INDEX_SIZE)):
            parts.append(ctypes.string_at(buffer.data_address(), buffer.size() * item_size))
        grown = False
        for name, part in zip(("_vertices", "_indices"), parts, strict=True):
            if getattr(self, name).size < len(part):
                getattr(self, name).release()
                setattr(self, name, self._gl.buffer(reserve=2 * len(part), dynamic=True))
                grown = True
            getattr(self, name).write(part)
        if grown or self._triangles is None:
            if self._triangles is not None:
                self._triangles.release()
            layout = [(self._vertices, "2f 2f 4f1", "place", "uv", "colour")]
            self._triangles = self._gl.vertex_array(
                self._program, layout, self._indices, index_element_size=imgui.INDEX_SIZE
            )
        vertices = np.frombuffer(parts[0], np.float32).reshape(-1, imgui.VERTEX_SIZE // 4)[:, :2]
        return self._triangles, vertices

    def _resized_target(self, size: tuple[int, int]) -> moderngl.Framebuffer:
        if self._target is None or self._target[0].size != size:
            if self._target is not None:
                self._target[1].release()
                self._target[0].release()
            texture = self._gl.texture(size, 4)
            texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
            self._target = texture, self._gl.framebuffer([texture])
        return self._target[1]


def _set_sizes(imgui: Any, scale: float) -> None:
    style, pair = imgui.get_style(), imgui.ImVec2
    style.font_scale_main = scale
    style.window_rounding = 0.0
    style.popup_rounding = style.frame_rounding = style.grab_rounding = 4.0 * scale
    style.window_padding, style.frame_padding = pair(10 * scale, 8 * scale), pair(5 * scale, 3 * scale)
    style.item_spacing, style.item_inner_spacing = pair(7 * scale, 5 * scale), pair(6 * scale, 4 * scale)
    style.indent_spacing, style.scrollbar_size, style.grab_min_size = 14 * scale, 14 * scale, 5 * scale
    # With half of the gap to the next one, a widget of 19 pixels takes a finger on 24 (WCAG 2.2, 2.5.8).
    style.touch_extra_padding = pair(2.5 * scale, 2.5 * scale)
    style.selectable_text_align = pair(0.0, 0.5)


def _set_dark_theme(imgui: Any) -> None:
    """A dark theme without borders, with one warm accent colour."""
    imgui.style_colors_dark()
    style = imgui.get_style()
    style.window_border_size = style.frame_border_size = style.popup_border_size = 0.0
    accent, frame, highlight, background = (
        (0.70, 0.23, 0.19),
        (0.19, 0.19, 0.20),
        (0.28, 0.28, 0.29),
        (0.07, 0.07, 0.075),
    )
    colours = {
        "window_bg": (*background, 1.0),
        "popup_bg": (*background, 0.97),
        "frame_bg": (*frame, 0.8),
        "frame_bg_hovered": (*highlight, 0.9),
        "frame_bg_active": (*highlight, 1.0),
        "slider_grab": (0.60, 0.60, 0.58, 1.0),
        "slider_grab_active": (*accent, 1.0),
        "check_mark": (0.95, 0.95, 0.93, 1.0),
        "checkbox_selected_bg": (*accent, 0.9),
        "button": (*frame, 0.95),
        "button_hovered": (*highlight, 1.0),
        "button_active": (*accent, 0.9),
        "header": (*frame, 0.7),
        "header_hovered": (*highlight, 1.0),
        "header_active": (*highlight, 1.0),
        "separator": (*highlight, 1.0),
        "text": (0.90, 0.90, 0.88, 1.0),
        "text_disabled": (0.64, 0.64, 0.62, 1.0),
        "scrollbar_bg": (0.0, 0.0, 0.0, 0.0),
        "nav_cursor": (1.0, 0.78, 0.40, 1.0),
        "plot_lines": (0.78, 0.78, 0.75, 1.0),
        "plot_histogram": (*accent, 0.6),
        "text_selected_bg": (*accent, 0.4),
    }
    for name, colour in colours.items():
        style.set_color_(getattr(imgui.Col_, name), imgui.ImVec4(*colour))
