"""Padded planes: the position of each pixel and the content of the border."""

from __future__ import annotations

import numpy as np
import pytest
from groundglass.compute.device import Device
from groundglass.compute.planes import PAD, Layout, Planes

# One pixel, one row, narrower than the border, as wide as the border, one pixel wider, odd sizes, two groups.
SIZES = [(1, 1), (2, 1), (1, 9), (3, 5), (15, 4), (16, 16), (17, 33), (31, 2), (64, 48), (101, 67), (600, 3)]


def test_rows_fill_whole_groups_and_whole_vectors() -> None:
    for width in range(1, 5000):
        layout = Layout.of(width, 3)
        assert layout.pitch >= width + 2 * PAD
        assert layout.pitch % 16 == 0
        assert layout.local % 16 == 0
        assert layout.pitch % layout.local == 0
        assert layout.pitch % 512 != 0  # rows 2 KiB apart share two cache sets


def test_rows_have_little_padding() -> None:
    for width in range(640, 5000):
        assert Layout.of(width, 3).pitch <= 1.1 * (width + 2 * PAD) + 64


def test_planes_follow_each_other() -> None:
    layout = Layout.of(1920, 1080)
    assert layout.rows == 1080 + 2 * PAD
    assert layout.stride == layout.rows * layout.pitch


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize(("channels", "half_floats"), [(1, False), (3, False), (3, True)])
def test_the_border_mirrors_without_repeating_the_edge(
    device: Device, width: int, height: int, channels: int, half_floats: bool
) -> None:
    before = device.live_buffers
    planes = Planes(device, width, height, channels, half_floats=half_floats)
    pixels = np.random.default_rng(7).random((height, width, channels)).astype(np.float16).astype(np.float32)
    planes.write(pixels)
    planes.mirror()
    # np.pad repeats a single row or column, and reflects repeatedly if the border is wider than the picture.
    expected = np.pad(np.moveaxis(pixels, -1, 0), ((0, 0), (PAD, PAD), (PAD, PAD)), mode="reflect")
    with planes.view() as padded:
        np.testing.assert_array_equal(padded[:, :, : width + 2 * PAD], expected)
    np.testing.assert_array_equal(planes.read(), pixels)
    assert planes.size == (width, height)
    planes.release()
    planes.release()
    assert device.live_buffers == before


def test_the_parity_of_a_mosaic_continues_in_the_border(device: Device) -> None:
    """If a side is longer than the border, the mirror image of a photosite has the same colour."""
    photosites = np.tile(np.arange(4, dtype=np.float32).reshape(2, 2), (10, 10))[:19, :, None]
    planes = Planes(device, 20, 19, 1)
    planes.write(photosites)
    planes.mirror()
    with planes.view() as padded:
        np.testing.assert_array_equal(
            padded[0][:, : 20 + 2 * PAD], np.tile(photosites[:2, :2, 0], (26, 26))[: 19 + 2 * PAD]
        )
    planes.release()
