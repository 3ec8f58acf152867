"""The capture metadata of the file that a frame came from."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..capture.metadata import read_metadata
from ..errors import GroundglassError
from ..formats.capture_metadata import NO_METADATA, CaptureMetadata
from ..frame import Frame


def metadata_of(frame: Frame) -> CaptureMetadata:
    """What the file that `frame` came from says; reading it takes a moment, so this is for no live loop."""
    path = Path(frame.name)
    return _metadata_in(path) if frame.name and path.is_file() else NO_METADATA


@lru_cache(maxsize=64)
def _metadata_in(path: Path) -> CaptureMetadata:
    found: dict[str, Any] = {}
    with suppress(GroundglassError):
        found = read_metadata(str(path))
    taken = None
    with suppress(ValueError):
        taken = datetime.fromisoformat(str(found.get("taken", "")))
    numbers = {name: found.get(name) for name in ("exposure_s", "f_number", "iso", "focal_mm")}
    return CaptureMetadata(found.get("camera", ""), found.get("lens", ""), **numbers, taken=taken)
