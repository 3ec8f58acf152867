"""The whole pipeline, from a frame to a picture, for all orientations, sizes and settings."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import groundglass as gg
import numpy as np
import pytest
from groundglass.errors import GroundglassError, LookError
from groundglass.gl.context import headless_context
from groundglass.lens import load_lens
from groundglass.look.grade import Part, grade
from groundglass.orientation import upright
from live_engine import LiveEngine
from PIL import Image
from tolerances import DITHERED_CODE, STAGE, assert_close_but_for, assert_same_codes, same_codes

RANDOM = np.random.default_rng(11)


@pytest.fixture(scope="module")
def engine() -> Iterator[LiveEngine]:
    with LiveEngine(look="neutral") as made:
        yield made
    assert made.device.live_buffers == 0


@pytest.fixture(autouse=True)
def settings(engine: LiveEngine) -> None:
    """Every test starts with the same settings."""
    engine.look, engine.strength, engine.lens, engine.focus_m = "neutral", 1.0, load_lens("noct-50"), 1.2
    engine.development, engine.quality = gg.Development(), "live"
    engine.clock.reset()


def mosaic(height: int = 96, width: int = 128, **fields: object) -> gg.Frame:
    """A smooth gradient as the mosaic of a 16-bit RGGB sensor."""
    y, x = np.mgrid[:height, :width]
    light = 0.15 + 0.3 * x / width + 0.2 * y / height + 0.1 * np.sin(x / 7) * np.cos(y / 5)
    return gg.Frame((light * 65535).astype(np.uint16), **fields)


def two_planes(height: int, width: int) -> np.ndarray:
    """Depth in metres: 0.6 on the left, 1.2 (the focus) in the middle, 8 on the right."""
    columns = np.repeat([0.6, 1.2, 8.0], -(-width // 3))[:width]
    return np.ascontiguousarray(np.broadcast_to(columns, (height, width)), np.float32)


def test_a_picture_is_8_bit_rgb_of_the_frame_s_size(engine: LiveEngine) -> None:
    frame = mosaic(97, 131)
    picture = engine.render(frame)
    assert (picture.shape, picture.dtype) == ((97, 131, 3), np.uint8)
    scene = engine.scene(frame)
    assert (scene.shape, scene.dtype) == ((97, 131, 3), np.float32)
    assert 20 < picture.mean() < 235


def test_the_picture_is_the_scene_in_its_look(engine: LiveEngine) -> None:
    frame = mosaic(depth_m=two_planes(96, 128))
    expected = grade(engine.scene(frame), "neutral", space="rec2020")
    assert np.abs(engine.render(frame) / 255 - expected).max() < DITHERED_CODE


def test_the_built_in_scene_passes_all_stages(engine: LiveEngine) -> None:
    with gg.open("scene:?size=192x128&fps=2") as source:
        frame = next(iter(source))
    picture = engine.render(frame)
    assert picture.shape == (128, 192, 3)
    assert picture.std() > 20
    assert list(engine.clock.stages()) == ["develop", "optics", "transfer", "look"]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("height", "width"), [(96, 128), (97, 128), (96, 129), (97, 129)])
def test_a_rotated_mosaic_gives_the_rotated_picture(
    engine: LiveEngine, orientation: int, height: int, width: int
) -> None:
    """The rotation precedes development and includes the CFA, black levels and depth."""
    profile = gg.CameraProfile(black=(900, 1000, 1100, 1200), white_balance=(1.6, 1.0, 1.3))
    frame = mosaic(height, width, cfa=gg.Cfa("GRBG"), profile=profile, depth_m=two_planes(height, width))
    expected = upright(engine.scene(frame), orientation)
    turned = engine.scene(replace(frame, orientation=orientation))
    if orientation < 5:  # the blur has the same size in pixels
        np.testing.assert_allclose(turned, expected, atol=0.02)
    assert turned.shape == expected.shape
    # The blur scales with the picture's width: sharp pictures are compared if the rotation swaps the sides.
    flat = replace(frame, depth_m=None)
    expected = upright(engine.scene(flat), orientation)
    # The demosaic selects directions; if two fit equally well, rounding decides.
    assert_close_but_for(
        engine.scene(replace(flat, orientation=orientation)), expected, atol=STAGE, share=1e-3, worst=2e-3
    )
    assert engine.render(replace(frame, orientation=orientation)).shape == expected.shape


@pytest.mark.parametrize("encoding", [gg.Encoding.DISPLAY, gg.Encoding.SCENE])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_rotated_rgb_frame_gives_the_rotated_picture(
    engine: LiveEngine, encoding: gg.Encoding, orientation: int
) -> None:
    dtype = np.uint8 if encoding is gg.Encoding.DISPLAY else np.float32
    pixels = np.random.default_rng(3).integers(0, 2, (31, 47, 3)).astype(dtype)
    frame = gg.Frame(pixels, encoding=encoding)
    expected = upright(engine.scene(frame), orientation)
    np.testing.assert_array_equal(engine.scene(replace(frame, orientation=orientation)), expected)


def test_settings_take_effect_with_the_next_frame(engine: LiveEngine) -> None:
    frame = mosaic(depth_m=two_planes(96, 128))
    before = engine.render(frame)

    def changes(**settings: object) -> bool:
        kept = {name: getattr(engine, name) for name in settings}
        for name, value in settings.items():
            setattr(engine, name, value)
        changed = not same_codes(engine.render(frame), before)
        for name, value in kept.items():
            setattr(engine, name, value)
        return changed

    assert changes(look="classic")
    assert changes(lens=engine.lens.at(8))
    assert changes(focus_m=3.0)
    assert changes(development=gg.Development(demosaic="malvar"))
    assert changes(development=gg.Development(demosaic="half"))
    assert changes(quality="best")
    assert not changes(focus_m=1.2)
    engine.look = "classic"
    classic = engine.render(frame)
    engine.strength = 0.0
    np.testing.assert_allclose(engine.render(frame).astype(int), before, atol=1)
    assert not np.array_equal(classic, before)


def test_exposure_is_in_stops(engine: LiveEngine) -> None:
    frame = mosaic()
    before = engine.scene(frame)
    engine.development = gg.Development(exposure_ev=1.0)
    np.testing.assert_allclose(engine.scene(frame), 2 * before, rtol=1e-4, atol=1e-5)


def test_a_wider_aperture_blurs_more_and_the_focus_stays(engine: LiveEngine) -> None:
    random = np.random.default_rng(5).integers(0, 65536, (96, 129), dtype=np.uint16)
    engine.lens = replace(engine.lens, vignetting=0.0, breathing_percent=0.0)
    sharp = engine.scene(gg.Frame(random))
    frame = gg.Frame(random, depth_m=two_planes(96, 129))
    contrasts = []
    for f_number in (16, 4, 0.95):
        engine.lens = engine.lens.at(f_number)
        scene = engine.scene(frame)
        contrasts.append([scene[8:-8, part].std() for part in (slice(8, 35), slice(94, 121))])
        np.testing.assert_allclose(scene[:, 60:69], sharp[:, 60:69], atol=1 / 255)
    assert (np.diff(contrasts, axis=0) < 0).all()


def test_a_virtual_lens_adds_only_what_the_capture_lacks(engine: LiveEngine) -> None:
    frame = mosaic(depth_m=two_planes(96, 128))
    sharp = engine.scene(replace(frame, depth_m=None))
    native = replace(frame, native_lens=engine.lens, native_focus_m=engine.focus_m)
    np.testing.assert_allclose(engine.scene(native), sharp, atol=1e-5)


def test_frames_may_change_size_and_kind(engine: LiveEngine) -> None:
    fresh = {}
    frames = {
        "small": mosaic(33, 47, depth_m=two_planes(33, 47)),
        "large": mosaic(120, 200, depth_m=two_planes(120, 200)),
        "without depth": mosaic(33, 47),
        "picture": gg.Frame(np.full((40, 30, 3), 128, np.uint8), encoding=gg.Encoding.DISPLAY),
        "deep picture": gg.Frame(
            np.full((40, 30, 3), 30000, np.uint16), encoding=gg.Encoding.DISPLAY, depth_m=two_planes(40, 30)
        ),
        "scene": gg.Frame(np.full((40, 30, 3), 0.18, np.float32), encoding=gg.Encoding.SCENE),
    }
    for name, frame in frames.items():
        fresh[name] = engine.render(frame)
        assert fresh[name].shape == (*frame.pixels.shape[:2], 3)
    for name in (*reversed(frames), *frames):
        assert_same_codes(engine.render(frames[name]), fresh[name], name)  # first with uniforms, then with constants


@pytest.mark.parametrize(("height", "width"), [(96, 128), (97, 129), (5, 7), (2, 2)])
def test_half_size_works_with_full_size_depth(engine: LiveEngine, height: int, width: int) -> None:
    engine.development = gg.Development(demosaic="half")
    frame = mosaic(height, width, depth_m=two_planes(height, width))
    assert engine.render(frame).shape == (height // 2, width // 2, 3)
    assert np.isfinite(engine.scene(frame)).all()


def test_half_size_equals_the_reduced_full_size(engine: LiveEngine) -> None:
    """Blur discs have the same size relative to the picture."""
    frame = mosaic(192, 256, depth_m=two_planes(192, 256))
    full = engine.scene(frame).reshape(96, 2, 128, 2, 3).mean(axis=(1, 3))
    engine.development = gg.Development(demosaic="half")
    differences = np.abs(engine.scene(frame) - full)[8:-8, 8:-8]
    mixed = [35, 78, 79]  # behind the edges of the planes in front, where demosaicing mixes both sides
    assert differences[:, mixed].max() < 0.05
    np.testing.assert_allclose(np.delete(differences, mixed, axis=1), 0.0, atol=0.02)


def test_the_depth_at_a_clicked_position(engine: LiveEngine) -> None:
    depth_m = two_planes(96, 129)
    engine.draw(mosaic(96, 129, depth_m=depth_m))
    assert engine.depth_at(0.0, 0.0) == pytest.approx(0.6)
    assert engine.depth_at(0.5, 0.5) == pytest.approx(1.2)
    assert engine.depth_at(1.0, 1.0) == pytest.approx(8.0)
    engine.draw(mosaic(96, 129, depth_m=depth_m, orientation=6))  # left becomes top
    assert engine.depth_at(0.99, 0.0) == pytest.approx(0.6)
    assert engine.depth_at(0.0, 0.99) == pytest.approx(8.0)
    engine.draw(mosaic(96, 129))
    assert engine.depth_at(0.5, 0.5) is None


def test_a_frame_after_the_first_allocates_nothing(engine: LiveEngine) -> None:
    frame = mosaic(depth_m=two_planes(96, 128))
    engine.render(frame)
    alive = engine.device.live_buffers
    for index in range(3):
        engine.focus_m = 1.0 + index
        engine.draw(replace(frame, pixels=frame.pixels + index, depth_m=frame.depth_m + index, index=index))
        assert engine.device.live_buffers == alive


def test_with_a_size_the_engine_is_ready_before_the_first_frame() -> None:
    with LiveEngine(size=(128, 96), look="neutral") as warm:
        alive, built = warm.device.live_buffers, len(warm.device._kernels)
        assert warm.clock.stages() == {}
        warm.render(mosaic(depth_m=two_planes(96, 128)))
        assert (warm.device.live_buffers, len(warm.device._kernels)) == (alive, built)


def test_close_releases_everything_and_may_be_called_twice() -> None:
    own = LiveEngine()
    own.render(mosaic(depth_m=two_planes(96, 128)))
    assert own.device.live_buffers > 0
    own.close()
    assert own.device.live_buffers == 0
    own.close()
    LiveEngine().close()  # before any frame


def test_a_given_context_stays_open() -> None:
    context = headless_context()
    with LiveEngine(gl=context) as borrowed:
        borrowed.render(mosaic(16, 16))
        assert borrowed.gl is context
    assert context.error == "GL_NO_ERROR"
    context.release()


def test_a_separate_grade_call_does_not_change_the_picture() -> None:
    frame = gg.Frame(np.full((64, 64), 3000, np.uint16))
    with LiveEngine() as engine:
        before = engine.render(frame)
        gg.grade(np.zeros((8, 8, 3), np.float32))  # creates and releases its own GL context
        assert_same_codes(engine.render(frame), before)


def test_invalid_settings_are_an_error_before_the_first_frame() -> None:
    for settings, complaint in (
        ({"device": "gpu"}, "device 'gpu' is not understood"),
        ({"lens": "noct"}, "did you mean 'noct-50'"),
        ({"f_number": 0.5}, "is outside f/0.95 to f/16"),
        ({"focus_m": 0.01}, "is not beyond the focal length"),
        ({"look": "classik"}, "did you mean 'classic'"),
    ):
        with pytest.raises(GroundglassError) as caught:
            LiveEngine(**settings)
        assert complaint in str(caught.value)
    with pytest.raises(LookError):
        LiveEngine(focus_m=0.0)


@pytest.mark.parametrize(("demosaic", "size"), [("rcd", (64, 48)), ("half", (32, 24))])
def test_a_binned_quad_sensor_works_with_depth(engine: LiveEngine, demosaic: str, size: tuple[int, int]) -> None:
    engine.development = gg.Development(demosaic=demosaic, quad="bin")
    frame = mosaic(cfa=gg.Cfa("RGGB", block=2), depth_m=two_planes(96, 128))
    assert engine.render(frame).shape == (*size[::-1], 3)


def test_a_picked_grey_becomes_neutral(engine: LiveEngine) -> None:
    profile = gg.CameraProfile(white_balance=(1.5, 1.0, 2.0))
    frame = gg.Frame(np.full((96, 128), 20000, np.uint16), profile=profile)
    engine.draw(frame)
    assert np.ptp(engine.scene(frame), axis=2).min() > 0.1
    assert engine.drawn.grey_at(0.5, 0.5) == "1,1,1"
    engine.development = gg.Development(white_balance="1,1,1")
    assert np.ptp(engine.scene(frame), axis=2).max() < 1e-4


def test_a_drawn_frame_has_its_frame_and_settings(engine: LiveEngine) -> None:
    frame, settings = mosaic(depth_m=two_planes(96, 128), orientation=6), gg.Settings(focus_m=2.0)
    drawn = engine.engine.draw(frame, settings)
    assert (drawn.captured, drawn.settings) == (frame, settings)
    assert drawn.frame.size == drawn.texture.size == drawn.scene.size == (96, 128)
    assert drawn.has_depth
    assert drawn.aspect == 0.75
    target = drawn.autofocus()
    assert target is not None
    assert target.distance_m == pytest.approx(1.2)


def test_a_frame_is_developed_once_for_both_sides_of_a_wipe(
    engine: LiveEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame, settings = mosaic(depth_m=two_planes(96, 128)), gg.Settings(look="neutral")
    developed = []
    developer = engine._pipeline.developer
    develop = developer.develop
    monkeypatch.setattr(developer, "develop", lambda *given: (developed.append(given), develop(*given))[1])
    for _ in range(2):
        for side, look in (("right", "classic"), ("left", "neutral")):
            engine.engine.draw(frame, settings.with_(look=look), part=Part(side, 0.3))
    assert len(developed) == 2
    engine.engine.draw(frame, settings.with_(focus_m=3.0), part=Part("right", 0.3))
    engine.engine.draw(frame, settings, part=Part("left", 0.3))
    engine.engine.draw(frame, settings)
    engine.engine.draw(frame, settings)
    assert len(developed) == 6


def test_alternating_sizes_and_qualities_rebuild_nothing(engine: LiveEngine) -> None:
    frames = [mosaic(*size, depth_m=two_planes(*size)) for size in ((96, 128), (64, 80))]
    kinds = [(frame, gg.Settings(quality=quality)) for frame in frames for quality in ("live", "best")]
    stages = engine._pipeline.depth, engine._pipeline.defocus, engine._transfer._packed
    for frame, settings in kinds:
        engine.engine.draw(frame, settings)
    made = [id(stage) for kept in stages for stage in kept._stages.values()]
    for frame, settings in 3 * kinds:
        engine.engine.draw(frame, settings)
    assert sorted(made) == sorted(id(stage) for kept in stages for stage in kept._stages.values())


def test_prepared_stages_and_kernels_are_not_built_during_a_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    frame, best = mosaic(50, 70, depth_m=two_planes(50, 70)), gg.Settings(quality="best")
    with gg.Engine() as engine:
        drawn = engine.draw(frame, gg.Settings())
        defocus = engine._pipeline.defocus
        make = defocus._make
        monkeypatch.setattr(defocus, "_make", lambda *key: time.sleep(0.3) or make(*key))  # is made last
        engine.prepare(drawn, best)
        while engine.is_preparing:
            time.sleep(0.001)
        assert defocus.has(70, 50, "best")
        alive = engine.device.live_buffers
        with monkeypatch.context() as patched:
            patched.setattr(type(engine.device), "_build", lambda *_: pytest.fail("compiled during a frame"))
            engine.draw(frame, best)
        assert engine.device.live_buffers == alive


@pytest.mark.parametrize(("scale", "size"), [(1.0, (128, 96)), (0.75, (96, 72)), (0.5, (64, 48)), (0.25, (32, 24))])
def test_a_scaled_picture_resembles_the_reduced_full_picture(
    engine: LiveEngine, scale: float, size: tuple[int, int]
) -> None:
    frame = mosaic(depth_m=two_planes(96, 128))
    settings = gg.Settings(look="neutral", f_number=8.0, scale=scale)
    picture = engine.engine.render(frame, settings)
    assert picture.shape == (size[1], size[0], 3)
    full = Image.fromarray(engine.engine.render(frame, settings.with_(scale=1.0))).resize(size, Image.Resampling.BOX)
    difference = np.abs(picture.astype(float) - np.asarray(full, dtype=float))
    assert difference.mean() < 1.5


@pytest.mark.parametrize("encoding", [gg.Encoding.DISPLAY, gg.Encoding.SCENE])
def test_pictures_without_a_mosaic_are_scaled_too(engine: LiveEngine, encoding: gg.Encoding) -> None:
    pixels = np.full((50, 71, 3), 0.25 if encoding is gg.Encoding.SCENE else 128)
    pixels = pixels.astype(np.float32 if encoding is gg.Encoding.SCENE else np.uint8)
    frame, settings = gg.Frame(pixels, encoding), gg.Settings(look="neutral", scale=0.5)
    picture = engine.engine.render(frame, settings)
    assert picture.shape == (25, 36, 3)
    assert np.ptp(picture) <= 2


def test_a_scaled_frame_has_at_least_one_pixel(engine: LiveEngine) -> None:
    assert engine.engine.render(mosaic(2, 2), gg.Settings(scale=0.25)).shape == (1, 1, 3)


def test_the_second_side_of_a_wipe_is_drawn_from_its_own_light_after_scene() -> None:
    frame = mosaic(depth_m=two_planes(96, 128))
    sharp, blurred = gg.Settings(look="classic", f_number=16.0), gg.Settings(look="classic", focus_m=5.0)
    with gg.Engine(look_route="kernel") as engine:
        expected = engine.render(frame, sharp)
        engine.draw(frame, sharp, part=Part("right", 0.5))
        engine.scene(frame, blurred)
        texture = engine.draw(frame, sharp, part=Part("left", 0.5)).texture
        picture = np.frombuffer(texture.read(), np.uint8).reshape(96, 128, 4)[..., :3]
    assert_same_codes(picture, expected)
