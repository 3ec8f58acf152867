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
            used, value = slider_with_value(
                *(imgui, control.title, get(), (minimum, maximum)),
                digits=digits_of(control.step), unit=control.unit, flags=slider_flags(imgui, control),
            )  # fmt: skip
            if used:
                put(value)
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
        if imgui.calc_text_size(control.key).x <= imgui.get_content_region_avail().x:
            imgui.text_disabled(control.key)
        else:
            imgui.new_line()
    return bool(used)


def describe(imgui: Any, control: Control) -> None:
    """Shows the help and the key of a control beside the pointer."""
    key = f"key {control.key}" if control.key else ""
    if text := "\n".join(filter(None, (control.help, key))):
        imgui.set_tooltip(text)


def same_line_if_it_fits(imgui: Any, title: str, box_px: float = 0.0) -> None:
    """The next button, or a check box of `box_px`, is in the same line, if there is room for it."""
    style = imgui.get_style()
    width = imgui.calc_text_size(title).x + 2 * style.frame_padding.x + box_px
    right = imgui.get_cursor_screen_pos().x + imgui.get_content_region_avail().x
    if imgui.get_item_rect_max().x + style.item_spacing.x + width <= right:
        imgui.same_line()


def row(imgui: Any, title: str, is_chosen: bool) -> bool:
    """Declares a row of a list, as high as a button: a finger finds it. Returns whether it was chosen."""
    return bool(imgui.selectable(title, is_chosen, size=imgui.ImVec2(0.0, imgui.get_frame_height()))[0])


def choice_widget(imgui: Any, title: str, present: str, choices: Iterable[str]) -> str | None:
    """Declares a list, closed it shows `present`, which may be missing in it. Returns what was chosen."""
    chosen = None
    if imgui.begin_combo(title, present):
        for choice in choices:
            if row(imgui, choice, choice == present):
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
        if row(imgui, suggestion, suggestion == control.get()):
            chosen = suggestion
    if chosen is not None:
        control.set(chosen)
    return chosen is not None


def slider_with_value(
    imgui: Any, title: str, value: float, limits: tuple[float, float], *, digits: int, unit: str = "", flags: int = 0
) -> tuple[bool, float]:
    """Declares a slider without text, and its value at the right, dragged finely, or typed after a double click.

    Returns whether it was changed, and the value, rounded to `digits` and within the limits.
    """
    style, low, high = imgui.get_style(), *limits
    text = value_format(digits, unit)
    width, spacing = imgui.calc_item_width(), style.item_inner_spacing.x
    field = min(max(imgui.calc_text_size(text % limit).x for limit in limits) + 2 * style.frame_padding.x, 0.5 * width)
    imgui.begin_group()
    imgui.set_next_item_width(width - field - spacing)
    slid, slider = imgui.slider_float(f"##{title}", value, low, high, "", flags | imgui.SliderFlags_.no_input)
    imgui.same_line(0.0, spacing)
    imgui.set_next_item_width(field)
    speed = max(10.0**-digits, (high - low) / 1000)
    typed, number = imgui.drag_float(f"{title}##value", value, speed, low, high, text)
    imgui.end_group()
    used, result = bool(slid or typed), slider if slid else number
    return used, min(max(round(result, digits), low), high) if used else value


def slider_flags(imgui: Any, number: Number) -> int:
    """Ratios, such as distances and f-numbers, have a logarithmic scale."""
    is_ratio = number.minimum > 0 and number.maximum > 10 * number.minimum
    return int(imgui.SliderFlags_.logarithmic if is_ratio else imgui.SliderFlags_.none)


def number_format(number: Number) -> str:
    """A C printf format with the digits that the step needs, and the unit."""
    return value_format(digits_of(number.step), number.unit)


def digits_of(step: float) -> int:
    """The decimals that a step needs, at most five."""
    digits = 0
    while digits < 5 and abs(round(step, digits) - step) > 1e-9:
        digits += 1
    return digits


def value_format(digits: int, unit: str = "") -> str:
    """A C printf format for a value in `unit`."""
    if unit == "f/":
        return f"f/%.{digits}f"
    return f"%.{digits}f {unit.replace('%', '%%')}".rstrip()


def matches(words: Sequence[str], *texts: str) -> bool:
    """Whether all lower-case `words` are part of the texts."""
    text = " ".join(texts).replace("_", " ").lower()
    return all(word in text for word in words)
