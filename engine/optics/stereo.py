"""Disparity from a rectified stereo pair, by semi-global matching on the device.

H. Hirschmueller, "Stereo processing by semiglobal matching and mutual information", PAMI 2008, on the census of R.
Zabih and J. Woodfill (ECCV 1994), which does not mind that the two cameras expose differently.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..compute.device import Device
from ..compute.planes import Planes
from ..errors import SourceError

MOST_DISPARITIES = 256  # a disparity is one byte on the device
_STEP = 32  # it searches a multiple of so many
_MARGIN = 6  # by so much the best of a pixel's costs, which are 0 to 480, must be less than any that is no neighbour


def disparities_for(max_disparity: float, width: int) -> int:
    """How many disparities the device searches, from 0 to `max_disparity` pixels and a few more."""
    wanted = min(int(max_disparity) + 1, width)
    return -(-wanted // _STEP) * _STEP


class StereoDepth:
    """Matches pairs of one size.

    `left` and `right` take the grey pictures, 0 to 1, as bright as they look. `disparity` holds what was found: by how
    many pixels a point lies farther left in the right picture. Farther points have less. A pixel that the right camera
    does not see, or that looks like many others, takes its disparity from what lies farther away beside it; where
    nothing at all was found it is 0. `max_disparity` is the greatest that is looked for. Raises SourceError where it is
    not 1 to 255.
    """

    def __init__(self, device: Device, width: int, height: int, max_disparity: float = 63) -> None:
        if not 1 <= max_disparity < MOST_DISPARITIES:
            raise SourceError(
                f"a disparity of up to {max_disparity:g} pixels cannot be searched; give 1 to {MOST_DISPARITIES - 1}, "
                f"and smaller pictures for more"
            )
        self._device = device
        self.disparities = disparities_for(max_disparity, width)
        self.left, self.right, self.disparity = (Planes(device, width, height, 1) for _ in range(3))
        layout = self.left.layout
        row = layout.pitch + self.disparities
        slack = layout.pitch  # kernels take whole runs
        self._left_codes = device.allocate(3 * layout.stride + slack)
        self._right_codes = device.allocate(3 * height * row + slack)
        self._jumps = device.allocate(4 * layout.stride + slack)
        self._slots = device.allocate(2 * 3 * (width + height) * self.disparities)
        self._costs = device.allocate(2 * width * height * self.disparities)
        self._rivals = device.allocate(2 * height * row)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the pictures."""
        return self.left.size

    def run(self, left_grey: NDArray[np.float32], right_grey: NDArray[np.float32]) -> NDArray[np.float32]:
        """Two (H, W) pictures, 0 to 1, to the disparity of the left one's pixels, (H, W) float32, in pixels."""
        width, height = self.size
        for name, grey in (("left", left_grey), ("right", right_grey)):
            if grey.shape != (height, width):
                raise SourceError(f"the {name} picture is {grey.shape}, not {(height, width)}; give two of one size")
        self.left.write(left_grey[..., None])
        self.right.write(right_grey[..., None])
        self.match()
        return self.disparity.read()[..., 0]

    def match(self) -> None:
        """Queues what fills `disparity` from `left` and `right`, which it overwrites."""
        layout, device = self.left.layout, self._device
        width, height, pitch, stride = layout.width, layout.height, layout.pitch, layout.stride
        census, sweep, winner = (
            f"stereo_{name}.cl?DISPARITIES={self.disparities}" for name in ("census", "sweep", "winner")
        )
        self.left.mirror()
        self.right.mirror()
        self.left.run(census, "census_left", self.left.buffer, self._left_codes, pitch, stride)
        self.right.run(census, "census_right", self.right.buffer, self._right_codes, pitch, height)
        self.left.run(census, "jumps", self.left.buffer, self._jumps, pitch, stride)
        device.run(
            sweep, "sweep", (2,), (1,), self._left_codes, self._right_codes, self._jumps, self._slots, self._costs,
            width, height, pitch, stride,
        )  # fmt: skip
        device.run(
            winner, "winner", (height,), (1,), self._costs, self.disparity.buffer, self._rivals, width, height, pitch,
            _MARGIN,
        )  # fmt: skip
        self._fill()

    def _fill(self) -> None:
        found, kept = self.disparity, self.left  # the grey is used up
        width, height, pitch = found.layout.width, found.layout.height, found.layout.pitch
        found.mirror()
        found.run("stereo_fill.cl", "without_specks", found.buffer, kept.buffer, pitch)
        for lines, length, along, across in ((height, width, 1, pitch), (width, height, pitch, 1)):
            self._device.run(
                "stereo_fill.cl", "fill_lines", (lines,), (1,), kept.buffer, lines, length, along, across, pitch
            )
        kept.mirror()
        found.run("stereo_fill.cl", "median", kept.buffer, found.buffer, pitch)

    def release(self) -> None:
        for planes in (self.left, self.right, self.disparity):
            planes.release()
        for buffer in (
            self._left_codes, self._right_codes, self._jumps, self._slots, self._costs, self._rivals,
        ):  # fmt: skip
            self._device.release(buffer)
