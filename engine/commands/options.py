"""What the commands share: their options as data, and the parsing that typer does not do."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from pathlib import Path

import typer

from ..develop.development import Development

# A GL texture is at most this wide on every driver that the project meets; beyond it a typing error is likelier.
MAX_SIDE_PX = 16384
# A thousand times brighter or darker: beyond it nothing is left of a 14-bit picture.
EXPOSURE_EV = 10.0


class Quality(enum.StrEnum):
    LIVE = "live"
    BEST = "best"


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """How SOURCE is read; None where the source itself knows. `raw_size` is (width, height) in pixels."""

    raw_format: str | None
    raw_size: tuple[int, int] | None
    raw_black: float | None
    fps: float | None
    loop: bool
    profile: Path | None
    depth: str | None
    depth_scale: float | None
    depth_range: str | None = None


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What the picture is made with. `size` is (width, height) in pixels, `focus_m` in metres."""

    look: str
    strength: float
    lens: str
    f_number: float | None
    focus_m: float | None
    development: Development
    quality: Quality
    device: str
    size: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """How `view` shows it, how long, and what it leaves behind. `json` is a path, or "-" for standard output."""

    fullscreen: bool
    headless: bool
    frames: int | None
    seconds: float | None
    json: str | None
    save_frame: Path | None


def check_exposure_ev(exposure_ev: float) -> float:
    """`exposure_ev` itself; a usage error where it is not a number within EXPOSURE_EV of 0."""
    if not -EXPOSURE_EV <= exposure_ev <= EXPOSURE_EV:
        raise typer.BadParameter(
            f"{exposure_ev:g} is not a number of stops from -{EXPOSURE_EV:g} to {EXPOSURE_EV:g}, such as 1.5",
            param_hint="--exposure",
        )
    return exposure_ev


def parse_size(option: str, text: str | None) -> tuple[int, int] | None:
    """(width, height) from "1920x1080". A bad one is a usage error that names `option`."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d+)[x×](\d+)", text.strip().lower())
    if match is None:
        raise typer.BadParameter(f"'{text}' is not a size; write WIDTHxHEIGHT, such as 1920x1080", param_hint=option)
    width, height = int(match[1]), int(match[2])
    if not (0 < width <= MAX_SIDE_PX and 0 < height <= MAX_SIDE_PX):
        raise typer.BadParameter(
            f"{width}x{height} is out of range; each side is 1 to {MAX_SIDE_PX}", param_hint=option
        )
    return width, height
