"""Learn a look: the passes and values that turn a raw file into the JPEG of a camera.

python demos/learn_look.py                                    a hidden look is learned back from one picture
python demos/learn_look.py photo.dng photo.jpg --look mine.toml
`groundglass look fit` does this for many pairs, with a report.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import groundglass as gg
import numpy as np
from groundglass.look.fit import Pair, fit_look
from groundglass.look.look_files import write_look
from groundglass.look.sheet import Labelled, sheet_of
from PIL import Image

HIDDEN = "eternal"  # the look of the camera that has no JPEG

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("raw", nargs="?", default="scene:?size=640x360")
parser.add_argument("jpeg", nargs="?")
parser.add_argument("--look", type=Path, default="learned.toml", help="the look file to write")
parser.add_argument("-o", "--output", default="learned.png")
wanted = parser.parse_args()

development = gg.Development(demosaic="best", metering="auto")
neutral = gg.Settings(look="neutral", development=development, quality="best")
try:
    with gg.open(wanted.raw, depth="none") as source, gg.Engine() as engine:
        frame = next(iter(source))
        if wanted.jpeg is None:
            target = engine.render(frame, neutral.with_(look=HIDDEN))
        else:
            target = np.asarray(Image.open(wanted.jpeg).convert("RGB"))
        fit = fit_look([Pair(engine.scene(frame, neutral), target)], name=wanted.look.stem)
        learned = write_look(wanted.look, fit.look)
        pictures = [engine.render(frame, neutral.with_(look=look)) for look in ("neutral", learned)]
except gg.GroundglassError as error:
    sys.exit(str(error))

found = f"mean difference {fit.mean:.2f}, 95 % within {fit.p95:.2f} (CIEDE2000, in regions left out of the fit)"
print(found)
for settings in fit.look.passes:
    print(f"{settings.name:12}", dict(settings.values))
names = ("neutral", "learned", "the camera")
target = np.asarray(Image.fromarray(target).resize((pictures[0].shape[1], pictures[0].shape[0])))
sheet = [Labelled(picture, name) for picture, name in zip((*pictures, target), names, strict=True)]
Image.fromarray(sheet_of([sheet])).save(wanted.output)
print(f"wrote {wanted.look}\nwrote {wanted.output}")
