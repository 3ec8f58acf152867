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
from groundglass.optics.defocus import Blur, Defocus
from live_engine import LiveEngine


@pytest.fixture
def bench(device: Device) -> Iterator[Bench]:
    with make_bench(device) as opened:
        yield opened


def test_a_static_scene_converges(bench: Bench) -> None:
    """Noise of neighbours' own falls twentyfold, that of blotches fivefold, and from frame to frame even more."""
    rgb, depth_m = things()
    away = ~near_edges(depth_m, 8)
    for spoiled, left in ((noisy, 0.05), (blotchy, 0.2)):
        bench.stage.reset()
        frames = [bench.run(spoiled(depth_m, seed), NOISE, rgb) for seed in range(30)]
        assert (frames[-1] / depth_m - 1)[away].std() < 1.5 * left * NOISE
        assert (frames[-1] / frames[-2] - 1)[away].std() < 0.4 * left * NOISE


class Viewed(Bench):
    """What a noct-50 at f/0.95, focused at 1.2 m, makes of it."""

    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.defocus = Defocus(device, WIDTH, HEIGHT, "live")
        self.blur = Blur.of(load_lens("noct-50"), 1.2, WIDTH)

    def picture(self, depth_m: Array, noise: float, rgb: Array) -> Array:
        """(H, W, 3) encoded, in 1/255."""
        self.run(depth_m, noise, rgb)
        return self.seen(self.stage)

    def focused(self, depth_m: Array) -> Array:
        """With exact distances."""
        exact = DepthStage(self.stage.planes.device, WIDTH, HEIGHT)
        exact.load(depth_m)
        exact.run(self.scene)
        seen = self.seen(exact)
        exact.release()
        return seen

    def seen(self, stage: DepthStage) -> Array:
        seen = self.defocus.run(self.scene, stage.planes, stage.distances_m, self.blur).read()
        return 255 * np.clip(seen, 0, 1) ** (1 / 2.2)

    def release(self) -> None:
        for each in (self.stage, self.scene, self.defocus):
            each.release()


@pytest.fixture
def viewed(device: Device) -> Iterator[Viewed]:
    opened = Viewed(device)
    yield opened
    opened.release()


@pytest.mark.parametrize("spoiled", [noisy, blotchy])
def test_a_static_picture_does_not_flicker_and_a_cut_converges_in_three_frames(viewed: Viewed, spoiled: Any) -> None:
    one, other = things(), things(35)
    other = other[0][::-1].copy(), other[1][::-1].copy()
    before: Array | None = None
    for seed in range(16):
        rgb, depth_m = one if seed < 8 else other
        seen = viewed.picture(spoiled(depth_m, seed), NOISE, rgb)
        since = seed % 8
        if since >= 3:
            assert before is not None
            assert np.abs(seen - before).mean() < 0.5
        if since == 2:  # the third frame
            settled = seen
        if since == 7:
            assert np.abs(seen - settled).mean() < 1.0
            assert np.abs(seen - viewed.focused(depth_m)).mean() < 1.5
        before = seen


def test_the_engine_stabilizes_coarse_and_noisy_depth() -> None:
    rgb, depth_m = things()
    pixels = np.ascontiguousarray(np.round(255 * rgb ** (1 / 2.2)), np.uint8)
    coarse_m = depth_m[::2, ::2]
    with LiveEngine(size=(WIDTH, HEIGHT), lens="noct-50", look="neutral") as engine:
        exact = engine.render(gg.Frame(pixels, Encoding.DISPLAY, depth_m=depth_m)).astype(int)
        seen = [
            engine.render(gg.Frame(pixels, Encoding.DISPLAY, depth_m=noisy(coarse_m, i), depth_noise=NOISE)).astype(int)
            for i in range(8)
        ]
    assert np.abs(seen[7] - seen[6]).mean() < 0.5
    assert np.abs(seen[7] - exact).mean() < 2


@pytest.mark.parametrize(("noise", "times"), [(NOISE, 1), (0.0, 2)])
def test_the_noise_of_the_picture_does_not_move_edges(bench: Bench, noise: float, times: int) -> None:
    """Where a pixel could be either of two things, it stays what it was while the picture stands still."""
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
    """A disc and a bar that move by four pixels a frame leave nothing behind, and are nowhere late."""
    for frame in range(8):
        rgb, depth_m = things(4 * frame)
        seen = bench.run(noisy(depth_m, frame), NOISE, rgb)
        with make_bench(bench.stage._device) as alone:
            at_once = alone.run(noisy(depth_m, frame), NOISE, rgb)
        wrong, wrong_at_once = (np.abs(map_m / depth_m - 1) > 0.15 for map_m in (seen, at_once))
        assert wrong.sum() < 1.5 * wrong_at_once.sum() + 20


def test_a_surface_that_comes_nearer_is_followed(bench: Bench) -> None:
    """Though nothing changes in the picture: a wall that fills it."""
    for frame in range(40):
        metres = 3 * 0.99**frame
        seen = bench.run(noisy(np.full((HEIGHT, WIDTH), metres), frame), NOISE)
    assert np.median(seen) == pytest.approx(metres, rel=0.06)


def test_one_map_for_several_frames_is_one_measurement(bench: Bench) -> None:
    """A model is slower than the pictures: its noise must not be learnt by heart."""
    rgb, depth_m = things()
    for seed in range(12):
        bench.run(blotchy(depth_m, seed), NOISE, rgb)
    rested = bench.stage.planes.read()[..., 0]
    given = blotchy(depth_m, 99)
    first = bench.run(given, NOISE, rgb)
    for _ in range(6):
        again = bench.run(given, NOISE)
    away = ~near_edges(depth_m, 8)
    assert np.abs(again / first - 1)[away].max() < 1e-3
    assert np.abs(first / rested - 1)[away].mean() < 0.1 * NOISE
