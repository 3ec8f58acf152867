"""Messages to the user: on the screen, on standard error, and to those who listen."""

from __future__ import annotations

import pytest
from groundglass.display.messages import Messages


def test_the_latest_twelve_messages_are_kept_the_newest_first() -> None:
    """A view may run for days."""
    messages = Messages()
    for number in range(30):
        messages.notify(f"message {number}")
    assert list(messages.latest) == [f"message {number}" for number in range(29, 17, -1)]


def test_a_loss_is_always_printed_and_kept(capsys: pytest.CaptureFixture[str]) -> None:
    shown: list[str] = []
    received: list[tuple[str, bool]] = []
    messages = Messages(shown.append, prints=False)
    messages.listeners.append(lambda message, is_loss: received.append((message, is_loss)))
    messages.notify("saved")
    messages.report_loss("the disk is full")
    with messages.collected() as collected:
        messages.notify("in a reply")
        messages.report_loss("a second one")
    assert shown == ["saved", "the disk is full", "in a reply", "a second one"]
    assert capsys.readouterr().err == "groundglass: the disk is full\ngroundglass: a second one\n"
    assert messages.losses == ["the disk is full", "a second one"]
    assert received == [("saved", False), ("the disk is full", True), ("a second one", True)]
    assert collected == ["in a reply"]
