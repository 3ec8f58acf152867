"""TIFF pictures of every photometric interpretation, planar configuration, width and orientation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from groundglass.formats.picture_read import read_picture
from groundglass.frame import Encoding
from PIL import Image

LIGHT = np.random.default_rng(1).random((6, 10, 3))


def samples(kind: type) -> np.ndarray:
    return LIGHT.astype(kind) if np.dtype(kind).kind == "f" else (LIGHT * np.iinfo(kind).max).astype(kind)


def shown(path: Path) -> np.ndarray:
    """The upright picture, 0 to 1."""
    frame = read_picture(path).upright()
    return frame.pixels if frame.encoding is Encoding.SCENE else frame.pixels / np.iinfo(frame.pixels.dtype).max


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.uint32, np.int16, np.float16, np.float32, np.float64])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_rgb_of_every_width_planar_or_not(tmp_path: Path, kind: type, planar: str, orientation: int) -> None:
    stored = samples(kind)
    tifffile.imwrite(
        *(tmp_path / "a.tif", np.moveaxis(stored, -1, 0) if planar == "separate" else stored),
        photometric="rgb", planarconfig=planar, metadata=None, extratags=[(274, "H", 1, orientation, True)],
    )  # fmt: skip
    turns = {1: 0, 3: 2, 6: -1}[orientation]
    np.testing.assert_allclose(shown(tmp_path / "a.tif"), np.rot90(LIGHT, turns), atol=5e-3)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.uint32, np.float32])
@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_grey_of_either_sense(tmp_path: Path, kind: type, photometric: str) -> None:
    tifffile.imwrite(tmp_path / "a.tif", samples(kind)[..., 0], photometric=photometric, metadata=None)
    expected = 1 - LIGHT[..., 0] if photometric == "miniswhite" else LIGHT[..., 0]
    np.testing.assert_allclose(shown(tmp_path / "a.tif")[..., 1], expected, atol=5e-3)


def test_alpha_is_dropped_and_palettes_are_applied(tmp_path: Path) -> None:
    stored = np.concatenate([samples(np.uint16), np.full((6, 10, 1), 9, np.uint16)], axis=2)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", extrasamples=[2], metadata=None)
    np.testing.assert_allclose(shown(tmp_path / "a.tif"), LIGHT, atol=1e-4)
    palette = np.random.default_rng(2).integers(0, 65535, (3, 256)).astype(np.uint16)
    indices = np.arange(60, dtype=np.uint8).reshape(6, 10)
    tifffile.imwrite(tmp_path / "b.tif", indices, photometric="palette", colormap=palette, metadata=None)
    np.testing.assert_allclose(shown(tmp_path / "b.tif"), palette.T[indices] / 65535, atol=5e-3)


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_other_colours_agree_with_pillow(tmp_path: Path, mode: str, planar: str) -> None:
    image = Image.fromarray((LIGHT * 255).astype(np.uint8))
    stored = np.asarray(image.convert(mode))
    photometric = {"CMYK": "separated", "YCbCr": "ycbcr"}[mode]
    tifffile.imwrite(
        *(tmp_path / "a.tif", np.moveaxis(stored, -1, 0) if planar == "separate" else stored),
        photometric=photometric, planarconfig=planar, metadata=None,
    )  # fmt: skip
    np.testing.assert_allclose(shown(tmp_path / "a.tif"), LIGHT, atol=0.02)
