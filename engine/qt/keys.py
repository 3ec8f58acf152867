"""Keys, modifiers and buttons of Qt by the names of the keyboard map."""

from __future__ import annotations

import sys

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

from ..display.events import Button, Modifiers

_NAMES = {"Return": "Enter", "Del": "Delete", "PgUp": "PageUp", "PgDown": "PageDown"}
_MODIFIERS = {
    "Ctrl": Qt.KeyboardModifier.ControlModifier,  # Command on macOS
    "Alt": Qt.KeyboardModifier.AltModifier,
    "Shift": Qt.KeyboardModifier.ShiftModifier,
}
_BUTTONS: dict[Qt.MouseButton, Button] = {
    Qt.MouseButton.LeftButton: "left",
    Qt.MouseButton.RightButton: "right",
    Qt.MouseButton.MiddleButton: "middle",
}
# The keys of the digits by their place, which have other characters with Shift and in other layouts.
_DIGITS_X11 = {10 + place: str((place + 1) % 10) for place in range(10)}  # evdev's codes plus 8
_DIGITS_WINDOWS = {ord(digit): digit for digit in "0123456789"}
_DIGITS_MACOS = {18: "1", 19: "2", 20: "3", 21: "4", 23: "5", 22: "6", 26: "7", 28: "8", 25: "9", 29: "0"}


def key_name(event: QKeyEvent) -> str:
    """The name of a key in the user's layout, a digit by its place; "" for a key without a name."""
    if sys.platform == "win32":
        digit = _DIGITS_WINDOWS.get(event.nativeVirtualKey())
    elif sys.platform == "darwin":
        digit = _DIGITS_MACOS.get(event.nativeVirtualKey()) if event.key() != Qt.Key.Key_A else None
    else:
        digit = _DIGITS_X11.get(event.nativeScanCode())
    name = digit or QKeySequence(event.key()).toString()
    return _NAMES.get(name, name) if name.isprintable() and name.isascii() else name.upper() * name.isalpha()


def modifiers_of(held: Qt.KeyboardModifier) -> Modifiers:
    return frozenset(name for name, flag in _MODIFIERS.items() if held & flag)


def button_name(button: Qt.MouseButton) -> Button | None:
    return _BUTTONS.get(button)
