"""Passes that have no test file of their name: for each a fact, on a picture of a few pixels.

`FACTS` names them all. A pass of `shaders/` has a test of its name in `tests/`, or stands here.
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

FACTS: dict[str, Callable[[], None]] = {}
WIDTH, HEIGHT = 24, 16
REC709 = np.array([0.2126, 0.7152, 0.0722])  # the luma of a picture on the screen
# Files that passes and the programs around them include or are drawn by; none is a pass.
SHARED = {"common", "hash", "output", "output_space", "present"}


def fact(name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Enters a test into the table as what holds the pass of this name."""

    def entered(test: Callable[[], None]) -> Callable[[], None]:
        FACTS[name] = test
        return test

    return entered


# Passes of a look


@fact("print_matrix")
def a_channel_takes_from_the_two_others() -> None:
    shares = {"green_to_red": 0.2, "blue_to_red": -0.1, "red_to_green": 0.05, "blue_to_green": 0.1}
    shares |= {"red_to_blue": -0.05, "green_to_blue": 0.15}
    scene = scene_of((4, 5))
    expected = mix_channels(scene.astype(float), **shares)
    np.testing.assert_allclose(draw_pass(scene, "print_matrix", **shares), shown(expected), atol=CODE)


def lamp() -> np.ndarray:
    scene = np.full((HEIGHT, WIDTH, 3), 0.05, np.float32)
    scene[8, 12] = 8.0
    return scene


@fact("halation")
def light_comes_back_red_around_a_lamp() -> None:
    values = {"amount": 0.2, "radius": 0.05, "green": 0.3, "blue": 0.06}
    drawn = draw_pass(lamp(), "halation", **values)
    np.testing.assert_allclose(drawn, shown(halation(lamp().astype(float), **values)), atol=CODE)
    assert drawn[8, 11, 0] > drawn[8, 11, 1] > drawn[8, 11, 2]


@fact("bloom")
def light_is_spread_around_a_lamp() -> None:
    values = {"amount": 0.2, "radius": 0.05}
    drawn = draw_pass(lamp(), "bloom", **values)
    np.testing.assert_allclose(drawn, shown(bloom(lamp().astype(float), **values)), atol=CODE)
    assert np.ptp(drawn[8, 11]) < CODE


@fact("micro_contrast")
def a_faint_texture_stands_out_more() -> None:
    texture = np.float32([0.18, 0.2])[np.indices((HEIGHT, WIDTH)).sum(axis=0) % 2]
    scene = np.repeat(texture[..., None], 3, axis=2)
    values = {"amount": 1.0, "radius": 0.05}
    drawn = draw_pass(scene, "micro_contrast", **values)
    np.testing.assert_allclose(drawn, shown(micro_contrast(scene.astype(float), **values)), atol=CODE)
    assert drawn.std() > 1.5 * shown(scene.astype(float)).std()


# Overlays of the screen


def on_screen(name: str, picture: np.ndarray, circles: Circles | None = None, **values: object) -> np.ndarray:
    """(H, W, 3) float, 0..1: what a screen of the picture's size shows of it, (H, W) grey of 0..1, with an overlay."""
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
    """Every column a level of its own, from black to white."""
    return np.round(255 * np.linspace(0.0, 1.0, WIDTH))[None, :].repeat(HEIGHT, axis=0) / 255


@fact("aspect_mask")
def what_a_square_would_leave_out_is_dark() -> None:
    seen = on_screen("aspect_mask", flat(0.6), ratio="1:1", opacity=0.5)
    np.testing.assert_allclose(seen[:, 4:20], 0.6, atol=CODE)
    np.testing.assert_allclose(seen[:, [*range(4), *range(20, 24)]], 0.3, atol=CODE)


@fact("clipping")
def white_is_red_and_black_is_blue() -> None:
    seen = on_screen("clipping", ramp(), high=0.9, low=0.1)
    for column, level in enumerate(ramp()[0]):
        expected = (1.0, 0.1, 0.1) if level >= 0.9 else (0.1, 0.3, 1.0) if level <= 0.1 else (level,) * 3
        np.testing.assert_allclose(seen[:, column], np.broadcast_to(expected, (HEIGHT, 3)), atol=CODE)


@fact("zebra")
def what_is_over_the_limit_is_striped() -> None:
    changed = (np.abs(on_screen("zebra", ramp(), limit=0.7) - ramp()[..., None]) > 2 * CODE).any(axis=2)
    row, column = np.mgrid[:HEIGHT, :WIDTH]
    stripe = ((HEIGHT - 1 - row) + column) % 8 < 4  # of the window, from its lower left corner
    np.testing.assert_array_equal(changed, (ramp() >= 0.7) & stripe)


@fact("false_colour")
def what_is_well_exposed_is_grey_and_the_ends_are_not() -> None:
    colourless = np.ptp(on_screen("false_colour", ramp()), axis=2)[0] < 3 * CODE
    ire = 100 * ramp()[0]
    grey = ((ire >= 10) & (ire < 38)) | ((ire >= 42) & (ire < 52)) | ((ire >= 56) & (ire < 94))
    np.testing.assert_array_equal(colourless, grey)


def lines(name: str, **values: object) -> np.ndarray:
    return (np.abs(on_screen(name, flat(0.2), **values) - 0.2) > 2 * CODE).any(axis=2)


@fact("grid")
def a_line_lies_at_each_third() -> None:
    changed = lines("grid", kind="thirds")
    left, upper = changed[HEIGHT // 2, : WIDTH // 2], changed[: HEIGHT // 2, WIDTH // 2]
    for line, third in ((left, WIDTH / 3), (upper, HEIGHT / 3)):
        assert np.flatnonzero(line).mean() + 0.5 == pytest.approx(third, abs=0.3)
    assert not changed[7:9, 11:13].any()  # the middle is free
    assert lines("grid", kind="centre")[8, 12]


@fact("frame_lines")
def a_frame_is_what_the_focal_length_sees() -> None:
    """A 25 mm lens sees twice as much as 50 mm, whose frame is half as wide and high."""
    columns = np.flatnonzero(lines("frame_lines", pair="50-75")[8])
    assert (columns.min(), columns.max()) == pytest.approx((WIDTH / 4, 3 * WIDTH / 4), abs=1.5)


@fact("depth_view")
def near_is_bright_and_the_focus_is_green() -> None:
    frame = Frame(np.zeros((HEIGHT, WIDTH, 3), np.uint8), Encoding.DISPLAY)
    depth_m = np.full((HEIGHT, WIDTH), 2.0, np.float32)
    depth_m[:, :8], depth_m[:, 16:] = 0.5, 0.0
    circles = Circles.of(depth_m, Lens(focal_mm=50, f_number=2.0, sensor_width_mm=36), 2.0, frame)
    seen = on_screen("depth_view", flat(0.5), circles=circles)
    focused = np.array([0.35, 0.9, 0.4]) * (0.15 + 0.85 / (1 + 0.5 * 2.0)) * (0.6 + 0.4 * 0.5 * REC709.sum())
    np.testing.assert_allclose(seen[8, 12], focused, atol=2 * CODE)
    assert seen[8, 3, 0] > seen[8, 3, 1] > seen[8, 3, 2]  # before the sharp zone: warm
    np.testing.assert_allclose(seen[8, 20], [0.25, 0.0, 0.25], atol=CODE)  # not known


# The table


@pytest.mark.parametrize("name", FACTS)
def test_the_fact_holds(name: str) -> None:
    FACTS[name]()


def test_every_pass_has_a_test_of_its_name_or_a_fact(repository: Path) -> None:
    files = {path.stem for path in (repository / "tests").rglob("test_*.py")}
    passes = {*list_passes(), *list_overlays()}
    assert {name for name in passes if f"test_{name}" not in files} <= FACTS.keys() <= passes
    stages = {path.name for path in (repository / "shaders").glob("*.glsl") if path.stem.count(".")}  # blur.frag.glsl
    pieces = {path.stem for path in (repository / "shaders").glob("*.glsl") if path.name not in stages}
    assert pieces == passes | SHARED
