"""Frames that appear while the next one is computed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from groundglass.display.pacing import Pacing
from groundglass.display.swap import PaintedFrame, Swaps, SwapThread
from groundglass.timing import Clock


class SurfaceDouble:
    """Records what is shown, behind or at once."""

    is_interactive = True

    def __init__(self, presents_behind: bool) -> None:
        self.presents_behind, self.done = presents_behind, list[str]()
        self.gl = type("Context", (), {"__enter__": lambda _: self.done.append("current")})()

    def present(self, title: str) -> None:
        self.done.append(f"shown {title}")

    def present_behind(self, title: str) -> Callable[[], tuple[float, float]]:
        self.done.append(f"begun {title}")
        return lambda: (self.done.append("ended"), (1.0, 1.004))[1]


def swaps_of(surface: Any) -> tuple[Swaps, list[tuple[PaintedFrame, float, float]]]:
    shown: list[tuple[PaintedFrame, float, float]] = []
    swaps = Swaps(surface, Clock(), lambda *frame: shown.append(frame))
    swaps.pacing = Pacing(None, 1 / 60)
    return swaps, shown


def frame(number: float) -> PaintedFrame:
    return PaintedFrame(SimpleNamespace(), number, number, 0.01)  # type: ignore[arg-type]


def test_a_frame_appears_while_the_next_is_computed() -> None:
    surface = SurfaceDouble(presents_behind=True)
    swaps, shown = swaps_of(surface)
    swaps.painted(frame(1.0), "a")
    assert (surface.done, shown, swaps.is_pending) == ([], [], True)
    swaps.begin()
    assert surface.done == ["begun a"]
    swaps.end()
    assert surface.done == ["begun a", "ended", "current"]
    assert [(item[0].taken_s, item[1]) for item in shown] == [(1.0, 1.004)]
    swaps.end()
    swaps.show()
    assert (len(shown), swaps.is_pending, swaps.frames) == (1, False, 1)


def test_a_frame_without_a_next_one_is_shown_at_once() -> None:
    surface = SurfaceDouble(presents_behind=True)
    swaps, shown = swaps_of(surface)
    swaps.painted(frame(1.0), "a")
    swaps.show()
    swaps.painted(None, "again")
    assert surface.done == ["shown a", "shown again"]
    assert len(shown) == 1


def test_other_surfaces_show_at_once() -> None:
    surface = SurfaceDouble(presents_behind=False)
    swaps, shown = swaps_of(surface)
    swaps.painted(frame(1.0), "a")
    swaps.begin()
    assert (surface.done, len(shown)) == (["shown a"], 1)


def test_the_thread_has_the_context_during_the_swap() -> None:
    owner: list[str] = []
    running, finish = threading.Event(), threading.Event()

    def swap() -> None:
        running.set()
        assert finish.wait(10)

    thread = SwapThread(lambda: owner.append(threading.current_thread().name), lambda: owner.append("nobody"), swap)
    main = threading.current_thread().name
    thread.begin()
    assert running.wait(10)
    assert owner == ["nobody", "groundglass-swap"]
    finish.set()
    began_s, ended_s = thread.end()
    assert owner == ["nobody", "groundglass-swap", "nobody", main]
    assert ended_s >= began_s
    assert thread.end() == (began_s, ended_s)
    thread.close()
    thread.close()


def test_an_error_of_the_swap_reaches_the_loop() -> None:
    def swap() -> None:
        raise ValueError("lost")

    thread = SwapThread(lambda: None, lambda: None, swap)
    thread.begin()
    with pytest.raises(ValueError, match="lost"):
        thread.end()
    thread.begin()
    with pytest.raises(ValueError, match="lost"):
        thread.end()
    thread.close()
