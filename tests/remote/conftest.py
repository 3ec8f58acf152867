from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from remote_support import Harness


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    made = Harness(tmp_path)
    yield made
    made.remote.close()
    made.engine.close()
    made.source.close()
