"""Pictures side by side, each under its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

PAPER, INK, FAINT = (18, 18, 18), (205, 205, 200), (125, 125, 122)
GAP_PX = 4


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """A picture (H, W, 3), display values as uint8, its name, and a line about it."""

    picture: NDArray[np.uint8]
    name: str
    about: str = ""


def label_height_px(width: int) -> int:
    """The height of the labels over pictures of at most this width."""
    return min(max(width // 18, 14), 34)


def sheet_of(lines: Sequence[Sequence[Labelled]]) -> NDArray[np.uint8]:
    """(H, W, 3): the pictures of each line from left to right, lines from top to bottom, each at its own size."""
    label_px = label_height_px(max(labelled.picture.shape[1] for line in lines for labelled in line))
    sizes = [[(labelled.picture.shape[1] + GAP_PX, labelled.picture.shape[0]) for labelled in line] for line in lines]
    width = max(sum(width for width, _ in line) for line in sizes) - GAP_PX
    heights = [label_px + max(height for _, height in line) + GAP_PX for line in sizes]
    sheet = Image.new("RGB", (width, sum(heights) - GAP_PX), PAPER)
    pen, top = ImageDraw.Draw(sheet), 0
    name_font, about_font = (ImageFont.load_default(share * label_px) for share in (0.62, 0.46))
    for line, height in zip(lines, heights, strict=True):
        left = 0
        for labelled in line:
            middle = top + label_px // 2
            pen.text((left + 4, middle), labelled.name, INK, name_font, anchor="lm")
            from_px = left + 4 + pen.textlength(labelled.name, name_font) + label_px // 2
            about = _fitted(pen, labelled.about, about_font, left + labelled.picture.shape[1] - from_px)
            pen.text((from_px, middle), about, FAINT, about_font, anchor="lm")
            sheet.paste(Image.fromarray(labelled.picture), (left, top + label_px))
            left += labelled.picture.shape[1] + GAP_PX
        top += height
    return np.asarray(sheet)


def _fitted(pen: ImageDraw.ImageDraw, text: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, px: float) -> str:
    """The longest beginning of a text that fits into a width, cut between words."""
    words, cut = text.split(), ""
    while words and pen.textlength(" ".join(words) + cut, font) > px:
        words.pop()
        cut = " ..."
    return " ".join(words) + cut if words else ""
