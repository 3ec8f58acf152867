"""Video: the file contains the shown pictures with their times and colours, and it is playable after a crash."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import groundglass as gg
import numpy as np
import pytest
from groundglass.controls import Controls
from groundglass.display.statistics import FrameLog
from groundglass.display.tool import Invalidation
from groundglass.errors import MissingExtraError, OutputError
from groundglass.gl.readback import Readback
from groundglass.output.recording import Recording
from groundglass.output.stills import NO_PICTURE, PATIENCE_S
from groundglass.output.video import CODECS, QUEUE, VideoWriter, check_video, even, record_scale
from live_engine import LiveEngine, tool_context
from look_support import context

av = pytest.importorskip("av")

SIZE = 160, 90
COLOURS = np.array([[200, 30, 40, 255], [40, 180, 60, 255], [50, 60, 220, 255], [128, 128, 128, 255]], np.uint8)


def picture(number: int) -> np.ndarray:
    """(H, W, 4) uint8: four stripes of plain colours, and a grey square whose level identifies the picture."""
    rgba = np.repeat(COLOURS, SIZE[0] // 4, axis=0)[None].repeat(SIZE[1], axis=0).copy()
    rgba[:40, :40, :3] = 16 + 4 * number
    return rgba


def add_all(video_writer: VideoWriter, times_s: list[float]) -> None:
    for number, time_s in enumerate(times_s):
        while video_writer._queue.is_full:
            time.sleep(0.001)
        video_writer.add(picture(number), time_s)


def decoded(path: Path) -> tuple[list[float], list[np.ndarray]]:
    """The times in seconds and the pictures (H, W, 3) uint8 of a video."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        pictures = [frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray() for frame in frames]
        return [float(frame.pts * stream.time_base) for frame in frames], pictures


@pytest.mark.parametrize("codec", sorted(CODECS))
def test_a_video_has_the_pictures_with_their_times_and_colours(tmp_path: Path, codec: str) -> None:
    times_s = [0.0, 0.033, 0.071, 0.1, 0.5, 0.52, 1.6, 1.61, 3.0]
    video_writer = VideoWriter(tmp_path / f"a{CODECS[codec].suffix}", SIZE, codec)
    add_all(video_writer, times_s)
    video_writer.close()
    assert (video_writer.written, video_writer.dropped) == (len(times_s), 0)
    found_s, pictures = decoded(video_writer.path)
    assert found_s == pytest.approx(times_s, abs=0.002)
    for number, shown in enumerate(pictures):
        assert shown.shape == (*SIZE[::-1], 3)
        assert np.abs(shown[60:80, 5::40].mean(axis=0) - COLOURS[:, :3]).max() < 6
        assert abs(shown[5:35, 5:35].mean() - (16 + 4 * number)) < 4
    with av.open(str(video_writer.path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.color_primaries, context.color_trc, context.colorspace, context.color_range) == (1, 13, 1, 1)


@pytest.mark.parametrize("codec", sorted(CODECS))
@pytest.mark.parametrize(("space", "tags"), [("display-p3", (12, 13)), ("rec709", (1, 1)), ("My Monitor", (2, 2))])
def test_a_video_is_tagged_with_its_colour_space(tmp_path: Path, codec: str, space: str, tags: tuple[int, int]) -> None:
    video_writer = VideoWriter(tmp_path / f"a{CODECS[codec].suffix}", SIZE, codec, space)
    add_all(video_writer, [0.0, 0.1])
    video_writer.close()
    with av.open(str(video_writer.path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.color_primaries, context.color_trc) == tags


def test_pictures_that_a_slow_encoder_cannot_write_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encode, released = VideoWriter._frame, threading.Event()
    monkeypatch.setattr(VideoWriter, "_frame", lambda *arguments: (released.wait(30), encode(*arguments))[1])
    video_writer = VideoWriter(tmp_path / "a.mp4", SIZE)
    for number in range(QUEUE + 20):
        video_writer.add(picture(number % 50), number / 60)  # waits for no picture
    released.set()
    video_writer.close()
    assert video_writer.dropped >= 18
    assert video_writer.written + video_writer.dropped == QUEUE + 20
    assert len(decoded(video_writer.path)[0]) == video_writer.written


CRASH = """
import sys, time
from pathlib import Path
sys.path[:0] = {folders!r}
from test_video import VideoWriter, picture, SIZE
video = VideoWriter(Path({path!r}), SIZE, {codec!r})
for number in range(10_000):
    video.add(picture(number % 50), number / 30)
    print(video.written, flush=True)
    time.sleep(0.01)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
@pytest.mark.parametrize("codec", sorted(CODECS))
def test_a_killed_recorder_leaves_a_playable_video(tmp_path: Path, codec: str) -> None:
    path = tmp_path / f"a{CODECS[codec].suffix}"
    folder = Path(__file__).parent
    folders = [str(folder), str(folder.parent / "support")]
    code = CRASH.format(folders=folders, path=str(path), codec=codec)
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    written = 0
    while written < 120:
        line = child.stdout.readline()
        assert line, "the recorder has ended"
        written = int(line)
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    times_s, pictures = decoded(path)
    assert len(pictures) >= written - 70  # one second at 30 fps, and the queue
    assert times_s == sorted(times_s)
    for time_s, shown in zip(times_s[::10], pictures[::10], strict=True):
        assert abs(shown[5:35, 5:35].mean() - (16 + 4 * (round(30 * time_s) % 50))) < 4


def test_errors_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OutputError, match=r"the folder does not exist"):
        VideoWriter(tmp_path / "none" / "a.mp4", SIZE)
    with pytest.raises(OutputError, match=r"hevc requires a \.mp4 file; use a\.mp4 or another --codec"):
        VideoWriter(tmp_path / "a.mkv", SIZE, "hevc")
    (tmp_path / "mine.mp4").write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists; name another"):
        VideoWriter(tmp_path / "mine.mp4", SIZE)
    assert (tmp_path / "mine.mp4").read_bytes() == b"mine"
    video_writer = VideoWriter(tmp_path / "a.mp4", SIZE)
    monkeypatch.setattr(VideoWriter, "_write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    video_writer.add(picture(0), 0.0)
    with pytest.raises(OutputError, match="No space left on device"):
        video_writer.close()
    video_writer = VideoWriter(tmp_path / "c.mp4", SIZE)
    monkeypatch.setattr(VideoWriter, "_write", lambda *_: (_ for _ in ()).throw(ValueError))
    video_writer.add(picture(0), 0.0)
    with pytest.raises(OutputError, match=r"stopped \(ValueError\)"):
        video_writer.close()
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"groundglass\[video\]"):
        VideoWriter(tmp_path / "b.mp4", SIZE)


def test_a_folder_that_takes_no_file_is_an_error_before_the_first_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rights do not show it: a disk may be read-only, or full of files."""
    check_video(tmp_path / "a.mp4", "h264")
    assert list(tmp_path.iterdir()) == []

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(OutputError, match=r"a\.mp4: cannot be recorded \(Read-only file system\); name another folder"):
        check_video(tmp_path / "a.mp4", "h264")


def test_an_encoder_requires_even_sides() -> None:
    assert even((161, 91)) == (160, 90)
    assert even((1, 1)) == (2, 2)


def test_readback_returns_a_picture_one_call_later() -> None:
    gl = context()
    readback = Readback(gl)
    textures = [gl.texture(SIZE, 4, picture(number).tobytes()) for number in range(4)]
    assert readback.request(textures[0], 0.0) is None
    for number in (1, 2, 3):
        found = readback.request(textures[number], number / 10)
        assert found is not None
        assert found[0] == (number - 1) / 10
        np.testing.assert_array_equal(found[1], picture(number - 1))
    last = readback.take()
    assert last is not None
    np.testing.assert_array_equal(last[1], picture(3))
    assert readback.take() is None
    for resource in (readback, *textures):
        resource.release()


class Harness:
    def __init__(self, folder: Path, **options: object) -> None:
        self.engine = LiveEngine(gl=context(), look="neutral")
        self.controls, self.messages = Controls(), []
        self.log = FrameLog(1 / 60)
        ctx = tool_context(self.engine, None, self.messages.append, self.controls, self.log)  # type: ignore[arg-type]
        self.tool = Recording(ctx, folder, **options)  # type: ignore[arg-type]
        self.controls.add(self.tool.controls())

    def show(self, level: int, size: tuple[int, int] = SIZE, captured_s: float | None = None) -> None:
        pixels = np.full((*size[::-1], 3), level, np.uint8)
        frame = gg.Frame(pixels, gg.Encoding.DISPLAY, captured_s=captured_s)
        self.engine.draw(frame)
        self.tool.on_frame(self.engine.drawn)
        self.tool.tick(time.perf_counter())

    def wait(self) -> None:
        """Until the file is whole; leaves time to the encoder's thread."""
        while self.tool.busy:
            self.tool.tick(time.perf_counter())
            time.sleep(0.001)


def test_a_recording_does_not_wait_long_for_a_picture(tmp_path: Path) -> None:
    harness = Harness(tmp_path)
    begun = harness.controls.set("record", True)
    assert harness.tool.tick(time.perf_counter()) is Invalidation.REDRAW
    harness.tool.tick(time.perf_counter() + 2 * PATIENCE_S)
    assert NO_PICTURE in str(begun.exception())
    assert list(tmp_path.iterdir()) == []


def test_r_starts_and_ends_a_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("groundglass.output.video.QUEUE", 32)  # the encoder may begin late on a busy machine
    now_s = 1.0
    monkeypatch.setattr("groundglass.output.recording.perf_counter", lambda: now_s)
    harness = Harness(tmp_path)
    harness.show(10)
    harness.controls.press("R")
    for level in range(20, 220, 10):
        harness.show(level, captured_s=now_s)
        now_s += 0.04
    assert harness.controls.get("record")
    assert not list(tmp_path.glob("*.jpg"))
    harness.controls.press("R")
    harness.wait()
    assert harness.messages == ["recording groundglass-0001.mp4: 160x90", "recorded groundglass-0001.mp4: 20 pictures"]
    assert harness.log.recorded_size == (160, 90)
    times_s, pictures = decoded(tmp_path / "groundglass-0001.mp4")
    means = [shown.mean() for shown in pictures]
    assert len(means) == 20
    assert means == sorted(means)
    assert times_s == pytest.approx([0.04 * number for number in range(20)], abs=0.001)
    harness.tool.finish()
    harness.tool.close()
    harness.engine.close()


def test_a_changed_picture_size_ends_the_recording_to_a_named_file(tmp_path: Path) -> None:
    harness = Harness(tmp_path, file=tmp_path / "mine.mov", codec="prores")
    for level in (10, 60, 110):
        harness.show(level)
    harness.show(110, (80, 60))
    harness.wait()
    assert harness.messages[1].startswith("the picture size has changed")
    assert len(decoded(tmp_path / "mine.mov")[0]) == 3
    harness.tool.finish()
    harness.tool.close()
    harness.engine.close()


def test_quitting_completes_the_video(tmp_path: Path) -> None:
    harness = Harness(tmp_path)
    harness.controls.press("R")
    for level in (10, 60, 110):
        harness.show(level)
    harness.tool.finish()
    harness.tool.close()
    assert len(decoded(tmp_path / "groundglass-0001.mp4")[0]) == 3
    harness.engine.close()


@pytest.mark.parametrize(
    ("size", "picture", "scale"),
    [
        ((1280, 720), (1920, 1080), 2 / 3),
        ((1920, 1080), (1920, 1080), 1.0),
        ((426, 240), (1920, 1080), 426 / 1920),
        ((540, 960), (1920, 1080), 0.5),  # the frames are rotated
    ],
)
def test_a_size_to_record_is_a_scale(size: tuple[int, int], picture: tuple[int, int], scale: float) -> None:
    assert record_scale(size, picture, "h264") == pytest.approx(scale)
    assert even((round(scale * max(picture)), round(scale * min(picture)))) == (max(size), min(size))


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((853, 480), r"--record-size 853x480: h264 encodes colour for pairs .*use even sides: 852x480"),
        ((3840, 2160), r"--record-size 3840x2160: the picture has 1920x1080; name a smaller size"),
        ((1280, 800), r"--record-size 1280x800: has another shape than .* 1920x1080; use 1280x720"),
        ((640, 640), r"--record-size 640x640: has another shape than .* 1920x1080; use 640x360"),
    ],
)
def test_a_size_that_cannot_be_recorded_is_an_error(size: tuple[int, int], message: str) -> None:
    with pytest.raises(OutputError, match=message):
        record_scale(size, (1920, 1080), "h264")


def test_pictures_that_a_codec_cannot_encode_are_refused_and_others_recorded(tmp_path: Path) -> None:
    """The smallest pictures of a view at a quarter of its size: x265 ended with "Invalid argument"."""
    with pytest.raises(OutputError, match=r"pictures of 18x12 are too small for hevc, .* 16 pixels or more; record"):
        VideoWriter(tmp_path / "a.mp4", (18, 12), "hevc")
    assert list(tmp_path.iterdir()) == []
    for codec in CODECS:
        side = CODECS[codec].min_side
        video = VideoWriter(tmp_path / f"b-{codec}{CODECS[codec].suffix}", (side, side), codec)
        video.add(np.full((side, side, 3), 90, np.uint8), 0.0)
        video.close()
        assert (video.written, video.error) == (1, None)
