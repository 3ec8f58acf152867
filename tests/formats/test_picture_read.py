"""Pictures are read with every bit of every sample, in sRGB. The frame keeps the orientation."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from groundglass.camera import REC709_TO_REC2020
from groundglass.colour.icc_read import matrix_profile_to_srgb
from groundglass.errors import MissingExtraError, SourceError
from groundglass.formats.exr import rgb_to_rec2020
from groundglass.formats.picture_read import read_picture
from groundglass.frame import Encoding
from PIL import Image, ImageCms

RGB_8 = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3) * 4
RGB_16 = np.random.default_rng(7).integers(0, 65536, (12, 9, 3), dtype=np.uint16)
# CIE XYZ, D50, of the Adobe RGB (1998) primaries.
WIDE_TO_XYZ_D50 = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])


def wide_profile(curve: bytes) -> bytes:
    """A minimal ICC matrix profile (ICC.1:2022, 7.2 and 9.2) with wide primaries and one curve for all channels."""
    columns = zip((b"rXYZ", b"gXYZ", b"bXYZ"), WIDE_TO_XYZ_D50.T, strict=True)
    tags = {name: b"XYZ \0\0\0\0" + struct.pack(">3i", *np.rint(xyz * 65536).astype(int)) for name, xyz in columns}
    tags[b"wtpt"] = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve + bytes(-len(curve) % 4))
    table, body, offset = b"", b"", 132 + 12 * len(tags)
    for name, tag in tags.items():
        table += struct.pack(">4sII", name, offset + len(body), len(tag))
        body += tag
    header = bytearray(128)
    struct.pack_into(">I4sI4s4s4s", header, 0, offset + len(body), b"\0\0\0\0", 0x04000000, b"mntr", b"RGB ", b"XYZ ")
    struct.pack_into(">4s", header, 36, b"acsp")
    struct.pack_into(">3i", header, 68, 63190, 65536, 54061)
    return bytes(header) + struct.pack(">I", len(tags)) + table + body


GAMMA_2_2 = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256))
PARAMETRIC = b"para\0\0\0\0" + struct.pack(
    ">HH5i", 3, 0, *(round(n * 65536) for n in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
)
# ICC.1:2022, 10.18, function type 1: a power function above its zero, 0 below.
BENT = b"para\0\0\0\0" + struct.pack(">HH3i", 1, 0, *(round(n * 65536) for n in (2.0, 1.25, -0.25)))
TABLE = b"curv\0\0\0\0" + struct.pack(">I5H", 5, *(round(65535 * (n / 4) ** 2) for n in range(5)))


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.bmp", "a.webp"])
def test_eight_bits_are_kept(tmp_path: Path, name: str) -> None:
    Image.fromarray(RGB_8).save(tmp_path / name, lossless=True)
    frame = read_picture(tmp_path / name)
    assert frame.encoding is Encoding.DISPLAY
    assert frame.pixels.dtype == np.uint8
    assert frame.pixels.flags.c_contiguous
    assert np.array_equal(frame.pixels, RGB_8)
    assert frame.size == (5, 4)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("alpha", [False, True])
def test_sixteen_bits_are_kept(tmp_path: Path, name: str, alpha: bool) -> None:
    bgr = RGB_16[..., ::-1]
    if alpha:
        bgr = np.dstack([bgr, np.full(RGB_16.shape[:2], 30000, np.uint16)])
    assert cv2.imwrite(str(tmp_path / name), bgr)
    frame = read_picture(tmp_path / name)
    assert frame.pixels.dtype == np.uint16
    assert np.array_equal(frame.pixels, RGB_16)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_sixteen_bit_tiff_in_either_byte_order(tmp_path: Path, byteorder: str, compression: str | None) -> None:
    tifffile.imwrite(
        tmp_path / "a.tif", RGB_16, byteorder=byteorder, compression=compression, photometric="rgb", rowsperstrip=5
    )
    assert np.array_equal(read_picture(tmp_path / "a.tif").pixels, RGB_16)


def test_sixteen_bit_grey(tmp_path: Path) -> None:
    assert cv2.imwrite(str(tmp_path / "a.png"), RGB_16[..., 0])
    frame = read_picture(tmp_path / "a.png")
    assert frame.pixels.dtype == np.uint16
    assert np.array_equal(frame.pixels, np.repeat(RGB_16[..., :1], 3, axis=2))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK"])
def test_other_modes_become_rgb(tmp_path: Path, mode: str) -> None:
    grey = Image.new("RGB", (3, 2), (255, 255, 255)).convert(mode)
    name = "a.tif" if mode == "CMYK" else "a.png"
    grey.save(tmp_path / name)
    frame = read_picture(tmp_path / name)
    assert frame.pixels.shape == (2, 3, 3)
    assert np.array_equal(frame.pixels, np.full((2, 3, 3), 255, np.uint8))


def test_the_colour_of_transparent_pixels_is_kept(tmp_path: Path) -> None:
    Image.new("RGBA", (2, 2), (10, 20, 30, 0)).save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png").pixels[0, 0].tolist() == [10, 20, 30]


def test_the_frame_keeps_the_orientation(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    for name in ("a.jpg", "a.png"):
        Image.fromarray(RGB_8).save(tmp_path / name, exif=exif)
        frame = read_picture(tmp_path / name)
        assert frame.orientation == 6
        assert frame.size == (5, 4)


def test_an_oriented_tiff_is_rotated_once(tmp_path: Path) -> None:
    """Pillow rotates TIFF files while reading; tifffile leaves it to the frame."""
    for depth, samples in ((8, RGB_8), (16, RGB_16)):
        path = tmp_path / f"{depth}.tif"
        tifffile.imwrite(path, samples, photometric="rgb", metadata=None, extratags=[(274, "H", 1, 6, True)])
        assert np.array_equal(read_picture(path).upright().pixels, np.rot90(samples, -1))


def test_srgb_profile_changes_nothing(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(RGB_8).save(tmp_path / "a.png", icc_profile=profile)
    assert np.array_equal(read_picture(tmp_path / "a.png").pixels, RGB_8)


def test_a_broken_profile_is_ignored(tmp_path: Path) -> None:
    Image.fromarray(RGB_8).save(tmp_path / "a.png", icc_profile=b"no profile")
    assert np.array_equal(read_picture(tmp_path / "a.png").pixels, RGB_8)


@pytest.mark.parametrize("curve", [GAMMA_2_2, PARAMETRIC, BENT, TABLE], ids=["gamma", "para3", "para1", "table"])
def test_sixteen_bit_profile_agrees_with_little_cms(tmp_path: Path, curve: bytes) -> None:
    """Compares the 16-bit conversion of this project with Little CMS, which converts 8-bit pictures."""
    steps = np.arange(0, 256, 15, dtype=np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(18, -1, 3)
    Image.fromarray(cube).save(tmp_path / "a.png", icc_profile=wide_profile(curve))
    eight = read_picture(tmp_path / "a.png").pixels.astype(int)
    sixteen = matrix_profile_to_srgb(cube.astype(np.uint16) * 257, wide_profile(curve))
    assert sixteen is not None
    assert np.abs(eight - cube).max() > 10
    assert np.abs(sixteen / 257 - eight).max() < 2


def test_the_profile_of_a_sixteen_bit_file_is_applied(tmp_path: Path) -> None:
    profile = wide_profile(GAMMA_2_2)
    tifffile.imwrite(tmp_path / "a.tif", RGB_16, photometric="rgb", iccprofile=profile)
    frame = read_picture(tmp_path / "a.tif")
    assert frame.pixels.dtype == np.uint16
    assert np.array_equal(frame.pixels, matrix_profile_to_srgb(RGB_16, profile))


def test_profile_without_curves_is_refused() -> None:
    assert matrix_profile_to_srgb(RGB_16, bytes(200)) is None
    assert matrix_profile_to_srgb(RGB_16, b"short") is None


def test_a_float_tiff_is_scene_linear(tmp_path: Path) -> None:
    scene_rgb = np.full((3, 4, 3), 2.5, np.float32)
    tifffile.imwrite(tmp_path / "a.tif", scene_rgb, photometric="rgb")
    frame = read_picture(tmp_path / "a.tif")
    assert frame.encoding is Encoding.SCENE
    assert np.array_equal(frame.pixels, scene_rgb)


def write_exr(path: Path, channels: dict[str, np.ndarray], **header: object) -> Path:
    openexr = pytest.importorskip("OpenEXR")
    with openexr.File({"type": openexr.scanlineimage, **header}, channels) as file:
        file.write(str(path))
    return path


def test_an_exr_is_scene_linear_with_depth(tmp_path: Path) -> None:
    plane = np.linspace(0.1, 20.0, 12, dtype=np.float32).reshape(3, 4)
    path = write_exr(tmp_path / "a.exr", {"R": plane, "G": plane * 2, "B": plane * 3, "Z": plane + 1})
    frame = read_picture(path)
    assert frame.encoding is Encoding.SCENE
    assert frame.pixels.dtype == np.float32
    assert np.array_equal(frame.pixels, np.stack([plane, plane * 2, plane * 3], axis=-1))
    assert frame.depth_m is not None
    assert np.array_equal(frame.depth_m, plane + 1)
    assert np.array_equal(frame.profile.camera_to_scene, REC709_TO_REC2020)


def test_nan_and_infinity_in_an_exr_become_finite(tmp_path: Path) -> None:
    plane = np.array([[np.nan, np.inf], [-1.0, 0.5]], np.float32)
    frame = read_picture(write_exr(tmp_path / "a.exr", {"Y": plane}))
    assert frame.depth_m is None
    assert frame.pixels[..., 1].tolist() == [[0.0, 65504.0], [-1.0, 0.5]]


def test_exr_chromaticities_define_the_matrix(tmp_path: Path) -> None:
    plane = np.ones((2, 2), np.float32)
    rec2020 = (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290)
    frame = read_picture(write_exr(tmp_path / "a.exr", {"R": plane, "G": plane, "B": plane}, chromaticities=rec2020))
    assert frame.profile.camera_to_scene == pytest.approx(np.eye(3), abs=1e-6)


def test_matrices_of_rec709_and_of_aces_with_another_white() -> None:
    rec709 = [0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290]
    assert rgb_to_rec2020(rec709, Path("a.exr")) == pytest.approx(REC709_TO_REC2020, abs=1e-6)
    aces = [0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767]
    assert rgb_to_rec2020(aces, Path("a.exr")) @ np.ones(3) == pytest.approx(np.ones(3), abs=1e-9)


def test_the_error_for_an_exr_without_colour_names_its_channels(tmp_path: Path) -> None:
    path = write_exr(tmp_path / "a.exr", {"Z": np.ones((2, 2), np.float32)})
    with pytest.raises(SourceError, match=r"a\.exr: no channels R, G, B or Y among Z"):
        read_picture(path)


def test_the_error_for_missing_openexr_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "OpenEXR", None)
    with pytest.raises(MissingExtraError, match=r"a\.exr: needs OpenEXR; pip install groundglass\[exr\]"):
        read_picture(tmp_path / "a.exr")


def test_damaged_pictures_give_one_line(tmp_path: Path) -> None:
    Image.fromarray(np.tile(RGB_8, (40, 40, 1))).save(tmp_path / "intact.png")
    intact = (tmp_path / "intact.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(intact[: len(intact) // 2])
    for name in ("no.png", "no.jpg", "no.tif", "no.exr"):
        (tmp_path / name).write_bytes(b"this is not a picture")
    for name in ("cut.png", "no.png", "no.jpg", "no.tif", "no.exr"):
        with pytest.raises(SourceError, match=name) as caught:
            read_picture(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_a_real_exr_contains_depth(data_dir: Path) -> None:
    pytest.importorskip("OpenEXR")
    frame = read_picture(data_dir / "exr" / "singlepart.0001.exr")
    assert frame.size == (2048, 1556)  # the display window, larger than the data window
    assert frame.depth_m is not None
    assert frame.depth_m.shape == (1556, 2048)
    assert 5 < frame.depth_m.min() < frame.depth_m.max() < 12
    assert read_picture(data_dir / "exr" / "CandleGlass.exr").depth_m is None
