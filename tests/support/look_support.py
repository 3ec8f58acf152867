"""Helpers for the look's tests: a shared context, a look with a single pass, and the display encoding in NumPy."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path

import moderngl
import numpy as np
from groundglass.camera import REC2020_TO_REC709
from groundglass.gl.context import headless_context, make_current
from groundglass.look.grade import grade
from groundglass.look.look import Look, parse_look

LUMINANCE = np.array([0.2627002, 0.6779981, 0.0593017])  # Rec.2020
HALF_STEP = 0.5 / 255.0
# Crosstalk between the channels, and the matrix that it yields.
SHARES = {
    "green_to_red": 0.1,
    "blue_to_red": -0.05,
    "red_to_green": 0.08,
    "blue_to_green": 0.03,
    "red_to_blue": -0.02,
    "green_to_blue": 0.2,
}
MATRIX = np.array([[0.95, 0.1, -0.05], [0.08, 0.89, 0.03], [-0.02, 0.2, 0.82]])
ENCODED = 1.0 / 255.0  # tolerance of the GPU's picture


def context() -> moderngl.Context:
    """The shared context, made current: releasing another test's context leaves no context current."""
    ctx = _context()
    make_current(ctx)
    return ctx


@cache
def _context() -> moderngl.Context:
    return headless_context()


def look_of(pass_name: str, **values: object) -> Look:
    lines = [f"[pass.{pass_name}]"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return parse_look("\n".join(lines), "test.toml")


def draw_pass(scene_rec2020: np.ndarray, pass_name: str, *, frame_index: int = 0, **values: object) -> np.ndarray:
    """(H, W, 3) display sRGB of a look with a single pass."""
    look = look_of(pass_name, **values)
    return grade(scene_rec2020, look, space="rec2020", frame_index=frame_index, ctx=context())


def scene_of(shape: tuple[int, int] = (9, 13), brightest: float = 1.0, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).random((*shape, 3)).astype(np.float32) * brightest


def srgb(linear: np.ndarray) -> np.ndarray:
    """Encodes linear light, clipped to 0..1, as sRGB (IEC 61966-2-1)."""
    x = np.clip(linear, 0.0, 1.0)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.maximum(x, 1e-9) ** (1 / 2.4) - 0.055)


def srgb_decoded(display: np.ndarray) -> np.ndarray:
    return np.where(display <= 0.04045, display / 12.92, ((display + 0.055) / 1.055) ** 2.4)


def shown(display_rec2020: np.ndarray) -> np.ndarray:
    """Linear Rec.2020 display light as sRGB. Colours outside Rec.709 move towards grey of the same luminance."""
    own = (display_rec2020 @ LUMINANCE)[..., None]
    rec709, grey = display_rec2020 @ REC2020_TO_REC709.T, np.clip(own, 0.0, 1.0)
    lowest, highest = (end(rec709, axis=-1, keepdims=True) for end in (np.min, np.max))
    below = grey / np.maximum(grey - np.minimum(lowest, 0.0), 1e-9)
    above = (1.0 - grey) / np.maximum(np.maximum(highest, 1.0) - grey, 1e-9)
    return srgb(grey + (rec709 - own) * np.minimum(below, above))


@cache
def some_lut() -> str:
    """The path of a .cube file with distinct colours: curves of eleven entries, then a cube of five nodes per edge."""
    dice = np.random.default_rng(4)
    curves = np.linspace(0, 1, 11)[:, None] ** [0.8, 1.0, 1.3]
    levels = np.linspace(0, 1, 5)
    blue, green, red = np.meshgrid(levels, levels, levels, indexing="ij")
    colours = np.stack([red, green, blue], axis=-1).reshape(-1, 3) * 0.7 + dice.uniform(0, 0.3, (125, 3))
    lines = ["LUT_1D_SIZE 11", "LUT_3D_SIZE 5", *(" ".join(map(str, row)) for row in (*curves, *colours))]
    path = Path(tempfile.mkdtemp()) / "some.cube"
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)
