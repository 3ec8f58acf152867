#!/usr/bin/env python3
"""The viewfinder without a window: a callback receives its frames with overlays, here for an animated picture.

In a notebook, a browser or another toolkit `on_frame` shows the frame, and `surface.input.post` sends keys.
demos/bitmap_surface.py [SOURCE] [OUTPUT.gif]
"""

import sys

import groundglass as gg
from groundglass.display.bitmap import BitmapSurface
from groundglass.display.events import Key, Pointer
from groundglass.display.viewer import Viewer
from groundglass.settings import SettingsHistory
from groundglass.tools.aids import Aids
from groundglass.tools.focus import FocusTool
from PIL import Image

FRAMES = 24


def main() -> None:
    source_name, output = [*sys.argv[1:], *("scene:?size=480x270", "viewfinder.gif")[len(sys.argv) - 1 :]][:2]
    pictures: list[Image.Image] = []
    with (
        gg.open(source_name) as source,
        BitmapSurface(source.size, lambda frame: pictures.append(Image.fromarray(frame.copy()))) as surface,
        gg.Engine(gl=surface.gl) as engine,
    ):
        viewer = Viewer(
            engine, source, SettingsHistory(gg.Settings(focus_m=1.25)), surface=surface, tools=[FocusTool, Aids]
        )
        surface.input.post(Key("P"))  # focus peaking
        surface.input.post(Pointer("press", 0.5, 0.5))  # focus on the centre
        viewer.run(frames=FRAMES)
    pictures = pictures[:FRAMES]  # a new message in the status line shows a frame again
    pictures[0].save(output, save_all=True, append_images=pictures[1:], duration=1000 // 12, loop=0)
    print(f"{output}: {len(pictures)} frames")


if __name__ == "__main__":
    main()
