"""The end of recordings and raw sequences: reported, and unsaved until then."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from groundglass.errors import LostOutputError, OutputError
from groundglass.output.endings import Endings


@pytest.mark.parametrize("error", [None, LostOutputError("the disk is full")])
def test_a_writer_is_kept_until_its_end_is_reported(error: OutputError | None) -> None:
    """After a signal another thread ends the process as soon as no ending is left."""
    reports: list[tuple[str, bool]] = []

    def report(message: str) -> None:
        reports.append((message, bool(endings)))

    messages: Any = SimpleNamespace(notify=report, report_loss=report)
    endings = Endings(messages)
    writer: Any = SimpleNamespace(error=error, is_over=False, join=lambda: None, summary=lambda: "recorded a.mp4")
    ended = endings.add(writer)
    endings.report()
    assert (reports, bool(endings)) == ([], True)
    writer.is_over = True
    endings.finish()
    assert reports == [("recorded a.mp4" if error is None else "the disk is full", True)]
    assert not endings
    assert ended.exception() is error


def test_the_end_of_a_writer_that_failed_before_is_an_error_once() -> None:
    endings = Endings(SimpleNamespace())  # type: ignore[arg-type]
    assert endings.requested(None) is None
    endings.lost = "the disk is full"
    with pytest.raises(OutputError, match="the disk is full"):
        endings.requested(None)
    assert endings.requested(None) is None
