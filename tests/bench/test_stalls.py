"""`groundglass bench --stalls` makes changes and measures the intervals around them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from groundglass.bench import stalls
from groundglass.cli import app
from typer.testing import CliRunner


def test_changes_are_made_and_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("WARM_UP_FRAMES", "CHANGED_FRAMES", "STEADY_FRAMES", "DRAG_STEPS"):
        monkeypatch.setattr(stalls, name, 2)
    changes = {kind: stalls.CHANGES[kind][:1] for kind in ("lens", "aperture", "aid")}
    monkeypatch.setattr(stalls, "CHANGES", changes)
    done = CliRunner().invoke(app, ["bench", "--stalls", "--size", "96x64", "--json", "stalls.json"])
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "stalls.json").read_text())
    assert list(report["stalls"]) == ["steady", *stalls.CHANGES]
    for kind, row in report["stalls"].items():
        assert kind in done.output
        assert row["frames"] >= 2
        assert row["longest_ms"] >= row["p99_ms"] >= row["median_ms"] > 0
        assert row["host_longest_ms"] >= row["host_median_ms"] > 0


def test_an_unknown_change_is_refused() -> None:
    done = CliRunner().invoke(app, ["bench", "--stalls", "--only", "weather"])
    assert done.exit_code != 0
    assert "--only weather: no change has such a name; the changes are look, quality" in str(done.exception)
