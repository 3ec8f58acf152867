"""A thread compiles settings in advance."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import groundglass as gg
import numpy as np
import pytest
from groundglass.camera import CameraProfile
from groundglass.errors import DeviceError, LookError
from groundglass.frame import Frame
from groundglass.warm_up import PERIOD, STRIP_ROWS, WarmUp, black_frame, top_rows

RANDOM = np.random.default_rng(5)


class EngineDouble:
    """Records the drawn frames. Each draw raises `error`, if given."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.drawn, self.threads = error, [], set()
        self.is_closed = False
        self.may_draw = threading.Event()
        self.may_draw.set()

    def draw(self, frame: Frame, settings: gg.Settings) -> None:
        self.may_draw.wait(10)
        self.threads.add(threading.current_thread().name)
        self.drawn.append((frame.size, settings.quality))
        if self.error:
            raise self.error

    def interrupt(self) -> None:
        """Does nothing."""

    def __enter__(self) -> EngineDouble:
        return self

    def __exit__(self, *_: object) -> None:
        self.is_closed = True


def frame(height: int = 200, width: int = 64, **fields: object) -> Frame:
    return Frame(RANDOM.integers(0, 65535, (height, width)).astype(np.uint16), **fields)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.001)


def test_one_thread_draws_all_requests_and_then_closes_the_engine() -> None:
    engine = EngineDouble()
    engine.may_draw.clear()
    warm_up = WarmUp(lambda: engine)  # type: ignore[arg-type, return-value]
    for quality in ("best", "live"):
        warm_up.start(frame(), gg.Settings(quality=quality))  # type: ignore[arg-type]
    assert warm_up.is_running
    engine.may_draw.set()
    wait_for(lambda: engine.is_closed and not warm_up.is_running)
    size = 64, STRIP_ROWS + frame().height % PERIOD
    assert engine.drawn == [(size, "best"), (size, "live")]
    assert engine.threads == {"groundglass-warm-up"}
    warm_up.start(frame(), gg.Settings())
    wait_for(lambda: len(engine.drawn) == 3)
    warm_up.close()


def test_an_error_is_ignored_until_a_frame_uses_the_settings() -> None:
    engine = EngineDouble(LookError("too close"))
    warm_up = WarmUp(lambda: engine)  # type: ignore[arg-type, return-value]
    warm_up.start(frame(), gg.Settings())
    wait_for(lambda: engine.is_closed and not warm_up.is_running)
    warm_up.close()


def test_a_device_that_cannot_be_opened_twice_prepares_nothing() -> None:
    def refuse() -> EngineDouble:
        raise DeviceError("busy")

    warm_up = WarmUp(refuse)  # type: ignore[arg-type]
    warm_up.start(frame(), gg.Settings())
    wait_for(lambda: not warm_up.is_running)
    warm_up.close()


def test_closing_discards_waiting_requests() -> None:
    engine = EngineDouble()
    engine.may_draw.clear()
    warm_up = WarmUp(lambda: engine)  # type: ignore[arg-type, return-value]
    for _ in range(5):
        warm_up.start(frame(), gg.Settings())
    threading.Timer(0.05, engine.may_draw.set).start()
    warm_up.close()
    assert len(engine.drawn) <= 1
    warm_up.start(frame(), gg.Settings())
    warm_up.close()
    assert len(engine.drawn) <= 1
    assert not warm_up.is_running


def test_the_top_rows_keep_depth_maps_and_defects() -> None:
    depth_m = np.arange(1.0, 51.0, dtype=np.float32)[:, None] * np.ones((1, 3), np.float32)
    photosites = np.ones((200, 64), np.float32)
    profile = CameraProfile(
        black_map=photosites, gain_map=photosites, defects=np.array([[1, 95], [2, 96], [3, 199]], np.int32)
    )
    strip = top_rows(frame(depth_m=depth_m, profile=profile), 96)
    assert strip.size == (64, 96)
    assert strip.depth_m is not None
    np.testing.assert_array_equal(strip.depth_m[1:], depth_m[1:24])
    assert (strip.depth_m.min(), strip.depth_m.max()) == (1.0, 49.0)  # every second row is searched
    assert strip.profile.black_map is not None
    assert strip.profile.gain_map is not None
    assert strip.profile.defects is not None
    assert strip.profile.black_map.shape == strip.profile.gain_map.shape == (96, 64)
    np.testing.assert_array_equal(strip.profile.defects, [[1, 95]])


def test_unknown_distances_are_not_extremes() -> None:
    depth_m = np.array([[0.0, np.nan, 2.0], [np.inf, 1.0, 3.0], [5.0, 2.0, -1.0]], np.float32)
    strip = top_rows(frame(depth_m=depth_m), 96)
    assert strip.depth_m is not None
    assert (strip.depth_m[0, 0], strip.depth_m[0, -1]) == (2.0, 5.0)


@pytest.mark.parametrize("height", [10, 96])
def test_a_small_frame_is_its_own_strip(height: int) -> None:
    assert top_rows(frame(height), 96).size == (64, height)


def test_nothing_follows_an_interrupted_draw():
    drawing, followed = threading.Event(), []
    interrupted = threading.Event()

    class Blocked:
        def draw(self, frame, settings):
            drawing.set()
            interrupted.wait()

        def interrupt(self):
            interrupted.set()

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    warm_up = WarmUp(Blocked)
    warm_up.start(black_frame((64, 48), 1.2), gg.Settings(), lambda: followed.append(True))
    drawing.wait()
    warm_up.close()
    assert followed == []
