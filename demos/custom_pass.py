"""Your own pass: a shader, a look that uses it, and a picture without and with it. Here bleach bypass.

python demos/custom_pass.py -o bypass.png
python demos/custom_pass.py photo.dng --amount 0.8 --keep passes
The second command keeps both files for `groundglass tune --shaders passes --look passes/bypass.toml`.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import groundglass as gg
from groundglass.gl.program import SHADERS
from groundglass.look.sheet import Labelled, sheet_of
from PIL import Image

# The silver stays in the emulsion with the dyes: the picture is overlaid with its own luminance.
PASS = """\
#pragma pass pixel display
#pragma parameter amount "Bleach bypass" 0.7 0.0 1.0 0.01

uniform float bypass_amount;

vec3 bypass(vec3 rgb, PixelContext place) {
    vec3 shown = sqrt(max(rgb, 0.0));                              // display light, about as the eye grades it
    float silver = sqrt(max(dot(rgb, LUMINANCE), 0.0));
    vec3 dark = 2.0 * shown * silver;
    vec3 light = 1.0 - 2.0 * (1.0 - shown) * (1.0 - silver);
    vec3 overlaid = mix(dark, light, smoothstep(0.4, 0.6, silver));
    return mix(rgb, overlaid * overlaid, bypass_amount);
}
"""
LOOK = """\
name = "bypass"
intent = "bleach bypass on the look natural"
"""

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("source", nargs="?", default="scene:?size=960x540")
parser.add_argument("--amount", type=float, default=0.7, help="0 to 1")
parser.add_argument("--keep", metavar="DIR", help="folder for the pass and the look")
parser.add_argument("-o", "--output", default="bypass.png")
wanted = parser.parse_args()

with tempfile.TemporaryDirectory() as temporary:
    folder = Path(wanted.keep or temporary)
    folder.mkdir(exist_ok=True)
    natural = gg.load_look("natural").text
    (folder / "bypass.glsl").write_text(PASS)
    (folder / "bypass.toml").write_text(
        LOOK + natural[natural.index("[pass.") :] + f"\n[pass.bypass]\namount = {wanted.amount}\n"
    )
    SHADERS.set_search_path(folder)
    looks = {"natural": "natural", "natural with bypass": folder / "bypass.toml"}
    pictures = [Labelled(gg.render(wanted.source, look=look, focus_m=1.2), name) for name, look in looks.items()]
Image.fromarray(sheet_of([pictures])).save(wanted.output)
print(f"wrote {wanted.output}")
