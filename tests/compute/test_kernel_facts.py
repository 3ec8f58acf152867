"""One test on a picture of a few pixels for each kernel without a test file of its name.

`TESTS` lists them. A source of `kernels/` has a test file of its name in `tests/`, or each of its kernels is in this
table. A test in the table must launch the kernels that it is registered for.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import groundglass as gg
import numpy as np
import pytest
from groundglass.bench.stages import COPY
from groundglass.camera import REC709_TO_REC2020
from groundglass.cfa import Cfa
from groundglass.compute.device import Device
from groundglass.compute.planes import PAD, Planes
from groundglass.compute.program import list_kernel_sources, load_kernel_source
from groundglass.depth.stage import DepthStage
from groundglass.depth.stereo import StereoDepth
from groundglass.depth.stereo_pair import StereoPairDepth
from groundglass.develop.demosaic import METHODS
from groundglass.develop.developer import Developer
from groundglass.develop.development import Development
from groundglass.develop.remosaic import Remosaic
from groundglass.frame import Encoding, Frame, StereoRig
from groundglass.transfer.host import ORIGIN, PackedScene
from groundglass.yuv import YuvFormat, YuvLayout, joined
from pattern_support import mosaic_of
from tolerances import HALF_ROUNDING, STAGE

KernelTest = Callable[[Device], None]
TESTS: dict[tuple[str, str], KernelTest] = {}
RANDOM = np.random.default_rng(7)


def covers(source: str, *kernels: str) -> Callable[[KernelTest], KernelTest]:
    """Registers a test for the given kernels of a source."""

    def registered(test: KernelTest) -> KernelTest:
        assert not {(source, kernel) for kernel in kernels} & TESTS.keys()
        TESTS.update({(source, kernel): test for kernel in kernels})
        return test

    return registered


def planes_of(device: Device, pixels: np.ndarray) -> Planes:
    """Planes with the given (H, W) or (H, W, C) pixels."""
    pixels = pixels.reshape(*pixels.shape[:2], -1).astype(np.float32)
    planes = Planes(device, pixels.shape[1], pixels.shape[0], pixels.shape[2])
    planes.write(pixels)
    return planes


def release(*resources: Any) -> None:
    for resource in resources:
        resource.release()


@covers("copy.cl", "copy")
def a_copy_is_the_same(device: Device) -> None:
    pixels = RANDOM.random((5, 37))
    source, target = planes_of(device, pixels), planes_of(device, np.zeros((5, 37)))
    source.run(f"{COPY}.cl", "copy", source=source.buffer, to=target.buffer)
    np.testing.assert_array_equal(target.read(), source.read())
    release(source, target)


@covers("borders.cl", "mirror")
def a_border_is_the_picture_reflected(device: Device) -> None:
    for height, width in ((20, 40), (3, 5), (1, 1)):
        pixels = RANDOM.random((height, width)).astype(np.float32)
        planes = planes_of(device, pixels)
        planes.mirror()
        with planes.view() as padded:
            np.testing.assert_array_equal(padded[0, :, : width + 2 * PAD], np.pad(pixels, PAD, mode="reflect"))
        release(planes)


@covers("picture.cl", "picture_u8", "picture_u16", "picture_f32")
def a_picture_becomes_linear_rgb(device: Device) -> None:
    developer = Developer(device)
    for dtype, number in ((np.uint8, 188), (np.uint16, 188 * 257), (np.float32, 0.5)):
        display = np.dtype(dtype).kind == "u"
        encoded = number / np.iinfo(dtype).max if display else number
        light = ((encoded + 0.055) / 1.055) ** 2.4 if display else encoded
        pixels = np.zeros((3, 4, 3), dtype)
        pixels[1, 2] = number, 0, number
        frame = Frame(pixels, Encoding.DISPLAY if display else Encoding.SCENE)
        result = developer.develop(frame, Development()).read()
        matrix = REC709_TO_REC2020 if display else frame.profile.camera_to_scene
        np.testing.assert_allclose(result[1, 2], matrix @ [light, 0, light], atol=STAGE)
        assert np.count_nonzero(result.any(axis=2)) == 1
    release(developer)


@covers("yuv.cl", "yuv")
def a_yuv_grey_and_white_are_neutral(device: Device) -> None:
    developer = Developer(device)
    for layout in YuvLayout:
        form = YuvFormat(layout, 19, 5)
        luma, chroma = np.full((5, 19), 126), np.full(form.chroma_size[::-1], 128)
        luma[2, 3:] = 235
        pixels = joined(form, [luma] if layout is YuvLayout.GREY else [luma, chroma, chroma])
        result = developer.develop(Frame(pixels, Encoding.YUV, yuv=form), Development()).read()
        grey = ((110 / 219 + 0.055) / 1.055) ** 2.4
        np.testing.assert_allclose(result[0], np.full((19, 3), grey), atol=STAGE)
        np.testing.assert_allclose(result[2, 3:], 1.0, atol=STAGE)
    release(developer)


@covers("pack_scene.cl", "pack_scene")
def a_packed_pixel_has_three_half_floats_and_a_1(device: Device) -> None:
    pixels = RANDOM.uniform(0.1, 60.0, (3, 5, 3)).astype(np.float32)
    scene, transfer = planes_of(device, pixels), PackedScene(device, 5, 3)
    with transfer.view(scene) as packed:
        result = packed[ORIGIN[1] :, ORIGIN[0] : ORIGIN[0] + 5].astype(np.float64)
    np.testing.assert_allclose(result[..., :3], pixels, rtol=HALF_ROUNDING)
    assert (result[..., 3] == 1.0).all()
    release(scene, transfer)


# Demosaicing


def demosaiced_point(method: str, photosite: tuple[int, int]) -> np.ndarray:
    """(9, 12, 3) RGB of an RGGB mosaic in which one photosite is 1 and all others are 0."""
    mosaic = np.zeros((9, 12), np.float32)
    mosaic[photosite] = 1.0
    return gg.demosaic(mosaic, "RGGB", method, encode=False)


@covers("demosaic_linear.cl", "demosaic_bilinear", "demosaic_malvar")
def a_red_photosite_contributes_to_its_neighbours(device: Device) -> None:
    bilinear, malvar = demosaiced_point("bilinear", (4, 6)), demosaiced_point("malvar", (4, 6))
    np.testing.assert_allclose(bilinear[4, 5:8, 0], [0.5, 1.0, 0.5], atol=STAGE)
    np.testing.assert_allclose(bilinear[3, 5:8, 0], [0.25, 0.5, 0.25], atol=STAGE)
    assert not bilinear[..., 1:].any()
    # Malvar, He and Cutler 2004, in eighths: red at green in its row, red at blue, green at red and two rows away.
    np.testing.assert_allclose(8 * malvar[4, 5:8, 0], [4.0, 8.0, 4.0], atol=8 * STAGE)
    np.testing.assert_allclose(8 * malvar[3, 5:8, 0], [2.0, 4.0, 2.0], atol=8 * STAGE)
    np.testing.assert_allclose(8 * malvar[4, [4, 6, 8], 1], [-1.0, 4.0, -1.0], atol=8 * STAGE)


@covers("demosaic_half.cl", "demosaic_half")
def a_block_becomes_a_pixel_with_the_mean_of_its_greens(device: Device) -> None:
    mosaic = np.tile(np.float32([[0.8, 0.2], [0.6, 0.1]]), (3, 4))
    result = gg.demosaic(mosaic, "RGGB", "half", encode=False)
    np.testing.assert_allclose(result, np.broadcast_to([0.8, 0.4, 0.1], (3, 4, 3)), atol=STAGE)


@covers("demosaic_mono.cl", "demosaic_mono")
def a_photosite_without_a_filter_is_grey(device: Device) -> None:
    counts = RANDOM.integers(0, 65536, (5, 9), dtype=np.uint16)
    developer = Developer(device)
    result = developer.develop(Frame(counts, cfa=Cfa("MONO")), Development()).read()
    np.testing.assert_allclose(result, np.repeat(counts[..., None] / 65535, 3, axis=2), atol=STAGE)
    release(developer)


def assert_colour_and_ramp_are_kept(*methods: str) -> None:
    ramp = np.add.outer(np.linspace(0.2, 0.4, 24), np.linspace(0.0, 0.3, 32))
    for method in methods:
        flat = np.broadcast_to(np.float64([0.6, 0.4, 0.3]), (24, 32, 3))
        result = gg.demosaic(mosaic_of(flat, Cfa("GRBG")).astype(np.float32), "GRBG", method)
        np.testing.assert_allclose(result, flat, atol=2e-3, err_msg=method)
        result = gg.demosaic(ramp.astype(np.float32), "GRBG", method)
        np.testing.assert_allclose(
            result[6:-6, 6:-6], np.repeat(ramp[6:-6, 6:-6, None], 3, 2), atol=2e-3, err_msg=method
        )


@covers("demosaic_split.cl", "split")
@covers("demosaic_rcd.cl", "rcd_directions", "rcd_green", "rcd_smooth", "rcd_opposite", "rcd_finish")
def rcd_keeps_a_colour_and_a_ramp(device: Device) -> None:
    assert_colour_and_ramp_are_kept("rcd")


@covers("demosaic_lmmse.cl", "lmmse_differences", "lmmse_green")
def lmmse_keeps_a_colour_and_a_ramp(device: Device) -> None:
    assert_colour_and_ramp_are_kept("lmmse")


@covers(
    *("demosaic_best.cl", "best_green", "best_opposite", "best_colours"),
    *("tile_noise", "sum_noise", "finish_noise", "best_finish"),
)
def best_keeps_a_colour_and_a_ramp(device: Device) -> None:
    assert_colour_and_ramp_are_kept("best")


@covers("demosaic_textures.cl", "demosaic_textures")
def xtrans_keeps_a_colour(device: Device) -> None:
    flat = np.broadcast_to(np.float64([0.6, 0.4, 0.3]), (18, 24, 3))
    cfa = Cfa("GGRGGBGGBGGRBRGRBGGGBGGRGGRGGBRBGBRG")
    developer = Developer(device)
    frame = Frame(np.round(mosaic_of(flat, cfa) * 65535).astype(np.uint16), cfa=cfa)
    expected = flat @ frame.profile.camera_to_scene.T
    np.testing.assert_allclose(developer.develop(frame, Development()).read(), expected, atol=2e-3)
    release(developer)


def remosaiced(device: Device, mosaic: np.ndarray, cfa: Cfa) -> np.ndarray:
    """(H + 16, W + 16) Bayer mosaic of a quad-Bayer mosaic, with 8 pixels of its border on each side."""
    planes = planes_of(device, mosaic)
    stage = Remosaic(planes)
    stage.run(cfa, encoded=True)
    height, width = mosaic.shape
    with stage.output.view() as padded:
        result = padded[0, PAD - 8 : PAD + height + 8, PAD - 8 : PAD + width + 8].copy()
    release(stage, planes)
    return result


@covers("remosaic.cl", "remosaic")
def a_photosite_of_the_right_colour_keeps_its_value(device: Device) -> None:
    cfa, mosaic = Cfa("RGGB", block=2), RANDOM.random((12, 16)).astype(np.float32)
    y, x = np.indices(mosaic.shape)
    equal = cfa.channels()[y % 4, x % 4] == Cfa("RGGB").channels()[y % 2, x % 2]
    np.testing.assert_array_equal(remosaiced(device, mosaic, cfa)[8:-8, 8:-8][equal], mosaic[equal])


@covers("pattern_border.cl", "pattern_border")
def a_colour_continues_beyond_the_edge(device: Device) -> None:
    """The photosites of the border have the colours of the remosaiced pattern."""
    cfa = Cfa("RGGB", block=2)
    flat = np.broadcast_to(np.float64([0.4, 0.3, 0.2]), (12, 16, 3))
    result = remosaiced(device, mosaic_of(flat, cfa), cfa)
    y, x = np.indices(result.shape)
    np.testing.assert_allclose(result, np.float64([0.4, 0.3, 0.2])[Cfa("RGGB").channels()[y % 2, x % 2]], atol=STAGE)


# Depth


def distances(device: Device, map_m: np.ndarray, size: tuple[int, int], noise: float = 0.0) -> np.ndarray:
    """(H, W) metres from a map of any size, for a grey picture of `size` with a dark right half."""
    light = np.where(np.arange(size[0]) < size[0] // 2, 0.7, 0.05)[None, :, None] * np.ones((size[1], 1, 3))
    scene, stage = planes_of(device, light), DepthStage(device, *size)
    scene.mirror()
    stage.load(map_m.astype(np.float32), noise)
    result = stage.run(scene).read()[..., 0]
    release(stage, scene)
    return result


@covers("depth_place.cl", "depth_take", "depth_fill", "depth_halve", "depth_quarter", "depth_invert", "depth_place")
def a_map_of_any_size_gives_a_distance_per_pixel(device: Device) -> None:
    with_hole = np.full((24, 32), 4.0)
    with_hole[:, :16] = 1.0
    with_hole[10, 12:20] = 0.0  # filled by the more distant neighbour
    expected = with_hole.copy()
    expected[10, 12:20] = 4.0
    np.testing.assert_array_equal(distances(device, with_hole, (32, 24)), expected)
    for factor in (2, 3, 4):
        large = np.kron(expected, np.ones((factor, factor)))
        np.testing.assert_allclose(distances(device, large, (32, 24)), expected, rtol=STAGE)


@covers("depth_snap.cl", "depth_snap_half", "depth_snap")
@covers("depth_steady.cl", "depth_steady")
def a_coarse_map_snaps_to_the_edges_of_the_picture(device: Device) -> None:
    """The edge of the map is five pixels off."""
    coarse = np.where(np.arange(64) < 27, 1.0, 4.0)[None, ::4].repeat(12, axis=0)
    result = distances(device, coarse, (64, 48), noise=0.02)
    np.testing.assert_allclose(result[12:-12, 8:30], 1.0, rtol=0.05)
    np.testing.assert_allclose(result[12:-12, 34:-8], 4.0, rtol=0.05)


STEREO = {
    "stereo_census.cl": ("census_left", "census_right", "jumps"),
    "stereo_sweep.cl": ("sweep",),
    "stereo_paths.cl": ("path_costs",),
    "stereo_winner.cl": ("winner", "winner_of_pixel"),
    "stereo_fill.cl": ("remove_speckles", "fill_rows", "fill_columns", "fill", "median"),
}


def stereo_finds_a_card_and_continues_the_wall_behind_it(device: Device) -> None:
    """Tests the sweeps of a CPU and the paths of a GPU. The card hides a part of the wall from the right camera."""
    wall, card = (np.kron(RANDOM.random((24, 40)), np.ones((2, 2))).astype(np.float32) for _ in range(2))
    left, right = np.roll(wall, 6, axis=1), wall.copy()
    left[12:36, 42:62] = card[12:36, 42:62]
    right[12:36, 28:48] = card[12:36, 42:62]
    stereo = StereoDepth(device, 80, 48, 16)
    for stereo._by_sweeps in (True, False) if device.is_cpu else (False,):
        result = stereo.run(left, right)
        for rows, columns, disparity in ((slice(15, 33), slice(45, 59), 14.0), (slice(2, 46), slice(8, 30), 6.0)):
            assert (np.abs(result[rows, columns] - disparity) < 0.5).mean() > 0.98
        assert (np.abs(result[16:32, 35:41] - 6.0) < 1.0).mean() > 0.9  # hidden from the right camera
    release(stereo)


for _source, _kernels in STEREO.items():
    covers(_source, *_kernels)(stereo_finds_a_card_and_continues_the_wall_behind_it)


@covers("stereo_grey.cl", "grey_u8", "grey_u16", "grey_f32")
def a_pair_of_any_sample_type_has_the_same_depth(device: Device) -> None:
    grey = np.kron(RANDOM.integers(0, 256, (24, 40)), np.ones((2, 2), int))
    rig = StereoRig(focal_px=100.0, baseline_m=0.06)  # 6 pixels of disparity: 1 m
    pairs = StereoPairDepth(device)
    for dtype, gain in ((np.uint8, 1), (np.uint16, 257), (np.float32, 1 / 255)):
        right = np.repeat((grey * gain)[..., None], 3, axis=2).astype(dtype)
        kind = Encoding.SCENE if dtype is np.float32 else Encoding.DISPLAY
        frame = Frame(np.roll(right, 6, axis=1), kind, right=right, rig=rig)
        assert (np.abs(pairs.depth_m(frame, "live") - 1.0) < 0.1).mean() > 0.95
    release(pairs)


# Defocus


@covers("defocus_layers.cl", "coc", "weigh")
@covers("defocus_fill.cl", "fill_top", "fill_scale")
@covers("defocus_halve.cl", "halve_picture", "halve")
@covers("defocus_spread.cl", "find_full_detail", "find_detail", "spread_scale", "compose")
@covers("defocus_sprites.cl", "find_highlights", "measure_highlights", "list_highlights", "draw_highlights")
def a_defocused_lamp_is_a_disc_with_its_energy(device: Device) -> None:
    lens = gg.Lens(focal_mm=50, f_number=1.4, sensor_width_mm=36.0)
    scene = np.zeros((160, 240, 3), np.float32)
    scene[80, 120] = 1000.0
    diameter_px = float(lens.coc_px(4.0, 1.5, 240))
    result = gg.defocus(scene, np.full((160, 240), 4.0), lens=lens, focus_m=1.5)[..., 1]
    y, x = np.indices(result.shape)
    radius = np.hypot(y - 80, x - 120)
    assert result.sum() == pytest.approx(1000.0, rel=0.01)
    assert result[radius > diameter_px / 2 + 2].max() < 0.05 * result.max()
    np.testing.assert_allclose(result[radius < diameter_px / 4], 1000.0 / (np.pi * diameter_px**2 / 4), rtol=0.15)


@covers("defocus_extend.cl", "extend_picture", "extend")
@covers("defocus_fill.cl", "smooth_hidden")
def an_even_slope_of_light_continues_behind_a_blurred_bar(device: Device) -> None:
    lens = gg.Lens(focal_mm=50, f_number=1.4, sensor_width_mm=36.0)
    x = np.indices((96, 144))[1]
    slope = (0.1 + 0.005 * x).astype(np.float32)
    bar = (np.abs(x - 72) < 5).astype(np.float32)
    lights = [light[..., None].repeat(3, axis=2) for light in ((1 - bar) * slope, bar)]
    blurred = [gg.defocus(light, 3.0 - 2.3 * bar, lens=lens, focus_m=3.0, quality="best") for light in lights]
    result, coverage = (light[48, :, 1] for light in blurred)
    np.testing.assert_allclose(result[40:104], ((1 - coverage) * slope[48])[40:104], atol=0.02)


@covers("unmix_align.cl", "find_edges", "compare_maps", "align_map")
@covers("unmix_hidden.cl", "join_fronts", "find_hidden", "continue_hidden")
@covers("unmix.cl", "weigh_pure", "find_mixed", "divide_mixed", "exchange_mixed", "cover_mixed")
def a_half_covered_pixel_in_focus_keeps_half_of_its_near_light(device: Device) -> None:
    lens = gg.Lens(focal_mm=50, f_number=1.4, sensor_width_mm=36.0)
    coverage = np.zeros((48, 64), np.float32)
    coverage[:, :32] = 1.0
    coverage[:, 32] = 0.5
    near, far = np.float32([0.1, 0.6, 0.2]), np.float32([0.7, 0.2, 0.3])
    scene = coverage[..., None] * near + (1 - coverage[..., None]) * far
    depth_m = np.where(coverage > 0.4, 1.5, 6.0)
    result = gg.defocus(scene, depth_m, lens=lens, focus_m=1.5, quality="best")
    np.testing.assert_allclose(result[8:-8, 28:36], scene[8:-8, 28:36], atol=0.02)


# The table


@pytest.fixture
def launched(device: Device, monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """Source without its build options, and kernel of every launch."""
    launches: set[tuple[str, str]] = set()
    launch = device.launch

    def recording(source: str, kernel: str, *arguments: Any) -> None:
        launches.add((source.partition("?")[0], kernel))
        launch(source, kernel, *arguments)

    monkeypatch.setattr(device, "launch", recording)
    return launches


@pytest.mark.usefixtures("quick_api")
@pytest.mark.parametrize("test", dict.fromkeys(TESTS.values()), ids=lambda test: test.__name__)
def test_each_test_passes_and_launches_its_kernels(
    device: Device, launched: set[tuple[str, str]], test: KernelTest
) -> None:
    before = device.live_buffers
    test(device)
    assert device.live_buffers == before
    only_gpu = set() if device.is_cpu else {("stereo_sweep.cl", "sweep"), ("stereo_winner.cl", "winner")}
    assert {kernel for kernel, registered in TESTS.items() if registered is test} - only_gpu <= launched


def test_every_kernel_has_a_test_file_or_an_entry_in_the_table(repository: Path) -> None:
    files = {path.stem for path in (repository / "tests").rglob("test_*.py")}
    without_file = [source for source in list_kernel_sources() if f"test_{source.removesuffix('.cl')}" not in files]
    required = {(source, kernel) for source in without_file for kernel in load_kernel_source(source).entry_points()}
    assert required <= TESTS.keys()
    names = list_kernel_sources()
    assert TESTS.keys() <= {(name, kernel) for name in names for kernel in load_kernel_source(name).entry_points()}
    assert set(METHODS) >= {"rcd", "lmmse", "best", "half", "bilinear", "malvar"}
