"""The layouts of Y'CbCr pictures on the host: planes, sizes, orientation, and conversion."""

from __future__ import annotations

import numpy as np
import pytest
from groundglass.errors import SourceError
from groundglass.frame import Encoding, Frame
from groundglass.optics.autofocus import small_grey
from groundglass.orientation import upright
from groundglass.warm_up import top_rows
from groundglass.yuv import SITED_CENTRE, YuvFormat, YuvLayout, YuvMatrix, joined

SIZES = ((8, 6), (7, 5), (1, 1))
RANDOM = np.random.default_rng(3)


def yuv_frame(form: YuvFormat, padding: int = 0) -> Frame:
    """Random samples; rows are `padding` bytes longer than needed."""
    row_bytes = form.min_row_bytes + padding
    pixels = RANDOM.integers(0, 256, (form.rows(row_bytes), row_bytes), dtype=np.uint8)
    return Frame(pixels, Encoding.YUV, yuv=form)


@pytest.mark.parametrize("layout", YuvLayout)
def test_planes_are_the_bytes_of_the_layout(layout: YuvLayout) -> None:
    """Every sample is written once: the planes together fill the array, apart from the samples of odd sides."""
    form = YuvFormat(layout, 8, 8)
    shapes = [plane.shape for plane in form.planes(yuv_frame(form).pixels)]
    pixels = joined(form, [np.full(shape, 1 + number) for number, shape in enumerate(shapes)])
    counts = [8 * 8, *[form.chroma_size[0] * form.chroma_size[1]] * (2 * form.has_chroma)]
    assert [np.count_nonzero(pixels == value) for value in (1, 2, 3)][: len(counts)] == counts
    assert np.count_nonzero(pixels) == sum(counts) == pixels.size


def test_known_bytes() -> None:
    """YUYV, NV12 and planar bytes of the same four pixels."""
    planes = [np.array([[1, 2], [3, 4]]), np.array([[5]]), np.array([[6]])]
    for layout, rows in (("nv12", [[1, 2], [3, 4], [5, 6]]), ("nv21", [[1, 2], [3, 4], [6, 5]])):
        assert joined(YuvFormat(YuvLayout(layout), 2, 2), planes).tolist() == rows
    assert joined(YuvFormat(YuvLayout.I420, 2, 2), planes).ravel().tolist() == [1, 2, 3, 4, 5, 6]
    assert joined(YuvFormat(YuvLayout.YV12, 2, 2), planes).ravel().tolist() == [1, 2, 3, 4, 6, 5]
    row = [plane[:1] for plane in planes]
    packed = {"yuyv": [1, 5, 2, 6], "uyvy": [5, 1, 6, 2], "yvyu": [1, 6, 2, 5], "vyuy": [6, 1, 5, 2]}
    for name, expected in packed.items():
        assert joined(YuvFormat(YuvLayout(name), 2, 1), row).ravel().tolist() == expected


@pytest.mark.parametrize("layout", YuvLayout)
@pytest.mark.parametrize("size", SIZES)
def test_an_upright_picture_converts_to_the_rotated_conversion(layout: YuvLayout, size: tuple[int, int]) -> None:
    """No sample changes, and the place of the chroma is exact for odd sides, too."""
    frame = yuv_frame(YuvFormat(layout, *size), padding=8)
    stored = frame.as_display().pixels
    for orientation in range(1, 9):
        turned = Frame(frame.pixels, Encoding.YUV, yuv=frame.yuv, orientation=orientation).upright()
        assert turned.orientation == 1
        np.testing.assert_array_equal(turned.as_display().pixels, upright(stored, orientation))


@pytest.mark.parametrize("layout", YuvLayout)
def test_the_top_rows_are_those_of_the_whole_picture(layout: YuvLayout) -> None:
    frame = yuv_frame(YuvFormat(layout, 6, 11), padding=8)
    strip = top_rows(frame, 6)
    assert strip.size == (6, 6)
    assert strip.yuv is not None
    assert strip.yuv.layout is layout
    assert strip.pixels.shape[1] == frame.pixels.shape[1]
    np.testing.assert_array_equal(strip.as_display().pixels[:5], frame.as_display().pixels[:5])
    assert top_rows(frame, 96).size == (6, 11)


def test_white_black_and_primaries_have_the_levels_of_the_standards() -> None:
    """BT.601, BT.709 and BT.2020 in 8 bits: levels of red from the tables of the standards, within a step."""
    levels = {YuvMatrix.BT601: (81, 90, 240), YuvMatrix.BT709: (63, 102, 240), YuvMatrix.BT2020: (74, 97, 240)}
    for matrix, red in levels.items():
        for samples, rgb in ((red, (255, 0, 0)), ((235, 128, 128), (255,) * 3), ((16, 128, 128), (0,) * 3)):
            form = YuvFormat(YuvLayout.I444, 1, 1, matrix)
            frame = Frame(joined(form, [np.full((1, 1), sample) for sample in samples]), Encoding.YUV, yuv=form)
            np.testing.assert_allclose(frame.as_display().pixels[0, 0], rgb, atol=1)
    for bits, zeros in ((10, 0), (10, 6), (12, 4), (16, 0)):
        form = YuvFormat(YuvLayout.I444, 1, 1, bits=bits, low_zeros=zeros)
        white = [np.full((1, 1), level << (bits - 8 + zeros)) for level in (235, 128, 128)]
        frame = Frame(joined(form, white), Encoding.YUV, yuv=form)
        assert frame.as_display().pixels[0, 0].tolist() == [65535] * 3


def test_impossible_formats_and_arrays_are_refused() -> None:
    form = YuvFormat(YuvLayout.I420, 8, 6)
    pixels = np.zeros((form.rows(8), 8), np.uint8)
    assert Frame(pixels, Encoding.YUV, yuv=form).size == (8, 6)
    for array in (pixels[:-1], pixels[:, :-1], np.zeros((9, 9), np.uint8)):
        with pytest.raises(SourceError, match=r"a\.yuv: .* is not a i420 picture of 8x6.*give C-contiguous \(9, 8\)"):
            Frame(array, Encoding.YUV, yuv=form, name="a.yuv")
    with pytest.raises(SourceError, match="require each other"):
        Frame(pixels, Encoding.YUV)
    with pytest.raises(SourceError, match="require each other"):
        Frame(np.zeros((6, 8, 3), np.uint8), Encoding.DISPLAY, yuv=form)
    for arguments in ({"bits": 7}, {"bits": 10, "low_zeros": 7}, {"siting": (2.0, 0.0)}, {"width": 0}):
        with pytest.raises(SourceError, match="is not valid"):
            YuvFormat(**{"layout": YuvLayout.I420, "width": 8, "height": 6} | arguments)


def test_autofocus_sees_the_luma() -> None:
    form = YuvFormat(YuvLayout.NV12, 64, 32, siting=SITED_CENTRE)
    luma, chroma = np.full((32, 64), 16), np.full((16, 32), 128)
    luma[:, 32:] = 235
    grey = small_grey(Frame(joined(form, [luma, chroma, chroma]), Encoding.YUV, yuv=form))
    assert grey[:, :32].max() == 0.0
    assert grey[:, 32:].min() == 1.0
