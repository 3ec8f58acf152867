"""The viewer while a camera is gone: the last picture stays, the reason is shown or printed once, the loop runs on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter

import groundglass as gg
import numpy as np
import pytest
from groundglass.camera import CameraProfile
from groundglass.capture.live import retry
from groundglass.display import viewer
from groundglass.display.events import Event, Key
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.viewer import Viewer
from groundglass.errors import SourceError
from groundglass.settings import SettingsHistory
from live_source_support import UNPLUGGED, FakeCamera, Unplugged

LARGE = (640, 360)  # the text is large enough to be seen in it
TEXT_ROWS = 60  # at the bottom, which is the first row in OpenGL


class Grey(FakeCamera):
    def __iter__(self) -> Iterator[gg.Frame]:
        for frame in super().__iter__():
            yield replace(frame, pixels=np.full_like(frame.pixels, 600), profile=CameraProfile(white=1000.0))


class Window(OffscreenSurface):
    """Notes the shown pictures, (H, W) uint8, while the source has frames and while it has none.

    It unplugs the camera after the first picture, and quits when the reason was shown.
    """

    is_interactive = True
    source: FakeCamera | Unplugged

    def present(self, title: str) -> None:
        super().present(title)
        picture = np.frombuffer(self.framebuffer.read(), np.uint8).reshape(LARGE[1], LARGE[0], 3)[..., 1]
        self.pictures[bool(self.source.status)] = picture
        if self.source.status:
            self.input.post(Key("Esc"))
        elif isinstance(self.source, Unplugged):
            self.source.unplug()

    @property
    def pictures(self) -> dict[bool, np.ndarray]:
        return self.__dict__.setdefault("_pictures", {})


@pytest.fixture(scope="module")
def window() -> Iterator[Window]:
    with Window(LARGE) as surface:
        yield surface


@pytest.fixture(scope="module")
def engine(window: Window) -> Iterator[gg.Engine]:
    with gg.Engine(size=FakeCamera.size, gl=window.gl) as engine:
        yield engine


def show(source: FakeCamera | Unplugged, engine: gg.Engine, window: Window) -> dict[bool, np.ndarray]:
    window.source = source
    window.pictures.clear()
    Viewer(engine, source, SettingsHistory(gg.Settings()), surface=window).run(seconds=30)
    return dict(window.pictures)


def test_the_last_picture_stays_under_the_reason(engine: gg.Engine, window: Window) -> None:
    with Unplugged(Grey(None, fps=2.0), UNPLUGGED) as source:
        pictures = show(source, engine, window)
    before, gone = pictures[False], pictures[True]
    assert before[TEXT_ROWS:].mean() > 100
    assert np.array_equal(before[TEXT_ROWS:], gone[TEXT_ROWS:])
    assert not np.array_equal(before[:TEXT_ROWS], gone[:TEXT_ROWS])


def test_a_source_without_a_first_frame_shows_its_reason_on_black(engine: gg.Engine, window: Window) -> None:
    with FakeCamera(None, fps=0.001) as source:
        source.status = "fake camera: waits for the first picture"
        pictures = show(source, engine, window)
    assert list(pictures) == [True]
    assert pictures[True][:TEXT_ROWS].any()
    assert not pictures[True][TEXT_ROWS:].any()


def test_each_reason_is_reported_once_and_the_gap_is_not_playing_time(
    engine: gg.Engine, window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    gap_s = 0.5  # long enough for the loop of a busy computer to see each reason
    monkeypatch.setattr(retry, "MIN_WAIT_S", gap_s)
    refused = SourceError("camera: refused")
    openings = FakeCamera(2), refused, UNPLUGGED, refused, FakeCamera(2), FakeCamera(None)
    reasons: list[str] = []
    with Unplugged(*openings) as source, OffscreenSurface(source.size, gl=window.gl) as surface:
        live = Viewer(engine, source, SettingsHistory(gg.Settings()), surface=surface, report=reasons.append)
        began_s = perf_counter()
        statistics = live.run(frames=8)
        ended_s = perf_counter()
    assert reasons == [str(UNPLUGGED), "camera: refused", str(UNPLUGGED)]
    assert statistics.reconnects == statistics.as_dict()["reconnects"] == 2
    assert statistics.seconds < ended_s - began_s - 2 * gap_s


def test_a_window_rests_while_a_live_source_is_silent(
    engine: gg.Engine, window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits_s: list[float] = []

    def wait(timeout_s: float) -> list[Event]:
        waits_s.append(timeout_s)
        return [Key("Esc")] if len(waits_s) == 3 else []

    monkeypatch.setattr(viewer, "QUIET_AFTER_S", 0.1)
    monkeypatch.setattr(window, "wait", wait)
    with FakeCamera(None, fps=0.5) as source:  # without a reason: a growing folder
        show(source, engine, window)
    assert waits_s == [viewer.IDLE_WAIT_S] * 3
