"""Your own lens: its optics as numbers, and the same frame through it and through a built-in lens.

python demos/custom_lens.py -o lens.png
"""

from __future__ import annotations

import argparse

import groundglass as gg
from groundglass.look.sheet import Labelled, sheet_of
from PIL import Image

# A fast triplet of the fifties: bubbles with bright rims, cut by the mount and turned around the subject.
TRIPLET = gg.Lens(
    name="triplet",
    focal_mm=58.0,
    f_number=1.4,
    f_number_min=1.4,
    f_number_max=16.0,
    sensor_width_mm=36.0,
    focus_min_m=0.6,
    blades=12,
    spherical=0.9,  # over-corrected: the rims behind the focus
    cats_eye=0.55,
    swirl=1.35,
    longitudinal_red=0.4,  # green and magenta fringes in front of and behind the focus
    longitudinal_blue=-0.3,
    vignetting=0.8,
)

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("source", nargs="?", default="scene:?size=960x540")
parser.add_argument("--focus", type=float, default=1.2, help="metres")
parser.add_argument("-o", "--output", default="lens.png")
wanted = parser.parse_args()

settings = gg.Settings(
    look="natural", focus_m=wanted.focus, quality="best", development=gg.Development(metering="auto")
)
with gg.open(wanted.source) as source, gg.Engine() as engine:
    frame = next(iter(source))
    pictures = []
    for lens in (gg.Settings(lens="noct-50").lens.at(1.4), TRIPLET, TRIPLET.at(4.0)):
        near_m, far_m = gg.depth_of_field_m(lens, wanted.focus)
        about = f"f/{lens.f_number:g}, sharp from {near_m:.2f} to {far_m:.2f} m"
        pictures.append(Labelled(engine.render(frame, settings.with_(lens=lens)), lens.name, about))
Image.fromarray(sheet_of([[picture] for picture in pictures])).save(wanted.output)
print(f"wrote {wanted.output}")
