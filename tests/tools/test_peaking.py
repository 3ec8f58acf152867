"""Focus peaking: colours the edges of what the circle of confusion calls sharp, on the screen and nowhere else."""

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
    made = Presenter(surface)
    yield made
    made.release()
    surface.close()


def shown(presenter: Presenter, picture: np.ndarray, overlays: Overlays) -> np.ndarray:
    """(H, W, 3) uint8 on the screen, of a grey picture (H, W) of levels 0..255."""
    height, width = picture.shape
    rgba = np.repeat(picture[..., None], 4, axis=2).astype(np.uint8)
    texture = context().texture((width, height), 4, rgba.tobytes())
    presenter.draw(texture, [], overlays=overlays)
    pixels = np.frombuffer(presenter._surface.framebuffer.read(viewport=(0, 0, WIDTH, HEIGHT), components=3), np.uint8)
    texture.release()
    return pixels.reshape(HEIGHT, WIDTH, 3)[::-1]


def stripes() -> np.ndarray:
    """(HEIGHT, WIDTH) of vertical stripes, 8 pixels wide."""
    return np.where(np.arange(WIDTH) // 8 % 2, 200, 40)[None, :].repeat(HEIGHT, axis=0)


def peaking(depth_m: np.ndarray, lens: Lens = FIFTY, frame: Frame | None = None, **values: object) -> Overlays:
    seen = frame or Frame(np.zeros((HEIGHT, WIDTH, 3), np.uint8), Encoding.DISPLAY)
    circles = Circles.of(depth_m.astype(np.float32), lens, FOCUS_M, seen)
    return Overlays(("peaking",), {"peaking": values}, circles=circles)  # type: ignore[dict-item]


def marked(screen: np.ndarray) -> np.ndarray:
    """(H, W) bool: where the grey picture has become a colour."""
    return np.ptp(screen.astype(int), axis=2) > 60


def test_edges_in_focus_are_marked_and_flat_areas_stay_clean(presenter: Presenter) -> None:
    plain = shown(presenter, stripes(), NO_OVERLAYS)
    assert np.array_equal(plain[..., 0], stripes())
    screen = shown(presenter, stripes(), peaking(np.full((1, 1), FOCUS_M)))
    # Two columns beside each edge, which of them is the renderer's to choose; all rows alike.
    near_an_edge = np.abs((np.arange(WIDTH) + 4.5) % 8 - 4) < 2
    assert np.array_equal(marked(screen), np.broadcast_to(marked(screen)[0], (HEIGHT, WIDTH)))
    assert near_an_edge[marked(screen)[0]].all()
    assert marked(screen)[0].sum() == 2 * (WIDTH // 8 - 1)
    assert np.array_equal(screen[~marked(screen)], plain[~marked(screen)])


def test_what_is_marked_ends_where_the_depth_of_field_ends(presenter: Presenter) -> None:
    """A ramp of distances down the picture: the rows that are marked are those that the scale calls sharp."""
    distances = np.linspace(1.7, 2.4, HEIGHT)
    near_m, far_m = depth_of_field_m(FIFTY, FOCUS_M, WIDTH / HEIGHT)
    screen = shown(presenter, stripes(), peaking(distances[:, None]))
    rows = marked(screen).any(axis=1)
    assert distances[rows].min() == pytest.approx(near_m, abs=0.02)
    assert distances[rows].max() == pytest.approx(far_m, abs=0.02)
    stopped = shown(presenter, stripes(), peaking(distances[:, None], FIFTY.at(8.0)))
    assert marked(stopped).any(axis=1).sum() > 2 * rows.sum()  # a smaller aperture, a deeper zone


def test_contrast_out_of_focus_is_not_taken_for_focus(presenter: Presenter) -> None:
    assert not marked(shown(presenter, stripes(), peaking(np.full((4, 4), 5.0)))).any()
    assert not marked(shown(presenter, stripes(), peaking(np.full((4, 4), np.inf)))).any()


@pytest.mark.parametrize("unknown", [0.0, -1.0, np.nan])
def test_where_no_distance_is_known_nothing_is_marked(presenter: Presenter, unknown: float) -> None:
    assert not marked(shown(presenter, stripes(), peaking(np.full((3, 5), unknown)))).any()
    assert not marked(shown(presenter, stripes(), Overlays(("peaking",)))).any()


def test_between_a_near_and_a_far_thing_nothing_is_in_focus(presenter: Presenter) -> None:
    """A map that is coarser than the picture is not blended over the edge: halfway lies the focus."""
    distances = np.repeat([[1.0, 1.0, 10.0, 10.0]], 4, axis=0)
    assert not marked(shown(presenter, stripes(), peaking(distances))).any()


def test_the_marks_follow_a_picture_that_is_shown_larger(presenter: Presenter) -> None:
    """The middle half of the frame's columns is in focus; shown twice as large they fill the picture."""
    distances = np.where(np.abs(np.arange(WIDTH) - WIDTH / 2 + 0.5) < WIDTH / 4, FOCUS_M, 9.0)[None, :]
    overlays = peaking(distances)
    assert overlays.circles is not None
    assert not marked(shown(presenter, stripes(), overlays))[:, : WIDTH // 5].any()
    larger = replace(overlays, circles=replace(overlays.circles, magnification=2.0))
    everywhere = shown(presenter, stripes(), peaking(np.full((1, 1), FOCUS_M)))
    assert_same_codes(shown(presenter, stripes(), larger), everywhere)


def test_what_the_capture_blurred_is_not_sharp(presenter: Presenter) -> None:
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


def test_a_map_travels_again_only_when_it_is_another(presenter: Presenter) -> None:
    near, far = np.full((6, 4), 2.0, np.float32), np.full((6, 4), 9.0, np.float32)
    assert marked(shown(presenter, stripes(), peaking(near))).any()
    texture = presenter._maps._depth
    assert not marked(shown(presenter, stripes(), peaking(far))).any()
    assert presenter._maps._depth is texture  # of the same size: nothing is allocated
    assert marked(shown(presenter, stripes(), peaking(np.full((2, 2), 2.0)))).any()


def test_an_overlay_is_no_pass_of_a_look() -> None:
    assert "peaking" in list_overlays()
    assert "peaking" not in list_passes()
    assert all(load_pass(name).stage is Stage.OVERLAY for name in list_overlays())
    with pytest.raises(LookError, match="unknown pass 'peaking'"):
        parse_look("[pass.peaking]", "mine.toml")


def test_the_scale_lies_at_the_top_and_not_in_a_window_that_is_too_small(presenter: Presenter) -> None:
    surface = OffscreenSurface((480, 270), gl=context())
    made = Presenter(surface)
    picture = context().texture((480, 270), 4, np.full((270, 480, 4), 200, np.uint8).tobytes())
    made.draw(picture, ["status"], overlays=Overlays(dof_scale=DofScale.of(FIFTY, 2.0)))
    drawn = np.frombuffer(surface.framebuffer.read(viewport=(0, 0, 480, 270)), np.uint8).reshape(270, 480, 3)[::-1]
    changed = (drawn != 200).any(axis=(1, 2))
    assert changed[10:70].all()
    assert not changed[90:230].any()
    picture.release()
    made.release()
    surface.close()
    plain = shown(presenter, stripes(), NO_OVERLAYS)
    assert np.array_equal(shown(presenter, stripes(), Overlays(dof_scale=DofScale.of(FIFTY, 2.0))), plain)


def test_a_face_is_framed(presenter: Presenter) -> None:
    plain = shown(presenter, stripes(), NO_OVERLAYS)
    framed = shown(presenter, stripes(), Overlays(face=(0.25, 0.25, 0.75, 0.75)))
    rows, columns = np.nonzero((framed != plain).any(axis=2))
    assert (columns.min(), columns.max() + 1) == pytest.approx((WIDTH / 4, 3 * WIDTH / 4), abs=1)
    assert (rows.min(), rows.max() + 1) == pytest.approx((HEIGHT / 4, 3 * HEIGHT / 4), abs=1)


def test_nothing_is_left_alive() -> None:
    surface = OffscreenSurface((WIDTH, HEIGHT), gl=context())
    made = Presenter(surface)
    shown(made, stripes(), peaking(np.full((2, 2), FOCUS_M)))
    shown(made, stripes(), Overlays(dof_scale=DofScale.of(FIFTY, 2.0), face=(0.2, 0.2, 0.8, 0.8)))
    depth = made._maps._depth
    made.release()
    assert isinstance(depth.mglo, moderngl.InvalidObject)
    assert made._programs.compiled() == (0, 0)
    made.release()
    surface.close()
