"""The tone curve of a look as text and as a picture, with swatches of sample colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from . import reference, traits
from .hsl_mixer import BANDS
from .look import Look
from .sheet import FAINT, INK, PAPER

COLUMNS, ROWS = 56, 16  # characters: four columns per stop
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # bits of a Braille character, Unicode 2800
LEVELS = (0, 64, 128, 192, 255)

SIZE_PX = 1120, 640
BOX_PX = 64, 64, 744, 580  # plot area: left, top, right, bottom
SCALE = 2  # supersampling factor
CHANNELS = ((226, 88, 78), (104, 190, 96), (98, 140, 236))


def curve_text(look: Look, *, plain: bool = False) -> list[str]:
    """Lines of text: display level 0..255 over stops from 18 % grey, the look as a line and neutral as dots.

    Braille characters hold eight dots each; `plain` uses only * and . instead.
    """
    across, down = (1, 1) if plain else (2, 4)
    size = COLUMNS * across, ROWS * down
    look_rows, neutral = (_rows_of(look, size, strength) for strength in (1.0, 0.0))
    dots = np.zeros((size[1], size[0]), np.uint8)
    dots[neutral[:: 2 * across], np.arange(size[0])[:: 2 * across]] = 1
    for column, row in enumerate(look_rows):
        # From the end of the previous column: a steep curve stays connected.
        before = look_rows[max(column - 1, 0)]
        dots[min(row, max(before - 1, row)) : max(row, before - 1) + 1, column] = 2
    lines = [f"{_level(row):>4} |{_characters(dots, row, plain)}" for row in range(ROWS)]
    stops = range(-int(traits.STOPS_BELOW), int(traits.STOPS_ABOVE), 2)
    lines.append("     +" + "".join(f"{'+' if stop % 2 == 0 else '-'}-------" for stop in stops))
    lines.append("      " + "".join(f"{stop:<+8d}" if stop else "grey    " for stop in stops) + "stops")
    return lines


def _rows_of(look: Look, size: tuple[int, int], strength: float) -> NDArray[np.intp]:
    """The row of dots, from the top, of each column's level."""
    level = traits.curve(look, size[0], strength)[1] @ (0.25, 0.6, 0.15)
    return np.asarray(np.clip(np.round((1.0 - level) * (size[1] - 1)), 0, size[1] - 1), np.intp)


def _level(row: int) -> str:
    at = {round((1 - level / 255) * (ROWS - 1)): str(level) for level in LEVELS}
    return at.get(row, "")


def _characters(dots: NDArray[np.uint8], row: int, plain: bool) -> str:
    if plain:
        return "".join(" .*"[dot] for dot in dots[row]).rstrip()
    cells = dots[4 * row : 4 * row + 4].reshape(4, COLUMNS, 2).swapaxes(0, 1)
    return "".join(chr(0x2800 + int((np.array(DOTS) * (cell > 0)).sum())) for cell in cells).rstrip("⠀")


def draw_plot(look: Look) -> NDArray[np.uint8]:
    """(640, 1120, 3): curves of the three channels and of neutral, and swatches in neutral and in the look."""
    large = Image.new("RGB", (SIZE_PX[0] * SCALE, SIZE_PX[1] * SCALE), PAPER)
    pen = ImageDraw.Draw(large)
    title, small = (ImageFont.load_default(px * SCALE) for px in (22, 14))
    pen.text((BOX_PX[0] * SCALE, 24 * SCALE), look.name, INK, title, anchor="lm")
    from_px = BOX_PX[0] * SCALE + pen.textlength(look.name, title) + 14 * SCALE
    pen.text((from_px, 25 * SCALE), look.intent, FAINT, small, anchor="lm")
    _axes(pen, small)
    for strength, colours in ((0.0, ((110, 110, 108),)), (1.0, CHANNELS)):
        stops, display = traits.curve(look, strength=strength)
        for channel, colour in enumerate(colours):
            # Slightly apart: the last of three equal curves would hide the others.
            nudge = (channel - 1) * 1.5 * SCALE if len(colours) > 1 else 0.0
            points = [_place(stop, level, nudge) for stop, level in zip(stops, display[:, channel], strict=True)]
            pen.line(points, fill=colour, width=2 * SCALE, joint="curve")
    _swatches(pen, look, small)
    return np.asarray(large.resize(SIZE_PX, Image.Resampling.BOX))


def _place(stop: float, level: float, nudge: float = 0.0) -> tuple[float, float]:
    left, top, right, bottom = BOX_PX
    x = left + (right - left) * (stop + traits.STOPS_BELOW) / (traits.STOPS_ABOVE + traits.STOPS_BELOW)
    return SCALE * x, SCALE * (bottom - (bottom - top) * level) + nudge


def _axes(pen: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> None:
    grid = (44, 44, 44)
    for level in LEVELS:
        x, y = _place(-traits.STOPS_BELOW, level / 255)
        pen.line([(x, y), _place(traits.STOPS_ABOVE, level / 255)], fill=grid, width=SCALE)
        pen.text((x - 10 * SCALE, y), str(level), FAINT, font, anchor="rm")
    for stop in range(-int(traits.STOPS_BELOW), int(traits.STOPS_ABOVE) + 1, 2):
        x, y = _place(stop, 0.0)
        pen.line([(x, y), _place(stop, 1.0)], fill=(80, 80, 80) if stop == 0 else grid, width=SCALE)
        pen.text((x, y + 16 * SCALE), f"{stop:+d}" if stop else "18 % grey", FAINT, font, anchor="mm")
    x, y = _place((traits.STOPS_ABOVE - traits.STOPS_BELOW) / 2, 0.0)
    pen.text((x, y + 40 * SCALE), "stops of scene light; grey line: the neutral rendering", FAINT, font, anchor="mm")


def _swatches(pen: ImageDraw.ImageDraw, look: Look, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> None:
    """A row for each colour: its name, its neutral rendering, and the look's."""
    greys = reference.GREY * 2.0 ** np.array([-3.0, 0.0, 2.5])
    names = (*BANDS, "skin, dark", "skin", "skin, light", "dark grey", "grey", "light grey")
    scene = np.concatenate([traits.colours(), traits.skins(), np.repeat(greys[:, None], 3, axis=1)])
    pairs = [(255 * reference.apply(look, scene, strength=share) + 0.5).astype(int) for share in (0.0, 1.0)]
    left, top, right, bottom = 774, BOX_PX[1], SIZE_PX[0] - 24, BOX_PX[3]
    step, first, half = (bottom - top) / len(names), left + 96, (right - left - 96) / 2
    for line, name in enumerate(names):
        y = top + line * step
        pen.text((SCALE * left, SCALE * (y + step / 2)), name, FAINT, font, anchor="lm")
        for column, colours in enumerate(pairs):
            box = first + column * half, y + 1, first + (column + 1) * half, y + step - 2
            pen.rectangle([SCALE * side for side in box], fill=tuple(int(level) for level in colours[line]))
    for column, name in enumerate(("neutral", look.name)):
        pen.text((SCALE * (first + column * half), SCALE * (bottom + 16)), name, FAINT, font, anchor="lm")
