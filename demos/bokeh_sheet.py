"""One picture with depth through several lenses at several apertures. The first row is in focus, with its depth map.

python demos/bokeh_sheet.py photo.jpg --depth depth.png --depth-range 6..0.6 --focus 0.5 0.6
python demos/bokeh_sheet.py portrait.heic --depth-range 0.7..2.5 --lens noct-50 swirl-50 --f-number 0.95 2
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

import groundglass as gg
import numpy as np
from groundglass.lens import list_lenses, load_lens
from PIL import Image, ImageDraw

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("source", nargs="?", default="scene:?size=960x640")
for option, kind in {"--depth": str, "--depth-range": str, "--depth-scale": float}.items():
    parser.add_argument(option, type=kind, help="as for `groundglass render`")
parser.add_argument("--focus", type=float, nargs="+", default=[0.5, 0.5], help="metres, or a position, 0 to 1: X Y")
parser.add_argument("--lens", nargs="+", default=list_lenses())
parser.add_argument("--f-number", type=float, nargs="+", default=[0.95, 1.63, 4.0])
parser.add_argument("--quality", choices=("live", "best"), default="best")
parser.add_argument("--width", type=int, default=480, help="width of each picture in pixels")
parser.add_argument("-o", "--output", default="bokeh-sheet.png")
wanted = parser.parse_args()


def render(lens: gg.Lens, f_number: float) -> tuple[np.ndarray, str]:
    """The picture and its label. Aperture and focus are limited to the range of the lens."""
    lens = lens.at(min(max(f_number, lens.f_number_min), lens.f_number_max))
    with_lens = settings.with_(lens=lens, focus_m=lens.clamp_focus_m(focus_m))
    limit = {1: ", wide open", 0: "", -1: ", smallest"}[int(np.sign(lens.f_number - f_number))]
    return engine.render(frame, with_lens), f"{lens.name} f/{lens.f_number:g}{limit}; at {with_lens.focus_m:.2f} m"


depth = {"depth": wanted.depth, "depth_range": wanted.depth_range, "depth_scale": wanted.depth_scale}
settings = gg.Settings(look="neutral", quality=wanted.quality, development=gg.Development(metering="auto"))
try:
    with gg.open(wanted.source, **depth) as source, gg.Engine() as engine:
        frame = next(iter(source))
        rows = [[(engine.render(replace(frame, depth_m=None, right=None), settings), "everything in focus")]]
        drawn = engine.draw(frame, settings)  # computes the depth of a stereo pair
        if not drawn.has_depth:
            sys.exit(f"{wanted.source}: has no depth; give one with --depth")
        focus_m = min(wanted.focus[0] if len(wanted.focus) == 1 else drawn.depth_at(*wanted.focus[:2]), 1e6)
        nearness = np.nan_to_num(1 / np.where(drawn.frame.depth_m > 0, drawn.frame.depth_m, np.inf))
        rows[0].append((np.uint8(255 * nearness / nearness.max()), "depth, nearer is brighter"))
        rows += [[render(load_lens(lens), f_number) for f_number in wanted.f_number] for lens in wanted.lens]
except gg.GroundglassError as error:
    sys.exit(str(error))
width, height = wanted.width, wanted.width * rows[0][0][0].shape[0] // rows[0][0][0].shape[1]
sheet = Image.new("RGB", (max(map(len, rows)) * (width + 2), len(rows) * (height + 18)), (18, 18, 18))
for x, y, (picture, label) in ((x, y, cell) for y, row in enumerate(rows) for x, cell in enumerate(row)):
    sheet.paste(Image.fromarray(picture).resize((width, height)), (x * (width + 2), y * (height + 18) + 18))
    ImageDraw.Draw(sheet).text((x * (width + 2) + 4, y * (height + 18) + 3), label, (205, 205, 200))
sheet.save(wanted.output)
print(f"wrote {wanted.output}")
