"""The widget of each kind of control."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ...controls import Action, Choice, Control, Number, Switch, Text


def widget(imgui: Any, control: Control) -> bool:
    """Declares the widget of a control; returns whether it was used."""
    used = False
    match control:
        case Action(do=do):
            used = imgui.button(control.title)
            if used:
                do()
        case Switch(get=get, set=put):
            used, on = imgui.checkbox(control.title, get())
            if used:
                put(on)
        case Number(get=get, set=put, minimum=minimum, maximum=maximum):
            used, value = imgui.slider_float(
                control.title, get(), minimum, maximum, number_format(control), slider_flags(imgui, control)
            )
            if used:
                put(min(max(value, minimum), maximum))
        case Choice(get=get, set=put, choices=choices):
            chosen = choice_widget(imgui, control.title, get(), choices)
            used = chosen is not None
            if chosen is not None:
                put(chosen)
        case Text():
            used = text_widget(imgui, control)
    if imgui.is_item_hovered():
        describe(imgui, control)
    if control.key and not isinstance(control, Action):
        imgui.same_line()
        imgui.text_disabled(control.key)
    return bool(used)


def describe(imgui: Any, control: Control) -> None:
    """Shows the help and the key of a control beside the pointer."""
    key = f"key {control.key}" if control.key and isinstance(control, Action) else ""
    if text := "\n".join(filter(None, (control.help, key))):
        imgui.set_tooltip(text)


def same_line_if_it_fits(imgui: Any, title: str) -> None:
    """The next button is in the same line, if there is room for it."""
    style = imgui.get_style()
    width = imgui.calc_text_size(title).x + 2 * style.frame_padding.x
    right = imgui.get_cursor_screen_pos().x + imgui.get_content_region_avail().x
    if imgui.get_item_rect_max().x + style.item_spacing.x + width <= right:
        imgui.same_line()


def choice_widget(imgui: Any, title: str, present: str, choices: Iterable[str]) -> str | None:
    """Declares a list, closed it shows `present`, which may be missing in it. Returns what was chosen."""
    chosen = None
    if imgui.begin_combo(title, present):
        for choice in choices:
            if imgui.selectable(choice, choice == present)[0]:
                chosen = choice
            if choice == present:
                imgui.set_item_default_focus()
        imgui.end_combo()
    return chosen


def text_widget(imgui: Any, control: Text) -> bool:
    """Declares a field in which Enter sets the text, and a list of the suggestions; returns whether it was set."""
    used, text = imgui.input_text(control.title, control.get(), imgui.InputTextFlags_.enter_returns_true)
    chosen = text if used else None
    for suggestion in control.suggestions():
        if imgui.selectable(suggestion, suggestion == control.get())[0]:
            chosen = suggestion
    if chosen is not None:
        control.set(chosen)
    return chosen is not None


def slider_flags(imgui: Any, number: Number) -> int:
    """Ratios, such as distances and f-numbers, have a logarithmic scale."""
    is_ratio = number.minimum > 0 and number.maximum > 10 * number.minimum
    return int(imgui.SliderFlags_.logarithmic if is_ratio else imgui.SliderFlags_.none)


def number_format(number: Number) -> str:
    """A C printf format with the digits that the step needs, and the unit."""
    digits = 0
    while digits < 4 and abs(round(number.step, digits) - number.step) > 1e-9:
        digits += 1
    if number.unit == "f/":
        return f"f/%.{digits}f"
    return f"%.{digits}f {number.unit}".rstrip()


def matches(words: Sequence[str], *texts: str) -> bool:
    """Whether all lower-case `words` are part of the texts."""
    text = " ".join(texts).replace("_", " ").lower()
    return all(word in text for word in words)
