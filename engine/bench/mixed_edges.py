"""The accuracy at mixed pixels: thin shapes in focus before a far background with lamps.

A camera's pixel at an edge shows a part of both surfaces, as these composites do. Their ground truth is exact, because
the near layer is in focus.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..lens import Lens
from ..optics.defocus import QUALITIES
from .ground_truth import lens_ground_truth
from .scenes import MARGIN, Layer, Scene, composited, thin_shapes_scene

FOCUS_M, FAR_M = 1.2, 6.0
EDGE_BAND = 2  # pixels from an edge of the coverage
CROP = 16  # pixels at the border that are not compared
CUT_OUT = "hard_cut_out"
Picture = NDArray[np.float32]


def compare_edges(
    draw: Callable[[str, Picture, Picture], Picture], lens: Lens, size: tuple[int, int], seeds: int, points: int
) -> dict[str, dict[str, float]]:
    """For a clean and a noisy picture: mean PSNR at edges of the hard cut-out and of each quality, over the seeds.

    `draw(quality, picture, depth_m)` renders a picture with the focus at FOCUS_M. `size` is (width, height) in pixels.
    """
    rows: dict[str, dict[str, list[float]]] = {}
    for seed in range(seeds):
        scene = thin_shapes_scene(seed, size, FOCUS_M, FAR_M)
        ground_truth = lens_ground_truth(scene, lens, FOCUS_M, points=points)
        for name, given in {"clean": scene, "noisy": with_noise(scene, seed)}.items():
            pictures = {CUT_OUT: hard_cut_out(given, lens, points)}
            pictures |= {quality: draw(quality, given.picture, given.depth_m) for quality in QUALITIES}
            for column, picture in pictures.items():
                rows.setdefault(name, {}).setdefault(column, []).append(edges_db(picture, ground_truth, scene))
    return {name: {column: float(np.mean(values)) for column, values in row.items()} for name, row in rows.items()}


def with_noise(scene: Scene, seed: int) -> Scene:
    """The same scene with sensor noise in its picture, of variance 0.002 x + 0.0005^2."""
    deviation = np.sqrt(0.002 * scene.picture + 0.0005**2)
    noise = np.random.default_rng(seed).standard_normal(scene.picture.shape)
    return replace(scene, picture=(scene.picture + deviation * noise).astype(np.float32))


def hard_cut_out(scene: Scene, lens: Lens, points: int) -> Picture:
    """The baseline (H, W, 3), scene-linear: each pixel belongs wholly to the surface that the depth map gives.

    Near pixels stay unchanged. Elsewhere the far pixels are spread, and normalised by their sum.
    """
    near = scene.depth_m < 0.5 * (FOCUS_M + FAR_M)
    far = np.dstack([scene.picture * ~near[..., None], ~near]).astype(np.float32)
    pads = ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0))
    wide = np.pad(far, pads, mode="reflect")
    opaque = np.ones((*wide.shape[:2], 1), np.float32)
    light, share = (
        lens_ground_truth(composited([Layer(np.dstack([part, opaque]), FAR_M)], MARGIN), lens, FOCUS_M, points=points)
        for part in (wide[..., :3], np.repeat(wide[..., 3:], 3, axis=2))
    )
    return np.where(near[..., None], scene.picture, light / np.maximum(share, 1e-6)).astype(np.float32)


def edges_db(rendered: Picture, ground_truth: Picture, scene: Scene) -> float:
    """PSNR within EDGE_BAND pixels of the edges between near and far, encoded as sRGB and clipped to 1."""
    near = scene.depth_m < 0.5 * (FOCUS_M + FAR_M)
    band = np.zeros_like(near)
    for dy in range(-EDGE_BAND, EDGE_BAND + 1):
        for dx in range(-EDGE_BAND, EDGE_BAND + 1):
            band |= np.roll(near, (dy, dx), (0, 1)) != near
    inner = (slice(CROP, -CROP), slice(CROP, -CROP))
    squares = (_srgb(rendered) - _srgb(ground_truth))[inner] ** 2
    return float(-10 * np.log10(squares[band[inner]].mean()))


def _srgb(light: Picture) -> Picture:
    light = np.clip(light, 0, 1)
    return np.where(light < 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055).astype(np.float32)
