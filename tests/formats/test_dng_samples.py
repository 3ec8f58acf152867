"""DNGs whose samples LibRaw would convert, and DNGs that are cut off. Each test writes a file with known light."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from dng_support import COLOUR_FILTER_ARRAY, LINEAR_RAW, LINEARIZATION_TABLE, Tag, opcodes, write_dng
from groundglass.capture import open_source
from groundglass.capture.metadata import read_metadata
from groundglass.errors import SourceError
from groundglass.formats.dng_samples import floats
from groundglass.formats.inflate import integrated
from groundglass.formats.raw import read_raw
from groundglass.frame import Frame
from PIL import Image

NEUTRAL = (1.0, 1.0, 1.0)
RAMP = np.linspace(0, 255, 64).round().astype(np.uint8)
WIDE = (0, 0, 64, 64)


def jpeg(samples: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(samples).save(out, "JPEG", quality=100, subsampling=0)
    return out.getvalue()


def curve(number: int, plane: int, planes: int, numbers: tuple[float, ...]) -> tuple[int, bytes]:
    """MapTable (7) or MapPolynomial (8) of the whole picture."""
    head = struct.pack(">8I", *WIDE, plane, planes, 1, 1)
    if number == 7:
        return 7, head + struct.pack(f">I{len(numbers)}H", len(numbers), *map(int, numbers))
    return 8, head + struct.pack(f">I{len(numbers)}d", len(numbers) - 1, *numbers)


def lossy(path: Path, samples: np.ndarray, *tags: Tag, tile: tuple[int, int] = (32, 32), white: int = 255) -> Path:
    """A DNG of JPEG tiles: linear RGB, or a mosaic of one sample."""
    write_dng(path, samples, white=white, neutral=NEUTRAL, tags=tags)
    with tifffile.TiffFile(path) as file:
        own = [tag for tag in file.pages.first.tags.values() if tag.code > 33000]
        extra = [(tag.code, tag.dtype, tag.count, tag.value, True) for tag in own]
    tiles = [
        jpeg(np.pad(part, [(0, tile[0] - part.shape[0]), (0, tile[1] - part.shape[1])] + [(0, 0)] * (part.ndim - 2)))
        for top in range(0, samples.shape[0], tile[0])
        for left in range(0, samples.shape[1], tile[1])
        for part in [samples[top : top + tile[0], left : left + tile[1]]]
    ]
    tifffile.imwrite(
        *(path, iter(tiles)),
        shape=samples.shape,
        dtype=np.uint8,
        tile=tile,
        photometric="rgb" if samples.ndim == 3 else "minisblack",
        compression=8,
        metadata=None,
        extratags=extra,
    )
    with tifffile.TiffFile(path, mode="r+") as file:  # tifffile writes these tiles, but not under their own names
        file.pages.first.tags["Compression"].overwrite(34892)
        file.pages.first.tags["PhotometricInterpretation"].overwrite(
            LINEAR_RAW if samples.ndim == 3 else COLOUR_FILTER_ARRAY
        )
    return path


def grey_ramp() -> np.ndarray:
    return np.repeat(np.repeat(RAMP[None, :, None], 64, axis=0), 3, axis=2)


SQUARES = np.linspace(0, 1, 65536) ** 2 * 65535


@pytest.mark.parametrize(
    ("tags", "light"),
    [
        ((), lambda v: v),
        ((opcodes(2, curve(8, 0, 3, (0, 0.2, 0.8))),), lambda v: 0.2 * v + 0.8 * v**2),
        ((opcodes(2, *(curve(8, plane, 1, (0, 0.2, 0.8)) for plane in range(3))),), lambda v: 0.2 * v + 0.8 * v**2),
        ((opcodes(2, curve(7, 0, 3, tuple(SQUARES))),), lambda v: v**2),
        ((opcodes(3, curve(8, 0, 3, (0, 0, 0, 1))),), lambda v: v**3),
        ((opcodes(2, curve(8, 0, 3, (0, 2)), curve(8, 0, 3, (0, 0, 1))),), lambda v: np.minimum(2 * v, 1) ** 2),
        (((LINEARIZATION_TABLE, "H", 256, tuple(255 - n for n in range(256))),), lambda v: 1 - v),
        (((50713, "H", 2, (1, 1)), (50714, "H", 3, (51, 51, 51))), lambda v: (255 * v - 51) / 204),
    ],
)
def test_lossy_jpeg_has_the_levels_tables_and_curves_of_its_tags(
    tmp_path: Path, tags: tuple[Tag, ...], light: Callable[[np.ndarray], np.ndarray]
) -> None:
    frame = read_raw(lossy(tmp_path / "a.dng", grey_ramp(), *tags))
    expected = np.broadcast_to(light(RAMP[None, :, None] / 255.0), frame.pixels.shape)
    np.testing.assert_allclose(frame.pixels, expected, atol=0.025)
    assert all(opcode["used"] for opcode in read_metadata(str(tmp_path / "a.dng")).get("opcodes", ()))


@pytest.mark.parametrize("tile", [(64, 64), (16, 48), (48, 32)])
def test_lossy_tiles_may_reach_beyond_the_picture(tmp_path: Path, tile: tuple[int, int]) -> None:
    samples = grey_ramp()[:50, :60]
    frame = read_raw(lossy(tmp_path / "a.dng", samples, tile=tile))
    np.testing.assert_allclose(frame.pixels, samples / 255.0, atol=0.02)


def test_a_lossy_mosaic_has_the_curves_of_its_opcodes(tmp_path: Path) -> None:
    samples = np.repeat(RAMP[None], 64, axis=0)
    frame = read_raw(lossy(tmp_path / "a.dng", samples, opcodes(2, curve(8, 0, 1, (0, 0, 1)))))
    np.testing.assert_allclose(light_of(frame), (samples / 255.0) ** 2, atol=0.02)
    assert read_raw(lossy(tmp_path / "b.dng", samples)).profile.white == 255


@pytest.mark.parametrize(("white", "table"), [(None, False), (65535, False), (65535, True)])
def test_the_white_level_of_lossy_jpeg_without_a_tag_or_beyond_its_bits(
    tmp_path: Path, white: int | None, table: bool
) -> None:
    tags: list[Tag] = [] if white is None else [(50717, "H", 1, white)]
    if table:
        tags.append((LINEARIZATION_TABLE, "H", 256, tuple(257 * n for n in range(256))))
    path = lossy(tmp_path / "a.dng", grey_ramp(), *tags)
    if white is None:
        with tifffile.TiffFile(path, mode="r+") as file:
            file.pages.first.tags[50717].overwrite(0)  # not a white level: counts as missing
    np.testing.assert_allclose(read_raw(path).pixels, grey_ramp() / 255.0, atol=0.02)


def test_a_dct_jpeg_under_the_number_of_lossless_jpeg(tmp_path: Path) -> None:
    path = lossy(tmp_path / "a.dng", grey_ramp())
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages.first.tags["Compression"].overwrite(7)
    np.testing.assert_allclose(read_raw(path).pixels, grey_ramp() / 255.0, atol=0.02)


# Deflated integers, which LibRaw refuses


@pytest.mark.parametrize("predictor", [1, 2])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("order", ["<", ">"])
def test_deflated_integers(tmp_path: Path, predictor: int, kind: type, order: str) -> None:
    samples = np.random.default_rng(1).integers(0, 200, (64, 96)).astype(kind)
    write_dng(tmp_path / "a.dng", samples, black=(10,) * 4, white=250)
    with tifffile.TiffFile(tmp_path / "a.dng") as file:
        own = [tag for tag in file.pages.first.tags.values() if tag.code > 33000]
        extra = [(tag.code, tag.dtype, tag.count, tag.value, True) for tag in own]
    tifffile.imwrite(
        *(tmp_path / "b.dng", samples), compression="zlib", predictor=predictor, photometric="minisblack",
        metadata=None, byteorder=order, tile=(32, 48), extratags=extra,
    )  # fmt: skip
    with tifffile.TiffFile(tmp_path / "b.dng", mode="r+") as file:
        file.pages.first.tags["PhotometricInterpretation"].overwrite(COLOUR_FILTER_ARRAY)
    frame = read_raw(tmp_path / "b.dng")
    np.testing.assert_array_equal(frame.pixels, samples)
    assert frame.profile.black[0] == 10
    assert frame.profile.white == 250


# Floating point


def light_of(frame: Frame) -> np.ndarray:
    profile = frame.profile
    return (frame.pixels.astype(float) - profile.black[0]) / profile.span * 2**profile.exposure_ev


@pytest.mark.parametrize("kind", [np.float16, np.float32])
@pytest.mark.parametrize(
    ("black", "white", "hot"),
    [(0, 1, 1.0), (512, 15864, 1.0), (512, 15864, 4.0), (0, 1, 50.0), (64, 1023, 1e4), (0, 60000, 1.0)],
)
def test_floating_point_has_the_levels_of_its_tags_whatever_its_brightest_photosite(
    tmp_path: Path, kind: type, black: int, white: int, hot: float
) -> None:
    light = np.tile(np.linspace(0, 1, 96), (64, 1))
    stored = (black + light * (white - black)).astype(kind)
    stored[7, 9] = kind(min(hot * white, 65504.0))
    frame = read_raw(write_dng(tmp_path / "a.dng", stored, black=(black,) * 4, white=white))
    expected = (stored.astype(float) - black) / (white - black)
    found = light_of(frame)
    found[7, 9] = expected[7, 9]
    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_merged_exposures_keep_their_highlights(tmp_path: Path) -> None:
    stored = np.full((64, 96), 0.25, np.float32)
    stored[10:20, 10:20] = 7.5
    frame = read_raw(write_dng(tmp_path / "a.dng", stored, white=1))
    assert frame.profile.exposure_ev == pytest.approx(np.log2(7.5))
    np.testing.assert_allclose(light_of(frame), stored, atol=2e-4)


def test_negative_and_impossible_light_is_finite(tmp_path: Path) -> None:
    stored = np.full((64, 96), 0.25, np.float32)
    stored[0, :4] = -0.01, np.nan, np.inf, -np.inf
    found = light_of(read_raw(write_dng(tmp_path / "a.dng", stored, white=1)))
    np.testing.assert_allclose(found[0, :4], (-0.01, 0, 1, 0), atol=2e-4)


@pytest.mark.parametrize("bits", [16, 24, 32])
def test_floats_of_any_width_in_either_byte_order(bits: int) -> None:
    numbers = np.array([[0.0, 1.0, -2.5, 0.15625, 300.0]], np.float32)
    if bits == 24:
        codes = [0, 0x3F0000, 0xC04000, 0x3C4000, 0x472C00]
        big = b"".join(code.to_bytes(3, "big") for code in codes)
        small = b"".join(code.to_bytes(3, "little") for code in codes)
    else:
        big, small = (numbers.astype(f"{order}f{bits // 8}").tobytes() for order in "><")
    for encoded, is_big in ((big, True), (small, False)):
        np.testing.assert_array_equal(floats(np.frombuffer(encoded, np.uint8)[None], bits, is_big), numbers)


@pytest.mark.parametrize(("predictor", "distance"), [(1, 0), (3, 1), (34894, 2), (34895, 4)])
def test_deflated_floats_with_every_predictor(tmp_path: Path, predictor: int, distance: int) -> None:
    light = np.random.default_rng(1).random((64, 96)).astype(np.float32)
    data = light.astype("<f4").view(np.uint8).reshape(64, -1)
    if distance:
        planes = light.astype(">f4").view(np.uint8).reshape(64, 96, 4).transpose(0, 2, 1).reshape(64, -1)
        data = planes.copy()
        data[:, distance:] -= planes[:, :-distance]
        assert np.array_equal(integrated(data, distance, 4), light.astype(">f4").view(np.uint8).reshape(64, -1))
    write_dng(tmp_path / "a.dng", light, white=1)
    with tifffile.TiffFile(tmp_path / "a.dng") as file:
        own = [tag for tag in file.pages.first.tags.values() if tag.code > 33000]
        extra = [(tag.code, tag.dtype, tag.count, tag.value, True) for tag in own]
    tifffile.imwrite(
        *(tmp_path / "b.dng", iter([zlib.compress(data.tobytes())])),
        shape=(64, 96), dtype=np.int32, compression=8, predictor=2, photometric="minisblack", metadata=None,
        extratags=extra,
    )  # fmt: skip
    with tifffile.TiffFile(tmp_path / "b.dng", mode="r+") as file:
        file.pages.first.tags["PhotometricInterpretation"].overwrite(COLOUR_FILTER_ARRAY)
        file.pages.first.tags["SampleFormat"].overwrite(3)
        file.pages.first.tags["Predictor"].overwrite(predictor)
    np.testing.assert_allclose(light_of(read_raw(tmp_path / "b.dng")), light, atol=2e-5)


# Files that are cut off


def cut(path: Path, part: float) -> Path:
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    return path


@pytest.mark.parametrize("part", [0.5, 0.8, 0.95, 0.999])
def test_a_picture_that_ends_early_is_refused_and_info_reports_it(tmp_path: Path, part: float) -> None:
    samples = np.random.default_rng(1).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    path = cut(lossy(tmp_path / "a.dng", samples), part)
    with pytest.raises(SourceError, match=r"a\.dng: the file is cut off \(picture data ends after"):
        open_source(path)
    assert "cut off" in read_metadata(str(path))["problem"]


@pytest.mark.parametrize("fault", ["no end", "no start", "zeros"])
def test_a_jpeg_that_is_not_whole_inside_a_whole_file_is_refused(tmp_path: Path, fault: str) -> None:
    path = lossy(tmp_path / "a.dng", grey_ramp())
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        start, count = (file.pages.first.tags[name].value[2] for name in ("TileOffsets", "TileByteCounts"))
    if fault == "no end":
        data[start + count - 40 : start + count] = bytes(40)
    elif fault == "no start":
        data[start : start + 2] = b"ab"
    else:
        data[start : start + count] = bytes(count)
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"cut off \(part 3 of 4 of its picture data is not a whole JPEG\)"):
        open_source(path)


def test_a_list_of_tiles_that_is_too_short_for_the_picture_is_refused(tmp_path: Path) -> None:
    path = lossy(tmp_path / "a.dng", grey_ramp())
    with tifffile.TiffFile(path, mode="r+") as file:
        for name in ("TileOffsets", "TileByteCounts"):
            file.pages.first.tags[name].overwrite(file.pages.first.tags[name].value[:3])
    with pytest.raises(SourceError, match=r"cut off \(3 of 4 parts of its picture data\)"):
        open_source(path)


def test_a_jpeg_whose_header_is_damaged_is_refused(tmp_path: Path) -> None:
    path = lossy(tmp_path / "a.dng", grey_ramp())
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        start = file.pages.first.tags["TileOffsets"].value[1]
    data[start + 2 : start + 100] = bytes(98)
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"cut off \(part 2 of 4 of its picture data is not a whole JPEG\)"):
        open_source(path)


def test_samples_without_bits_are_refused(tmp_path: Path) -> None:
    write_dng(tmp_path / "a.dng", np.full((64, 96), 500, np.uint16))
    with tifffile.TiffFile(tmp_path / "a.dng", mode="r+") as file:
        file.pages.first.tags["BitsPerSample"].overwrite(0)
    with pytest.raises(SourceError, match="its samples have 0 bits"):
        read_raw(tmp_path / "a.dng")


@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_planes_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type) -> None:
    """LibRaw takes them for pixels, one after the other."""
    write, pixels = tifffile.imwrite, np.random.default_rng(4).integers(0, 4000, (64, 96, 3)).astype(kind)

    def in_planes(path: Path, samples: np.ndarray, **options: object) -> None:
        write(path, np.ascontiguousarray(np.moveaxis(samples, -1, 0)), planarconfig="separate", **options)

    monkeypatch.setattr(tifffile, "imwrite", in_planes)
    path = write_dng(tmp_path / "a.dng", pixels, white=(4000,) * 3, neutral=(1.0, 1.0, 1.0))
    np.testing.assert_allclose(read_raw(path).pixels, pixels / 4000, atol=1e-5)
