"""A live view in a thread: what a program asks for before, during and after it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from functools import partial

import groundglass as gg
import numpy as np
import pytest
from groundglass.display.bitmap import BitmapSurface
from groundglass.viewfinder.script import signals_end
from groundglass.viewfinder.session import LiveOptions, Session
from window_support import until

PICTURE = np.random.default_rng(3).integers(0, 255, (32, 48, 3), dtype=np.uint8)


class Running:
    """A session in a thread, and its frames."""

    def __init__(self, source: object = PICTURE, **keywords: object) -> None:
        self.frames: list[np.ndarray] = []
        self.geometry = ((48, 32), 1.0)
        self.session = Session(source, LiveOptions.of(**{"shows_text": False, "scale": 1.0} | keywords))  # type: ignore[arg-type]
        surface = partial(BitmapSurface, (48, 32), self.frames.append, geometry=lambda: self.geometry)
        self.thread = threading.Thread(target=self.session.run, args=(surface,))
        self.thread.start()

    def end(self) -> None:
        self.session.end()
        self.thread.join(20)
        assert not self.thread.is_alive()


@pytest.fixture
def running() -> Iterator[Running]:
    started = Running()
    yield started
    started.end()


def test_a_still_is_the_picture_of_render(running: Running) -> None:
    until(lambda: running.frames, "a still is delivered although no frame follows it")
    expected = gg.render(PICTURE, quality="live", development=gg.Development(metering="auto"))
    assert np.array_equal(running.frames[-1], expected)


def test_a_control_changes_the_next_picture_and_the_settings(running: Running) -> None:
    running.session.set("look", "monochrome")  # perhaps before the viewer exists
    until(lambda: running.frames and np.ptp(running.frames[-1], axis=2).max() <= 1, "the picture has no colour")
    assert running.session.settings.look.name == "monochrome"


def test_an_invalid_setting_is_a_message(running: Running) -> None:
    messages: list[str] = []
    running.session.call(lambda viewer: viewer.messages.listeners.append(lambda text, _: messages.append(text)))
    running.session.set("look", "imaginary")
    until(lambda: messages, "the message arrives")
    assert messages[0].startswith("'look' must be one of")


def test_raw_input_is_handled_in_the_thread_of_the_view(running: Running) -> None:
    until(lambda: running.frames, "the view runs")
    seen: list[str] = []
    running.session.send(lambda queue: seen.append(threading.current_thread().name))
    running.session.send(lambda queue: queue.key("L", True))
    until(lambda: running.session.settings.look.name != "classic", "the key selects the next look")
    assert seen == [running.thread.name]


def test_the_picture_follows_the_size_of_the_program(running: Running) -> None:
    until(lambda: running.frames, "the view runs")
    running.geometry = ((24, 16), 1.0)
    running.session.send(lambda queue: queue.wake())
    until(lambda: running.frames[-1].shape == (16, 24, 3), "the picture is smaller")


def test_a_session_that_is_ended_before_it_runs_shows_nothing() -> None:
    session = Session(PICTURE, LiveOptions.of())
    session.end()
    made: list[BitmapSurface] = []

    def surface() -> BitmapSurface:
        made.append(BitmapSurface((8, 8), lambda frame: None))
        return made[0]

    session.run(surface)
    assert made[0]._closed
    session.set("look", "natural")
    session.close()


def test_the_view_releases_its_source_unless_the_program_made_it() -> None:
    class Own(gg.BaseSource):
        name, size, fps, closed = "own", (48, 32), 60.0, False

        def __iter__(self) -> Iterator[gg.Frame]:
            while True:
                yield gg.Frame(PICTURE, gg.Encoding.DISPLAY)

        def close(self) -> None:
            self.closed = True

    source = Own()
    running = Running(source)
    until(lambda: running.frames, "the view runs")
    running.end()
    assert not source.closed


@pytest.mark.parametrize(
    ("source", "keywords", "message"),
    [
        ("nowhere.dng", {}, "no such file"),
        (PICTURE, {"look": "imaginary"}, "imaginary"),
        (PICTURE, {"raw_size": "8x8"}, "raw_size is an option of files; leave it out for an array"),
        (PICTURE[..., 0], {}, r"an array \(32, 48\) uint8 is not a picture; .* for a mosaic name its cfa"),
        (PICTURE, {"cfa": "RGGB"}, r"an array \(32, 48, 3\) uint8 is not a mosaic; give \(H, W\)"),
        ("scene:", {"cfa": "RGGB"}, "scene:: cfa describes the mosaic of an array; for a file use raw_format"),
    ],
)
def test_what_cannot_be_shown_is_an_error_at_once(source: object, keywords: dict[str, object], message: str) -> None:
    with pytest.raises(gg.GroundglassError, match=message):
        Session(source, LiveOptions.of(**keywords))  # type: ignore[arg-type]


def test_a_mosaic_of_an_array_is_developed() -> None:
    mosaic = np.full((32, 48), 0.18, np.float32)
    unmetered = gg.Development(metering="off")
    from_floats = gg.render(mosaic, cfa="RGGB", development=unmetered)
    from_words = gg.render(np.round(mosaic * 65535).astype(np.uint16), cfa="RGGB", development=unmetered)
    levels = gg.CameraProfile(white=1000.0)
    from_levels = gg.render(np.full((32, 48), 180, np.uint16), cfa="RGGB", profile=levels, development=unmetered)
    assert np.array_equal(from_floats, from_words)
    assert np.abs(from_floats.astype(int) - from_levels).max() <= 1


def test_a_frame_and_a_source_are_rendered_as_they_are() -> None:
    frame = gg.Frame(PICTURE, gg.Encoding.DISPLAY)
    expected = gg.render(PICTURE, depth_m=np.ones((2, 3)))
    assert np.array_equal(gg.render(frame, depth_m=np.ones((2, 3))), expected)
    with gg.open("scene:?size=96x64") as source:
        assert gg.render(source).shape == (64, 96, 3)
        assert gg.render(source).shape == (64, 96, 3)  # it is still open


def test_a_signal_ends_the_view_and_then_has_its_effect() -> None:
    ended: list[str] = []
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    def view() -> None:
        with signals_end(lambda: ended.append("in order")):
            signal.raise_signal(signal.SIGINT)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # drivers do this
            ended.append("the view continues")

    with pytest.raises(KeyboardInterrupt):
        view()
    assert ended == ["in order", "the view continues"]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_handler_of_the_script_is_called_instead() -> None:
    called: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: called.append(number))
    try:
        with signals_end(lambda: None):
            signal.raise_signal(signal.SIGINT)
            assert called == []
        assert called == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)
