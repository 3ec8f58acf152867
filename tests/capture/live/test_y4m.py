"""Y4M streams: chroma formats and depths, lines of pictures, lost bytes, and what is refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from groundglass.capture import Timing, open_source
from groundglass.errors import SourceError
from groundglass.formats.y4m import Y4mHeader
from groundglass.frame import Encoding, Frame
from groundglass.yuv import SITED_CENTRE, SITED_LEFT, YuvLayout, YuvMatrix
from pipe_support import writer

WIDTH, HEIGHT = 15, 9


def planes(chroma: tuple[int, int], bits: int, seed: int = 0) -> list[np.ndarray]:
    """Luma, Cb and Cr of random samples."""
    random = np.random.default_rng(seed)
    dtype = "u1" if bits == 8 else "<u2"
    return [random.integers(0, 1 << bits, size, dtype=dtype) for size in ((HEIGHT, WIDTH), chroma, chroma)]


def stream(colour: str, pictures: list[list[np.ndarray]], *, line: bytes = b"FRAME\n", more: str = "") -> bytes:
    header = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F30000:1001 Ip A1:1 C{colour}{more}\n".encode()
    return header + b"".join(line + b"".join(plane.tobytes() for plane in picture) for picture in pictures)


def assert_planes(frame: Frame, expected: list[np.ndarray]) -> None:
    for plane, samples in zip(frame.yuv_format.planes(frame.pixels), expected, strict=True):
        np.testing.assert_array_equal(plane, samples)


@pytest.mark.parametrize(
    ("colour", "layout", "chroma", "bits"),
    [
        ("420jpeg", YuvLayout.I420, (5, 8), 8), ("420mpeg2", YuvLayout.I420, (5, 8), 8),
        ("420p10", YuvLayout.I420, (5, 8), 10), ("422", YuvLayout.I422, (9, 8), 8),
        ("422p12", YuvLayout.I422, (9, 8), 12), ("440", YuvLayout.I440, (5, 15), 8),
        ("444", YuvLayout.I444, (9, 15), 8), ("444p16", YuvLayout.I444, (9, 15), 16),
        ("mono", YuvLayout.GREY, None, 8), ("mono10", YuvLayout.GREY, None, 10),
    ],
)  # fmt: skip
def test_every_chroma_format_keeps_its_samples(
    tmp_path: Path, colour: str, layout: YuvLayout, chroma: tuple[int, int] | None, bits: int
) -> None:
    pictures = [planes(chroma or (1, 1), bits, seed)[: 3 if chroma else 1] for seed in range(3)]
    path = tmp_path / "a.y4m"
    path.write_bytes(stream(colour, pictures))
    with open_source(path) as source:
        assert (source.size, source.frames, source.timing) == ((WIDTH, HEIGHT), 3, Timing.PACED)
        assert source.fps == pytest.approx(30000 / 1001)
        for frame, expected in zip(source, pictures, strict=True):
            assert frame.encoding is Encoding.YUV
            assert (frame.yuv_format.layout, frame.yuv_format.bits) == (layout, bits)
            assert_planes(frame, expected)


def test_alpha_is_skipped(tmp_path: Path) -> None:
    pictures = [planes((9, 15), 8, seed) for seed in range(2)]
    path = tmp_path / "a.y4m"
    path.write_bytes(stream("444alpha", [[*picture, np.zeros((9, 15), np.uint8)] for picture in pictures]))
    with open_source(path) as source:
        for frame, expected in zip(source, pictures, strict=True):
            assert_planes(frame, expected)


def test_the_samples_are_those_that_ffmpeg_writes(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    path = tmp_path / "a.y4m"
    written = av.VideoFrame.from_ndarray(np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8), "rgb24")
    written = written.reformat(format="yuv420p10le")
    with av.open(str(path), "w", format="yuv4mpegpipe", options={"strict": "-1"}) as container:
        video = container.add_stream("wrapped_avframe", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p10le"
        video.codec_context.time_base = Fraction(1, 25)
        written.pts = 0
        container.mux(video.encode(written))
    with open_source(path) as source:
        (frame,) = source
    for samples, plane in zip(frame.yuv_format.planes(frame.pixels), written.planes, strict=True):
        rows = np.frombuffer(plane, "<u2").reshape(plane.height, -1)
        np.testing.assert_array_equal(samples, rows[:, : plane.width])


def test_the_header_gives_matrix_range_and_siting() -> None:
    form = Y4mHeader.parse(b"YUV4MPEG2 W640 H480 C420jpeg XCOLORRANGE=FULL\n").form
    assert (form.matrix, form.full_range, form.siting) == (YuvMatrix.BT601, True, SITED_CENTRE)
    header = Y4mHeader.parse(b"YUV4MPEG2 H720 W1280 C420mpeg2 F0:0 Xanything\n")
    assert (header.form.matrix, header.form.full_range, header.form.siting) == (YuvMatrix.BT709, False, SITED_LEFT)
    assert header.fps is None
    assert Y4mHeader.parse(b"YUV4MPEG2 W8 H8 Cmono\n").form.full_range


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"YUV4MPEG2 W8 H8 It C420jpeg\n", "is interlaced"),
        (b"YUV4MPEG2 W8 H8 Im\n", "is interlaced"),
        (b"YUV4MPEG2 W8 H8 C411\n", "has the chroma format C411"),
        (b"YUV4MPEG2 W8 H8 C422jpeg\n", "has the chroma format C422jpeg"),
        (b"YUV4MPEG2 W8 C420\n", "has no size"),
        (b"YUV4MPEG2 W8 H99999999 C420\n", "has no size"),
        (b"YUV4MPEG2 W8 H8", "does not begin with the line YUV4MPEG2"),
        (b"\x1a\x45\xdf\xa3 and more", "it looks like Matroska"),
        (b"\x00\x00\x00\x20ftypisom", "it looks like MP4"),
        (bytes(2000), "raw frames require --raw-format"),
        (b"", "ended before its first byte; check the program that writes"),
    ],
)
def test_what_is_not_shown_is_refused_by_name(tmp_path: Path, header: bytes, message: str) -> None:
    path = tmp_path / "a.y4m"
    path.write_bytes(header)
    with pytest.raises(SourceError, match=message) as raised:
        open_source(path)
    assert str(raised.value).startswith(str(path))


def test_an_interlaced_picture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.y4m"
    path.write_bytes(stream("420", [planes((5, 8), 8)], line=b"FRAME Ixyz XCOMMENT=1\n"))
    with open_source(path) as source:
        assert len(list(source)) == 1
        assert source.frames is None  # pictures with parameters are not counted ahead
    path.write_bytes(stream("420", [planes((5, 8), 8)], line=b"FRAME It\n"))
    with open_source(path) as source, pytest.raises(SourceError, match="is interlaced"):
        list(source)


@pytest.fixture
def fifo(tmp_path: Path) -> Iterator[Path]:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no FIFOs")
    os.mkfifo(tmp_path / "video")
    return tmp_path / "video"


def test_after_lost_bytes_the_next_picture_is_found(fifo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures = [planes((5, 8), 8, seed) for seed in range(4)]
    content = stream("420jpeg", pictures)
    picture_bytes = 6 + WIDTH * HEIGHT + 2 * 5 * 8
    second = len(content) - 3 * picture_bytes
    damaged = content[: second + 30] + content[second + 90 :]  # the third picture is found within the second
    with writer(fifo, [damaged]), open_source(fifo) as source:
        assert (source.timing, source.size) == (Timing.LIVE, (WIDTH, HEIGHT))
        frames = list(source)
    assert_planes(frames[0], pictures[0])
    assert_planes(frames[-1], pictures[3])
    assert len(frames) == 3
    assert capsys.readouterr().err.count("bytes were lost") == 1


def test_a_header_in_the_middle_begins_another_stream(fifo: Path) -> None:
    small, wide = planes((5, 8), 8), planes((9, 15), 16)
    with writer(fifo, [stream("420", [small]), stream("444p16", [wide, wide])]), open_source(fifo) as source:
        frames = list(source)
    assert [frame.yuv_format.bits for frame in frames] == [8, 16, 16]
    assert_planes(frames[0], small)
    assert_planes(frames[2], wide)
