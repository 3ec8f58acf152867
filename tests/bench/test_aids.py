"""`groundglass bench --aids` measures every aid."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from groundglass.bench import aids as bench_aids
from groundglass.cli import app
from groundglass.tools.aids import AIDS
from typer.testing import CliRunner


def test_every_aid_is_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("imgui_bundle")
    monkeypatch.chdir(tmp_path)
    for name in ("ROUNDS", "SHOWN", "WARM_UP_FRAMES"):
        monkeypatch.setattr(bench_aids, name, 1)
    done = CliRunner().invoke(app, ["bench", "--aids", "--size", "96x64", "--json", "aids.json"])
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "aids.json").read_text())
    assert report["size"] == [96, 64]
    assert {aid.name.replace("_", " ") for aid in AIDS} | {"all aids", "panel", "all scopes"} <= set(report["aids"])
    for name, row in report["aids"].items():
        assert name in done.output
        assert math.isfinite(row["added_ms"])
        assert row["shown_ms"] > 0


@pytest.mark.parametrize("words", [("--quality",), ("--seconds", "2"), ("--seeds", "3")])
def test_options_of_other_benchmarks_are_refused(words: tuple[str, ...]) -> None:
    assert CliRunner().invoke(app, ["bench", "--aids", *words]).exit_code == 2
