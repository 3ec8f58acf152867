"""Ultra HDR JPEG: its structure, its arithmetic, and other programs that read it."""

import io
import re
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from groundglass.camera import REC709_TO_REC2020
from groundglass.colour.difference import delta_e00, lab_of_scene
from groundglass.colour.encoding import srgb_decode, srgb_encode
from groundglass.colour.output_space import open_output_space
from groundglass.errors import OutputError
from groundglass.formats.picture_write import write_ultra_hdr
from groundglass.formats.ultra_hdr import ultra_hdr_jpeg
from PIL import Image

STOPS = 2.3


def picture() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An 8-bit picture with smooth colours, its light, and a smooth gain."""
    y, x = np.mgrid[0:96, 0:128] / 100.0
    light = np.stack([0.5 + 0.4 * np.sin(5 * x), 0.4 + 0.3 * np.cos(4 * y), 0.3 + 0.2 * np.sin(3 * (x + y))], -1)
    gain = 2.0 ** (STOPS * np.clip(np.sin(3 * x) * np.sin(3 * y), 0, 1))
    return (srgb_encode(light) * 255 + 0.5).astype(np.uint8), light, gain.astype(np.float32)


def parts_of(jpeg: bytes) -> tuple[bytes, bytes]:
    """The primary picture and the gain map by the multi-picture index (CIPA DC-007)."""
    mark = jpeg.index(b"MPF\0") + 4
    entries = mark + 8 + 2 + 36 + 4
    (_, size, offset), (_, size2, offset2) = (struct.unpack_from(">III", jpeg, entries + 16 * n) for n in (0, 1))
    assert offset == 0
    assert jpeg[mark : mark + 4] == b"MM\0\x2a"
    return jpeg[:size], jpeg[mark + offset2 : mark + offset2 + size2]


def hdr_light(jpeg: bytes) -> np.ndarray:
    """The HDR rendition by the arithmetic of ISO 21496-1, from its binary metadata."""
    primary, second = parts_of(jpeg)
    at = second.index(b"urn:iso:std:iso:ts:21496:-1\0") + 28
    _, _, flags, *numbers = struct.unpack_from(">HHB14i", second, at)
    assert flags == 0x40  # one channel, in the primaries of the base
    base_room, room, low, high, gamma, base_offset, offset = (
        n / d for n, d in zip(numbers[::2], numbers[1::2], strict=True)
    )
    assert (base_room, low, gamma) == (0, 0, 1)
    assert room >= high
    codes = np.asarray(Image.open(io.BytesIO(second)).convert("L")) / 255.0
    base = srgb_decode(np.asarray(Image.open(io.BytesIO(primary)).convert("RGB")) / 255.0)
    gain = 2.0 ** (low + (high - low) * codes ** (1 / gamma))
    return (base + base_offset) * gain[..., None] - offset


def differences(light: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """CIEDE2000, with the peak of the HDR rendition as white."""
    return delta_e00(*(lab_of_scene(x / 2.0**STOPS @ REC709_TO_REC2020.T) for x in (light, expected)))


def test_the_gain_map_gives_the_hdr_rendition_within_one_delta_e():
    display, light, gain = picture()
    jpeg = ultra_hdr_jpeg(display, gain)
    base = srgb_decode(np.asarray(Image.open(io.BytesIO(parts_of(jpeg)[0])).convert("RGB")) / 255.0)
    assert differences(hdr_light(jpeg), base * gain[..., None]).max() < 1.0
    apart = differences(hdr_light(jpeg), light * gain[..., None])  # with the 8 bits and the loss of the base JPEG
    assert apart.mean() < 0.4
    assert np.percentile(apart, 98) < 1.0


def test_libultrahdr_reads_the_hdr_rendition_within_one_delta_e():
    imagecodecs = pytest.importorskip("imagecodecs")
    display, light, gain = picture()
    whole = ultra_hdr_jpeg(display, gain)
    for jpeg in (whole, _without_iso(whole), _without_xmp(whole)):
        assert imagecodecs.ultrahdr_check(jpeg)
        back = imagecodecs.ultrahdr_decode(jpeg, dtype="float16")[..., :3].astype(float)
        apart = differences(back, light * gain[..., None])
        assert apart.mean() < 0.4
        assert np.percentile(apart, 98) < 1.0


def _without_iso(jpeg: bytes) -> bytes:
    """With an unknown name of the binary metadata, readers use the XMP."""
    return jpeg.replace(b"urn:iso:std:iso:ts:21496:-1", b"urn:iso:std:iso:ts:00000:-1")


def _without_xmp(jpeg: bytes) -> bytes:
    return jpeg.replace(b"adobe.com/hdr-gain-map", b"adobe.com/no--gain-map")


def test_other_readers_see_the_sdr_picture_with_its_profile_and_metadata():
    display, *_ = picture()
    exif = Image.Exif()
    exif[0x010F] = "maker"
    encoded = ultra_hdr_jpeg(display, np.ones(display.shape[:2], np.float32), exif=exif.tobytes())
    with Image.open(io.BytesIO(encoded)) as back:
        assert back.getexif()[0x010F] == "maker"
        assert back.info["icc_profile"]
        assert np.abs(np.asarray(back.convert("RGB"), float) - display).mean() < 2


def test_the_profile_of_another_space_is_kept():
    display, _, gain = picture()
    space = open_output_space("display-p3")
    assert space is not None
    with Image.open(io.BytesIO(ultra_hdr_jpeg(display, gain, space=space))) as back:
        assert back.info["icc_profile"] == space.profile


def test_the_directory_of_the_xmp_leads_to_the_gain_map():
    jpeg = ultra_hdr_jpeg(*picture()[::2])
    primary, second = parts_of(jpeg)
    length = int(re.search(rb'Item:Length="(\d+)"', primary)[1])
    assert jpeg[-length:] == second
    assert second.startswith(b"\xff\xd8\xff")
    assert float(re.search(rb'hdrgm:GainMapMax="([\d.]+)"', second)[1]) == pytest.approx(STOPS, abs=0.05)


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_finds_both_pictures(tmp_path: Path):
    display, _, gain = picture()
    write_ultra_hdr(tmp_path / "a.jpg", display, gain)
    printed = subprocess.run(
        ["exiftool", "-s", "-a", "-G1", str(tmp_path / "a.jpg")], capture_output=True, text=True, check=True
    ).stdout
    assert re.search(r"MPF0\]\s+NumberOfImages\s+: 2", printed)
    assert re.search(r"XMP-hdrgm\]\s+Version\s+: 1.0", printed)
    assert "DirectoryItemSemantic" in printed
    assert "Warning" not in printed


@pytest.mark.parametrize("gain", [np.full((4, 4), 0.5), np.full((4, 4), np.nan), np.ones((2, 4))])
def test_a_wrong_gain_is_one_line(gain: np.ndarray):
    with pytest.raises(OutputError, match="a gain map has one number"):
        ultra_hdr_jpeg(np.zeros((4, 4, 3), np.uint8), gain.astype(np.float32))
