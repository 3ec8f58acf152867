"""Temporal depth stabilization: static scenes converge, moving objects keep their distance, a cut restarts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import groundglass as gg
import numpy as np
import pytest
from depth_support import HEIGHT, NOISE, WIDTH, Array, Bench, blotchy, make_bench, near_edges, noisy, things
from groundglass.compute.device import Device
from groundglass.depth.stage import DepthStage
from groundglass.frame import Encoding
from groundglass.lens import load_lens
from groundglass.optics.blur import Blur
from groundglass.optics.defocus import Defocus
from live_engine import LiveEngine


@pytest.fixture
def bench(device: Device) -> Iterator[Bench]:
    with make_bench(device) as opened:
        yield opened


def test_a_static_scene_converges(bench: Bench) -> None:
    """Noise of single samples falls to 5 %, noise of blotches to 20 %; the change between frames is smaller still."""
    rgb, depth_m = things()
    far_from_edges = ~near_edges(depth_m, 8)
    for noise_of, left in ((noisy, 0.05), (blotchy, 0.2)):
        bench.stage.reset()
        frames = [bench.run(noise_of(depth_m, seed), NOISE, rgb) for seed in range(30)]
        assert (frames[-1] / depth_m - 1)[far_from_edges].std() < 1.5 * left * NOISE
        assert (frames[-1] / frames[-2] - 1)[far_from_edges].std() < 0.4 * left * NOISE


class Viewed(Bench):
    """The depth stage followed by the defocus of a noct-50 at f/0.95, focused at 1.2 m."""

    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.defocus = Defocus(device, WIDTH, HEIGHT, "live")
        self.blur = Blur.of(load_lens("noct-50"), 1.2, WIDTH)

    def picture(self, depth_m: Array, noise: float, rgb: Array) -> Array:
        """(H, W, 3) encoded, in 1/255."""
        self.run(depth_m, noise, rgb)
        return self.defocused(self.stage)

    def focused(self, depth_m: Array) -> Array:
        """(H, W, 3) encoded, in 1/255, with exact distances."""
        exact = DepthStage(self.stage.planes.device, WIDTH, HEIGHT)
        exact.load(depth_m)
        exact.run(self.scene)
        picture = self.defocused(exact)
        exact.release()
        return picture

    def defocused(self, stage: DepthStage) -> Array:
        light = self.defocus.run(self.scene, stage.planes, stage.distances_m, self.blur).read()
        return 255 * np.clip(light, 0, 1) ** (1 / 2.2)

    def release(self) -> None:
        for resource in (self.stage, self.scene, self.defocus):
            resource.release()


@pytest.fixture
def viewed(device: Device) -> Iterator[Viewed]:
    opened = Viewed(device)
    yield opened
    opened.release()


@pytest.mark.parametrize("noise_of", [noisy, blotchy])
def test_a_static_picture_does_not_flicker_and_a_cut_converges_in_three_frames(viewed: Viewed, noise_of: Any) -> None:
    first, second = things(), things(35)
    second = second[0][::-1].copy(), second[1][::-1].copy()
    before: Array | None = None
    for seed in range(16):
        rgb, depth_m = first if seed < 8 else second
        result = viewed.picture(noise_of(depth_m, seed), NOISE, rgb)
        since = seed % 8
        if since >= 3:
            assert before is not None
            assert np.abs(result - before).mean() < 0.5
        if since == 2:  # the third frame
            converged = result
        if since == 7:
            assert np.abs(result - converged).mean() < 1.0
            assert np.abs(result - viewed.focused(depth_m)).mean() < 1.5
        before = result


def test_the_engine_stabilizes_coarse_and_noisy_depth() -> None:
    rgb, depth_m = things()
    pixels = np.ascontiguousarray(np.round(255 * rgb ** (1 / 2.2)), np.uint8)
    coarse_m = depth_m[::2, ::2]
    with LiveEngine(size=(WIDTH, HEIGHT), lens="noct-50", look="neutral") as engine:
        exact = engine.render(gg.Frame(pixels, Encoding.DISPLAY, depth_m=depth_m)).astype(int)
        result = [
            engine.render(gg.Frame(pixels, Encoding.DISPLAY, depth_m=noisy(coarse_m, i), depth_noise=NOISE)).astype(int)
            for i in range(8)
        ]
    assert np.abs(result[7] - result[6]).mean() < 0.5
    assert np.abs(result[7] - exact).mean() < 2


@pytest.mark.parametrize(("noise", "times"), [(NOISE, 1), (0.0, 2)])
def test_the_noise_of_the_picture_does_not_move_edges(bench: Bench, noise: float, times: int) -> None:
    """A pixel that could belong to either of two objects keeps its distance while the picture is static."""
    rgb, depth_m = things()
    faint = 0.3 + 0.2 * (rgb - 0.3)
    frames = []
    for seed in range(10):
        grain = 0.02 * np.random.default_rng(seed).standard_normal(rgb.shape)
        given = noisy(depth_m, seed) if noise else depth_m[::times, ::times].copy()
        frames.append(bench.run(given, noise, (faint + grain).astype(np.float32)))
    changed = [np.mean(np.abs(frames[i] / frames[i - 1] - 1) > 0.1) for i in range(4, 10)]
    assert np.mean(changed) < 3e-4


def test_a_moving_object_keeps_its_distance(bench: Bench) -> None:
    """A disc and a bar move by 4 pixels per frame. Their distances have no trail and no delay."""
    for frame in range(8):
        rgb, depth_m = things(4 * frame)
        result = bench.run(noisy(depth_m, frame), NOISE, rgb)
        with make_bench(bench.stage._device) as alone:
            at_once = alone.run(noisy(depth_m, frame), NOISE, rgb)
        wrong, wrong_at_once = (np.abs(map_m / depth_m - 1) > 0.15 for map_m in (result, at_once))
        assert wrong.sum() < 1.5 * wrong_at_once.sum() + 20


def test_an_approaching_surface_is_tracked(bench: Bench) -> None:
    """A wall fills the picture, so the picture itself does not change."""
    for frame in range(40):
        metres = 3 * 0.99**frame
        result = bench.run(noisy(np.full((HEIGHT, WIDTH), metres), frame), NOISE)
    assert np.median(result) == pytest.approx(metres, rel=0.06)


def test_a_map_for_several_frames_counts_as_one_measurement(bench: Bench) -> None:
    """A model is slower than the frame rate: its noise must not accumulate over repeated frames."""
    rgb, depth_m = things()
    for seed in range(12):
        bench.run(blotchy(depth_m, seed), NOISE, rgb)
    converged = bench.stage.planes.read()[..., 0]
    given = blotchy(depth_m, 99)
    first = bench.run(given, NOISE, rgb)
    for _ in range(6):
        again = bench.run(given, NOISE)
    far_from_edges = ~near_edges(depth_m, 8)
    assert np.abs(again / first - 1)[far_from_edges].max() < 1e-3
    assert np.abs(first / converged - 1)[far_from_edges].mean() < 0.1 * NOISE
