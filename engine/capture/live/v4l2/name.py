"""The name of a V4L2 camera and the mode that it requests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from ....errors import SourceError
from ....formats.headerless import parse_size

OPTIONS = ("format", "size", "fps", "black")
EXAMPLE = "v4l2:0?format=SRGGB10&size=1280x720&fps=30"


@dataclass(frozen=True, slots=True)
class Requested:
    """What a name requests. None: as the driver is set, or the best that the camera offers.

    `format` is a name (SRGGB10, YUYV) or a fourcc (RG10); `black` is the sensor value without light.
    """

    path: str
    format: str | None = None
    size: tuple[int, int] | None = None
    fps: float | None = None
    black: float = 0.0


def parse_name(name: str, fps: float | None = None) -> Requested:
    """The camera and mode of `/dev/video0` or `v4l2:0?format=..&size=..&fps=..&black=..`.

    An option of the name has priority over `fps`. Raises SourceError with an example.
    """
    device, _, query = name.partition("?")
    path = device.removeprefix("v4l2:")
    if path.isdecimal():
        path = f"/dev/video{path}"
    if not re.fullmatch(r"/.+", path):
        raise SourceError(f"{name}: '{path}' is not the number or the path of a camera; try {EXAMPLE} or /dev/video0")
    options = dict(parse_qsl(query, keep_blank_values=True))
    if unknown := sorted(set(options) - set(OPTIONS)):
        raise SourceError(f"{name}: unknown option '{unknown[0]}'; use {', '.join(OPTIONS)}, as in {EXAMPLE}")
    try:
        size = parse_size(options["size"]) if "size" in options else None
    except SourceError as error:
        raise SourceError(f"{name}: {error}") from error
    return Requested(
        path,
        options.get("format") or None,
        size,
        _number(name, options, "fps", fps),
        _number(name, options, "black", None) or 0.0,
    )


def _number(name: str, options: dict[str, str], option: str, default: float | None) -> float | None:
    if option not in options:
        return default
    try:
        number = float(options[option])
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e6 or (option == "fps" and number == 0):
        raise SourceError(f"{name}: {option} '{options[option]}' is not a number in range; try {EXAMPLE}&black=64")
    return number
