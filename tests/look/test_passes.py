"""Passes without a test file of their own: one check for each, on a picture of a few pixels.

`CHECKS` lists them. Each other pass of `shaders/` has a file `test_NAME.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from around_support import bloom, halation, micro_contrast
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.overlays import Circles, Overlays
from groundglass.display.present import Presenter
from groundglass.frame import Encoding, Frame
from groundglass.gl.passes import list_overlays, list_passes
from groundglass.lens import Lens
from groundglass.look.reference import mix_channels
from look_support import context, draw_pass, scene_of, shown
from tolerances import CODE

CHECKS: dict[str, Callable[[], None]] = {}
WIDTH, HEIGHT = 24, 16
REC709 = np.array([0.2126, 0.7152, 0.0722])  # weights of the luma of a displayed picture
# Shader files that are not passes: passes and programs include them.
SHARED = {"common", "hash", "hdr_light", "output", "output_space", "present"}


def check_of(name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Decorator that registers a check of the named pass."""

    def register(test: Callable[[], None]) -> Callable[[], None]:
        CHECKS[name] = test
        return test

    return register


# Passes of a look


@check_of("print_matrix")
def each_channel_is_mixed_with_the_two_others() -> None:
    shares = {"green_to_red": 0.2, "blue_to_red": -0.1, "red_to_green": 0.05, "blue_to_green": 0.1}
    shares |= {"red_to_blue": -0.05, "green_to_blue": 0.15}
    scene = scene_of((4, 5))
    expected = mix_channels(scene.astype(float), **shares)
    np.testing.assert_allclose(draw_pass(scene, "print_matrix", **shares), shown(expected), atol=CODE)


def lamp() -> np.ndarray:
    scene = np.full((HEIGHT, WIDTH, 3), 0.05, np.float32)
    scene[8, 12] = 8.0
    return scene


@check_of("halation")
def halation_puts_a_red_halo_around_a_lamp() -> None:
    values = {"amount": 0.2, "radius": 0.05, "green": 0.3, "blue": 0.06}
    drawn = draw_pass(lamp(), "halation", **values)
    np.testing.assert_allclose(drawn, shown(halation(lamp().astype(float), **values)), atol=CODE)
    assert drawn[8, 11, 0] > drawn[8, 11, 1] > drawn[8, 11, 2]


@check_of("bloom")
def bloom_spreads_light_around_a_lamp() -> None:
    values = {"amount": 0.2, "radius": 0.05}
    drawn = draw_pass(lamp(), "bloom", **values)
    np.testing.assert_allclose(drawn, shown(bloom(lamp().astype(float), **values)), atol=CODE)
    assert np.ptp(drawn[8, 11]) < CODE


@check_of("micro_contrast")
def micro_contrast_amplifies_a_faint_texture() -> None:
    texture = np.float32([0.18, 0.2])[np.indices((HEIGHT, WIDTH)).sum(axis=0) % 2]
    scene = np.repeat(texture[..., None], 3, axis=2)
    values = {"amount": 1.0, "radius": 0.05}
    drawn = draw_pass(scene, "micro_contrast", **values)
    np.testing.assert_allclose(drawn, shown(micro_contrast(scene.astype(float), **values)), atol=CODE)
    assert drawn.std() > 1.5 * shown(scene.astype(float)).std()


# Overlays of the screen


def on_screen(name: str, picture: np.ndarray, circles: Circles | None = None, **values: object) -> np.ndarray:
    """(H, W, 3), 0..1: a grey picture (H, W), 0..1, with an overlay, as a screen of the same size shows it."""
    surface = OffscreenSurface((WIDTH, HEIGHT), gl=context())
    presenter = Presenter(surface)
    rgba = np.repeat(np.round(255 * picture)[..., None], 4, axis=2).astype(np.uint8)
    texture = context().texture((WIDTH, HEIGHT), 4, rgba.tobytes())
    overlays = Overlays((name,), {name: values}, circles=circles, equivalent_mm=25.0)  # type: ignore[dict-item]
    presenter.draw(texture, [], overlays=overlays)
    data = surface.framebuffer.read(viewport=(0, 0, WIDTH, HEIGHT), components=3, alignment=1)
    texture.release()
    presenter.release()
    surface.close()
    return np.frombuffer(data, np.uint8).reshape(HEIGHT, WIDTH, 3)[::-1] / 255


def flat(level: float) -> np.ndarray:
    return np.full((HEIGHT, WIDTH), level)


def ramp() -> np.ndarray:
    """(H, W), 0..1: one level for each column, from black to white."""
    return np.round(255 * np.linspace(0.0, 1.0, WIDTH))[None, :].repeat(HEIGHT, axis=0) / 255


@check_of("aspect_mask")
def the_area_outside_a_square_crop_is_dark() -> None:
    pixels = on_screen("aspect_mask", flat(0.6), ratio="1:1", opacity=0.5)
    np.testing.assert_allclose(pixels[:, 4:20], 0.6, atol=CODE)
    np.testing.assert_allclose(pixels[:, [*range(4), *range(20, 24)]], 0.3, atol=CODE)


@check_of("clipping")
def clipped_white_is_red_and_clipped_black_is_blue() -> None:
    pixels = on_screen("clipping", ramp(), high=0.9, low=0.1)
    for column, level in enumerate(ramp()[0]):
        expected = (1.0, 0.1, 0.1) if level >= 0.9 else (0.1, 0.3, 1.0) if level <= 0.1 else (level,) * 3
        np.testing.assert_allclose(pixels[:, column], np.broadcast_to(expected, (HEIGHT, 3)), atol=CODE)


@check_of("zebra")
def levels_above_the_limit_are_striped() -> None:
    changed = (np.abs(on_screen("zebra", ramp(), limit=0.7) - ramp()[..., None]) > 2 * CODE).any(axis=2)
    row, column = np.mgrid[:HEIGHT, :WIDTH]
    stripe = ((HEIGHT - 1 - row) + column) % 8 < 4  # in window pixels from the lower left corner
    np.testing.assert_array_equal(changed, (ramp() >= 0.7) & stripe)


@check_of("false_colour")
def well_exposed_levels_are_grey_and_extreme_levels_are_coloured() -> None:
    colourless = np.ptp(on_screen("false_colour", ramp()), axis=2)[0] < 3 * CODE
    ire = 100 * ramp()[0]
    grey = ((ire >= 10) & (ire < 38)) | ((ire >= 42) & (ire < 52)) | ((ire >= 56) & (ire < 94))
    np.testing.assert_array_equal(colourless, grey)


def changed_pixels(name: str, **values: object) -> np.ndarray:
    return (np.abs(on_screen(name, flat(0.2), **values) - 0.2) > 2 * CODE).any(axis=2)


@check_of("grid")
def grid_lines_are_at_the_thirds() -> None:
    changed = changed_pixels("grid", kind="thirds")
    left, upper = changed[HEIGHT // 2, : WIDTH // 2], changed[: HEIGHT // 2, WIDTH // 2]
    for line, third in ((left, WIDTH / 3), (upper, HEIGHT / 3)):
        assert np.flatnonzero(line).mean() + 0.5 == pytest.approx(third, abs=0.3)
    assert not changed[7:9, 11:13].any()  # no line at the centre
    assert changed_pixels("grid", kind="centre")[8, 12]


@check_of("frame_lines")
def a_frame_line_shows_the_field_of_view_of_its_focal_length() -> None:
    """On a 25 mm lens the frame of 50 mm is half as wide and half as high as the picture."""
    columns = np.flatnonzero(changed_pixels("frame_lines", pair="50-75")[8])
    assert (columns.min(), columns.max()) == pytest.approx((WIDTH / 4, 3 * WIDTH / 4), abs=1.5)


@check_of("depth_view")
def near_depth_is_bright_and_the_focused_depth_is_green() -> None:
    frame = Frame(np.zeros((HEIGHT, WIDTH, 3), np.uint8), Encoding.DISPLAY)
    depth_m = np.full((HEIGHT, WIDTH), 2.0, np.float32)
    depth_m[:, :8], depth_m[:, 16:] = 0.5, 0.0
    circles = Circles.of(depth_m, Lens(focal_mm=50, f_number=2.0, sensor_width_mm=36), 2.0, frame)
    pixels = on_screen("depth_view", flat(0.5), circles=circles)
    focused = np.array([0.35, 0.9, 0.4]) * (0.15 + 0.85 / (1 + 0.5 * 2.0)) * (0.6 + 0.4 * 0.5 * REC709.sum())
    np.testing.assert_allclose(pixels[8, 12], focused, atol=2 * CODE)
    assert pixels[8, 3, 0] > pixels[8, 3, 1] > pixels[8, 3, 2]  # in front of the depth of field: warm
    np.testing.assert_allclose(pixels[8, 20], [0.25, 0.0, 0.25], atol=CODE)  # depth unknown


# The tests


@pytest.mark.parametrize("name", CHECKS)
def test_the_check_of_a_pass_holds(name: str) -> None:
    CHECKS[name]()


def test_every_pass_has_a_test_file_or_a_check(repository: Path) -> None:
    files = {path.stem for path in (repository / "tests").rglob("test_*.py")}
    passes = {*list_passes(), *list_overlays()}
    assert {name for name in passes if f"test_{name}" not in files} <= CHECKS.keys() <= passes
    stages = {path.name for path in (repository / "shaders").glob("*.glsl") if path.stem.count(".")}  # blur.frag.glsl
    pieces = {path.stem for path in (repository / "shaders").glob("*.glsl") if path.name not in stages}
    assert pieces == passes | SHARED
