"""Your own source: a `BaseSource` that iterates `Frame`s. Here NumPy renders a 12-bit sensor's raw data.
python demos/custom_source.py -o pendulum.png
"""

import argparse
from collections.abc import Iterator

import groundglass as gg
import numpy as np
from PIL import Image

CFA = gg.Cfa("RGGB")
SENSOR = gg.CameraProfile(black=(256,) * 4, white=4095, white_balance=(2.0, 1.0, 1.5), exposure_ev=1.0)


class Pendulum(gg.BaseSource):
    """A ball that swings from 3.1 m to 0.9 m in front of a wall of lamps; `size` is (width, height) in pixels."""

    name, fps = "pendulum", 24.0

    def __init__(self, size: tuple[int, int], frames: int) -> None:
        self.size, self.frames = size, frames

    def __iter__(self) -> Iterator[gg.Frame]:
        for index in range(self.frames):
            time_s = index / self.fps
            rgb, depth_m = self.paint(swing=np.cos(np.pi * time_s))
            yield gg.Frame(to_mosaic(rgb), cfa=CFA, profile=SENSOR, depth_m=depth_m, index=index, time_s=time_s)

    def paint(self, swing: float) -> tuple[np.ndarray, np.ndarray]:
        """Scene light (H, W, 3), 18 % grey = 0.18, and its depth in metres (H, W)."""
        x, y = (np.indices(self.size) + 0.5 - np.reshape(self.size, (2, 1, 1)) / 2).swapaxes(1, 2) * 0.7 / self.size[0]
        lamps = 0.02 + 0.98 * np.exp(40 * (np.abs(np.cos(x * np.pi / 0.14) * np.cos(y * np.pi / 0.14)) - 1))
        wall = lamps[..., None] * np.array([1.0, 0.8, 0.5])
        distance_m = 2.0 + 1.1 * swing
        across, down = (x * distance_m + 0.08 * swing) / 0.15, y * distance_m / 0.15  # in radii of the ball
        towards = np.sqrt(np.maximum(1 - across**2 - down**2, 0))
        shade = 0.03 + 0.6 * np.maximum(0.6 * towards - 0.5 * across - 0.6 * down, 0)
        rgb = np.where(towards[..., None] > 0, shade[..., None] * np.array([1.0, 0.35, 0.12]), wall)
        return rgb, np.where(towards > 0, distance_m, 4.0).astype(np.float32)


def to_mosaic(rgb: np.ndarray) -> np.ndarray:
    """The mosaic of the sensor, (H, W) uint16: one colour per photosite, before white balance."""
    counts = SENSOR.black[0] + rgb / SENSOR.white_balance * (SENSOR.white - SENSOR.black[0])
    rows, columns = np.indices(rgb.shape[:2])
    mosaic = np.take_along_axis(counts, CFA.channels()[rows % 2, columns % 2][..., None], axis=2)[..., 0]
    return np.clip(mosaic.round(), 0, SENSOR.white).astype(np.uint16)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A ball that swings towards the camera, as a strip of pictures.")
    parser.add_argument("--width", type=int, default=480, help="width of each picture in pixels")
    parser.add_argument("-o", "--output", default="pendulum.png")
    wanted = parser.parse_args()
    source, settings = Pendulum((wanted.width, wanted.width * 2 // 3), frames=24), gg.Settings(look="natural")
    with gg.Engine(size=source.size, settings=settings) as engine:
        Image.fromarray(np.hstack([engine.render(frame, settings) for frame in source][::5])).save(wanted.output)
    print(f"wrote {wanted.output}")
