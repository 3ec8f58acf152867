"""Depth of field: disc sizes of the thin lens, and occlusion."""

from __future__ import annotations

from dataclasses import replace

import groundglass as gg
import numpy as np
import pytest
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.lens import load_lens
from groundglass.optics.blur import Blur
from groundglass.optics.defocus import MAX_BLUR, QUALITIES, Defocus
from tolerances import FEW_OPERATIONS

pytestmark = [pytest.mark.usefixtures("quick_api"), pytest.mark.parametrize("quality", QUALITIES)]

LENS = gg.Lens(focal_mm=50, f_number=1.4, sensor_width_mm=36.0)
SHAPED = replace(load_lens("noct-50"), vignetting=0.0)
FOCUS_M = 1.5
WIDTH, HEIGHT = 480, 320
# In front of the focus and behind it. The discs are 4 to 33 pixels wide; some only just need a coarser scale.
DEPTHS_M = (0.5, 0.75, 1.0, 1.2, 2.0, 2.1, 2.4, 2.7, 3.0, 6.0, np.inf)
STEP = 1 / 255
INF = np.inf


def blurred(rgb: np.ndarray, depth_m: np.ndarray | float, quality: str, **options: object) -> np.ndarray:
    depth = np.broadcast_to(np.asarray(depth_m, np.float32), rgb.shape[:2])
    return gg.defocus(rgb, depth, quality=quality, **{"lens": LENS, "focus_m": FOCUS_M, **options})


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(4).random((height, width, 3)).astype(np.float32)


def left_and_right(left: float, right: float, height: int = 160, width: int = 240) -> np.ndarray:
    """(H, W): `left` up to the middle column, `right` from there on."""
    return np.where(np.arange(width) < width // 2, left, right) * np.ones((height, 1))


def grey(brightness: np.ndarray) -> np.ndarray:
    return np.repeat(brightness[..., None], 3, axis=-1).astype(np.float32)


def points(quality: str, depth_m: float) -> list[np.ndarray]:
    """Blurred pictures of a light of energy 1000 on black, at 4x4 positions on the grids of the smaller scales."""
    result = []
    for dy, dx in np.ndindex(4, 4):
        scene = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        scene[HEIGHT // 2 + dy, WIDTH // 2 + dx] = 1000
        result.append(blurred(scene, depth_m, quality)[..., 1])
    return result


@pytest.mark.parametrize("depth_m", DEPTHS_M)
def test_a_light_becomes_a_disc_with_the_diameter_of_the_thin_lens_and_its_energy(quality: str, depth_m: float) -> None:
    expected = float(LENS.coc_px(depth_m, FOCUS_M, WIDTH))
    y, x = np.indices((HEIGHT, WIDTH))
    by_energy, by_area = [], []
    for light in points(quality, depth_m):
        energy = light.sum()
        assert energy == pytest.approx(1000, rel=0.01)
        centre_y, centre_x = (y * light).sum() / energy, (x * light).sum() / energy
        plateau = light[np.hypot(y - centre_y, x - centre_x) <= max(0.3 * expected, 0.75)].mean()
        by_energy.append(2 * np.sqrt(energy / (np.pi * plateau)))
        by_area.append(2 * np.sqrt((light > plateau / 2).sum() / np.pi))
    tolerance = max(0.03 * expected, 0.5)
    assert np.mean(by_energy) == pytest.approx(expected, abs=tolerance)
    if expected > 8:
        assert np.mean(by_area) == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize("depth_m", [0.5, 1.0, 2.0, 6.0])
def test_a_disc_is_centred_on_its_light_and_uniform(quality: str, depth_m: float) -> None:
    radius = float(LENS.coc_px(depth_m, FOCUS_M, WIDTH)) / 2
    shift = 0.01 + max(0.5, 0.1 * radius)  # a smaller scale has half its pixel as position error
    y, x = np.indices((HEIGHT, WIDTH))
    for (dy, dx), light in zip(np.ndindex(4, 4), points(quality, depth_m), strict=True):
        centre_y, centre_x = (y * light).sum() / light.sum(), (x * light).sum() / light.sum()
        assert centre_y == pytest.approx(HEIGHT // 2 + dy, abs=shift)
        assert centre_x == pytest.approx(WIDTH // 2 + dx, abs=shift)
        distance = np.hypot(y - centre_y, x - centre_x)
        inside = light[distance < 0.85 * radius - 1]
        if inside.size > 4:
            assert inside.std() / inside.mean() < 0.05
        assert light[distance > 1.2 * radius + 2].max() < 0.05 * light.max()


SCENES = {
    "in front of the focus": 0.6,
    "behind the focus": 4.0,
    "at infinity": INF,
    "near left, far right": left_and_right(0.6, 4.0),
    "sharp left, far right": left_and_right(FOCUS_M, INF),
    "near left, sharp right": left_and_right(0.5, FOCUS_M),
    "a ramp through the focus": np.linspace(0.5, 6, 240) * np.ones((160, 1)),
    "specks": np.random.default_rng(2).choice([0.5, 1.2, 1.5, 2.0, INF], (160, 240)),
}


@pytest.mark.parametrize("depth_m", SCENES.values(), ids=SCENES.keys())
def test_a_constant_picture_is_unchanged(quality: str, depth_m: np.ndarray | float) -> None:
    flat = np.broadcast_to(np.array([0.8, 0.18, 3.0], np.float32), (160, 240, 3))
    np.testing.assert_allclose(blurred(flat, depth_m, quality), flat, rtol=1e-3)


def test_focused_pixels_are_unchanged(quality: str) -> None:
    picture = noise(160, 240)
    np.testing.assert_allclose(blurred(picture, FOCUS_M, quality), picture, atol=FEW_OPERATIONS)


@pytest.mark.parametrize("lens", [LENS, SHAPED], ids=["round", "shaped"])
@pytest.mark.parametrize("behind_m", [2.0, 5.0, INF])
def test_focused_pixels_are_unchanged_next_to_a_blurred_background(
    quality: str, behind_m: float, lens: gg.Lens
) -> None:
    picture = noise(160, 240)
    result = blurred(picture, left_and_right(FOCUS_M, behind_m), quality, lens=lens)
    np.testing.assert_allclose(result[:, :120], picture[:, :120], atol=STEP)


@pytest.mark.parametrize("behind_m", [2.0, 3.0, INF])
def test_a_sharp_foreground_does_not_leak_into_adjacent_blur(quality: str, behind_m: float) -> None:
    white_on_black = grey(left_and_right(1.0, 0.0))
    result = blurred(white_on_black, left_and_right(FOCUS_M, behind_m), quality)
    assert result[:, 120:].max() < STEP


@pytest.mark.parametrize("behind_m", [2.0, 3.0, INF])
def test_a_bright_background_does_not_shine_over_a_sharp_foreground(quality: str, behind_m: float) -> None:
    black_on_bright = grey(left_and_right(0.0, 20.0))
    result = blurred(black_on_bright, left_and_right(FOCUS_M, behind_m), quality)
    assert result[:, :120].max() < STEP


@pytest.mark.parametrize("near_m", [0.5, 0.7, 1.0])
def test_a_blurred_foreground_spills_over_and_is_opaque_inside(quality: str, near_m: float) -> None:
    width = 240
    radius = float(LENS.coc_px(near_m, FOCUS_M, width)) / 2
    sharp = noise(160, width)
    picture = np.where(left_and_right(1, 0)[..., None] > 0, np.float32(1), sharp)
    result = blurred(picture, left_and_right(near_m, FOCUS_M), quality)
    clear = int(120 + radius + 4)
    np.testing.assert_allclose(result[:, clear:], sharp[:, clear:], atol=STEP)
    inside = int(120 - radius - 4)
    np.testing.assert_allclose(result[:, :inside], 1, atol=STEP)
    black_behind = blurred(grey(left_and_right(1, 0)), left_and_right(near_m, FOCUS_M), quality)[80, :, 0]
    # At a straight edge a disc covers the fraction of its area beyond a chord.
    from_edge = np.clip((np.arange(width) + 0.5 - 120) / radius, -1, 1)
    chord = (np.arccos(from_edge) - from_edge * np.sqrt(1 - from_edge**2)) / np.pi
    np.testing.assert_allclose(black_behind, chord, atol=0.06)


@pytest.mark.parametrize(("near_m", "far_m"), [(FOCUS_M, 60.0), (0.5, FOCUS_M), (0.6, 8.0)])
def test_a_slanted_surface_shows_no_step(quality: str, near_m: float, far_m: float) -> None:
    """Depth increases to the right, brightness downwards. A blur of any size preserves this ramp."""
    height, width = 200, 480
    depth_m = 1 / np.linspace(1 / near_m, 1 / far_m, width) * np.ones((height, 1))
    picture = grey(np.linspace(0, 1, height)[:, None] * np.ones(width))
    result = blurred(picture, depth_m, quality)[60:-60]
    np.testing.assert_allclose(result, picture[60:-60], atol=STEP)
    assert np.abs(np.diff(result, axis=1)).max() < STEP / 2


def test_texture_softens_steadily_along_a_slant(quality: str) -> None:
    height, width = 200, 480
    depth_m = 1 / np.linspace(1 / FOCUS_M, 1e-6, width) * np.ones((height, 1))
    result = blurred(noise(height, width), depth_m, quality)
    contrast = result[20:-20].reshape(height - 40, 20, 24, 3).std(axis=(0, 2, 3))
    assert (np.diff(contrast) < 0.1 * contrast[:-1]).all()
    assert contrast[-1] < 0.1 * contrast[0]


def test_infinity_is_a_valid_depth(quality: str) -> None:
    picture = noise(64, 96)
    np.testing.assert_allclose(blurred(picture, INF, quality), blurred(picture, 1e9, quality), atol=FEW_OPERATIONS)
    # The hyperfocal distance is 44 m for a circle of 1/1400 of the width.
    np.testing.assert_allclose(blurred(picture, INF, quality, focus_m=1000.0), picture, atol=STEP)


def test_blur_is_limited_to_the_maximum(quality: str) -> None:
    """An extreme lens does not hang or darken: radii are limited to a tenth of the width."""
    extreme = gg.Lens(focal_mm=200, f_number=0.7, focus_min_m=0.3)
    scene = np.zeros((160, 240, 3), np.float32)
    scene[80, 120] = 1000
    result = blurred(scene, INF, quality, lens=extreme, focus_m=0.5)[..., 1]
    assert result.sum() == pytest.approx(1000, rel=0.01)
    radius = np.abs(np.argwhere(result > 0.5 * result.max()) - (80, 120)).max()
    assert radius == pytest.approx(MAX_BLUR * 240, abs=2)


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (1, 5), (5, 1), (2, 2), (3, 3), (16, 16), (17, 31), (33, 15), (47, 129)]
)
def test_odd_and_tiny_sizes_are_supported(quality: str, height: int, width: int) -> None:
    random = np.random.default_rng(9)
    flat = np.full((height, width, 3), 0.5, np.float32)
    depth_m = random.choice([0.5, 1.0, FOCUS_M, 3.0, INF], (height, width))
    extreme = gg.Lens(f_number=0.7)
    np.testing.assert_allclose(blurred(flat, depth_m, quality, lens=extreme), flat, rtol=1e-3)
    result = blurred(random.random((height, width, 3)), depth_m, quality, lens=extreme)
    assert result.shape == (height, width, 3)
    assert result.min() >= -1e-5
    assert result.max() <= 1 + 1e-5


def focused(device: Device, scene: np.ndarray, depth_m: float, blur: Blur, quality: str) -> np.ndarray:
    height, width = scene.shape[:2]
    planes = Planes(device, width, height, 3)
    planes.write(scene)
    distances = Planes(device, width, height, 1)
    distances.write(np.full((height, width, 1), depth_m, np.float32))
    distances.mirror()
    defocus = Defocus(device, width, height, quality)
    result = defocus.run(planes, distances, np.array([depth_m, depth_m]), blur).read()
    defocus.release()
    defocus.release()
    distances.release()
    planes.release()
    return result


@pytest.mark.parametrize("depth_m", [0.7, 1.2, 4.0, 1e9])
def test_blur_of_the_capturing_lens_is_not_added_twice(device: Device, quality: str, depth_m: float) -> None:
    picture, width = noise(100, 240), 240
    same = Blur.of(LENS, FOCUS_M, width, LENS, FOCUS_M)
    np.testing.assert_allclose(focused(device, picture, depth_m, same, quality), picture, atol=FEW_OPERATIONS)
    narrower = Blur.of(LENS.at(4), FOCUS_M, width, LENS, FOCUS_M)
    np.testing.assert_allclose(focused(device, picture, depth_m, narrower, quality), picture, atol=FEW_OPERATIONS)


@pytest.mark.parametrize("depth_m", [0.7, 4.0, 1e9])
def test_missing_blur_is_added_in_quadrature(device: Device, quality: str, depth_m: float) -> None:
    """At equal focus the squares of the apertures subtract: f/1.4 after f/2 is f/1.4 / sqrt(1 - (1.4/2)^2)."""
    picture, width = noise(100, 240), 240
    added = Blur.of(LENS, FOCUS_M, width, LENS.at(2), FOCUS_M)
    alone = Blur.of(LENS.at(1.4 / np.sqrt(1 - 0.7**2)), FOCUS_M, width)
    np.testing.assert_allclose(
        focused(device, picture, depth_m, added, quality), focused(device, picture, depth_m, alone, quality), atol=1e-4
    )


def test_release_frees_all_memory(device: Device, quality: str) -> None:
    before = device.live_buffers
    defocus = Defocus(device, 96, 64, quality)
    assert device.live_buffers > before
    defocus.release()
    assert device.live_buffers == before
