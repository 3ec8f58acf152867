from __future__ import annotations

from collections.abc import Iterator

import pytest
from server_support import Served


@pytest.fixture
def served() -> Iterator[Served]:
    with Served() as made:
        yield made
