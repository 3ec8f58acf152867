"""Capture sharpening of the developed picture."""

from __future__ import annotations

import math

from ..compute.planes import PAD, Planes

RADIUS_PX = 0.7  # of the blur that lens, sensor and demosaicing leave together
STRENGTH = 1.3  # of the mask at full amount: more makes teeth of what an edge has left of the sensor's grid
QUIET = 0.002  # detail in the domain of the square root that is taken for noise where nobody knows better


class Sharpen:
    """Sharpens scene planes of one size; `output` is planes of its own."""

    def __init__(self, scene: Planes) -> None:
        self.scene = scene
        self.output = Planes(scene.device, *scene.size, 3)
        self._bright = Planes(scene.device, *scene.size, 1)

    def run(self, amount: float, noise: float = 0.0) -> None:
        """Queues the kernels; overwrites the border of `scene`. `amount` is 0 to 1, `noise` the standard deviation of
        the picture's noise in the domain of kernels/encoding.h.
        """
        layout, scene = self.scene.layout, self.scene.buffer
        self.scene.mirror()
        self.scene.run(
            "sharpen.cl", "brightness", scene, self._bright.buffer, layout.pitch, layout.stride,
            rows=layout.height + 2 * PAD,
        )  # fmt: skip
        weights = [math.exp(-(distance**2) / (2 * RADIUS_PX**2)) for distance in range(3)]
        total = weights[0] + 2 * (weights[1] + weights[2])
        self.scene.run(
            "sharpen.cl", "sharpen", scene, self._bright.buffer, self.output.buffer, layout.pitch, layout.stride,
            *(weight / total for weight in weights), STRENGTH * amount, max(noise, QUIET),
        )  # fmt: skip

    def release(self) -> None:
        self.output.release()
        self._bright.release()
