"""The picture is centred in the window, and pointer positions are relative to the picture."""

from __future__ import annotations

import pytest
from groundglass.display.letterbox import letterbox, opening_size, picture_point


@pytest.mark.parametrize(
    ("picture", "framebuffer", "area"),
    [
        ((16, 9), (1600, 900), (0, 0, 1600, 900)),
        ((16, 9), (1280, 800), (0, 40, 1280, 720)),
        ((9, 16), (1280, 800), (415, 0, 450, 800)),
        ((4000, 3000), (3, 1), (1, 0, 1, 1)),
    ],
)
def test_the_picture_is_centred(
    picture: tuple[int, int], framebuffer: tuple[int, int], area: tuple[int, int, int, int]
) -> None:
    assert letterbox(picture, framebuffer) == area


def test_a_point_of_the_window_becomes_a_fraction_of_the_picture() -> None:
    framebuffer, picture = (1280, 800), (1920, 1080)  # bars of 40 pixels above and below
    assert picture_point((640, 400), framebuffer, picture) == (0.5, 0.5)
    assert picture_point((0, 40), framebuffer, picture) == (0.0, 0.0)
    assert picture_point((960, 220), framebuffer, picture) == (0.75, 0.25)
    for outside in ((640, 38), (640, 760), (-2, 400), (1280, 400)):
        point = picture_point(outside, framebuffer, picture)
        assert point is not None
        assert not all(0 <= fraction < 1 for fraction in point)
    assert picture_point((0, 0), (0, 0), picture) is None


def test_a_large_picture_opens_smaller_than_the_monitor() -> None:
    assert opening_size((480, 270), (1280, 800)) == (480, 270)
    assert opening_size((4000, 3000), (1280, 800)) == (907, 680)
