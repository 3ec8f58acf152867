"""The capture metadata of a frame's source file."""

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
    """The metadata of the file of `frame`, if it has one. Reads the file, so do not call this in the live loop."""
    path = Path(frame.name)
    return _metadata_in(path) if frame.name and path.is_file() else NO_METADATA


@lru_cache(maxsize=64)
def _metadata_in(path: Path) -> CaptureMetadata:
    entries: dict[str, Any] = {}
    with suppress(GroundglassError):
        entries = read_metadata(str(path))
    taken = None
    with suppress(ValueError):
        taken = datetime.fromisoformat(str(entries.get("taken", "")))
    numbers = {name: entries.get(name) for name in ("exposure_s", "f_number", "iso", "focal_mm")}
    return CaptureMetadata(entries.get("camera", ""), entries.get("lens", ""), **numbers, taken=taken)
