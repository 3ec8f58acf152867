"""The built-in studio: a still life with charts in front of a wall of lights, from 0.5 m to 10 m, with exact depth.

    10 m   dim plaster wall, fairy lights, globe lamps    1.5 m     colour chart on a pole (left)
    7 m    pleated drape (left edge)                      1.2 m     the subject: a stoneware vase, olive twigs
    5.5 m  linen screen (right)                           1-1.3 m   a ball of skin tone, a small red one, a glass one
    4.2 m  plaster column with a clay ball                0.85 m    a leather ball
    3 m    deep teal ball                                 0.5-0.7 m grasses and strands, some thinner than a pixel
    2 m    resolution card on an easel (right)

Everything is in focus: a pinhole with the point spread of a good lens and an optical low-pass filter. Depth is the
distance along the optical axis, as in the thin-lens formula.
"""

from __future__ import annotations

import math
from concurrent.futures import Executor

import numpy as np
from numpy.typing import NDArray

from .backdrop import Backdrop, Shadow
from .canvas import Canvas, Planes, Sprite, Stem, View
from .charts import colour_chart_patch
from .still_life import COLOUR_CHART_BOX, COLOUR_CHART_M, foreground, sprites

SWAY_M = 0.005

SHADOWS = (
    Shadow(-0.048, 1.05, 0.055),
    Shadow(0.066, 1.20, 0.062),
    Shadow(-0.190, 0.95, 0.050, 0.45),
    Shadow(0.158, 0.85, 0.052),
    Shadow(0.168, 1.33, 0.030),
    Shadow(-0.275, 3.0, 0.155),
    Shadow(-0.12, 4.2, 0.20),
    Shadow(-0.355, 1.5, 0.050, 0.5),
    Shadow(0.485, 2.0, 0.16, 0.35),
    Shadow(1.16, 5.5, 0.45, 0.5),
    Shadow(-2.2, 7.0, 0.5, 0.6),
)


class Studio:
    """The scene at one size. Rigid parts are painted once; a new pose only moves them."""

    def __init__(self, width: int, height: int, sway_m: float = SWAY_M) -> None:
        """`sway_m` is the sway of the camera to either side."""
        self.view = View.fit(width, height)
        self.sway_m = sway_m
        self._backdrop = Backdrop(self.view, SHADOWS, sway_m)
        self._objects: list[Sprite | Stem] = sorted(
            [*sprites(self.view, self._backdrop), *foreground(self.view)], key=lambda item: -item.distance_m
        )

    def prepare(self, pool: Executor) -> None:
        """Paint all sprites on the pool's threads."""
        futures = [pool.submit(item.prepare, self.view) for item in self._objects if isinstance(item, Sprite)]
        for future in futures:
            future.result()

    def pose(self, phase: float) -> tuple[Planes, NDArray[np.float32]]:
        """The colours as planes (3, H, W) float32 and the depth in metres (H, W) float32 at `phase` of the sway."""
        swing = math.sin(2 * math.pi * phase)
        canvas: Canvas = self._backdrop.paint(self.sway_m * swing, phase)
        for item in self._objects:
            if isinstance(item, Stem):
                item.draw(canvas, self.view, self.sway_m * swing, wind=swing)
            else:
                item.draw(canvas, self.view, self.sway_m * swing)
        return canvas.rgb, canvas.depth_m


def render(width: int, height: int, phase: float = 0.0) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The scene (H, W, 3) float32, linear Rec.2020 with 18 % grey at 0.18, and its depth in metres (H, W) float32.

    `phase` is the phase of the camera's sway, with period 1: 0 is the middle, 0.25 the right end, 0.75 the left end.
    Whites stay below 0.95; only the lamps (up to 10) and highlights are brighter.
    """
    rgb, depth_m = Studio(width, height).pose(phase)
    return np.ascontiguousarray(np.moveaxis(rgb, 0, 2)), depth_m


def colour_chart_boxes(width: int, height: int) -> NDArray[np.float64]:
    """(24, 4): left, top, right, bottom in pixels of each patch of the colour chart at phase 0, in reading order."""
    view = View.fit(width, height)
    left, bottom, right, top = COLOUR_CHART_BOX
    boxes = []
    for index in range(24):
        x0, y0, x1, y1 = colour_chart_patch(index)
        columns = [view.column(left + (right - left) * x, COLOUR_CHART_M) for x in (x0, x1)]
        rows = [view.row(bottom + (top - bottom) * y, COLOUR_CHART_M) for y in (y1, y0)]
        boxes.append((columns[0], rows[0], columns[1], rows[1]))
    return np.array(boxes)
