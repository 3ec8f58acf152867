"""Frames of every encoding are developed to scene-linear Rec.2020."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import groundglass as gg
import numpy as np
import pytest
from groundglass.camera import REC709_TO_REC2020, REC2020_TO_REC709, CameraProfile
from groundglass.cfa import BAYER_PATTERNS, Cfa
from groundglass.compute.device import Device
from groundglass.develop import developer as developer_module
from groundglass.develop import estimates
from groundglass.develop.aberration import Shift
from groundglass.develop.demosaic import METHODS
from groundglass.develop.developer import Developer
from groundglass.develop.development import Development
from groundglass.frame import Encoding, Frame

MATRIX = np.array([[1.34, -0.30, -0.04], [-0.12, 1.36, -0.24], [0.02, -0.38, 1.36]])
CAMERA = CameraProfile(
    black=(100, 110, 120, 130), white=4000, white_balance=(2.0, 1.0, 1.5), camera_to_scene=MATRIX, exposure_ev=0.5
)


@pytest.fixture
def developer(device: Device) -> Iterator[Developer]:
    before = device.live_buffers
    developer = Developer(device)
    yield developer
    developer.release()
    developer.release()
    assert device.live_buffers == before


def decoded(display: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1."""
    return np.where(display <= 0.04045, display / 12.92, ((display + 0.055) / 1.055) ** 2.4)


def mosaic_frame(camera_rgb: np.ndarray, pattern: str, profile: CameraProfile, shape: tuple[int, int]) -> Frame:
    """A raw frame of a flat patch of white-balanced camera RGB; 1 is the level of the first clipping channel."""
    y, x = np.indices(shape)
    channel, photosite = Cfa(pattern).channels()[y % 2, x % 2], 2 * (y % 2) + x % 2
    black = np.array(profile.black)[photosite]
    gain = np.array(profile.white_balance)[channel] / min(profile.white_balance)
    numbers = black + camera_rgb[channel] / gain * (profile.white - max(profile.black))
    return Frame(np.round(numbers).astype(np.uint16), cfa=Cfa(pattern), profile=profile)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_display_value_is_decoded_by_the_srgb_curve(developer: Developer, dtype: type) -> None:
    count = np.iinfo(dtype).max + 1
    random = np.random.default_rng(1)
    pixels = np.stack([np.arange(count), random.permutation(count), random.permutation(count)], axis=-1)
    frame = Frame(pixels.reshape(count // 64, 64, 3).astype(dtype), encoding=Encoding.DISPLAY)
    expected = decoded(frame.pixels / (count - 1)) @ REC709_TO_REC2020.T
    np.testing.assert_allclose(developer.develop(frame, Development()).read(), expected, atol=3e-7, rtol=3e-6)


def test_scene_frames_are_converted_by_the_camera_matrix_and_keep_highlights(developer: Developer) -> None:
    pixels = (np.random.default_rng(1).random((7, 35, 3)) * 50).astype(np.float32)
    frame = Frame(pixels, encoding=Encoding.SCENE, profile=CAMERA)
    expected = pixels @ MATRIX.T * 2**0.5
    np.testing.assert_allclose(developer.develop(frame, Development()).read(), expected, atol=1e-4)


@pytest.mark.parametrize("encoding", [Encoding.DISPLAY, Encoding.SCENE])
def test_exposure_is_in_stops(developer: Developer, encoding: Encoding) -> None:
    pixels = np.full((3, 5, 3), 1, np.float32) if encoding is Encoding.SCENE else np.full((3, 5, 3), 255, np.uint8)
    for exposure_ev in (-2.0, 0.0, 1.0):
        frame = Frame(pixels, encoding=encoding, profile=CameraProfile(exposure_ev=exposure_ev))
        np.testing.assert_allclose(developer.develop(frame, Development()).read(), 2.0**exposure_ev, rtol=1e-5)


@pytest.mark.parametrize("pattern", BAYER_PATTERNS)
@pytest.mark.parametrize("method", METHODS)
def test_levels_white_balance_matrix_and_exposure_on_a_flat_patch(
    developer: Developer, pattern: str, method: str
) -> None:
    camera_rgb = np.array([0.30, 0.25, 0.20])
    scene = developer.develop(mosaic_frame(camera_rgb, pattern, CAMERA, (25, 22)), Development(demosaic=method)).read()
    expected = np.broadcast_to(MATRIX @ camera_rgb * 2**0.5, scene.shape)
    np.testing.assert_allclose(scene, expected, atol=2e-3)  # raw values are rounded


@pytest.mark.parametrize("highlights", ["rebuild", "clip"])
@pytest.mark.parametrize("method", METHODS)
def test_a_clipped_white_is_neutral(developer: Developer, method: str, highlights: str) -> None:
    """With all channels clipped any white balance gives white, not magenta."""
    frame = Frame(np.full((16, 20), 4000, np.uint16), profile=CAMERA)
    scene = developer.develop(frame, Development(demosaic=method, highlights=highlights)).read()
    white = 2**0.5 * (2.0 if highlights == "rebuild" else 1.0)  # red clips last, at twice the light
    np.testing.assert_allclose(scene, white, rtol=2e-4)


@pytest.mark.parametrize("size", [(64, 48), (30, 22)])
def test_a_quarter_of_the_size_is_the_mean_of_the_half_of_an_unclipped_mosaic(
    developer: Developer, size: tuple[int, int]
) -> None:
    width, height = size
    numbers = np.random.default_rng(4).integers(700, 2000, (height, width)).astype(np.uint16)
    frame = Frame(numbers, profile=CAMERA)
    quarter = developer.develop(frame, Development(), 0.25).read()
    half = developer.develop(frame, Development(demosaic="half")).read()
    if width % 4 == 0:
        expected = half.reshape(height // 4, 2, width // 4, 2, 3).mean(axis=(1, 3))
        np.testing.assert_allclose(quarter, expected, atol=2e-3)
    np.testing.assert_allclose(quarter.mean(axis=(0, 1)), half.mean(axis=(0, 1)), rtol=0.02)


def test_values_below_the_black_level_are_black(developer: Developer) -> None:
    """Only the offset of the square-root domain remains."""
    frame = Frame(np.zeros((16, 20), np.uint16), profile=replace(CAMERA, exposure_ev=0.0))
    assert np.abs(developer.develop(frame, Development()).read()).max() < 2e-3


def test_a_second_frame_of_the_same_kind_allocates_nothing(device: Device, developer: Developer) -> None:
    frame = Frame(np.zeros((16, 20), np.uint16))
    first = developer.develop(frame, Development())
    count = device.live_buffers
    assert developer.develop(replace(frame, cfa=Cfa("GBRG")), Development()) is first
    assert device.live_buffers == count


@pytest.mark.parametrize("is_reset", [False, True], ids=["", "reset"])
@pytest.mark.parametrize("sharpen", [0.0, 0.5])
@pytest.mark.parametrize("encoding", [Encoding.MOSAIC, Encoding.DISPLAY])
def test_a_large_still_keeps_only_its_scene(
    device: Device,
    developer: Developer,
    encoding: Encoding,
    sharpen: float,
    is_reset: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(developer_module, "LARGE_STILL", 0)
    shape, dtype = ((24, 32), np.uint16) if encoding is Encoding.MOSAIC else ((24, 32, 3), np.uint8)
    frame = Frame(np.random.default_rng(2).integers(0, 256, shape).astype(dtype), encoding=encoding)
    development = Development(demosaic="best", sharpen=sharpen)
    pictures = []
    for _ in range(2):
        scene = developer.develop(frame, development)
        whole, count = scene.read(), device.live_buffers
        developer.finish_still(frame)
        np.testing.assert_array_equal(scene.read(), whole)
        assert device.live_buffers < count or encoding is Encoding.DISPLAY
        pictures.append(whole)
        if is_reset:
            developer.reset()
    np.testing.assert_array_equal(*pictures)


def test_alternating_frame_kinds_allocate_nothing_and_chains_are_bounded(device: Device, developer: Developer) -> None:
    mosaics = [Frame(np.zeros((8, 2 * side), np.uint16)) for side in range(3, 12)]
    picture, half = Frame(np.zeros((8, 6, 3), np.uint8), encoding=Encoding.DISPLAY), Development(demosaic="half")
    kinds = [(mosaics[0], Development()), (mosaics[0], half), (picture, half)]
    sizes = [developer.develop(*kind).size for kind in kinds]
    assert sizes == [(6, 8), (3, 4), (6, 8)]
    count = device.live_buffers
    first = [developer.develop(*kind) for kind in kinds]
    assert [developer.develop(*kind) for kind in kinds] == first
    assert device.live_buffers == count
    counts = []
    for mosaic in mosaics:
        developer.develop(mosaic, half)
        counts.append(device.live_buffers)
    assert len(set(counts[3:])) == 1  # the smallest mosaic has fewer highlight scales


def test_the_frame_size_can_change_while_kernels_run(device: Device, developer: Developer) -> None:
    """Frames are not waited for: the buffers of the last frame must live until its kernels finish."""
    frames = [Frame(np.full((h, w), 9000, np.uint16)) for w, h in ((640, 480), (1920, 1080), (333, 257))]
    for turn in range(24):
        developer.develop(frames[turn % 3], Development(demosaic=METHODS[turn % 4]))
    device.finish()


def test_a_real_raw_file_matches_libraw(data_dir: Path, developer: Developer) -> None:
    """Compared with LibRaw's linear picture after a common exposure scale, on unclipped pixels."""
    rawpy = pytest.importorskip("rawpy")
    color = pytest.importorskip("skimage.color", reason="scikit-image measures the colour difference")
    path = data_dir / "raw" / "gopro_hero7_4000x3000.dng"
    if not path.exists():
        pytest.skip(f"raw/{path.name} is missing from the data folder")
    with rawpy.imread(str(path)) as raw:
        libraw = raw.postprocess(
            gamma=(1, 1), no_auto_bright=True, use_camera_wb=True, output_bps=16,
            output_color=rawpy.ColorSpace.sRGB, demosaic_algorithm=rawpy.DemosaicAlgorithm.AHD,
        )[::4, ::4].astype(np.float64) / 65535  # fmt: skip
    with gg.open(path) as source:
        frame = next(iter(source)).upright()
    frame = replace(frame, profile=replace(frame.profile, gain_map=None))  # LibRaw does not correct lens shading
    developed = developer.develop(frame, Development()).read()[::4, ::4].astype(np.float64) @ REC2020_TO_REC709.T
    assert developed.shape == libraw.shape
    unclipped = (libraw.max(axis=-1) < 0.98) & (libraw.min(axis=-1) > 0)
    scale = (libraw[unclipped] * developed[unclipped]).sum() / (developed[unclipped] ** 2).sum()
    # skimage's Lab conversion takes display-encoded sRGB.
    lab = [color.rgb2lab(encoded(linear)) for linear in (libraw, scale * developed)]
    assert color.deltaE_ciede2000(*lab).mean() <= 2.0


def encoded(linear: np.ndarray) -> np.ndarray:
    x = np.clip(linear, 0, 1)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.maximum(x, 1e-9) ** (1 / 2.4) - 0.055)


def test_a_photograph_in_four_bayer_orders_gives_one_picture(data_dir: Path, developer: Developer) -> None:
    """Photosites are permuted within each 2x2 block, so the pictures differ by half a pixel of interpolation."""
    pictures = {}
    for pattern in BAYER_PATTERNS:
        path = data_dir / "raw" / f"still_768x512_{pattern.lower()}.raw"
        if not path.exists():
            pytest.skip(f"raw/{path.name} is missing from the data folder")
        with gg.open(path, raw_format=f"{pattern.lower()}14", raw_size="768x512", raw_black=616) as source:
            frame = next(iter(source))
        assert (frame.profile.black, frame.profile.white, frame.cfa.pattern) == ((616,) * 4, 16383, pattern)
        camera = replace(frame.profile, camera_to_scene=np.eye(3), white_balance=(1, 1, 1), exposure_ev=0)
        pictures[pattern] = developer.develop(replace(frame, profile=camera), Development()).read()[8:-8, 8:-8]
    for pattern in BAYER_PATTERNS[1:]:
        error = np.mean((pictures[pattern] - pictures["RGGB"]) ** 2)
        assert 10 * np.log10(1 / error) >= 34, pattern


def test_lateral_colour_is_measured_once_for_the_mosaics_of_a_source(
    developer: Developer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every scale and for a still, too: it takes 1 s at 12 Mpx. Another source, or another mosaic, has its own."""
    measured: list[tuple[int, ...]] = []

    def measure(light: np.ndarray, cfa: Cfa) -> tuple[Shift, Shift]:
        measured.append(light.shape)
        return Shift(), Shift()

    monkeypatch.setattr(estimates, "estimate_aberration", measure)
    auto = Development(aberration="auto")
    large, small = (Frame(np.zeros(shape, np.uint16)) for shape in ((48, 64), (24, 32)))
    for frame, scale in ((large, 1.0), (large, 0.5), (small, 1.0), (large, 1.0), (small, 0.5)):
        developer.develop(frame, auto, scale)
    assert measured == [(48, 64), (24, 32)]
    developer.reset()
    developer.develop(large, auto)
    assert measured == [(48, 64), (24, 32), (48, 64)]
