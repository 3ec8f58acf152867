"""Renderings of a ColorChecker in a scene, as mosaics of a camera with a known matrix."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from groundglass.camera import CameraProfile
from groundglass.cfa import Cfa
from groundglass.colour.difference import REFERENCE_LAB, scene_of_lab
from groundglass.frame import Frame
from groundglass.profile.homography import homography, through
from numpy.typing import NDArray

# White-balanced camera RGB to linear Rec.2020.
CAMERA_TO_SCENE = np.array([[1.65, -0.50, -0.15], [-0.20, 1.45, -0.25], [0.02, -0.50, 1.48]])
WIDTH, HEIGHT = 480, 320
BLACK, WHITE = 64, 4095


@dataclass
class ChartRendering:
    """The view of the chart. Positions and sizes are fractions of the picture; `falling` is the logarithm of light."""

    middle: tuple[float, float] = (0.5, 0.5)
    width: float = 0.5
    turned: float = 0.0  # degrees
    tilted: float = 0.0  # the distant side is shorter by this fraction
    balance: tuple[float, float, float] = (2.0, 1.0, 1.6)
    exposure: float = 0.45
    noise: float = 1.0
    falling: tuple[float, float] = (0.0, 0.0)
    clutter: int = 0
    background: float = 0.12
    with_chart: bool = True
    pattern: str = "RGGB"
    seed: int = 1
    corners: NDArray[np.float64] = field(init=False)  # (4, 2) in photosites, of the rectangle of patches

    def __post_init__(self) -> None:
        width = self.width * WIDTH
        corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]) * (width, width * 4 / 6)
        corners[:, 1] *= 1 + self.tilted * np.array([-1, 1, 1, -1])
        angle = np.radians(self.turned)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        self.corners = corners @ turn + np.array(self.middle) * (WIDTH, HEIGHT)

    def frame(self) -> Frame:
        random = np.random.default_rng(self.seed)
        fine = self._scene_rgb(random).reshape(HEIGHT, 2, WIDTH, 2, 3).mean(axis=(1, 3))
        camera_rgb = self.exposure * fine @ np.linalg.inv(CAMERA_TO_SCENE).T / self.balance
        channels = np.tile(Cfa(self.pattern).channels(), (HEIGHT // 2, WIDTH // 2))
        light = np.take_along_axis(camera_rgb, channels[..., None], axis=2)[..., 0]
        light += self.noise * random.normal(size=light.shape) * np.sqrt(2e-4 * np.maximum(light, 0) + 4e-6)
        numbers = np.clip(np.round(BLACK + light * (WHITE - BLACK)), 0, WHITE).astype(np.uint16)
        profile = CameraProfile(black=(BLACK,) * 4, white=WHITE)
        return Frame(pixels=numbers, cfa=Cfa(self.pattern), profile=profile, name="chart")

    def _scene_rgb(self, random: np.random.Generator) -> NDArray[np.float64]:
        """(2 * HEIGHT, 2 * WIDTH, 3): twice the resolution, so that edges are antialiased."""
        scene = np.full((2 * HEIGHT, 2 * WIDTH, 3), self.background)
        for _ in range(self.clutter):
            x, y = random.integers(0, 2 * WIDTH), random.integers(0, 2 * HEIGHT)
            across, down = random.integers(10, WIDTH // 2), random.integers(10, HEIGHT // 2)
            scene[y : y + down, x : x + across] = random.uniform(0.02, 0.7) * random.uniform(0.3, 1, 3)
        chart = np.array([(0, 0), (6, 0), (6, 4), (0, 4)], np.float64)
        y, x = np.mgrid[0 : 2 * HEIGHT, 0 : 2 * WIDTH]
        points = np.stack([x.ravel() + 0.5, y.ravel() + 0.5], axis=1) / 2
        column, row = through(homography(self.corners, chart), points).T.reshape(2, *x.shape)
        if self.with_chart:
            scene[(np.abs(column - 3) < 3.2) & (np.abs(row - 2) < 2.3)] = 0.03
            patch = np.floor(row) * 6 + np.floor(column)
            near = (np.abs(column % 1 - 0.5) < 0.43) & (np.abs(row % 1 - 0.5) < 0.43)
            inside = near & (np.abs(column - 3) < 3) & (np.abs(row - 2) < 2)
            scene[inside] = scene_of_lab(REFERENCE_LAB)[patch[inside].astype(int)]
        lit = np.exp(self.falling[0] * (column / 6 - 0.5) + self.falling[1] * (row / 4 - 0.5))
        return scene * lit[..., None]
