"""Colour filter arrays: the supported patterns, and the pattern of a cropped or rotated mosaic."""

from __future__ import annotations

import numpy as np
import pytest
from groundglass.cfa import BAYER_PATTERNS, XTRANS, Cfa
from groundglass.errors import SourceError
from groundglass.orientation import upright

CFAS = [*(Cfa(pattern) for pattern in BAYER_PATTERNS), Cfa("MONO"), Cfa(XTRANS), Cfa(XTRANS).cropped(4, 1)]
QUADS = [Cfa(pattern, block=2) for pattern in BAYER_PATTERNS]


def photosites(cfa: Cfa, width: int, height: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    channels = cfa.channels()
    return channels[y % len(channels), x % len(channels)]


@pytest.mark.parametrize("cfa", [*CFAS, *QUADS], ids=str)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_photosites_of_a_rotated_mosaic_match_its_cfa(cfa: Cfa, orientation: int) -> None:
    sides = range(12, 19, 2) if cfa.kind == "quad" else range(12, 19)
    for width in sides:
        for height in sides:
            rotated = upright(photosites(cfa, width, height), orientation)
            turned = cfa.turned((width, height), orientation)
            assert turned.kind == cfa.kind
            np.testing.assert_array_equal(rotated, photosites(turned, *rotated.shape[::-1]))


@pytest.mark.parametrize("cfa", [*CFAS, *QUADS], ids=str)
def test_the_photosites_of_a_cropped_mosaic_match_its_cfa(cfa: Cfa) -> None:
    whole = photosites(cfa, 20, 20)
    for top in range(0, 8, cfa.block):
        for left in range(0, 8, cfa.block):
            np.testing.assert_array_equal(whole[top:, left:], photosites(cfa.cropped(left, top), 20 - left, 20 - top))


def test_a_quad_bayer_mosaic_is_not_cropped_through_its_squares() -> None:
    with pytest.raises(SourceError, match=r"cut at column 1, row 0 begins with half a square; use even columns"):
        Cfa("RGGB", block=2).cropped(1, 0)
    with pytest.raises(SourceError, match=r"of 7x8 photosites, rotated by orientation 2, begins with half a square"):
        Cfa("RGGB", block=2).turned((7, 8), 2)
    assert Cfa("RGGB", block=2).turned((7, 8), 1) == Cfa("RGGB", block=2)


def test_xtrans_has_every_colour_in_every_row_and_column() -> None:
    channels = Cfa(XTRANS).channels()
    assert [int((channels == colour).sum()) for colour in range(3)] == [8, 20, 8]
    for line in (*channels, *channels.T):
        assert set(line) == {0, 1, 2}


def test_the_kind_of_each_cfa() -> None:
    assert [cfa.kind for cfa in (Cfa(), Cfa("BGGR", block=2), Cfa("MONO"), Cfa(XTRANS))] == [
        "bayer", "quad", "mono", "xtrans",
    ]  # fmt: skip
    assert [len(cfa.channels()) for cfa in (Cfa(), Cfa("BGGR", block=2), Cfa("MONO"), Cfa(XTRANS))] == [2, 4, 1, 6]


@pytest.mark.parametrize(
    ("pattern", "block", "complaint"),
    [
        ("RGBG", 1, r"^CFA 'RGBG' is not a Bayer order; use one of RGGB, BGGR, GRBG, GBRG$"),
        ("RGGB", 3, r"^CFA 'RGGB' with squares of 3x3 photosites is unknown; use a block of 1 \(Bayer\) or 2"),
        ("MONO", 2, r"^CFA 'MONO' has no squares of 2x2 photosites; use a block of 1$"),
        (XTRANS, 2, r"has no squares of 2x2 photosites; use a block of 1$"),
        ("G" * 20 + "RB" * 8, 1, r"^CFA 'G{20}(RB){8}' is not X-Trans from any corner; give the 6x6 block in reading"),
        ("GGRGGB" * 6, 1, r"is not X-Trans from any corner"),
    ],
)
def test_the_error_of_an_unknown_cfa_names_the_valid_ones(pattern: str, block: int, complaint: str) -> None:
    with pytest.raises(SourceError, match=complaint):
        Cfa(pattern, block)
