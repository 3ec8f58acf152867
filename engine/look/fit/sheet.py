"""A contact sheet of pairs and of the fitted look's renderings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ...colour.difference import delta_e00
from .align import shrunk
from .fitting import Fit
from .pair import AlignedPair
from .solve import lab_of_display

PAPER, INK = (18, 18, 18), (205, 205, 200)
WIDTH_PX, LINE_PX, GAP_PX = 640, 22, 4
FULL = 10.0  # the CIEDE2000 that is drawn white
# Colours for a difference of 0, 1/3, 2/3 and 1 times FULL: black, violet, orange, white.
_HEAT = np.array([[0, 0, 0], [90, 30, 120], [240, 130, 30], [255, 255, 255]], float)


def sheet_of(fit: Fit) -> NDArray[np.uint8]:
    """(H, W, 3), display sRGB: a row for each pair with the picture, the look's rendering of the raw, and their
    CIEDE2000. Pixels that the fit did not use are darker in the last."""
    rows = [_row(fit, number, aligned) for number, aligned in enumerate(fit.pairs)]
    sheet = Image.new("RGB", (rows[0].width, sum(row.height for row in rows)), PAPER)
    top = 0
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height
    return np.asarray(sheet)


def _row(fit: Fit, number: int, aligned: AlignedPair) -> Image.Image:
    height, width = aligned.usable.shape
    size = WIDTH_PX, max(round(WIDTH_PX * height / width), 1)
    display, root = (
        np.stack([shrunk(plane, size) for plane in np.moveaxis(planes, 2, 0)], axis=2).astype(np.float64)
        for planes in (aligned.display, np.sqrt(np.maximum(np.nan_to_num(aligned.scene), 0)))
    )
    place2 = shrunk(aligned.place2, size).astype(np.float64)
    drawn = fit.drawn((root**2).reshape(-1, 3), place2.ravel()).reshape(display.shape)
    outside = shrunk(np.isnan(aligned.scene[..., 0]).astype(np.float32), size) > 0
    drawn[outside] = 0
    apart = delta_e00(lab_of_display(drawn.reshape(-1, 3)), lab_of_display(display.reshape(-1, 3))).reshape(size[::-1])
    heat = _heat(np.where(outside, 0, apart)) * (0.4 + 0.6 * shrunk(aligned.usable.astype(np.float32), size))[..., None]
    row = Image.new("RGB", (3 * WIDTH_PX + 2 * GAP_PX, size[1] + LINE_PX + GAP_PX), PAPER)
    pen, font = ImageDraw.Draw(row), ImageFont.load_default(13)
    left_out = fit.left_out[fit.samples.pair == number]
    titles = (
        aligned.name,
        f"the look '{fit.look.name}'",
        f"dE00 of areas left out: mean {left_out.mean():.2f}, 95 % below {np.percentile(left_out, 95):.2f}, "
        f"at most {left_out.max():.1f}; white here is {FULL:g}",
    )
    pictures = (255 * display, 255 * drawn, heat)
    for column, (title, picture) in enumerate(zip(titles, pictures, strict=True)):
        left = column * (WIDTH_PX + GAP_PX)
        pen.text((left + 4, LINE_PX // 2), title, INK, font, anchor="lm")
        row.paste(Image.fromarray(np.clip(np.round(picture), 0, 255).astype(np.uint8)), (left, LINE_PX))
    return row


def _heat(apart: NDArray[np.float64]) -> NDArray[np.float64]:
    at = np.clip(apart / FULL, 0, 1) * 3
    return np.stack([np.interp(at, np.arange(4), _HEAT[:, channel]) for channel in range(3)], axis=-1)
