"""Cameras of a GenTL producer: the one in the genicam package, with three cameras that show a bouncing ball."""

from __future__ import annotations

import importlib.util
import signal
import threading
import time
from pathlib import Path

import pytest
from groundglass.capture import Timing, open_source
from groundglass.capture.kinds import find_kind
from groundglass.controls import Controls
from groundglass.errors import MissingExtraError, SourceError
from groundglass.frame import Encoding, Frame
from live_source_support import WAIT_S, check_held_frames

pytest.importorskip("harvesters.core", reason="harvesters is not installed")
SPEC = importlib.util.find_spec("genicam")
assert SPEC is not None
assert SPEC.origin is not None
FOLDER = Path(SPEC.origin).parent
PRODUCER = FOLDER / "viky.cti"
pytestmark = pytest.mark.skipif(not PRODUCER.is_file(), reason="this genicam package has no GenTL producer")

FAST = "format=Mono8&size=128x100&fps=200"


@pytest.fixture(autouse=True)
def producers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENICAM_GENTL64_PATH", str(FOLDER))


def test_the_cameras_of_the_producers_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = find_kind("genicam:")
    assert kind is not None
    names = [(camera.source, camera.name) for camera in kind.list_cameras()]  # type: ignore[attr-defined]
    assert names == [(f"genicam:{i}", "Machine Vision Games Ltd. Viky") for i in range(3)]
    monkeypatch.delenv("GENICAM_GENTL64_PATH")
    assert list(kind.list_cameras()) == []  # type: ignore[attr-defined]


def test_frames_are_leases_on_the_producers_buffers_and_outlive_the_camera() -> None:
    with open_source(f"genicam:1?{FAST}") as source:
        assert (source.timing, source.size, source.fps) == (Timing.LIVE, (128, 100), 200)
        frames = iter(source)
        held = [next(frames) for _ in range(3)]
        copies = [frame.pixels.copy() for frame in held]
        others = set()
        for _ in range(30):
            frame = next(frames)
            others.add(frame.pixels.ctypes.data)
            assert (frame.cfa.pattern, frame.profile.white) == ("MONO", 255)
            assert frame.pixels.max() > 0
            frame.release()
    check_held_frames(held, copies, others)


def test_a_colour_picture_has_no_lease() -> None:
    with open_source(f"genicam:{PRODUCER}?camera=0&size=128x100&fps=200") as source:  # RGBa8, its own format
        frame = next(iter(source))
        assert (frame.encoding, frame.size, frame.lease) == (Encoding.DISPLAY, (128, 100), None)
        assert frame.pixels.max() > frame.pixels.min()


def test_two_cameras_of_a_producer_are_open_at_once_and_again() -> None:
    for _ in range(2):
        with open_source(f"genicam:0?{FAST}") as left, open_source(f"genicam:2?{FAST}") as right:
            for frame, _ in zip(left, range(5), strict=False):
                frame.release()
            next(iter(right)).release()


def test_ctrl_c_interrupts_the_program_that_opened_a_camera() -> None:
    with open_source(f"genicam:0?{FAST}"), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_the_rate_is_set_while_frames_arrive() -> None:
    with open_source(f"genicam:0?{FAST}") as source:
        controls = Controls()
        controls.add(source.controls())
        frames = iter(source)
        next(frames).release()
        controls.set("camera_frame_rate", 100.0)
        end_s = time.perf_counter() + WAIT_S
        while source.fps != 100 and time.perf_counter() < end_s:
            next(frames).release()
        assert (source.fps, controls.get("camera_frame_rate")) == (100, 100)


def test_a_read_that_waits_lets_other_threads_run_and_ends_at_once() -> None:
    with open_source("genicam:0?format=Mono8&fps=1") as source:
        next(iter(source)).release()
        ended: list[Frame | None] = []
        thread = threading.Thread(target=lambda: ended.append(next(iter(source), None)))
        thread.start()
        turns = 0
        begin_s = time.perf_counter()
        while time.perf_counter() - begin_s < 0.3:
            time.sleep(0.001)
            turns += 1
        source.interrupt()
        thread.join(WAIT_S)
        assert time.perf_counter() - begin_s < 5
        assert turns > 30  # a wait inside the library would hold Python's lock
        assert ended == [None]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("genicam:77", r"no such camera; connected: 0 \(Viky\), 1 \(Viky\), 2 \(Viky\)"),
        ("genicam:0?format=Mono16", "no format 'Mono16'; the camera offers RGBa8, Mono8"),
        ("genicam:0?size=50x50", "no size 50x50; the camera offers 100x100 to 800x800"),
        ("genicam:0?camera=1", "no key 'camera'; the keys are format, size"),
        ("genicam:/missing.cti", "/missing.cti is not a file; give the path of a GenTL producer"),
    ],
)
def test_a_wrong_name_is_refused_in_one_line(name: str, message: str) -> None:
    with pytest.raises(SourceError, match=message) as error:
        open_source(name)
    assert "\n" not in str(error.value)


def test_a_producer_that_cannot_be_loaded_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.cti"
    broken.write_text("not a library")
    with pytest.raises(SourceError, match=r"broken.cti cannot be loaded as a GenTL producer \(.*file too short"):
        open_source(f"genicam:{broken}")
    monkeypatch.setenv("GENICAM_GENTL64_PATH", f"{tmp_path}:{FOLDER}")  # it does not hide the others
    with open_source(f"genicam:0?{FAST}") as source:
        next(iter(source)).release()
    assert capfd.readouterr().err == ""
    monkeypatch.delenv("GENICAM_GENTL64_PATH")
    with pytest.raises(SourceError, match=r"no GenTL producer \(\*\.cti\); install the camera maker's"):
        open_source("genicam:0")


def test_without_harvesters_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "harvesters", None)
    with pytest.raises(MissingExtraError, match=r"pip install groundglass\[genicam\]"):
        open_source("genicam:0")
