"""TIFF pictures of every photometric interpretation, planar configuration, width and orientation."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from groundglass.camera import REC709_TO_REC2020
from groundglass.colour.difference import lab_of_scene
from groundglass.colour.encoding import srgb_decode
from groundglass.errors import MissingExtraError, SourceError
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


def written(path: Path, data: bytes, tags: dict[int, tuple[str, list[int]]]) -> None:
    """A little-endian TIFF of one strip, for layouts that libraries do not write."""
    tags = {256: ("I", [10]), 257: ("I", [6]), 259: ("H", [1]), 278: ("I", [6]), 279: ("I", [len(data)])} | tags
    start = 8 + 2 + 12 * (len(tags) + 1) + 4
    entries, further = b"", b""
    for tag, (kind, numbers) in sorted({**tags, 273: ("I", [0])}.items()):
        packed = struct.pack(f"<{len(numbers)}{kind}", *numbers)
        if tag == 273:
            entries += b"DATA"
            continue
        if len(packed) > 4:
            further, packed = further + packed, struct.pack("<I", start + len(further))
        entries += struct.pack("<HHI", tag, {"H": 3, "I": 4}[kind], len(numbers)) + packed.ljust(4, b"\0")
    entries = entries.replace(b"DATA", struct.pack("<HHII", 273, 4, 1, start + len(further)))
    header = b"II*\0" + struct.pack("<IH", 8, len(tags) + 1)
    path.write_bytes(header + entries + struct.pack("<I", 0) + further + data)


def packed(codes: np.ndarray, bits: int) -> bytes:
    """Rows of samples of `bits` bits, each row in whole bytes."""
    ones = codes.reshape(len(codes), -1, 1) >> np.arange(bits - 1, -1, -1) & 1
    return np.packbits(ones.reshape(len(codes), -1).astype(np.uint8), axis=1).tobytes()


@pytest.mark.parametrize("bits", [2, 4, 6, 10, 12, 14])
@pytest.mark.parametrize("photometric", [0, 1, 2])
def test_samples_of_every_width_in_bits(tmp_path: Path, bits: int, photometric: int) -> None:
    pytest.importorskip("imagecodecs")
    white, count = 2**bits - 1, 3 if photometric == 2 else 1
    codes = np.rint(LIGHT[..., :count] * white).astype(np.int64)
    stored = packed(white - codes if photometric == 0 else codes, bits)
    written(tmp_path / "a.tif", stored, {258: ("H", [bits] * count), 262: ("H", [photometric]), 277: ("H", [count])})
    np.testing.assert_allclose(shown(tmp_path / "a.tif"), np.broadcast_to(codes / white, (6, 10, 3)), atol=2e-3)


@pytest.mark.parametrize("sense", ["minisblack", "miniswhite"])
def test_bilevel_pictures(tmp_path: Path, sense: str) -> None:
    is_white = LIGHT[..., 0] > 0.5
    tifffile.imwrite(tmp_path / "a.tif", is_white == (sense == "minisblack"), photometric=sense, metadata=None)
    np.testing.assert_array_equal(shown(tmp_path / "a.tif")[..., 1], is_white)


@pytest.mark.parametrize(("photometric", "bits"), [(8, 8), (8, 16), (9, 8), (9, 16)])
def test_lab_signed_or_with_an_offset(tmp_path: Path, photometric: int, bits: int) -> None:
    lab = lab_of_scene(srgb_decode(0.2 + 0.6 * LIGHT).reshape(-1, 3) @ REC709_TO_REC2020.T).reshape(LIGHT.shape)
    unit = 2 ** (bits - 8)
    lightness = lab[..., :1] / 100 * (255 * unit if photometric == 9 else 2**bits - 1)
    chroma = (lab[..., 1:] + (128 if photometric == 9 else 0)) * unit
    codes = np.rint(np.concatenate([lightness, chroma], axis=2)).astype(np.int64).astype(f"u{bits // 8}")
    written(
        tmp_path / "a.tif", codes.tobytes(),
        {258: ("H", [bits] * 3), 262: ("H", [photometric]), 277: ("H", [3])},
    )  # fmt: skip
    np.testing.assert_allclose(shown(tmp_path / "a.tif"), 0.2 + 0.6 * LIGHT, atol=0.02 if bits == 8 else 2e-4)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_a_thumbnail_before_the_picture_is_passed_over(tmp_path: Path, kind: type) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(samples(kind)[::2, ::2].copy(), photometric="rgb", subfiletype=1, metadata=None)
        file.write(samples(kind), photometric="rgb", subfiletype=0, metadata=None)
    np.testing.assert_allclose(shown(tmp_path / "a.tif"), LIGHT, atol=5e-3)


def test_the_first_plane_of_a_volume(tmp_path: Path) -> None:
    planes = np.stack([samples(np.uint16)[..., 0]] * 16)
    planes[1:] = 0
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="minisblack", volumetric=True, metadata=None)
    np.testing.assert_allclose(shown(tmp_path / "a.tif")[..., 1], LIGHT[..., 0], atol=5e-3)


def test_a_palette_of_8_bits_in_words(tmp_path: Path) -> None:
    palette = np.random.default_rng(2).integers(0, 256, (3, 256)).astype(np.uint16)
    indices = np.arange(60, dtype=np.uint8).reshape(6, 10)
    tifffile.imwrite(tmp_path / "a.tif", indices, photometric="palette", colormap=palette, metadata=None)
    np.testing.assert_allclose(shown(tmp_path / "a.tif"), palette.T[indices] / 255, atol=1e-4)


def test_grey_with_alpha_where_white_is_low(tmp_path: Path) -> None:
    stored = np.stack([255 - samples(np.uint8)[..., 0], np.full((6, 10), 9, np.uint8)], axis=2)
    tifffile.imwrite(
        tmp_path / "a.tif", stored, photometric="miniswhite", extrasamples=[2], planarconfig="contig", metadata=None
    )
    np.testing.assert_allclose(shown(tmp_path / "a.tif")[..., 1], LIGHT[..., 0], atol=5e-3)


def test_a_compression_without_its_decoder_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("imagecodecs")
    tifffile.imwrite(tmp_path / "a.tif", samples(np.float32), photometric="rgb", compression="lzw", metadata=None)
    np.testing.assert_allclose(shown(tmp_path / "a.tif"), LIGHT, atol=1e-6)

    def missing(*args: object) -> None:
        raise ValueError("<COMPRESSION.LZW: 5> requires the 'imagecodecs' package")

    monkeypatch.setattr(tifffile.TiffPage, "asarray", missing)
    with pytest.raises(MissingExtraError, match=r"a\.tif: needs imagecodecs; pip install groundglass\[tiff\]"):
        read_picture(tmp_path / "a.tif")


def test_cmyk_in_floating_point_is_refused(tmp_path: Path) -> None:
    stored = np.zeros((6, 10, 4), np.float32)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="separated", metadata=None)
    with pytest.raises(SourceError, match="CMYK in floating point is not read; save it as RGB"):
        read_picture(tmp_path / "a.tif")


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_height_beyond_its_strips_is_refused(tmp_path: Path, kind: type) -> None:
    """The rest would be black: 1 GB of a file of 3 kB."""
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, samples(kind), photometric="rgb", planarconfig="contig", rowsperstrip=4)
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages.first.tags["ImageLength"].overwrite(16_777_232)
    with pytest.raises(SourceError, match="damaged or cut off"):
        shown(path)
