"""Prepared launches: those of a released buffer are dropped, others are kept."""

from __future__ import annotations

import sys
from threading import Thread

import pytest
from groundglass.compute.invokers import KeptInvokers, keep_invokers
from groundglass.compute.launches import Launches


class KernelsDouble:
    are_outdated = False

    def complete(self, source: str, kernel: str, given: dict[str, object], own: object) -> dict[str, object]:
        return given

    def call(self, source: str, kernel: str, given: dict[str, object]) -> tuple[str, tuple[object, ...]]:
        return kernel, tuple(given.values())


@pytest.fixture
def launches() -> Launches[tuple[object, ...]]:
    return Launches(KernelsDouble(), lambda kernel, arguments: (kernel, *arguments))  # type: ignore[arg-type]


def prepare(launches: Launches[tuple[object, ...]], kernel: str, **given: object) -> tuple[object, ...]:
    key = ("a.cl", kernel, 0, None, *given, *given.values())
    launches.prepare(key, "a.cl", kernel, (1,), given, None)
    return key


def test_a_released_buffer_drops_its_launches_alone(launches: Launches[tuple[object, ...]]) -> None:
    first, second = object(), object()
    launch, other = prepare(launches, "one", buffer=first, n=3), prepare(launches, "other", buffer=second, n=3)
    launches.forget(first)  # type: ignore[arg-type]
    assert set(launches.ready) == {other}
    assert list(launches.latest) == [("a.cl", "other", (1,))]
    launches.forget(first)  # type: ignore[arg-type]
    again = prepare(launches, "one", buffer=first, n=3)
    assert again == launch
    assert set(launches.ready) == {launch, other}


def test_forgotten_launches_leave_nothing(launches: Launches[tuple[object, ...]]) -> None:
    buffers = [object() for _ in range(4)]
    for number, buffer in enumerate(buffers):
        prepare(launches, f"k{number}", buffer=buffer, n=number)
    for buffer in buffers:
        launches.forget(buffer)  # type: ignore[arg-type]
    assert (launches.ready, launches.latest, launches._using) == ({}, {}, {})


def test_a_kernel_whose_arguments_change_makes_room_for_itself(
    launches: Launches[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundglass.compute.launches.MAX_PREPARED", 4)
    buffer = object()
    kept = prepare(launches, "steady", buffer=buffer)
    for number in range(9):
        latest = prepare(launches, "moving", buffer=buffer, focus=1000.5 + number)
    assert {kept, latest} <= set(launches.ready)
    assert len(launches.ready) <= 4
    assert launches._using[id(buffer)] == set(launches.ready)


def test_at_most_1024_launches_are_kept(launches: Launches[tuple[object, ...]]) -> None:
    """Each is a kernel of the driver with its arguments, of some kilobytes."""
    buffer = object()
    for number in range(1500):
        prepare(launches, f"k{number % 7}", buffer=buffer, focus=1000.5 + number)
        assert len(launches.ready) <= 1024
    assert len(launches.ready) > 100


def test_pyopencl_reads_the_functions_of_a_kernel_once() -> None:
    stored = {"kernel": ("enqueue", "set_args")}
    kept = KeptInvokers(stored)
    assert kept["kernel"] == ("enqueue", "set_args")
    stored.clear()
    assert kept["kernel"] == ("enqueue", "set_args")
    with pytest.raises(KeyError):
        kept["other"]


def test_the_functions_are_kept_once_for_all_devices() -> None:
    from pyopencl import invoker

    keep_invokers()
    kept = invoker.invoker_cache
    keep_invokers()
    assert isinstance(kept, KeptInvokers)
    assert invoker.invoker_cache is kept


def test_a_thread_may_release_buffers_while_frames_prepare_launches(launches: Launches[tuple[object, ...]]) -> None:
    """Stages that were made ahead and are never used are released by the thread that makes the next one."""
    switch_s, errors = sys.getswitchinterval(), list[BaseException]()
    buffers = [object() for _ in range(200)]

    def release() -> None:
        try:
            for buffer in buffers * 20:
                launches.forget(buffer)  # type: ignore[arg-type]
        except RuntimeError as error:
            errors.append(error)

    sys.setswitchinterval(1e-6)
    try:
        thread = Thread(target=release)
        thread.start()
        rounds = 0
        while thread.is_alive():
            rounds += 1
            for number, buffer in enumerate(buffers):
                prepare(launches, f"k{rounds % 3}-{number}", buffer=buffer)
        thread.join()
    finally:
        sys.setswitchinterval(switch_s)
    assert errors == []
