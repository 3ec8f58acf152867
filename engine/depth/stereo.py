"""Disparity from a rectified stereo pair, by semi-global matching on the device.

H. Hirschmueller, "Stereo processing by semiglobal matching and mutual information", PAMI 2008, on the census transform
of R. Zabih and J. Woodfill (ECCV 1994), which is invariant to exposure differences between the cameras.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks import NUMBER, check_kind
from ..compute.device import Device
from ..compute.planes import Planes
from ..errors import SourceError

MAX_DISPARITIES = 256  # a disparity is one byte on the device
FILL = "stereo_fill.cl"
_STEPS = ((1, 0), (1, 1), (0, 1), (-1, 1))  # path steps of the downward sweep; the upward sweep reverses them
_DIRECTIONS = 8  # search directions to fill a hole
_MAX_COST_BYTES = 2**31 - 1  # a cost index is an int on the device
_GROUP = 64  # work-items per group on a GPU
_STEP = 32  # the number of searched disparities is a multiple of this
_MARGIN = 6  # minimum margin between a pixel's best cost (0 to 480) and all others that are not adjacent


def disparities_for(max_disparity: float, width: int) -> int:
    """Number of disparities that the device searches: 0 to `max_disparity` pixels, rounded up."""
    count = min(int(max_disparity) + 1, width)
    return -(-count // _STEP) * _STEP


class StereoDepth:
    """Matches pairs of one size.

    `left` and `right` are the grey pictures, 0 to 1, in perceived brightness. `disparity` is the result: the leftward
    shift of a point in the right picture, in pixels; it is smaller for farther points. Occluded or ambiguous pixels
    take the disparity of the farther surface next to them; without any match it is 0. `max_disparity` is the maximum
    disparity of the search. Raises SourceError if it is not 1 to 255.
    """

    def __init__(self, device: Device, width: int, height: int, max_disparity: float = 63) -> None:
        check_kind("stereo", "max_disparity", max_disparity, NUMBER)
        if not 1 <= max_disparity < MAX_DISPARITIES:
            raise SourceError(
                f"a disparity of up to {max_disparity:g} pixels is out of range; use 1 to {MAX_DISPARITIES - 1}, "
                f"and smaller pictures for more"
            )
        count = disparities_for(max_disparity, width)
        if 2 * width * height * count > _MAX_COST_BYTES:
            raise SourceError(
                f"{width}x{height} pixels with {count} disparities are too many; use smaller pictures, "
                f"or a smaller maximum disparity"
            )
        self._device = device
        self._by_sweeps = device.is_cpu  # sweeps have few long work-items; a GPU needs many short ones
        self.disparities = count
        self.left, self.right, self.disparity, self._matched = (Planes(device, width, height, 1) for _ in range(4))
        layout = self.left.layout
        row = layout.pitch + self.disparities
        slack = layout.pitch  # kernels process whole runs
        self._left_codes = device.allocate(3 * layout.stride + slack)
        self._right_codes = device.allocate(3 * height * row + slack)
        self._jumps = device.allocate(4 * layout.stride + slack)
        self._slots = device.allocate(2 * 3 * (width + height) * self.disparities)
        self._costs = device.allocate(
            max(2 * width * height * self.disparities, 4 * (_DIRECTIONS * layout.stride + slack))
        )
        device.write(self._matched.buffer, np.full(layout.stride, -1, np.float32))  # unknown outside the picture
        self._rivals = device.allocate(2 * height * (row + layout.pitch))

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the pictures."""
        return self.left.size

    def run(self, left_grey: NDArray[np.float32], right_grey: NDArray[np.float32]) -> NDArray[np.float32]:
        """The disparity of the left picture's pixels, (H, W) float32, in pixels, from two (H, W) pictures, 0 to 1."""
        width, height = self.size
        for name, grey in (("left", left_grey), ("right", right_grey)):
            if grey.shape != (height, width):
                raise SourceError(
                    f"the {name} picture is {grey.shape}, not {(height, width)}; both pictures must have the same size"
                )
        self.left.write(left_grey[..., None])
        self.right.write(right_grey[..., None])
        self.match()
        return self.disparity.read()[..., 0]

    def match(self) -> None:
        """Queues the kernels that fill `disparity` from `left` and `right`; both are overwritten."""
        layout = self.left.layout
        width, height = self.size
        census, sweep, winner = (
            f"stereo_{name}.cl?DISPARITIES={self.disparities}" for name in ("census", "sweep", "winner")
        )
        self.left.mirror()
        self.right.mirror()
        self.left.run(census, "census_left", grey=self.left.buffer, codes=self._left_codes)
        self.right.run(census, "census_right", grey=self.right.buffer, codes=self._right_codes)
        self.left.run(census, "jumps", grey=self.left.buffer, costs=self._jumps)
        selection: dict[str, Any] = {
            "sums": self._costs,
            "disparity": self._matched.buffer,
            "width": width,
            "height": height,
            "pitch": layout.pitch,
            "margin": _MARGIN,
        }
        if self._by_sweeps:
            self._run_scanlines(
                sweep, "sweep", 2, left=self._left_codes, right=self._right_codes, jump=self._jumps, slots=self._slots,
                sums=self._costs, width=width, height=height, pitch=layout.pitch, stride=layout.stride,
            )  # fmt: skip
            self._run_scanlines(winner, "winner", height, rivals=self._rivals, **selection)
        else:
            self._aggregate_paths(f"stereo_paths.cl?DISPARITIES={self.disparities}")
            columns = -(-width // _GROUP) * _GROUP
            self._device.run(winner, "winner_of_pixel", (columns, height), (_GROUP, 1), **selection)
        self._fill()

    def _aggregate_paths(self, source: str) -> None:
        """Aggregates the same costs as `sweep` on a GPU: direction by direction, all paths of one in parallel."""
        width, height, layout = *self.size, self.left.layout
        for is_up, sign in ((0, 1), (1, -1)):
            for plane, (dx, dy) in enumerate(_STEPS):
                paths = height if dy == 0 else width + (height - 1) * abs(dx)
                self._device.run(
                    source, "path_costs", (paths * self.disparities,), (self.disparities,), left=self._left_codes,
                    right=self._right_codes, jump=self._jumps, sums=self._costs, width=width, height=height,
                    pitch=layout.pitch, stride=layout.stride, dx=sign * dx, dy=sign * dy, plane=plane, is_up=is_up,
                    is_first=int(plane == 0),
                )  # fmt: skip

    def _fill(self) -> None:
        """Removes speckles, fills holes and smooths: from `_matched` to `disparity`."""
        matched, kept, filled = self._matched, self.left, self.right  # the grey pictures are no longer needed
        carried = self._costs  # the costs are no longer needed
        layout, (width, height) = matched.layout, self.size
        matched.run(FILL, "remove_speckles", disparity=matched.buffer, kept=kept.buffer)
        kept.mirror()  # paths begin outside the picture
        lines: dict[str, Any] = {
            "disparity": kept.buffer,
            "carried": carried,
            "width": width,
            "height": height,
            "pitch": layout.pitch,
        }
        self._run_scanlines(FILL, "fill_rows", height, stride=layout.stride, **lines)
        leaning = -(-(width + height) // self._device.run_length)
        ways = [(lean, is_up) for lean in (-1, 0, 1) for is_up in (0, 1)]
        for plane, (lean, is_up) in enumerate(ways, start=2):
            self._run_scanlines(FILL, "fill_columns", leaning, lean=lean, is_up=is_up, plane=plane, **lines)
        matched.run(FILL, "fill", disparity=kept.buffer, carried=carried, filled=filled.buffer)
        filled.mirror()
        matched.run(FILL, "median", disparity=filled.buffer, smooth=self.disparity.buffer)

    def _run_scanlines(self, source: str, kernel: str, lines: int, /, **arguments: object) -> None:
        """Queues a kernel whose work-items process one line of the picture each."""
        local = 1 if self._device.is_cpu else _GROUP
        self._device.launch(source, kernel, (-(-lines // local) * local,), (local,), arguments)

    def release(self) -> None:
        for planes in (self.left, self.right, self.disparity, self._matched):
            planes.release()
        for buffer in (
            self._left_codes, self._right_codes, self._jumps, self._slots, self._costs, self._rivals,
        ):  # fmt: skip
            self._device.release(buffer)
