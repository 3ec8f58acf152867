"""The placement of a matte: its samples on the picture, and the edge of the depth map where the matte has it."""

from __future__ import annotations

import numpy as np
import pytest
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.optics.matte import MatteStage
from numpy.typing import NDArray

Plane = NDArray[np.float32]


def placed(device: Device, matte: Plane, depth_m: Plane) -> tuple[Plane, Plane]:
    """The resampled matte, and the distances with its edge."""
    stage, depth = MatteStage(device, depth_m.shape[1], depth_m.shape[0]), Planes(device, *depth_m.shape[::-1], 1)
    try:
        depth.write(depth_m[..., None])
        stage.load(matte)
        metres = stage.run(depth).read()[..., 0]
        return stage.planes.read()[..., 0], metres
    finally:
        stage.release()
        stage.release()
        depth.release()


@pytest.mark.parametrize("factor", [1, 2, 3, 0.5, 0.25])
def test_a_matte_of_any_size_is_resampled(device: Device, factor: float) -> None:
    """A ramp along both axes keeps its values: it is linear."""
    width, height = 96, 64
    columns, rows = int(width * factor), int(height * factor)
    y, x = np.mgrid[:rows, :columns]
    ramp = ((x + 0.5) / columns * 0.6 + (y + 0.5) / rows * 0.4).astype(np.float32)
    resampled, _ = placed(device, ramp, np.full((height, width), 2.0, np.float32))
    y, x = np.mgrid[:height, :width]
    expected = (x + 0.5) / width * 0.6 + (y + 0.5) / height * 0.4
    np.testing.assert_allclose(resampled[4:-4, 4:-4], expected[4:-4, 4:-4], atol=1e-5)


@pytest.mark.parametrize("off", [-5, -1, 0, 1, 5])
def test_the_edge_of_the_map_moves_to_the_matte(device: Device, off: int) -> None:
    x = np.arange(128)[None].repeat(64, axis=0)
    matte = (x >= 64).astype(np.float32)
    depth_m = np.where(x >= 64 + off, 1.2, 6.0).astype(np.float32)
    _, metres = placed(device, matte, depth_m)
    np.testing.assert_allclose(metres, np.where(x >= 64, 1.2, 6.0), rtol=1e-6)


def test_a_slope_without_an_edge_keeps_its_distances(device: Device) -> None:
    y, x = np.mgrid[:64, :96]
    depth_m = (2.0 + 0.002 * y).astype(np.float32)
    _, metres = placed(device, (x > 40).astype(np.float32), depth_m)
    np.testing.assert_array_equal(metres, depth_m)
