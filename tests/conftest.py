"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from groundglass import api
from groundglass.compute.device import Buffer, Device
from groundglass.compute.registry import open_device
from window_support import Screen, open_screen

REPOSITORY = Path(__file__).resolve().parent.parent


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
