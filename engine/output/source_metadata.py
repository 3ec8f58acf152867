"""The capture metadata of the file that a frame came from."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..capture.metadata import facts
from ..errors import GroundglassError
from ..formats.capture_metadata import UNKNOWN_SHOT, Shot
from ..frame import Frame


def shot_of(frame: Frame) -> Shot:
    """What the file that `frame` came from says; reading it takes a moment, so this is for no live loop."""
    path = Path(frame.name)
    return _shot_in(path) if frame.name and path.is_file() else UNKNOWN_SHOT


@lru_cache(maxsize=64)
def _shot_in(path: Path) -> Shot:
    found: dict[str, Any] = {}
    with suppress(GroundglassError):
        found = facts(str(path))
    taken = None
    with suppress(ValueError):
        taken = datetime.fromisoformat(str(found.get("taken", "")))
    numbers = {name: found.get(name) for name in ("exposure_s", "f_number", "iso", "focal_mm")}
    return Shot(found.get("camera", ""), found.get("lens", ""), **numbers, taken=taken)
