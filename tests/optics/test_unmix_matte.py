"""A matte decides the coverage: hair below a pixel before lamps, compared with the exact picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import groundglass as gg
import numpy as np
import pytest
from groundglass.bench.ground_truth import lens_ground_truth
from groundglass.bench.mixed_edges import CROP, FAR_M, FOCUS_M, with_noise
from groundglass.bench.quality import LENS, SIZE, rendered
from groundglass.bench.scenes import Layer, Scene, composited, thin_shapes_scene
from groundglass.engine import Engine
from groundglass.errors import SourceError
from groundglass.frame import Encoding, Frame
from groundglass.optics.defocus import QUALITIES, Quality
from groundglass.settings import Settings
from numpy.typing import NDArray

Plane = NDArray[np.float32]
POINTS = 48
STRAND_PX = (0.2, 0.8)  # widths of the strands


def hair_scene(seed: int) -> Scene:
    """A head with 160 strands that are narrower than a pixel, in focus, before a far background with lamps."""
    random = np.random.default_rng(seed)
    near, behind = thin_shapes_scene(seed, SIZE, FOCUS_M, FAR_M).layers
    height, width = near.rgba.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32) - np.array([0.62 * height, 0.5 * width])[:, None, None]
    head = 0.16 * height
    clear = 1 - np.clip(head - np.hypot(x, y) + 0.5, 0, 1)
    for _ in range(160):
        angle, bend, width_px = random.uniform(0, 2 * np.pi), random.normal() * 0.004, random.uniform(*STRAND_PX)
        along, beside = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        distance = np.abs(beside - bend * along**2) / np.sqrt(1 + (2 * bend * along) ** 2)
        strand = np.clip(0.5 * width_px + 0.5 - distance, 0, width_px)
        clear *= 1 - np.where((along > 0) & (along < head * random.uniform(1.2, 2.2)), strand, 0)
    rgba = np.dstack([near.rgba[..., :3], 1 - clear]).astype(np.float32)
    return composited([replace(near, rgba=rgba), Layer(behind.rgba, FAR_M)], thin_shapes_scene(0, (8, 8), 1, 2).margin)


def matte_of(scene: Scene) -> Plane:
    inner = slice(scene.margin, -scene.margin)
    return np.ascontiguousarray(scene.layers[0].rgba[inner, inner, 3])


def near_hair_db(result: Plane, exact: Plane, matte: Plane) -> float:
    """PSNR within 2 px of the pixels that both surfaces share, encoded with a gamma of 2.2 and clipped to 1."""
    mixed = (matte > 0.02) & (matte < 0.98)
    band = np.any([np.roll(mixed, (dy, dx), (0, 1)) for dy in range(-2, 3) for dx in range(-2, 3)], axis=0)
    inner = (slice(CROP, -CROP),) * 2
    encoded, expected = (np.clip(picture, 0, 1) ** (1 / 2.2) for picture in (result, exact))
    return float(-10 * np.log10(np.mean((encoded - expected)[inner][band[inner]] ** 2)))


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with gg.Engine() as opened:
        yield opened


@pytest.mark.parametrize(("quality", "gain_db", "gain_off_db"), [("live", 3.3, 7.0), ("best", 4.0, 7.5)])
def test_the_true_matte_beats_the_estimate(
    engine: Engine, quality: Quality, gain_db: float, gain_off_db: float
) -> None:
    """Measured: live 29.5 to 33.2 dB, best 29.7 to 34.3; with the map 3 px off live 23.8 to 31.6, best 23.9 to 32.2."""
    settings = Settings(lens=LENS, focus_m=FOCUS_M, quality=quality)
    gains, gains_off, gains_noisy = [], [], []
    for seed in (0, 1):
        scene = hair_scene(seed)
        exact, matte = lens_ground_truth(scene, LENS, FOCUS_M, points=POINTS), matte_of(scene)
        off_m = np.roll(scene.depth_m, (3, 2), (0, 1))
        noisy = with_noise(scene, seed).picture

        def gain(picture: Plane, depth_m: Plane, exact: Plane = exact, matte: Plane = matte) -> float:
            results = (rendered(engine, settings, picture, depth_m, given) for given in (None, matte))
            estimated_db, given_db = (near_hair_db(result, exact, matte) for result in results)
            print(f"{quality}: {estimated_db:.1f} to {given_db:.1f} dB")
            return given_db - estimated_db

        gains.append(gain(scene.picture, scene.depth_m))
        gains_off.append(gain(scene.picture, off_m))
        gains_noisy.append(gain(noisy, scene.depth_m))
    assert np.mean(gains) >= gain_db
    assert np.mean(gains_off) >= gain_off_db
    assert np.mean(gains_noisy) >= gain_db - 1.0


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_a_matte_without_an_edge_changes_nothing(engine: Engine, quality: Quality, level: float) -> None:
    scene = thin_shapes_scene(1, (96, 64), FOCUS_M, FAR_M)
    settings = Settings(lens=LENS, focus_m=FOCUS_M, quality=quality)
    without, result = (
        rendered(engine, settings, scene.picture, scene.depth_m, matte)
        for matte in (None, np.full((64, 96), level, np.float32))
    )
    np.testing.assert_array_equal(result, without)


def test_pixels_that_the_matte_shares_keep_their_near_light(engine: Engine) -> None:
    """Before a black background, the picture is the sharp near light: the far light is 0 everywhere."""
    matte = np.zeros((64, 96), np.float32)
    matte[:, 40:] = 1.0
    matte[20:44, 30:40] = 0.3  # hair, 10 px from the edge of the map
    picture = matte[..., None] * np.array([0.5, 0.3, 0.2], np.float32)
    depth_m = np.where(matte >= 0.5, FOCUS_M, FAR_M).astype(np.float32)
    result = rendered(engine, Settings(lens=LENS, focus_m=FOCUS_M), picture, depth_m, matte)
    np.testing.assert_allclose(result[24:40, 24:80], picture[24:40, 24:80], atol=0.01)


@pytest.mark.parametrize("matte", [np.full((4, 6), 1.5), np.full((4, 6), -0.1), np.full((4, 6), np.nan)])
def test_values_out_of_range_are_an_error(engine: Engine, matte: Plane) -> None:
    frame = Frame(np.zeros((4, 6, 3), np.float32), Encoding.SCENE, depth_m=np.ones((4, 6), np.float32),
                  matte=matte.astype(np.float32))  # fmt: skip
    with pytest.raises(SourceError, match=r"the matte has values from .* to .*; give the part of each pixel"):
        engine.scene(frame, Settings())
    with pytest.raises(SourceError, match=r"frame: matte \(4,\) float32 is not a matte; give float32 from 0 to 1"):
        Frame(np.zeros((4, 6, 3), np.float32), Encoding.SCENE, matte=np.zeros(4, np.float32))


def test_the_functions_of_arrays_take_a_matte() -> None:
    scene = hair_scene(0)
    matte = matte_of(scene)
    results = [
        gg.defocus(scene.picture, scene.depth_m, lens=LENS, focus_m=FOCUS_M, matte=given) for given in (None, matte)
    ]
    assert np.abs(results[0] - results[1]).max() > 0.05
    small = np.ascontiguousarray(matte[:128, :192])
    pictures = [gg.render(scene.picture[:128, :192], depth_m=scene.depth_m[:128, :192], focus_m=FOCUS_M, lens=LENS,
                          look="neutral", matte=given) for given in (None, small)]  # fmt: skip
    assert np.abs(pictures[0].astype(int) - pictures[1]).max() > 10
