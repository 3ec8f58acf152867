"""A frame, its colour filter array and its profile."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from groundglass.camera import REC709_TO_REC2020, REC2020_TO_REC709, CameraProfile
from groundglass.cfa import BAYER_PATTERNS, Cfa
from groundglass.errors import ArgumentError, SourceError
from groundglass.frame import Encoding, Frame, RelativeRig, StereoRig
from groundglass.orientation import upright

# EXIF orientation -> sides of the upright picture with row 0 and column 0 of the stored picture.
EXIF = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


def edge(turned: np.ndarray, side: str) -> np.ndarray:
    """The pixels of one side of a picture, top to bottom or left to right."""
    return {"top": turned[0], "bottom": turned[-1], "left": turned[:, 0], "right": turned[:, -1]}[side]


@pytest.mark.parametrize("orientation", EXIF)
def test_the_first_row_and_column_are_at_the_sides_that_exif_specifies(orientation: int) -> None:
    stored = np.arange(12).reshape(3, 4)
    turned = upright(stored, orientation)
    row_side, column_side = EXIF[orientation]
    assert set(edge(turned, row_side)) == set(stored[0])
    assert set(edge(turned, column_side)) == set(stored[:, 0])


def mosaic_frame(pattern: str, height: int, width: int, orientation: int) -> Frame:
    """A mosaic whose values encode 1000 times the channel plus the black level of the photosite."""
    black = (1.0, 2.0, 3.0, 4.0)
    y, x = np.mgrid[:height, :width]
    pixels = 1000 * Cfa(pattern).channels()[y % 2, x % 2] + (2 * (y % 2) + x % 2) + 1
    depth_m = (y * 100 + x).astype(np.float32)
    return Frame(
        pixels.astype(np.uint16), cfa=Cfa(pattern), profile=CameraProfile(black=black), depth_m=depth_m,
        orientation=orientation, index=7, name="test",
    )  # fmt: skip


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("height", "width"), [(6, 8), (5, 8), (6, 7), (5, 7)])
def test_the_photosites_of_an_upright_mosaic_match_its_cfa_and_black_levels(
    orientation: int, height: int, width: int
) -> None:
    for pattern in BAYER_PATTERNS:
        frame = mosaic_frame(pattern, height, width, orientation)
        turned = frame.upright()
        assert (turned.orientation, turned.index, turned.name) == (1, 7, "test")
        assert turned.size == ((width, height) if orientation < 5 else (height, width))
        assert turned.pixels.flags.c_contiguous
        np.testing.assert_array_equal(turned.pixels, upright(frame.pixels, orientation))
        np.testing.assert_array_equal(turned.depth_m, upright(frame.depth_m, orientation))
        y, x = np.mgrid[: turned.height, : turned.width]
        np.testing.assert_array_equal(turned.pixels // 1000, turned.cfa.channels()[y % 2, x % 2])
        np.testing.assert_array_equal(turned.pixels % 1000, np.reshape(turned.profile.black, (2, 2))[y % 2, x % 2])


def test_an_upright_picture_keeps_its_profile() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    frame = Frame(pixels, encoding=Encoding.DISPLAY, orientation=6)
    turned = frame.upright()
    np.testing.assert_array_equal(turned.pixels, np.rot90(pixels, -1))
    assert turned.profile is frame.profile
    assert turned.depth_m is None
    assert turned.upright() is turned


@pytest.mark.parametrize("pattern", BAYER_PATTERNS)
def test_a_cropped_cfa_matches_the_cropped_mosaic(pattern: str) -> None:
    photosites = np.tile(Cfa(pattern).channels(), (3, 3))
    for top in range(4):
        for left in range(4):
            expected = photosites[top : top + 2, left : left + 2]
            np.testing.assert_array_equal(Cfa(pattern).cropped(left, top).channels(), expected)


@pytest.mark.parametrize("pattern", BAYER_PATTERNS)
def test_red_is_at_the_position_in_the_cfa(pattern: str) -> None:
    cfa = Cfa(pattern)
    assert cfa.channels()[cfa.red_y, cfa.red_x] == 0
    assert cfa.channels()[1 - cfa.red_y, 1 - cfa.red_x] == 2


@pytest.mark.parametrize("pattern", ["", "rggb", "RGB", "RRGB", "XTRANS"])
def test_the_error_of_an_unknown_pattern_lists_the_bayer_orders(pattern: str) -> None:
    with pytest.raises(SourceError, match="is not a Bayer order; use one of RGGB, BGGR, GRBG, GBRG"):
        Cfa(pattern)


def test_the_white_level_must_be_above_every_black_level() -> None:
    CameraProfile(black=(0, 0, 0, 63), white=64)
    with pytest.raises(SourceError, match="white level 64 is not above black level 64"):
        CameraProfile(black=(0, 0, 64, 0), white=64)


def test_the_rgb_matrices_map_white_to_white() -> None:
    np.testing.assert_allclose(REC709_TO_REC2020.sum(axis=1), 1, atol=1e-9)
    np.testing.assert_allclose(REC2020_TO_REC709 @ REC709_TO_REC2020, np.eye(3), atol=1e-12)


@pytest.mark.parametrize(
    ("encoding", "shape", "dtype", "fitting"),
    [
        (Encoding.MOSAIC, (4, 6), np.float32, r"not a mosaic array; give \(H, W\) uint16"),
        (Encoding.MOSAIC, (4, 6), ">u2", r"not a mosaic array; give \(H, W\) uint16"),
        (Encoding.MOSAIC, (4, 6, 3), np.uint16, r"not a mosaic array; give \(H, W\) uint16"),
        (Encoding.MOSAIC, (4,), np.uint16, r"not a mosaic array; give \(H, W\) uint16"),
        (Encoding.DISPLAY, (4, 6), np.uint8, r"not a display array; give \(H, W, 3\) uint8 or uint16"),
        (Encoding.DISPLAY, (4, 6, 4), np.uint8, r"not a display array; give \(H, W, 3\) uint8 or uint16"),
        (Encoding.SCENE, (4, 6, 3), np.float64, r"not a scene array; give \(H, W, 3\) float32"),
    ],
)
def test_the_error_of_wrong_pixels_names_shape_and_dtype(
    encoding: Encoding, shape: tuple[int, ...], dtype: type, fitting: str
) -> None:
    with pytest.raises(SourceError, match=rf"^clip\.dng: \(4.*{fitting}$"):
        Frame(np.zeros(shape, dtype), encoding=encoding, name="clip.dng")


def test_an_invalid_depth_map_is_an_error() -> None:
    pixels = np.zeros((4, 6), np.uint16)
    Frame(pixels, depth_m=np.ones((2, 3), np.float32))  # any size is valid: the depth stage resamples it
    for depth_m in (np.ones((4, 6, 1), np.float32), np.ones((4, 6), np.float64), np.ones((0, 6), np.float32)):
        with pytest.raises(SourceError, match=r"^frame: depth .* is not a depth map; give float32 metres"):
            Frame(pixels, depth_m=depth_m)


def test_both_pictures_of_a_pair_have_one_size_and_rotate_together() -> None:
    left = np.arange(24, dtype=np.uint16).reshape(4, 6)
    turned = Frame(left, right=left + 1, rig=StereoRig(500.0, 0.1), orientation=6).upright()
    np.testing.assert_array_equal(turned.right, turned.pixels + 1)
    with pytest.raises(SourceError, match=r"^frame: the right picture \(3, 6\) uint16 differs from the left \(4, 6\)"):
        Frame(left, right=left[1:])
    with pytest.raises(SourceError, match="must be above 0"):
        StereoRig(500.0, 0.0)


@pytest.mark.parametrize(("near_m", "far_m"), [(0.0, 6.0), (-1.0, 6.0), (6.0, 6.0), (6.0, 0.8), (float("nan"), 6.0)])
def test_the_distances_of_a_pair_increase_from_above_zero(near_m: float, far_m: float) -> None:
    RelativeRig(0.8, 6.0)
    with pytest.raises(SourceError, match="give 0 < near < far"):
        RelativeRig(near_m, far_m)


@pytest.mark.parametrize(
    "view",
    [
        np.asfortranarray,
        lambda rgb: rgb[..., ::-1],
        lambda rgb: rgb[::-1],
        lambda rgb: rgb[:, 1:3],
        lambda rgb: rgb[::2],
    ],
    ids=["columns first", "BGR", "upside down", "a crop", "every second row"],
)
def test_an_array_of_any_order_in_memory_keeps_its_pixels(view: Callable[[np.ndarray], np.ndarray]) -> None:
    rgb = view(np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3))
    frame = Frame(rgb, Encoding.DISPLAY)
    np.testing.assert_array_equal(frame.pixels, rgb)
    assert frame.pixels.flags.c_contiguous


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0)])
def test_a_frame_has_pixels(shape: tuple[int, int]) -> None:
    with pytest.raises(SourceError, match="has no pixels"):
        Frame(np.zeros(shape, np.uint16))


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("encoding", "display", "Encoding"),
        ("cfa", "RGGB", "Cfa"),
        ("profile", None, "CameraProfile"),
        ("packing", 10, "Packing"),
    ],
)
def test_a_field_of_another_kind_is_named(field: str, value: object, kind: str) -> None:
    with pytest.raises(ArgumentError, match=f"frame: {field} is .*; give an? {kind}"):
        Frame(np.zeros((2, 2), np.uint16), **{field: value})
