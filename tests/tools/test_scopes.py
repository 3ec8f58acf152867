"""Scopes: counts equal to NumPy, test colours at their positions, and no blocking of the viewer's loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import groundglass as gg
import numpy as np
import pytest
from groundglass.cfa import Cfa
from groundglass.controls import Controls
from groundglass.display.events import Pointer, Wheel
from groundglass.display.tool import Canvas, Invalidation
from groundglass.errors import ControlError
from groundglass.packing import Packing
from groundglass.tools.scopes import counts, draw
from groundglass.tools.scopes.layout import Window, placed, text_px_that_fits
from groundglass.tools.scopes.scopes import Scopes
from live_engine import LiveEngine, tool_context
from look_support import context
from window_support import Live, Screen, until

RANDOM = np.random.default_rng(6)
TEXT_PX = 13


def flat(*rgb: int, size: tuple[int, int] = (64, 48)) -> np.ndarray:
    return np.full((size[1], size[0], 4), (*rgb, 255), np.uint8)


def test_the_histogram_matches_numpy() -> None:
    rgba = RANDOM.integers(0, 256, (731, 517, 4), np.uint8)
    expected = [np.bincount(rgba[..., channel].ravel(), minlength=256) for channel in range(3)]
    np.testing.assert_array_equal(counts.histogram(rgba), expected)


@pytest.mark.parametrize("level", [0, 1, 100, 254, 255])
def test_the_waveform_shows_a_level_in_its_column(level: int) -> None:
    rgba = flat(20, 20, 20, size=(300, 100))
    rgba[:, 150:200, :3] = level
    scope = counts.waveform(counts.samples(rgba))
    width = scope.shape[1]
    inside, outside = scope[:, width * 175 // 300], scope[:, width * 100 // 300]
    assert abs(int(inside.argmax()) - level) <= 1
    assert inside.max() == inside.sum()
    assert abs(int(outside.argmax()) - 20) <= 1
    assert scope.sum() == 300 * 100


def test_the_waveform_shows_the_luma_of_colours() -> None:
    for rgb in RANDOM.integers(0, 256, (40, 3)):
        scope = counts.waveform(flat(*rgb)[..., :3]).sum(axis=1)
        assert abs(int(scope.argmax()) - float(rgb @ np.array([0.2126, 0.7152, 0.0722]))) <= 1


def test_the_parade_shows_each_channel() -> None:
    scope = counts.parade(flat(10, 120, 240)[..., :3])
    np.testing.assert_array_equal(scope.sum(axis=2).argmax(axis=1), [10, 120, 240])


@pytest.mark.parametrize("level", [0.75, 1.0])
def test_the_vectorscope_shows_colour_bars_at_their_chroma(level: float) -> None:
    matrix = np.array([[-0.2126, -0.7152, 0.9278], [0.7874, -0.7152, -0.0722]]) / [[1.8556], [1.5748]]
    for colour in draw.TARGETS.values():
        rgb = np.round(255 * level * np.array(colour)).astype(int)
        row, column = np.unravel_index(counts.vectorscope(flat(*rgb)[..., :3]).argmax(), (256, 256))
        assert (column, row) == pytest.approx(128 + matrix @ rgb, abs=1.0)


def test_vectorscope_targets_are_at_the_positions_of_their_colours() -> None:
    plain = draw.draw_vectorscope(np.zeros((256, 256), np.int64), TEXT_PX).astype(int)
    for px in (TEXT_PX, 34):
        plain = draw.draw_vectorscope(np.zeros((256, 256), np.int64), px).astype(int)
        side, edge = round(draw.SIDE_EM * px), round(0.55 * px)
        for colour in draw.TARGETS.values():
            scope = counts.vectorscope(flat(*(round(191.25 * channel) for channel in colour))[..., :3])
            lit = draw.draw_vectorscope(scope, px).astype(int) - plain
            y, x = (float(indices.mean()) - edge + 0.5 for indices in np.nonzero(lit[..., :3].sum(axis=2) > 60))
            cb, cr = draw.chroma_of(tuple(0.75 * channel for channel in colour))
            assert (x, y) == pytest.approx(draw.vector_position(cb, cr, side), abs=1.5)


def test_skin_colours_are_near_the_skin_line() -> None:
    # Light skin and dark skin of the ColorChecker, sRGB.
    for rgb in ((194, 150, 130), (115, 82, 68)):
        cb, cr = draw.chroma_of(tuple(value / 255 for value in rgb))
        assert math.degrees(math.atan2(cr, cb)) == pytest.approx(draw.SKIN_DEGREES, abs=8)


@pytest.mark.parametrize("pattern", ["RGGB", "GBRG"])
def test_the_raw_histogram_counts_every_photosite(pattern: str) -> None:
    profile = gg.CameraProfile(black=(64.0, 60.0, 68.0, 64.0), white=4000.0, white_balance=(2.0, 1.0, 1.5))
    mosaic = RANDOM.integers(0, 4096, (602, 418), np.uint16)
    frame = gg.Frame(mosaic, cfa=Cfa(pattern), profile=profile)
    black = np.tile(np.reshape(profile.black, (2, 2)), (301, 209))
    light = np.maximum((mosaic - black) / (profile.white - black), 2.0**-counts.STOPS)
    channels = np.tile(frame.cfa.channels(), (301, 209))
    edges = np.append(np.arange(counts.RAW_BINS) / counts.BINS_PER_STOP - counts.STOPS, np.inf)
    expected = [np.histogram(np.log2(light[channels == channel]), edges)[0] for channel in range(3)]
    np.testing.assert_array_equal(counts.raw_histogram(frame), expected)


def test_the_raw_histogram_supports_packed_and_monochrome_frames() -> None:
    profile = gg.CameraProfile(white=1023.0)
    numbers = np.array([[1023, 512, 256, 1], [1023, 1023, 512, 0]], np.uint16)
    grey = counts.raw_histogram(gg.Frame(numbers, cfa=Cfa("MONO"), profile=profile))
    assert grey.shape == (1, counts.RAW_BINS)
    assert grey[0, -1] == 3
    assert grey[0, -1 - counts.BINS_PER_STOP] == 2
    low = (numbers & 3).astype(np.uint8)
    packed = np.concatenate([(numbers >> 2).astype(np.uint8), (low << [0, 2, 4, 6]).sum(axis=1, keepdims=True)], axis=1)
    frame = gg.Frame(packed.astype(np.uint8), cfa=Cfa("MONO"), profile=profile, packing=Packing.RAW10, packed_width=4)
    np.testing.assert_array_equal(counts.raw_histogram(frame), grey)


@pytest.mark.parametrize("text_px", [9, 10, 13, 17, 26])
def test_even_counts_are_even_in_a_plot_of_any_size(text_px: int) -> None:
    """Columns that hold one or two bins by turns do not look like a comb."""
    heights = draw._resampled(np.ones((1, 256)), 19 * text_px // 3)
    np.testing.assert_allclose(heights, heights[0, 0])
    density = draw._density(np.ones((256, 4), np.int64), 9 * text_px, 4)
    np.testing.assert_allclose(density, density[0, 0], rtol=1e-5)
    plain = draw.draw_vectorscope(np.zeros((256, 256), np.int64), text_px).astype(int)
    full = draw.draw_vectorscope(np.ones((256, 256), np.int64), text_px).astype(int)
    middle = full.shape[0] // 2
    area = np.s_[middle - 9 : middle - 2, middle - 9 : middle - 2, 3]
    has_no_line = plain[area] == np.median(plain[area])
    assert np.ptp((full - plain)[area][has_no_line]) <= 1


def test_a_clipped_channel_is_marked() -> None:
    def clip_marker(*rgb: int) -> np.ndarray:
        return draw.draw_histogram(counts.histogram(flat(*rgb)), TEXT_PX)[12, -70:, :3].max(axis=0)

    assert clip_marker(255, 20, 20)[0] > 200
    assert clip_marker(200, 20, 20)[0] < 200


class RecordingSprites:
    """Replaces the sprites of a window: records the pixels and position of each."""

    def __init__(self) -> None:
        self.shown: dict[str, np.ndarray] = {}
        self.positions: dict[str, tuple[int, int]] = {}

    def prepare(self, name: str, _: object, make: Callable[[], np.ndarray]) -> tuple[int, int]:
        self.shown[name] = make()
        return self.shown[name].shape[1], self.shown[name].shape[0]

    def draw(self, name: str, left: int, bottom: int) -> None:
        self.positions[name] = left, bottom


class Bench:
    """The scopes on an engine, off screen; `turn` is one iteration of the viewer's loop."""

    def __init__(self, engine: LiveEngine, size: tuple[int, int] = (960, 540)) -> None:
        self.engine = engine
        self.messages: list[str] = []
        self.controls = Controls()
        self.scopes = Scopes(tool_context(engine, None, self.messages.append, self.controls, None))  # type: ignore[arg-type]
        self.controls.add(self.scopes.controls())
        self.sprites = RecordingSprites()
        self.canvas = Canvas(  # type: ignore[arg-type]
            *(engine.gl, size, (0, 0, *size), 1.0, TEXT_PX, self.sprites), status=(size[0] // 3, 2 * TEXT_PX)
        )
        self.now_s = 100.0

    def turn(self, frame: gg.Frame) -> Invalidation:
        self.now_s += 1 / 30
        invalidation = self.scopes.tick(self.now_s)
        self.engine.draw(frame)
        self.scopes.on_frame(self.engine.drawn)
        self.scopes.draw(self.canvas)
        return invalidation

    def until_repainted(self, frame: gg.Frame) -> None:
        for _ in range(500):
            if self.turn(frame) is Invalidation.REPAINT:
                self.scopes.draw(self.canvas)
                return
            time.sleep(0.005)
        raise AssertionError("the scopes were not drawn")


def test_scopes_in_the_viewer_show_the_frame() -> None:
    mosaic = RANDOM.integers(0, 4096, (270, 480), np.uint16)
    frame = gg.Frame(mosaic, profile=gg.CameraProfile(white=4095.0))
    with LiveEngine(gl=context(), look="neutral") as engine:
        bench = Bench(engine)
        for _ in range(5):
            assert bench.turn(frame) is Invalidation.NOTHING
        assert not bench.scopes.busy
        for key in ("Shift+H", "Shift+H", "Shift+H", "W", "W", "W", "V"):
            assert bench.controls.press(key)
        assert bench.scopes.names == ("histogram", "raw", "waveform", "parade", "vectorscope")
        bench.until_repainted(frame)
        rgba = np.dstack([engine.render(frame), np.zeros((270, 480), np.uint8)])
        shown = bench.scopes._drawn.sprites
        np.testing.assert_array_equal(shown["histogram"], draw.draw_histogram(counts.histogram(rgba), TEXT_PX))
        np.testing.assert_array_equal(shown["raw"], draw.draw_raw_histogram(counts.raw_histogram(frame), TEXT_PX))
        # All scopes are inside the window and do not overlap.
        boxes = [(*bench.sprites.positions[name], *pixels.shape[1::-1]) for name, pixels in bench.sprites.shown.items()]
        assert len(boxes) == 5
        for index, (left, bottom, width, height) in enumerate(boxes):
            assert min(left, bottom) > 0
            assert left + width < 960
            assert bottom + height < 540
            for other_left, other_bottom, other_width, other_height in boxes[:index]:
                horizontally_apart = left + width <= other_left or other_left + other_width <= left
                vertically_apart = bottom + height <= other_bottom or other_bottom + other_height <= bottom
                assert horizontally_apart or vertically_apart
        for name in ("Shift+H", "W", "V"):
            bench.controls.press(name)
        assert bench.scopes.names == ()
        bench.scopes.close()


@pytest.mark.parametrize("name", ["histogram", "raw", "waveform", "parade", "vectorscope"])
@pytest.mark.parametrize("text_px", [7, 13, 26])
def test_the_size_of_a_scope_is_known_before_it_is_drawn(name: str, text_px: int) -> None:
    drawing = {
        "histogram": lambda: draw.draw_histogram(np.ones((3, 256), np.int64), text_px),
        "raw": lambda: draw.draw_raw_histogram(np.ones((3, counts.RAW_BINS), np.int64), text_px),
        "waveform": lambda: draw.draw_waveform(np.ones((256, 64), np.int64), text_px),
        "parade": lambda: draw.draw_parade(np.ones((3, 256, 64), np.int64), text_px),
        "vectorscope": lambda: draw.draw_vectorscope(np.ones((256, 256), np.int64), text_px),
    }
    assert draw.size_of(name, text_px) == drawing[name]().shape[1::-1]


NAMES = ("histogram", "raw", "waveform", "parade", "vectorscope")


@pytest.mark.parametrize("size", [(320, 240), (640, 360), (960, 540), (1280, 800), (2560, 1600)])
@pytest.mark.parametrize("names", [NAMES[:1], NAMES[:3], NAMES])
@pytest.mark.parametrize("scale", [1, 2])
def test_scopes_lie_in_the_window_and_never_over_the_status_line(
    size: tuple[int, int], names: tuple[str, ...], scale: int
) -> None:
    text_px = 13 * scale
    window = Window(size, (size[0] - text_px, 4 * text_px), text_px // 2)
    fitting_px = text_px_that_fits(text_px, 4, names, draw.size_of, window)
    areas = placed({name: draw.size_of(name, fitting_px) for name in names}, {}, window)
    moved = placed({name: draw.size_of(name, fitting_px) for name in names}, dict.fromkeys(names, (0.0, 0.0)), window)
    for area in (*areas.values(), *moved.values()):
        assert area.left >= 0
        assert area.bottom + area.height <= size[1]
        assert not area.overlaps(window.reserved)
    for name, area in areas.items() if fitting_px > 4 else ():  # five scopes do not fit beside large text at 320x240
        assert not any(area.overlaps(other) for other_name, other in areas.items() if other_name != name)


def test_a_scope_is_dragged_sized_and_remembered() -> None:
    frame = gg.Frame(RANDOM.integers(0, 4096, (270, 480), np.uint16), profile=gg.CameraProfile(white=4095.0))
    with LiveEngine(gl=context(), look="neutral") as engine:
        bench = Bench(engine)
        bench.controls.press("W")
        bench.until_repainted(frame)
        left, bottom = bench.sprites.positions["scope waveform"]
        width, height = draw.size_of("waveform", TEXT_PX)
        at = (left + width / 2) / 960, 1 - (bottom + height / 2) / 540
        assert bench.scopes.handle_event(Pointer("press", *at))
        assert bench.scopes.handle_event(Pointer("drag", at[0] - 0.5, at[1] - 0.5))
        assert bench.scopes.handle_event(Pointer("release", at[0] - 0.5, at[1] - 0.5))
        bench.scopes.draw(bench.canvas)
        assert bench.sprites.positions["scope waveform"] == (left - 480, bottom + 270)
        places = bench.controls.get("scope_places")
        assert not bench.scopes.handle_event(Pointer("press", *at))  # the scope is elsewhere: a click sets the focus
        bench.scopes.handle_event(Pointer("move", at[0] - 0.5, at[1] - 0.5, "none"))
        assert bench.scopes.handle_event(Wheel(3.0))
        assert bench.controls.get("scope_size") == pytest.approx(133.1)
        bench.scopes.draw(bench.canvas)
        bench.until_repainted(frame)
        shape = bench.scopes._drawn.sprites["waveform"].shape
        assert shape[1::-1] == draw.size_of("waveform", round(1.331 * TEXT_PX))
        bench.controls.do("scopes_home")
        assert bench.controls.get("scope_places") == ""
        bench.controls.set("scope_places", places)
        bench.scopes.draw(bench.canvas)
        assert bench.sprites.positions["scope waveform"][0] < 480
        with pytest.raises(ControlError, match="has no places of scopes"):
            bench.controls.set("scope_places", "waveform 7 7")
        bench.scopes.close()


def test_a_developed_picture_has_only_a_display_histogram() -> None:
    frame = gg.Frame(np.full((40, 60, 3), 90, np.uint8), gg.Encoding.DISPLAY)
    with LiveEngine(gl=context(), look="neutral") as engine:
        bench = Bench(engine)
        bench.turn(frame)
        bench.controls.set("histogram", "both")
        assert "raw histogram" in bench.messages[0]
        bench.until_repainted(frame)
        assert list(bench.scopes._drawn.sprites) == ["histogram"]
        bench.scopes.close()


def test_scopes_are_drawn_in_the_corner_of_the_window(screen: Screen, tmp_path: Path) -> None:
    live = Live(screen, tmp_path, "--size", "960x540")
    try:
        live.press("space")
        until(lambda: live.title.endswith("frozen"), "frozen")

        def corner() -> np.ndarray:
            left, top, width, height = live.place
            return screen.grab()[top + height - 110 : top + height - 10, left + width - 120 : left + width - 10]

        before = corner().astype(int)

        def changed() -> float:
            return float((np.abs(corner() - before).max(axis=2) > 10).mean())

        for key, is_shown in (("shift+h", True), ("shift+h", True), ("shift+h", True), ("shift+h", False), ("v", True)):
            live.press(key)
            until(lambda shown=is_shown: (changed() > 0.5) is shown, f"{key} shows a scope: {is_shown}")
    finally:
        live.end()
