"""A stereo pair: depth and bokeh from stereo matching, above those from the ground truth, if it is known.

python demos/stereo_sheet.py                                  # the motorcycle of scikit-image, with ground truth
python demos/stereo_sheet.py left.png --right right.png --focal 1000 --baseline 0.1 --focus 1.5
"""

from __future__ import annotations

import argparse

import groundglass as gg
import numpy as np
from PIL import Image

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("left", nargs="?")
parser.add_argument("--right")
parser.add_argument("--focal", type=float, default=994.978, help="pixels")
parser.add_argument("--baseline", type=float, default=0.193, help="metres")
parser.add_argument("--doffs", type=float, help="pixels; 31.086 for the motorcycle")
parser.add_argument("--focus", type=float, default=2.2, help="metres")
parser.add_argument("--lens", default="noct-50")
parser.add_argument("--f-number", type=float)
parser.add_argument("-o", "--output", default="stereo-sheet.png")
wanted = parser.parse_args()

ground_truth = None
if wanted.left is None:
    from skimage import data

    left, right, ground_truth = data.stereo_motorcycle()
    doffs_px = 31.086
elif wanted.right is None:
    parser.error("a pair requires a right picture: --right FILE")
else:
    left, right = (np.asarray(Image.open(path).convert("RGB")) for path in (wanted.left, wanted.right))
    doffs_px = 0.0
rig = gg.StereoRig(wanted.focal, wanted.baseline, doffs_px if wanted.doffs is None else wanted.doffs)


def row(disparity: np.ndarray) -> np.ndarray:
    """The depth, nearer is brighter, and the picture with this depth."""
    depth_m = rig.depth_m(disparity.astype(np.float32))
    frame = gg.Frame(left, encoding=gg.Encoding.DISPLAY, depth_m=depth_m)
    grey = np.clip(255 * disparity / max(np.percentile(matched, 99), 1), 0, 255).astype(np.uint8)
    return np.hstack([np.repeat(grey[..., None], 3, axis=2), engine.render(frame, settings)])


settings = gg.Settings(look="neutral", lens=wanted.lens, f_number=wanted.f_number, focus_m=wanted.focus, quality="best")
with gg.Engine() as engine:
    matched = gg.match_stereo(left, right)
    rows = [row(matched)]
    if ground_truth is not None:  # unknown pixels are filled from the match
        is_known = np.isfinite(ground_truth)
        rows.append(row(np.where(is_known, ground_truth, matched)))
        wrong = np.abs(matched - ground_truth)[is_known] > 2
        print(f"{100 * wrong.mean():.1f} % of the known pixels, occluded ones included, are wrong by more than 2")
Image.fromarray(np.vstack(rows)).save(wanted.output)
print(f"wrote {wanted.output}")
