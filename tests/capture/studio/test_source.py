"""The built-in studio and the source `scene:`."""

import itertools
import threading

import numpy as np
import pytest
from groundglass.camera import REC709_TO_REC2020
from groundglass.capture.studio import poses
from groundglass.capture.studio import render as studio
from groundglass.capture.studio import source as scene
from groundglass.capture.studio.backdrop import WALL_M, Light, draw_light
from groundglass.capture.studio.canvas import Canvas, Stem, View
from groundglass.capture.studio.charts import colour_chart_rgb
from groundglass.capture.studio.render import colour_chart_boxes, render
from groundglass.capture.studio.sensor import STUDIO_CAMERA, expose
from groundglass.capture.studio.source import SceneOptions, SceneSource, plan_ring
from groundglass.cfa import Cfa
from groundglass.errors import SourceError
from groundglass.frame import Encoding

SMALL = "scene:?size=160x90"


def take(source, count):
    return list(itertools.islice(source, count))


@pytest.fixture(scope="module")
def still():
    return render(640, 360)


def decode_srgb(encoded):
    encoded = np.asarray(encoded) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


# --- the scene


def test_depth_ranges_from_half_a_metre_to_the_wall(still):
    _, depth_m = still
    assert depth_m.dtype == np.float32
    assert depth_m.min() == pytest.approx(0.5, abs=0.02)
    assert depth_m.max() == WALL_M
    assert np.isfinite(depth_m).all()


def test_colours_have_the_levels_of_a_studio(still):
    rgb, _ = still
    assert rgb.dtype == np.float32
    assert rgb.shape == (360, 640, 3)
    assert rgb.min() >= 0
    assert 5 < rgb.max() < 10  # the lamps
    assert np.mean(rgb.max(axis=2) > 1.3) < 0.01
    assert 0.03 < np.median(rgb[..., 1]) < 0.18


def test_the_floor_has_the_depth_of_a_pinhole_projection(still):
    _, depth_m = still
    view = View.fit(640, 360)
    row = 355
    expected = 0.17 * view.focal_px / (row + 0.5 - view.horizon_y)
    assert np.median(depth_m[row]) == pytest.approx(expected, rel=1e-5)


def test_the_angle_of_view_is_that_of_50_mm_on_full_frame():
    view = View.fit(1920, 1080)
    assert np.degrees(2 * np.arctan(960 / view.focal_px)) == pytest.approx(39.6, abs=0.05)


def test_the_chart_has_its_reflectances(still):
    rgb, depth_m = still
    for (left, top, right, bottom), reference in zip(colour_chart_boxes(640, 360), colour_chart_rgb(), strict=True):
        patch = np.s_[round(top) + 2 : round(bottom) - 2, round(left) + 2 : round(right) - 2]
        np.testing.assert_allclose(
            rgb[patch].reshape(-1, 3), np.broadcast_to(reference, rgb[patch].reshape(-1, 3).shape), atol=1e-5
        )
        assert np.all(depth_m[patch] == 1.5)


def test_the_neutral_patches_are_neutral_and_the_fourth_is_near_middle_grey():
    neutrals = colour_chart_rgb()[18:]
    assert np.all(neutrals == neutrals[:, :1])
    assert neutrals[3, 0] == pytest.approx(0.19, abs=0.005)
    assert np.all(np.diff(neutrals[:, 0]) < 0)


@pytest.mark.parametrize(
    ("index", "srgb"), [(0, (115, 82, 68)), (1, (194, 150, 130)), (6, (214, 126, 44)), (14, (175, 54, 60))]
)
def test_the_patches_are_close_to_the_published_srgb_values(index, srgb):
    expected = REC709_TO_REC2020 @ decode_srgb(srgb)
    np.testing.assert_allclose(colour_chart_rgb()[index], expected, atol=0.05)


def test_a_lamp_has_the_same_energy_at_every_size():
    lamp = Light(0.0, 0.4, 0.0075, (10.0, 10.0, 10.0), 0.0)
    energy = []
    for width in (128, 1920):
        view, canvas = View.fit(width, width * 9 // 16), Canvas.empty(width * 9 // 16, width)
        draw_light(canvas, view, lamp, 0.0, 0.0)
        energy.append(canvas.rgb[1].sum() / view.focal_px**2)
    assert energy[0] == pytest.approx(energy[1], rel=0.1)


@pytest.mark.parametrize("twinkle", [0.0, 0.4])
def test_no_lamp_clips_on_the_sensor(twinkle):
    rgb, _ = render(1280, 720, twinkle)
    mosaic = expose(rgb, Cfa("RGGB"), STUDIO_CAMERA, 0, np.random.default_rng(0))
    assert rgb.max() > 5
    assert mosaic.max() < STUDIO_CAMERA.white


def test_the_light_has_no_detail_that_a_mosaic_would_alias():
    """Neighbouring steps of brightness alternate less than without the point spread."""
    rgb, _ = render(640, 360)
    green = np.log(rgb[80:330, 300:560, 1] + 0.05)
    for axis in (0, 1):
        steps = np.diff(green, axis=axis)
        alternation = np.abs(np.diff(steps, axis=axis)).mean() / np.abs(steps).mean()
        assert alternation < 1.15  # 1.4 without the point spread


def test_a_stem_is_smooth_at_every_slope():
    """The coverage of a nearly horizontal leaf changes from row to row by its slope, not in whole pixels."""
    view = View(64, 64, 1000.0)
    leaf = Stem(1.0, (-0.02, 0.160), (0.02, 0.172), (0.004, 0.004), (1.0, 1.0, 1.0))
    canvas = Canvas.empty(64, 64)
    leaf.draw(canvas, view, 0.0, samples=6, is_diffused=False)
    column_heights = canvas.cover[:, 22:36].sum(axis=0)
    assert np.ptp(column_heights) < 0.5
    assert column_heights.mean() == pytest.approx(4 * np.hypot(1, 0.3), rel=0.08)


def test_sway_moves_near_and_far_objects_in_opposite_directions():
    view = View.fit(1920, 1080)
    assert view.shift_px(0.5, 0.005) < 0 < view.shift_px(10.0, 0.005)
    assert view.shift_px(1.2, 0.005) == 0


def test_sway_changes_picture_and_depth_periodically():
    middle, right, again = (render(192, 108, phase) for phase in (0.0, 0.25, 0.5))
    assert not np.array_equal(middle[1], right[1])
    assert np.array_equal(middle[1], again[1])


def test_a_subpixel_strand_darkens_by_its_width_and_keeps_its_distance():
    view = View(32, 32, 1000.0)
    canvas = Canvas.empty(32, 32)
    canvas.rgb += 1
    width_m = 0.25 * 1.0 / 1000  # a quarter of a pixel at one metre
    Stem(1.0, (0.0, 0.10), (0.0, 0.15), (width_m, width_m), (0.0, 0.0, 0.0)).draw(canvas, view, 0.0)
    row = canvas.rgb[1, 16]
    assert (1 - row).sum() == pytest.approx(0.25, abs=1e-4)
    assert canvas.depth_m[16].min() == 1.0
    assert np.count_nonzero(np.isfinite(canvas.depth_m[16])) <= 2


@pytest.mark.parametrize("size", [(64, 64), (97, 65), (64, 200), (300, 64)])
def test_every_size_is_filled(size):
    rgb, depth_m = render(*size)
    assert rgb.shape == (size[1], size[0], 3)
    assert np.isfinite(rgb).all()
    assert np.isfinite(depth_m).all()
    assert 0.49 <= depth_m.min() <= 0.56


# --- the source


def test_a_frame_has_mosaic_profile_and_depth():
    with SceneSource("scene:?size=161x91&fps=50") as source:
        frames = take(source, 3)
    frame = frames[2]
    assert frame.encoding is Encoding.MOSAIC
    assert frame.pixels.shape == (91, 161)
    assert frame.pixels.dtype == np.uint16
    assert frame.pixels.flags.c_contiguous
    assert frame.depth_m.shape == (91, 161)
    assert frame.depth_m.flags.c_contiguous
    assert frame.cfa.pattern == "RGGB"
    assert (frame.index, frame.time_s, frame.name) == (2, 2 / 50, "scene:")
    assert frame.native_lens is None
    assert frame.arrived_s >= frames[1].arrived_s > 0
    assert (source.size, source.fps, source.frames) == ((161, 91), 50.0, None)


def test_the_chart_has_its_colours_after_development():
    size = (640, 360)
    options = SceneOptions(size=size, noise=0, fps=30)
    rgb, _ = render(*size)
    mosaic = expose(rgb, Cfa("RGGB"), STUDIO_CAMERA, options.noise, np.random.default_rng(0))
    profile = STUDIO_CAMERA
    level = (mosaic.astype(float) - profile.black[0]) / (profile.white - profile.black[0])
    superpixel = np.stack([level[0::2, 0::2], (level[0::2, 1::2] + level[1::2, 0::2]) / 2, level[1::2, 1::2]], axis=2)
    developed = (superpixel * profile.white_balance) @ profile.camera_to_scene.T * 2**profile.exposure_ev
    for (left, top, right, bottom), reference in zip(colour_chart_boxes(*size) / 2, colour_chart_rgb(), strict=True):
        patch = developed[round(top) + 2 : round(bottom) - 2, round(left) + 2 : round(right) - 2]
        np.testing.assert_allclose(patch.mean(axis=(0, 1)), reference, atol=1.5e-3)


def test_frames_depend_on_the_seed_only():
    first, again, other = (take(SceneSource(f"{SMALL}&seed={seed}"), 2) for seed in (1, 1, 2))
    assert np.array_equal(first[1].pixels, again[1].pixels)
    assert not np.array_equal(first[1].pixels, other[1].pixels)


def test_noise_differs_from_frame_to_frame():
    source = SceneSource(SMALL)
    for frame, following in itertools.pairwise(take(source, source.period + 1)):
        assert not np.array_equal(frame.pixels, following.pixels)


def test_without_noise_a_pose_is_exposed_once():
    first, second, third = take(SceneSource(f"{SMALL}&noise=0"), 3)
    assert first.pixels is second.pixels or np.shares_memory(first.pixels, second.pixels)
    assert not np.array_equal(second.pixels, third.pixels)


def test_the_loop_is_seamless():
    source = SceneSource(f"{SMALL}&noise=0&fps=30")
    frames = take(source, source.period + 1)
    assert np.shares_memory(frames[0].pixels, frames[-1].pixels)
    steps = [float(np.mean(a.depth_m != b.depth_m)) for a, b in itertools.pairwise(frames)]
    assert steps[-1] <= max(steps[:-1])


def test_iterating_does_not_render(monkeypatch):
    source = SceneSource(SMALL)
    take(source, source.period)  # all poses are rendered

    def refuse(*_args, **_kwargs):
        raise AssertionError("rendered while iterating")

    monkeypatch.setattr(studio.Studio, "pose", refuse)
    monkeypatch.setattr(poses, "expose", refuse)
    frames = take(source, 2 * source.period)
    assert np.shares_memory(frames[0].pixels, frames[source.period].pixels)


def test_without_wait_the_sway_stays_within_the_rendered_poses(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    rendered, go_on = [], threading.Event()
    pose = studio.Studio.pose

    def slow_pose(self, phase):
        if len(rendered) == 2:
            go_on.wait()
        rendered.append(phase)
        return pose(self, phase)

    monkeypatch.setattr(studio.Studio, "pose", slow_pose)
    with SceneSource(f"{SMALL}&wait=0&noise=0") as source:
        frames = iter(source)
        depths = [next(frames).depth_m for _ in range(50)]
        assert len({depth.ctypes.data for depth in depths}) <= 2
        go_on.set()


def test_interrupt_ends_a_read_that_waits_for_a_pose(monkeypatch):
    go_on, results = threading.Event(), []
    monkeypatch.setattr(poses, "expose", lambda *_: go_on.wait() and 0)
    source = SceneSource(SMALL)
    reader = threading.Thread(target=lambda: results.append(next(iter(source), None)))
    reader.start()
    source.interrupt()
    reader.join()
    go_on.set()
    source.close()
    assert results == [None]


def test_an_error_of_the_rendering_reaches_the_reader(monkeypatch):
    def fail(*_):
        raise MemoryError("no memory")

    monkeypatch.setattr(poses, "expose", fail)
    with SceneSource(SMALL) as source, pytest.raises(MemoryError, match="no memory"):
        next(iter(source))


def test_closing_ends_an_iteration():
    source = SceneSource(SMALL)
    frames = iter(source)
    next(frames)
    source.close()
    source.close()
    assert next(frames, None) is None


@pytest.mark.parametrize("size", [(640, 360), (1920, 1080), (2560, 1440)])
def test_the_ring_stays_within_its_memory(size):
    poses, exposures = plan_ring(SceneOptions(size=size))
    assert poses * size[0] * size[1] * (4 + 2 * exposures) <= scene.RING_BYTES


def test_every_key_is_optional():
    assert SceneOptions.parse("scene:") == SceneOptions((1920, 1080), 60.0, 1.0, 7, True)
    assert SceneOptions.parse("scene:?noise=0.5&size=99x77") == SceneOptions((99, 77), 60.0, 0.5, 7)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("scene:?depth=1", "no key 'depth'; the keys are size, fps, noise, seed, wait"),
        ("scene:?size=1920", "size '1920' is not WIDTHxHEIGHT"),
        ("scene:?size=63x64", "63x64 is outside 64x64 to 8192x8192"),
        ("scene:?fps=0", "fps '0' is not a number from 1 to 1000"),
        ("scene:?noise=-1", "noise '-1'"),
        ("scene:?noise=nan", "noise 'nan'"),
        ("scene:?seed=x", "seed 'x'"),
        ("scene:studio", "scene:studio: invalid name of the built-in scene"),
    ],
)
def test_an_invalid_address_gives_one_line(source, message):
    with pytest.raises(SourceError) as caught:
        SceneOptions.parse(source)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
