"""Viewfinder aids as drawn on the screen, compared with NumPy on the same picture."""

from __future__ import annotations

from collections.abc import Iterator

import groundglass as gg
import numpy as np
import pytest
from groundglass.cfa import Cfa
from groundglass.controls import Controls
from groundglass.display.events import Pointer, Wheel
from groundglass.display.maps import block_maxima
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.overlays import NO_OVERLAYS, Overlays
from groundglass.display.present import Presenter
from groundglass.gl.passes import list_overlays
from groundglass.tools.aids import AIDS, Aids
from groundglass.tools.legend import IRE_COLOURS
from groundglass.tools.view import ViewTool
from live_engine import LiveEngine, tool_context
from look_support import context, srgb

WIDTH, HEIGHT = 240, 160
LEVELS = np.random.default_rng(5).uniform(0, 0.6, (HEIGHT // 8, WIDTH // 8)).repeat(8, 0).repeat(8, 1)


class Bench:
    """An engine, the aids and an off-screen surface; `messages` lists the messages of the aids."""

    def __init__(self, size: tuple[int, int] = (WIDTH, HEIGHT)) -> None:
        self.size = size
        self.engine = LiveEngine(gl=context(), look="neutral", f_number=16, focus_m=2.0)
        self.surface = OffscreenSurface(size, gl=context())
        self.presenter = Presenter(self.surface)
        self.messages: list[str] = []
        self.controls = Controls()
        ctx = tool_context(self.engine, None, self.messages.append, self.controls, None, self.surface)  # type: ignore[arg-type]
        self.aids, self.view = Aids(ctx), ViewTool(ctx)
        self.controls.add([*self.aids.controls(), *self.view.controls()])

    def show(self, frame: gg.Frame) -> np.ndarray:
        """(H, W, 3) uint8: the screen."""
        self.engine.draw(frame)
        picture = self.engine.draw(frame)  # drawn with folded constants, which may round differently
        self.presenter.draw(picture, [], overlays=self.overlays(), tools=[self.view])
        data = self.surface.framebuffer.read(viewport=(0, 0, *self.size), components=3, alignment=1)
        return np.frombuffer(data, np.uint8).reshape(self.size[1], self.size[0], 3)[::-1]

    def overlays(self) -> Overlays:
        return self.aids.overlays(self.engine.drawn) | self.view.overlays(self.engine.drawn)

    def changed(self, frame: gg.Frame, threshold: int = 0, **settings: object) -> np.ndarray:
        """(H, W) bool: pixels that the aids with these settings change by more than `threshold` codes."""
        self.controls.do("aids_off")
        plain = self.show(frame).astype(int)
        for name, setting in settings.items():
            self.controls.set(name, setting)  # type: ignore[arg-type]
        return (np.abs(self.show(frame) - plain) > threshold).any(axis=2)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.presenter.release()
    bench.surface.close()
    bench.engine.close()


def grey_frame(light: np.ndarray = LEVELS) -> gg.Frame:
    """A scene-linear frame of grey light (H, W)."""
    return gg.Frame(np.repeat(light[..., None], 3, axis=2).astype(np.float32), gg.Encoding.SCENE)


def mosaic(counts: np.ndarray) -> gg.Frame:
    profile = gg.CameraProfile(black=(64.0, 60.0, 68.0, 64.0), white=1023.0)
    return gg.Frame(counts.astype(np.uint16), cfa=Cfa("GRBG"), profile=profile)


def test_every_built_in_overlay_is_an_aid_with_its_own_key(bench: Bench) -> None:
    assert sorted(aid.name for aid in AIDS) == list(list_overlays())
    for aid in AIDS:
        assert not bench.controls.get(aid.name)
        assert bench.controls.press(aid.key)


@pytest.mark.parametrize("settings", [{"zebra_limit": 0.7}, {"zebra_limit": 0.5, "zebra_band": 0.075}])
def test_zebra_stripes_exactly_the_levels_above_the_limit(bench: Bench, settings: dict[str, float]) -> None:
    frame = grey_frame()
    plain = bench.show(frame)
    luma = (plain @ [0.2126, 0.7152, 0.0722]) / 255
    limit, band = settings["zebra_limit"], settings.get("zebra_band", 0.0)
    above = np.abs(luma - limit) <= band if band else luma >= limit
    assert 0.1 < above.mean() < 0.9
    row, column = np.mgrid[:HEIGHT, :WIDTH]
    stripe = ((HEIGHT - 1 - row) + column) % 8 < 4  # in window pixels from the lower left corner
    assert np.array_equal(bench.changed(frame, zebra=True, **settings), above & stripe)


def test_raw_zebra_and_clipping_use_the_raw_values(bench: Bench) -> None:
    counts = np.random.default_rng(2).integers(64, 700, (HEIGHT, WIDTH))
    counts[40:60, 100:120] = 64  # one hot photosite in each dark block; its colour varies by row
    counts[40:60:4, 100:120:4] = 1023
    frame = mosaic(counts)
    black = np.tile([[64, 60], [68, 64]], (HEIGHT // 2, WIDTH // 2))
    light = (counts - black) / (1023 - 68)
    maximum = light.reshape(HEIGHT // 2, 2, WIDTH // 2, 2).max((1, 3)).repeat(2, 0).repeat(2, 1)
    clipped = bench.changed(frame, clipping=True, clipping_of="raw", clipping_low=0.0)
    assert np.array_equal(clipped, (maximum >= 0.99) | (maximum <= 0.0))
    row, column = np.mgrid[:HEIGHT, :WIDTH]
    stripe = ((HEIGHT - 1 - row) + column) % 8 < 4
    striped = bench.changed(frame, zebra=True, zebra_of="raw", zebra_limit=0.5)
    assert np.array_equal(striped, (maximum >= 0.5) & stripe)


def test_raw_zebra_without_raw_data_reports_it(bench: Bench) -> None:
    bench.show(grey_frame())
    bench.controls.set("zebra_of", "raw")
    bench.controls.press("C")
    assert bench.messages == ["Zebra: raw", "this picture has no raw data"]
    assert not bench.changed(grey_frame(), zebra=True).any()


def test_false_colour_shows_ire_or_stops(bench: Bench) -> None:
    stops = np.arange(-6, 6)
    light = 0.18 * 2.0 ** np.repeat(stops, WIDTH // 12)[None, :].repeat(HEIGHT, axis=0)
    frame = grey_frame(light)
    plain = bench.show(frame)[:, :, 0] / 2.55
    bench.controls.set("false_colour", True)
    shown = bench.show(frame).astype(int)
    grey = (shown.max(axis=2) - shown.min(axis=2)) < 3
    assert np.array_equal(
        grey, ((plain >= 10) & (plain < 38)) | ((plain >= 42) & (plain < 52)) | ((plain >= 56) & (plain < 94))
    )
    bench.controls.press("Shift+E")
    assert bench.messages == ["False colour: stops"]
    columns = bench.show(frame)[0, WIDTH // 24 :: WIDTH // 12].astype(int)
    assert len({tuple(colour) for colour in columns}) == 12  # each stop has its own colour
    below, above = columns[stops < 0], columns[stops > 0]
    assert (below[:, 2] > below[:, 0]).all()
    assert (above[:, 0] > above[:, 2]).all()
    assert np.ptp(columns[stops == 0][0]) < 3


def test_grid_lines_are_at_the_positions_of_their_composition(bench: Bench) -> None:
    frame = grey_frame(np.full((HEIGHT, WIDTH), 0.05))
    thirds = bench.changed(frame, grid=True)
    assert {WIDTH // 3, 2 * WIDTH // 3} <= set(np.flatnonzero(thirds.all(axis=0)))
    golden = bench.changed(frame, grid=True, grid_kind="golden")
    assert round(0.381966 * WIDTH) in np.flatnonzero(golden.all(axis=0))
    diagonal = bench.changed(frame, grid=True, grid_kind="diagonals")
    assert all(diagonal[min(round(x * HEIGHT / WIDTH), HEIGHT - 1), x] for x in range(0, WIDTH, 7))
    middle = bench.changed(frame, grid=True, grid_kind="centre")
    assert middle[HEIGHT // 2, WIDTH // 2]
    assert not middle[: HEIGHT // 3].any()


def test_frame_lines_show_the_field_of_view_of_the_focal_length(bench: Bench) -> None:
    bench.engine.lens = gg.Lens(focal_mm=28, f_number=16, sensor_width_mm=36)
    lines = bench.changed(grey_frame(np.full((HEIGHT, WIDTH), 0.05)), frame_lines=True, frame_lines_pair="50-75")
    columns = np.flatnonzero(lines[HEIGHT // 2])
    equivalent = bench.engine.lens.equivalent_mm(WIDTH / HEIGHT)
    left, right = (WIDTH / 2 * (1 + sign * equivalent / 50) for sign in (-1, 1))
    assert columns.min() == pytest.approx(left, abs=2)
    assert columns.max() == pytest.approx(right, abs=2)


def test_visible_frame_lines_are_labelled(bench: Bench) -> None:
    bench.engine.lens = gg.Lens(focal_mm=40, f_number=16, sensor_width_mm=36)
    bench.controls.set("frame_lines", True)
    bench.controls.set("frame_lines_pair", "35-135")
    frame = grey_frame(np.full((HEIGHT, WIDTH), 0.3))
    unlabelled = bench.show(frame).astype(int)
    overlays = bench.aids.overlays(bench.engine.drawn)
    bench.presenter.draw(bench.engine.draw(frame), [], overlays=overlays, tools=[bench.aids])
    data = bench.surface.framebuffer.read(viewport=(0, 0, *bench.size), components=3, alignment=1)
    labelled = np.frombuffer(data, np.uint8).reshape(HEIGHT, WIDTH, 3)[::-1]
    rows, columns = np.nonzero((np.abs(labelled - unlabelled) > 3).any(axis=2))
    half = 0.5 * bench.engine.lens.equivalent_mm(WIDTH / HEIGHT) / 135  # 35 mm has a wider view: no label
    assert WIDTH * (0.5 - half) < columns.min() < columns.max() < WIDTH / 2 + 20
    assert HEIGHT * (0.5 - half) < rows.min() < rows.max() < HEIGHT / 2 + 20


@pytest.mark.parametrize(("ratio", "value"), [("1:1", 1.0), ("16:9", 16 / 9), ("4:5", 0.8)])
def test_an_aspect_mask_leaves_a_picture_of_its_ratio(bench: Bench, ratio: str, value: float) -> None:
    unmasked = ~bench.changed(grey_frame(np.full((HEIGHT, WIDTH), 0.2)), aspect_mask=True, aspect_mask_ratio=ratio)
    rows, columns = np.nonzero(unmasked)
    width, height = columns.max() - columns.min() + 1, rows.max() - rows.min() + 1
    assert width * height == unmasked.sum()
    assert width / height == pytest.approx(value, rel=0.02)
    assert width == WIDTH or height == HEIGHT


def test_the_magnifier_shows_the_pixels_under_the_pointer_and_an_overview(bench: Bench) -> None:
    frame = grey_frame()
    plain = bench.show(frame).copy()
    bench.view.handle_event(Pointer("move", 0.7, 0.4, "none"))
    bench.controls.press("M")
    shown = bench.show(frame)
    view = bench.overlays().view
    assert view.picture_position(0.7, 0.4) == pytest.approx((0.7, 0.4)), "the point at the pointer stays there"
    for x, y in ((0.1, 0.9), (0.5, 0.5), (0.3, 0.2)):
        source = view.picture_position(x, y)
        magnified, original = (
            shown[int(y * HEIGHT), int(x * WIDTH)],
            plain[int(source[1] * HEIGHT), int(source[0] * WIDTH)],
        )
        assert np.abs(magnified.astype(int) - original).max() <= 40  # pixels are interpolated
    assert np.abs(shown[2:30, -50:-4].mean() - plain.mean()) < 12
    bench.controls.press("M")
    assert bench.overlays().view.zoom == 10
    bench.controls.press("M")
    assert np.array_equal(bench.show(frame), plain)


def test_desqueeze_shows_an_anamorphic_picture_wider(bench: Bench) -> None:
    bench.controls.set("desqueeze", "2")
    shown = bench.show(grey_frame(np.full((HEIGHT, WIDTH), 0.2)))
    rows = np.flatnonzero(shown.any(axis=(1, 2)))
    assert len(rows) == HEIGHT // 2
    assert rows[0] == HEIGHT // 4


def test_switching_all_aids_off_shows_the_plain_picture(bench: Bench) -> None:
    frame = grey_frame()
    plain = bench.show(frame).copy()
    for aid in AIDS:
        bench.controls.set(aid.name, True)
    bench.controls.set("magnifier", "5x")
    assert not np.array_equal(bench.show(frame), plain)
    bench.controls.press("0")
    assert (bench.aids.overlays(bench.engine.drawn), bench.view.overlays(None)) == (NO_OVERLAYS, NO_OVERLAYS)
    assert np.array_equal(bench.show(frame), plain)


def test_depth_view_needs_depth_and_distinguishes_near_from_far(bench: Bench) -> None:
    bench.show(grey_frame())
    bench.controls.press("Shift+D")
    assert bench.messages == ["no depth here"]
    depth_m = np.repeat([1.0, 2.0, 8.0, 0.0], WIDTH // 4)[None, :].repeat(HEIGHT, axis=0).astype(np.float32)
    bench.engine.lens = gg.Lens(focal_mm=50, f_number=1.4, sensor_width_mm=36)
    frame = gg.Frame(grey_frame().pixels, gg.Encoding.SCENE, depth_m=depth_m)
    bench.show(frame)
    bench.controls.press("Shift+D")
    near, sharp, far, unknown = (bench.show(frame)[:, WIDTH * i // 4 + 20].mean(axis=0) for i in range(4))
    assert near[0] > near[2] + 20
    assert sharp[1] > max(sharp[0], sharp[2])
    assert far[2] > far[0] + 20
    assert unknown[0] == pytest.approx(unknown[2])


def gaussian(picture: np.ndarray, sigma_px: float) -> np.ndarray:
    """(H, W): the picture with a Gaussian blur."""
    reach = np.arange(-12, 13)
    kernel = np.exp(-0.5 * (reach / sigma_px) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        edged = np.pad(picture, [(12, 12) if padded_axis == axis else (0, 0) for padded_axis in (0, 1)], "edge")
        picture = np.apply_along_axis(np.convolve, axis, edged, kernel, "valid")
    return picture


def in_focus(frame: gg.Frame, engine: LiveEngine) -> np.ndarray:
    """(H, W) bool: pixels whose circle of confusion counts as sharp, with a margin of 20 %."""
    per_diagonal = 1500 / np.hypot(*frame.size)
    circles = engine.lens.coc_scale_px(engine.focus_m, frame.width) * per_diagonal
    assert frame.depth_m is not None
    return circles * np.abs(1 - engine.focus_m / frame.depth_m) <= 1.2


def test_peaking_marks_the_layer_in_focus_and_nothing_out_of_focus() -> None:
    with gg.open("scene:?size=480x270") as source:
        frame = next(iter(source))
    bench = Bench(frame.size)
    bench.engine.look, bench.engine.focus_m = "classic", 1.2
    bench.engine.lens = gg.Lens(focal_mm=50, f_number=0.95, sensor_width_mm=36)  # a lens without focus breathing
    marked = bench.changed(frame, 24, peaking=True)
    assert marked.sum() > 300
    assert in_focus(frame, bench.engine)[marked].mean() >= 0.9
    bench.engine.focus_m = 0.3  # in front of everything
    assert not bench.changed(frame, 24, peaking=True).any()
    bench.presenter.release()
    bench.engine.close()


def test_peaking_by_contrast_distinguishes_sharp_from_soft_edges(bench: Bench) -> None:
    soft = gaussian(LEVELS, 2.5)
    half = np.where(np.arange(WIDTH) < WIDTH // 2, LEVELS, soft)
    marked = bench.changed(grey_frame(half), 24, peaking=True)
    assert marked[:, : WIDTH // 2].mean() > 0.05
    assert marked[:, : WIDTH // 2 + 2].sum() >= 0.97 * marked.sum()
    assert bench.changed(grey_frame(soft), 24, peaking=True).sum() < 0.05 * marked.sum()


def test_peaking_by_contrast_ignores_noise(bench: Bench) -> None:
    noise = np.random.default_rng(1).normal(0.2, 0.012, (HEIGHT, WIDTH))
    assert bench.changed(grey_frame(noise), 24, peaking=True).mean() < 0.001
    assert srgb(np.array(0.2)) > 0.4  # here the noise amounts to six levels of 255


@pytest.mark.parametrize("black", [(64.0,) * 4, (60.0, 64.0, 70.0, 66.0)])
def test_the_raw_map_holds_the_brightest_photosite_of_each_block(black: tuple[float, float, float, float]) -> None:
    pixels = np.random.default_rng(8).integers(0, 1024, (7, 9), np.uint16)
    frame = gg.Frame(pixels, profile=gg.CameraProfile(black=black, white=1000.0))
    padded = np.pad(pixels, ((0, 1), (0, 1)), "edge").astype(float)
    levels = np.tile(np.reshape(black, (2, 2)), (4, 5))
    light = ((padded - levels) / (1000 - max(black))).reshape(4, 2, 5, 2).max(axis=(1, 3))
    np.testing.assert_allclose(block_maxima(frame), light, atol=1e-6)


def test_the_wheel_zooms_at_the_pointer_and_a_drag_moves_the_picture(bench: Bench) -> None:
    frame = grey_frame()
    bench.show(frame)
    bench.view.handle_event(Pointer("move", 0.25, 0.75, "none"))
    for _ in range(6):
        assert bench.view.handle_event(Wheel(1.0))
    view = bench.overlays().view
    assert view.zoom == pytest.approx(4)
    assert view.picture_position(0.25, 0.75) == pytest.approx((0.25, 0.75))
    assert bench.controls.get("zoom") == pytest.approx(400)
    bench.show(frame)
    assert bench.view.handle_event(Pointer("press", 0.25, 0.75))
    for visible in ((0.3, 0.7), (0.75, 0.5)):  # positions in the window
        bench.view.handle_event(Pointer("drag", *view.picture_position(*visible)))
    assert bench.view.handle_event(Pointer("release", *view.picture_position(0.75, 0.5)))
    assert bench.overlays().view.picture_position(0.75, 0.5) == pytest.approx((0.25, 0.75), abs=0.001)
    assert not bench.surface.input.take(), "a drag is not a click"
    for _ in range(40):
        bench.view.handle_event(Wheel(1.0))
    assert bench.controls.get("zoom") == 800
    bench.view.handle_event(Wheel(-99.0))
    assert bench.view.overlays(None) is NO_OVERLAYS


def test_a_picture_that_fits_is_shown_smaller_down_to_half_its_size(bench: Bench) -> None:
    bench.show(grey_frame())
    bench.view.handle_event(Wheel(2.0))
    bench.view.handle_event(Wheel(-9.0))
    assert bench.view.overlays(None) is NO_OVERLAYS, "the whole picture is a stop"
    bench.view.handle_event(Wheel(-9.0))
    assert bench.overlays().view.shrink == pytest.approx(0.5)
    shown = bench.show(grey_frame())
    lit = shown.max(axis=2) > 0
    assert lit.any(axis=0).sum() == pytest.approx(WIDTH / 2, abs=1)
    assert lit.any(axis=1).sum() == pytest.approx(HEIGHT / 2, abs=1)
    assert lit[HEIGHT // 2, WIDTH // 2]
    assert bench.controls.get("zoom") == pytest.approx(50)
    bench.surface.input.move(WIDTH / 4, HEIGHT / 2)  # the left edge of the picture
    (moved,) = bench.surface.input.take()
    assert (moved.x, moved.y) == pytest.approx((0.0, 0.5), abs=0.02)
    bench.controls.press("Ctrl+1")
    assert bench.view.overlays(None) is NO_OVERLAYS


def test_the_second_palette_of_false_colour_is_that_of_its_legend(bench: Bench) -> None:
    levels = np.array([0.0005, 0.01, 0.13, 0.26, 0.9, 1.5])
    light = np.repeat(levels, WIDTH // 6)[None, :].repeat(HEIGHT, axis=0)
    bench.controls.set("aid_colours", "colour-blind")
    bench.controls.set("false_colour", True)
    shown = bench.show(grey_frame(light))
    colours = {tuple(colour) for colour in shown.reshape(-1, 3).tolist()}
    known = {tuple(round(255 * part) for part in rgb) for rgb in IRE_COLOURS["colour-blind"]}
    found = [each for each in known if any(np.abs(np.subtract(each, colour)).max() <= 1 for colour in colours)]
    assert len(found) >= 4


def test_a_click_in_the_zoomed_picture_is_a_click(bench: Bench) -> None:
    bench.show(grey_frame())
    bench.controls.set("zoom", 300)
    bench.show(grey_frame())
    press = Pointer("press", 0.5, 0.45)
    assert bench.view.handle_event(press)
    bench.view.handle_event(Pointer("drag", 0.5, 0.4505))
    bench.view.handle_event(Pointer("release", 0.5, 0.4505))
    assert bench.surface.input.take() == [press]
    assert not bench.view.handle_event(press), "the posted press is for the other tools"
    assert bench.view.handle_event(press), "the next one is not"


def test_the_zoom_is_relative_to_the_whole_frame_and_stays_within_the_picture(bench: Bench) -> None:
    bench.show(grey_frame(np.full((4 * HEIGHT, 4 * WIDTH), 0.2)))
    assert bench.controls.get("zoom") == 50  # 25 %, below the minimum of the slider
    bench.controls.press("Ctrl+1")
    assert bench.overlays().view.zoom == pytest.approx(4)
    left, top, right, bottom = bench.overlays().view.box
    assert min(left, top) >= 0
    assert max(right, bottom) <= 1
    bench.controls.press("Ctrl+0")
    assert bench.view.overlays(None) is NO_OVERLAYS
    assert not bench.view.handle_event(Wheel(1.0, frozenset({"Alt"}))), "the wheel with Alt turns the aperture"
