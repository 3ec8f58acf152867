"""The pictures of docs/gallery.md: each is what a demo makes."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import av
import groundglass as gg
import numpy as np
from PIL import Image

DEMOS = Path(__file__).resolve().parent.parent / "demos"
GALLERY_PX = 1000  # the longest side of a picture
# Demo -> its arguments for the picture.
GALLERY = {
    "benchmark": ("--sizes", "640x360", "960x540", "1280x720"),
    "bokeh_sheet": ("--focus", "1.2", "--lens", "noct-50", "swirl-50", "--f-number", "0.95", "2.8", "--width", "500"),
    "compare_demosaics": ("scene:?size=1920x1080", "--side", "48", "--exposure", "0.7"),
    "compare_devices": ("scene:?size=600x338",),
    "contact_sheet": ("--width", "380"),
    "custom_lens": (),
    "custom_pass": (),
    "custom_source": (),
    "learn_look": (),
    "numpy_stages": (),
    "rack_focus": ("scene:?size=800x450&noise=0",),
    "stereo_sheet": ("left.png", "--right", "right.png", "--focal", "800", "--baseline", "0.05", "--focus", "1.2"),
}
GALLERY_NAMES = {f"gallery/{name.replace('_', '-')}": name for name in GALLERY}  # picture -> demo


def gallery_picture(name: str) -> Image.Image:
    """What a demo makes; of a video three pictures of its first half, side by side."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        if name == "stereo_sheet":
            write_stereo_pair(focal_px=800.0, baseline_m=0.05)
        output = "demo.mp4" if name == "rack_focus" else "demo.png"
        command = [sys.executable, str(DEMOS / f"{name}.py"), *GALLERY[name], "-o", output]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        picture = _video_strip(output) if output.endswith(".mp4") else Image.open(output).convert("RGB")
    picture.thumbnail((GALLERY_PX, GALLERY_PX), Image.Resampling.LANCZOS)
    return picture


def write_stereo_pair(focal_px: float, baseline_m: float) -> None:
    """left.png and right.png: the built-in scene, and its pixels moved by their disparity, the nearest in front.

    What the left camera does not see continues the background.
    """
    with gg.open("scene:?size=960x540&noise=0") as source, gg.Engine() as engine:
        frame = next(iter(source))
        settings = gg.Settings(look="neutral", development=gg.Development(metering="auto"))
        left = engine.render(replace(frame, depth_m=None), settings)
    disparity = np.round(focal_px * baseline_m / frame.depth_m).astype(int)
    right, known = np.zeros_like(left), np.zeros(disparity.shape, bool)
    rows, columns = np.indices(disparity.shape)
    for shift in np.unique(disparity):  # from far to near
        here = (disparity == shift) & (columns >= shift)
        right[rows[here], columns[here] - shift], known[rows[here], columns[here] - shift] = left[here], True
    last_known = np.maximum.accumulate(np.where(known, columns, 0), axis=1)
    for name, picture in (("left", left), ("right", right[rows, last_known])):
        Image.fromarray(picture).save(f"{name}.png")


def _video_strip(path: str) -> Image.Image:
    with av.open(path) as video:
        pictures = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    shown = (0, len(pictures) // 4, len(pictures) // 2 - 1)
    return Image.fromarray(np.hstack([pictures[number] for number in shown]))
