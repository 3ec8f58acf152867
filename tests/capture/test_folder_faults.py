"""Faults of a playing folder: a live view reports each once and continues; a render ends and names the file."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import tifffile
from dng_support import write_dng
from groundglass.capture import Source, open_source
from groundglass.errors import GroundglassError
from PIL import Image

SIZE = (24, 16)
FRAMES = 6
BAD = 3  # the frame that gets the fault
NOBODY = 65534

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")


def picture(path: Path, size: tuple[int, int] = SIZE, mode: str = "RGB") -> None:
    Image.effect_noise(size, 60).convert(mode).save(path)


def pictures(folder: Path) -> dict[str, Any]:
    for number in range(FRAMES):
        picture(folder / f"{number}.png")
    return {}


def tiffs(folder: Path) -> dict[str, Any]:
    for number in range(FRAMES):
        picture(folder / f"{number}.tif")
    return {}


def raw_files(folder: Path) -> dict[str, Any]:
    for number in range(FRAMES):
        write_dng(folder / f"{number}.dng", np.full((64, 96), 100 + number, np.uint16))
    return {}


def headerless(folder: Path) -> dict[str, Any]:
    for number in range(FRAMES):
        (folder / f"{number}.raw").write_bytes(bytes([number] * 24 * 16))
    return {"raw_format": "rggb8", "raw_size": SIZE}


def with_maps(folder: Path) -> dict[str, Any]:
    pictures(folder)
    maps = folder.parent / "maps"
    maps.mkdir()
    for number in range(FRAMES):
        np.save(maps / f"{number}.npy", np.full((16, 24), 1.0 + number, np.float32))
    return {"depth": maps}


def with_right(folder: Path) -> dict[str, Any]:
    pictures(folder)
    right = folder.parent / "right"
    right.mkdir()
    pictures(right)
    return {"depth": f"stereo:{right}?focal_px=100&baseline_m=0.1"}


class Fault(NamedTuple):
    """`spoil` gets the folder and the file of the bad frame. `lost` frames are not delivered."""

    make: Callable[[Path], dict[str, Any]]
    spoil: Callable[[Path], object]
    lost: tuple[int, ...] = (BAD,)
    named: str = ""  # in the report; default: the file


def in_place(make: Callable[[Path], object]) -> Callable[[Path], None]:
    """A fault in the place of the file."""

    def spoil(path: Path) -> None:
        path.unlink()
        make(path)

    return spoil


def bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def rotated(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.effect_noise(SIZE, 60).convert("RGB").save(path, exif=exif)


def map_of(spoil: Callable[[Path], object]) -> Callable[[Path], object]:
    return lambda path: spoil(path.parent.parent / "maps" / f"{BAD}.npy")


FAULTS = {
    "deleted": Fault(pictures, Path.unlink),
    "renamed": Fault(pictures, lambda path: path.rename(path.with_suffix(".old"))),
    "truncated": Fault(pictures, cut),
    "truncated raw": Fault(raw_files, cut),
    "empty": Fault(pictures, lambda path: path.write_bytes(b"")),
    "not a picture": Fault(pictures, lambda path: path.write_text("<html>not found</html>")),
    "damaged": Fault(pictures, lambda path: path.write_bytes(path.read_bytes()[:60] + bytes(200))),
    "being rewritten": Fault(headerless, lambda path: path.write_bytes(bytes(100))),
    "other size": Fault(pictures, lambda path: picture(path, (8, 8))),
    "other size of a raw": Fault(raw_files, lambda path: write_dng(path, np.full((32, 96), 100, np.uint16))),
    "other encoding": Fault(
        tiffs, lambda path: tifffile.imwrite(path, np.zeros((16, 24, 3), np.float32), photometric="rgb")
    ),
    "other CFA": Fault(
        raw_files, lambda path: write_dng(path, np.full((64, 96), 9, np.uint16), photosites=(2, 1, 1, 0)), lost=()
    ),
    "FIFO in its place": Fault(pictures, in_place(os.mkfifo)),
    "directory in its place": Fault(pictures, in_place(Path.mkdir)),
    "socket in its place": Fault(pictures, in_place(bind)),
    "device in its place": Fault(pictures, in_place(lambda path: path.symlink_to(os.devnull))),
    "dangling link": Fault(pictures, in_place(lambda path: path.symlink_to("nowhere.png"))),
    "link to itself": Fault(pictures, in_place(lambda path: path.symlink_to(path.name))),
    "no permission": Fault(pictures, lambda path: path.chmod(0)),
    "folder gone": Fault(pictures, lambda path: shutil.rmtree(path.parent), lost=(1, 2, 3, 4, 5), named="frames: "),
    "missing depth map": Fault(with_maps, map_of(Path.unlink), lost=(), named="3.npy: "),
    "truncated depth map": Fault(with_maps, map_of(cut), lost=(), named="3.npy: "),
    "depth map of another shape": Fault(
        with_maps, map_of(lambda path: np.save(path, np.ones((50, 10), np.float32))), lost=(), named="3.npy: "
    ),
    "right picture of another size": Fault(
        with_right, lambda path: picture(path.parent.parent / "right" / path.name, (8, 8)), named="right/3.png: "
    ),
    "truncated right picture": Fault(
        with_right, lambda path: cut(path.parent.parent / "right" / path.name), named="right/3.png: "
    ),
    "right picture with another orientation": Fault(
        with_right, lambda path: rotated(path.parent.parent / "right" / path.name), named="right/3.png: "
    ),
    "missing right picture": Fault(
        with_right, lambda path: (path.parent.parent / "right" / path.name).unlink(), named="right/3.png: "
    ),
}  # fmt: skip


@pytest.fixture
def playing(tmp_path: Path) -> Iterator[Callable[[Fault, bool], Source]]:
    """Opens a folder, then spoils a frame of it."""
    folder = tmp_path / "frames"
    opened: list[Source] = []

    def open_spoiled(fault: Fault, tolerant: bool) -> Source:
        folder.mkdir()
        options = fault.make(folder)
        opened.append(open_source(folder, tolerant=tolerant, **options))
        (path,) = (path for path in folder.iterdir() if path.stem == str(BAD))
        fault.spoil(path)
        return opened[-1]

    yield open_spoiled
    for source in opened:
        source.close()


@pytest.fixture(autouse=True)
def without_privileges(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """The superuser may read every file: the test of permissions runs as another user."""
    if os.geteuid() != 0 or "no permission" not in request.node.name:
        yield
        return
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(0o755)
    os.chown(tmp_path, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    yield
    os.seteuid(0)


@pytest.mark.parametrize("name", FAULTS)
def test_a_live_view_continues_and_reports_the_fault_once(
    name: str, playing: Callable[[Fault, bool], Source], capfd: pytest.CaptureFixture[str]
) -> None:
    fault = FAULTS[name]
    source = playing(fault, True)
    for _ in range(2):  # the second time it is already reported
        indices = [frame.index for frame in source]
        expected = [index for index in range(FRAMES) if index not in fault.lost]
        assert indices == expected
    # LibRaw itself writes "Unexpected end of file".
    lines = [line for line in capfd.readouterr().err.splitlines() if not line.endswith("Unexpected end of file")]
    if name == "other CFA":
        assert lines == []  # the engine draw_files every CFA
        return
    assert len(lines) == 1
    assert lines[0].startswith("groundglass: ")
    assert (fault.named or f"frames/{BAD}.") in lines[0]


@pytest.mark.parametrize("name", [name for name in FAULTS if name != "other CFA"])
def test_a_render_ends_and_names_the_file(name: str, playing: Callable[[Fault, bool], Source]) -> None:
    fault = FAULTS[name]
    source = playing(fault, False)
    delivered = []
    with pytest.raises(GroundglassError) as raised:
        delivered += [frame.index for frame in source]
    message = str(raised.value)
    assert (fault.named.replace("frames: ", "1.png: ") or f"frames/{BAD}.") in message
    assert "\n" not in message
    assert ";" in message  # what to do


def test_the_first_frame_may_be_the_bad_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures(tmp_path)
    cut(tmp_path / "0.png")
    with open_source(tmp_path, tolerant=True) as source:
        assert [frame.index for frame in source] == [1, 2, 3, 4, 5]
    assert capsys.readouterr().err.count("0.png") == 1
    for number in range(FRAMES):
        cut(tmp_path / f"{number}.png")
    with pytest.raises(GroundglassError, match=r"0\.png"):
        open_source(tmp_path, tolerant=True)


def test_a_rewritten_frame_is_shown_again_when_it_is_whole(tmp_path: Path) -> None:
    options = headerless(tmp_path)
    with open_source(tmp_path, tolerant=True, loop=True, **options) as source:
        frames = iter(source)
        (tmp_path / f"{BAD}.raw").write_bytes(bytes(7))
        assert [next(frames).index for _ in range(FRAMES)] == [0, 1, 2, 4, 5, 6]
        headerless(tmp_path)
        assert [next(frames).index for _ in range(FRAMES)] == [7, 8, 9, 10, 11, 12]


def test_a_frame_without_its_map_has_the_depth_before_it(playing: Callable[[Fault, bool], Source]) -> None:
    source = playing(FAULTS["missing depth map"], True)
    depths = [float(frame.depth_m[0, 0]) for frame in source if frame.depth_m is not None]
    assert depths == [1, 2, 3, 3, 5, 6]
