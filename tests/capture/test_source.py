"""The contract of a source, and the names that `open_source` accepts and refuses."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import pkgutil
import socket
import threading
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from groundglass import capture
from groundglass.capture import BaseSource, Source, Timing, open_source
from groundglass.capture.latest import LatestFrameQueue
from groundglass.capture.metadata import read_metadata
from groundglass.colour.output_space import open_output_space
from groundglass.errors import GroundglassError, SourceError
from groundglass.formats.picture_read import read_picture
from groundglass.formats.preview import read_preview
from groundglass.formats.raw import read_raw
from groundglass.lens import load_lens
from groundglass.look.look import load_look
from groundglass.look.lut_read import read_lut
from groundglass.tools.saved_settings import read_settings
from live_source_support import FakeCamera
from PIL import Image


def test_the_scene_accepts_its_options_and_the_rate() -> None:
    with open_source("scene:?size=96x64&seed=3", fps=30) as source:
        assert source.size == (96, 64)
        assert source.fps == 30
        assert source.frames is None
        frame = next(iter(source))
    assert frame.size == (96, 64)
    assert frame.depth_m is not None


def test_the_query_has_priority_over_the_option() -> None:
    assert open_source("scene:?size=96x64&fps=25", fps=30).fps == 25


@pytest.mark.parametrize("source", ["scene:?size=big", "scene:?colour=red"])
def test_the_scene_refuses_unknown_options(source: str) -> None:
    with pytest.raises(SourceError, match="scene:"):
        open_source(source)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(SourceError, match="scene: for the built-in scene"):
        open_source("scene")


def sources() -> list[type]:
    """Every source and source filter of the package, the fake camera, and their base class."""
    for module in pkgutil.walk_packages(capture.__path__, "groundglass.capture."):
        importlib.import_module(module.name)
    found, pending = [], [BaseSource]
    while pending:
        source = pending.pop()
        pending += source.__subclasses__()
        if source.__module__.startswith("groundglass.") or source is FakeCamera:
            found.append(source)
    return sorted(found, key=lambda source: source.__name__)


def methods(source: type) -> dict[str, inspect.Signature]:
    """Public methods, and the methods of a context manager and of an iterable."""
    special = ("__iter__", "__enter__", "__exit__")
    return {
        name: inspect.signature(member)
        for name, member in inspect.getmembers(source, inspect.isfunction)
        if not name.startswith("_") or name in special
    }


def test_every_source_is_found() -> None:
    names = {source.__name__ for source in sources()}
    assert {
        "FileSequence",
        "VideoSource",
        "SceneSource",
        "WithDepth",
        "WithRight",
        "WithProfile",
        "FakeCamera",
    } <= names


@pytest.mark.parametrize("source", sources(), ids=lambda source: source.__name__)
def test_a_source_has_the_methods_of_the_contract(source: type) -> None:
    contract = methods(Source)
    written = methods(source)
    assert {name: written.get(name) for name in contract} == contract
    assert set(written) - set(contract) <= {"change"}


def test_a_source_has_the_attributes_of_the_contract() -> None:
    declared = {name for name, member in inspect.getmembers(Source) if isinstance(member, property)}
    assert set(BaseSource.__annotations__) == declared
    with open_source("scene:?size=64x64") as source:
        assert declared <= set(dir(source))
        assert source.timing is Timing.PACED
        assert list(source.controls()) == []
        source.interrupt()


def test_every_iterable_class_of_capture_is_a_source(repository: Path) -> None:
    other_classes = [
        f"{path.name}: {node.name}"
        for path in (repository / "engine/capture").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        and any(isinstance(item, ast.FunctionDef) and item.name == "__iter__" for item in node.body)
        and node.name not in {"Source", *(source.__name__ for source in sources())}
    ]
    assert other_classes == []


SPECIAL = ("fifo", "socket", "device", "folder")


def make_special(path: Path, kind: str) -> None:
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    elif kind == "device":
        path.symlink_to(os.devnull)
    else:
        path.mkdir()


def refused(open_it: Callable[[], object]) -> GroundglassError:
    """The error of `open_it` for a path that must not be opened. Opening it would block forever."""
    result: list[BaseException] = []

    def run() -> None:
        try:
            open_it()
        except BaseException as error:
            result.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    assert len(result) == 1
    assert isinstance(result[0], GroundglassError)
    return result[0]


OPENERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "picture": ("a.png", open_source),
    "raw": ("a.dng", open_source),
    "raw that may be headerless": ("a.raw", open_source),
    "video": ("a.mp4", open_source),
    "headerless": ("a.bin", lambda path: open_source(path, raw_format="rggb12", raw_size="4x4")),
    "raw read": ("a.dng", read_raw),
    "picture read": ("a.png", read_picture),
    "preview": ("a.dng", read_preview),
    "depth map": ("a.npy", lambda path: open_source("scene:?size=64x64", depth=path)),
    "depth photo": ("a.jpg", lambda path: open_source("scene:?size=64x64", depth=path)),
    "camera profile": ("a.toml", lambda path: open_source("scene:?size=64x64", profile=path)),
    "metadata": ("a.dng", lambda path: read_metadata(str(path))),
    "look": ("a.toml", load_look),
    "lens": ("a.toml", lambda path: load_lens(str(path))),
    "LUT": ("a.cube", read_lut),
    "HaldCLUT": ("a.png", read_lut),
    "output space": ("a.icc", open_output_space),
    "settings file": ("a.toml", read_settings),
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
@pytest.mark.parametrize(("opener", "kind"), sorted({*product(OPENERS, SPECIAL)} - {("headerless", "fifo")}))
def test_only_regular_files_are_opened(tmp_path: Path, opener: str, kind: str) -> None:
    name, open_it = OPENERS[opener]
    path = tmp_path / name
    make_special(path, kind)
    message = str(refused(lambda: open_it(path)))
    assert message.startswith(str(path))
    assert "\n" not in message
    if kind != "folder":
        assert "not a regular file" in message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_fifo_in_a_playing_folder_is_an_error(tmp_path: Path) -> None:
    for name in ("1.png", "2.png"):
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    with open_source(tmp_path, fps=100) as source:
        (tmp_path / "2.png").unlink()
        os.mkfifo(tmp_path / "2.png")
        with LatestFrameQueue(source) as queue:
            error = refused(lambda: [queue.latest(20) for _ in range(3)])
    assert str(error) == f"{tmp_path / '2.png'}: is a FIFO (named pipe), not a regular file; give a regular file"


def test_a_folder_among_the_pictures_is_skipped(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "1.png")
    make_special(tmp_path / "2.png", "folder")
    with open_source(tmp_path) as source:
        assert source.frames == 1
        assert source.timing is Timing.STILL
