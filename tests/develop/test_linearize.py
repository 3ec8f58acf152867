"""Raw bytes to linear light: unpacking, black level, gain and clipping of each photosite, in every packing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from groundglass.camera import CameraProfile, NoiseProfile
from groundglass.cfa import BAYER_PATTERNS, Cfa
from groundglass.compute.device import Device
from groundglass.compute.planes import PAD
from groundglass.develop.binning import Binning
from groundglass.develop.levels import Levels, clips
from groundglass.develop.linearize import Linearize
from groundglass.frame import Frame
from groundglass.packing import Packing, pack

PROFILE = CameraProfile(black=(60, 64, 66, 70), white=1000, white_balance=(2.0, 1.0, 1.5))


def frame_of(numbers: np.ndarray, packing: Packing = Packing.U16, padding: int = 0, **fields: object) -> Frame:
    pixels = pack(numbers, packing)
    if packing is not Packing.U16:
        pixels = np.ascontiguousarray(np.pad(pixels, ((0, 0), (0, padding)), constant_values=170))
    width = 0 if packing is Packing.U16 else numbers.shape[1]
    return Frame(pixels, packing=packing, packed_width=width, **{"profile": PROFILE, **fields})


def light(numbers: np.ndarray, profile: CameraProfile, cfa: Cfa) -> np.ndarray:
    """(H, W): the definition, (number - black) / (white - largest black), at most 1, times the channel's gain."""
    y, x = np.indices(numbers.shape)
    y, x = y // cfa.block, x // cfa.block
    black = np.reshape(profile.black, (2, 2))[y % 2, x % 2]
    channels = cfa.channels()[:: cfa.block, :: cfa.block]
    balance = np.array(profile.white_balance) / min(profile.white_balance) if cfa.kind != "mono" else np.ones(3)
    gain = balance[channels[y % len(channels), x % len(channels)]]
    span = profile.white - max(profile.black)
    return np.minimum(numbers - black, span) / span * gain


def linearized(device: Device, frame: Frame, *, binned: bool = False, clip: bool = False, encoded: bool = False):
    binning = Binning(frame.cfa) if binned else None
    linearize = Linearize(device, frame, binning)
    profile = frame.profile if binning is None else binning.profile(frame.profile)
    linearize.run(frame, profile, clip=clip, encoded=encoded)
    result = linearize.mosaic.read()[..., 0]
    linearize.release()
    linearize.release()
    return result


def numbers_of(packing: Packing, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 1 << packing.bits, (height, width), dtype=np.uint16)


@pytest.mark.parametrize("width", [16, 31, 70, 129])
@pytest.mark.parametrize("packing", Packing)
def test_the_device_unpacks_every_packing(device: Device, packing: Packing, width: int) -> None:
    numbers = numbers_of(packing, 7, width)
    profile = replace(PROFILE, white=float(1 << packing.bits))
    for padding in (0, 5):
        frame = frame_of(numbers, packing, padding, profile=profile)
        np.testing.assert_allclose(linearized(device, frame), light(numbers, profile, Cfa()), atol=1e-5)


@pytest.mark.parametrize("cfa", [*map(Cfa, BAYER_PATTERNS), Cfa("GRBG", block=2), Cfa("MONO")])
def test_each_photosite_has_its_own_black_level_and_gain(device: Device, cfa: Cfa) -> None:
    numbers = numbers_of(Packing.RAW10, 10, 22)
    frame = frame_of(numbers, cfa=cfa)
    np.testing.assert_allclose(linearized(device, frame), light(numbers, PROFILE, cfa), atol=1e-5)


def test_x_trans_photosites_are_white_balanced_in_a_later_stage(device: Device) -> None:
    cfa = Cfa("GBGGRGRGRBGBGBGGRGGRGGBGBGBRGRGRGGBG")
    numbers = numbers_of(Packing.RAW10, 12, 24)
    profile = replace(PROFILE, black=(64, 64, 64, 64))
    expected = np.minimum((numbers - 64.0) / (1000 - 64), 1.0)
    np.testing.assert_allclose(linearized(device, frame_of(numbers, cfa=cfa, profile=profile)), expected, atol=1e-5)


@pytest.mark.parametrize("packing", [Packing.U16, Packing.RAW10, Packing.P12])
@pytest.mark.parametrize(("height", "width"), [(12, 20), (13, 23), (4, 130)])
def test_binning_a_quad_sensor_averages_each_square(device: Device, packing: Packing, height: int, width: int) -> None:
    numbers = numbers_of(packing, height, width)
    squares = numbers[: height // 2 * 2, : width // 2 * 2].reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
    frame = frame_of(numbers, packing, cfa=Cfa("BGGR", block=2))
    expected = light(squares, PROFILE, Cfa("BGGR"))
    np.testing.assert_allclose(linearized(device, frame, binned=True), expected, rtol=1e-5, atol=1e-5)


def spread_means(numbers: np.ndarray) -> np.ndarray:
    """The mean of the four photosites of a filter in each 4x4 block, by strides."""
    height, width = (side // 4 * 4 for side in numbers.shape)
    means = np.empty((height // 2, width // 2))
    for y in range(2):
        for x in range(2):
            same = numbers[y:height:2, x:width:2].astype(float)
            means[y::2, x::2] = (same[::2, ::2] + same[::2, 1::2] + same[1::2, ::2] + same[1::2, 1::2]) / 4
    return means


@pytest.mark.parametrize("packing", [Packing.U16, Packing.U8, Packing.RAW12, Packing.P10])
@pytest.mark.parametrize(("height", "width"), [(12, 20), (15, 23), (4, 132)])
def test_binning_a_bayer_sensor_averages_each_filter(device: Device, packing: Packing, height: int, width: int) -> None:
    numbers = numbers_of(packing, height, width)
    profile = replace(PROFILE, white=float(2 << packing.bits))
    frame = frame_of(numbers, packing, cfa=Cfa("GRBG"), profile=profile)
    expected = light(spread_means(numbers), profile, Cfa("GRBG"))
    np.testing.assert_allclose(linearized(device, frame, binned=True), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("cfa", [Cfa("RGGB"), Cfa("RGGB", block=2)])
def test_maps_and_defects_are_binned(device: Device, cfa: Cfa) -> None:
    random = np.random.default_rng(3)
    numbers = numbers_of(Packing.P10, 8, 24)
    blacks, gains = random.random((8, 24)).astype(np.float32) * 20, 1 + random.random((8, 24)).astype(np.float32)
    defects = np.array([[0, 0], [7, 6], [6, 3]], np.int32)
    profile = replace(PROFILE, white=4096.0, black_map=blacks, gain_map=gains, defects=defects)
    mean = Binning(cfa).mosaic
    expected = light(mean(numbers) - mean(blacks), profile, Cfa()) * mean(gains)
    frame = frame_of(numbers, Packing.P10, cfa=cfa, profile=profile)
    np.testing.assert_allclose(linearized(device, frame, binned=True), expected, atol=1e-5)
    binned = Binning(cfa).profile(profile)
    places = [[0, 0], [3, 3], [3, 1]] if cfa.block == 2 else [[0, 0], [3, 2], [2, 1]]
    assert binned.defects is not None
    assert binned.defects.tolist() == places


def test_a_binned_profile_has_a_quarter_of_the_variance_and_is_kept() -> None:
    binning, profile = Binning(Cfa()), replace(PROFILE, noise=NoiseProfile(0.04, 0.0004))
    binned = binning.profile(profile)
    assert binned.noise == NoiseProfile(0.01, 0.0001)
    assert binning.profile(replace(profile, white=900.0)).noise is binned.noise
    assert binning.profile(PROFILE) is PROFILE


def test_black_and_gain_maps_add_to_the_profile(device: Device) -> None:
    random = np.random.default_rng(3)
    numbers = numbers_of(Packing.P10, 9, 21)
    blacks, gains = random.random((9, 21)).astype(np.float32) * 20, 1 + random.random((9, 21)).astype(np.float32)
    for maps, black, gain in (
        ({"black_map": blacks, "gain_map": gains}, blacks, gains),
        ({"black_map": blacks}, blacks, 1),
        ({"gain_map": gains}, 0, gains),
    ):
        profile = replace(PROFILE, **maps)
        expected = light(numbers - black, profile, Cfa()) * gain
        frame = frame_of(numbers, Packing.P10, profile=profile)
        np.testing.assert_allclose(linearized(device, frame), expected, atol=1e-5)


def test_a_new_gain_map_replaces_the_previous_one(device: Device) -> None:
    numbers = np.full((4, 6), 500, np.uint16)
    frame = frame_of(numbers)
    linearize = Linearize(device, frame)
    for gain in (1.0, 2.0, 3.0):
        profile = replace(PROFILE, gain_map=np.full((4, 6), gain, np.float32))
        linearize.run(frame, profile, clip=False, encoded=False)
        np.testing.assert_allclose(linearize.mosaic.read()[..., 0], light(numbers, PROFILE, Cfa()) * gain, rtol=1e-5)
    linearize.release()


def test_clip_limits_light_to_the_first_clipping_channel(device: Device) -> None:
    numbers = np.full((6, 8), 1000, np.uint16)
    assert linearized(device, frame_of(numbers), clip=True).tolist() == np.ones((6, 8)).tolist()
    unlimited = linearized(device, frame_of(numbers))
    np.testing.assert_allclose(unlimited[:2, :2], [[2.0, 1.0], [1.0, 1.5]], rtol=1e-6)
    assert clips(PROFILE) == (2.0, 1.0, 1.5)
    assert clips(replace(PROFILE, white_balance=(0.5, 1.0, 0.75))) == (1.0, 2.0, 1.5)


def test_encoded_light_is_in_the_square_root_domain(device: Device) -> None:
    numbers = numbers_of(Packing.RAW10, 5, 40)
    expected = np.sqrt(np.maximum(light(numbers, PROFILE, Cfa()) + 0.001, 0))
    np.testing.assert_allclose(linearized(device, frame_of(numbers), encoded=True), expected, atol=1e-5)


def test_the_border_is_mirrored(device: Device) -> None:
    numbers = numbers_of(Packing.RAW10, 20, 24)
    linearize = Linearize(device, frame_of(numbers))
    linearize.run(frame_of(numbers), PROFILE, clip=False, encoded=False)
    with linearize.mosaic.view() as planes:
        np.testing.assert_array_equal(planes[0, PAD - 3, PAD : PAD + 24], planes[0, PAD + 3, PAD : PAD + 24])
        np.testing.assert_array_equal(planes[0, PAD : PAD + 20, PAD - 2], planes[0, PAD : PAD + 20, PAD + 2])
    linearize.release()


def test_levels_are_scaled_to_the_channel_that_clips_first() -> None:
    for pattern in BAYER_PATTERNS:
        levels = Levels.of(PROFILE, Cfa(pattern))
        clipped = [(PROFILE.white - max(PROFILE.black)) * gain for gain in levels.gain]
        assert clipped == pytest.approx([clips(PROFILE)[channel] for channel in Cfa(pattern).channels().ravel()])
