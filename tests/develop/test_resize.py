"""Shrinking the scene by area averaging."""

from __future__ import annotations

import numpy as np
import pytest
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.develop.resize import Resize

RANDOM = np.random.default_rng(31)


def shrink(device: Device, scene: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    planes = Planes(device, scene.shape[1], scene.shape[0], 3)
    planes.write(scene)
    resize = Resize(device, planes.size, size)
    try:
        return resize.run(planes).read()
    finally:
        resize.release()
        resize.release()
        planes.release()


def coverage(before: int, after: int) -> np.ndarray:
    """(after, before): the part of each input pixel in each output pixel, as means."""
    edges = np.arange(after + 1) * before / after
    number = np.arange(before)
    overlap = np.minimum(edges[1:, None], number + 1) - np.maximum(edges[:-1, None], number)
    return np.maximum(overlap, 0.0) * after / before


@pytest.mark.parametrize(
    ("height", "width", "size"),
    [
        (54, 96, (72, 41)),
        (54, 96, (48, 27)),
        (60, 208, (156, 45)),
        (12, 52, (39, 9)),
        (4, 4, (3, 3)),
        (33, 131, (100, 33)),
        (61, 47, (12, 15)),
        (20, 20, (20, 20)),
    ],
)
def test_a_pixel_is_the_mean_over_its_area(device: Device, height: int, width: int, size: tuple[int, int]) -> None:
    scene = RANDOM.random((height, width, 3), dtype=np.float32)
    expected = np.einsum("yh,hwc,xw->yxc", coverage(height, size[1]), scene, coverage(width, size[0]))
    np.testing.assert_allclose(shrink(device, scene, size), expected, atol=131 * 2.0**-22)


def test_energy_is_preserved(device: Device) -> None:
    scene = np.zeros((90, 160, 3), np.float32)
    scene[40:43, 70:77] = (900.0, 30.0, 1.0)
    small = shrink(device, scene, (107, 61))
    areas = 160 * 90 / (107 * 61)
    np.testing.assert_allclose(small.sum((0, 1), dtype=np.float64) * areas, scene.sum((0, 1)), rtol=1e-4)
