"""Every text over the picture has a contrast of at least 4.5 : 1, over black, grey and white (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from groundglass.display.dof_scale import DofScale, draw_dof_scale
from groundglass.display.status_line import render_text
from groundglass.lens import load_lens
from groundglass.live_edit import problem_sprite
from groundglass.live_edit.problem import Problem
from groundglass.look.reference import srgb_decode
from groundglass.tools.keyboard_map import draw_page, pages_of
from groundglass.tools.legend import draw_legend
from groundglass.tools.panel import gui
from groundglass.tools.scopes import counts, draw
from numpy.typing import NDArray

WANTED = 4.5
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
ROWS = [("", ""), ("x", "Illumination")]
FLAT = np.zeros((3, 256), np.int64)


def luminance(display_rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    return srgb_decode(np.clip(display_rgb, 0.0, 1.0)) @ LUMINANCE


def contrast(first: float, second: float) -> float:
    return (max(first, second) + 0.05) / (min(first, second) + 0.05)


def text_contrast(rgba: NDArray[np.uint8], picture: float) -> float:
    """The contrast of the strongest letters of a sprite and its background, over a grey `picture`, 0..1."""
    sprite = rgba.astype(np.float64) / 255
    seen = luminance(sprite[..., :3] + (1 - sprite[..., 3:]) * picture)
    inside = sprite[..., 3] > 0.5
    background = float(np.median(seen[inside]))
    return contrast(float(np.quantile(seen[inside], 0.999)), background)


SPRITES: dict[str, Callable[[], NDArray[np.uint8]]] = {
    "text": lambda: render_text(["scene:   classic   f/0.95"], 13, 960),
    "keyboard map": lambda: draw_page(pages_of(ROWS, 13, (960, 540))[0])[:, 40:],  # a title, which is fainter
    "legend": lambda: draw_legend("ire", 13)[22:],
    "histogram": lambda: draw.draw_histogram(FLAT, 13)[-12:],
    "raw histogram": lambda: draw.draw_raw_histogram(np.zeros((3, counts.RAW_BINS), np.int64), 13)[-12:],
    "waveform": lambda: draw.draw_waveform(np.zeros((256, 64), np.int64), 13)[:, :24],
    "vectorscope": lambda: draw.draw_vectorscope(np.zeros((256, 256), np.int64), 13)[:40],
    "depth of field": lambda: draw_dof_scale(DofScale.of(load_lens("noct-50"), 1.2), 13, 640)[:30],
    "problem": lambda: problem_sprite.render_problem(Problem("no semicolon", "grain.glsl"), 13, (960, 540)),
}


@pytest.mark.parametrize("picture", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name", list(SPRITES))
def test_texts_over_the_picture_are_readable(name: str, picture: float) -> None:
    assert text_contrast(SPRITES[name](), picture) >= WANTED


@pytest.mark.parametrize("colour", ["PLAIN", "BRIGHT", "RED", "FAINT"])
def test_all_colours_of_an_error_are_readable_over_white(colour: str) -> None:
    opacity = problem_sprite.BACKGROUND_RGBA
    background = opacity * 14 / 255 + (1 - opacity)
    text = np.array(getattr(problem_sprite, colour)) / 255
    assert contrast(float(luminance(text)), float(luminance(np.full(3, background)))) >= WANTED


def test_the_texts_of_the_panel_are_readable() -> None:
    imgui = pytest.importorskip("imgui_bundle").imgui
    context = imgui.create_context()
    gui._set_dark_theme(imgui)

    def colour(name: str, under: NDArray[np.float64]) -> NDArray[np.float64]:
        value = imgui.get_style().color_(getattr(imgui.Col_, name))
        return np.array([value.x, value.y, value.z]) * value.w + (1 - value.w) * under

    window = colour("window_bg", np.ones(3))
    for text in ("text", "text_disabled"):
        for area in ("window_bg", "popup_bg", "frame_bg", "button", "header"):
            background = colour(area, window)
            assert contrast(float(luminance(colour(text, background))), float(luminance(background))) >= WANTED, area
    for area in ("button_active", "button_hovered", "header_active", "frame_bg_active"):
        background = colour(area, window)
        assert contrast(float(luminance(colour("text", background))), float(luminance(background))) >= WANTED, area
    imgui.destroy_context(context)
