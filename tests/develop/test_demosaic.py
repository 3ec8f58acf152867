"""Demosaicing compared with NumPy written from the papers, and scored on photographs."""

from __future__ import annotations

from pathlib import Path

import groundglass as gg
import numpy as np
import pytest
from groundglass.cfa import BAYER_PATTERNS, Cfa
from groundglass.develop.demosaic import METHODS
from groundglass.errors import GroundglassError, SourceError
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image
from tolerances import STAGE

pytestmark = pytest.mark.usefixtures("quick_api")

FULL_SIZE = ("bilinear", "malvar", "rcd", "lmmse", "best")
OFFSET = 0.001  # offset of the square-root domain, see kernels/encoding.h

# H. S. Malvar, L. He, R. Cutler, "High-quality linear interpolation for demosaicing of Bayer-patterned color images",
# ICASSP 2004, figure 2, in eighths: green at red or blue; red or blue at green, with its photosites in the same row or
# column; red at blue and blue at red.
GREEN = np.array([[0, 0, -1, 0, 0], [0, 0, 2, 0, 0], [-1, 2, 4, 2, -1], [0, 0, 2, 0, 0], [0, 0, -1, 0, 0]]) / 8
IN_ROW = np.array([[0, 0, 0.5, 0, 0], [0, -1, 0, -1, 0], [-1, 4, 5, 4, -1], [0, -1, 0, -1, 0], [0, 0, 0.5, 0, 0]]) / 8
OPPOSITE = (
    np.array([[0, 0, -1.5, 0, 0], [0, 2, 0, 2, 0], [-1.5, 0, 6, 0, -1.5], [0, 2, 0, 2, 0], [0, 0, -1.5, 0, 0]]) / 8
)
MALVAR = {"green": GREEN, "row": IN_ROW, "column": IN_ROW.T, "opposite": OPPOSITE}
BILINEAR = {
    "green": np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]]) / 4,
    "row": np.array([[0, 0, 0], [1, 0, 1], [0, 0, 0]]) / 2,
    "column": np.array([[0, 1, 0], [0, 0, 0], [0, 1, 0]]) / 2,
    "opposite": np.array([[1, 0, 1], [0, 0, 0], [1, 0, 1]]) / 4,
}


def mosaic_of(rgb: np.ndarray, pattern: str = "RGGB") -> np.ndarray:
    y, x = np.indices(rgb.shape[:2])
    return np.take_along_axis(rgb, Cfa(pattern).channels()[y % 2, x % 2][..., None], axis=2)[..., 0]


def filtered(mosaic: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    padded = np.pad(mosaic, len(kernel) // 2, mode="reflect")
    return np.einsum("yxij,ij->yx", sliding_window_view(padded, kernel.shape), kernel)


def linear_reference(mosaic: np.ndarray, pattern: str, filters: dict[str, np.ndarray]) -> np.ndarray:
    """(H, W, 3): one filter for each combination of photosite and colour."""
    y, x = np.indices(mosaic.shape)
    channels = Cfa(pattern).channels()
    own, right = channels[y % 2, x % 2], channels[y % 2, (x + 1) % 2]
    case = {name: filtered(mosaic, kernel) for name, kernel in filters.items()}
    rgb = np.empty((*mosaic.shape, 3))
    rgb[..., 1] = np.where(own == 1, mosaic, case["green"])
    for colour in (0, 2):
        at_green = np.where(right == colour, case["row"], case["column"])
        rgb[..., colour] = np.where(own == colour, mosaic, np.where(own == 1, at_green, case["opposite"]))
    return rgb


def half_reference(mosaic: np.ndarray, pattern: str) -> np.ndarray:
    height, width = mosaic.shape[0] // 2, mosaic.shape[1] // 2
    photosites = mosaic[: 2 * height, : 2 * width].reshape(height, 2, width, 2).transpose(0, 2, 1, 3)
    channels = Cfa(pattern).channels()
    return np.stack([photosites[:, :, channels == colour].mean(axis=-1) for colour in range(3)], axis=-1)


def noise(height: int, width: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).random((height, width)).astype(np.float32)


@pytest.mark.parametrize("pattern", BAYER_PATTERNS)
@pytest.mark.parametrize(("height", "width"), [(20, 32), (21, 33), (7, 5)])
def test_bilinear_malvar_and_half_match_the_papers(pattern: str, height: int, width: int) -> None:
    mosaic = noise(height, width)
    for method, filters in (("bilinear", BILINEAR), ("malvar", MALVAR)):
        rgb = gg.demosaic(mosaic, pattern, method, encode=False)
        np.testing.assert_allclose(rgb, linear_reference(mosaic, pattern, filters), atol=1e-5, err_msg=method)
    np.testing.assert_allclose(
        gg.demosaic(mosaic, pattern, "half", encode=False), half_reference(mosaic, pattern), atol=1e-5
    )


def test_linear_light_is_interpolated_in_the_square_root_domain() -> None:
    mosaic = noise(20, 32)
    expected = linear_reference(np.sqrt(mosaic + OFFSET), "GBRG", MALVAR) ** 2 - OFFSET
    np.testing.assert_allclose(gg.demosaic(mosaic, "GBRG", "malvar"), expected, atol=2e-5)
    # `half` averages two greens without interpolation, so it stays in linear light.
    np.testing.assert_allclose(gg.demosaic(mosaic, "GBRG", "half"), half_reference(mosaic, "GBRG"), atol=2e-5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("pattern", BAYER_PATTERNS)
@pytest.mark.parametrize("encode", [False, True])
def test_a_constant_stays_constant(method: str, pattern: str, encode: bool) -> None:
    for level in (0.0, 0.18, 1.0):
        rgb = gg.demosaic(np.full((19, 22), level, np.float32), pattern, method, encode=encode)
        np.testing.assert_allclose(rgb, level, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("pattern", BAYER_PATTERNS)
def test_a_flat_colour_stays_that_colour(method: str, pattern: str) -> None:
    colour = np.array([0.4, 0.3, 0.2])
    mosaic = mosaic_of(np.broadcast_to(colour, (24, 26, 3)), pattern).astype(np.float32)
    for encode in (False, True):
        rgb = gg.demosaic(mosaic, pattern, method, encode=encode)
        np.testing.assert_allclose(rgb, np.broadcast_to(colour, rgb.shape), atol=1e-4)


@pytest.mark.parametrize("method", FULL_SIZE)
@pytest.mark.parametrize("pattern", BAYER_PATTERNS)
def test_a_grey_ramp_stays_grey(method: str, pattern: str) -> None:
    ramp = np.linspace(0.05, 0.95, 96, dtype=np.float32)
    for mosaic in (np.tile(ramp, (64, 1)), np.tile(ramp[:, None], (1, 64))):
        rgb = gg.demosaic(mosaic, pattern, method, encode=False)[8:-8, 8:-8]
        assert np.ptp(rgb, axis=-1).max() < 1e-3
        np.testing.assert_allclose(rgb[..., 1], mosaic[8:-8, 8:-8], atol=1e-3)


def noise_with_flat_centre(height: int, width: int) -> np.ndarray:
    """(H, W): random detail; from the flat centre `best` estimates that the rest is not noise."""
    mosaic = noise(height, width)
    mosaic[height // 2 - 20 : height // 2 + 20, width // 2 - 20 : width // 2 + 20] = 0.5
    return mosaic


@pytest.mark.parametrize("method", FULL_SIZE)
def test_a_crop_is_the_crop_of_the_whole(method: str) -> None:
    """Compared away from the border, also for odd offsets, which change the Bayer order."""
    mosaic = noise_with_flat_centre(114, 124)
    whole = gg.demosaic(mosaic, "RGGB", method)
    for top in (0, 1):
        for left in (0, 1):
            pattern = Cfa("RGGB").cropped(left, top).pattern
            part = gg.demosaic(mosaic[top : top + 105, left : left + 113], pattern, method)
            inner = whole[top + 20 : top + 85, left + 20 : left + 93]
            np.testing.assert_allclose(part[20:85, 20:93], inner, atol=2e-5)


@pytest.mark.parametrize("method", FULL_SIZE)
def test_a_turned_mosaic_gives_the_turned_picture(method: str) -> None:
    """Mirrored in x, in y and across the diagonal. With odd sides a mirrored mosaic keeps its Bayer order."""
    mosaic = noise_with_flat_centre(71, 87)
    expected = gg.demosaic(mosaic, "RGGB", method)
    np.testing.assert_allclose(gg.demosaic(mosaic[:, ::-1], "RGGB", method)[:, ::-1], expected, atol=2e-5)
    np.testing.assert_allclose(gg.demosaic(mosaic[::-1], "RGGB", method)[::-1], expected, atol=2e-5)
    turned = gg.demosaic(mosaic.T, "RGGB", method).swapaxes(0, 1)
    np.testing.assert_allclose(turned, expected, atol=2e-5)


@pytest.mark.parametrize("angle_deg", [30, 45])
def test_fine_oblique_lines_keep_their_mean_colour(angle_deg: float) -> None:
    """Blur would spread another mean as coloured blobs. The paper's RCD has up to 6.4 %."""
    y, x = np.indices((192, 192))
    angle = np.deg2rad(angle_deg)
    for period in (4.0, 5.0, 6.3, 8.0):
        wave = np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / period + 0.3)
        light = np.float32(0.42) + np.float32(0.38) * np.clip(wave * period / 4.7, -1, 1).astype(np.float32)
        for method in ("rcd", "lmmse"):
            mean = gg.demosaic(light, "RGGB", method)[24:-24, 24:-24].mean(axis=(0, 1))
            assert np.ptp(mean) < 0.03 * mean[1], (method, period)


@pytest.mark.parametrize("method", ["rcd", "lmmse", "best"])
def test_photosites_keep_their_measured_values(method: str) -> None:
    mosaic = noise_with_flat_centre(64, 80)
    rgb = gg.demosaic(mosaic, "GRBG", method)
    np.testing.assert_allclose(mosaic_of(rgb, "GRBG"), mosaic, atol=2e-5)


@pytest.mark.parametrize("encode", [False, True])
def test_best_reduces_the_noise_of_each_colour(encode: bool) -> None:
    """Photon noise; white balance multiplied it by 2 in red and by 1.5 in blue."""
    light, photon_noise = 0.3, np.array([0.008, 0.004, 0.006])
    grain = np.random.default_rng(3).normal(size=(96, 128, 3)) * np.sqrt(photon_noise * light)
    mosaic = mosaic_of(light + grain).astype(np.float32)
    residual = {method: gg.demosaic(mosaic, "RGGB", method, encode=encode)[8:-8, 8:-8] for method in ("rcd", "best")}
    assert (residual["best"].std(axis=(0, 1)) < 0.7 * residual["rcd"].std(axis=(0, 1))).all()
    np.testing.assert_allclose(residual["best"].mean(axis=(0, 1)), light, rtol=0.02)


@pytest.mark.parametrize("method", FULL_SIZE)
def test_red_and_blue_are_treated_alike(method: str) -> None:
    mosaic = noise(40, 56)
    swapped = gg.demosaic(mosaic, "BGGR", method)[..., ::-1]
    np.testing.assert_allclose(swapped, gg.demosaic(mosaic, "RGGB", method), atol=STAGE)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("height", "width"), [(2, 2), (2, 3), (3, 2), (3, 3), (5, 17), (33, 16)])
def test_mosaics_of_odd_and_tiny_sizes(method: str, height: int, width: int) -> None:
    if method == "quarter" and min(height, width) < 4:
        with pytest.raises(ValueError, match="at least 4x4"):
            gg.demosaic(noise(height, width), "GRBG", method)
        return
    rgb = gg.demosaic(noise(height, width), "GRBG", method)
    part = {"half": 2, "quarter": 4}.get(method, 1)
    assert rgb.shape == (height // part, width // part, 3)
    assert rgb.dtype == np.float32
    assert np.isfinite(rgb).all()


@pytest.mark.parametrize("method", FULL_SIZE)
@pytest.mark.parametrize("encode", [False, True])
def test_noise_around_black_stays_small(method: str, encode: bool) -> None:
    """Includes values below black: ratios of numbers near zero must not produce outliers."""
    dark = (0.01 * np.random.default_rng(4).normal(size=(64, 80))).astype(np.float32)
    assert np.abs(gg.demosaic(dark, "RGGB", method, encode=encode)).max() < 3 * np.abs(dark).max()


@pytest.mark.parametrize("method", METHODS)
def test_integers_keep_their_scale(method: str) -> None:
    numbers = np.random.default_rng(2).integers(0, 65536, (20, 24), dtype=np.uint16)
    from_floats = gg.demosaic(numbers.astype(np.float32) / 65535, "RGGB", method)
    from_integers = gg.demosaic(numbers, "RGGB", method)
    np.testing.assert_allclose(from_integers, from_floats * 65535, rtol=1e-5)
    assert from_integers.dtype == np.float32


def test_an_unknown_method_is_reported_with_the_closest_name() -> None:
    mosaic = noise(4, 4)
    with pytest.raises(GroundglassError, match=r"^demosaic 'malver' is unknown; did you mean 'malvar'\?$"):
        gg.demosaic(mosaic, method="malver")
    with pytest.raises(
        GroundglassError,
        match=r"^demosaic 'xyz' is unknown; use one of quarter, half, bilinear, malvar, rcd, lmmse, best$",
    ):
        gg.demosaic(mosaic, method="xyz")
    with pytest.raises(SourceError, match="CFA 'RGBG' is not a Bayer order"):
        gg.demosaic(mosaic, "RGBG")


def srgb(linear: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1, clipped to 0..1."""
    x = np.clip(linear, 0, 1)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.maximum(x, 1e-9) ** (1 / 2.4) - 0.055)


def srgb_decoded(display: np.ndarray) -> np.ndarray:
    return np.where(display <= 0.04045, display / 12.92, ((display + 0.055) / 1.055) ** 2.4)


def cpsnr(display: np.ndarray, original_u8: np.ndarray) -> float:
    """Colour PSNR in dB of 8-bit pictures, without a border of 10 pixels."""
    error = np.round(np.clip(display, 0, 1) * 255) - original_u8
    return float(10 * np.log10(255**2 / np.mean(error[10:-10, 10:-10] ** 2)))


def score(original_u8: np.ndarray, method: str = "rcd") -> tuple[float, float]:
    """CPSNR in dB from a display-encoded mosaic, and from a linear mosaic in the default domain."""
    display = original_u8 / 255
    encoded = gg.demosaic(mosaic_of(display).astype(np.float32), "RGGB", method, encode=False)
    linear = gg.demosaic(mosaic_of(srgb_decoded(display)).astype(np.float32), "RGGB", method)
    return cpsnr(encoded, original_u8), cpsnr(srgb(linear), original_u8)


def photographs(data_dir: Path, folder: str) -> list[np.ndarray]:
    paths = sorted((data_dir / "demosaic" / folder).glob("*.*"))
    if not paths:
        pytest.skip(f"no pictures in demosaic/{folder} of the data folder")
    return [np.asarray(Image.open(path).convert("RGB")) for path in paths]


@pytest.mark.parametrize(
    ("method", "folder", "floor_db"),
    [
        ("rcd", "kodak", 39.6), ("rcd", "mcmaster", 35.5), ("best", "kodak", 40.5), ("best", "mcmaster", 36.4),
        ("lmmse", "kodak", 40.65), ("lmmse", "mcmaster", 34.95),
    ],
)  # fmt: skip
def test_photographs_reach_the_expected_cpsnr(data_dir: Path, method: str, folder: str, floor_db: float) -> None:
    scores = np.array([score(photograph, method) for photograph in photographs(data_dir, folder)])
    encoded, linear = scores.mean(axis=0)
    assert encoded >= floor_db - 0.005
    assert abs(linear - encoded) <= (0.3 if method != "lmmse" else 0.5)


NOISE = gg.NoiseProfile(0.004, 0.003**2)  # noise of the display-encoded picture


@pytest.mark.parametrize(
    ("folder", "denoise", "floor_db"),
    [("kodak", 0, 30.9), ("mcmaster", 0, 30.8), ("kodak", 1, 31), ("mcmaster", 1, 31)],
)
def test_best_estimates_noise_and_the_denoiser_improves_it(
    data_dir: Path, folder: str, denoise: float, floor_db: float
) -> None:
    """RCD alone reaches 28.3 dB."""
    random = np.random.default_rng(1)
    scores = []
    for photograph in photographs(data_dir, folder):
        display = photograph / 255
        noisy = display + random.normal(size=display.shape) * np.sqrt(NOISE.shot * display + NOISE.read)
        mosaic = mosaic_of(noisy).astype(np.float32)
        rgb = gg.demosaic(mosaic, "RGGB", "best", encode=False, denoise=denoise, noise=NOISE)
        scores.append(cpsnr(rgb, photograph))
    assert np.mean(scores) >= floor_db


def test_better_methods_score_higher_on_a_photograph() -> None:
    data = pytest.importorskip("skimage.data", reason="scikit-image contains the photograph")
    photograph = data.astronaut()
    bilinear, malvar, rcd, lmmse, best = (min(score(photograph, method)) for method in FULL_SIZE)
    assert bilinear >= 30
    assert malvar >= 34
    assert min(rcd, lmmse, best) >= 36
    assert best > rcd
