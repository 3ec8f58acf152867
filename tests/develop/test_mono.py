"""Monochrome sensors: the light of each photosite is the picture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from groundglass.camera import REC709_TO_REC2020
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.develop.mono import DemosaicMono
from tolerances import FEW_OPERATIONS

OFFSET = 0.001  # offset of the square-root domain, see kernels/encoding.h


@contextmanager
def mono(device: Device, mosaic: np.ndarray) -> Iterator[DemosaicMono]:
    height, width = mosaic.shape
    planes, scene = Planes(device, width, height, 1), Planes(device, width, height, 3)
    planes.write(mosaic[..., None].astype(np.float32))
    stage = DemosaicMono(planes, scene)
    yield stage
    for resource in (stage, stage, planes, scene):
        resource.release()


@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize(("height", "width"), [(20, 32), (7, 5), (1, 1)])
def test_each_pixel_is_its_light_times_the_row_sums_of_the_matrix(
    device: Device, encoded: bool, height: int, width: int
) -> None:
    light = np.random.default_rng(1).random((height, width))
    matrix = np.array([[0.7, 0.2, 0.2], [0.1, 0.8, 0.0], [0.0, -0.1, 1.4]])
    with mono(device, np.sqrt(light + OFFSET) if encoded else light) as stage:
        stage.run(matrix, encoded)
        rgb = stage.scene.read()
    np.testing.assert_allclose(rgb, light[..., None] * [1.1, 0.9, 1.3], atol=FEW_OPERATIONS)


def test_a_matrix_that_keeps_white_gives_a_grey_picture(device: Device) -> None:
    light = np.linspace(0, 2, 64).reshape(8, 8)
    with mono(device, light) as stage:
        stage.run(2.0 * REC709_TO_REC2020, False)
        rgb = stage.scene.read()
    np.testing.assert_allclose(rgb, np.repeat(2 * light[..., None], 3, axis=-1), rtol=1e-5)
