"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from groundglass.compute.device import Device, open_device

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


@pytest.fixture(scope="session")
def device() -> Iterator[Device]:
    """The best device of this machine; nothing of it is alive when the last test is done."""
    opened = open_device("auto")
    yield opened
    opened.close()
    assert opened.live_buffers == 0
