"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gl_objects import GL_OBJECTS, GlObjects
from groundglass import api
from groundglass.compute.device import Buffer, Device
from groundglass.compute.registry import list_devices, open_device
from window_support import Screen, open_screen

REPOSITORY = Path(__file__).resolve().parent.parent


GL_OBJECTS.watch()
MARKED_BY = {"screen": pytest.mark.window, "gpus": pytest.mark.gpu}  # fixture, and the mark of tests that ask for it


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for fixture in MARKED_BY.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker(MARKED_BY[fixture])


@pytest.fixture(scope="session", autouse=True)
def _folders_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Settings and state are neither those of the person who runs the tests nor another worker's."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
        yield


@pytest.fixture
def gl_objects() -> GlObjects:
    """The GL objects that are alive, by context."""
    return GL_OBJECTS


@pytest.fixture(autouse=True)
def _every_gl_object_is_released_before_its_context(gl_objects: GlObjects) -> Iterator[None]:
    gl_objects.leaks.clear()
    yield
    assert gl_objects.leaks == []


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository's root; tests that need the source tree (not just the package) start from here."""
    return REPOSITORY


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real input files: `$GROUNDGLASS_DATA`, else `../shared/data` beside the repository; else a skip."""
    named = os.environ.get("GROUNDGLASS_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        where = f"$GROUNDGLASS_DATA ({named})" if named else "../shared/data"
        pytest.skip(f"no real input files: {where} is not a folder; set GROUNDGLASS_DATA to one")
    return folder


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    """An X server of its own for the tests of the real window."""
    yield from open_screen()


@pytest.fixture(scope="session")
def device() -> Iterator[Device]:
    """The best device of this machine; nothing of it is alive when the last test is done."""
    opened = open_device("auto")
    yield opened
    opened.close()
    assert opened.live_buffers == 0


@pytest.fixture(scope="session")
def gpus() -> list[str]:
    """The devices that are no CPU; a skip where there is none."""
    found, failures = list_devices()
    specs = [candidate.spec for candidate in found if not candidate.is_cpu]
    if not specs:
        pytest.skip("no GPU here: " + ("; ".join(f"{one.kind}: {one.reason}" for one in failures) or "only CPUs"))
    return specs


class Borrowed:
    """A device that somebody else closes: closing it releases what was allocated through it."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._allocated: list[Buffer] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._device, name)

    def allocate(self, nbytes: int) -> Buffer:
        self._allocated.append(self._device.allocate(nbytes))
        return self._allocated[-1]

    def close(self) -> None:
        for buffer in self._allocated:
            self._device.release(buffer)


@pytest.fixture
def quick_api(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """The NumPy functions build their kernels once for all tests; by themselves they do so at each call (150 ms)."""
    monkeypatch.setattr(api, "open_device", lambda spec: Borrowed(device))
