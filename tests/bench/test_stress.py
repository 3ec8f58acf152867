"""`groundglass bench --stress`: the rate of the whole chain over time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from groundglass.bench import stress
from groundglass.bench.schema import faults
from groundglass.cli import app
from PIL import Image
from typer.testing import CliRunner


def test_the_rate_and_the_memory_are_recorded_over_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(stress, "MIN_INTERVAL_S", 0.05)
    monkeypatch.chdir(tmp_path)
    words = ("--stress", "0.01", "--size", "96x64", "--json", "s.json", "--plot", "s.png", "--report", "s.html")
    done = CliRunner().invoke(app, ["bench", *words])
    assert done.exit_code == 0, done.output
    assert max(map(len, done.output.splitlines())) <= 80
    result = json.loads(Path("s.json").read_text())
    assert list(faults(result)) == []
    assert 3 <= len(result["series"]) <= 13
    assert result["fps"]["min"] <= result["fps"]["first"] <= result["fps"]["max"]
    assert [point["s"] for point in result["series"]] == sorted(point["s"] for point in result["series"])
    assert Image.open("s.png").size == (1120, 640)
    assert Path("s.html").read_text().count("<svg") == 3


def test_the_trend_is_the_slope_of_the_rate() -> None:
    series = [{"s": 60.0 * minute, "fps": 50.0 - minute} for minute in range(11)]
    rate = stress._rate(series)
    assert rate["trend_percent_per_minute"] == pytest.approx(-100 / 45, abs=0.01)
    assert (rate["first"], rate["last"], rate["min"], rate["max"]) == (50.0, 40.0, 40.0, 50.0)
