"""Y'CbCr pictures on the device, compared with the formulas and with FFmpeg."""

from __future__ import annotations

import itertools
from contextlib import closing
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from groundglass.camera import REC709_TO_REC2020
from groundglass.colour.encoding import srgb_decode, srgb_encode
from groundglass.compute.device import Device
from groundglass.compute.registry import open_device
from groundglass.depth.stereo_pair import StereoPairDepth
from groundglass.develop.developer import Developer
from groundglass.develop.development import Development
from groundglass.develop.metering import Metering, meter
from groundglass.develop.raw_samples import sample_raw
from groundglass.frame import Encoding, Frame, StereoRig
from groundglass.yuv import SITED_CENTRE, SITED_TOP_LEFT, YuvFormat, YuvLayout, YuvMatrix, joined
from tolerances import STAGE

RANDOM = np.random.default_rng(5)
LAYOUTS = [(layout, 8, 0) for layout in YuvLayout]
DEEP = [(YuvLayout.NV12, 10, 6), (YuvLayout.I420, 10, 0), (YuvLayout.YUYV, 10, 6), (YuvLayout.I422, 12, 0)]


def developed(device: Device, frame: Frame) -> np.ndarray:
    developer = Developer(device)
    try:
        return developer.develop(frame, Development()).read()
    finally:
        developer.release()


def random_frame(layout: YuvLayout, size: tuple[int, int], bits: int, zeros: int, **format: object) -> Frame:
    form = YuvFormat(layout, *size, bits=bits, low_zeros=zeros, **format)
    row_bytes = form.min_row_bytes + 8
    pixels = RANDOM.integers(0, 256, (form.rows(row_bytes), row_bytes), dtype=np.uint8)
    if bits > 8:
        words = pixels.view(np.uint16)
        words[:] = (words & (1 << bits) - 1) << zeros
    return Frame(pixels, Encoding.YUV, yuv=form)


def interpolated(plane: np.ndarray, side: int, first_at: float, factor: int, axis: int) -> np.ndarray:
    """Chroma at every luma position of one axis, by np.interp, constant beyond the outermost samples."""
    at = first_at + factor * np.arange(plane.shape[axis])
    return np.apply_along_axis(lambda row: np.interp(np.arange(side), at, row), axis, plane)


def reference(frame: Frame) -> np.ndarray:
    """Scene RGB by the equations of ITU-R BT.601, BT.709 and BT.2020, in float64."""
    form = frame.yuv_format
    red, blue = form.matrix.value
    codes = [plane.astype(np.float64) / (1 << form.low_zeros) for plane in form.planes(frame.pixels)]
    top, unit = (1 << form.bits) - 1, 1 << (form.bits - 8)
    y = codes[0] / top if form.full_range else (codes[0] / unit - 16) / 219
    cb = cr = np.zeros_like(y)
    if form.has_chroma:
        (across, down), middle = form.layout.shifts, 128 * unit
        pairs = [(code - middle) / (top if form.full_range else 224 * unit) for code in codes[1:]]
        wide = [interpolated(plane, form.width, form.chroma_at[0], 1 << across, 1) for plane in pairs]
        cb, cr = (interpolated(plane, form.height, form.chroma_at[1], 1 << down, 0) for plane in wide)
    r, b = y + 2 * (1 - red) * cr, y + 2 * (1 - blue) * cb
    g = (y - red * r - blue * b) / (1 - red - blue)
    return srgb_decode(np.stack([r, g, b], axis=2).clip(0, 1)) @ REC709_TO_REC2020.T


@pytest.mark.parametrize(("layout", "bits", "zeros"), [*LAYOUTS, *DEEP])
def test_every_layout_matches_the_equations(device: Device, layout: YuvLayout, bits: int, zeros: int) -> None:
    """Widths of whole and of incomplete runs, odd sides, both ranges, all matrices."""
    sizes = ((64, 6), (37, 5), (1, 1))
    for size, matrix, full_range in zip(sizes, YuvMatrix, (False, True, True), strict=True):
        frame = random_frame(layout, size, bits, zeros, matrix=matrix, full_range=full_range)
        np.testing.assert_allclose(developed(device, frame), reference(frame), atol=STAGE)


@pytest.mark.parametrize("run_length", [1, 16])
def test_runs_of_every_length_match_the_equations(device: Device, run_length: int) -> None:
    """A GPU computes single pixels, processors runs of 8 or 16."""
    with closing(open_device(device.spec)) as opened:
        if not opened.is_cpu:
            pytest.skip("a GPU computes single pixels")
        opened.run_length = run_length
        for layout, bits, zeros in ((YuvLayout.YUYV, 8, 0), (YuvLayout.NV12, 10, 6)):
            frame = random_frame(layout, (70, 5), bits, zeros)
            np.testing.assert_allclose(developed(opened, frame), reference(frame), atol=STAGE)


@pytest.mark.parametrize("siting", [SITED_CENTRE, SITED_TOP_LEFT, (1.0, 1.0), (-0.5, 0.25)])
def test_chroma_is_interpolated_between_its_positions(device: Device, siting: tuple[float, float]) -> None:
    frame = random_frame(YuvLayout.I420, (70, 7), 8, 0, siting=siting)
    np.testing.assert_allclose(developed(device, frame), reference(frame), atol=STAGE)


def test_a_colour_ramp_has_no_steps(device: Device) -> None:
    """Repeated chroma would make pairs of equal columns and rows."""
    form = YuvFormat(YuvLayout.NV12, 64, 32, matrix=YuvMatrix.BT601, siting=SITED_CENTRE)
    ramp = np.add.outer(np.arange(16), 3 * np.arange(32)) + 60
    frame = Frame(joined(form, [np.full((32, 64), 120), np.full((16, 32), 128), ramp]), Encoding.YUV, yuv=form)
    red = srgb_encode(developed(device, frame) @ np.linalg.inv(REC709_TO_REC2020).T)[2:-2, 2:-2, 0]
    assert np.ptp(np.diff(red, axis=1)) < 1e-3
    assert np.ptp(np.diff(red, axis=0)) < 1e-3


def smooth_rgb(size: tuple[int, int]) -> np.ndarray:
    y, x = np.mgrid[: size[1], : size[0]] / np.array([size[1], size[0]], np.float64)[:, None, None]
    rgb = 0.5 + 0.35 * np.sin(np.stack([3 * x + y, 4 * y - x + 1, 3 * (x - y) + 2], axis=2))
    return np.rint(255 * rgb).astype(np.uint8)


FFMPEG = {
    **{"yuv420p": YuvLayout.I420, "nv12": YuvLayout.NV12, "yuyv422": YuvLayout.YUYV, "uyvy422": YuvLayout.UYVY},
    **{"yuv422p": YuvLayout.I422, "yuv444p": YuvLayout.I444, "p010le": YuvLayout.NV12, "yuv420p10le": YuvLayout.I420},
}


@pytest.mark.parametrize("name", FFMPEG)
def test_smooth_pictures_match_ffmpeg(device: Device, name: str) -> None:
    """Within 1/255 after sRGB of the exact conversion of FFmpeg, which takes chroma to lie between the columns."""
    pytest.importorskip("av")
    layout, bits = FFMPEG[name], 10 if "10" in name else 8
    siting = tuple(((1 << shift) - 1) / 2 for shift in layout.shifts)
    for matrix, kind, levels in zip(YuvMatrix, ("bt601", "bt709", "bt2020"), ("tv", "pc", "tv"), strict=True):
        if bits > 8:
            levels = "tv"  # FFmpeg's white of 10 bits in full range is 1020, not 1023
        form = YuvFormat(layout, 96, 64, matrix, levels == "pc", bits, 6 if name == "p010le" else 0, siting)
        converted = scaled(rgb_picture(smooth_rgb((96, 64))), f"out_color_matrix={kind}:out_range={levels}", name)
        back = scaled(converted, f"in_color_matrix={kind}:in_range={levels}", "rgb24").to_ndarray()
        planes = [np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size) for plane in converted.planes]
        regions = zip(planes, form.regions(form.min_row_bytes), strict=True)
        pixels = np.concatenate([plane[:, : region.row_bytes].ravel() for plane, region in regions])
        frame = Frame(pixels.reshape(-1, form.min_row_bytes), Encoding.YUV, yuv=form)
        result = srgb_encode(developed(device, frame) @ np.linalg.inv(REC709_TO_REC2020).T)
        np.testing.assert_allclose(result[2:-2, 2:-2], back[2:-2, 2:-2] / 255, atol=1 / 255, err_msg=kind)


def rgb_picture(rgb: np.ndarray) -> Any:
    import av

    return av.VideoFrame.from_ndarray(rgb, format="rgb24")


def scaled(picture: Any, options: str, name: str) -> Any:
    """`picture` converted to a pixel format by FFmpeg's scale filter, without its shortcuts."""
    from av.filter import Graph

    flags = "flags=bilinear+accurate_rnd+full_chroma_int+full_chroma_inp"
    graph = Graph()
    source = graph.add_buffer(
        width=picture.width, height=picture.height, format=picture.format, time_base=Fraction(1, 25)
    )
    filters = [graph.add("scale", f"{options}:{flags}"), graph.add("format", name), graph.add("buffersink")]
    for first, second in itertools.pairwise([source, *filters]):
        first.link_to(second)
    graph.configure()
    source.push(picture)
    return filters[-1].pull()


def test_metering_and_white_balance_sample_the_converted_picture() -> None:
    rgb = smooth_rgb((96, 64))
    form = YuvFormat(YuvLayout.I444, 96, 64, full_range=True)
    to_rgb, offset = form.coefficients()
    samples = np.rint((rgb / 255 - offset) @ np.linalg.inv(to_rgb).T)
    frame = Frame(joined(form, [samples[..., i] for i in range(3)]), Encoding.YUV, yuv=form)
    display = Frame(rgb, Encoding.DISPLAY)
    np.testing.assert_allclose(sample_raw(frame), sample_raw(display), atol=0.02)
    modes = [Metering.parse(mode) for mode in ("average", "highlight-weighted")]
    for mode in modes:
        assert mode is not None
        ev = [meter(each, each.profile, mode).ev for each in (frame, display)]
        assert ev[0] == pytest.approx(ev[1], abs=0.01)


def test_a_stereo_pair_is_matched_by_its_luma(device: Device) -> None:
    grey = np.kron(RANDOM.integers(16, 236, (24, 40)), np.ones((2, 2), int))
    form = YuvFormat(YuvLayout.NV12, 80, 48)
    chroma = np.full((24, 40), 128)
    left, right = (joined(form, [luma, chroma, chroma]) for luma in (np.roll(grey, 6, axis=1), grey))
    frame = Frame(left, Encoding.YUV, yuv=form, right=right, rig=StereoRig(focal_px=100.0, baseline_m=0.06))
    pairs = StereoPairDepth(device)
    assert (np.abs(pairs.depth_m(frame, "live") - 1.0) < 0.1).mean() > 0.95
    pairs.release()
