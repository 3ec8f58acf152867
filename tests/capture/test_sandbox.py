"""Files that another process decodes: the same frames and errors, and a crash that is one error."""

from __future__ import annotations

import dataclasses
import math
import os
import pickle
import signal
import sys
import threading
import time
from itertools import islice
from mmap import mmap
from pathlib import Path

import numpy as np
import pytest
from dng_support import ramp, write_dng
from groundglass.capture import open_source
from groundglass.capture.latest import LatestFrameQueue
from groundglass.capture.sandbox import HAS_SANDBOX, SandboxedSource, is_file_source, open_apart
from groundglass.capture.sandbox_frames import error_of, packed, unpacked
from groundglass.errors import ArgumentError, LookError, MissingExtraError, SourceError
from groundglass.frame import Frame
from PIL import Image

pytestmark = pytest.mark.skipif(not HAS_SANDBOX, reason="not for this system")
PICTURE = np.random.default_rng(1).integers(0, 255, (12, 16, 3)).astype(np.uint8)


def folder_of(tmp_path: Path, count: int) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(count):
        Image.fromarray(np.roll(PICTURE, number, axis=0)).save(folder / f"{number}.png")
    return folder


def video(path: Path) -> Path:
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(5):
            rgb = np.full((48, 64, 3), 40 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(stream.encode())
    return path


def assert_equal(first: Frame, second: Frame) -> None:
    for field in dataclasses.fields(Frame):
        value, other = (getattr(frame, field.name) for frame in (first, second))
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, other)
        elif field.name == "profile":
            np.testing.assert_array_equal(value.camera_to_scene, other.camera_to_scene)
            assert (value.black, value.white, value.white_balance) == (other.black, other.white, other.white_balance)
        elif field.name != "lease":
            assert value == other


@pytest.mark.parametrize("kind", ["raw", "folder", "video", "depth", "headerless"])
def test_frames_are_those_of_this_process(tmp_path: Path, kind: str) -> None:
    options: dict[str, object] = {}
    if kind == "raw":
        path = write_dng(tmp_path / "a.dng", ramp())
    elif kind == "folder":
        path = folder_of(tmp_path, 4)
    elif kind == "video":
        path = video(tmp_path / "a.mp4")
    elif kind == "depth":
        path, options = tmp_path / "a.png", {"depth": "plane:1..4", "loop": False}
        Image.fromarray(PICTURE).save(path)
    else:
        path, options = tmp_path / "a.raw", {"raw_format": "rggb10-mipi", "raw_size": (16, 12), "tolerant": True}
        path.write_bytes(bytes(range(240)))
    with open_source(path, **options) as here, SandboxedSource(path, **options) as apart:  # type: ignore[arg-type]
        assert (here.name, here.size, here.timing, here.fps, here.frames) == (
            *(apart.name, apart.size, apart.timing, apart.fps, apart.frames),
        )
        frames = list(apart)
        for frame, other in zip(here, frames, strict=True):
            assert_equal(frame, other)
        assert len(list(apart)) == len(frames)  # once more, from the beginning


def test_errors_are_those_of_this_process(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    with pytest.raises(SourceError) as here:
        open_source(path)
    with pytest.raises(SourceError) as apart:
        SandboxedSource(path)
    assert str(apart.value) == str(here.value)


def test_an_error_after_good_frames_comes_after_them(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 3)
    (folder / "2.png").write_bytes(b"broken")
    with SandboxedSource(folder) as source:
        frames = iter(source)
        assert [next(frames).index, next(frames).index] == [0, 1]
        with pytest.raises(SourceError, match=r"2\.png: not a picture"):
            next(frames)


def process_of(source: SandboxedSource) -> int:
    assert source._process is not None
    return source._process.pid


@pytest.mark.parametrize("sent", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT])
def test_a_killed_process_is_one_error_and_this_process_stays(tmp_path: Path, sent: signal.Signals) -> None:
    with SandboxedSource(folder_of(tmp_path, 3), loop=True) as source:
        frames = iter(source)
        next(frames)
        os.kill(process_of(source), sent)
        with pytest.raises(SourceError, match=f"pictures: the decoding process crashed .{sent.name}.; the file may be"):
            list(islice(frames, 10))


def test_a_decoder_that_crashes_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = tmp_path / "plugin"
    plugin.mkdir()
    (plugin / "sitecustomize.py").write_text(
        "import ctypes\nfrom PIL import Image, ImageFile\n"
        "class Crash(ImageFile.ImageFile):\n    format = 'CRASH'\n    def _open(self):\n        ctypes.string_at(0)\n"
        "Image.preinit()\nImage.register_open('CRASH', Crash, lambda begin: begin.startswith(b'CRASH'))\n"
    )
    monkeypatch.syspath_prepend(plugin)
    (tmp_path / "a.png").write_bytes(b"CRASH")
    with pytest.raises(SourceError, match=r"a\.png: the decoding process crashed \(SIGSEGV\)"):
        SandboxedSource(tmp_path / "a.png")


def test_a_live_view_gets_the_error_after_the_last_good_frame(tmp_path: Path) -> None:
    with SandboxedSource(folder_of(tmp_path, 3), loop=True, fps=200) as source, LatestFrameQueue(source) as queue:
        assert queue.latest(10.0) is not None
        os.kill(process_of(source), signal.SIGSEGV)
        with pytest.raises(SourceError, match="SIGSEGV"):
            all(iter(lambda: queue.latest(10.0), "never"))


def test_a_blocked_read_is_interrupted_and_nothing_is_left(tmp_path: Path) -> None:
    source = SandboxedSource(folder_of(tmp_path, 3), loop=True)
    process, seen = source._process, []
    assert process is not None
    thread = threading.Thread(target=lambda: seen.extend(source), daemon=True)
    os.kill(process.pid, signal.SIGSTOP)
    thread.start()
    time.sleep(0.1)
    source.interrupt()
    thread.join(20)
    assert not thread.is_alive()
    assert process.returncode == -signal.SIGKILL
    source.close()


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="needs /proc")
def test_the_process_has_limits(tmp_path: Path) -> None:
    with SandboxedSource(folder_of(tmp_path, 2)) as source:
        lines = Path(f"/proc/{process_of(source)}/limits").read_text().splitlines()
        limits = {line[:26].strip(): line[26:].split()[0] for line in lines[1:]}
        assert limits["Max core file size"] == "0"
        assert limits["Max address space"] != "unlimited"
        assert "NoNewPrivs:\t1" in Path(f"/proc/{process_of(source)}/status").read_text()


def test_only_the_classes_of_a_frame_are_unpickled() -> None:
    class Hostile:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, ("true",)

    with mmap(-1, 4096) as memory:
        with pytest.raises(SourceError, match=r"sent an invalid frame \(UnpicklingError\)"):
            unpacked(pickle.dumps(Hostile()), [], memory)
        with pytest.raises(SourceError, match="sent an invalid frame"):
            unpacked(b"not a pickle", [], memory)
        data, places, _ = packed(Frame(np.ones((4, 6), np.uint16)), memory, 0)
        assert unpacked(data, places, memory).size == (6, 4)
        with pytest.raises(SourceError, match="sent an invalid frame"):
            unpacked(data, [(4000, 4096)], memory)
        with pytest.raises(ValueError, match="needs"):
            packed(Frame(np.ones((64, 64), np.uint16)), memory, 0)


def test_errors_keep_their_kind_and_others_are_source_errors() -> None:
    extra = error_of("MissingExtraError", "a.exr: needs OpenEXR", "exr")
    assert isinstance(extra, MissingExtraError)
    assert extra.extra == "exr"
    assert type(error_of("LookError", "a", "")) is LookError
    assert type(error_of("SystemExit", "a", "")) is SourceError


def test_files_are_decoded_apart_and_other_sources_are_not(tmp_path: Path) -> None:
    Image.fromarray(PICTURE).save(tmp_path / "a.png")
    assert is_file_source(str(tmp_path / "a.png"))
    assert is_file_source(str(tmp_path), f"stereo:{tmp_path}?focal_px=1&baseline_m=1")
    assert not is_file_source("scene:")
    assert not is_file_source(str(tmp_path / "a.png"), "v4l2:0")
    with pytest.raises(SourceError, match="--sandbox decodes files, but --depth v4l2:0 is not one"):
        open_apart(str(tmp_path / "a.png"), depth="v4l2:0")


def test_what_a_frame_refuses_is_refused_from_the_process_too(tmp_path: Path) -> None:
    """Unpickling makes objects without their checks: kernels would read beyond the end of a depth map."""
    frame = Frame(np.ones((4, 6), np.uint16), depth_m=np.ones((4, 6), np.float32))
    object.__setattr__(frame, "depth_m", np.ones(3, np.uint8))
    with mmap(-1, 4096) as memory:
        data, places, _ = packed(frame, memory, 0)
        with pytest.raises(SourceError, match="is not a depth map"):
            unpacked(data, places, memory)
        object.__setattr__(frame, "pixels", "no array")
        with pytest.raises(SourceError, match="a str is not an array"):
            unpacked(*packed(frame, memory, 0)[:2], memory)
        frame = Frame(np.ones((4, 6), np.uint16))
        object.__setattr__(frame, "packing", None)
        with pytest.raises(ArgumentError, match="packing is None; give a Packing"):
            unpacked(*packed(frame, memory, 0)[:2], memory)


@pytest.mark.parametrize(
    "fields", [None, 3, (), ("a", 5, "still", None, None), ("a", (1, math.inf), "still", None, None)]
)
def test_a_description_of_another_form_is_refused(tmp_path: Path, fields: object) -> None:
    with SandboxedSource(folder_of(tmp_path, 2)) as source:
        with pytest.raises(SourceError, match="sent an invalid message"):
            source._describe(fields)
        with pytest.raises(SourceError, match="sent an invalid frame"):
            source._frame(fields, source._memories[0])


@pytest.mark.parametrize("places", [[(0, 1 << 40)], [(-8, 4)], [(1 << 40, 4)], [(4, -2)]])
def test_places_outside_the_shared_memory_are_refused(tmp_path: Path, places: list[tuple[int, int]]) -> None:
    with SandboxedSource(folder_of(tmp_path, 2)) as source:
        with pytest.raises(SourceError, match="sent an invalid frame"):
            source._frame((b"", places), source._memories[0])
        if sys.platform == "linux":
            os.truncate(source._files[0].fileno(), 4096)
            with pytest.raises(PermissionError):  # the decoding process cannot make it smaller either
                os.truncate(source._files[0].fileno(), 0)
