"""The lines about the pictures of a batch."""

from __future__ import annotations

import pytest
from groundglass.batch.names import Target
from groundglass.batch.plan import Plan
from groundglass.batch.run import Summary
from groundglass.commands.render_batch import report


def test_a_note_of_several_pictures_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    notes = {"no depth": ["a.jpg", "b.jpg", "c.jpg"], "too near": ["d.jpg"], "too dark": ["e.mp4"] * 3}
    report(Summary(7, written=7, notes=notes), Plan(), Target.parse("out/", numbered=False))
    assert capsys.readouterr().err.splitlines() == [
        "groundglass: a.jpg and 2 more: no depth",
        "groundglass: d.jpg: too near",
        "groundglass: e.mp4: too dark (3 pictures)",
    ]
