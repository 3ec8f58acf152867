"""AVIF and HEIC pictures: code points, content light level, and the light that other programs decode."""

from pathlib import Path

import numpy as np
import pytest
from groundglass.colour import hdr
from groundglass.colour.cicp import Cicp
from groundglass.errors import OutputError
from groundglass.formats.colour_tags import colours_of
from groundglass.formats.hdr_pictures import deep_picture, with_content_light
from groundglass.formats.heif import read_heif

pytest.importorskip("imagecodecs")
pillow_heif = pytest.importorskip("pillow_heif")


def light() -> np.ndarray:
    """(120, 160, 3): 2 to 10000 cd/m2 in three colours, with the noise of a sensor."""
    y, x = np.mgrid[0:120, 0:160]
    level = 10.0 ** (x / 159 * 3.69 - 2.0)
    tint = np.stack([1 + 0 * y, 1 - 0.3 * y / 119, 1 - 0.6 * y / 119], -1)
    noise = 1 + 0.03 * np.random.default_rng(0).standard_normal((120, 160, 1))
    return np.minimum(level[..., None] * tint * noise, hdr.PQ_PEAK).astype(np.float32)


def decoded(path: Path) -> np.ndarray:
    """Codes, white at 1, by libavif and libheif."""
    if path.suffix == ".avif":
        import imagecodecs

        return np.asarray(imagecodecs.avif_decode(path.read_bytes())) / 4095.0
    return np.asarray(read_heif(path).image) / 65535.0


def test_a_lossless_pq_avif_decodes_to_the_light_within_one_percent(tmp_path: Path):
    scene, path = light(), tmp_path / "a.avif"
    path.write_bytes(deep_picture(path, hdr.encoded(scene, "pq"), "pq", hdr.content_light(scene), lossless=True))
    apart = np.abs(Cicp(9, 16).linear(decoded(path)) / scene - 1.0)
    assert apart[scene * 203 >= 2].max() < 0.01
    assert apart.mean() < 0.002


@pytest.mark.parametrize("suffix", [".avif", ".heic"])
@pytest.mark.parametrize(("space", "points"), [("pq", (9, 16)), ("hlg", (9, 18)), ("display-p3", (12, 13))])
def test_files_have_the_code_points_and_decode_to_nearly_the_codes(
    tmp_path: Path, suffix: str, space: str, points: tuple[int, int]
):
    codes = np.repeat(np.linspace(0, 65535, 64).astype(np.uint16)[None, :, None], 3, axis=2).repeat(16, axis=0)
    path = tmp_path / f"a{suffix}"
    path.write_bytes(deep_picture(path, codes, space))
    assert np.abs(decoded(path) - codes / 65535.0).mean() < 0.004
    found = colours_of(path)
    assert found is not None
    assert (found.primaries, found.transfer) == points


@pytest.mark.parametrize("suffix", [".avif", ".heic"])
def test_ffmpeg_and_libheif_find_the_content_light_level(tmp_path: Path, suffix: str):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(deep_picture(path, hdr.encoded(light(), "pq"), "pq", (1000, 203)))
    if suffix == ".heic":
        level = pillow_heif.open_heif(path).info["content_light_level"]
        assert list(level.values() if isinstance(level, dict) else level)[:2] == [1000, 203]
    else:
        av = pytest.importorskip("av")
        with av.open(str(path)) as container:
            frame = next(container.decode(video=0))
            assert frame.side_data.get("CONTENT_LIGHT_LEVEL") is not None
            assert frame.format.name == "yuv444p12le"
    assert decoded(path).shape == light().shape  # the offsets still lead to the picture


def test_a_file_without_the_boxes_is_one_line():
    with pytest.raises(OutputError, match="the encoder wrote no box meta"):
        with_content_light(b"\0\0\0\x10ftypavif\0\0\0\0", (1000, 203))
