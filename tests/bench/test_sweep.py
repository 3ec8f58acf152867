"""`groundglass bench --sweep`: tables, JSON and charts over sizes, blur radii, methods and devices."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from groundglass.bench import sweep as bench_sweep
from groundglass.bench.chart import Chart, Series, to_png, to_svg, to_text
from groundglass.bench.schema import faults
from groundglass.cli import app
from groundglass.develop.demosaic import METHODS
from PIL import Image
from typer.testing import CliRunner


@pytest.mark.parametrize("sweep", ["size", "blur", "method", "device"])
def test_a_sweep_measures_every_point(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sweep: str) -> None:
    monkeypatch.setattr(bench_sweep, "SIZES", ((96, 64), (128, 96)))
    monkeypatch.setattr(bench_sweep, "F_NUMBERS", (8.0, 0.95))
    monkeypatch.chdir(tmp_path)
    words = ("--sweep", sweep, "--seconds", "0.01", "--json", "s.json", "--plot", "s.png")
    done = CliRunner().invoke(app, ["bench", *words, *(() if sweep == "size" else ("--size", "96x64"))])
    assert done.exit_code == 0, done.output
    assert max(map(len, done.output.splitlines())) <= 80
    result = json.loads(Path("s.json").read_text())
    assert list(faults(result)) == []
    assert result["rounds"] >= 5
    points = result["points"]
    if sweep == "method":
        assert [point["name"] for point in points] == list(METHODS)
    elif sweep == "device":
        assert points[0]["stages"]["whole chain"]["p50"] > 0
    else:
        assert points[0]["x"] < points[1]["x"]
        assert {"whole chain", "develop", "optics", "look"} <= points[1]["stages"].keys()
    assert (result["linearity"] is not None) == (result["lines"] is not None) == (sweep == "size")
    assert Image.open("s.png").size == (1120, 640)


def chart(log: bool = False) -> Chart:
    line = Series("limit", ((1.0, 10.0), (4.0, 40.0)), dashed=True)
    return Chart("A <chart>", "x, px", "ms", (line, Series("dot", ((2.0, 5.0),), joined=False)), log=log)


@pytest.mark.parametrize("log", [False, True])
def test_a_chart_is_drawn_three_times(log: bool) -> None:
    lines = to_text(chart(log))
    assert max(map(len, "\n".join(lines).splitlines())) <= 80
    assert sum("A" in line for line in lines if "|" in line) == 1
    assert any("A dot" in line for line in lines)
    assert Image.open(io.BytesIO(to_png(chart(log)))).getbbox() is not None
    svg = to_svg(chart(log))
    assert "A &lt;chart&gt;" in svg
    assert svg.count("<circle") == 3  # the dot, and both in the legend


def test_the_text_of_a_chart_rises_with_its_numbers() -> None:
    line = Chart("", "x", "y", (Series("a", ((0.0, 0.0), (10.0, 10.0))),))
    rows = [text[9:] for text in to_text(line) if "|" in text]
    ends = [len(row) for row in rows if row]
    assert ends == sorted(ends, reverse=True)
