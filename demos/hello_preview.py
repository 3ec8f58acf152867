"""The live window in a few lines: click to focus, the wheel turns the aperture, Esc ends.

python demos/hello_preview.py                               the built-in scene
python demos/hello_preview.py /dev/video0                   a camera, or any other SOURCE
python demos/hello_preview.py --frames 8 -o preview.png     off screen
"""

from __future__ import annotations

import argparse
import sys

import groundglass as gg
from groundglass.display.glfw import GlfwSurface
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.viewer import Viewer
from groundglass.settings import SettingsHistory
from groundglass.tools.aids import Aids
from groundglass.tools.focus import FocusTool
from PIL import Image

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("source", nargs="?", default="scene:?size=960x540")
parser.add_argument("--frames", type=int, help="end after this number of frames")
parser.add_argument("-o", "--output", help="run off screen, and write the last picture")
wanted = parser.parse_args()

settings = SettingsHistory(gg.Settings(look="classic", lens="noct-50", focus_m=1.2))
try:
    with (
        gg.open(wanted.source) as source,
        (OffscreenSurface if wanted.output else GlfwSurface)(source.size) as surface,
        gg.Engine(gl=surface.gl) as engine,
    ):
        viewer = Viewer(engine, source, settings, surface=surface, tools=[FocusTool, Aids], holds_rate=True)
        statistics = viewer.run(frames=wanted.frames or (24 if wanted.output else None))
        if wanted.output:
            Image.fromarray(engine.render(viewer.frame, settings.now)).save(wanted.output)
except gg.GroundglassError as error:
    sys.exit(str(error))
print(f"{statistics.frames} frames, {statistics.fps:.0f} per second, on {statistics.device}")
if wanted.output:
    print(f"wrote {wanted.output}")
