"""The error in a saved file as a sprite over the window: the message above the source lines."""

from __future__ import annotations

import math
import unicodedata

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..display.status_line import text_background
from .problem import Problem

BACKGROUND_RGBA = 0.86  # opacity: over white, the contrast of all texts is above 4.5
PLAIN, BRIGHT, RED, FAINT = (200, 200, 200), (255, 255, 255), (255, 122, 100), (170, 170, 170)
BAR = (130, 40, 30)  # behind the faulty line
MAX_LINES = 3  # maximum lines of the message


def render_problem(problem: Problem, height_px: int, room: tuple[int, int]) -> NDArray[np.uint8]:
    """(H, W, 4) uint8, premultiplied RGBA, within `room`, (width, height) pixels; text is `height_px` high."""
    edge_px = height_px
    font = ImageFont.load_default(height_px)
    space = max(room[0] - 2 * edge_px, height_px)
    message = _wrapped(f"{problem.place}  {_plain(problem.message)}", font, space)
    line_px = round(1.5 * height_px)
    gutter = font.getlength(f"{max((number for number, _ in problem.excerpt), default=0)}") + height_px
    wide = [font.getlength(line) for line in message]
    wide += [gutter + _code_width(line, font) for _, line in problem.excerpt]
    width = min(math.ceil(max(wide)), space) + 2 * edge_px
    gap_px = height_px // 2 if problem.excerpt else 0
    lines = len(message) + len(problem.excerpt)
    height = 2 * edge_px + line_px * lines - (line_px - height_px) + gap_px
    image = Image.new("RGB", (width, height), (14, 14, 14))
    pen = ImageDraw.Draw(image)
    y = edge_px
    for line in message:
        pen.text((edge_px, y), line, RED, font)
        y += line_px
    y += gap_px
    for number, line in problem.excerpt:
        is_faulty = number == problem.line
        if is_faulty:
            pen.rectangle((0, y - line_px // 6, width, y + line_px - line_px // 6), BAR)
        pen.text((edge_px + gutter - height_px, y), f"{number}", BRIGHT if is_faulty else FAINT, font, anchor="ra")
        _code(pen, (edge_px + gutter, y), line, BRIGHT if is_faulty else PLAIN, font, width - edge_px)
        y += line_px
    rgb = np.asarray(image, np.float32)
    cover = text_background((width, height), height_px // 2)
    ink = np.clip((rgb.max(axis=-1) - 14) / 60, 0, 1)
    alpha = cover * (BACKGROUND_RGBA + (1 - BACKGROUND_RGBA) * ink)
    rgba = np.concatenate((rgb * alpha[..., None], 255 * alpha[..., None]), axis=-1)
    return (rgba + 0.5).astype(np.uint8)


def _wrapped(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, space: float) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and font.getlength(longer) > space:
            lines.append(word)
        else:
            lines[-1] = longer
    if len(lines) > MAX_LINES:
        lines = [*lines[: MAX_LINES - 1], f"{lines[MAX_LINES - 1]} ..."]
    return lines


def _indent(line: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> float:
    """Width of the indentation, as letters: the font's space has half a letter's width, which distorts the code."""
    return (len(line) - len(line.lstrip())) * font.getlength("n")


def _code_width(line: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> float:
    return _indent(line, font) + font.getlength(_plain(line.lstrip()))


def _code(
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    line: str,
    colour: tuple[int, int, int],
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    end: float,
) -> None:
    """Draws a source line, truncated with dots at `end`."""
    text, x = _plain(line.lstrip()), at[0] + _indent(line, font)
    if x + font.getlength(text) > end:
        while text and x + font.getlength(f"{text} ...") > end:
            text = text[:-1]
        text += " ..."
    pen.text((x, at[1]), text, colour, font)


def _plain(text: str) -> str:
    """The text in ASCII, which Pillow's font covers."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "replace").decode()
