"""Stereo matching: synthetic pairs, a real pair, occlusions, and invalid pairs."""

from __future__ import annotations

import numpy as np
import pytest
from groundglass.compute.device import Device
from groundglass.compute.registry import open_device
from groundglass.depth.stereo import StereoDepth
from groundglass.errors import SourceError
from tolerances import STAGE

Surface = tuple[slice, slice, float, float]  # rows, columns of the left picture, disparity, slope along x


def textured_pair(seed: int, surfaces: list[Surface], size: tuple[int, int] = (320, 200)) -> tuple[np.ndarray, ...]:
    """Left, right, the left one's disparity, and which pixels both see.

    Each surface covers those before it. Its texture is noise of several sizes, and looked up between its pixels.
    """
    width, height = size
    random = np.random.default_rng(seed)
    left, right, truth = np.zeros((3, height, width))
    mate = np.full((height, width), -1.0)  # the left column that a right pixel shows
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
        truth[rows, across] = (disparity + slope * (columns - across.start))[across]
        # A right column shows the left column x where x - disparity(x) is that column.
        from_left = (columns + disparity - slope * across.start) / (1 - slope)
        shown = (from_left >= across.start) & (from_left <= across.stop - 1)
        for y in range(*rows.indices(height)):
            right[y, shown] = np.interp(from_left[shown], np.arange(2 * width), texture[y])
        mate[rows, shown] = from_left[shown]
    place = np.round(columns - truth).astype(int)
    there = np.take_along_axis(mate, np.clip(place, 0, width - 1), axis=1)
    seen = (place >= 0) & (place < width) & (np.abs(there - columns) < 1.5)
    return left.astype(np.float32), right.astype(np.float32), truth, seen


def whole(disparity: float, slope: float = 0.0) -> Surface:
    """All of the picture, and what the right camera sees beside it."""
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
def test_planes_and_slopes_are_found_to_a_fraction_of_a_pixel(device: Device, scene: int) -> None:
    left, right, truth, seen = textured_pair(scene, SCENES[scene])
    disparity = matched(device, left, right)
    wrong = np.abs(disparity - truth)[seen]
    assert (wrong > 1).mean() < 0.05
    assert np.median(wrong) < 0.25


def test_exposures_may_differ(device: Device) -> None:
    left, right, truth, seen = textured_pair(5, SCENES[0])
    disparity = matched(device, left, np.float32(0.55) * right + np.float32(0.1))
    assert (np.abs(disparity - truth) > 1)[seen].mean() < 0.05


def test_matching_tolerates_noise(device: Device) -> None:
    left, right, truth, seen = textured_pair(6, SCENES[0])
    random = np.random.default_rng(1)
    left, right = (p + random.normal(0, 0.02, p.shape).astype(np.float32) for p in (left, right))
    assert (np.abs(matched(device, left, right) - truth) > 1)[seen].mean() < 0.05


def test_occluded_pixels_take_the_background_disparity(device: Device) -> None:
    left, right, truth, seen = textured_pair(7, SCENES[0])
    hidden = ~seen
    hidden[:, :20] = False  # beside the right picture
    disparity = matched(device, left, right)
    assert (np.abs(disparity - truth)[hidden] < 2).mean() > 0.8


def test_pixels_outside_the_right_picture_continue_their_surface(device: Device) -> None:
    left, right, truth, _ = textured_pair(8, [whole(20.0)])
    assert (np.abs(matched(device, left, right) - truth) < 1).mean() > 0.98


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
@pytest.mark.parametrize(("size", "most"), [((90, 40), 31), ((75, 33), 70)])
def test_gpu_paths_and_cpu_sweeps_find_equal_disparities(
    device: Device, size: tuple[int, int], most: int, run_length: int | None
) -> None:
    """All costs are whole numbers, so nothing may differ but how the place between two pixels is rounded."""
    if not device.is_cpu:
        pytest.skip(f"{device.spec} is no CPU, which can run both")
    opened = open_device(device.spec)
    opened.run_length = run_length or opened.run_length
    left, right, _, _ = textured_pair(11, [whole(3.0), (slice(5, 25), slice(30, 60), 14.5, 0.02)], size)
    stereo = StereoDepth(opened, *size, most)
    by_sweeps = stereo.run(left, right)
    stereo._by_sweeps = False
    np.testing.assert_allclose(stereo.run(left, right), by_sweeps, atol=STAGE)
    stereo.release()
    opened.close()


@pytest.mark.parametrize("most", [0, 0.5, 256, float("inf"), float("nan"), -3])
def test_a_disparity_out_of_range_is_an_error(device: Device, most: float) -> None:
    with pytest.raises(SourceError, match="use 1 to 255"):
        StereoDepth(device, 40, 30, most)


def test_a_cost_volume_beyond_an_int_index_is_an_error(device: Device) -> None:
    with pytest.raises(SourceError, match="use smaller pictures"):
        StereoDepth(device, 4000, 3000, 255)


def test_pictures_of_another_size_are_an_error(device: Device) -> None:
    stereo = StereoDepth(device, 40, 30)
    with pytest.raises(SourceError, match="the right picture is"):
        stereo.run(np.zeros((30, 40), np.float32), np.zeros((30, 41), np.float32))
    stereo.release()


def visible(truth: np.ndarray) -> np.ndarray:
    """Pixels with a known disparity that no nearer one hides in the right picture."""
    known = np.isfinite(truth) & (truth > 0)
    y, x = np.nonzero(known)
    mate = np.round(x - truth[known]).astype(int)
    front = np.zeros(truth.shape)
    inside = mate >= 0
    np.maximum.at(front, (y[inside], mate[inside]), truth[known][inside])
    seen = np.zeros(truth.shape, bool)
    seen[known] = inside & (front[y, np.maximum(mate, 0)] - truth[known] < 1.5)
    return seen


def test_a_real_pair_matches_its_ground_truth(device: Device) -> None:
    """Middlebury 2014's motorcycle: D. Scharstein et al., GCPR 2014."""
    data = pytest.importorskip("skimage.data")
    try:
        left, right, truth = data.stereo_motorcycle()
    except Exception as error:
        pytest.skip(f"scikit-image has no motorcycle here ({error})")
    weights = np.array([0.25, 0.5, 0.25], np.float32) / 255
    disparity = matched(device, left @ weights, right @ weights, 63)
    both_see = visible(truth)
    assert both_see.mean() > 0.8
    assert (np.abs(disparity - truth) > 2)[both_see].mean() < 0.05
