"""Pictures of FFmpeg as frames, and the decoder of a camera's JPEGs."""

from __future__ import annotations

import io
import sys
import threading
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from groundglass.capture.live.decoded import MjpegDecoder, decoded_frame
from groundglass.errors import MissingExtraError
from groundglass.frame import Encoding
from groundglass.yuv import SITED_CENTRE, YuvLayout, YuvMatrix
from PIL import Image

av = pytest.importorskip("av")

NAMES = (
    *("yuv420p", "yuvj422p", "yuv444p", "yuv440p", "nv12", "nv21", "nv16", "nv24", "yuyv422", "uyvy422", "yvyu422"),
    *("gray", "gray10le", "p010le", "p210le", "y210le", "yuv420p10le", "yuv422p12le"),
)


def smooth_rgb(size: tuple[int, int]) -> np.ndarray:
    y, x = np.mgrid[: size[1], : size[0]] / np.array([size[1], size[0]], np.float64)[:, None, None]
    rgb = 0.5 + 0.35 * np.sin(np.stack([3 * x + y, 4 * y - x + 1, 3 * (x - y) + 2], axis=2))
    return np.rint(255 * rgb).astype(np.uint8)


def picture_of(rgb: np.ndarray, name: str, colorspace: int = 5) -> Any:
    """In one thread: FFmpeg's threads now and then make wrong rows of 10 bits."""
    picture = av.VideoFrame.from_ndarray(rgb, format="rgb24")
    converted = picture.reformat(format=name, dst_colorspace=colorspace, threads=1)
    converted.colorspace = colorspace
    return converted


def jpeg_of(rgb: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=95, subsampling=1)
    return file.getvalue()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(64, 48), (37, 21)])
def test_a_picture_keeps_its_samples_and_colours(name: str, size: tuple[int, int]) -> None:
    rgb = smooth_rgb(size)
    if "yuyv" in name or "yvyu" in name or "uyvy" in name or "y210" in name:
        rgb = rgb[:, : size[0] // 2 * 2]
    frame = decoded_frame(picture_of(rgb, name), index=4, name="test")
    assert (frame.encoding, frame.index, frame.name) == (Encoding.YUV, 4, "test")
    display = frame.as_display().pixels
    limit = np.iinfo(display.dtype).max
    expected = (rgb @ (0.299, 0.587, 0.114))[..., None] if "gray" in name else rgb
    tolerance = 0.02 if "gray" in name else 0.07  # FFmpeg takes chroma to lie half a pixel farther right
    np.testing.assert_allclose((display / limit)[2:-2, 2:-2], (expected / 255)[2:-2, 2:-2] * np.ones(3), atol=tolerance)


def test_tags_and_size_decide_matrix_and_range() -> None:
    large, small = (np.zeros((*size, 3), np.uint8) for size in ((720, 64), (48, 64)))
    for rgb, tag, matrix in (
        *((large, 2, YuvMatrix.BT709), (small, 2, YuvMatrix.BT601), (small, 1, YuvMatrix.BT709)),
        *((large, 5, YuvMatrix.BT601), (large, 6, YuvMatrix.BT601), (small, 9, YuvMatrix.BT2020)),
    ):
        picture = picture_of(rgb, "yuv420p")
        picture.colorspace = tag
        form = decoded_frame(picture).yuv_format
        assert (form.matrix, form.full_range, form.siting) == (matrix, False, (0.0, 0.5))
        picture.color_range = 2
        assert decoded_frame(picture).yuv_format.full_range
    untagged = picture_of(large, "yuvj420p")
    untagged.colorspace = 2
    jpeg = decoded_frame(untagged, is_jpeg=True).yuv_format
    assert (jpeg.matrix, jpeg.full_range, jpeg.siting) == (YuvMatrix.BT601, True, SITED_CENTRE)


def test_other_formats_are_converted_by_ffmpeg() -> None:
    rgb = smooth_rgb((64, 48))
    for name in ("rgb24", "bgra", "gbrp"):
        picture = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format=name)
        frame = decoded_frame(picture)
        assert frame.encoding is Encoding.DISPLAY
        np.testing.assert_array_equal(frame.pixels, rgb)


def test_cropped_and_mirrored_pictures() -> None:
    """Filters of FFmpeg change the start and the order of rows, and copy nothing."""
    rgb = smooth_rgb((64, 48))
    for name, arguments, expected in (("vflip", "", rgb[::-1]), ("crop", "40:30:8:6", rgb[6:36, 8:48])):
        graph, picture = av.filter.Graph(), picture_of(rgb, "yuv420p")
        source = graph.add_buffer(width=64, height=48, format=picture.format, time_base=Fraction(1, 25))
        changed, sink = graph.add(name, arguments), graph.add("buffersink")
        source.link_to(changed)
        changed.link_to(sink)
        graph.configure()
        source.push(picture)
        display = decoded_frame(sink.pull()).as_display().pixels
        np.testing.assert_allclose(display.astype(int), expected, atol=16, err_msg=name)


def test_a_webcam_s_picture_is_not_copied_and_outlives_its_decoder() -> None:
    """Uncompressed video of a webcam lies in one packet, as kept by FFmpeg's decoder."""
    for name, layout, nbytes in (("yuyv422", YuvLayout.YUYV, 2), ("nv12", YuvLayout.NV12, 1.5)):
        context = av.CodecContext.create("rawvideo", "r")
        context.width, context.height, context.pix_fmt = 64, 48, name
        data = np.random.default_rng(2).integers(0, 256, int(64 * 48 * nbytes), dtype=np.uint8)
        picture = context.decode(av.Packet(data.tobytes()))[0]
        address = picture.planes[0].buffer_ptr
        frame = decoded_frame(picture)
        assert frame.yuv_format.layout is layout
        assert frame.pixels.ctypes.data == address
        assert not frame.pixels.flags.writeable
        del picture, context
        np.testing.assert_array_equal(frame.pixels.ravel(), data)


def test_jpegs_are_decoded_in_a_thread() -> None:
    rgb, done = smooth_rgb((64, 48)), threading.Event()
    with MjpegDecoder("test", done.set) as decoder:
        decoder.put(jpeg_of(rgb), index=7, time_s=0.5)
        assert done.wait(5)
        frame = decoder.take()
        assert frame is not None
        assert (frame.index, frame.time_s, frame.size) == (7, 0.5, (64, 48))
        assert frame.yuv_format.layout is YuvLayout.I422
        assert frame.yuv_format.siting == (0.5, 0.0)
        np.testing.assert_allclose(frame.as_display().pixels.astype(int), rgb, atol=5)
        assert decoder.take() is None
    assert decoder.take(1.0) is None
    assert (decoder.corrupt, decoder.dropped) == (0, 0)


def test_corrupt_jpegs_are_counted_and_never_shown() -> None:
    rgb = np.random.default_rng(3).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    whole, other = jpeg_of(rgb), jpeg_of(rgb[::-1].copy())
    middle = len(whole) // 2
    faults = {
        "cut off": whole[:middle],
        "cut off, with an end": whole[:middle] + b"\xff\xd9",
        "a lost packet": whole[:middle] + whole[middle + 3072 :],
        "zeros": whole[:middle] + bytes(2048) + whole[middle + 2048 :],
        "half of one, then another": whole[:middle] + other,
        "no JPEG": b"\x00" * 5000,
        "empty": b"",
        "a header": whole[:300],
    }
    with MjpegDecoder("test") as decoder:
        for number, (fault, jpeg) in enumerate(faults.items(), 1):
            decoder.put(jpeg)
            assert decoder.take(0.05) is None, fault
            decoder.put(memoryview(whole), index=number)
            frame = decoder.take(5.0)
            assert frame is not None, fault
            assert (frame.index, decoder.corrupt) == (number, number), fault


def test_a_newer_jpeg_replaces_one_that_waits() -> None:
    large = jpeg_of(np.random.default_rng(4).integers(0, 256, (1080, 1920, 3), dtype=np.uint8))
    with MjpegDecoder("test") as decoder:
        for index in range(6):
            decoder.put(large, index=index)
        frame = decoder.take(10.0)
        while frame is not None and frame.index < 5:
            frame = decoder.take(10.0)
        assert frame is not None
        assert decoder.dropped >= 3
        threads = threading.active_count()
    assert threading.active_count() == threads - 1
    decoder.close()


def test_the_error_for_missing_pyav_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"camera: needs PyAV; pip install groundglass\[video\]"):
        MjpegDecoder("camera")
