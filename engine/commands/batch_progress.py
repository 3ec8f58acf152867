"""The progress of a batch on standard error: a bar in a terminal, else a line from time to time."""

from __future__ import annotations

import sys
from datetime import timedelta
from time import monotonic
from typing import Any, Self

from ..batch.run import Progress
from ..batch.task import Failed, Result
from ..errors import print_line

LINE_S = 30.0
MIN_CHECKED = 100  # fewer are checked at once


class BatchProgress(Progress):
    """With the rate, the time left and the number of failures. A context: its end removes the bar."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._done = self._failed = self._total = 0
        self._begun_s = self._printed_s = monotonic()
        self._up_to_date = 0

    def check(self, count: int) -> None:
        if count >= MIN_CHECKED:
            print_line(f"checking {count} finished pictures")

    def start(self, total: int, up_to_date: int) -> None:
        self._total, self._up_to_date = total - up_to_date, up_to_date
        self._begun_s = self._printed_s = monotonic()
        if sys.stderr.isatty():
            self._bar = _bar()
            self._bar.start()
            self._task = self._bar.add_task("pictures", total=self._total, rate="", failed="")

    def advance(self, result: Result) -> None:
        self._done += 1
        self._failed += isinstance(result, Failed)
        now_s = monotonic()
        rate = self._done / max(now_s - self._begun_s, 1e-6)
        failed = f", {self._failed} failed" if self._failed else ""
        if self._bar is not None:
            self._bar.update(self._task, completed=self._done, rate=f"{rate:.1f}/s", failed=failed.lstrip(", "))
        elif now_s - self._printed_s > LINE_S:
            self._printed_s = now_s
            left = timedelta(seconds=round((self._total - self._done) / rate))
            print_line(f"{self._done} of {self._total} pictures, {rate:.1f} a second, {left} left{failed}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
        if kind is KeyboardInterrupt:
            done = f"after {self._done} of {self._total} pictures" if self._total else "before the first picture"
            print_line(f"interrupted {done}; the same command continues")


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    rate, failed = TextColumn("{task.fields[rate]}"), TextColumn("{task.fields[failed]}")
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn(), failed
    return Progress(*columns, console=Console(stderr=True))
