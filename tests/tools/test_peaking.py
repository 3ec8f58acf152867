"""Focus peaking: colours edges whose circle of confusion counts as sharp, on the screen only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import moderngl
import numpy as np
import pytest
from groundglass.display.dof_scale import DofScale
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.overlays import NO_OVERLAYS, Circles, Overlays
from groundglass.display.present import Presenter
from groundglass.errors import LookError
from groundglass.frame import Encoding, Frame
from groundglass.gl.passes import Stage, list_overlays, list_passes, load_pass
from groundglass.lens import Lens
from groundglass.look.look import parse_look
from groundglass.optics.focus import depth_of_field_m
from look_support import context
from tolerances import assert_same_codes

WIDTH, HEIGHT = 96, 64
FIFTY = Lens(focal_mm=50, f_number=2.0, sensor_width_mm=36)
FOCUS_M = 2.0


@pytest.fixture(scope="module")
def presenter() -> Iterator[Presenter]:
    surface = OffscreenSurface((WIDTH, HEIGHT), gl=context())
    presenter = Presenter(surface)
    yield presenter
    presenter.release()
    surface.close()


def shown(presenter: Presenter, picture: np.ndarray, overlays: Overlays) -> np.ndarray:
    """(H, W, 3) uint8: the screen for a grey picture (H, W) of levels 0..255."""
    height, width = picture.shape
    rgba = np.repeat(picture[..., None], 4, axis=2).astype(np.uint8)
    texture = context().texture((width, height), 4, rgba.tobytes())
    presenter.draw(texture, [], overlays=overlays)
    pixels = np.frombuffer(presenter._surface.framebuffer.read(viewport=(0, 0, WIDTH, HEIGHT), components=3), np.uint8)
    texture.release()
    return pixels.reshape(HEIGHT, WIDTH, 3)[::-1]


def stripes() -> np.ndarray:
    """(HEIGHT, WIDTH): vertical stripes, 8 pixels wide."""
    return np.where(np.arange(WIDTH) // 8 % 2, 200, 40)[None, :].repeat(HEIGHT, axis=0)


def peaking(depth_m: np.ndarray, lens: Lens = FIFTY, frame: Frame | None = None, **values: object) -> Overlays:
    captured = frame or Frame(np.zeros((HEIGHT, WIDTH, 3), np.uint8), Encoding.DISPLAY)
    circles = Circles.of(depth_m.astype(np.float32), lens, FOCUS_M, captured)
    return Overlays(("peaking",), {"peaking": values}, circles=circles)  # type: ignore[dict-item]


def marked(screen: np.ndarray) -> np.ndarray:
    """(H, W) bool: coloured pixels of the grey picture."""
    return np.ptp(screen.astype(int), axis=2) > 60


def test_edges_in_focus_are_marked_and_flat_areas_are_not(presenter: Presenter) -> None:
    plain = shown(presenter, stripes(), NO_OVERLAYS)
    assert np.array_equal(plain[..., 0], stripes())
    screen = shown(presenter, stripes(), peaking(np.full((1, 1), FOCUS_M)))
    # Two columns next to each edge, the same in all rows; the renderer decides which.
    near_an_edge = np.abs((np.arange(WIDTH) + 4.5) % 8 - 4) < 2
    assert np.array_equal(marked(screen), np.broadcast_to(marked(screen)[0], (HEIGHT, WIDTH)))
    assert near_an_edge[marked(screen)[0]].all()
    assert marked(screen)[0].sum() == 2 * (WIDTH // 8 - 1)
    assert np.array_equal(screen[~marked(screen)], plain[~marked(screen)])


def test_marking_ends_at_the_limits_of_the_depth_of_field(presenter: Presenter) -> None:
    """Distance increases down the picture; the marked rows are those within the depth of field."""
    distances = np.linspace(1.7, 2.4, HEIGHT)
    near_m, far_m = depth_of_field_m(FIFTY, FOCUS_M, WIDTH / HEIGHT)
    screen = shown(presenter, stripes(), peaking(distances[:, None]))
    rows = marked(screen).any(axis=1)
    assert distances[rows].min() == pytest.approx(near_m, abs=0.02)
    assert distances[rows].max() == pytest.approx(far_m, abs=0.02)
    stopped = shown(presenter, stripes(), peaking(distances[:, None], FIFTY.at(8.0)))
    assert marked(stopped).any(axis=1).sum() > 2 * rows.sum()  # a smaller aperture has more depth of field


def test_contrast_out_of_focus_is_not_marked(presenter: Presenter) -> None:
    assert not marked(shown(presenter, stripes(), peaking(np.full((4, 4), 5.0)))).any()
    assert not marked(shown(presenter, stripes(), peaking(np.full((4, 4), np.inf)))).any()


@pytest.mark.parametrize("unknown", [0.0, -1.0, np.nan])
def test_pixels_of_unknown_distance_are_not_marked(presenter: Presenter, unknown: float) -> None:
    assert not marked(shown(presenter, stripes(), peaking(np.full((3, 5), unknown)))).any()
    assert not marked(shown(presenter, stripes(), Overlays(("peaking",)))).any()


def test_depth_is_not_interpolated_between_a_near_and_a_far_object(presenter: Presenter) -> None:
    """The focus lies between both distances, so an interpolated coarse depth map would mark the edge."""
    distances = np.repeat([[1.0, 1.0, 10.0, 10.0]], 4, axis=0)
    assert not marked(shown(presenter, stripes(), peaking(distances))).any()


def test_marking_follows_the_magnification_of_the_picture(presenter: Presenter) -> None:
    """The middle half of the columns is in focus; magnified twofold it fills the picture."""
    distances = np.where(np.abs(np.arange(WIDTH) - WIDTH / 2 + 0.5) < WIDTH / 4, FOCUS_M, 9.0)[None, :]
    overlays = peaking(distances)
    assert overlays.circles is not None
    assert not marked(shown(presenter, stripes(), overlays))[:, : WIDTH // 5].any()
    larger = replace(overlays, circles=replace(overlays.circles, magnification=2.0))
    everywhere = shown(presenter, stripes(), peaking(np.full((1, 1), FOCUS_M)))
    assert_same_codes(shown(presenter, stripes(), larger), everywhere)


def test_areas_blurred_by_the_capturing_lens_are_not_marked(presenter: Presenter) -> None:
    wide_open = Lens(focal_mm=50, f_number=1.0, sensor_width_mm=36)
    frame = Frame(np.zeros((HEIGHT, WIDTH, 3), np.uint8), Encoding.DISPLAY, native_lens=wide_open, native_focus_m=1.0)
    assert not marked(shown(presenter, stripes(), peaking(np.full((1, 1), FOCUS_M), frame=frame))).any()


def test_the_colour_and_the_threshold_are_parameters(presenter: Presenter) -> None:
    in_focus = np.full((1, 1), FOCUS_M)
    green = shown(presenter, stripes(), peaking(in_focus, colour="green"))
    assert (green[marked(green)][:, 1] > green[marked(green)][:, 0]).all()
    faint = np.where(stripes() > 100, 110, 100)
    assert not marked(shown(presenter, faint, peaking(in_focus))).any()
    assert marked(shown(presenter, faint, peaking(in_focus, contrast=0.01))).any()


def test_a_new_depth_map_is_uploaded_to_the_same_texture(presenter: Presenter) -> None:
    near, far = np.full((6, 4), 2.0, np.float32), np.full((6, 4), 9.0, np.float32)
    assert marked(shown(presenter, stripes(), peaking(near))).any()
    texture = presenter._maps._depth
    assert not marked(shown(presenter, stripes(), peaking(far))).any()
    assert presenter._maps._depth is texture  # same size: no allocation
    assert marked(shown(presenter, stripes(), peaking(np.full((2, 2), 2.0)))).any()


def test_an_overlay_cannot_be_a_pass_of_a_look() -> None:
    assert "peaking" in list_overlays()
    assert "peaking" not in list_passes()
    assert all(load_pass(name).stage is Stage.OVERLAY for name in list_overlays())
    with pytest.raises(LookError, match="unknown pass 'peaking'"):
        parse_look("[pass.peaking]", "mine.toml")


def test_the_depth_of_field_scale_is_at_the_top_and_hidden_in_a_small_window(presenter: Presenter) -> None:
    surface = OffscreenSurface((480, 270), gl=context())
    large = Presenter(surface)
    picture = context().texture((480, 270), 4, np.full((270, 480, 4), 200, np.uint8).tobytes())
    large.draw(picture, ["status"], overlays=Overlays(dof_scale=DofScale.of(FIFTY, 2.0)))
    drawn = np.frombuffer(surface.framebuffer.read(viewport=(0, 0, 480, 270)), np.uint8).reshape(270, 480, 3)[::-1]
    changed = (drawn != 200).any(axis=(1, 2))
    assert changed[10:70].all()
    assert not changed[90:230].any()
    picture.release()
    large.release()
    surface.close()
    plain = shown(presenter, stripes(), NO_OVERLAYS)
    assert np.array_equal(shown(presenter, stripes(), Overlays(dof_scale=DofScale.of(FIFTY, 2.0))), plain)


def test_a_face_is_framed(presenter: Presenter) -> None:
    plain = shown(presenter, stripes(), NO_OVERLAYS)
    framed = shown(presenter, stripes(), Overlays(face=(0.25, 0.25, 0.75, 0.75)))
    rows, columns = np.nonzero((framed != plain).any(axis=2))
    assert (columns.min(), columns.max() + 1) == pytest.approx((WIDTH / 4, 3 * WIDTH / 4), abs=1)
    assert (rows.min(), rows.max() + 1) == pytest.approx((HEIGHT / 4, 3 * HEIGHT / 4), abs=1)


def test_release_frees_all_gl_objects() -> None:
    surface = OffscreenSurface((WIDTH, HEIGHT), gl=context())
    large = Presenter(surface)
    shown(large, stripes(), peaking(np.full((2, 2), FOCUS_M)))
    shown(large, stripes(), Overlays(dof_scale=DofScale.of(FIFTY, 2.0), face=(0.2, 0.2, 0.8, 0.8)))
    depth = large._maps._depth
    large.release()
    assert isinstance(depth.mglo, moderngl.InvalidObject)
    assert large._programs.compiled() == (0, 0)
    large.release()
    surface.close()
