"""Depth maps in files: relative, coarse, coloured or broken maps, and maps with a different shape than the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from groundglass.capture import open_source
from groundglass.capture.with_depth import open_depth
from groundglass.depth.maps import FAR_M, SENSOR_NOISE, relative_noise
from groundglass.depth.relative import DepthRange
from groundglass.errors import SourceError
from PIL import Image

GREYS = np.array([[0, 51, 102], [153, 204, 255]], np.uint8)


def grey(path: Path, samples: np.ndarray = GREYS) -> str:
    Image.fromarray(samples).save(path)
    return str(path)


def expected_depth_m(bright_m: float, dark_m: float) -> np.ndarray:
    """(2, 3) metres of GREYS, with 1/distance linear in the grey."""
    return 1 / (1 / dark_m + GREYS / 255 * (1 / bright_m - 1 / dark_m))


def test_a_relative_map_is_linear_in_inverse_distance(tmp_path: Path) -> None:
    name = grey(tmp_path / "d.png")
    assert open_depth(name, depth_range=DepthRange(0.8, 6.0))((3, 2)) == pytest.approx(
        expected_depth_m(0.8, 6.0), rel=1e-6
    )
    # With a reversed range, the darkest sample is nearest.
    assert open_depth(name, depth_range=DepthRange(6.0, 0.8))((3, 2)) == pytest.approx(
        expected_depth_m(6.0, 0.8), rel=1e-6
    )


def test_a_linear_map_is_linear_in_distance(tmp_path: Path) -> None:
    depth_m = open_depth(grey(tmp_path / "d.png"), depth_range=DepthRange.parse("6..1,linear"))((3, 2))
    assert depth_m == pytest.approx(1 + GREYS / 51, rel=1e-6)


@pytest.mark.parametrize("scale", [1.0, 257.0, 1e-3, -2.0])
def test_a_relative_map_has_any_unit_and_offset(tmp_path: Path, scale: float) -> None:
    np.save(tmp_path / "d.npy", (GREYS * scale + 7.0).astype(np.float32))
    ends = DepthRange(0.8, 6.0) if scale > 0 else DepthRange(6.0, 0.8)
    depth_m = open_depth(str(tmp_path / "d.npy"), depth_range=ends)((3, 2))
    assert depth_m == pytest.approx(expected_depth_m(0.8, 6.0), rel=1e-4)


def test_zero_is_a_valid_sample_of_a_relative_map_and_nan_is_a_hole(tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", np.array([[1.0, np.nan, 0.0, np.inf]], np.float32))
    depth_m = open_depth(str(tmp_path / "d.npy"), depth_range=DepthRange(1.0, np.inf))((4, 1))
    assert depth_m.tolist() == [[1.0, FAR_M, FAR_M, FAR_M]]


@pytest.mark.parametrize(("text", "metres"), [("0.8..6", (0.8, 6)), ("2..inf", (2, np.inf)), (" 6..0.8 ", (6, 0.8))])
def test_a_depth_range_is_parsed_from_text_and_tuples(text: str, metres: tuple[float, float]) -> None:
    assert DepthRange.parse(text) == DepthRange.parse(metres) == DepthRange(*metres)


@pytest.mark.parametrize("text", ["", "6", "0.8-6", "a..b", "1.2.3..4", "1..2,cubic", "-1..2", "0.8...6.."])
def test_a_malformed_depth_range_suggests_a_valid_one(text: str) -> None:
    with pytest.raises(SourceError, match=r"try 0\.8\.\.6"):
        DepthRange.parse(text)


@pytest.mark.parametrize("metres", [(0.0, 6.0), (2.0, 2.0), (-1.0, 3.0), (np.nan, 3.0)])
def test_invalid_distances_are_refused(metres: tuple[float, float]) -> None:
    with pytest.raises(SourceError, match="not two different distances above 0"):
        DepthRange.parse(metres)


def test_noise_of_float_integer_and_relative_maps(tmp_path: Path) -> None:
    np.save(tmp_path / "float.npy", np.ones((2, 2)))
    np.save(tmp_path / "int.npy", np.ones((2, 2), np.uint16))
    assert open_depth("plane:1..2").noise == open_depth(str(tmp_path / "float.npy")).noise == 0
    assert open_depth(str(tmp_path / "int.npy")).noise == SENSOR_NOISE
    # Relative map: 1 % of the range of 1/distance, times the median distance.
    assert relative_noise(np.full((8, 8), 3, np.float32)) == 0.005
    assert relative_noise(np.array([[1.0, 2.0, 4.0]], np.float32)) == pytest.approx(0.01 * (1 - 1 / 4) * 2)
    assert relative_noise(np.array([[0.1, 20.0, 40.0]], np.float32)) == 0.05
    name = grey(tmp_path / "d.png")
    assert open_depth(name, depth_range=DepthRange(1, 1e4)).noise == pytest.approx(0.01 * (2.5 + 5 / 3) / 2, rel=1e-3)


def test_scale_and_range_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="a depth scale and a depth range are both given"):
        open_depth(grey(tmp_path / "d.png"), scale=10, depth_range=DepthRange(1, 2))
    with pytest.raises(SourceError, match="already has its two distances"):
        open_depth("plane:1..2", depth_range=DepthRange(1, 2))


def test_the_error_for_an_eight_bit_map_names_the_option(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"8-bit map has no distances; .*--depth-range 0\.8\.\.6"):
        open_depth(grey(tmp_path / "d.png"))


def test_equal_channels_are_grey_and_a_coloured_map_is_refused(tmp_path: Path) -> None:
    name = grey(tmp_path / "d.png", np.repeat(GREYS[..., None], 3, 2) + np.array([0, 0, 0], np.uint8))
    assert open_depth(name, depth_range=DepthRange(0.8, 6.0))((3, 2)) == pytest.approx(
        expected_depth_m(0.8, 6.0), rel=1e-6
    )
    coloured = grey(tmp_path / "jet.png", np.dstack([GREYS, GREYS[::-1], 255 - GREYS]))
    with pytest.raises(SourceError, match=r"jet\.png: a coloured map has no defined distances"):
        open_depth(coloured, depth_range=DepthRange(0.8, 6.0))


@pytest.mark.parametrize("mode", ["P", "LA", "RGBA"])
def test_palette_is_resolved_and_alpha_is_ignored(tmp_path: Path, mode: str) -> None:
    picture = Image.fromarray(GREYS)
    picture = picture.convert("RGB").quantize() if mode == "P" else picture.convert(mode)
    picture.save(tmp_path / "d.png")
    depth_m = open_depth(str(tmp_path / "d.png"), depth_range=DepthRange(0.8, 6.0))((3, 2))
    assert depth_m == pytest.approx(expected_depth_m(0.8, 6.0), rel=1e-6)


@pytest.mark.parametrize("white", [1000, 4095, 10000, 65535])
def test_a_pgm_with_any_maximum_value_keeps_its_samples(tmp_path: Path, white: int) -> None:
    units = np.array([[1, 2, 500], [999, 1000, white]], ">u2")
    (tmp_path / "d.pgm").write_bytes(b"P5\n# a remark\n3 2\n%d\n" % white + units.tobytes())
    assert open_depth(str(tmp_path / "d.pgm"))((3, 2)) == pytest.approx(np.minimum(units / 1000, FAR_M), rel=1e-6)


def test_pfm(tmp_path: Path) -> None:
    stored = np.array([[1.5, 2.5]], "<f4")
    (tmp_path / "d.pfm").write_bytes(b"Pf\n2 1\n-1.0\n" + stored.tobytes())
    assert open_depth(str(tmp_path / "d.pfm"))((2, 1)).tolist() == [[1.5, 2.5]]


def test_the_depth_channel_of_an_exr_layer(tmp_path: Path) -> None:
    openexr = pytest.importorskip("OpenEXR")
    layers = {"ViewLayer.Depth.Z": np.full((2, 3), 4, np.float32), "ViewLayer.Normal.Z": np.ones((2, 3), np.float32)}
    with openexr.File({"type": openexr.scanlineimage}, layers) as file:
        file.write(str(tmp_path / "d.exr"))
    assert open_depth(str(tmp_path / "d.exr"))((3, 2)).tolist() == [[4, 4, 4]] * 2


def test_exif_orientation_rotates_a_map(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray((GREYS.astype(np.uint16) + 1) * 100).save(tmp_path / "d.png", exif=exif)
    assert open_depth(str(tmp_path / "d.png"))((2, 3)) == pytest.approx(np.rot90(GREYS + 1.0, -1) / 10)


def test_a_map_with_a_different_aspect_ratio_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", np.ones((48, 64)))
    depth = open_depth(str(tmp_path / "d.npy"))
    assert depth((1024, 768)).shape == depth((1040, 768)).shape == (48, 64)
    with pytest.raises(SourceError, match="64x48 does not have the shape of the picture, 1920x1080"):
        depth((1920, 1080))
    with pytest.raises(SourceError, match="does not have the shape"):
        depth((768, 1024))


def test_a_plane_recedes_in_any_direction() -> None:
    def per_m(spec: str) -> np.ndarray:
        return 1 / open_depth(spec)((5, 3))

    assert per_m("plane:1..4@180") == pytest.approx(per_m("plane:1..4")[::-1])
    wall = per_m("plane:1..4@90")
    assert wall[0] == pytest.approx(np.linspace(1, 0.25, 5))
    assert np.ptp(wall, axis=0).max() == 0
    assert per_m("plane:1..4@-90") == pytest.approx(wall[:, ::-1])
    slanted = per_m("plane:1..4@30")
    assert (slanted.max(), slanted.min()) == pytest.approx((1, 0.25))
    assert (slanted[2, 0], slanted[0, 4]) == pytest.approx((1, 0.25))  # nearest below on the left
    right, up = np.diff(slanted, axis=1), -np.diff(slanted, axis=0)
    assert right.max() == pytest.approx(right.min())
    assert right[0, 0] / up[0, 0] == pytest.approx(np.tan(np.radians(30)))


def test_a_plane_in_a_picture_with_one_row() -> None:
    assert open_depth("plane:1..4")((3, 1)).tolist() == [[4, 4, 4]]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("d.png", b"\x89PNG\r\n\x1a\n", "not a depth map that can be read"),
        ("d.npy", b"\x93NUMPY", "not a depth map that can be read"),
        ("d.tif", b"II*\x00\x08\x00\x00\x00\xff\xff", "not a depth map that can be read"),
        ("d.pgm", b"P5\n4 4\n65535\n\x00", "not a depth map that can be read"),
        ("d.pgm", b"P5\n4", "not a depth map that can be read"),
        ("d.pfm", b"Pf\n2 2\n-1.0\n\x00", "not a depth map that can be read"),
        ("d.png", b"", "not a depth map that can be read"),
    ],
)  # fmt: skip
def test_a_broken_file_gives_one_line(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=message) as raised:
        open_depth(str(tmp_path / name))
    assert "\n" not in str(raised.value)


def test_a_header_with_a_larger_size_than_the_file_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "d.npy").open("wb") as file:
        header = {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**6)}
        np.lib.format.write_array_header_1_0(file, header)  # type: ignore[arg-type]
        file.write(bytes(64))
    with pytest.raises(SourceError, match="not a depth map that can be read"):
        open_depth(str(tmp_path / "d.npy"))


def test_the_depth_of_another_photo_is_used(tmp_path: Path, data_dir: Path) -> None:
    pytest.importorskip("pillow_heif")
    Image.new("RGB", (64, 48)).save(tmp_path / "edited.png")
    portrait = data_dir / "depth" / "pug.heic"
    with open_source(tmp_path / "edited.png", depth=portrait, depth_range="1..4") as source:
        depth_m = next(iter(source)).depth_m
    assert depth_m is not None
    assert (depth_m.min(), depth_m.max()) == pytest.approx((1, 4), rel=0.02)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.full((2, 2), 3.0), "every sample is 3"),
        (np.full((2, 2), np.nan), "no sample is a finite number"),
        (np.zeros((0, 2)), "not one distance a pixel"),
        (np.ones((2, 2), complex), "not one distance a pixel"),
        (np.ones((2, 2), bool), "not one distance a pixel"),
        (np.array([["a", "b"]]), "not one distance a pixel"),
        (np.ones((2, 2, 3, 4)), "not one distance a pixel"),
        (np.array([[-1e308, 1e308]]), "contains no depth"),
    ],
)
def test_a_map_without_distances_is_refused(tmp_path: Path, samples: np.ndarray, message: str) -> None:
    np.save(tmp_path / "d.npy", samples)
    with pytest.raises(SourceError, match=message):
        open_depth(str(tmp_path / "d.npy"), depth_range=DepthRange(1, 2))


def test_depth_none_disables_depth() -> None:
    with open_source("scene:?size=64x64", depth="none") as source:
        assert next(iter(source)).depth_m is None


def test_a_sixteen_bit_colour_map_is_refused(tmp_path: Path) -> None:
    opencv = pytest.importorskip("cv2")
    opencv.imwrite(str(tmp_path / "d.png"), np.full((2, 2, 3), 5000, np.uint16))
    with pytest.raises(SourceError, match="16-bit colour; save it as 16-bit grey"):
        open_depth(str(tmp_path / "d.png"))


def test_the_first_page_of_a_tiff_is_used(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "d.tif", np.stack([np.full((2, 3), 5, np.float32)] * 4), photometric="minisblack")
    assert open_depth(str(tmp_path / "d.tif"))((3, 2)).tolist() == [[5, 5, 5]] * 2
