"""`groundglass info`: the report for each kind of file, as text and as JSON."""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from dng_support import (
    COLOR_MATRIX_1,
    COLOR_MATRIX_2,
    FORWARD_MATRIX_1,
    ILLUMINANT_2,
    NOISE_PROFILE,
    XTRANS_PHOTOSITES,
    crop,
    gain_map,
    opcodes,
    ramp,
    rationals,
    write_dng,
)
from groundglass import cli
from groundglass.capture.metadata import read_metadata
from groundglass.commands.info import lines
from groundglass.errors import SourceError
from PIL import Image
from stream_support import HttpServer, counted, mpegts


@pytest.fixture
def info(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["groundglass", "info", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), *capfd.readouterr()

    return call


def report(metadata: dict[str, Any]) -> dict[str, str]:
    return dict(lines(metadata))


def rich_dng(path: Path) -> Path:
    """A DNG with every kind of tag that `info` reports."""
    warp = struct.pack(">I20d", 3, *(1.0005, 0, 0, 0, 0, 0), *(1, 0, 0, 0, 0, 0), *(0.9997, 0, 0, 0, 0, 0), 0.5, 0.5)
    bad = struct.pack(">3I2I", 0, 1, 0, 9, 11)
    tags = (
        rationals(COLOR_MATRIX_1, np.eye(3)), rationals(COLOR_MATRIX_2, np.diag((1.1, 1, 0.8))),
        (ILLUMINANT_2, "H", 1, 17), rationals(FORWARD_MATRIX_1, np.diag((0.9642, 1, 0.8249))),
        (NOISE_PROFILE, "d", 2, (0.004, 1e-5)),
        opcodes(1, (5, bad)), opcodes(2, *[gain_map(np.full((2, 3, 1), 1.5), (0, 0, 64, 96))] * 2),
        opcodes(3, (1, warp), (77, b""), flags=0), *crop(4, 2, 80, 50),
    )  # fmt: skip
    return write_dng(
        path, ramp(), tags=tags, active_area=(1, 2, 61, 92), orientation=6, exposure_ev_100=-78, black=(5, 5, 6, 5)
    )


def test_the_metadata_of_a_dng(tmp_path: Path) -> None:
    metadata = read_metadata(str(rich_dng(tmp_path / "a.dng")))
    assert metadata["kind"] == "DNG"
    assert metadata["camera"] == "House Box"
    assert metadata["size"] == [80, 50]
    assert (metadata["stored_size"], metadata["active_area"], metadata["crop"]) == (
        [96, 64],
        [2, 1, 90, 60],
        [6, 3, 80, 50],
    )
    assert (metadata["cfa"], metadata["bits"], metadata["white"], metadata["black"]) == ("RGGB", 16, 4095, [5, 5, 6, 5])
    assert metadata["white_balance"] == pytest.approx([2, 1, 1.6], rel=1e-4)
    assert 1500 < metadata["temperature_k"] < 60000
    assert metadata["matrices"] == ["ColorMatrix1 (D65)", "ForwardMatrix1 (D65)", "ColorMatrix2 (A)"]
    assert (metadata["exposure_ev"], metadata["orientation"]) == (-0.78, 6)
    assert metadata["noise"] == {"shot": 0.004, "read": 1e-5}
    assert metadata["shading"] == {"size": [80, 50], "largest": pytest.approx(2.25)}
    assert metadata["defects"] == 1
    names = [(opcode["list"], opcode["name"], opcode["used"]) for opcode in metadata["opcodes"]]
    assert names == [
        (1, "FixBadPixelsList", True), (2, "GainMap", True), (2, "GainMap", True), (3, "WarpRectilinear", True),
        (3, "opcode 77", False),
    ]  # fmt: skip
    assert metadata["opcodes"][3]["lateral_thousandths"] == pytest.approx([0.5, -0.3])
    assert "problem" not in metadata


def test_the_text_report_of_a_dng(tmp_path: Path) -> None:
    text = report(read_metadata(str(rich_dng(tmp_path / "a.dng"))))
    assert text["picture"] == "80x50 at 6,3 of 96x64, active 90x60 at 2,1, rotated right by 90 degrees"
    assert text["levels"] == "black 5 5 6 5, white 4095"
    assert text["balance"].startswith("2, 1, 1.6: ")
    assert " K, tint " in text["balance"]
    assert text["exposure"] == "-0.78 stops (baseline)"
    assert text["opcodes"] == (
        "FixBadPixelsList (list 1); 2 of GainMap (list 2); WarpRectilinear (list 3), lateral colour +0.50 and -0.30 "
        "thousandths; "
        "opcode 77 (list 3), not applied although the file requires it"
    )
    assert text["shading"] == "80x50 gains, up to 2.25"
    assert text["defects"] == "1 listed"


@pytest.mark.parametrize(
    ("photosites", "name"), [(XTRANS_PHOTOSITES, "GGRGGBGGBGGRBRGRBGGGBGGRGGRGGBRBGBRG"), (None, "MONO")]
)
def test_other_colour_filters(tmp_path: Path, photosites: tuple[int, ...] | None, name: str) -> None:
    metadata = read_metadata(str(write_dng(tmp_path / "a.dng", ramp(), photosites=photosites)))
    assert metadata["cfa"] == name
    assert metadata["bits"] == 16


def test_the_metadata_of_a_linear_dng(tmp_path: Path) -> None:
    metadata = read_metadata(str(write_dng(tmp_path / "a.dng", np.full((64, 96, 3), 500, np.uint16))))
    assert (metadata["cfa"], metadata["light"], metadata["bits"]) == ("none: RGB", "scene-linear", 16)
    assert metadata["white_balance"] == pytest.approx([2, 1, 1.6], rel=1e-4)


def test_unsupported_filters_are_reported_with_the_other_metadata(tmp_path: Path) -> None:
    metadata = read_metadata(str(write_dng(tmp_path / "a.dng", ramp(), photosites=(0, 1, 1, 3))))
    assert metadata["camera"] == "House Box"
    assert "not red, green and blue" in metadata["problem"]


def test_a_cut_off_raw_file_is_reported_with_its_metadata(
    tmp_path: Path, info: Callable[..., tuple[int, str, str]]
) -> None:
    intact = write_dng(tmp_path / "intact.dng", np.tile(ramp(), (4, 4)))
    with tifffile.TiffFile(intact) as file:
        start = file.pages.first.dataoffsets[0]
    data = intact.read_bytes()
    (tmp_path / "cut.dng").write_bytes(data[: start + 1000])
    code, out, err = info(tmp_path / "cut.dng")
    assert code == 0
    assert err == ""
    assert f"picture data ends after 1000 of {len(data) - start} bytes" in out
    assert "House Box" in out


def test_standard_output_contains_only_the_json(tmp_path: Path, info: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = info(rich_dng(tmp_path / "a.dng"), "--json", "-")
    assert code == 0
    assert json.loads(out)["camera"] == "House Box"
    code, out, _ = info(rich_dng(tmp_path / "a.dng"), "--json", tmp_path / "a.json")
    assert "House Box" in out
    assert json.loads((tmp_path / "a.json").read_text())["size"] == [80, 50]


def test_the_exif_metadata_of_a_picture(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "House", "House Box", 6
    exif.get_ifd(0x8769).update({0x829A: (1, 250), 0x829D: 2.8, 0x8827: 400, 0x9003: "2024:05:06 07:08:09"})
    Image.new("RGB", (40, 30)).save(tmp_path / "a.jpg", exif=exif)
    metadata = read_metadata(str(tmp_path / "a.jpg"))
    assert (metadata["kind"], metadata["format"], metadata["size"], metadata["orientation"]) == (
        "picture",
        "JPEG",
        [40, 30],
        6,
    )
    assert (metadata["camera"], metadata["iso"], metadata["f_number"]) == ("House Box", 400, pytest.approx(2.8))
    assert report(metadata)["taken"] == "2024-05-06 07:08:09, 1/250 s, f/2.8, ISO 400"


def test_a_file_without_a_header_gets_a_hint(tmp_path: Path, info: Callable[..., tuple[int, str, str]]) -> None:
    (tmp_path / "chart.raw").write_bytes(bytes(640 * 480 * 2))
    code, out, _ = info(tmp_path / "chart.raw")
    assert code == 0
    assert "614400 bytes" in out
    assert "--raw-format rggb12 --raw-size" in out
    assert "could be 640x480 with 16 bits" in out


def test_the_metadata_of_the_scene_a_folder_and_a_video(tmp_path: Path) -> None:
    assert read_metadata("scene:?size=160x90&fps=30")["fps"] == 30
    (tmp_path / "clip").mkdir()
    for number in range(3):
        Image.new("RGB", (40, 30)).save(tmp_path / "clip" / f"{number}.png")
    metadata = read_metadata(str(tmp_path / "clip"))
    assert (metadata["kind"], metadata["frames"], metadata["size"]) == ("folder", 3, [40, 30])
    assert report(metadata)["plays"] == "3 frames, 24 frames per second"
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for packet in (*stream.encode(av.VideoFrame(64, 48, "rgb24")), *stream.encode(None)):
            container.mux(packet)
    metadata = read_metadata(str(tmp_path / "a.mp4"))
    assert (metadata["kind"], metadata["size"], metadata["fps"]) == ("video", [64, 48], 25)


def test_a_missing_or_broken_file_gives_one_line(tmp_path: Path, info: Callable[..., tuple[int, str, str]]) -> None:
    for name, content in (("none.dng", None), ("a.png", b"nothing"), ("a.nef", b"nothing at all")):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        code, out, err = info(tmp_path / name)
        assert (code, out) == (2, "")
        assert err.count("\n") == 1
        assert name in err


def test_implausible_sizes_allocate_no_memory(tmp_path: Path) -> None:
    path = write_dng(tmp_path / "a.dng", ramp(), tags=(opcodes(2, gain_map(np.full((2, 2, 1), 1.5), (0, 0, 9, 9))),))
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages.first.tags["ImageWidth"].overwrite(1000000)
        file.pages.first.tags["ImageLength"].overwrite(1000000)
    try:
        metadata = read_metadata(str(path))
    except SourceError:
        return
    assert metadata["stored_size"] == [1000000, 1000000]
    assert metadata["problem"]


def test_the_metadata_of_real_files(data_dir: Path) -> None:
    metadata = read_metadata(str(data_dir / "raw" / "leica_m10_truncated.dng"))
    assert metadata["camera"] == "LEICA M10"
    assert (metadata["size"], metadata["stored_size"], metadata["orientation"]) == ([5976, 3984], [5984, 3992], 6)
    assert (metadata["white"], metadata["exposure_ev"]) == (15000, -0.78)
    assert metadata["temperature_k"] == pytest.approx(6022, rel=0.01)
    assert metadata["previews"] == [[5952, 3968], [1440, 960], [160, 120]]
    assert "picture data ends after 0 of 24781112 bytes" in metadata["problem"]
    metadata = read_metadata(str(data_dir / "raw" / "gopro_hero7_4000x3000.dng"))
    assert (metadata["iso"], metadata["f_number"], metadata["taken"]) == (252, 2.8, "2018-09-26 08:25:27")
    assert [opcode["name"] for opcode in metadata["opcodes"]] == ["GainMap"] * 4


def test_a_camera_has_formats_and_controls(info: Callable[..., tuple[int, str, str]], monkeypatch, tmp_path) -> None:
    pytest.importorskip("pypylon", reason="pypylon is not installed")
    monkeypatch.setenv("PYLON_CAMEMU", "2")
    code, out, err = info("pylon:0?size=64x48&fps=100&format=BayerRG12", "--json", tmp_path / "info.json")
    assert (code, err) == (0, "")
    assert "CFA RGGB" in out
    assert "100 frames per second" in out
    metadata = json.loads((tmp_path / "info.json").read_text())
    assert (metadata["kind"], metadata["size"], metadata["white"]) == ("pylon", [64, 48], 4095)
    formats, sizes = metadata["modes"]
    assert {"Mono8", "BayerRG12"} <= set(formats.split(", "))
    assert sizes == "1x1 to 4096x4096 in steps of 1x1"
    controls = {control["name"]: control for control in metadata["controls"]}
    assert controls["camera_gain"]["unit"] == "dB"
    assert controls["camera_auto_gain"]["choices"] == ["Off", "Once", "Continuous"]


def test_a_stream_has_size_and_an_address_without_answer_is_an_error(info: Callable[..., tuple[int, str, str]]) -> None:
    pytest.importorskip("av", reason="PyAV is not installed")
    with HttpServer(lambda: mpegts(counted()), "video/mp2t") as server:
        code, out, _ = info(server.address())
        assert code == 0
        assert "64x48" in out
    code, out, err = info(server.address())
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "refuses the connection" in err
