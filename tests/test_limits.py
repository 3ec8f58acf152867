"""Limits on external input: the last valid value is accepted, the next value is rejected.

The tests repeat the numbers, so that they detect a changed limit.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from dng_support import gain_map, opcodes, ramp, write_and_read
from groundglass.capture import BaseSource, latest, open_source
from groundglass.capture.latest import LatestFrameQueue
from groundglass.capture.rgbd import TUM_MAX_DIFFERENCE_S, find_rgbd
from groundglass.colour import output_space
from groundglass.errors import LookError, SourceError
from groundglass.formats.tiff_tags import TagFile, Tags
from groundglass.frame import Frame
from groundglass.look.look import load_look
from groundglass.look.lut import Lut
from groundglass.look.lut_ocio import read_ocio
from groundglass.look.lut_read import read_lut
from PIL import Image

MIB = 1 << 20


def sparse(path: Path, size: int, begin: bytes = b"") -> Path:
    """A sparse file of `size` bytes, which uses almost no disk space."""
    with path.open("wb") as file:
        file.write(begin)
        file.truncate(size)
    return path


# LUTs


def test_a_cube_has_at_most_256_nodes_along_an_edge() -> None:
    Lut("largest", None, np.broadcast_to(np.float32(0), (256, 256, 256, 3)))
    with pytest.raises(LookError, match="2 to 256 nodes"):
        Lut("larger", None, np.broadcast_to(np.float32(0), (257, 257, 257, 3)))


def test_a_curve_has_at_most_65536_entries() -> None:
    Lut("longest", np.zeros((65536, 3), np.float32))
    with pytest.raises(LookError, match="2 to 65536 entries"):
        Lut("longer", np.zeros((65537, 3), np.float32))


@pytest.mark.parametrize(
    ("line", "message"),
    [("LUT_3D_SIZE 256", "0 colours, but its size requires"), ("LUT_3D_SIZE 257", r"not in 2\.\.256")],
)
def test_a_cube_file_has_at_most_256_nodes_along_an_edge(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "a.cube").write_text(f"{line}\n")
    with pytest.raises(LookError, match=message):
        read_lut(tmp_path / "a.cube")


@pytest.mark.parametrize(("side", "refused"), [(256, False), (257, True)])
def test_a_cube_for_opencolorio_has_at_most_256_nodes_along_an_edge(tmp_path: Path, side: int, refused: bool) -> None:
    pytest.importorskip("PyOpenColorIO")
    path = tmp_path / "a.csp"
    path.write_text("CSPLUTV100\n3D\n\n" + "2\n0.0 1.0\n0.0 1.0\n" * 3 + f"\n{side} {side} {side}\n0 0 0\n")
    with pytest.raises(LookError) as caught:
        read_ocio(path)
    assert (f"{side} nodes along each edge; the maximum is 256" in str(caught.value)) == refused


def test_a_hald_picture_holds_at_most_256_nodes_along_an_edge(tmp_path: Path) -> None:
    """Level 16; level 17 has 289. The size is the reason for the error, not the content."""
    Image.new("1", (17**3, 17**3)).save(tmp_path / "a.png")
    with pytest.raises(LookError, match="4913x4913 is not a HaldCLUT"):
        read_lut(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("size", "message"), [(1024 * MIB, "holds binary data"), (1024 * MIB + 1, "too large for a LUT")]
)
def test_a_lut_file_has_at_most_a_gibibyte(tmp_path: Path, size: int, message: str) -> None:
    with pytest.raises(LookError, match=message):
        read_lut(sparse(tmp_path / "a.cube", size))


def test_a_look_file_has_at_most_a_mebibyte(tmp_path: Path) -> None:
    look = b"[pass.grain]\namount = 0.03\n#"
    path = tmp_path / "a.toml"
    path.write_bytes(look.ljust(MIB, b"#"))
    assert load_look(path).passes[0].name == "grain"
    path.write_bytes(look.ljust(MIB + 1, b"#"))
    with pytest.raises(LookError, match="larger than 1 MB"):
        load_look(path)


# TIFF tags


class Page:
    """A directory with a single tag `T` and an arbitrary count."""

    def __init__(self, count: int, value: object, dtype: int) -> None:
        self.tags = {"T": SimpleNamespace(count=count, value=value, dtype=dtype)}


def test_a_tag_holds_at_most_64_mib_of_bytes() -> None:
    assert Tags(Page(64 * MIB, b"data", 7)).data("T") == b"data"
    assert Tags(Page(64 * MIB + 1, b"data", 7)).data("T") == b""


def test_a_tag_holds_at_most_4096_numbers_or_letters() -> None:
    for count, known in ((4096, True), (4097, False)):
        assert (Tags(Page(count, (1.0,) * count, 12)).numbers("T") is not None) == known
        assert (Tags(Page(count, "a" * count, 2)).text("T") != "") == known


def test_a_file_has_at_most_16_sub_directories(tmp_path: Path) -> None:
    for count, known in ((16, 16), (18, 16)):
        path = tmp_path / f"{count}.tif"
        with tifffile.TiffWriter(path) as file:
            file.write(np.zeros((4, 4), np.uint16), subifds=count, metadata=None)
            for _ in range(count):
                file.write(np.zeros((4, 4), np.uint16), metadata=None)
        with TagFile(path) as tags:
            assert len(tags.directories) == 1 + known


@pytest.mark.parametrize(("before", "known"), [(63, True), (64, False)])
def test_a_list_has_at_most_64_opcodes(tmp_path: Path, before: int, known: bool) -> None:
    listed = [(99, b"unknown")] * before + [gain_map(np.full((2, 2, 1), 1.5), (0, 0, 64, 96))]
    assert (write_and_read(tmp_path, opcodes(2, *listed)).profile.gain_map is not None) == known


@pytest.mark.parametrize(("gain", "known"), [(1000.0, True), (1001.0, False)])
def test_a_gain_is_at_most_a_thousand(tmp_path: Path, gain: float, known: bool) -> None:
    gains = gain_map(np.full((2, 2, 1), gain), (0, 0, 64, 96))
    vignette = 3, struct.pack(">7d", gain - 1, 0, 0, 0, 0, 0.5, 0.5)  # 1 + k0 r^2, r = 1 at the corner
    for opcode in (gains, vignette):
        assert (write_and_read(tmp_path, opcodes(2, opcode)).profile.gain_map is not None) == known


def test_at_most_two_percent_of_the_photosites_are_defects(tmp_path: Path) -> None:
    limit = 64 * 96 // 50  # 122
    for count, known in ((limit, True), (limit + 1, False)):
        samples = ramp()
        samples.ravel()[:count] = 4000
        frame = write_and_read(tmp_path, opcodes(1, (4, struct.pack(">2I", 4000, 0))), samples=samples)
        assert (frame.profile.defects is not None) == known


# Other files


@pytest.mark.parametrize(("size", "message"), [(16_000_000, "is not a time"), (16_000_001, "bytes are too many")])
def test_a_list_of_frames_has_at_most_16_megabytes(tmp_path: Path, size: int, message: str) -> None:
    for name in ("rgb.txt", "depth.txt"):
        sparse(tmp_path / name, size, b"soon ")
    with pytest.raises(SourceError, match=message):
        find_rgbd(tmp_path)


@pytest.mark.parametrize(("apart_s", "frames"), [(0.019, 1), (0.021, 0)])
def test_a_map_belongs_to_a_picture_within_20_ms(tmp_path: Path, apart_s: float, frames: int) -> None:
    assert TUM_MAX_DIFFERENCE_S == 0.02
    Image.new("RGB", (4, 3)).save(tmp_path / "0.png")
    Image.fromarray(np.full((3, 4), 5000, np.uint16)).save(tmp_path / "d.png")
    (tmp_path / "rgb.txt").write_text("1.0 0.png\n")
    (tmp_path / "depth.txt").write_text(f"{1.0 + apart_s} d.png\n")
    if frames:
        assert len(find_rgbd(tmp_path).colour) == frames
    else:
        with pytest.raises(SourceError, match="is close to a time"):
            find_rgbd(tmp_path)


def test_at_most_64_mib_of_a_colour_profile_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_space, "_from_profile", lambda path, profile: len(profile))
    assert output_space.open_output_space(sparse(tmp_path / "a.icc", 65 * MIB)) == 64 * MIB


@pytest.mark.parametrize("text", ["63x64", "64x63", "8193x64", "64x8193"])
def test_the_built_in_scene_has_64_to_8192_pixels_along_a_side(text: str) -> None:
    with pytest.raises(SourceError, match=f"size {text} is outside 64x64 to 8192x8192"):
        open_source(f"scene:?size={text}")


# Time


class Clock:
    """A stand-in for the module `time` and for an event: waiting advances the time."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.waits_s: list[float] = []

    def perf_counter(self) -> float:
        return self.now_s

    def wait(self, seconds: float) -> bool:
        self.waits_s.append(round(seconds, 6))
        self.now_s += seconds
        return False

    def is_set(self) -> bool:
        return False


@pytest.mark.parametrize(
    ("stall_s", "waits_s"),
    [
        (0.24, [0.0, 0.0, 0.0, 0.06, 0.1]),  # late by 0.14, 0.04 s: caught up
        (0.36, [0.0, 0.0, 0.1, 0.1, 0.1]),  # late by 0.26 s: the clock restarts
    ],
)
def test_a_source_that_is_a_quarter_of_a_second_late_does_not_catch_up(
    monkeypatch: pytest.MonkeyPatch, stall_s: float, waits_s: list[float]
) -> None:
    clock = Clock()

    class Stalling(BaseSource):
        name, size, fps = "stalling", (2, 2), 10.0

        def __iter__(self) -> Iterator[Frame]:
            for index in range(5):
                clock.now_s += stall_s if index == 1 else 0.0
                yield Frame(np.zeros((2, 2), np.uint16), index=index)

    monkeypatch.setattr(latest, "time", clock)
    latest_frames = LatestFrameQueue(Stalling())
    latest_frames._stop = clock  # type: ignore[assignment]
    latest_frames._deliver()
    assert clock.waits_s == waits_s
