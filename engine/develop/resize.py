"""Shrinks the developed scene to the size that is drawn."""

from __future__ import annotations

import math
from fractions import Fraction

from ..compute.device import Device
from ..compute.planes import Planes

RESIZE = "resize.cl"
_EXACT = {"resize_halve": Fraction(2), "resize_three_quarters": Fraction(4, 3)}  # kernels by the ratio of the sizes


class Resize:
    """Shrinks three planes from one size, (width, height), to a smaller one; allocates on construction.

    Each output pixel is the mean over its area, in linear light, so energy is preserved.
    """

    def __init__(self, device: Device, scene_size: tuple[int, int], size: tuple[int, int]) -> None:
        self._scene_size = scene_size
        self.output = Planes(device, *size, 3)
        self._kernel: str = next((name for name, ratio in _EXACT.items() if _is_ratio(scene_size, size, ratio)), "")
        self._rows = None if self._kernel else Planes(device, scene_size[0], size[1], 3)

    def run(self, scene: Planes) -> Planes:
        """Queues the work and returns the smaller planes, which the next call overwrites. Borders are not mirrored."""
        rows, output = self._rows, self.output
        if rows is None:
            area = 3 * output.device.run_length if self._kernel == "resize_three_quarters" else None
            output.run(
                RESIZE, self._kernel, scene=scene.buffer, picture=output.buffer, rows=output.layout.height,
                scene_pitch=scene.layout.pitch, scene_stride=scene.layout.stride, row_count=3 * output.layout.height,
                area=area,
            )  # fmt: skip
            return output
        step_x, step_y = (before / after for before, after in zip(self._scene_size, output.size, strict=True))
        rows.run(
            RESIZE, "resize_rows", scene=scene.buffer, picture=rows.buffer, rows=rows.layout.height,
            scene_stride=scene.layout.stride, step=step_y, taps=math.ceil(step_y) + 1,
            row_count=3 * rows.layout.height,
        )  # fmt: skip
        output.run(
            RESIZE, "resize_columns", scene=rows.buffer, picture=output.buffer, rows=output.layout.height,
            scene_pitch=rows.layout.pitch, scene_stride=rows.layout.stride, step=step_x, taps=math.ceil(step_x) + 1,
            row_count=3 * output.layout.height,
        )  # fmt: skip
        return output

    def release(self) -> None:
        """Releases everything; a second call has no effect."""
        if self._rows is not None:
            self._rows.release()
        self.output.release()


def _is_ratio(scene_size: tuple[int, int], size: tuple[int, int], ratio: Fraction) -> bool:
    return all(before == ratio * after for before, after in zip(scene_size, size, strict=True))
