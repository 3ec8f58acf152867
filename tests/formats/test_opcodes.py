"""The effect of the opcodes of a DNG. Each test writes a small DNG."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from dng_support import crop, gain_map, opcodes, ramp, write_and_read
from groundglass.formats.opcodes import parse_opcodes
from groundglass.formats.raw import read_raw
from groundglass.frame import Frame

WHOLE = (0, 0, 64, 96)


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Frame]:
    """Writes a DNG with the given tags and reads it."""
    return partial(write_and_read, tmp_path)


def expected_gain(gains: np.ndarray, rows: np.ndarray, columns: np.ndarray, height: int, width: int) -> np.ndarray:
    """(rows, columns) gains, bilinear between points that span the whole height and width."""
    v = (rows + 0.5) / height * (gains.shape[0] - 1)
    h = (columns + 0.5) / width * (gains.shape[1] - 1)
    by_row = np.array([[np.interp(row, range(gains.shape[0]), column) for column in gains.T] for row in v])
    return np.array([np.interp(h, range(gains.shape[1]), row) for row in by_row])


def test_a_gain_map_is_bilinear_between_its_points(read: Callable[..., Frame]) -> None:
    gains = 1 + np.random.default_rng(1).random((3, 4))
    frame = read(opcodes(2, gain_map(gains[..., None], WHOLE)))
    expected = expected_gain(gains, np.arange(64), np.arange(96), 64, 96)
    assert frame.profile.gain_map.dtype == np.float32
    np.testing.assert_allclose(frame.profile.gain_map, expected, rtol=1e-5)


@pytest.mark.parametrize("flat", [(1, 1), (1, 4), (3, 1)])
def test_a_gain_map_of_one_row_or_column_is_constant_along_it(
    read: Callable[..., Frame], flat: tuple[int, int]
) -> None:
    gains = 1 + np.random.default_rng(1).random(flat)
    frame = read(opcodes(2, gain_map(gains[..., None], WHOLE, spacing=(0.0, 0.0) if flat == (1, 1) else None)))
    expected = expected_gain(gains, np.arange(64), np.arange(96), 64, 96)
    np.testing.assert_allclose(frame.profile.gain_map, expected, rtol=1e-5)


def test_four_gain_maps_for_the_photosites_of_a_block_in_a_cropped_picture(read: Callable[..., Frame]) -> None:
    """Rows and columns of a map are relative to the active area; photosites are relative to the area of the map."""
    maps = 1 + np.random.default_rng(1).random((4, 3, 4))
    entries = [gain_map(maps[2 * y + x][..., None], (y, x, 60, 90), pitch=(2, 2)) for y in (0, 1) for x in (0, 1)]
    frame = read(opcodes(2, *entries), *crop(5, 3, 40, 30), active_area=(1, 2, 61, 92))
    rows, columns = np.arange(3, 33), np.arange(5, 45)
    expected = np.empty((30, 40))
    for y in (0, 1):
        for x in (0, 1):
            whole = expected_gain(maps[2 * y + x], rows, columns, 60, 90)
            photosites = np.ix_(rows % 2 == y, columns % 2 == x)
            expected[photosites] = whole[photosites]
    np.testing.assert_allclose(frame.profile.gain_map, expected, rtol=1e-5)


def test_a_gain_map_applies_to_its_area_and_overlapping_maps_multiply(read: Callable[..., Frame]) -> None:
    constant = np.full((2, 2, 1), 1.5)
    frame = read(opcodes(2, gain_map(constant, (10, 20, 30, 50)), gain_map(constant, (20, 0, 64, 96))))
    expected = np.ones((64, 96))
    expected[10:30, 20:50] *= 1.5
    expected[20:] *= 1.5
    np.testing.assert_allclose(frame.profile.gain_map, expected)


def test_spacing_and_origin_define_the_positions_of_the_points(read: Callable[..., Frame]) -> None:
    gains = np.array([[1.0, 2.0]])[..., None]
    frame = read(opcodes(2, gain_map(gains, WHOLE, spacing=(1.0, 0.5), origin=(0.0, 0.25))))
    positions = (np.arange(96) + 0.5) / 96
    np.testing.assert_allclose(frame.profile.gain_map[5], np.interp(positions, (0.25, 0.75), (1, 2)), rtol=1e-5)


def test_planes_of_opcode_list_3_are_colours(read: Callable[..., Frame]) -> None:
    gains = np.stack([np.full((2, 2), gain) for gain in (1.5, 1.25, 1.75)], axis=-1)
    frame = read(opcodes(3, gain_map(gains, WHOLE, planes=3)), *crop(1, 0, 40, 30))
    assert frame.cfa.pattern == "GRBG"
    np.testing.assert_allclose(frame.profile.gain_map[:2, :2], [[1.25, 1.5], [1.75, 1.25]])


def test_opcode_list_1_is_relative_to_the_stored_picture(read: Callable[..., Frame]) -> None:
    constant = np.full((2, 2, 1), 1.5)
    frame = read(opcodes(1, gain_map(constant, (10, 20, 12, 21))), active_area=(4, 6, 64, 96))
    assert np.argwhere(frame.profile.gain_map > 1).tolist() == [[6, 14], [7, 14]]


def test_radial_vignetting(read: Callable[..., Frame]) -> None:
    k = (0.2, 0.1, 0.0, 0.05, 0.02)
    frame = read(opcodes(3, (3, struct.pack(">7d", *k, 0.5, 0.5))))
    y, x = np.mgrid[:64, :96] + 0.5
    r2 = ((y - 32) ** 2 + (x - 48) ** 2) / (32**2 + 48**2)
    expected = 1 + sum(kn * r2 ** (n + 1) for n, kn in enumerate(k))
    np.testing.assert_allclose(frame.profile.gain_map, expected, rtol=1e-5)


def bad_pixels(points: list[tuple[int, int]], areas: list[tuple[int, int, int, int]]) -> tuple[int, bytes]:
    flat = [number for region in (*points, *areas) for number in region]
    return 5, struct.pack(f">3I{len(flat)}I", 0, len(points), len(areas), *flat)


def test_defect_coordinates_are_relative_to_the_crop(read: Callable[..., Frame]) -> None:
    listed = bad_pixels([(10, 20), (0, 0), (4000, 4000)], [(12, 30, 14, 32), (50, 90, 4000, 4000)])
    frame = read(opcodes(1, listed), *crop(4, 2, 80, 50), active_area=(1, 2, 64, 96))
    assert sorted(map(tuple, frame.profile.defects.tolist())) == [(14, 7), (24, 9), (24, 10), (25, 9), (25, 10)]
    assert frame.profile.defects.dtype == np.int32


def test_photosites_with_the_constant_value_are_defects(read: Callable[..., Frame]) -> None:
    samples = ramp()
    samples[[5, 9], [7, 60]] = 4000
    frame = read(opcodes(1, (4, struct.pack(">2I", 4000, 0))), samples=samples)
    assert frame.profile.defects.tolist() == [[7, 5], [60, 9]]


def test_a_constant_on_every_fourth_photosite_is_not_a_defect(read: Callable[..., Frame]) -> None:
    assert read(opcodes(1, (4, struct.pack(">2I", 500, 0)))).profile.defects is None


@pytest.mark.parametrize(
    "broken",
    [
        gain_map(np.full((2, 2, 1), np.nan), WHOLE),
        gain_map(np.full((2, 2, 1), -1.0), WHOLE),
        gain_map(np.full((2, 2, 1), 1e30), WHOLE),
        gain_map(np.full((2, 2, 1), 2.0), WHOLE, pitch=(0, 1)),
        gain_map(np.full((2, 2, 1), 2.0), WHOLE, spacing=(0.0, float("nan"))),
        gain_map(np.full((2, 2, 1), 2.0), WHOLE, spacing=(-1.0, 1.0)),
        (9, b"\0" * 40),
        (9, gain_map(np.full((2, 2, 1), 2.0), WHOLE)[1][:40] + b"\xff" * 60),
        (9, struct.pack(">10I4dI", *WHOLE, 0, 1, 1, 1, 2**31, 2**31, 1, 1, 0, 0, 1)),
        (3, struct.pack(">7d", float("nan"), *[0.0] * 6)),
        (3, struct.pack(">7d", -5, *[0.0] * 6)),
        (3, struct.pack(">7d", 1e300, -1e300, *[0.0] * 5)),
        (1, struct.pack(">I8d", 1, 1.0, 1e300, float("inf"), *[0.0] * 5)),
        (8, struct.pack(">9I2d", *WHOLE, 0, 1, 1, 1, 1, 0.0, 1e300)),
        gain_map(np.full((2, 2, 1), 2.0), WHOLE, spacing=(1e300, 1e-300)),
        (4, b""),
        (5, struct.pack(">3I", 0, 2**32 - 1, 2**32 - 1)),
        (1, struct.pack(">I", 2**32 - 1)),
        (99, b"something"),
    ],
)
def test_broken_and_unknown_opcodes_are_skipped(read: Callable[..., Frame], broken: tuple[int, bytes]) -> None:
    good = gain_map(np.full((2, 2, 1), 1.5), WHOLE)
    np.testing.assert_allclose(read(opcodes(2, broken, good)).profile.gain_map, 1.5)


@pytest.mark.parametrize(("degree", "is_read"), [(1, True), (8, True), (9, False), (40, False)])
def test_a_polynomial_has_at_most_degree_8(degree: int, is_read: bool) -> None:
    """As the specification has it (DNG 1.7, MapPolynomial)."""
    payload = struct.pack(f">9I{degree + 1}d", *WHOLE, 0, 1, 1, 1, degree, *[0.1] * (degree + 1))
    (opcode,) = parse_opcodes(2, opcodes(2, (8, payload))[3])
    assert (opcode.action is not None, opcode.broken) == (is_read, not is_read)


def test_a_truncated_list_is_read_up_to_its_end(read: Callable[..., Frame]) -> None:
    code, kind, count, data = opcodes(2, gain_map(np.full((2, 2, 1), 1.5), WHOLE))
    for length in (0, 3, 4, 12, 50, count - 1):
        cut = data[:length] or b"\0"
        assert read((code, kind, len(cut), cut)).profile.gain_map is None
    huge = struct.pack(">I", 2**32 - 1) + data[4:]
    assert read((code, kind, len(huge), huge)).profile.gain_map is not None


def test_the_shading_of_a_real_file(data_dir: Path) -> None:
    frame = read_raw(data_dir / "raw" / "gopro_hero7_4000x3000.dng")
    gains = frame.profile.gain_map
    assert gains.shape == (3000, 4000)
    assert gains[1490:1510, 1990:2010].mean() == pytest.approx(1.0, abs=0.02)
    corners = [gains[y, x] for y in (0, -1) for x in (0, -1)]
    assert all(1.6 < corner < 2.0 for corner in corners)
    assert frame.profile.noise.shot == pytest.approx(3.936e-4, rel=1e-3)
    assert frame.profile.temperature() == pytest.approx((4693, 8.7), rel=0.01)


@pytest.mark.parametrize("is_mosaic", [True, False])
def test_the_curves_of_list_1_map_the_numbers_of_the_file(read: Callable[..., Frame], is_mosaic: bool) -> None:
    """Those with their black level, of which 65535 counts as 1; those of list 2 map the light."""
    stored = ramp().astype(np.uint16) if is_mosaic else np.repeat(ramp()[..., None], 3, axis=2)
    area = struct.pack(">8I", *WHOLE, 0, 1 if is_mosaic else 3, 1, 1)
    table = struct.pack(">I65536H", 65536, *np.minimum(np.arange(65536) * 3, 65535))
    square = struct.pack(">I3d", 2, 0.0, 0.0, 65535 / 2000)
    for opcode, mapped in (((7, area + table), 3.0 * stored), ((8, area + square), stored.astype(float) ** 2 / 2000)):
        frame = read(opcodes(1, opcode), samples=stored, black=(200,) * 4, white=4000, neutral=(1.0, 1.0, 1.0))
        profile = frame.profile
        light = (frame.pixels - profile.black[0]) / (profile.white - profile.black[0]) if is_mosaic else frame.pixels
        black = 200 if is_mosaic else 0
        np.testing.assert_allclose(light, (mapped - black) / (4000 - black), atol=1e-4)


@pytest.mark.parametrize(("number", "axis", "adds"), [(10, 0, True), (11, 1, True), (12, 0, False), (13, 1, False)])
@pytest.mark.parametrize("pitch", [1, 2])
def test_offsets_and_gains_of_rows_and_columns(
    read: Callable[..., Frame], number: int, axis: int, adds: bool, pitch: int
) -> None:
    """Rows and columns count from the corner of the opcode's area, which lies in the active area."""
    area = (4, 6, 40, 60)
    lines = np.arange(area[axis], area[axis + 2], pitch)
    numbers = np.random.default_rng(number).uniform(0.01, 0.1, len(lines)).astype(np.float32)
    payload = struct.pack(">9I", *area, 0, 1, pitch, pitch, len(lines)) + numbers.astype(">f4").tobytes()
    frame = read(opcodes(2, (number, payload)), *crop(3, 5, 80, 50), active_area=(1, 2, 64, 96), white=4000)
    light = ramp()[1:64, 2:96] / 4000
    for line, own in zip(lines, numbers, strict=True):
        rows, columns = slice(area[0], area[2], pitch), slice(area[1], area[3], pitch)
        place = (line, columns) if axis == 0 else (rows, line)
        light[place] = light[place] + own if adds else light[place] * own
    profile = frame.profile
    found = (frame.pixels - profile.black[0]) / (profile.white - profile.black[0])
    np.testing.assert_allclose(found, light[5:55, 3:83], atol=1e-4)
