"""Capture sharpening of the developed picture."""

from __future__ import annotations

from ..compute.planes import PAD, Planes

# Of the mask at full amount, and what a neighbour across a corner weighs beside one that shares an edge. Measured on
# photographs and slanted edges, blurred by 0.5 and 0.7 pixels, mosaicked and demosaicked: as near to the unblurred as
# the exact Gaussian's mask (strength 1.3), and finest diagonals, where the sensor's grid shows as teeth, raised by 0.75
# instead of 1.3.
STRENGTH, CORNER = 0.7, 0.8
QUIET = 0.002  # detail in the domain of the square root that is taken for noise where nobody knows better


class Sharpen:
    """Sharpens scene planes of one size; `output` is planes of its own, or the scene as long as the amount is 0.

    Its planes are made when it sharpens for the first time.
    """

    def __init__(self, scene: Planes) -> None:
        self.scene = self.output = scene
        self._planes: tuple[Planes, Planes] | None = None  # the sharpened picture, and its brightness

    def run(self, amount: float, noise: float = 0.0) -> None:
        """Queues the kernels; overwrites the border of `scene`. `amount` is 0 to 1, `noise` the standard deviation of
        the picture's noise in the domain of kernels/encoding.h.
        """
        if amount == 0:
            self.output = self.scene
            return
        if self._planes is None:
            self._planes = (
                Planes(self.scene.device, *self.scene.size, 3),
                Planes(self.scene.device, *self.scene.size, 1),
            )
        self.output, bright = self._planes
        scene = self.scene.buffer
        self.scene.mirror()
        self.scene.run(
            "sharpen.cl", "brightness", scene=scene, bright=bright.buffer,
            row_count=self.scene.layout.height + 2 * PAD,
        )  # fmt: skip
        side = STRENGTH * amount / (4 + 4 * CORNER)
        self.scene.run(
            "sharpen.cl", "sharpen", scene=scene, bright=bright.buffer, output=self.output.buffer,
            centre=STRENGTH * amount, side=side, corner=CORNER * side, noise_squared=max(noise, QUIET) ** 2,
        )  # fmt: skip

    def release(self) -> None:
        """Gives its planes back; harmless when done twice."""
        for planes in self._planes or ():
            planes.release()
