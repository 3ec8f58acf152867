"""Depth of a second source: pairing by time, conversion of its frames, and a depth camera that is gone."""

from __future__ import annotations

import importlib
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice, pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from groundglass.capture import BaseSource, Source, Timing, depth_source, open_source
from groundglass.capture.depth_source import Crop, WithDepthSource
from groundglass.cfa import Cfa
from groundglass.controls import Control, Controls, Number
from groundglass.depth.relative import DepthRange
from groundglass.errors import MissingExtraError, SourceError
from groundglass.formats.depth_files import Scaling
from groundglass.frame import Encoding, Frame, Lease
from groundglass.packing import Packing, pack
from live_source_support import WAIT_S

opening = importlib.import_module("groundglass.capture.open")  # the package has a function of this name
SIZE = (48, 32)
MM = np.linspace(800, 6000, SIZE[0] * SIZE[1], dtype=np.uint16).reshape(SIZE[1], SIZE[0])


def z16(samples: np.ndarray = MM, **of_frame: object) -> Frame:
    return Frame(samples, cfa=Cfa("MONO"), name="depth", **of_frame)  # type: ignore[arg-type]


def picture(**of_frame: object) -> Frame:
    return Frame(np.zeros((32, 48, 3), np.uint8), Encoding.DISPLAY, **of_frame)  # type: ignore[arg-type]


class Hand(BaseSource):
    """A live source whose frames a test provides. An exception is raised, None ends the frames."""

    timing, size, fps = Timing.LIVE, SIZE, 30.0

    def __init__(self, name: str, *frames: Frame | Exception | None) -> None:
        self.name, self.closed, self.gain = name, False, 1.0
        self._frames: queue.SimpleQueue[Frame | Exception | None] = queue.SimpleQueue()
        self.give(*frames)

    def give(self, *frames: Frame | Exception | None) -> None:
        for frame in frames:
            self._frames.put(frame)

    def __iter__(self) -> Iterator[Frame]:
        while (frame := self._frames.get()) is not None:
            if isinstance(frame, Exception):
                raise frame
            yield frame

    def interrupt(self) -> None:
        self._frames.put(None)

    def controls(self) -> Iterable[Control]:
        yield Number(
            *("camera_gain", "Gain", "camera"),
            **{"minimum": 1.0, "maximum": 8.0, "step": 0.1},
            get=lambda: self.gain,
            set=partial(setattr, self, "gain"),
        )

    def close(self) -> None:
        self.closed = True
        self.interrupt()


class Recorded(BaseSource):
    """A recording of frames at their own times."""

    timing, size = Timing.PACED, SIZE

    def __init__(self, name: str, *frames: Frame) -> None:
        self.name, self._frames = name, frames

    def __iter__(self) -> Iterator[Frame]:
        return iter(self._frames)


def until(condition: Callable[[], object]) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


def first_frame(depth: Source, scaling: Scaling | None = None, crop: Crop | None = None, **of_frame: object) -> Frame:
    """The first frame of a live camera with this depth source."""
    camera = Hand("camera", picture(**of_frame))
    with WithDepthSource(camera, depth, scaling or Scaling(), crop) as source:
        return next(iter(source))


def test_a_picture_takes_the_map_captured_nearest_to_it() -> None:
    now_s = time.perf_counter()
    maps = [z16(np.full_like(MM, 1000 * (n + 1)), captured_s=now_s + 0.1 * n) for n in range(5)]
    camera, depth = Hand("camera"), Hand("depth", maps[0])
    with WithDepthSource(camera, depth, Scaling()) as source:
        frames = iter(source)
        camera.give(picture(captured_s=now_s + 5.0))
        assert next(frames).depth_m.max() == 1.0  # the newest, since none is later
        for shown, frame in enumerate(maps[1:], start=2):
            depth.give(frame)
            until(lambda shown=shown: len(source._pairing._maps) == shown)
        for captured_s, metres in ((0.0, 1.0), (0.14, 2.0), (0.16, 3.0), (0.4, 5.0), (9.0, 5.0)):
            camera.give(picture(captured_s=now_s + captured_s))
            assert next(frames).depth_m.max() == metres
    assert camera.closed
    assert depth.closed


def test_the_same_map_is_the_same_array_which_is_uploaded_once() -> None:
    camera, depth = Hand("camera", picture(orientation=6), picture(orientation=6)), Hand("depth", z16(MM.T.copy()))
    with WithDepthSource(camera, depth, Scaling()) as source:
        first, second = (frame for frame in islice(source, 2))
    assert first.depth_m is second.depth_m
    assert first.depth_m.shape == (32, 48)  # stored as the picture is
    assert first.depth_noise > 0


def test_millimetres_and_other_steps_become_metres() -> None:
    assert np.allclose(first_frame(Hand("d", z16())).depth_m, MM / 1000)
    assert np.allclose(first_frame(Hand("d", z16()), Scaling(units_per_m=10_000)).depth_m, MM / 10_000)
    packed = Frame(
        pack(MM // 8, Packing.RAW10), cfa=Cfa("MONO"), packing=Packing.RAW10, packed_width=SIZE[0], name="packed"
    )
    assert np.allclose(first_frame(Hand("d", packed)).depth_m, MM // 8 / 1000)


def test_unknown_distances_are_filled() -> None:
    holes = MM.copy()
    holes[10:20, 10:20] = 0
    assert first_frame(Hand("d", z16(holes))).depth_m.min() > 0.7


def test_grey_of_8_bits_is_relative() -> None:
    grey = np.tile(np.linspace(20, 220, 48, dtype=np.uint8), (32, 1))
    near_bright = Scaling(span=DepthRange(0.8, 6.0))
    for frame in (
        Frame(np.repeat(grey[..., None], 3, axis=2), Encoding.DISPLAY),
        Frame(grey, cfa=Cfa("MONO"), packing=Packing.U8, packed_width=48),
    ):
        depth_m = first_frame(Hand("d", frame), near_bright).depth_m
        assert depth_m[0, -1] == pytest.approx(0.8, rel=0.02)
        assert depth_m[0, 0] == pytest.approx(6.0, rel=0.02)
        with pytest.raises(SourceError, match=r"d: an 8-bit map has no distances; .*--depth-range"):
            first_frame(Hand("d", frame))


def test_the_ends_of_relative_maps_are_those_of_the_first() -> None:
    first, second = np.full((32, 48), 1000, np.uint16), np.full((32, 48), 1000, np.uint16)
    first[:, 24:], second[:, 24:] = 3000, 2000
    camera, depth = Hand("camera", picture()), Hand("depth", z16(first))
    with WithDepthSource(camera, depth, Scaling(span=DepthRange(1.0, 2.0))) as source:
        frames = iter(source)
        assert next(frames).depth_m[0, -1] == pytest.approx(1.0)
        depth.give(z16(second))
        until(lambda: len(source._pairing._maps) == 2)
        camera.give(picture())
        assert next(frames).depth_m[0, -1] == pytest.approx(4 / 3)


def test_a_crop_takes_the_part_that_the_camera_sees() -> None:
    wide = np.tile(np.arange(1, 101, dtype=np.uint16) * 50, (60, 1))
    depth_m = first_frame(Hand("d", z16(wide)), crop=Crop.parse("0.2,0.1,0.6,0.667")).depth_m
    assert depth_m.shape == (40, 60)
    assert depth_m[0, 0] == pytest.approx(21 * 0.05)
    with pytest.raises(SourceError, match=r"--depth-crop"):
        first_frame(Hand("d", z16(wide)), crop=Crop.parse("0,0,1,0.4"))


def test_the_border_continues_around_a_narrower_view() -> None:
    samples = np.arange(1, 101, dtype=np.uint16).reshape(10, 10)
    part = Crop.parse("-0.2,0.5,1.4,0.7").of(samples)
    assert part.shape == (7, 14)
    assert np.array_equal(part[:5, 2:12], samples[5:])
    assert (part[:, :3] == part[:, 2:3]).all()
    assert (part[5:] == part[4]).all()


def test_a_crop_from_the_fields_of_view() -> None:
    crop = Crop.parse("fov:90x90/53.1301x53.1301")  # tangents of 1 and 0.5
    assert (crop.left, crop.top, crop.width, crop.height) == pytest.approx((0.25, 0.25, 0.5, 0.5), abs=1e-6)
    narrow = Crop.parse("fov:53.1301x53.1301/90x90")
    assert (narrow.left, narrow.width) == pytest.approx((-0.5, 2.0), abs=1e-5)
    for text in ("fov:", "fov:87x58", "fov:87x58/69", "fov:87x58/69x180", "fov:axb/cxd", "fov:87x58/69x42/1x1"):
        with pytest.raises(SourceError, match=r"try fov:87x58/69x42"):
            Crop.parse(text)
    with pytest.raises(SourceError, match="sees too little"):
        Crop.parse("fov:10x10/120x120")


def test_a_folder_of_maps_beside_a_camera_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    camera = Hand("v4l2:0")
    monkeypatch.setattr(opening, "_open_plain", lambda *_, **__: camera)
    with pytest.raises(SourceError, match=rf"name the file of one map, or watch:{tmp_path}"):
        open_source("v4l2:0", depth=tmp_path)
    assert camera.closed


@pytest.mark.parametrize(
    "text", ["", "1", "0,0,1", "0,0,0,1", "-1,0,1,1", "1,0,0.6,1", "0,0,9,1", "nan,0,1,1", "a,b,c,d"]
)
def test_a_crop_outside_the_map_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match=r"is not LEFT,TOP,WIDTH,HEIGHT"):
        Crop.parse(text)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (Frame(MM, cfa=Cfa("RGGB")), "delivers a colour mosaic.*Z16"),
        (Frame(np.zeros((32, 48, 3), np.float32), Encoding.SCENE), "without depth"),
        (Frame(np.dstack([10 * MM, 10 * MM[::-1], 5 * MM]), Encoding.DISPLAY), "coloured map"),
        (z16(np.tile(MM, (1, 3))), "144x32 does not have the shape of the picture, 48x32.*--depth-crop"),
    ],
)
def test_a_source_without_depth_is_refused_at_the_first_picture(frame: Frame, reason: str) -> None:
    with pytest.raises(SourceError, match=f"d: .*{reason}"):
        first_frame(Hand("d", frame))


def test_empty_and_broken_maps_leave_the_last_one(capsys: pytest.CaptureFixture[str]) -> None:
    camera, depth = Hand("camera", picture()), Hand("depth", z16(np.zeros_like(MM)))
    reports: list[str] = []

    def reported(count: int) -> bool:
        reports.extend(capsys.readouterr().err.splitlines())
        return len(reports) == count

    with WithDepthSource(camera, depth, Scaling()) as source:
        source._pairing.start()
        until(lambda: reported(1))
        depth.give(z16())
        frames = iter(source)
        assert next(frames).depth_m.max() == 6.0
        for _ in range(2):
            depth.give(Frame(MM, cfa=Cfa("RGGB")))
        until(lambda: reported(2))
        depth.give(z16(np.full_like(MM, 2000)))
        until(lambda: len(source._pairing._maps) == 2)
        camera.give(picture())
        assert next(frames).depth_m.max() == 2.0
    assert "depth: a map without any distance" in reports[0]
    assert "depth: delivers a colour mosaic" in reports[1]


def test_a_silent_depth_camera_is_reported_and_its_last_map_stays() -> None:
    camera, depth = Hand("camera", picture()), Hand("depth", z16())
    with WithDepthSource(camera, depth, Scaling()) as source:
        frames = iter(source)
        next(frames)
        assert source.status == ""
        until(lambda: source.status)
        assert source.status == "depth: sends no depth; the last depth stays"
        depth.status = "depth: unplugged"
        assert source.status == "depth: unplugged; the last depth stays"
        camera.give(picture())
        assert next(frames).depth_m.max() == 6.0
        depth.give(z16())
        until(lambda: not source.status)


def test_a_depth_camera_that_fails_does_not_end_the_picture() -> None:
    camera, depth = Hand("camera", picture()), Hand("depth", z16(), OSError("the bus is gone"))
    with WithDepthSource(camera, depth, Scaling()) as source:
        frames = iter(source)
        next(frames)
        until(lambda: source.status)
        camera.give(picture())
        assert next(frames).depth_m is not None


def test_buffers_of_the_depth_camera_are_given_back() -> None:
    given_back: list[int] = []
    frames = [z16(lease=Lease(partial(given_back.append, number))) for number in range(3)]
    first_frame(Hand("d", *frames))
    until(lambda: len(given_back) == 3)


def test_a_wait_for_the_first_map_can_be_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(depth_source, "FIRST_MAP_S", 10 * WAIT_S)
    camera, depth = Hand("camera", picture()), Hand("depth")
    depths: list[object] = []
    with WithDepthSource(camera, depth, Scaling()) as source:
        thread = threading.Thread(target=lambda: depths.extend(frame.depth_m for frame in source), daemon=True)
        thread.start()
        until(lambda: source._pairing._thread is not None)
        source.interrupt()
        thread.join(WAIT_S)
        assert not thread.is_alive()
    assert depths == [None]


@pytest.mark.parametrize(
    "error", [SourceError("no"), MissingExtraError("pylon:1", "pypylon", "pylon"), KeyboardInterrupt]
)
def test_a_depth_camera_that_cannot_be_opened_closes_the_camera(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = Hand("camera")

    def fail(*_: object) -> Source:
        raise error

    monkeypatch.setattr(opening, "_open_plain", lambda *_, **__: camera)
    monkeypatch.setattr(opening, "_open_second", fail)
    with pytest.raises(type(error) if isinstance(error, Exception) else KeyboardInterrupt):
        open_source("camera", depth="pylon:1")
    assert camera.closed


def test_both_cameras_have_controls() -> None:
    camera, depth = Hand("camera"), Hand("depth")
    with WithDepthSource(camera, depth, Scaling()) as source:
        controls = Controls()
        controls.add(source.controls())
        controls.set("camera_gain", 2.0)
        controls.set("camera_depth_gain", 4.0)
    assert (camera.gain, depth.gain) == (2.0, 4.0)


def test_recordings_are_paired_by_their_times_and_restart_together() -> None:
    pictures = [picture(time_s=n / 30, index=n) for n in range(9)]
    maps = [z16(np.full_like(MM, 1000 * (n + 1)), time_s=n / 10, index=n) for n in range(3)]
    with WithDepthSource(Recorded("film", *pictures), Recorded("maps", *maps), Scaling()) as source:
        for _ in range(2):
            assert [frame.depth_m.max() for frame in source] == [1, 1, 2, 2, 2, 3, 3, 3, 3]


def test_a_bad_map_of_a_recording_leaves_the_one_before_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Reported once; without `tolerant` it ends the frames."""
    pictures = [picture(time_s=n / 10, index=n) for n in range(4)]
    maps = [z16(np.full_like(MM, 0 if n == 2 else 1000 * (n + 1)), time_s=n / 10, index=n) for n in range(4)]
    with WithDepthSource(Recorded("film", *pictures), Recorded("maps", *maps), Scaling(), tolerant=True) as source:
        for _ in range(2):
            assert [frame.depth_m.max() for frame in source] == [1, 2, 2, 4]
    assert capsys.readouterr().err.count("the depth before it stays") == 1
    with (
        WithDepthSource(Recorded("film", *pictures), Recorded("maps", *maps), Scaling()) as source,
        pytest.raises(SourceError, match="without any distance"),
    ):
        list(source)


def test_the_depth_of_a_second_scene_follows_the_moving_picture() -> None:
    name = "scene:?size=96x64&fps=12&noise=0"
    with open_source(name) as alone:
        ground_truth = [frame.depth_m for frame in islice(alone, 6)]
    with open_source(name, depth=name) as source:
        found = [frame.depth_m for frame in islice(source, 6)]
    assert all(np.array_equal(depth_m, own) for depth_m, own in zip(found, ground_truth, strict=True))
    assert any(not np.array_equal(first, second) for first, second in pairwise(found))


def test_a_grey_video_is_a_second_source(tmp_path: Path) -> None:
    path = tmp_path / "maps.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "4"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for level in (60, 120, 180):
            grey = np.full((64, 96, 3), 40, np.uint8)
            grey[:, 48:] = level
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, "rgb24")))
        container.mux(stream.encode())
    with open_source("scene:?size=96x64&fps=10", depth=path, depth_range="1..4") as source:
        depths = [float(frame.depth_m[32, 80]) for frame in islice(source, 3)]
    assert depths[0] > depths[1] > depths[2]


def test_a_crop_without_a_depth_camera_is_refused() -> None:
    with pytest.raises(SourceError, match=r"--depth-crop applies to a depth camera"):
        open_source("scene:?size=64x64", depth="plane:1..2", depth_crop="0,0,1,1")


def test_the_second_camera_of_pylon_is_the_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pypylon.pylon", reason="pypylon is not installed")
    monkeypatch.setenv("PYLON_CAMEMU", "2")
    names = "pylon:0?size=64x48&fps=60", "pylon:1?size=64x48&fps=20&format=Mono16"
    with open_source(names[0], depth=names[1], depth_scale=5000) as source:
        controls = {control.name for control in source.controls()}
        assert {"camera_exposure", "camera_depth_exposure"} <= controls
        maps = []
        for frame in islice(source, 12):
            maps.append(frame.depth_m)
            frame.release()
    assert all(depth_m is not None and depth_m.shape == (48, 64) for depth_m in maps)
    assert len({id(depth_m) for depth_m in maps}) > 1
