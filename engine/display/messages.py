"""Messages of the tools: over the picture, on standard error, and to those who listen, such as remote clients."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..errors import print_line

KEPT = 12


class Messages:
    """`show` puts a line on the screen for a short time. Without a screen, `prints`, it is on standard error, too.

    `hint` is shown while there is nothing else to show.

    `latest` are the last messages, the newest first. `losses` are those of work that was asked for and is lost. A loss
    is always printed. `listeners` are called with each message, and whether it is a loss.
    """

    def __init__(self, show: Callable[[str], None] = lambda message: None, *, prints: bool = False) -> None:
        self.latest: deque[str] = deque(maxlen=KEPT)
        self.hint = ""
        self.losses: list[str] = []
        self.listeners: list[Callable[[str, bool], None]] = []
        self._show, self._prints = show, prints
        self._collected: list[str] | None = None

    def notify(self, message: str) -> None:
        """Shows the user a message. An empty message removes the line on the screen."""
        self._show_and_keep(message)
        if not message or message in self.losses:
            return
        if self._collected is not None:
            self._collected.append(message)
            return
        if self._prints:
            print_line(message)
        self._pass_on(message, False)

    def warn(self, message: str) -> None:
        """Shows a message that is on standard error, too, because it may be overlooked on the screen."""
        self._show_and_keep(message)
        print_line(message)
        self._pass_on(message, False)

    def report_loss(self, message: str) -> None:
        """Reports that work which was asked for is lost: the run ends with exit status 1."""
        self.losses.append(message)
        self._show_and_keep(message)
        print_line(message)
        self._pass_on(message, True)

    @contextmanager
    def collected(self) -> Iterator[list[str]]:
        """Within it, messages that are not losses are added to the list, which becomes a reply."""
        collected = self._collected = []
        try:
            yield collected
        finally:
            self._collected = None

    def _show_and_keep(self, message: str) -> None:
        self._show(message)
        if message and message not in list(self.latest)[:1]:  # a problem that lasts is shown repeatedly
            self.latest.appendleft(message)

    def _pass_on(self, message: str, is_loss: bool) -> None:
        for listener in self.listeners:
            listener(message, is_loss)
