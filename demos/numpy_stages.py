"""The stages on NumPy arrays, step by step, from a mosaic to a picture: for a notebook or a data set.

python demos/numpy_stages.py -o stages.png
"""

from __future__ import annotations

import argparse

import groundglass as gg
import numpy as np
from PIL import Image


def describe(stage: str, numbers: np.ndarray) -> None:
    print(f"{stage:9} {numbers.shape!s:18} {numbers.dtype!s:8} {numbers.min():8.3f} to {numbers.max():8.3f}")


def stages(frame: gg.Frame, lens: gg.Lens, focus_m: float, look: str) -> list[np.ndarray]:
    """The frame after each stage, each (H, W, 3) as display sRGB, 0 to 1."""
    profile, height, width = frame.profile, frame.height, frame.width
    describe("sensor", frame.pixels)

    # Levels and white balance: one factor per photosite of the 2x2 block.
    black = np.tile(np.reshape(profile.black, (2, 2)), (height // 2 + 1, width // 2 + 1))[:height, :width]
    balance = np.tile(np.array(profile.white_balance)[frame.cfa.channels()], (height // 2 + 1, width // 2 + 1))
    light = (frame.pixels - black) / (profile.white - black) * balance[:height, :width]
    mosaic = np.clip(light, 0, 1).astype(np.float32)
    describe("mosaic", mosaic)

    camera_rgb = gg.demosaic(mosaic, pattern=frame.cfa.pattern, method="rcd")
    scene_rgb = (camera_rgb @ profile.camera_to_scene.T * 2.0**profile.exposure_ev).astype(np.float32)
    describe("demosaic", scene_rgb)

    soft_rgb = gg.defocus(scene_rgb, frame.depth_m, lens=lens, focus_m=focus_m, quality="best")
    describe("defocus", soft_rgb)

    display_rgb = gg.grade(soft_rgb, look=look, space="rec2020")
    describe("grade", display_rgb)
    plain = [gg.grade(rgb, look="neutral", space="rec2020") for rgb in (scene_rgb, soft_rgb)]
    return [np.repeat(np.sqrt(mosaic)[..., None], 3, axis=2), *plain, display_rgb]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="?", default="scene:?size=960x540", help="with depth, such as scene:")
    parser.add_argument("-o", "--output", default="stages.png")
    wanted = parser.parse_args()
    with gg.open(wanted.source) as source:
        frame = next(iter(source))
    lens = gg.Lens(focal_mm=50, f_number=1.4, sensor_width_mm=36.0)
    mosaic, sharp, soft, graded = stages(frame, lens, focus_m=1.2, look="classic")
    sheet = np.vstack([np.hstack([mosaic, sharp]), np.hstack([soft, graded])])
    Image.fromarray((sheet * 255 + 0.5).astype(np.uint8)).save(wanted.output)
    print(f"wrote {wanted.output}")
