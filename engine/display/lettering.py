"""Letters as coverage: the font of all texts over the picture, and words, which are kept."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

SPACE_EM = 0.3  # between words: the font's own space is 2 pixels at a height of 10, as between letters


@lru_cache(maxsize=8)
def font(height_px: int) -> Any:
    """Kept, because Pillow unpacks its default font for each call."""
    return ImageFont.load_default(height_px)


def text_width(text: str, height_px: int) -> int:
    """The width in pixels of a line that `draw_text` draws."""
    words = text.split(" ")
    return sum(_width(word, height_px) for word in words) + (len(words) - 1) * _space(height_px)


def draw_text(ink: NDArray[np.uint8], at: tuple[int, int], text: str, height_px: int, level: int = 255) -> None:
    """Draws a line into `ink`, (H, W) coverage from 0 to 255, at the pixel `at`, (x, y) of its upper left corner.

    `level` is the coverage inside of a letter. The line ends at the right edge of `ink`.
    """
    x, y = at
    for word in text.split(" "):
        letters = prepared_word(word, height_px)
        part = ink[y : y + letters.shape[0], x : x + letters.shape[1]]
        if level != 255:
            letters = (letters.astype(np.uint16) * level // 255).astype(np.uint8)
        np.maximum(part, letters[: part.shape[0], : part.shape[1]], out=part)
        x += _width(word, height_px) + _space(height_px)


@lru_cache(maxsize=2048)
def prepared_word(word: str, height_px: int) -> NDArray[np.uint8]:
    """(H, W) coverage of a word in a line of `height_px`. The first call takes 0.1 ms."""
    pen = Image.new("L", (_width(word, height_px) + height_px, 2 * height_px))
    ImageDraw.Draw(pen).text((0, 0), word, 255, font(height_px))
    _, _, right, bottom = pen.getbbox() or (0, 0, 0, 0)
    return np.asarray(pen)[:bottom, :right]


@lru_cache(maxsize=4096)
def _width(word: str, height_px: int) -> int:
    length_px: float = font(height_px).getlength(word)
    return round(length_px)


def _space(height_px: int) -> int:
    return max(3, round(SPACE_EM * height_px))
