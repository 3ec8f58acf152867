"""Temporal noise reduction: static areas lose noise, moving objects leave no ghost."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from groundglass.camera import NoiseProfile
from groundglass.cfa import Cfa
from groundglass.compute.device import Device
from groundglass.compute.planes import PAD, Planes
from groundglass.compute.registry import open_device
from groundglass.develop.noise import VarianceStabilization
from groundglass.develop.temporal import Temporal
from tolerances import ANOTHER_COMPILER, FEW_OPERATIONS

NOISE = NoiseProfile(0.001, 2e-6)
EVEN_GAINS = (1.0, 1.0, 1.0, 1.0)
OFFSET = 0.001  # offset of the square-root domain, see kernels/encoding.h


class LiveFilter:
    """The temporal filter of a live source."""

    def __init__(self, device: Device, height: int, width: int, **settings: object) -> None:
        self.mosaic = Planes(device, width, height, 1)
        self.temporal = Temporal(self.mosaic)
        self.settings: dict[str, object] = {"cfa": Cfa(), "noise": NOISE, "encoded": False} | settings

    def show(self, frame: np.ndarray) -> np.ndarray:
        self.mosaic.write(frame[..., None].astype(np.float32))
        self.mosaic.mirror()
        self.temporal.run(**self.settings)  # type: ignore[arg-type]
        return self.temporal.output.read()[..., 0]

    def close(self) -> None:
        for _ in range(2):
            self.temporal.release()
        self.mosaic.release()


@pytest.fixture
def live_filters(device: Device) -> Iterator[list[LiveFilter]]:
    """A list whose entries are closed after the test; no buffer may remain."""
    alive = device.live_buffers
    opened: list[LiveFilter] = []
    yield opened
    for live in opened:
        live.close()
    assert device.live_buffers == alive


def noisy(light: np.ndarray, random: np.random.Generator, noise: NoiseProfile = NOISE) -> np.ndarray:
    return light + random.normal(size=light.shape) * np.sqrt(noise.shot * light + noise.read)


def display_encoded(light: np.ndarray) -> np.ndarray:
    """Linear light as sRGB in steps of 8 bits, 0..255."""
    light = np.clip(light, 0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def decoded(display: float) -> float:
    """Linear light of an sRGB value, 0..255."""
    encoded = display / 255
    return encoded / 12.92 if encoded <= 0.04045 else ((encoded + 0.055) / 1.055) ** 2.4


def box_sum(plane: np.ndarray) -> np.ndarray:
    padded = np.pad(plane, 2, mode="reflect")
    height, width = plane.shape
    return sum(padded[dy : dy + height, dx : dx + width] for dy in range(5) for dx in range(5))


def reference(frames: list[np.ndarray], gains: tuple[float, ...], minimum_share: float) -> np.ndarray:
    stabilized = VarianceStabilization.of(NOISE, gains)  # type: ignore[arg-type]
    y, x = np.indices(frames[0].shape)
    slope = np.reshape(stabilized.slopes, (2, 2))[y % 2, x % 2]

    def level(light: np.ndarray) -> np.ndarray:
        return np.sqrt(np.maximum(light * slope + stabilized.offset, 0))

    mean, count, difference = frames[0], np.ones_like(frames[0]), np.zeros_like(frames[0])
    for frame in frames[1:]:
        difference = np.clip(0.7 * difference, -4, 4) + level(frame) - level(mean)
        belief = (1 - 0.7**2) * count / (count + 1)
        shifted = box_sum(difference) ** 2 * belief / 25
        scattered = (box_sum(difference**2) * belief - 32) * 4 / 7
        moved = np.maximum(shifted, scattered)
        share = np.maximum(np.maximum(moved / (moved + 2.2), 1 / (count + 1)), minimum_share)
        mean, count = mean + share * (frame - mean), 1 / share
    return mean


@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize("shape", [(24, 40), (27, 53)])
def test_the_filter_matches_the_formula(
    device: Device, live_filters: list[LiveFilter], shape: tuple[int, int], encoded: bool
) -> None:
    random = np.random.default_rng(1)
    gains = (2.0, 1.0, 1.0, 1.5)
    frames = [
        noisy(0.1 + 0.5 * np.roll(np.kron(random.random((6, 9)), np.ones((5, 6))), i, 1), random) for i in range(5)
    ]
    frames = [frame[: shape[0], : shape[1]] for frame in frames]
    live_filters.append(LiveFilter(device, *shape, gains=gains, strength=0.75, encoded=encoded))
    for frame in frames:
        shown = live_filters[0].show(np.sqrt(frame + OFFSET) if encoded else frame)
    shown = shown.astype(np.float64) ** 2 - OFFSET if encoded else shown
    np.testing.assert_allclose(shown, reference(frames, gains, 1 / 3.25), atol=2e-4)


def test_the_first_frame_and_strength_zero_return_the_frame(device: Device, live_filters: list[LiveFilter]) -> None:
    random = np.random.default_rng(2)
    frames = [random.random((20, 30)).astype(np.float32) for _ in range(3)]
    live_filters += [LiveFilter(device, 20, 30, encoded=True), LiveFilter(device, 20, 30, encoded=True, strength=0.0)]
    np.testing.assert_allclose(live_filters[0].show(frames[0]), frames[0], atol=FEW_OPERATIONS)
    for frame in frames:
        np.testing.assert_allclose(live_filters[1].show(frame), frame, atol=FEW_OPERATIONS)


@pytest.mark.parametrize("noise", [NOISE, NoiseProfile(0.004, 0.003**2), NoiseProfile(0.0001, 1e-6)])
def test_a_still_scene_is_6_db_cleaner_after_8_frames(
    device: Device, live_filters: list[LiveFilter], noise: NoiseProfile
) -> None:
    random = np.random.default_rng(3)
    scene = 0.01 + 0.9 * np.kron(random.random((15, 20)), np.ones((16, 16)))
    live = LiveFilter(device, *scene.shape, noise=noise)
    live_filters.append(live)
    for _ in range(8):
        frame = noisy(scene, random, noise)
        shown = live.show(frame)
    gained_db = 10 * np.log10(np.mean((frame - scene) ** 2) / np.mean((shown - scene) ** 2))
    assert gained_db >= 6
    assert shown.mean() == pytest.approx(scene.mean(), rel=0.005)


def moving_edge(right: float, left: float, edge: float, shape: tuple[int, int]) -> np.ndarray:
    """(H, W): light `left` and `right` of column `edge`; the column at the edge is a mixture of both."""
    covered = np.clip(edge - np.arange(shape[1]), 0, 1)
    return np.tile(right + (left - right) * covered, (shape[0], 1))


def worst_ghost(live: LiveFilter, speed: float, contrast: float, copies: int = 1) -> float:
    """The maximum error in 8-bit display steps, 2 frames after the edge has passed.

    The error is taken from the mean of `copies` of the scene, stacked vertically, which averages their noise.
    """
    random = np.random.default_rng(4)
    right, left, height = decoded(120), decoded(120 + contrast), 24
    width = int(40 + 12 * speed)
    shape = (height * copies, width)
    scenes = [moving_edge(right, left, width - 12 - speed * max(i - 8, 0), shape) for i in range(19)]
    worst = 0.0
    for i, scene in enumerate(scenes):
        shown = live.show(noisy(scene, random) if copies > 1 else scene)
        if i > 10:
            passed = np.all([scenes[i - back][0] == scene[0] for back in (1, 2)], axis=0)
            shown = shown.reshape(copies, height, width)[:, 6:18].mean(axis=(0, 1))
            worst = max(worst, float(np.abs(display_encoded(shown) - display_encoded(scene[0]))[passed].max()))
    return worst


@pytest.mark.parametrize("noise", [NOISE, NoiseProfile(0.0001, 1e-6), NoiseProfile(0.004, 0.003**2)])
@pytest.mark.parametrize("speed", [0.5, 1, 3.3, 10, 40])
@pytest.mark.parametrize("contrast", [2, 4, 6, 9, 14, 30, 130, -5, -15, -110])
def test_a_moving_edge_leaves_no_ghost(
    device: Device, live_filters: list[LiveFilter], noise: NoiseProfile, speed: float, contrast: float
) -> None:
    live_filters.append(LiveFilter(device, 24, int(40 + 12 * speed), noise=noise))
    assert worst_ghost(live_filters[0], speed, contrast) <= 2


@pytest.mark.parametrize("speed", [0.5, 2, 12])
@pytest.mark.parametrize("contrast", [6, -20])
def test_a_moving_edge_in_noise_leaves_no_ghost(
    device: Device, live_filters: list[LiveFilter], speed: float, contrast: float
) -> None:
    copies = 60
    live_filters.append(LiveFilter(device, 24 * copies, int(40 + 12 * speed)))
    assert worst_ghost(live_filters[0], speed, contrast, copies) <= 2


def test_a_thin_line_that_moves_is_not_smeared(device: Device, live_filters: list[LiveFilter]) -> None:
    """The line has full contrast at its new position and is gone from its old one; the local mean does not change."""
    live_filters.append(LiveFilter(device, 32, 48))
    for i in range(12):
        scene = np.full((32, 48), decoded(90))
        scene[:, 10 + 2 * i] = decoded(160)
        shown = live_filters[0].show(scene)
        assert np.abs(display_encoded(shown) - display_encoded(scene)).max() <= 4


@pytest.mark.parametrize("factor", [0.5, 1.5])
def test_a_global_change_of_light_is_followed(device: Device, live_filters: list[LiveFilter], factor: float) -> None:
    scene = np.tile(np.linspace(0.05, 0.6, 64), (40, 1))
    live_filters.append(LiveFilter(device, 40, 64))
    for _ in range(10):
        live_filters[0].show(scene)
    shown = live_filters[0].show(factor * scene)
    assert np.abs(display_encoded(shown) - display_encoded(factor * scene)).max() <= 2


def test_a_reset_and_new_gains_clear_the_history(device: Device, live_filters: list[LiveFilter]) -> None:
    random = np.random.default_rng(5)
    live = LiveFilter(device, 20, 30)
    live_filters.append(live)
    frames = [noisy(np.full((20, 30), 0.5), random).astype(np.float32) for _ in range(4)]
    live.show(frames[0])
    assert np.abs(live.show(frames[1]) - frames[1]).max() > 0
    live.temporal.reset()
    np.testing.assert_allclose(live.show(frames[2]), frames[2], atol=FEW_OPERATIONS)
    live.settings["gains"] = (2.0, 1.0, 1.0, 1.5)
    np.testing.assert_allclose(live.show(frames[3]), frames[3], atol=FEW_OPERATIONS)


def test_the_border_is_mirrored(device: Device, live_filters: list[LiveFilter]) -> None:
    random = np.random.default_rng(6)
    live_filters.append(LiveFilter(device, 37, 45))
    for _ in range(3):
        live_filters[0].show(noisy(np.full((37, 45), 0.4), random))
    with live_filters[0].temporal.output.view() as padded:
        inner = padded[0, PAD : PAD + 37, PAD : PAD + 45]
        np.testing.assert_array_equal(padded[0, :, : 45 + 2 * PAD], np.pad(inner, PAD, mode="reflect"))


def test_work_items_of_one_pixel_give_the_same(device: Device, live_filters: list[LiveFilter]) -> None:
    """GPUs run the kernels with work-items of one pixel."""
    scalar = open_device(device.spec)
    scalar.run_length = 1
    pair = [LiveFilter(device, 30, 44), LiveFilter(scalar, 30, 44)]
    random = np.random.default_rng(7)
    for _ in range(4):
        frame = noisy(np.full((30, 44), 0.3), random)
        expected, shown = (live.show(frame) for live in pair)
        np.testing.assert_allclose(shown, expected, atol=ANOTHER_COMPILER)
    for live in pair:
        live.close()
    scalar.close()
