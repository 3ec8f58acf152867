"""The stages as functions: shapes, dtypes, errors, and the same results as in the engine."""

from __future__ import annotations

from pathlib import Path

import groundglass as gg
import numpy as np
import pytest
from groundglass.cfa import Cfa
from groundglass.compute.device import Device
from groundglass.compute.registry import open_device
from groundglass.develop.binning import Binning, binned_noise
from groundglass.errors import DeviceError, GroundglassError, LookError, SourceError
from groundglass.lens import load_lens
from PIL import Image

RANDOM = np.random.default_rng(6)
MOSAIC = RANDOM.random((24, 34)).astype(np.float32)
SCENE = RANDOM.random((24, 34, 3)).astype(np.float32)
DEPTH_M = np.full((24, 34), 2.0, np.float32)


def test_the_public_names_exist_and_are_sorted() -> None:
    assert sorted(gg.__all__) == gg.__all__
    assert all(hasattr(gg, name) for name in gg.__all__)


def test_demosaic_defocus_and_grade_in_sequence() -> None:
    mosaic, depth_m = np.tile(MOSAIC, (2, 8)), np.tile(DEPTH_M, (2, 8))
    rgb = gg.demosaic(mosaic, pattern="RGGB", method="rcd")
    lens = gg.Lens(focal_mm=50, f_number=1.4, sensor_width_mm=36.0)
    soft = gg.defocus(rgb, depth_m, lens=lens, focus_m=1.0)
    graded = gg.grade(rgb, look="classic", space="rec709")
    for picture in (rgb, soft, graded):
        assert (picture.shape, picture.dtype) == ((48, 272, 3), np.float32)
    assert soft.std() < 0.5 * rgb.std()
    assert graded.min() >= 0
    assert graded.max() <= 1


def test_the_engine_renders_the_frames_of_a_source(tmp_path: Path) -> None:
    for index, level in enumerate((60, 120, 180)):
        Image.fromarray(np.full((32, 48, 3), level, np.uint8)).save(tmp_path / f"{index}.png")
    with gg.Engine(device="auto", size=(48, 32)) as engine:
        pictures = [engine.render(frame, gg.Settings()) for frame in gg.open(tmp_path)]
    assert [picture.shape for picture in pictures] == [(32, 48, 3)] * 3
    assert np.all(np.diff([picture.mean() for picture in pictures]) > 0)


@pytest.mark.usefixtures("quick_api")
class TestDemosaic:
    def test_demosaic_accepts_anything_convertible_to_an_array(self) -> None:
        for dtype in (np.float32, np.float64, np.uint8, np.uint16):
            level = 1 if np.issubdtype(dtype, np.floating) else np.iinfo(dtype).max
            rgb = gg.demosaic(np.full((6, 8), level, dtype))
            np.testing.assert_allclose(rgb, level, rtol=1e-4)
            assert rgb.dtype == np.float32
        assert gg.demosaic([[0.5, 0.5], [0.5, 0.5]], method="half").shape == (1, 1, 3)
        transposed = gg.demosaic(MOSAIC.T)
        np.testing.assert_array_equal(transposed, gg.demosaic(np.ascontiguousarray(MOSAIC.T)))

    @pytest.mark.parametrize("shape", [(4,), (4, 4, 3), (1, 4), (4, 1), (0, 0)])
    def test_the_error_of_a_wrong_shape_defines_a_mosaic(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(ValueError, match=r"a mosaic is \(H, W\), at least 2x2, not \("):
            gg.demosaic(np.zeros(shape, np.float32))

    def test_demosaic_does_not_modify_its_argument(self) -> None:
        mosaic = MOSAIC.copy()
        gg.demosaic(mosaic)
        np.testing.assert_array_equal(mosaic, MOSAIC)


@pytest.mark.usefixtures("quick_api")
class TestDefocus:
    def test_a_built_in_lens_is_given_by_name(self) -> None:
        by_name = gg.defocus(SCENE, DEPTH_M, lens="noct-50", focus_m=1.0)
        lens = load_lens("noct-50")
        np.testing.assert_array_equal(by_name, gg.defocus(SCENE, DEPTH_M, lens=lens, focus_m=1.0))

    def test_defocus_accepts_doubles_and_views(self) -> None:
        expected = gg.defocus(SCENE[::-1].copy(), DEPTH_M, focus_m=1.0)
        np.testing.assert_array_equal(gg.defocus(SCENE.astype(float)[::-1], DEPTH_M.tolist(), focus_m=1.0), expected)

    @pytest.mark.parametrize(
        ("rgb", "depth_m"),
        [((24, 34), (24, 34)), ((24, 34, 4), (24, 34)), ((24, 34, 3), (24, 33)), ((24, 34, 3), (24, 34, 1)),
         ((0, 4, 3), (0, 4))],
    )  # fmt: skip
    def test_the_error_of_wrong_shapes_names_the_right_shapes(
        self, rgb: tuple[int, ...], depth_m: tuple[int, ...]
    ) -> None:
        with pytest.raises(ValueError, match=r"a scene is \(H, W, 3\) and its depth \(H, W\), not"):
            gg.defocus(np.zeros(rgb), np.ones(depth_m))

    @pytest.mark.parametrize("hole_m", [0.0, -1.0, float("nan")])
    def test_the_error_of_invalid_depth_names_the_values(self, hole_m: float) -> None:
        depth_m = DEPTH_M.copy()
        depth_m[3, 5] = hole_m
        with pytest.raises(ValueError, match="depth_m has values that are zero, negative or NaN; give metres"):
            gg.defocus(SCENE, depth_m)

    def test_a_wrong_quality_focus_or_lens_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="quality 'good' is unknown; use one of live, best"):
            gg.defocus(SCENE, DEPTH_M, quality="good")  # type: ignore[arg-type]
        with pytest.raises(LookError, match="is not beyond the focal length of 50 mm"):
            gg.defocus(SCENE, DEPTH_M, focus_m=0.05)
        with pytest.raises(LookError, match="lens 'noct' is unknown"):
            gg.defocus(SCENE, DEPTH_M, lens="noct")


@pytest.mark.parametrize(
    "function", [lambda **o: gg.demosaic(MOSAIC, **o), lambda **o: gg.defocus(SCENE, DEPTH_M, **o)]
)
def test_a_missing_device_is_an_error(function) -> None:
    with pytest.raises(DeviceError, match="no device 'opencl:97' here"):
        function(device="opencl:97")


def test_a_call_releases_all_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Device] = []

    def open_and_keep(spec: str) -> Device:
        opened.append(open_device(spec))
        return opened[-1]

    monkeypatch.setattr("groundglass.api.open_device", open_and_keep)
    gg.demosaic(MOSAIC)
    gg.defocus(SCENE, DEPTH_M)
    assert [device.live_buffers for device in opened] == [0, 0]


def test_the_noise_of_a_quarter_is_that_of_the_sensor() -> None:
    noise = gg.NoiseProfile(0.01, 1e-4)
    quarter = gg.demosaic(MOSAIC, method="quarter", denoise=0.5, noise=noise)
    half = gg.demosaic(Binning(Cfa()).mosaic(MOSAIC), method="half", denoise=0.5, noise=binned_noise(noise))
    np.testing.assert_allclose(quarter, half, atol=1e-6)


def test_grade_is_neutral_at_strength_0() -> None:
    np.testing.assert_allclose(
        gg.grade(SCENE, "classic", strength=0.0, local=False), gg.grade(SCENE, "neutral", local=False), atol=1e-5
    )
    with pytest.raises(GroundglassError, match="did you mean 'classic'"):
        gg.grade(SCENE, "clasic")


def test_render_is_the_first_frame_upright(tmp_path: Path) -> None:
    picture = np.zeros((20, 30, 3), np.uint8)
    picture[:5] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # stored rotated: its top appears on the right
    Image.fromarray(picture).save(tmp_path / "turned.png", exif=exif)
    rendered = gg.render(tmp_path / "turned.png", look="neutral")
    assert (rendered.shape, rendered.dtype) == ((30, 20, 3), np.uint8)
    assert rendered[:, -4:].min() > 200
    assert rendered[:, :14].max() < 5


def test_render_accepts_the_options_of_source_and_engine(tmp_path: Path) -> None:
    path = tmp_path / "frame.raw"
    RANDOM.integers(0, 4096, (32, 48), dtype=np.uint16).tofile(path)
    options = {"raw_format": "rggb12", "raw_size": "48x32"}
    sharp = gg.render(path, **options)
    soft = gg.render(path, depth="plane:4..5", focus_m=1.0, lens=gg.Lens(f_number=1.4), quality="live", **options)
    half = gg.render(path, development=gg.Development(demosaic="half"), look="natural", strength=0.5, **options)
    assert sharp.shape == soft.shape == (32, 48, 3)
    assert half.shape == (16, 24, 3)
    assert soft.std() < 0.8 * sharp.std()


def test_render_meters_raw_frames_like_the_command(tmp_path: Path) -> None:
    path = tmp_path / "dark.raw"
    np.full((32, 48), 60, np.uint16).tofile(path)
    options = {"look": "neutral", "raw_format": "rggb12", "raw_size": "48x32"}
    card = gg.grade(np.full((1, 1, 3), 0.18, np.float32), "neutral", local=False)[0, 0, 1] * 255
    assert np.median(gg.render(path, **options)[..., 1]) == pytest.approx(card, abs=3)
    as_is = gg.Development(demosaic="best", metering="off")
    assert np.median(gg.render(path, development=as_is, **options)) < card / 2


def test_the_default_picture_of_the_scene_is_well_exposed_with_warm_lamps() -> None:
    """Its mean luma, and the colour of its defocused lamps, whatever the demosaic."""
    settings = gg.Settings(development=gg.Development(metering="auto"))
    with gg.open("scene:?size=320x180") as source, gg.Engine() as engine:
        frame = next(iter(source))
        for look in ("authentic", "classic", "neutral"):
            picture = engine.render(frame, settings.with_(look=look)) / 255
            assert 0.3 < (picture @ (0.2126, 0.7152, 0.0722)).mean() < 0.45, look
        lamps = []
        for method in ("rcd", "malvar"):
            light = engine.scene(frame, settings.with_(development=gg.Development(demosaic=method)))
            wall = light[:40, 67:240].reshape(-1, 3)
            mean = wall[wall[:, 1] > np.quantile(wall[:, 1], 0.85)].mean(axis=0)
            lamps.append(mean / mean[1])
        assert lamps[0][0] > 1.08
        assert lamps[0][2] < 0.92
        np.testing.assert_allclose(*lamps, atol=0.05)


def test_a_missing_source_is_an_error(tmp_path: Path) -> None:
    for function in (gg.open, gg.render):
        with pytest.raises(SourceError, match=r"nothing\.dng: no such file or folder"):
            function(tmp_path / "nothing.dng")


class TestRenderOfAnArray:
    def test_a_picture_with_depth_is_blurred_behind_the_focus(self) -> None:
        pixels = RANDOM.integers(0, 256, (48, 64, 3), dtype=np.uint8)
        depth_m = np.full((24, 32), 1.2)
        depth_m[:, 16:] = 8.0
        picture = gg.render(pixels, depth_m=depth_m, look="neutral", lens="noct-50", focus_m=1.2)
        assert (picture.shape, picture.dtype) == ((48, 64, 3), np.uint8)
        assert picture[:, 40:].std() < 0.5 * picture[:, :24].std()
        assert gg.render(pixels, look="neutral")[:, 40:].std() > 0.9 * picture[:, :24].std()

    @pytest.mark.parametrize("unknown", [0.0, np.nan])
    def test_unknown_distances_take_the_next_farther_one(self, unknown: float) -> None:
        pixels = RANDOM.integers(0, 256, (48, 64, 3), dtype=np.uint8)
        depth_m = np.full((24, 32), 1.2)
        depth_m[:, 16:] = 8.0
        whole = gg.render(pixels, depth_m=depth_m, look="neutral", lens="noct-50", focus_m=1.2)
        depth_m[:, 16:18] = unknown
        assert np.array_equal(gg.render(pixels, depth_m=depth_m, look="neutral", lens="noct-50", focus_m=1.2), whole)

    def test_display_values_and_linear_light_are_the_same_picture(self) -> None:
        grey = np.tile(np.arange(0, 256, 4, dtype=np.uint8)[None, :, None], (8, 1, 3))
        share = grey / 255.0
        light = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
        from_light = gg.render(light, look="neutral").astype(int)
        assert np.abs(gg.render(grey, look="neutral").astype(int) - from_light).max() <= 1
        assert np.abs(gg.render(grey.astype(np.uint16) * 257, look="neutral").astype(int) - from_light).max() <= 1

    def test_depth_replaces_that_of_a_source(self, tmp_path: Path) -> None:
        Image.fromarray(RANDOM.integers(0, 256, (48, 64, 3), dtype=np.uint8)).save(tmp_path / "noise.png")
        sharp = gg.render(tmp_path / "noise.png")
        soft = gg.render(tmp_path / "noise.png", depth_m=np.full((48, 64), 9.0), focus_m=1.2)
        assert soft.std() < 0.5 * sharp.std()

    @pytest.mark.parametrize(
        "array",
        [np.zeros((4, 4)), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3), np.int64), [], np.zeros((0, 4, 3))],
    )
    def test_the_error_of_another_array_states_the_shapes(self, array: object) -> None:
        with pytest.raises(SourceError, match=r"is not a picture; give \(H, W, 3\)"):
            gg.render(array)

    def test_wrong_depth_and_options_are_errors(self) -> None:
        picture = np.zeros((8, 8, 3), np.uint8)
        with pytest.raises(SourceError, match="not a depth map"):
            gg.render(picture, depth_m=np.zeros((8, 8, 1)))
        with pytest.raises(SourceError, match="raw_size is an option of files"):
            gg.render(picture, raw_size="8x8")

    def test_the_error_of_an_engine_names_a_frame(self) -> None:
        with gg.Engine() as engine:
            for draws in (engine.render, engine.draw, engine.scene):
                for wrong in (np.zeros((4, 4, 3), np.uint8), "photo.jpg", None):
                    with pytest.raises(SourceError, match="an engine draws a Frame, not a"):
                        draws(wrong, gg.Settings())
