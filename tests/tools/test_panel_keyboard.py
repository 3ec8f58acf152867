"""The panel by keyboard alone: each kind of widget gets the focus, and changes its value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import groundglass as gg
import pytest
from groundglass.controls import Action, Choice, Control, Controls, Number, Switch, Text
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.present import Presenter
from groundglass.live_edit.editing import Editing
from groundglass.tools.panel.panel import Panel
from live_engine import LiveEngine, tool_context
from look_support import context

pytest.importorskip("imgui_bundle")

SIZE = 960, 540
STEPS = 60  # steps of the focus, more than there are rows
# Widgets that take the focus, by the names of their functions.
WIDGETS = {"button", "checkbox", "slider_float", "drag_float", "begin_combo", "selectable", "input_text"}
WIDGETS |= {"input_text_with_hint", "collapsing_header", "tree_node", "color_edit3"}


class FocusSpy:
    """Dear ImGui's module, which notes the label of the widget in focus."""

    def __init__(self, imgui: Any) -> None:
        self._imgui = imgui
        self.focus, self.focused = "", set[str]()

    def __getattr__(self, name: str) -> Any:
        declare = getattr(self._imgui, name)
        if name not in WIDGETS:
            return declare

        def declared(label: str, *words: Any, **options: Any) -> Any:
            used = declare(label, *words, **options)
            if not (name == "begin_combo" and used) and self._imgui.is_item_focused():
                self.focus = label
                self.focused.add(label)
            return used

        return declared


class Keyboard:
    """The panel over a picture, with one control of each kind and the parameters of a look, and its keys."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.engine = LiveEngine(gl=context(), look="classic")
        self.surface = OffscreenSurface(SIZE, gl=context())
        self.presenter = Presenter(self.surface)
        self.controls = Controls()
        self.editing = Editing(self.engine.history)
        ctx = tool_context(self.engine, None, print, self.controls, None, self.surface)
        self.panel = Panel(ctx, self.editing)
        self.values: dict[str, Any] = {"number": 0.5, "text": "", "switch": False, "choice": "a", "action": 0}
        self.controls.add((*self.panel.controls(), *self._controls()))
        with gg.open("scene:?size=96x64") as source:
            self.picture = self.engine.draw(next(iter(source)))
        build = Panel._build
        self.spy: FocusSpy | None = None

        def watched(panel: Panel, imgui: Any) -> None:
            self.spy = self.spy or FocusSpy(imgui)
            self.spy.focus = ""
            build(panel, self.spy)

        monkeypatch.setattr(Panel, "_build", watched)
        self.controls.press("Tab")
        self.show(4)
        self.gui = self.surface.input.listener
        self.gui._imgui.get_io().key_repeat_delay = 1e3  # on a busy computer a key is down for long

    def _controls(self) -> Iterator[Control]:
        def get(name: str) -> Callable[[], Any]:
            return lambda: self.values[name]

        def put(name: str) -> Callable[[Any], None]:
            return lambda value: self.values.update({name: value})

        yield Number(
            *("number", "Number", "source"), minimum=0, maximum=1, step=0.01, get=get("number"), set=put("number")
        )
        yield Text("text", "Text", "source", get=get("text"), set=put("text"))
        yield Switch("switch", "Switch", "source", get=get("switch"), set=put("switch"))
        yield Choice("choice", "Choice", "source", choices=("a", "b", "c"), get=get("choice"), set=put("choice"))
        yield Action("action", "Action", "source", do=lambda: self.values.update(action=self.values["action"] + 1))

    def show(self, times: int = 2) -> None:
        for _ in range(times):
            self.presenter.draw(self.picture, [], tools=[self.panel])

    def press(self, *keys: str) -> None:
        for key in keys:
            self.gui.on_key(key, True, frozenset())
            self.show()
            self.gui.on_key(key, False, frozenset())
            self.show()

    def type(self, text: str) -> None:
        for letter in text:
            self.gui.on_text(letter)
            self.show()

    def go_to(self, label: str, key: str = "Down") -> None:
        """Moves the focus until the widget with this label has it."""
        assert self.spy is not None
        for _ in range(STEPS):
            if self.spy.focus == label:
                return
            self.press(key)
        raise AssertionError(f"{label!r} never gets the focus; these do: {sorted(self.spy.focused)}")


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Keyboard]:
    keyboard = Keyboard(monkeypatch)
    yield keyboard
    keyboard.panel.close()
    keyboard.presenter.release()
    keyboard.engine.close()


def test_every_kind_of_control_is_changed_by_keys(keyboard: Keyboard) -> None:
    values = keyboard.values
    keyboard.go_to("Source")
    keyboard.press("Space")
    keyboard.go_to("##Number")
    keyboard.press("Space", "Right", "Right", "Space")
    assert values["number"] > 0.5
    keyboard.go_to("Number##value", "Right")
    keyboard.press("Enter")
    keyboard.type("0.25")
    keyboard.press("Enter")
    assert values["number"] == 0.25
    keyboard.go_to("Text")
    keyboard.press("Enter")
    keyboard.type("words")
    keyboard.press("Enter")
    assert values["text"] == "words"
    keyboard.go_to("Switch")
    keyboard.press("Space")
    assert values["switch"]
    keyboard.go_to("Choice")
    keyboard.press("Space", "Down", "Space")
    assert values["choice"] == "b"
    keyboard.go_to("Action")
    keyboard.press("Space")
    assert values["action"] == 1


def test_the_passes_of_a_look_are_changed_by_keys(keyboard: Keyboard) -> None:
    def passes() -> dict[str, bool]:
        return {settings.name: settings.enabled for settings in keyboard.editing.look.passes}

    before = passes()
    keyboard.go_to("Look")
    keyboard.press("Space")
    keyboard.go_to("##on")
    keyboard.go_to("vignette", "Right")
    keyboard.go_to("color matrix")
    keyboard.go_to("##on", "Left")
    keyboard.press("Space")
    assert passes() == before | {"color_matrix": False}
    keyboard.go_to("color matrix", "Right")
    keyboard.press("Right")
    keyboard.go_to("reset pass")
    keyboard.go_to("down", "Right")
    keyboard.press("Space")
    assert list(passes()) != list(before)
    arranged = list(passes())
    keyboard.go_to("grain")
    keyboard.gui.on_move(700, 20)
    keyboard.gui.on_key("Space", True, frozenset())
    keyboard.show(6)
    keyboard.gui.on_key("Space", False, frozenset())
    assert list(passes()) == arranged, "a key that holds a row does not drag it"


def test_the_buttons_and_the_search_are_reached_from_the_first_widget(keyboard: Keyboard) -> None:
    keyboard.go_to("Close", "Right")
    keyboard.go_to("##search")
    keyboard.press("Enter")
    keyboard.type("swi")
    keyboard.press("Enter")
    keyboard.go_to("Switch")
    keyboard.press("Space")
    assert keyboard.values["switch"]
