"""HDR video: the flags of the stream, its light, and what stays after a failure."""

from pathlib import Path

import numpy as np
import pytest
from groundglass.colour import hdr
from groundglass.colour.cicp import Cicp
from groundglass.errors import OutputError
from groundglass.output.hdr_video import check_hdr_video, hdr_video

av = pytest.importorskip("av")


def frame(level: float) -> np.ndarray:
    tint = np.array([1.0, 0.8, 0.5], np.float32)
    return hdr.encoded(np.full((66, 96, 3), level, np.float32) * tint, "hlg")


@pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "hevc"), (".mov", "hevc"), (".mkv", "hevc"), (".mkv", "av1")])
def test_a_stream_is_tagged_as_ten_bit_hlg_and_decodes_to_its_light(tmp_path: Path, suffix: str, codec: str):
    path, levels = tmp_path / f"a{suffix}", (0.1, 1.0, 2.5)
    with hdr_video(path, (96, 66), 24.0, "hlg", codec) as video:
        for level in levels:
            video.add(frame(level))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (context.color_primaries, context.color_trc, context.colorspace, context.color_range) == (9, 18, 9, 1)
        assert context.pix_fmt == "yuv420p10le"
        assert stream.average_rate == 24
        if suffix != ".mkv":
            assert context.codec_tag == "hvc1"
        frames = list(container.decode(video=0))
    assert [f.time for f in frames] == pytest.approx([0, 1 / 24, 2 / 24], abs=1e-3)
    for picture, level in zip(frames, levels, strict=True):
        back = Cicp(9, 18).linear(_rgb(picture))
        np.testing.assert_allclose(back, level * np.array([1.0, 0.8, 0.5]), rtol=0.04)


def _rgb(picture) -> np.ndarray:
    """RGB of the middle by the matrix of BT.2020."""
    y, cb, cr = (
        float(np.frombuffer(plane, np.uint16).reshape(plane.height, -1)[plane.height // 2, plane.width // 2])
        for plane in picture.planes
    )
    luma, blue, red = (y - 64) / 876, (cb - 512) / 896 * 1.8814, (cr - 512) / 896 * 1.4746
    green = -(0.2627 * red + 0.0593 * blue) / 0.6780
    return np.array([luma + red, luma + green, luma + blue])


def test_nothing_stays_of_a_video_that_fails(tmp_path: Path):
    with pytest.raises(ValueError, match="reshape"), hdr_video(tmp_path / "a.mp4", (96, 66), None, "pq") as video:
        video.add(frame(1.0)[:5])
    assert list(tmp_path.iterdir()) == []


def test_a_tiny_picture_is_one_line(tmp_path: Path):
    with pytest.raises(OutputError, match="48x34 is too small for hevc; use 64 or more"):
        hdr_video(tmp_path / "a.mp4", (48, 34), None, "hlg").__enter__()


def test_an_unknown_container_is_one_line():
    with pytest.raises(OutputError, match=r"a\.avi: an HDR video is one of \.mp4 \.mov \.mkv"):
        check_hdr_video(Path("a.avi"), "hevc")
