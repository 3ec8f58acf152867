"""The far surface continues behind the edge of near ones in focus, whose pixels then cover it."""

from __future__ import annotations

from collections.abc import Iterator

import groundglass as gg
import numpy as np
import pytest
from groundglass.bench.ground_truth import lens_ground_truth
from groundglass.bench.quality import LENS, rendered
from groundglass.bench.scenes import MARGIN, Layer, Scene, composited
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.optics.blur import Blur
from groundglass.optics.defocus import QUALITIES, Quality
from groundglass.optics.unmix import SIDES, Unmix
from groundglass.settings import Settings
from numpy.typing import NDArray

FOCUS_M, FAR_M, FRONT_M = 1.2, 6.0, 0.6
WIDTH, HEIGHT = 160, 96
STEM = slice(70, 74)
NEAR, LEFT, RIGHT = 0.2, 0.5, 0.8
MAX_RADIUS = 16.0
Plane = NDArray[np.float32]


class Divided:
    """Un-mixing of one size, and what it leaves for the blur: light (H, W, 3) and metres (H, W)."""

    def __init__(self, device: Device) -> None:
        self._scene, self._depth = Planes(device, WIDTH, HEIGHT, 3), Planes(device, WIDTH, HEIGHT, 1)
        self._sides = Planes(device, WIDTH, HEIGHT, SIDES)
        self._unmix = Unmix(self._sides)

    def __call__(self, light: Plane, depth_m: Plane) -> tuple[Plane, Plane]:
        self._scene.write(light)
        self._depth.write(depth_m[..., None])
        self._depth.mirror()
        self._unmix.divide(self._scene, self._depth, Blur.of(LENS, FOCUS_M, WIDTH), 1.0, MAX_RADIUS)
        return self._scene.read(), self._depth.read()[..., 0]

    def release(self) -> None:
        self._unmix.release()
        for planes in (self._scene, self._depth, self._sides):
            planes.release()


@pytest.fixture
def divided(device: Device) -> Iterator[Divided]:
    before = device.live_buffers
    stage = Divided(device)
    yield stage
    stage.release()
    assert device.live_buffers == before


def stem(left: float = LEFT, right: float = RIGHT) -> tuple[Plane, Plane]:
    """A stem in focus before a surface with one brightness on each side: light and metres."""
    columns = np.where(np.arange(WIDTH) < STEM.start, left, right)
    columns[STEM] = NEAR
    depth_m = np.full((HEIGHT, WIDTH), FAR_M, np.float32)
    depth_m[:, STEM] = FOCUS_M
    return np.broadcast_to(columns[None, :, None], (HEIGHT, WIDTH, 3)).astype(np.float32), depth_m


def test_hidden_light_is_the_mean_of_eight_directions_by_inverse_squared_distance(divided: Divided) -> None:
    light, depth_m = divided(*stem())
    np.testing.assert_allclose(depth_m, FAR_M, rtol=1e-5)
    for column in range(STEM.start, STEM.stop):
        to_left, to_right = column - STEM.start + 1, STEM.stop - column  # also the steps of the diagonals
        by_left, by_right = 1 / to_left**2, 1 / to_right**2
        expected = (by_left * LEFT + by_right * RIGHT) / (by_left + by_right)
        np.testing.assert_allclose(light[16:-16, column], expected, rtol=1e-4)


def test_of_two_surfaces_the_farther_one_continues(divided: Divided) -> None:
    light, depth_m = stem()
    depth_m[:, : STEM.start] = 0.5 * FAR_M
    light, depth_m = divided(light, depth_m)
    np.testing.assert_allclose(depth_m[16:-16, STEM], FAR_M, rtol=1e-5)
    np.testing.assert_allclose(light[16:-16, STEM], RIGHT, rtol=1e-4)


def test_a_lamp_beside_the_edge_does_not_continue(divided: Divided) -> None:
    light, _ = divided(*stem(right=100.0))
    assert light[16:-16, STEM].max() <= 2.0 + 1e-4


def test_what_the_blur_of_a_surface_in_front_may_cover_stays(divided: Divided) -> None:
    light, depth_m = stem()
    depth_m[:, :24] = FRONT_M  # its discs of 6 px end far from the stem
    np.testing.assert_allclose(divided(light, depth_m)[1][:, STEM], FAR_M, rtol=1e-5)
    depth_m[:, :64] = FRONT_M
    assert np.all(divided(light, depth_m)[1][:, STEM] == FOCUS_M)


@pytest.mark.parametrize("quality", QUALITIES)
def test_the_blur_beside_a_stem_is_that_of_the_background_alone(quality: Quality) -> None:
    """A slope of brightness passes behind a stem in focus unchanged; `live` was off by 0.006 before."""
    width, height = WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN
    slope = np.broadcast_to(np.linspace(0.1, 1.0, width)[None, :, None], (height, width, 3))
    alpha = np.zeros((height, width, 1))
    alpha[:, MARGIN + STEM.start : MARGIN + STEM.stop] = 1.0
    near = Layer(np.dstack([np.full_like(slope, NEAR), alpha]).astype(np.float32), FOCUS_M)
    far = Layer(np.dstack([slope, np.ones_like(alpha)]).astype(np.float32), FAR_M)
    scene: Scene = composited([near, far], MARGIN)
    expected = lens_ground_truth(scene, LENS, FOCUS_M, points=256)
    with gg.Engine() as engine:
        result = rendered(engine, Settings(lens=LENS, focus_m=FOCUS_M, quality=quality), scene.picture, scene.depth_m)
    np.testing.assert_allclose(result[16:-16, 40:110], expected[16:-16, 40:110], atol=0.002)
