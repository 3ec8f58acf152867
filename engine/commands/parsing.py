"""Parsers of option values beyond those of typer. A wrong value is a usage error, or a GroundglassError."""

from __future__ import annotations

import math
import re

import typer

from ..errors import LookError
from ..optics.focus import AUTO, MAX_FOCUS_M, FocusPlan, Rack

# The maximum width of a GL texture on common drivers. Larger values are probably typing errors.
MAX_SIDE_PX = 16384
# A factor of 1000 up or down. Beyond it a 14-bit picture is black or white.
MAX_EXPOSURE_EV = 10.0


MIN_SCALE = 0.25


def check_exposure_ev(exposure_ev: float) -> float:
    """Returns `exposure_ev`. A usage error unless it is from -MAX_EXPOSURE_EV to MAX_EXPOSURE_EV."""
    if not -MAX_EXPOSURE_EV <= exposure_ev <= MAX_EXPOSURE_EV:
        raise typer.BadParameter(
            f"{exposure_ev:g} is not a number of stops from -{MAX_EXPOSURE_EV:g} to {MAX_EXPOSURE_EV:g}, such as 1.5",
            param_hint="--exposure",
        )
    return exposure_ev


def parse_focus(text: str | None) -> float | FocusPlan | None:
    """Metres from "1.2" or "inf", a rack from "0.9..2.5@3", or "auto". Raises LookError for other text."""
    if text is None:
        return None
    if text.strip().lower() == AUTO:
        return AUTO
    if ".." in text or "@" in text:
        return Rack.parse(text)
    try:
        focus_m = float(text)
    except ValueError:
        focus_m = math.nan
    if math.isnan(focus_m):
        raise LookError(
            f"focus '{text}' is not valid; use a distance in metres, such as 1.2, a rack, 0.9..2.5@3, or auto"
        )
    return min(focus_m, MAX_FOCUS_M)


def parse_rack_s(text: str) -> tuple[float, float]:
    """The seconds of a rack to a click and to a preset: "0.4,2", or one number for both. A usage error otherwise."""
    try:
        seconds = [float(word) for word in text.split(",")]
    except ValueError:
        seconds = []
    if len(seconds) not in (1, 2) or not all(0 <= duration < math.inf for duration in seconds):
        raise typer.BadParameter(
            f"'{text}' is not one or two times in seconds, 0 or more, such as 0.4,2", param_hint="--rack"
        )
    return seconds[0], seconds[-1]


def parse_strength(text: str | float) -> float:
    """0 to 1 from "0.7" or "70%". A usage error for other text."""
    number, percent = str(text).strip(), 1.0
    if number.endswith("%"):
        number, percent = number[:-1], 100.0
    try:
        strength = float(number) / percent
    except ValueError:
        strength = math.nan
    if not 0.0 <= strength <= 1.0:
        raise typer.BadParameter(f"'{text}' is not a strength; write 0 to 1, or 0% to 100%")
    return strength


def parse_scale(text: str) -> float | None:
    """0.25 to 1 from "0.5" or "50%"; None from "auto", which holds the frame rate. A usage error for other text."""
    if text.strip().lower() == "auto":
        return None
    number, percent = text.strip().removesuffix("%"), 100.0 if text.strip().endswith("%") else 1.0
    try:
        scale = float(number) / percent
    except ValueError:
        scale = math.nan
    if not MIN_SCALE <= scale <= 1.0:
        raise typer.BadParameter(f"'{text}' is not a scale; write auto or 0.25 to 1", param_hint="--scale")
    return scale


def parse_size(option: str, text: str | None) -> tuple[int, int] | None:
    """(width, height) from "1920x1080". Other text is a usage error that names `option`."""
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
