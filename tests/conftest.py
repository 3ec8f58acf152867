"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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
