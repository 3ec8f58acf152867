"""Resampling of depth maps of any size and quality to the picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from depth_support import (
    BAR_M,
    DISC_M,
    FAR_M,
    HEIGHT,
    NOISE,
    WIDTH,
    Array,
    Bench,
    make_bench,
    near_edges,
    noisy,
    things,
)
from groundglass.compute.device import Device
from groundglass.compute.planes import PAD, Planes
from groundglass.compute.registry import open_device
from groundglass.depth import stage as stage_module
from groundglass.depth.stage import DepthStage
from groundglass.errors import SourceError


@pytest.fixture
def bench(device: Device) -> Iterator[Bench]:
    with make_bench(device) as opened:
        yield opened


def test_exact_distances_are_unchanged(bench: Bench) -> None:
    depth_m = np.random.default_rng(1).choice([0.4, 1.0, 7.5, np.inf], (HEIGHT, WIDTH)).astype(np.float32)
    np.testing.assert_array_equal(bench.run(depth_m), depth_m)
    assert bench.stage.extremes_m == (pytest.approx(0.4), np.inf)
    with bench.stage.planes.view() as planes:
        rows = np.pad(depth_m, PAD, mode="reflect")
        np.testing.assert_array_equal(planes[0, :, : WIDTH + 2 * PAD], rows)


def test_the_same_array_is_copied_once(bench: Bench, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    depth_m = np.full((HEIGHT, WIDTH), 2, np.float32)
    bench.run(depth_m)
    monkeypatch.setattr(device, "write", lambda *_: pytest.fail("copied again"))
    monkeypatch.setattr(device, "run", lambda *_: pytest.fail("computed again"))
    bench.stage.load(depth_m)
    assert bench.stage.run(bench.scene) is bench.stage.planes


@pytest.mark.parametrize(
    ("unusable", "message"),
    [(np.nan, "the depth map contains NaN; give 0 where"), (0.0, "the depth map has no distance above 0")],
)
def test_a_map_without_distances_is_rejected(bench: Bench, unusable: float, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        bench.run(np.full((HEIGHT, WIDTH), unusable))


@pytest.mark.parametrize("noise", [0.0, NOISE])
def test_unknown_distances_take_the_more_distant_neighbour(bench: Bench, noise: float) -> None:
    depth_m = np.full((HEIGHT, WIDTH), 3.0)
    depth_m[:, :120] = 1.5
    filled_m = depth_m.copy()
    depth_m[40:60, 100:130] = 0
    filled_m[40:60, 100:130] = 3
    depth_m[100] = -1
    rgb = np.where(filled_m[..., None] > 2, 0.1, 0.6) * np.ones(3)
    result_m = bench.run(depth_m, noise, rgb.astype(np.float32))
    np.testing.assert_allclose(result_m[:98], filled_m[:98], rtol=1e-4)
    # A row without distances is filled from the columns.
    np.testing.assert_allclose(result_m[100, [60, 180]], [1.5, 3], rtol=1e-4)
    assert bench.stage.extremes_m == (1.5, 3.0)


@pytest.mark.parametrize("times", [1.25, 2, 3.4])
def test_a_larger_map_is_not_averaged_across_surfaces(bench: Bench, times: float) -> None:
    _, large_m = things(width=round(WIDTH * times), height=round(HEIGHT * times))
    result_m = bench.run(large_m)
    np.testing.assert_allclose(np.min(np.abs(result_m[..., None] / [DISC_M, BAR_M, FAR_M] - 1), axis=-1), 0, atol=1e-5)


@pytest.mark.parametrize("shape", [(120, 190), (80, 120), (40, 60), (33, 47)])
@pytest.mark.parametrize("noise", [0.0, 0.001])
def test_a_slanted_plane_stays_a_plane(bench: Bench, shape: tuple[int, int], noise: float) -> None:
    """1 / distance is linear across the picture, except at its border, outside the samples of the map."""
    rows, columns = shape
    y, x = (np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns
    result_m = bench.run(1 / (0.2 + 0.2 * y[:, None] + 0.1 * x), noise)
    y, x = (np.arange(HEIGHT) + 0.5) / HEIGHT, (np.arange(WIDTH) + 0.5) / WIDTH
    expected = 0.2 + 0.2 * y[:, None] + 0.1 * x
    np.testing.assert_allclose((1 / result_m)[6:-6, 6:-6], expected[6:-6, 6:-6], atol=1e-3)


@pytest.mark.parametrize("times", [2, 3, 4, 6])
def test_edges_of_a_coarse_map_align_with_the_picture(bench: Bench, times: int) -> None:
    rgb, depth_m = things()
    coarse_m = depth_m[times // 2 :: times, times // 2 :: times]
    result_m = bench.run(coarse_m, rgb=rgb)
    enlarged_m = np.repeat(np.repeat(coarse_m, times, 0), times, 1)[:HEIGHT, :WIDTH]
    missing = depth_m.shape[0] - enlarged_m.shape[0], depth_m.shape[1] - enlarged_m.shape[1]
    enlarged_m = np.pad(enlarged_m, ((0, missing[0]), (0, missing[1])), mode="edge")
    np.testing.assert_allclose(np.min(np.abs(result_m[..., None] / [DISC_M, BAR_M, FAR_M] - 1), axis=-1), 0, atol=1e-3)
    wrong, wrong_before = (np.abs(map_m / depth_m - 1) > 0.1 for map_m in (result_m, enlarged_m))
    assert wrong.sum() < 0.4 * wrong_before.sum()


def blurred_m(depth_m: Array) -> Array:
    """(H, W) metres, blurred over 5x5 pixels like the result of a model."""
    shifted = [np.roll(1 / depth_m, (dy, dx), (0, 1)) for dy in range(-2, 3) for dx in range(-2, 3)]
    return 1 / np.mean(shifted, axis=0)


def jagged_m(depth_m: Array) -> Array:
    """(H, W) metres, displaced by up to 2 pixels in 4x4 blocks like the result of a depth camera."""
    random = np.random.default_rng(5)
    y, x = np.indices(depth_m.shape)
    blocks = random.integers(-2, 3, (2, HEIGHT // 4, WIDTH // 4)).repeat(4, 1).repeat(4, 2)
    return depth_m[np.clip(y + blocks[0], 0, HEIGHT - 1), np.clip(x + blocks[1], 0, WIDTH - 1)]


@pytest.mark.parametrize(
    ("distort", "left"),
    [
        (lambda depth_m: np.roll(depth_m, (1, 1), (0, 1)), 0.4),
        (lambda depth_m: np.roll(depth_m, (1, 2), (0, 1)), 0.6),
        (blurred_m, 0.6),
        (jagged_m, 0.4),
    ],
    ids=["shifted by one", "shifted by two", "blurred", "jagged"],
)
def test_misplaced_edges_align_with_the_picture(bench: Bench, distort: Any, left: float) -> None:
    """The mean error near edges, in 1 / m, falls below the fraction `left` of the former error."""
    rgb, depth_m = things()
    given = noisy(distort(depth_m), 3)
    result_m = bench.run(given, NOISE, rgb)
    band = near_edges(depth_m)
    error, error_before = (np.abs(1 / map_m - 1 / depth_m)[band].mean() for map_m in (result_m, given))
    assert error < left * error_before


def test_neighbours_on_a_surface_are_averaged(bench: Bench) -> None:
    """First frame: the mean of four samples per half-size pixel, then a mean of neighbours within the noise."""
    given = noisy(np.full((HEIGHT, WIDTH), 2.0), 6)
    result_m = bench.run(given, NOISE)
    half = (1 / given.astype(np.float64)).reshape(HEIGHT // 2, 2, WIDTH // 2, 2).mean(axis=(1, 3))
    padded = np.pad(half, 1, mode="reflect")
    total, weights = np.zeros_like(half), np.zeros_like(half)
    for dy, dx in np.ndindex(3, 3):
        neighbour = padded[dy : dy + HEIGHT // 2, dx : dx + WIDTH // 2]
        weight = np.maximum(1 - ((neighbour - half) / (4 * NOISE * half)) ** 2, 0)
        total += weight * neighbour
        weights += weight
    mean = np.pad(total / weights, 1, mode="reflect")
    rows = np.repeat(mean, 2, axis=0)[1:-1]
    for i in range(HEIGHT):
        here, other = i // 2 + 1, i // 2 + 1 + (1 if i % 2 else -1)
        rows[i] = 0.75 * mean[here] + 0.25 * mean[other]
    expected = np.empty((HEIGHT, WIDTH))
    expected[:, 0::2] = 0.75 * rows[:HEIGHT, 1:-1] + 0.25 * rows[:HEIGHT, :-2]
    expected[:, 1::2] = 0.75 * rows[:HEIGHT, 1:-1] + 0.25 * rows[:HEIGHT, 2:]
    np.testing.assert_allclose(1 / result_m, expected, rtol=1e-3)


def test_distances_stay_within_the_extremes(bench: Bench) -> None:
    rgb, depth_m = things()
    for seed in range(4):
        result_m = bench.run(noisy(depth_m, seed, 0.1), 0.1, rgb)
        min_m, max_m = bench.stage.extremes_m
        assert result_m.min() >= min_m * (1 - 1e-5)
        assert result_m.max() <= max_m * (1 + 1e-5)


def test_extremes_ignore_noise_and_follow_a_change(bench: Bench) -> None:
    """The defocus chooses its scales and layers by the extremes."""
    _, depth_m = things()
    depth_m[:20] = np.inf
    extremes = []
    for seed in range(12):
        bench.run(noisy(depth_m, seed), NOISE)
        extremes.append(bench.stage.extremes_m)
    assert extremes[-1] == extremes[-2] == extremes[-3]
    assert extremes[-1] == (pytest.approx(DISC_M, rel=0.12), np.inf)
    for seed in range(30):
        bench.run(noisy(np.full_like(depth_m, 3.0), seed), NOISE)
    assert bench.stage.extremes_m == (pytest.approx(3, rel=0.35), pytest.approx(3, rel=0.35))


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 3), (17, 31), (33, 64), (47, 129)])
@pytest.mark.parametrize("shape", [(1, 1), (5, 4), (24, 65), (47, 129), (90, 200)])
def test_odd_and_tiny_sizes_are_supported(device: Device, height: int, width: int, shape: tuple[int, int]) -> None:
    with make_bench(device, width, height) as bench:
        for noise in (0.0, NOISE):
            depth_m = np.random.default_rng(2).choice([1.0, 3.0], shape)
            for _ in range(2):
                result_m = bench.run(depth_m.copy(), noise)
                assert result_m.shape == (height, width)
                np.testing.assert_allclose(np.min(np.abs(result_m[..., None] / [1.0, 3.0] - 1), axis=-1), 0, atol=0.01)


@pytest.mark.parametrize("run_length", [1, 8, 16])
def test_every_run_length_gives_the_same_distances(device: Device, run_length: int) -> None:
    if device.run_length in (1, run_length):
        pytest.skip(f"{device.spec} has the run length {device.run_length}; only a CPU supports others")
    other = open_device(device.spec)
    other.run_length = run_length
    rgb, depth_m = things()
    results = []
    for opened in (device, other):
        with make_bench(opened) as bench:
            maps_m = [bench.run(depth_m, rgb=rgb), bench.run(depth_m[1::3, 1::3], rgb=rgb)]
            maps_m += [bench.run(noisy(depth_m, seed), NOISE) for seed in range(3)]
            maps_m += [bench.run(noisy(depth_m, seed)[:, ::2], NOISE) for seed in range(2)]
            results.append(np.stack(maps_m))
    differs = np.abs(results[1] / results[0] - 1) > 1e-3
    assert differs.mean() < 1e-3  # a nearly even vote may have either result
    other.close()


def test_release_frees_all_memory(device: Device) -> None:
    before = device.live_buffers
    stage = DepthStage(device, 96, 64)
    scene = Planes(device, 96, 64, 3)
    for shape in ((64, 96), (200, 300), (32, 48)):
        stage.load(np.ones(shape, np.float32), 0.1)
        stage.run(scene)
    scene.release()
    stage.release()
    stage.release()
    assert device.live_buffers == before


@pytest.mark.parametrize("writeable", [True, False])
def test_a_map_that_returns_is_searched_again_only_if_it_may_have_changed(
    device: Device, monkeypatch: pytest.MonkeyPatch, writeable: bool
) -> None:
    searched: list[Array] = []
    search = stage_module._properties_of

    def counted(depth_m: Array) -> Any:
        searched.append(depth_m)
        return search(depth_m)

    monkeypatch.setattr(stage_module, "_properties_of", counted)
    maps = [np.full((8, 12), metres, np.float32) for metres in (1.0, 2.0)]
    for depth_m in maps:
        depth_m.setflags(write=writeable)
    stage = DepthStage(device, 12, 8)
    for depth_m in maps * 2:
        stage.load(depth_m)
        assert stage.extremes_m == (depth_m[0, 0], depth_m[0, 0])
    stage.release()
    assert len(searched) == (4 if writeable else 2)
