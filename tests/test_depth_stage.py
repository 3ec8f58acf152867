"""Maps of distances of any size and quality become a distance for each pixel of the picture, steady over frames."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import groundglass as gg
import numpy as np
import pytest
from groundglass.compute.device import Device, open_device
from groundglass.compute.planes import PAD, Planes
from groundglass.errors import SourceError
from groundglass.frame import Encoding
from groundglass.optics.defocus import Blur, Defocus
from groundglass.optics.depth import DepthStage
from groundglass.optics.lens import load_lens

WIDTH, HEIGHT = 240, 160
NOISE = 0.02
FAR_M, BAR_M, DISC_M = 4.0, 2.0, 1.0
Array = np.ndarray[Any, Any]


def things(shift: float = 0.0, width: int = WIDTH, height: int = HEIGHT) -> tuple[Array, Array]:
    """A textured wall, a bar and a disc before it, `shift` pixels to the right: scene RGB and exact metres."""
    y, x = np.indices((height, width))
    texture = 0.75 + 0.25 * np.random.default_rng(8).random((height, width))
    depth_m = np.full((height, width), FAR_M)
    rgb = np.array([0.15, 0.2, 0.3]) * texture[..., None]
    bar = np.abs(x - y * 0.3 - 170 - shift) < 9
    disc = np.hypot(x - 80 - shift, y - 80) < 45
    for where, metres, colour in ((bar, BAR_M, (0.5, 0.45, 0.1)), (disc, DISC_M, (0.8, 0.3, 0.25))):
        depth_m[where] = metres
        moved = np.roll(texture, round(shift), axis=1)
        rgb[where] = (np.array(colour) * moved[..., None])[where]
    return rgb.astype(np.float32), depth_m.astype(np.float32)


def near_edges(depth_m: Array, within: int = 6) -> Array:
    """Pixels within so many of another distance."""
    found = np.zeros(depth_m.shape, bool)
    for dy, dx in ((0, within), (0, -within), (within, 0), (-within, 0)):
        found |= np.roll(depth_m, (dy, dx), (0, 1)) != depth_m
    return found


def noisy(depth_m: Array, seed: int, noise: float = NOISE) -> Array:
    """Every pixel wrong by itself."""
    return (depth_m * (1 + noise * np.random.default_rng(seed).standard_normal(depth_m.shape))).astype(np.float32)


def blotchy(depth_m: Array, seed: int, noise: float = NOISE) -> Array:
    """Patches some 20 pixels wide, each wrong by itself."""
    spectrum = np.fft.rfft2(np.random.default_rng(seed).standard_normal(depth_m.shape))
    fy, fx = np.fft.fftfreq(depth_m.shape[0])[:, None], np.fft.rfftfreq(depth_m.shape[1])
    smooth = np.fft.irfft2(spectrum * np.exp(-2 * (np.pi * 8) ** 2 * (fy**2 + fx**2)), depth_m.shape)
    return (depth_m * (1 + noise * smooth / smooth.std())).astype(np.float32)


class Bench:
    """A stage and the picture that it is given."""

    def __init__(self, device: Device, width: int = WIDTH, height: int = HEIGHT) -> None:
        self.stage = DepthStage(device, width, height)
        self.scene = Planes(device, width, height, 3)
        self.scene.write(np.full((height, width, 3), 0.18, np.float32))

    def run(self, depth_m: Array, noise: float = 0.0, rgb: Array | None = None) -> Array:
        if rgb is not None:
            self.scene.write(rgb)
        self.stage.load(np.asarray(depth_m, np.float32), noise)
        return self.stage.run(self.scene).read()[..., 0]


@contextmanager
def a_bench(device: Device, width: int = WIDTH, height: int = HEIGHT) -> Iterator[Bench]:
    opened = Bench(device, width, height)
    yield opened
    opened.stage.release()
    opened.scene.release()


@pytest.fixture
def bench(device: Device) -> Iterator[Bench]:
    with a_bench(device) as opened:
        yield opened


def test_exact_distances_pass_as_they_are(bench: Bench) -> None:
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
    monkeypatch.setattr(device, "run", lambda *_: pytest.fail("worked again"))
    bench.stage.load(depth_m)
    assert bench.stage.run(bench.scene) is bench.stage.planes


@pytest.mark.parametrize(
    ("unusable", "why"), [(np.nan, "the depth holds NaN; fill it"), (0.0, "the depth holds no distance above 0")]
)
def test_a_map_that_says_nothing_is_refused(bench: Bench, unusable: float, why: str) -> None:
    with pytest.raises(SourceError, match=why):
        bench.run(np.full((HEIGHT, WIDTH), unusable))


@pytest.mark.parametrize("noise", [0.0, NOISE])
def test_unknown_distances_are_what_is_farther_beside_them(bench: Bench, noise: float) -> None:
    depth_m = np.full((HEIGHT, WIDTH), 3.0)
    depth_m[:, :120] = 1.5
    filled_m = depth_m.copy()
    depth_m[40:60, 100:130] = 0
    filled_m[40:60, 100:130] = 3
    depth_m[100] = -1
    rgb = np.where(filled_m[..., None] > 2, 0.1, 0.6) * np.ones(3)
    seen = bench.run(depth_m, noise, rgb.astype(np.float32))
    np.testing.assert_allclose(seen[:98], filled_m[:98], rtol=1e-4)
    np.testing.assert_allclose(seen[100, [60, 180]], [1.5, 3], rtol=1e-4)  # a row without any: from the columns
    assert bench.stage.extremes_m == (1.5, 3.0)


@pytest.mark.parametrize("times", [1.25, 2, 3.4])
def test_a_larger_map_gives_one_of_its_surfaces_never_a_mixture(bench: Bench, times: float) -> None:
    _, large_m = things(width=round(WIDTH * times), height=round(HEIGHT * times))
    seen = bench.run(large_m)
    np.testing.assert_allclose(np.min(np.abs(seen[..., None] / [DISC_M, BAR_M, FAR_M] - 1), axis=-1), 0, atol=1e-5)


@pytest.mark.parametrize("shape", [(120, 190), (80, 120), (40, 60), (33, 47)])
@pytest.mark.parametrize("noise", [0.0, 0.001])
def test_a_slanted_plane_stays_a_plane(bench: Bench, shape: tuple[int, int], noise: float) -> None:
    """In 1 / distance it is linear across the picture; only the picture's rim is beyond the map's samples."""
    rows, columns = shape
    y, x = (np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns
    seen = bench.run(1 / (0.2 + 0.2 * y[:, None] + 0.1 * x), noise)
    y, x = (np.arange(HEIGHT) + 0.5) / HEIGHT, (np.arange(WIDTH) + 0.5) / WIDTH
    expected = 0.2 + 0.2 * y[:, None] + 0.1 * x
    np.testing.assert_allclose((1 / seen)[6:-6, 6:-6], expected[6:-6, 6:-6], atol=1e-3)


@pytest.mark.parametrize("times", [2, 3, 4, 6])
def test_the_edges_of_a_coarse_map_come_to_lie_on_those_of_the_picture(bench: Bench, times: int) -> None:
    rgb, depth_m = things()
    coarse_m = depth_m[times // 2 :: times, times // 2 :: times]
    seen = bench.run(coarse_m, rgb=rgb)
    enlarged_m = np.repeat(np.repeat(coarse_m, times, 0), times, 1)[:HEIGHT, :WIDTH]
    missing = depth_m.shape[0] - enlarged_m.shape[0], depth_m.shape[1] - enlarged_m.shape[1]
    enlarged_m = np.pad(enlarged_m, ((0, missing[0]), (0, missing[1])), mode="edge")
    np.testing.assert_allclose(np.min(np.abs(seen[..., None] / [DISC_M, BAR_M, FAR_M] - 1), axis=-1), 0, atol=1e-3)
    wrong, wrong_before = (np.abs(map_m / depth_m - 1) > 0.1 for map_m in (seen, enlarged_m))
    assert wrong.sum() < 0.4 * wrong_before.sum()


def blurred_m(depth_m: Array) -> Array:
    """Smeared over 5x5 pixels, as models do."""
    around = [np.roll(1 / depth_m, (dy, dx), (0, 1)) for dy in range(-2, 3) for dx in range(-2, 3)]
    return 1 / np.mean(around, axis=0)


def jagged_m(depth_m: Array) -> Array:
    """Torn by up to two pixels in blocks of four, as depth cameras do."""
    random = np.random.default_rng(5)
    y, x = np.indices(depth_m.shape)
    blocks = random.integers(-2, 3, (2, HEIGHT // 4, WIDTH // 4)).repeat(4, 1).repeat(4, 2)
    return depth_m[np.clip(y + blocks[0], 0, HEIGHT - 1), np.clip(x + blocks[1], 0, WIDTH - 1)]


@pytest.mark.parametrize(
    ("spoil", "left"),
    [
        (lambda depth_m: np.roll(depth_m, (1, 1), (0, 1)), 0.4),
        (lambda depth_m: np.roll(depth_m, (1, 2), (0, 1)), 0.6),
        (blurred_m, 0.6),
        (jagged_m, 0.4),
    ],
    ids=["shifted by one", "shifted by two", "blurred", "jagged"],
)
def test_edges_beside_those_of_the_picture_are_put_right(bench: Bench, spoil: Any, left: float) -> None:
    """The error near edges, in 1 / m, falls to `left` of what it was, or less."""
    rgb, depth_m = things()
    given = noisy(spoil(depth_m), 3)
    seen = bench.run(given, NOISE, rgb)
    band = near_edges(depth_m)
    error, error_before = (np.abs(1 / map_m - 1 / depth_m)[band].mean() for map_m in (seen, given))
    assert error < left * error_before


def test_neighbours_on_a_surface_are_averaged(bench: Bench) -> None:
    """The first frame, from the formula: four samples a half pixel, then those around as far as noise explains them."""
    given = noisy(np.full((HEIGHT, WIDTH), 2.0), 6)
    seen = bench.run(given, NOISE)
    half = (1 / given.astype(np.float64)).reshape(HEIGHT // 2, 2, WIDTH // 2, 2).mean(axis=(1, 3))
    padded = np.pad(half, 1, mode="reflect")
    total, weights = np.zeros_like(half), np.zeros_like(half)
    for dy, dx in np.ndindex(3, 3):
        there = padded[dy : dy + HEIGHT // 2, dx : dx + WIDTH // 2]
        weight = np.maximum(1 - ((there - half) / (4 * NOISE * half)) ** 2, 0)
        total += weight * there
        weights += weight
    mean = np.pad(total / weights, 1, mode="reflect")
    rows = np.repeat(mean, 2, axis=0)[1:-1]
    for i in range(HEIGHT):
        here, other = i // 2 + 1, i // 2 + 1 + (1 if i % 2 else -1)
        rows[i] = 0.75 * mean[here] + 0.25 * mean[other]
    expected = np.empty((HEIGHT, WIDTH))
    expected[:, 0::2] = 0.75 * rows[:HEIGHT, 1:-1] + 0.25 * rows[:HEIGHT, :-2]
    expected[:, 1::2] = 0.75 * rows[:HEIGHT, 1:-1] + 0.25 * rows[:HEIGHT, 2:]
    np.testing.assert_allclose(1 / seen, expected, rtol=1e-3)


def test_a_still_scene_comes_to_rest(bench: Bench) -> None:
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
        seen = self.defocus.run(self.scene, stage.planes, stage.extremes_m, self.blur).read()
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
def test_a_still_picture_does_not_flicker_and_a_cut_settles_in_three_frames(viewed: Viewed, spoiled: Any) -> None:
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


def test_the_engine_steadies_coarse_and_noisy_depth() -> None:
    rgb, depth_m = things()
    pixels = np.ascontiguousarray(np.round(255 * rgb ** (1 / 2.2)), np.uint8)
    coarse_m = depth_m[::2, ::2]
    with gg.Engine(size=(WIDTH, HEIGHT), lens="noct-50", look="neutral") as engine:
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


def test_what_moves_takes_its_distance_along(bench: Bench) -> None:
    """A disc and a bar that move by four pixels a frame leave nothing behind, and are nowhere late."""
    for frame in range(8):
        rgb, depth_m = things(4 * frame)
        seen = bench.run(noisy(depth_m, frame), NOISE, rgb)
        with a_bench(bench.stage._device) as alone:
            at_once = alone.run(noisy(depth_m, frame), NOISE, rgb)
        wrong, wrong_at_once = (np.abs(map_m / depth_m - 1) > 0.15 for map_m in (seen, at_once))
        assert wrong.sum() < 1.5 * wrong_at_once.sum() + 20


def test_a_surface_that_comes_nearer_is_followed(bench: Bench) -> None:
    """Though nothing changes in the picture: a wall that fills it."""
    for frame in range(40):
        metres = 3 * 0.99**frame
        seen = bench.run(noisy(np.full((HEIGHT, WIDTH), metres), frame), NOISE)
    assert np.median(seen) == pytest.approx(metres, rel=0.06)


def test_one_map_for_several_frames_is_not_taken_for_several_measurements(bench: Bench) -> None:
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


def test_distances_stay_within_the_extremes(bench: Bench) -> None:
    rgb, depth_m = things()
    for seed in range(4):
        seen = bench.run(noisy(depth_m, seed, 0.1), 0.1, rgb)
        nearest, farthest = bench.stage.extremes_m
        assert seen.min() >= nearest * (1 - 1e-5)
        assert seen.max() <= farthest * (1 + 1e-5)


def test_noise_leaves_the_extremes_where_they_are_and_a_change_does_not(bench: Bench) -> None:
    """The defocus chooses its scales and layers by them."""
    _, depth_m = things()
    depth_m[:20] = np.inf
    found = []
    for seed in range(12):
        bench.run(noisy(depth_m, seed), NOISE)
        found.append(bench.stage.extremes_m)
    assert found[-1] == found[-2] == found[-3]
    assert found[-1] == (pytest.approx(DISC_M, rel=0.12), np.inf)
    for seed in range(30):
        bench.run(noisy(np.full_like(depth_m, 3.0), seed), NOISE)
    assert bench.stage.extremes_m == (pytest.approx(3, rel=0.35), pytest.approx(3, rel=0.35))


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 3), (17, 31), (33, 64), (47, 129)])
@pytest.mark.parametrize("shape", [(1, 1), (5, 4), (24, 65), (47, 129), (90, 200)])
def test_odd_and_tiny_sizes(device: Device, height: int, width: int, shape: tuple[int, int]) -> None:
    with a_bench(device, width, height) as bench:
        for noise in (0.0, NOISE):
            depth_m = np.random.default_rng(2).choice([1.0, 3.0], shape)
            for _ in range(2):
                seen = bench.run(depth_m.copy(), noise)
                assert seen.shape == (height, width)
                np.testing.assert_allclose(np.min(np.abs(seen[..., None] / [1.0, 3.0] - 1), axis=-1), 0, atol=0.01)


@pytest.mark.parametrize("run_length", [1, 8, 16])
def test_work_items_of_any_length_give_the_same_distances(device: Device, run_length: int) -> None:
    if device.run_length in (1, run_length):
        pytest.skip(f"{device.spec} has work-items of {device.run_length}; only a CPU can have others")
    other = open_device(device.spec)
    other.run_length = run_length
    rgb, depth_m = things()
    seen = []
    for opened in (device, other):
        with a_bench(opened) as bench:
            found = [bench.run(depth_m, rgb=rgb), bench.run(depth_m[1::3, 1::3], rgb=rgb)]
            found += [bench.run(noisy(depth_m, seed), NOISE) for seed in range(3)]
            found += [bench.run(noisy(depth_m, seed)[:, ::2], NOISE) for seed in range(2)]
            seen.append(np.stack(found))
    differs = np.abs(seen[1] / seen[0] - 1) > 1e-3
    assert differs.mean() < 1e-3  # a vote that is nearly even may fall either way
    other.close()


def test_all_memory_is_given_back(device: Device) -> None:
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
