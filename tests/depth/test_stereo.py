"""Stereo matching: synthetic pairs, a real pair, occlusions, and invalid pairs."""

from __future__ import annotations

import numpy as np
import pytest
from groundglass.compute.device import Device
from groundglass.compute.registry import open_device
from groundglass.depth.stereo import StereoDepth
from groundglass.errors import SourceError
from tolerances import STAGE

Surface = tuple[slice, slice, float, float]  # rows and columns of the left picture, disparity, slope along x


def textured_pair(seed: int, surfaces: list[Surface], size: tuple[int, int] = (320, 200)) -> tuple[np.ndarray, ...]:
    """Left picture, right picture, disparity of the left picture, and the pixels that are visible in both.

    Each surface covers the previous ones. Its texture is interpolated noise of several sizes.
    """
    width, height = size
    random = np.random.default_rng(seed)
    left, right, true_disparity = np.zeros((3, height, width))
    mate = np.full((height, width), -1.0)  # the left column of each right pixel
    columns = np.arange(width)
    for rows, across, disparity, slope in surfaces:
        texture = sum(
            np.kron(random.random((height // side + 1, 2 * width // side + 1)), np.ones((side, side)))[
                :height, : 2 * width
            ]
            for side in (1, 2, 4)
        )
        texture = (texture + np.roll(texture, 1, axis=1)) / 6
        left[rows, across] = texture[rows, across][:, :width]
        true_disparity[rows, across] = (disparity + slope * (columns - across.start))[across]
        # The right column x - disparity(x) shows the left column x.
        from_left = (columns + disparity - slope * across.start) / (1 - slope)
        shown = (from_left >= across.start) & (from_left <= across.stop - 1)
        for y in range(*rows.indices(height)):
            right[y, shown] = np.interp(from_left[shown], np.arange(2 * width), texture[y])
        mate[rows, shown] = from_left[shown]
    right_column = np.round(columns - true_disparity).astype(int)
    mate_of_left = np.take_along_axis(mate, np.clip(right_column, 0, width - 1), axis=1)
    visible_in_both = (right_column >= 0) & (right_column < width) & (np.abs(mate_of_left - columns) < 1.5)
    return left.astype(np.float32), right.astype(np.float32), true_disparity, visible_in_both


def whole(disparity: float, slope: float = 0.0) -> Surface:
    """A surface that covers both pictures completely."""
    return slice(0, 1000), slice(0, 1000), disparity, slope


SCENES = [
    [whole(4.0), (slice(40, 160), slice(80, 200), 17.3, 0.0), (slice(100, 190), slice(180, 290), 30.6, 0.0)],
    [whole(3.0, 0.05), (slice(20, 120), slice(60, 220), 26.0, -0.04)],
    [whole(12.5), (slice(60, 200), slice(120, 260), 41.25, 0.03)],
]


def matched(device: Device, left: np.ndarray, right: np.ndarray, max_disparity: float = 60) -> np.ndarray:
    stereo = StereoDepth(device, left.shape[1], left.shape[0], max_disparity)
    disparity = stereo.run(left, right)
    stereo.release()
    stereo.release()
    return disparity


@pytest.mark.parametrize("scene", range(len(SCENES)))
def test_planes_and_slopes_are_matched_with_subpixel_accuracy(device: Device, scene: int) -> None:
    left, right, true_disparity, visible_in_both = textured_pair(scene, SCENES[scene])
    disparity = matched(device, left, right)
    wrong = np.abs(disparity - true_disparity)[visible_in_both]
    assert (wrong > 1).mean() < 0.05
    assert np.median(wrong) < 0.25


def test_matching_tolerates_different_exposures(device: Device) -> None:
    left, right, true_disparity, visible_in_both = textured_pair(5, SCENES[0])
    disparity = matched(device, left, np.float32(0.55) * right + np.float32(0.1))
    assert (np.abs(disparity - true_disparity) > 1)[visible_in_both].mean() < 0.05


def test_matching_tolerates_noise(device: Device) -> None:
    left, right, true_disparity, visible_in_both = textured_pair(6, SCENES[0])
    random = np.random.default_rng(1)
    left, right = (p + random.normal(0, 0.02, p.shape).astype(np.float32) for p in (left, right))
    assert (np.abs(matched(device, left, right) - true_disparity) > 1)[visible_in_both].mean() < 0.05


def test_occluded_pixels_take_the_background_disparity(device: Device) -> None:
    left, right, true_disparity, visible_in_both = textured_pair(7, SCENES[0])
    hidden = ~visible_in_both
    hidden[:, :20] = False  # outside the right picture
    disparity = matched(device, left, right)
    assert (np.abs(disparity - true_disparity)[hidden] < 2).mean() > 0.8


def test_pixels_outside_the_right_picture_continue_their_surface(device: Device) -> None:
    left, right, true_disparity, _ = textured_pair(8, [whole(20.0)])
    assert (np.abs(matched(device, left, right) - true_disparity) < 1).mean() > 0.98


@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
def test_without_a_match_the_disparity_is_zero(device: Device, grey: float) -> None:
    flat = np.full((40, 60), grey, np.float32)
    assert np.array_equal(matched(device, flat, flat), np.zeros((40, 60)))


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (17, 1), (1, 40), (33, 20)])
def test_tiny_pictures_are_matched(device: Device, size: tuple[int, int]) -> None:
    random = np.random.default_rng(2)
    left = random.random(size[::-1], dtype=np.float32)
    disparity = matched(device, left, left, 200)
    assert disparity.shape == left.shape
    assert np.isfinite(disparity).all()
    assert disparity.min() >= 0


def test_two_equal_pictures_have_zero_disparity(device: Device) -> None:
    left = np.random.default_rng(3).random((60, 90), dtype=np.float32)
    np.testing.assert_allclose(matched(device, left, left), 0.0, atol=0.5)


def test_the_maximum_disparity_is_255(device: Device) -> None:
    left = np.random.default_rng(4).random((40, 400), dtype=np.float32)
    disparity = matched(device, left, np.roll(left, -180, axis=1), 255)
    assert (np.abs(disparity[:, 200:] - 180) < 1).mean() > 0.98


@pytest.mark.parametrize("run_length", [None, 1])
@pytest.mark.parametrize(("size", "max_disparity"), [((90, 40), 31), ((75, 33), 70)])
def test_gpu_paths_and_cpu_sweeps_find_equal_disparities(
    device: Device, size: tuple[int, int], max_disparity: int, run_length: int | None
) -> None:
    """All costs are integers, so only the rounding of the subpixel position may differ."""
    if not device.is_cpu:
        pytest.skip(f"{device.spec} is not a CPU; only a CPU runs both")
    opened = open_device(device.spec)
    opened.run_length = run_length or opened.run_length
    left, right, _, _ = textured_pair(11, [whole(3.0), (slice(5, 25), slice(30, 60), 14.5, 0.02)], size)
    stereo = StereoDepth(opened, *size, max_disparity)
    by_sweeps = stereo.run(left, right)
    stereo._by_sweeps = False
    np.testing.assert_allclose(stereo.run(left, right), by_sweeps, atol=STAGE)
    stereo.release()
    opened.close()


@pytest.mark.parametrize("max_disparity", [0, 0.5, 256, float("inf"), float("nan"), -3])
def test_a_disparity_out_of_range_is_an_error(device: Device, max_disparity: float) -> None:
    with pytest.raises(SourceError, match="use 1 to 255"):
        StereoDepth(device, 40, 30, max_disparity)


def test_a_cost_volume_beyond_an_int_index_is_an_error(device: Device) -> None:
    with pytest.raises(SourceError, match="use smaller pictures"):
        StereoDepth(device, 4000, 3000, 255)


def test_pictures_of_another_size_are_an_error(device: Device) -> None:
    stereo = StereoDepth(device, 40, 30)
    with pytest.raises(SourceError, match="the right picture is"):
        stereo.run(np.zeros((30, 40), np.float32), np.zeros((30, 41), np.float32))
    stereo.release()


def visible(true_disparity: np.ndarray) -> np.ndarray:
    """Pixels with a known disparity that no nearer pixel covers in the right picture."""
    known = np.isfinite(true_disparity) & (true_disparity > 0)
    y, x = np.nonzero(known)
    mate = np.round(x - true_disparity[known]).astype(int)
    front = np.zeros(true_disparity.shape)
    inside = mate >= 0
    np.maximum.at(front, (y[inside], mate[inside]), true_disparity[known][inside])
    visible_in_both = np.zeros(true_disparity.shape, bool)
    visible_in_both[known] = inside & (front[y, np.maximum(mate, 0)] - true_disparity[known] < 1.5)
    return visible_in_both


def test_a_real_pair_matches_its_ground_truth(device: Device) -> None:
    """The motorcycle of Middlebury 2014: D. Scharstein et al., GCPR 2014."""
    data = pytest.importorskip("skimage.data")
    try:
        left, right, true_disparity = data.stereo_motorcycle()
    except Exception as error:
        pytest.skip(f"scikit-image cannot provide the motorcycle ({error})")
    weights = np.array([0.25, 0.5, 0.25], np.float32) / 255
    disparity = matched(device, left @ weights, right @ weights, 63)
    visible_in_both = visible(true_disparity)
    assert visible_in_both.mean() > 0.8
    assert (np.abs(disparity - true_disparity) > 2)[visible_in_both].mean() < 0.05
