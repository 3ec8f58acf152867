from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("aiohttp")
pytest.importorskip("aiortc")


@pytest.fixture
def served() -> Iterator[object]:
    from server_support import Served

    with Served() as made:
        yield made
