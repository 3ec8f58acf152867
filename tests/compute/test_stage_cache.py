"""The stage cache: lifetime of stages, release, and stages that a thread makes ahead."""

from __future__ import annotations

import time
from threading import Event, Thread, current_thread, main_thread

import pytest
from groundglass.compute.stage_cache import StageCache


class Stage:
    def __init__(self, *key: object) -> None:
        self.key, self.thread, self.released = key, current_thread(), 0

    def release(self) -> None:
        self.released += 1


def test_a_stage_is_made_once_for_its_key() -> None:
    cache = StageCache(Stage)
    first = cache.get(64, 48, "live")
    assert first.key == (64, 48, "live")
    assert cache.get(64, 48, "live") is first
    assert cache.get(64, 48, "best") is not first
    assert cache.get(64, 48, "live") is first


def test_the_least_recently_used_stage_is_released() -> None:
    cache = StageCache(Stage, limit=2)
    first, second = cache.get(1), cache.get(2)
    assert cache.get(1) is first
    third = cache.get(3)
    assert (first.released, second.released, third.released) == (0, 1, 0)
    assert (cache.has(1), cache.has(2), cache.has(3), len(cache)) == (True, False, True, 2)


def test_releasing_twice_is_harmless() -> None:
    cache = StageCache(Stage)
    stages = [cache.get(index) for index in range(3)]
    cache.ahead(4)
    cache.release()
    cache.release()
    assert [stage.released for stage in stages] == [1, 1, 1]
    assert len(cache) == 0
    assert cache.get(1) is not stages[1]


def test_ahead_makes_a_stage_in_a_thread_and_get_returns_it() -> None:
    cache, go = StageCache(lambda key: (go.wait(10), Stage(key))[1]), Event()
    cache.ahead("best")
    cache.ahead("best")
    assert not cache.has("best")
    go.set()
    stage = cache.get("best")
    assert stage.thread is not main_thread()
    cache.ahead("best")  # the stage exists
    assert (cache.get("best"), len(cache)) == (stage, 1)


def test_get_raises_an_error_of_ahead_and_the_next_get_retries() -> None:
    failing = [ValueError("no memory")]

    def make(key: int) -> Stage:
        if failing:
            raise failing.pop()
        return Stage(key)

    cache = StageCache(make)
    cache.ahead(1)
    with pytest.raises(ValueError, match="no memory"):
        cache.get(1)
    assert cache.get(1).key == (1,)


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="1 stage"):
        StageCache(Stage, limit=0)


def test_stages_that_were_made_ahead_and_never_used_are_bounded() -> None:
    made: list[Stage] = []
    cache = StageCache(lambda key: (made.append(Stage(key)), made[-1])[1], limit=2)
    for key in range(6):
        cache.ahead(key)
        while not cache.has(key):
            time.sleep(0.001)
    assert len(cache) == 2
    assert [stage.released for stage in made] == [1, 1, 1, 1, 0, 0]
    cache.release()
    assert [stage.released for stage in made] == [1] * 6


def test_a_stage_that_cannot_be_released_does_not_stop_the_next() -> None:
    """A released buffer may raise, in whatever thread; `get` waited for ever for a stage that no thread made."""

    class Unreleasable(Stage):
        def release(self) -> None:
            raise RuntimeError("dictionary changed size during iteration")

    cache = StageCache(Unreleasable, limit=1)
    cache.ahead(1)
    while not cache.has(1):
        time.sleep(0.001)
    with pytest.raises(RuntimeError, match="changed size"):
        cache.ahead(2)
    got: list[Stage] = []
    waiting = Thread(target=lambda: got.append(cache.get(2)), daemon=True)
    waiting.start()
    waiting.join(10)
    assert [stage.key for stage in got] == [(2,)]


def test_without_another_thread_get_raises_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: Thread) -> None:
        raise RuntimeError("can't start new thread")

    cache = StageCache(Stage)
    with monkeypatch.context() as patched:
        patched.setattr(Thread, "start", refuse)
        cache.ahead(1)
    with pytest.raises(RuntimeError, match="new thread"):
        cache.get(1)
    assert cache.get(1).key == (1,)
