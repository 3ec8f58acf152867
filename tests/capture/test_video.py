"""Videos: frames, times and known colours of files that are written here."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from groundglass.capture import open_source
from groundglass.capture.video import orientation_of
from groundglass.errors import MissingExtraError, SourceError
from groundglass.frame import Encoding
from PIL import Image, ImageCms

COLOUR = (200, 40, 90)
BT709, BT601 = 1, 5


def write_video(
    path: Path, *, frames: int = 4, size: tuple[int, int] = (64, 48), matrix: int = BT709, tagged: bool = True
) -> Path:
    """Writes frames of one colour. The level of the first 16 rows is 12 times the frame number. Codec: MPEG-4."""
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10, options={"qscale": "1"})
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = *size, "yuv420p", 50_000_000
        if tagged:
            stream.codec_context.colorspace, stream.codec_context.color_range = matrix, 1
        for number in range(frames):
            display_rgb = np.full((size[1], size[0], 3), COLOUR, np.uint8)
            display_rgb[:16] = 12 * number
            picture = av.VideoFrame.from_ndarray(display_rgb, format="rgb24")
            container.mux(stream.encode(picture.reformat(format="yuv420p", dst_colorspace=matrix, dst_color_range=1)))
        container.mux(stream.encode())
    return path


def test_frames_have_their_order_and_time(tmp_path: Path) -> None:
    with open_source(write_video(tmp_path / "a.mp4")) as source:
        assert (source.frames, source.fps, source.size) == (4, 10, (64, 48))
        frames = list(source)
    assert [frame.index for frame in frames] == [0, 1, 2, 3]
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.1, 0.2, 0.3])
    assert [round(float(frame.as_display().pixels[4:12].mean()) / 12) for frame in frames] == [0, 1, 2, 3]
    for frame in frames:
        assert frame.encoding is Encoding.YUV
        assert frame.size == (64, 48)
        assert frame.pixels.nbytes == 64 * 48 * 3 // 2


@pytest.mark.parametrize(
    ("size", "matrix", "tagged"),
    [((64, 48), BT601, False), ((1280, 720), BT709, False), ((1280, 720), BT709, True), ((64, 48), BT601, True)],
)
def test_the_colour_matrix_follows_the_tag_or_the_size(
    tmp_path: Path, size: tuple[int, int], matrix: int, tagged: bool
) -> None:
    path = write_video(tmp_path / "a.mkv", frames=1, size=size, matrix=matrix, tagged=tagged)
    frame = next(iter(open_source(path)))
    assert frame.as_display().pixels[32:].mean((0, 1)) == pytest.approx(COLOUR, abs=3)


def test_the_rate_is_selectable_and_a_loop_continues_counting(tmp_path: Path) -> None:
    source = open_source(write_video(tmp_path / "a.mp4", frames=2), fps=5, loop=True)
    assert (source.frames, source.fps) == (None, 5)
    frames = [frame for frame, _ in zip(source, range(5), strict=False)]
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert frames[4].time_s == pytest.approx(0.8)
    assert np.array_equal(frames[0].pixels, frames[4].pixels)


def test_invalid_and_cut_off_files_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("av")
    (tmp_path / "text.mp4").write_text("this is not a video")
    intact = write_video(tmp_path / "a.mp4", frames=20).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(intact[: len(intact) // 2])
    for name in ("text.mp4", "cut.mp4"):
        with pytest.raises(SourceError, match=name) as caught:
            open_source(tmp_path / name)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_a_live_view_skips_what_is_damaged_in_the_middle(
    tmp_path: Path, suffix: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """A damaged part is reported once, whatever the container, and the pictures after it are shown, in every loop."""
    av = pytest.importorskip("av")
    path = write_video(tmp_path / f"damaged{suffix}", frames=20)
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    for start, size in packets[7:9]:
        content[start + 24 : start + size] = b"\xff" * (size - 24)  # the container's own bytes stay
    path.write_bytes(content)
    with open_source(path, tolerant=True, loop=True) as source:
        levels = [round(int(frame.as_display().pixels[4, 32].max()) / 12) for frame in islice(source, 30)]
    assert {0, 6, 13, 19} <= set(levels)  # 12 is the next picture without a reference
    assert levels[-8:] != levels[:8]
    assert levels.count(0) == 2
    lines = [line for line in capfd.readouterr().err.splitlines() if "part cannot be decoded" in line]
    assert len(lines) <= 1


def mjpeg_video(path: Path, sizes: list[tuple[int, int]], bad: int | None = None) -> Path:
    """Pictures without references to others. The data of picture `bad` are damaged."""
    av = pytest.importorskip("av")
    pictures = []
    for number, size in enumerate(sizes):
        encoder = av.CodecContext.create("mjpeg", "w")
        encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = *size, "yuvj420p", Fraction(1, 10)
        grey = np.full((size[1], size[0]), 20 * number, np.uint8)
        encoded = encoder.encode(av.VideoFrame.from_ndarray(grey, format="gray").reformat(format="yuvj420p"))
        pictures.append(b"".join(map(bytes, encoded + encoder.encode(None))))
    if bad is not None:
        pictures[bad] = pictures[bad][:2] + b"\xff\xc0" + bytes(40) + b"\xff\xd9"
    path.write_bytes(b"".join(pictures))
    return path


@pytest.mark.parametrize(
    ("sizes", "bad", "reason"),
    [
        ([(64, 48)] * 5, 3, "cannot be decoded further"),
        ([(64, 48)] * 3 + [(32, 24)] + [(64, 48)], None, "frame 3 is 32x24"),
    ],
)
def test_a_fault_ends_a_video_unless_a_live_view_shows_it(
    tmp_path: Path, sizes: list[tuple[int, int]], bad: int | None, reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """`render` must not write 4 pictures of 5 in silence; a live view continues."""
    path = mjpeg_video(tmp_path / "a.mjpeg", sizes, bad)
    with open_source(path) as source, pytest.raises(SourceError, match=reason):
        list(source)
    with open_source(path) as source:
        frames = iter(source)
        assert [next(frames).index for _ in range(3)] == [0, 1, 2]
    capfd.readouterr()
    with open_source(path, tolerant=True) as source:
        levels = [round(int(frame.as_display().pixels.mean()) / 20) for frame in source]
    assert levels == [0, 1, 2, 4]
    assert len([line for line in capfd.readouterr().err.splitlines() if line.startswith("groundglass:")]) == 1


def test_the_error_for_missing_pyav_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.mp4").write_bytes(b"anything")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"a\.mp4: needs PyAV; pip install groundglass\[video\]"):
        open_source(tmp_path / "a.mp4")


# Times, pixels that are not square, and content


def write_timed(path: Path, times: list[int]) -> Path:
    """A video whose frames have these times in milliseconds."""
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for time in times:
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), format="rgb24")
            picture = picture.reformat(format="yuv420p")
            picture.pts, picture.time_base = time, Fraction(1, 1000)
            for packet in stream.encode(picture):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return path


@pytest.mark.parametrize(
    "times", [[0, 33, 67, 100], [0, 33, 67, 400, 900], [500, 540, 700], [0, 1000, 1001], [0, 10, 20, 5000]]
)
def test_frames_have_the_times_of_the_file(tmp_path: Path, times: list[int]) -> None:
    path = write_timed(tmp_path / "a.mkv", times)
    with open_source(path) as source:
        assert [frame.time_s for frame in source] == pytest.approx([(time - times[0]) / 1000 for time in times])
    with open_source(path, fps=10) as source:  # an explicit rate overrides them
        assert [frame.time_s for frame in source] == pytest.approx([index / 10 for index in range(len(times))])


@pytest.mark.parametrize(
    ("aspect", "size"),
    [
        (None, (64, 48)),
        ((1, 1), (64, 48)),
        ((2, 1), (128, 48)),
        ((1, 2), (64, 96)),
        ((4, 3), (86, 48)),
        ((16, 11), (94, 48)),
    ],
)
def test_pixels_become_square(tmp_path: Path, aspect: tuple[int, int] | None, size: tuple[int, int]) -> None:
    pytest.importorskip("av")
    shape = "" if aspect is None else " A{}:{}".format(*aspect)
    frame_bytes = b"FRAME\n" + bytes([90]) * 3072 + bytes([128]) * 1536
    path = tmp_path / "a.video"  # Y4M states the aspect of its pixels
    path.write_bytes(f"YUV4MPEG2 W64 H48 F25:1{shape} C420jpeg\n".encode() + 2 * frame_bytes)
    with open_source(path) as source:
        assert source.size == size
        frame = next(iter(source)).as_display()
    assert frame.size == size
    assert np.ptp(frame.pixels) <= 2


@pytest.mark.parametrize("suffix", [".xyz", "", ".bak", ".video"])
def test_a_video_with_any_suffix_plays(tmp_path: Path, suffix: str) -> None:
    path = write_timed(tmp_path / "a.mkv", [0, 40, 80]).rename(tmp_path / f"b{suffix}")
    with open_source(path) as source:
        assert len(list(source)) == 3


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{file}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile {file}\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff">'
    '<Period><AdaptationSet mimeType="video/mp4"><Representation id="1"><BaseURL>{file}</BaseURL></Representation>'
    "</AdaptationSet></Period></MPD>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=a\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
@pytest.mark.parametrize("suffix", [".mp4", ".unknown"])
def test_a_playlist_opens_no_other_file(tmp_path: Path, kind: str, suffix: str) -> None:
    """The file that it names is a FIFO: opening it would not return."""
    os.mkfifo(tmp_path / "named.mkv")
    path = tmp_path / f"a{suffix}"
    path.write_text(PLAYLISTS[kind].format(file="named.mkv"))
    with pytest.raises(SourceError, match=r"is a playlist, which may|not a video that|a text file, which is not read"):
        open_source(path)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.avi", "a.ts", "a.m4v"])
def test_pixels_become_square_in_every_container(tmp_path: Path, name: str) -> None:
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / name), "w") as container:
        stream = container.add_stream("mpeg2video" if name == "a.ts" else "mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        for _ in range(6):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode())
    with open_source(tmp_path / name) as source:
        assert source.size == (86, 48)
        assert {frame.size for frame in source} == {(86, 48)}


@pytest.mark.parametrize(
    ("aspect", "size"), [(b"", (8, 6)), (b" A1:1", (8, 6)), (b" A0:0", (8, 6)), (b" Ax:y", (8, 6)), (b" A2:1", (16, 6))]
)
def test_a_y4m_file_has_the_pixels_of_its_header(tmp_path: Path, aspect: bytes, size: tuple[int, int]) -> None:
    pytest.importorskip("av")
    header = b"YUV4MPEG2 W8 H6 F25:1 Ip" + aspect + b" C420jpeg\n"
    (tmp_path / "a.y4m").write_bytes(header + 2 * (b"FRAME\n" + bytes(72)))
    with open_source(tmp_path / "a.y4m") as source:
        assert [frame.size for frame in source] == [size] * 2


@pytest.mark.parametrize(
    ("matrix", "orientation"),
    [
        *(((1, 0, 0, 1), 1), ((-1, 0, 0, 1), 2), ((-1, 0, 0, -1), 3), ((1, 0, 0, -1), 4)),
        *(((0, 1, 1, 0), 5), ((0, 1, -1, 0), 6), ((0, -1, -1, 0), 7), ((0, -1, 1, 0), 8)),
        ((0.7071, 0.7071, -0.7071, 0.7071), 1),
    ],
)
def test_the_display_matrix_turns_and_mirrors(tmp_path: Path, matrix: tuple[float, ...], orientation: int) -> None:
    content = bytearray(write_video(tmp_path / "a.mp4", frames=1).read_bytes())
    unit = 1 << 16
    start = content.find(struct.pack(">9i", unit, 0, 0, 0, unit, 0, 0, 0, 1 << 30), content.find(b"tkhd"))
    a, b, c, d = (round(number * unit) for number in matrix)
    content[start : start + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    (tmp_path / "a.mp4").write_bytes(content)
    with open_source(tmp_path / "a.mp4") as source:
        assert next(iter(source)).orientation == orientation


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 2 +X 2\n" + bytes(16), "a Radiance picture"),
        (b"PF\n4 4\n-1.0\n" + bytes(192), "a PFM picture"),
        (b"Pf\n4 4\n-1.0\n" + bytes(64), "a PFM picture"),
        (b"SDPX" + bytes(3000), "a DPX picture"),
        (b"\x80\x2a\x5f\xd7" + bytes(3000), "a Cineon picture"),
    ],
)
def test_pictures_of_light_or_density_are_not_shown_as_videos(tmp_path: Path, content: bytes, kind: str) -> None:
    (tmp_path / "a.xyz").write_bytes(content)
    with pytest.raises(SourceError, match=f"is {kind}, which is not read here; convert it to OpenEXR"):
        open_source(tmp_path / "a.xyz")


@pytest.mark.parametrize("name", ["a.m2v", "a.xyz"])
def test_a_bare_mpeg_stream_is_a_video(tmp_path: Path, name: str) -> None:
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / name), "w", format="mpeg2video") as container:
        stream = container.add_stream("mpeg2video", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(6):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode())
    with open_source(tmp_path / name) as source:
        assert len(list(source)) == 6


def test_data_of_a_kind_without_a_name_leaves_the_rotation() -> None:
    class Picture:
        rotation = -90

        @property
        def side_data(self) -> object:
            raise ValueError("31 is not a valid Type")

    assert orientation_of(Picture()) == 6


def test_a_png_with_a_profile_as_a_video_ends_no_process(tmp_path: Path) -> None:
    """A list of the data of its pictures would make PyAV free the profile's name twice, at some later moment."""
    pytest.importorskip("av")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.new("RGB", (24, 16)).save(tmp_path / "a.png", icc_profile=profile)
    read = (
        "import gc, pathlib, sys; from groundglass.capture.video import VideoSource\n"
        "for _ in range(40): list(VideoSource(pathlib.Path(sys.argv[1]))); gc.collect()"
    )
    ended = subprocess.run([sys.executable, "-c", read, tmp_path / "a.png"], capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
