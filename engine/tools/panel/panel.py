"""The panel (Tab): every control, the parameters of the look, the steps, and the time of each stage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from threading import Thread
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ...controls import Action, Control, Switch
from ...display.events import Event
from ...display.tool import Canvas, Invalidation, Tool, ToolContext
from ...errors import GroundglassError
from .gui import Gui, import_ahead, is_imported
from .history_section import build_messages, build_steps
from .look_section import LookSection
from .times import TimesSection
from .widgets import describe, matches, same_line_if_it_fits, widget

if TYPE_CHECKING:
    from ...live_edit.editing import Editing

WIDTH_EM = 25.0  # width of the panel, in text heights
MAX_WIDTH = 0.5  # and at most this fraction of the window
WIDGET = 0.45  # width of a widget beside its title, as a fraction of the panel
REFRESH_S = 0.25  # update interval of values that change without input
LOOK, STEPS, PERFORMANCE = "Look", "Steps and messages", "Performance"


class Section(NamedTuple):
    """A part of the panel: its title, and the groups of its controls."""

    title: str
    groups: tuple[str, ...]


# In the order of a photographer's work. The controls of other groups have sections of their own, in between.
SECTIONS = (
    Section("Source", ("source", "camera")),
    Section("Focus and lens", ("focus",)),
    Section("Exposure and white balance", ("exposure",)),
    Section("Develop", ("develop",)),
    Section(LOOK, ("look",)),
    Section("Aids and scopes", ("aids", "scopes")),
    Section("Custom modes", ("custom",)),
    Section("Output", ("keep",)),
)
LAST_SECTIONS = (
    Section(STEPS, ("history",)),
    Section("Window", ("window",)),
    Section(PERFORMANCE, ("tune",)),
)
# The buttons above all sections: the title, which is shorter than that of the control, by the control's name.
BUTTONS = {"still": "Still", "record": "Record", "undo": "Undo", "redo": "Redo", "keys": "Keys", "panel": "Close"}
# Controls that the sections leave out.
OWN_WIDGETS = {"look", "swap", "reset_look", "scope_places", *BUTTONS} - {"record"}


class Panel(Tool):
    """Widgets for all controls of the tool context and for the look of `editing`, docked at the right of the window.

    `pass_times` are the current times of `PassTimes`, in milliseconds. `search` are the words of the search field.
    """

    def __init__(
        self, tool_context: ToolContext, editing: Editing, pass_times: Mapping[str, float] = MappingProxyType({})
    ) -> None:
        self._tool_context, self._pass_times = tool_context, pass_times
        self._look = LookSection(editing, tool_context.messages, pass_times)
        self.search = ""
        self._gui: Gui | None = None
        self._importing: Thread | None = None  # while the picture moves on: it takes 0.2 s
        self._times: TimesSection | None = None
        self._shown = False
        self._size = (1, 1)
        self._built_s = 0.0
        self._changed = False

    def controls(self) -> Iterable[Control]:
        yield Switch("panel", "Panel", "window", "Tab", get=lambda: self._shown, set=self._toggle, is_saved=True)

    def tick(self, now_s: float) -> Invalidation:
        if self._importing is not None and not self._importing.is_alive():
            self._importing = None
            self._open()
        if not self._shown or self._gui is None:
            return Invalidation.NOTHING
        if now_s - self._built_s > REFRESH_S:
            self._gui.refresh()
        changed, self._changed = self._changed, False
        return Invalidation.REDRAW if changed else Invalidation.REPAINT if self._gui.is_stale else Invalidation.NOTHING

    @property
    def busy(self) -> bool:
        return self._importing is not None or (self._shown and self._gui is not None and self._gui.is_held)

    def handle_event(self, event: Event) -> bool:
        if self._gui is not None:
            self._gui.refresh()  # a key may have changed the value of a widget
        return False

    def dock_px(self, framebuffer: tuple[int, int], text_px: int) -> int:
        self._size = framebuffer
        return self._width_px(text_px) if self._shown and self._gui is not None else 0

    def _width_px(self, text_px: float) -> int:
        return round(min(WIDTH_EM * text_px, MAX_WIDTH * self._size[0]))

    def draw(self, canvas: Canvas) -> None:
        if not self._shown or self._gui is None:
            return
        now_s = perf_counter()
        elapsed_s, is_stale = now_s - self._built_s, self._gui.is_stale
        self._gui.draw(replace(canvas, size=self._size), elapsed_s)
        if is_stale:
            self._built_s = now_s

    def close(self) -> None:
        if self._times is not None:
            self._times.release()
            self._times = None
        if self._gui is not None:
            self._gui.release()
            self._gui = None

    def _toggle(self, on: bool) -> None:
        self._shown = on
        if self._gui is not None:
            self._gui.forget_input()
        if on and self._gui is None and is_imported():
            self._open()
        elif on and self._gui is None and self._importing is None:
            self._importing = Thread(target=import_ahead, name="groundglass-panel", daemon=True)
            self._importing.start()
            self._tool_context.notify("the panel opens ...")
        self._tool_context.surface.input.listener = self._gui if on else None

    def _open(self) -> None:
        """Opens the panel, unless it was closed while its library was imported."""
        if not self._shown:
            return
        try:
            self._gui = Gui(self._tool_context.engine.gl, self._build)
        except GroundglassError as error:
            self._shown = False
            self._tool_context.notify(str(error))
        self._tool_context.surface.input.listener = self._gui

    def _build(self, imgui: Any) -> None:
        width = self._width_px(imgui.get_font_size())
        imgui.set_next_window_pos(imgui.ImVec2(self._size[0] - width, 0), imgui.Cond_.always)
        imgui.set_next_window_size(imgui.ImVec2(width, self._size[1]), imgui.Cond_.always)
        flags = imgui.WindowFlags_
        imgui.begin("groundglass", None, flags.no_title_bar | flags.no_resize | flags.no_move | flags.no_saved_settings)
        self._build_buttons(imgui)
        imgui.set_next_item_width(-1)
        _, self.search = imgui.input_text_with_hint("##search", "search all settings", self.search)
        imgui.begin_child("sections", child_flags=imgui.ChildFlags_.nav_flattened)
        imgui.push_item_width(WIDGET * width)
        words = self.search.lower().split()
        for section, controls in self._sections():
            self._build_section(imgui, section, controls, words)
        imgui.pop_item_width()
        imgui.end_child()
        imgui.end()

    def _sections(self) -> Iterable[tuple[Section, list[Control]]]:
        groups = self._tool_context.controls.groups()
        listed = {group for section in (*SECTIONS, *LAST_SECTIONS) for group in section.groups}
        others = [Section(group.capitalize(), (group,)) for group in groups if group not in listed]
        for section in (*SECTIONS, *others, *LAST_SECTIONS):
            controls = (control for group in section.groups for control in groups.get(group, ()))
            yield section, [control for control in controls if control.name not in OWN_WIDGETS]

    def _build_section(self, imgui: Any, section: Section, controls: list[Control], words: list[str]) -> None:
        if words:
            controls = [control for control in controls if matches(words, control.name, control.title, control.help)]
            if not controls and not (section.title == LOOK and self._look.finds(words)):
                return
            imgui.set_next_item_open(True)
        # Found sections have names of their own: they are not open after the search.
        if not imgui.collapsing_header(f"{section.title}##found" if words else section.title):
            return
        imgui.push_id(section.title)
        self._build_controls(imgui, controls)
        if section.title == LOOK:
            self._changed |= self._look.build(imgui, words)
        elif section.title == STEPS and not words:
            self._changed |= build_steps(imgui, self._tool_context.settings)
            imgui.separator()
            build_messages(imgui, self._tool_context.messages.latest)
        elif section.title == PERFORMANCE and not words:
            self._times = self._times or TimesSection()
            self._times.build(imgui, self._tool_context.engine.clock, self._pass_times)
        imgui.pop_id()

    def _build_buttons(self, imgui: Any) -> None:
        controls = {control.name: control for control in self._tool_context.controls}
        follows = False
        for name, title in BUTTONS.items():
            control = controls.get(name)
            if control is None:
                continue
            if follows:
                same_line_if_it_fits(imgui, title)
            follows = True
            is_on = isinstance(control, Switch) and name != "panel" and control.get()
            if is_on:
                imgui.push_style_color(imgui.Col_.button, imgui.get_style().color_(imgui.Col_.button_active))
            if imgui.button(title):
                self._use(control)
            if is_on:
                imgui.pop_style_color()
            if imgui.is_item_hovered():
                describe(imgui, replace(control, help=control.help or control.title))

    def _use(self, control: Control) -> None:
        """As its key."""
        self._changed = True
        try:
            match control:
                case Action(do=do):
                    do()
                case Switch(get=get, set=put):
                    put(not get())
        except GroundglassError as error:
            self._tool_context.notify(str(error))

    def _build_controls(self, imgui: Any, controls: Iterable[Control]) -> None:
        """Declares the widgets. Below `Zebra`, `Zebra: limit` is `Limit`."""
        follows_action, heading = False, ""
        for control in controls:
            title = control.title.removeprefix(f"{heading}: ")
            belongs = title != control.title
            if not belongs:
                heading = title
            is_action = isinstance(control, Action)
            if is_action and follows_action:
                same_line_if_it_fits(imgui, control.title)
            follows_action = is_action
            imgui.push_id(control.name)
            if belongs:
                imgui.indent()
                imgui.push_item_width(imgui.calc_item_width() - imgui.get_style().indent_spacing)
            try:
                self._changed |= widget(imgui, replace(control, title=title[0].upper() + title[1:]))
            except GroundglassError as error:
                self._tool_context.notify(str(error))
            if belongs:
                imgui.pop_item_width()
                imgui.unindent()
            imgui.pop_id()
