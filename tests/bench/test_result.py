"""`groundglass bench`: its JSON follows the published schema, its tables fit the terminal, its roofline is a PNG."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from groundglass.bench.compiler import nvrtc
from groundglass.bench.launches import kernels_of
from groundglass.bench.report import page_of
from groundglass.bench.roofline import roofline
from groundglass.bench.run import select
from groundglass.bench.schema import ResultError, faults, load_result, schema_text
from groundglass.cli import app
from groundglass.commands.bench_tables import lines_of, tables_of
from groundglass.commands.output import write_file
from groundglass.compute.recorder import Launch
from groundglass.errors import GroundglassError, OutputError
from PIL import Image
from typer.testing import CliRunner

SHORT = ("bench", "--size", "96x64", "--seconds", "0.01", "--only", "malvar", "--only", "whole chain")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The output of one short measurement, and its folder with the files."""
    folder = tmp_path_factory.mktemp("bench")
    files = ("--json", str(folder / "a.json"), *(("--roofline", str(folder / "roof.png")) if nvrtc() else ()))
    done = CliRunner().invoke(app, [*SHORT, *files])
    assert done.exit_code == 0, done.output
    return done.output, folder


@pytest.fixture
def result(measured: tuple[str, Path]) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((measured[1] / "a.json").read_text())
    return loaded


def test_a_result_follows_the_schema(measured: tuple[str, Path], result: dict[str, Any]) -> None:
    assert list(faults(result)) == []
    assert load_result(measured[1] / "a.json") == result
    assert set(result["stages"]) >= {"copy", "demosaic malvar", "whole chain"}
    assert "demosaic rcd" not in result["stages"]


def test_a_result_has_the_times_and_the_throughput_of_a_stage(result: dict[str, Any]) -> None:
    row = result["stages"]["demosaic malvar"]
    assert row["device_ms"]["p50"] <= row["device_ms"]["p95"] <= row["device_ms"]["p99"]
    assert row["gb_per_s"] == pytest.approx(row["bytes_per_pixel"] * 96 * 64 / row["device_ms"]["p50"] * 1e-6)
    assert row["of_copy"] == pytest.approx(row["gb_per_s"] / result["baselines"]["copy_gb_per_s"])
    assert len(result["samples"]["demosaic malvar"]["device_ms"]) == result["rounds"]
    assert result["baselines"]["peak_gflops"] > 0
    assert result["chain"]["launches"] > 20
    assert result["machine"]["versions"].keys() >= {"groundglass", "python", "numpy", "moderngl"}


def test_the_arithmetic_of_a_kernel_without_loops_is_known(result: dict[str, Any]) -> None:
    if nvrtc() is None:
        pytest.skip("NVRTC is not installed; pip install nvidia-cuda-nvrtc")
    assert result["stages"]["copy"]["flops_per_pixel"] == 0
    assert result["stages"]["demosaic malvar"]["flops_per_pixel"] > 10
    assert result["stages"]["whole chain"]["flops_per_pixel"] is None  # its loops depend on the picture
    (kernel,) = kernels_of([Launch("copy.cl", "copy", 1, 1, 0.0)]).values()
    assert kernel["registers"] > 0 == kernel["spill_bytes"] == kernel["local_bytes"]


def test_the_output_fits_eighty_columns(measured: tuple[str, Path]) -> None:
    assert max(map(len, measured[0].splitlines())) <= 80
    assert "whole chain" in measured[0]


def test_the_roofline_is_a_picture_of_the_stages_with_known_arithmetic(
    measured: tuple[str, Path], result: dict[str, Any]
) -> None:
    if nvrtc() is None:
        pytest.skip("NVRTC is not installed; pip install nvidia-cuda-nvrtc")
    image = Image.open(io.BytesIO((measured[1] / "roof.png").read_bytes()))
    assert image.size == (1120, 640)
    chart = roofline(result)
    assert "demosaic malvar" in [series.name for series in chart.series]
    (_, low), (_, ridge), (_, high) = chart.series[0].points
    assert low < ridge == high == result["baselines"]["peak_gflops"]


def test_a_roofline_without_arithmetic_names_the_remedy(result: dict[str, Any]) -> None:
    for row in result["stages"].values():
        row["gflops"] = None
    with pytest.raises(ResultError, match=r"pip install groundglass\[bench\]"):
        roofline(result)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 0}, "has schema version 0, this program reads 1"),
        ({"kind": "wish"}, "kind 'wish' is unknown"),
        ({"size": [96]}, "size has 1 items"),
        ({"size": [96, 0]}, r"size\[1\] is 0, below 1"),
        ({"gl": None}, "gl is null, not string"),
        ({"rounds": True}, "rounds is true, not integer"),
        ({"more": 1}, "has an unknown 'more'"),
        ({"samples": {"copy": {}}}, "samples.copy has no 'host_ms'"),
    ],
)
def test_a_file_that_is_not_a_result_is_refused(
    tmp_path: Path, result: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    file = tmp_path / "b.json"
    file.write_text(json.dumps(result | change))
    with pytest.raises(ResultError, match=message):
        load_result(file)


@pytest.mark.parametrize(("text", "message"), [("{", "is not JSON"), ("[]", "not a result"), (None, "cannot be read")])
def test_a_file_without_a_result_is_refused(tmp_path: Path, text: str | None, message: str) -> None:
    file = tmp_path / "b.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ResultError, match=message):
        load_result(file)


def test_the_schema_is_printed() -> None:
    done = CliRunner().invoke(app, ["bench", "--schema"])
    assert done.exit_code == 0
    assert json.loads(done.output) == json.loads(schema_text())


def test_the_report_is_one_page_without_the_network(result: dict[str, Any]) -> None:
    result["device"] = "<b>opencl:0</b>"
    page = page_of(result, lines_of(result), tables_of(result))
    assert "<b>opencl:0" not in page
    assert "demosaic malvar" in page
    assert ("<svg" in page) == (nvrtc() is not None)
    assert not re.search(r"<script|<link|<img|src=|href=|url\(|https?://(?!www\.w3\.org/2000/svg)", page)
    assert ElementTree.fromstring(page.partition("\n")[2].replace('<meta charset="utf-8">', "")).tag == "html"


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "report.html"
    write_file(file, b"first")
    monkeypatch.setattr(os, "replace", lambda part, target: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(OutputError, match=r"report\.html: cannot be written \(No space left\)"):
        write_file(file, b"second")
    assert file.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [file]


def test_a_report_in_a_missing_folder_is_refused_before_the_measurement() -> None:
    done = CliRunner().invoke(app, ["bench", "--report", "no/folder/report.html"])
    assert isinstance(done.exception, OutputError)


@pytest.mark.parametrize("words", [("--report", "a.pdf"), ("--roofline", "a.jpg"), ("--trace", "a.html")])
def test_a_file_of_another_format_is_refused_before_the_measurement(words: tuple[str, str]) -> None:
    done = CliRunner().invoke(app, ["bench", *words])
    assert str(done.exception).startswith(f"{words[1]}: {words[0]} writes a .")


def test_an_unknown_stage_is_refused() -> None:
    with pytest.raises(GroundglassError, match="no stage has such a name; the stages are copy, sharpen"):
        select({"copy": lambda: None, "sharpen": lambda: None}, ["nothing"])


@pytest.mark.parametrize(
    "words",
    [
        *(("--aids", "--roofline", "x.png"), ("--compare", "a", "b", "--seconds", "1")),
        *(("--compare", "a", "b", "--device", "auto"), ("--quality", "--size", "96x64")),
        *(("--sweep", "size", "--size", "96x64"), ("--sweep", "device", "--device", "auto")),
    ],
)
def test_an_option_of_another_measurement_is_a_usage_error(words: tuple[str, ...]) -> None:
    assert CliRunner().invoke(app, ["bench", *words]).exit_code == 2
