"""Cameras of Linux's V4L2 drivers: webcams, capture cards and raw sensors."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.util import find_spec

from ....errors import MissingExtraError, SourceError
from ...kinds import ConnectedCamera, Request
from ...source import Source

EXTRA = "camera"


def open_source(name: str, request: Request) -> Source:
    """Opens `/dev/video0` or `v4l2:0?format=SRGGB10&size=1280x720&fps=30&black=64`.

    Raises SourceError if the camera does not offer this mode, with the offered ones, and MissingExtraError without
    linuxpy.
    """
    _check_library(name)
    from .name import parse_name
    from .source import V4l2Source

    return V4l2Source(name, parse_name(name, request.fps))


def list_cameras() -> Iterable[ConnectedCamera]:
    """The nodes that capture pictures, with their formats, sizes and rates; none on another system than Linux."""
    if sys.platform != "linux":
        return []
    _check_library("v4l2:")
    from .connected import list_connected

    return list_connected()


def _check_library(name: str) -> None:
    if sys.platform != "linux":
        raise SourceError(
            f"{name}: V4L2 cameras exist on Linux only; groundglass cameras lists what can be opened here"
        )
    if find_spec("linuxpy") is None:
        raise MissingExtraError(name, "linuxpy", EXTRA)
