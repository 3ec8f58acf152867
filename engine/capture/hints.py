"""Hints on standard error about a file that is probably read wrongly."""

from __future__ import annotations

from pathlib import Path

from ..formats.dynamic_depth import unread_depth
from ..formats.picture_mosaic import mosaic_hint
from ..formats.picture_read import JPEG_SUFFIXES
from ..formats.saturation import saturation_hint
from ..frame import Frame
from .faults import FaultReport


def report_hints(path: Path, frame: Frame, raw_format: str | None, *, has_white: bool) -> None:
    """Reports what is suspicious about the first frame of a source, read from `path`.

    `raw_format` is the option of a mosaic; `has_white` if the user gave its white level.
    """
    is_jpeg = path.suffix.lower() in JPEG_SUFFIXES
    for hint in (
        mosaic_hint(frame, path) if raw_format is None else None,
        None if has_white else saturation_hint(frame, raw_format),
        unread_depth(path) if frame.depth_m is None and is_jpeg else None,
    ):
        if hint is not None:
            FaultReport().report(hint)
