"""Webcams through FFmpeg's devices. FFmpeg's own lavfi device stands for a camera: the same calls, on every system."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from groundglass.capture import open_source
from groundglass.capture.latest import LatestFrameQueue
from groundglass.capture.live.webcam import AVFOUNDATION, DSHOW, Driver, Settings, WebcamSource, list_cameras
from groundglass.errors import SourceError
from groundglass.frame import Encoding
from groundglass.yuv import YuvLayout

av = pytest.importorskip("av")


def pattern(settings: Settings) -> dict[str, str]:
    return {}


LAVFI = Driver("lavfi", "every system", str, pattern, "check the graph")


def source_of(graph: str) -> WebcamSource:
    return WebcamSource("lavfi", LAVFI, Settings(graph))


def test_frames_arrive_with_size_rate_and_times() -> None:
    with source_of("testsrc2=size=320x180:rate=50,format=nv12,realtime") as source:
        assert (source.size, source.fps) == ((320, 180), 50.0)
        begun_s = time.perf_counter()
        frames = [frame for frame, _ in zip(source, range(8), strict=False)]
        assert time.perf_counter() - begun_s > 0.05
    assert [frame.index for frame in frames] == list(range(8))
    assert np.diff([frame.time_s for frame in frames]) == pytest.approx(0.02, abs=0.012)
    for frame in frames:
        assert frame.encoding is Encoding.YUV
        assert frame.yuv_format.layout is YuvLayout.NV12
        assert frame.captured_s is not None
        assert frame.captured_s <= time.perf_counter()
    assert np.ptp(frames[-1].pixels) > 100


def test_a_camera_that_is_gone_and_returns() -> None:
    """The device ends after three pictures. Its numbers and times continue when it is opened again."""
    with source_of("testsrc2=size=64x48:rate=50:duration=0.06,format=yuyv422") as source:
        frames = [frame for frame, _ in zip(source, range(7), strict=False)]
        assert [frame.index for frame in frames] == list(range(7))
        assert (np.diff([frame.time_s for frame in frames]) >= 0).all()
        assert source.reconnects == 2


def test_the_status_is_the_reason_and_interrupt_ends_the_wait() -> None:
    with source_of("testsrc2=size=64x48:rate=50:duration=0.02,format=yuyv422") as source:
        frames = iter(source)
        next(frames)
        source._driver = LAVFI._replace(address=lambda camera: "nonsense=1")
        ended = threading.Event()
        reader = threading.Thread(target=lambda: (list(frames), ended.set()))
        reader.start()
        deadline_s = time.perf_counter() + 5
        while "cannot be opened" not in source.status and time.perf_counter() < deadline_s:
            time.sleep(0.01)
        assert source.status.startswith("lavfi: cannot be opened (")
        source.interrupt()
        assert ended.wait(1.0)
        reader.join()


def test_the_live_loop_takes_the_newest() -> None:
    with source_of("testsrc2=size=64x48:rate=100,format=nv12,realtime") as source, LatestFrameQueue(source) as queue:
        first = queue.latest(5.0)
        time.sleep(0.2)
        second = queue.latest(5.0)
        assert first is not None
        assert second is not None
        assert second.index >= first.index + 5


def test_the_names_of_cameras_and_their_settings() -> None:
    assert Settings.parse("avfoundation:") == Settings("0")
    full = Settings.parse("dshow:USB Camera?size=1280x720&fps=60&format=mjpeg")
    assert full == Settings("USB Camera", (1280, 720), 60.0, "mjpeg")
    assert Settings.parse("dshow:0", fps=25.0).fps == 25.0
    assert DSHOW.address(full.camera) == "video=USB Camera"
    assert DSHOW.options(full) == {
        **{"rtbufsize": "100M", "framerate": "60", "video_size": "1280x720", "vcodec": "mjpeg"}
    }
    assert DSHOW.options(Settings("0", format="yuyv422"))["pixel_format"] == "yuyv422"
    assert AVFOUNDATION.address("0") == "0:none"
    assert AVFOUNDATION.options(Settings("0")) == {"framerate": "30", "pixel_format": "nv12"}
    for name, message in (
        ("dshow:0?sise=1x1", r"no key 'sise'; try dshow:0\?size=1280x720&fps=30"),
        ("dshow:0?fps=fast", "fps 'fast' is not a rate; try fps=30"),
        ("avfoundation:0?size=big", "avfoundation:0"),
    ):
        with pytest.raises(SourceError, match=message):
            Settings.parse(name)


@pytest.mark.skipif(
    not {"avfoundation", "dshow"}.isdisjoint(av.formats_available), reason="this PyAV opens the system's webcams"
)
def test_the_error_on_another_system_names_the_system_of_the_kind() -> None:
    for name, system in (("avfoundation:0", "macOS"), ("dshow:0", "Windows")):
        with pytest.raises(SourceError, match=f"{name}: this PyAV has no .* which exists on {system} only"):
            open_source(name)
    assert list_cameras() == []
