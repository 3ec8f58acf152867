"""The text of the status line, and text rendered as a picture."""

from __future__ import annotations

import math
import re
import unicodedata
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from .lettering import font as font_of

SOURCE_LETTERS = 40  # a longer source name is shortened in the middle
MIN_TEXT_PX = 7
EDGE_EM = 0.6  # around the text, in text heights
INK = 0.94  # display level of the letters
TEXT_BACKGROUND = 0.62  # opacity of the dark background: over white, the contrast of the letters is 5.4


def f_stop(f_number: float) -> str:
    """An f-number as on a lens: up to three digits below f/10, whole numbers from f/10."""
    return f"f/{f_number:.3g}" if f_number < 10 else f"f/{f_number:.0f}"


def distance(focus_m: float) -> str:
    """A focus distance as text: two decimals below 10 m, `infinity` from 1000 m."""
    return f"{focus_m:.2f} m" if focus_m < 10 else f"{focus_m:.0f} m" if focus_m < 1000 else "infinity"


def format_sharp_zone(near_m: float, far_m: float) -> str:
    """The sharp zone, with the digits that its depth requires: `1.187 to 1.213 m`, `5.44 m to infinity`."""
    if math.isinf(far_m) or far_m >= 1000:
        return f"{distance(near_m)} to infinity"
    digits = min(1 - math.floor(math.log10(max(far_m - near_m, 1e-9))), 4)
    near, far = (f"{end_m:.{max(digits, 2 if end_m < 10 else 0)}f}" for end_m in (near_m, far_m))
    return f"{near} to {far} m"


def format_depth_of_field(near_m: float, far_m: float) -> str:
    """The depth of the sharp zone: `2.6 cm`, `14 cm`, `1.8 m`; empty if it extends to infinity."""
    depth_m = far_m - near_m
    if depth_m >= 1:
        return "" if math.isinf(far_m) or far_m >= 1000 else f"{depth_m:.1f} m" if depth_m < 10 else f"{depth_m:.0f} m"
    return f"{100 * depth_m:.0f} cm" if depth_m >= 0.1 else f"{100 * depth_m:.1f} cm"


NO_DEPTH = "no depth"


def status_line(source: str, look: str, lens: str, f_number: float, focus_m: float | None, pace: str) -> str:
    """`scene:   classic   noct-50   f/0.95   1.20 m   58.9 fps`. `pace` is the last part and may be empty.

    Without depth `focus_m` is None.
    """
    if len(source) > SOURCE_LETTERS:
        half = SOURCE_LETTERS // 2 - 1
        source = f"{source[:half]}...{source[-half:]}"
    focus = NO_DEPTH if focus_m is None else distance(focus_m)
    return "   ".join(filter(None, (source, look, lens, f_stop(f_number), focus, pace)))


def text_height_px(framebuffer: tuple[int, int], content_scale: float) -> int:
    """The text height for a framebuffer of (width, height): small on a laptop, legible on a large 4K screen."""
    return round(max(13 * content_scale, min(framebuffer[1], framebuffer[0] * 9 / 16) / 64))


def status_height_px(text_px: int) -> int:
    """The height of the status line's box with its margin below, in pixels."""
    return text_px // 2 + text_px + 2 * round(EDGE_EM * text_px)


def render_text(lines: list[str], height_px: int, width_px: int, *, wraps: bool = False) -> NDArray[np.uint8]:
    """The lines as (H, W, 4) uint8, premultiplied RGBA: light letters on a dark translucent background.

    `height_px` is the text height. A line that is wider than `width_px` continues in the next one if `wraps`. Else the
    text height is reduced, down to `MIN_TEXT_PX`.
    """
    lines = [_plain(line) for line in lines]
    text = "\n".join(wrapped(lines, height_px, width_px) if wraps else lines)
    while True:
        font = font_of(height_px)
        edge_px = round(EDGE_EM * height_px)
        spacing = height_px / 2
        box = ImageDraw.Draw(Image.new("L", (1, 1))).multiline_textbbox((0, 0), text, font=font, spacing=spacing)
        width = math.ceil(box[2]) + 2 * edge_px
        if width <= width_px or height_px <= MIN_TEXT_PX:
            break
        height_px = max(MIN_TEXT_PX, min(height_px - 1, height_px * width_px // width))
    canvas = Image.new("L", (width, math.ceil(box[3]) + 2 * edge_px))
    ImageDraw.Draw(canvas).multiline_text((edge_px, edge_px), text, 255, font, spacing=spacing)
    return on_background(np.asarray(canvas), TEXT_BACKGROUND, edge_px)


def wrapped(lines: list[str], height_px: int, width_px: int) -> list[str]:
    """The lines, each divided between words where it would be wider than `width_px`, with its background."""
    font, room_px = font_of(height_px), width_px - 2 * round(EDGE_EM * height_px)
    divided: list[str] = []
    for line in lines:
        if font.getlength(line) <= room_px:
            divided.append(line)
            continue
        start = end = 0
        for match in re.finditer(r"\S+", line):
            if end > start and font.getlength(line[start : match.end()]) > room_px:
                divided.append(line[start:end])
                start = match.start()
            end = match.end()
        divided.append(line[start:end])
    return divided


def on_background(ink: NDArray[np.uint8], opacity: float, radius_px: int) -> NDArray[np.uint8]:
    """Light letters on a dark background of this opacity with rounded corners: (H, W, 4) uint8, premultiplied RGBA.

    `ink` is their coverage, (H, W), 0 to 255.
    """
    rgba = np.take(_inks(opacity), ink).view(np.uint8).reshape(*ink.shape, 4)
    height, width = ink.shape
    high, wide = min(radius_px, (height + 1) // 2), min(radius_px, (width + 1) // 2)
    background = opacity * text_background((width, height), radius_px, rows=high)[:, :wide]
    for rows, across in ((slice(high), 1), (slice(height - high, height), -1)):
        for columns, along in ((slice(wide), 1), (slice(width - wide, width), -1)):
            corner = background[::across, ::along]
            rgba[rows, columns, 3] = _alpha(np.float32(1 / 255) * ink[rows, columns], corner)
    return rgba


@lru_cache(maxsize=4)
def _inks(opacity: float) -> NDArray[np.uint32]:
    """(256,) RGBA pixels by the coverage of a letter."""
    coverage = np.arange(256, dtype=np.float32) / np.float32(255)
    rgba = np.empty((256, 4), np.uint8)
    rgba[:, :3] = (coverage * (255 * INK) + 0.5)[:, None]
    rgba[:, 3] = _alpha(coverage, np.float32(opacity))
    return rgba.view(np.uint32).ravel()


def _alpha(coverage: NDArray[np.float32], background: Any) -> NDArray[np.float32]:
    return np.asarray((1 - (1 - coverage) * (1 - background)) * 255 + 0.5, np.float32)


@lru_cache(maxsize=8)
def text_background(size: tuple[int, int], radius_px: int, rows: int | None = None) -> NDArray[np.float32]:
    """(H, W) coverage, 0..1, of a rectangle with rounded corners, antialiased over one pixel; of the first `rows`."""
    x, y = (np.abs(np.arange(side) + 0.5 - side / 2) - (side / 2 - radius_px) for side in size)
    outside_px = np.hypot(np.maximum(x, 0)[None, :], np.maximum(y[:rows], 0)[:, None]) - radius_px
    return np.asarray(np.clip(0.5 - outside_px, 0, 1), dtype=np.float32)


def _plain(text: str) -> str:
    """The text in ASCII, without accents: Pillow's default font has no other letters."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
