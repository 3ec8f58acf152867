"""The input of a depth model: a small display-encoded copy of the developed picture, made on the device."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..camera import REC2020_TO_REC709
from ..compute.arguments import of_matrix
from ..compute.device import Buffer, Device, Fetch
from ..compute.planes import Planes

_SAMPLES = 4  # maximum scene samples along each axis of a pixel of the small copy


class ModelPicture(NamedTuple):
    """A picture of `size`, (width, height), that the device copies to the host."""

    copy: Fetch
    size: tuple[int, int]

    def pixels(self) -> NDArray[np.float32]:
        """(3, H, W), sRGB-encoded, 0 to 1. Waits for the copy."""
        return self.copy.array().reshape(3, self.size[1], self.size[0])


class Downscale:
    """Resizes scenes of `scene_size`, (width, height), to display-encoded pictures of `size` on the device."""

    def __init__(self, device: Device, scene_size: tuple[int, int], size: tuple[int, int]) -> None:
        self.device, self.scene_size, self.size = device, scene_size, size
        self._taps: list[tuple[int, Buffer, Buffer]] = []
        for samples, count in zip(scene_size, size, strict=True):
            indices, weights = taps(samples, count)
            self._taps.append((indices.shape[1], _upload(device, indices), _upload(device, weights)))
        self._picture = device.allocate(4 * 3 * size[0] * size[1])

    def run(self, scene: Planes) -> ModelPicture:
        """Queues the copy of `scene` and returns it."""
        width, height = self.size
        (across, columns, column_weights), (down, rows, row_weights) = self._taps
        layout = scene.layout
        self.device.run(
            "monocular.cl", "monocular_picture", (-(-width // 32) * 32, height), (32, 1), scene=scene.buffer,
            columns=columns, column_weights=column_weights, rows=rows, row_weights=row_weights, picture=self._picture,
            width=width, height=height, across=across, down=down, pitch=layout.pitch, stride=layout.stride,
            **of_matrix(REC2020_TO_REC709),
        )  # fmt: skip
        return ModelPicture(self.device.fetch(self._picture, np.float32, 3 * width * height), self.size)

    def release(self) -> None:
        for _, indices, weights in self._taps:
            self.device.release(indices)
            self.device.release(weights)
        self.device.release(self._picture)


def taps(samples: int, count: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The resampling of a row of `samples` to `count` pixels: sample indices and weights, both (count, n).

    Downscaling averages up to _SAMPLES samples, evenly spaced over the pixel; upscaling interpolates the two adjacent
    samples.
    """
    step = samples / count
    if step >= 1:
        n = min(int(np.ceil(step)), _SAMPLES)
        positions = (np.arange(count)[:, None] + (np.arange(n) + 0.5) / n) * step
        return positions.astype(np.int32), np.full((count, n), 1 / n, np.float32)
    centres = np.clip((np.arange(count) + 0.5) * step - 0.5, 0, samples - 1)
    before = np.floor(centres).astype(np.int32)
    share = (centres - before).astype(np.float32)
    after = np.minimum(before + 1, samples - 1).astype(np.int32)
    return np.stack([before, after], axis=1), np.stack([1 - share, share], axis=1)


def _upload(device: Device, numbers: NDArray[np.int32] | NDArray[np.float32]) -> Buffer:
    buffer = device.allocate(numbers.nbytes)
    device.write(buffer, np.ascontiguousarray(numbers))
    return buffer
