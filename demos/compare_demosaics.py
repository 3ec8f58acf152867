"""The most detailed crops of a raw file, developed in several ways, at 100 % and 400 %: to compare artefacts.

python demos/compare_demosaics.py photo.dng
python demos/compare_demosaics.py frame.raw --raw-format rggb12 --raw-size 1920x1080 --wb auto --exposure 1
"""

from __future__ import annotations

import argparse

import groundglass as gg
import numpy as np
from PIL import Image, ImageDraw

DEVELOPMENTS = {
    **{method: {"demosaic": method} for method in ("bilinear", "malvar", "rcd", "lmmse", "best")},
    "best, denoise": {"demosaic": "best", "denoise": 0.6},
    "best, sharpen": {"demosaic": "best", "sharpen": 1.0},
}


def detailed_squares(picture: np.ndarray, side: int, count: int) -> list[tuple[int, int]]:
    """Top left corners of the squares with the steepest edges; no two are adjacent."""
    slopes = sum(np.abs(slope).sum(-1) for slope in np.gradient(picture.astype(np.float32), axis=(0, 1)))
    rows, columns = (length // side for length in slopes.shape)
    scores = slopes[: rows * side, : columns * side].reshape(rows, side, columns, side).mean(axis=(1, 3))
    corners = []
    for _ in range(count):
        row, column = np.unravel_index(scores.argmax(), scores.shape)
        corners.append((int(column) * side, int(row) * side))
        scores[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2] = -1
    return corners


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("source")
parser.add_argument("--side", type=int, default=96, help="side of a crop in pixels")
parser.add_argument("--exposure", type=float, default=0.0, help="stops")
parser.add_argument("--wb", default="as-shot")
parser.add_argument("--raw-format")
parser.add_argument("--raw-size")
parser.add_argument("-o", "--output", default="demosaics.png")
wanted, pictures = parser.parse_args(), {}

with gg.open(wanted.source, raw_format=wanted.raw_format, raw_size=wanted.raw_size) as source, gg.Engine() as engine:
    frame = next(iter(source))
    for name, options in DEVELOPMENTS.items():
        development = gg.Development(exposure_ev=wanted.exposure, white_balance=wanted.wb, **options)
        pictures[name] = engine.render(frame, gg.Settings(development=development))

side, corners = wanted.side, detailed_squares(pictures["rcd"], wanted.side, 3)
sheet = Image.new("RGB", (len(DEVELOPMENTS) * 4 * side, 20 + len(corners) * 5 * side), (18, 18, 18))
for column, (name, picture) in enumerate(pictures.items()):
    ImageDraw.Draw(sheet).text((column * 4 * side + 4, 4), name, (205, 205, 200))
    for row, (x, y) in enumerate(corners):
        crop, top = Image.fromarray(picture).crop((x, y, x + side, y + side)), 20 + row * 5 * side
        sheet.paste(crop.resize((4 * side, 4 * side), Image.Resampling.NEAREST), (column * 4 * side, top))
        sheet.paste(crop, (column * 4 * side, top + 4 * side))
sheet.save(wanted.output)
print(f"wrote {wanted.output}")
