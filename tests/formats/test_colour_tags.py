"""Primaries and transfers by code points: the same patches in every encoding give the same light."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from groundglass.camera import REC709_TO_REC2020
from groundglass.capture import open_source
from groundglass.capture.metadata import read_metadata
from groundglass.colour.cicp import PRIMARIES, Cicp
from groundglass.colour.encoding import srgb_decode, srgb_encode
from groundglass.formats.picture_read import read_picture
from groundglass.frame import Encoding, Frame
from PIL import Image

PATCHES = np.array([(200, 60, 50), (60, 170, 70), (60, 80, 190), (210, 190, 70), (190, 140, 115), (128, 128, 128)])
SCENE = srgb_decode(PATCHES / 255.0) @ REC709_TO_REC2020.T  # linear Rec.2020


def pq_code(light: np.ndarray) -> np.ndarray:
    power = np.clip(light * 203 / 10000, 0, 1) ** (1305 / 8192)
    return ((107 / 128 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)


def hlg_code(light: np.ndarray) -> np.ndarray:
    display = light * 203 / 1000
    luma = display @ (0.2627, 0.6780, 0.0593)
    scene = display * np.maximum(luma, 1e-9)[..., None] ** (1 / 1.2 - 1)
    high = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * np.maximum(scene, 0)), high)


ENCODERS = {
    13: srgb_encode, 1: srgb_encode, 4: lambda v: np.maximum(v, 0) ** (1 / 2.2), 8: lambda v: v,
    16: pq_code, 18: hlg_code, 17: lambda v: (np.maximum(v, 0) * 48 / 52.37) ** (1 / 2.6),
}  # fmt: skip


def codes(primaries: int, transfer: int, maximum: int) -> np.ndarray:
    native = SCENE @ np.linalg.inv(Cicp(primaries, transfer).to_rec2020).T
    encoded = np.clip(ENCODERS[transfer](native), 0, 1) * maximum
    return np.repeat(np.rint(encoded).astype(np.uint8 if maximum == 255 else np.uint16)[None], 4, axis=0)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(path: Path, pixels: np.ndarray, primaries: int, transfer: int) -> Path:
    return tagged_png(path, pixels, chunk(b"cICP", bytes((primaries, transfer, 0, 1))))


def tagged_png(path: Path, pixels: np.ndarray, tags: bytes) -> Path:
    depth = 8 * pixels.dtype.itemsize
    rows = b"".join(b"\0" + row.astype(">u2" if depth == 16 else np.uint8).tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], depth, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + tags
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
    return path


def scene_of(frame: Frame) -> np.ndarray:
    """(6, 3) linear Rec.2020 of the patches."""
    row = frame.pixels[2]
    light = row if frame.encoding is Encoding.SCENE else srgb_decode(row / np.iinfo(row.dtype).max)
    return light @ frame.profile.camera_to_scene.T


@pytest.mark.parametrize(
    ("primaries", "transfer"),
    [(12, 13), (9, 16), (9, 18), (9, 8), (12, 16), (11, 17), (10, 8), (9, 13), (12, 4), (1, 16), (22, 13), (12, 1)],
)
def test_a_png_has_the_light_of_its_code_points(tmp_path: Path, primaries: int, transfer: int) -> None:
    path = png(tmp_path / "a.png", codes(primaries, transfer, 65535), primaries, transfer)
    frame = read_picture(path)
    np.testing.assert_allclose(scene_of(frame), SCENE, atol=2e-3)
    assert frame.encoding is (Encoding.DISPLAY if transfer in (1, 13) else Encoding.SCENE)
    assert read_metadata(str(path))["colour"] == list(Cicp(primaries, transfer).names)


def test_srgb_code_points_change_nothing(tmp_path: Path) -> None:
    pixels = codes(1, 13, 255)
    frame = read_picture(png(tmp_path / "a.png", pixels, 1, 13))
    np.testing.assert_array_equal(frame.pixels, pixels)
    np.testing.assert_array_equal(frame.profile.camera_to_scene, REC709_TO_REC2020)


@pytest.mark.parametrize("maximum", [255, 65535])
def test_a_png_of_narrow_range(tmp_path: Path, maximum: int) -> None:
    full = codes(12, 13, maximum).astype(np.float64)
    unit = (maximum + 1) // 256
    narrow = np.rint(16 * unit + full / maximum * 219 * unit).astype(np.uint8 if maximum == 255 else np.uint16)
    frame = read_picture(tagged_png(tmp_path / "a.png", narrow, chunk(b"cICP", bytes((12, 13, 0, 0)))))
    np.testing.assert_allclose(scene_of(frame), SCENE, atol=0.01)


def test_light_above_diffuse_white_stays() -> None:
    assert Cicp(9, 16).linear(pq_code(np.array([1.0, 4.0]))) == pytest.approx([1.0, 4.0], rel=1e-4)
    assert Cicp(9, 18).linear([[0.75] * 3])[0, 0] == pytest.approx(1.0, abs=0.01)  # ITU-R BT.2408
    assert Cicp(9, 18).linear([[1.0] * 3])[0, 0] == pytest.approx(1000 / 203, rel=1e-4)


@pytest.mark.parametrize(("primaries", "transfer"), [(12, 13), (9, 16), (9, 18)])
def test_a_heic_has_the_light_of_its_nclx_profile(tmp_path: Path, primaries: int, transfer: int) -> None:
    heif = pytest.importorskip("pillow_heif")
    pixels = np.repeat(np.repeat(codes(primaries, transfer, 65535), 16, axis=0), 16, axis=1)
    file = heif.from_bytes("RGB;16", pixels.shape[1::-1], pixels.tobytes())
    tags = {"color_primaries": primaries, "transfer_characteristics": transfer, "matrix_coefficients": 0}
    file.save(tmp_path / "a.heic", quality=-1, chroma=444, save_nclx_profile=True, **tags)
    frame = read_picture(tmp_path / "a.heic")
    np.testing.assert_allclose(scene_of(frame)[8::16], SCENE, atol=0.02)


def test_an_avif_has_the_light_of_its_colour_box(tmp_path: Path) -> None:
    pixels = np.repeat(np.repeat(codes(12, 13, 255), 16, axis=0), 16, axis=1)
    try:
        Image.fromarray(pixels).save(tmp_path / "a.avif", quality=100, subsampling="4:4:4")
    except (KeyError, OSError):
        pytest.skip("Pillow writes no AVIF here")
    data = (tmp_path / "a.avif").read_bytes()
    at = data.index(b"colrnclx") + 8
    (tmp_path / "a.avif").write_bytes(data[:at] + struct.pack(">HH", 12, 13) + data[at + 4 :])
    np.testing.assert_allclose(scene_of(read_picture(tmp_path / "a.avif"))[8::16], SCENE, atol=0.03)


def test_an_avif_of_ten_bits_keeps_them(tmp_path: Path) -> None:
    """A ramp whose steps are finer than those of 8 bits, written by FFmpeg."""
    av = pytest.importorskip("av")
    codec = next((name for name in ("libaom-av1", "libsvtav1") if name in av.codecs_available), "")
    if not codec:
        pytest.skip("this FFmpeg writes no AV1")
    ramp = np.repeat(np.tile(np.linspace(20000, 28000, 256).astype(np.uint16), (64, 1))[..., None], 3, axis=2)
    with av.open(str(tmp_path / "a.avif"), "w", format="avif") as container:
        stream = container.add_stream(codec, rate=1, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 256, 64, "yuv420p10le"
        stream.codec_context.colorspace, stream.codec_context.color_range = 1, 2
        picture = av.VideoFrame.from_ndarray(ramp, format="rgb48le")
        container.mux(stream.encode(picture.reformat(format="yuv420p10le", dst_colorspace=1, dst_color_range=2)))
        container.mux(stream.encode())
    codes = read_picture(tmp_path / "a.avif").pixels
    assert codes.dtype == np.uint16
    assert np.abs(codes.astype(int) - ramp).max() < 400  # six steps of 10 bits
    assert len(np.unique(codes[..., 1])) > 80  # 8 bits have 32 in this range


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize(("gamma", "transfer"), [(1.0, 8), (1 / 2.2, 13), (0.5556, None)])
@pytest.mark.parametrize("primaries", [1, 12, 9])
def test_a_png_has_the_light_of_its_gamma_and_chromaticities(
    tmp_path: Path, depth: int, gamma: float, transfer: int | None, primaries: int
) -> None:
    """An ICC profile, cICP or the chunk sRGB have priority."""
    maximum = 2**depth - 1
    native = np.clip(SCENE @ np.linalg.inv(Cicp(primaries, 13).to_rec2020).T, 0, 1)
    encoded = srgb_encode(native) if transfer == 13 else native**gamma
    pixels = np.repeat(np.rint(encoded * maximum).astype(np.uint16)[None], 4, axis=0)
    _, (red, green, blue), white = PRIMARIES[primaries]
    tags = chunk(
        b"cHRM", struct.pack(">8I", *(round(1e5 * number) for xy in (white, red, green, blue) for number in xy))
    )
    tags += chunk(b"gAMA", struct.pack(">I", round(1e5 * gamma)))
    path = tmp_path / "a.png"
    tagged_png(path, pixels if depth == 16 else pixels.astype(np.uint8), tags)
    dark = 0.1 if depth == 8 and gamma == 1.0 else 0.012  # linear codes of 8 bits
    np.testing.assert_allclose(scene_of(read_picture(path)), SCENE, atol=dark)
    names = read_metadata(str(path)).get("colour", ["BT.709", "sRGB"])
    assert names == [
        "BT.709" if primaries == 1 else "of the file",
        "sRGB" if transfer == 13 else f"gamma {1 / gamma:.3g}",
    ]
    tagged_png(path, pixels.astype(np.uint8) if depth == 8 else pixels, tags + chunk(b"sRGB", b"\0"))
    assert read_picture(path).encoding is Encoding.DISPLAY
    assert np.array_equal(read_picture(path).pixels, pixels)


@pytest.mark.parametrize("numbers", [(0,) * 8, (2**31 - 1,) * 8, (31270, 32900) * 4])
@pytest.mark.parametrize("gamma", [0, 1, 2**31 - 1])
def test_damaged_colour_tags_of_a_png_are_ignored(tmp_path: Path, numbers: tuple[int, ...], gamma: int) -> None:
    tags = chunk(b"gAMA", struct.pack(">I", gamma)) + chunk(b"cHRM", struct.pack(">8I", *numbers))
    pixels = codes(1, 13, 255)
    tagged_png(tmp_path / "a.png", pixels, tags)
    assert np.array_equal(read_picture(tmp_path / "a.png").pixels, pixels)


@pytest.mark.parametrize(("primaries", "transfer"), [(9, 16), (9, 18), (12, 13)])
def test_a_video_has_the_light_of_its_tags(tmp_path: Path, primaries: int, transfer: int) -> None:
    av = pytest.importorskip("av")
    pixels = np.repeat(np.repeat(codes(primaries, transfer, 65535), 16, axis=0), 16, axis=1)
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = pixels.shape[1], pixels.shape[0], "yuv444p10le"
        stream.codec_context.color_primaries, stream.codec_context.color_trc = primaries, transfer
        stream.codec_context.colorspace, stream.codec_context.color_range = 9, 2
        picture = av.VideoFrame.from_ndarray(pixels, format="rgb48le")
        picture = picture.reformat(format="yuv444p10le", dst_colorspace=9, dst_color_range=2)
        for packet in (*stream.encode(picture), *stream.encode(None)):
            container.mux(packet)
    with open_source(tmp_path / "a.mkv") as source:
        frame = next(iter(source)).as_display()
    assert frame.profile.camera_to_scene == pytest.approx(Cicp(primaries, transfer).to_rec2020)
    row = frame.pixels[32]
    light = row if frame.encoding is Encoding.SCENE else srgb_decode(row / np.iinfo(row.dtype).max)
    np.testing.assert_allclose((light @ frame.profile.camera_to_scene.T)[8::16], SCENE, atol=0.02)
