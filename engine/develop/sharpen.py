"""Capture sharpening of the developed picture."""

from __future__ import annotations

from ..compute.planes import PAD, Planes

# Strength of the unsharp mask at full amount, and the weight of a diagonal neighbour relative to an adjacent one.
# Measured on photographs and slanted edges, blurred by 0.5 and 0.7 pixels, mosaicked and demosaicked: the error equals
# that of the exact Gaussian's mask (strength 1.3), while the finest diagonals, which show the sensor's grid as jagged
# edges, are raised by 0.75 instead of 1.3.
STRENGTH, CORNER = 0.7, 0.8
QUIET = 0.002  # minimum noise, in the square-root domain; used without a noise profile


class Sharpen:
    """Sharpens scene planes of one size; `output` is separate planes, or the scene itself while the amount is 0.

    It allocates planes when it first sharpens.
    """

    def __init__(self, scene: Planes) -> None:
        self.scene = self.output = scene
        self._planes: tuple[Planes, Planes] | None = None  # the sharpened picture, and its brightness

    def run(self, amount: float, noise: float = 0.0) -> None:
        """Queues the kernels; overwrites the border of `scene`. `amount` is 0 to 1. `noise` is the standard deviation
        of the picture's noise in the domain of kernels/encoding.h.
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
        """Releases its planes; safe to call twice."""
        for planes in self._planes or ():
            planes.release()
