"""A picture drawn into the texture, framebuffer or array of another program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import groundglass as gg
import moderngl
import numpy as np
import pytest
from groundglass.errors import OutputError
from groundglass.gl.context import headless_context

RNG = np.random.default_rng(7)
FRAME = gg.Frame(RNG.integers(0, 255, (24, 40, 3), dtype=np.uint8), gg.Encoding.DISPLAY)
SETTINGS = gg.Settings()
GREY = gg.Frame(np.full((24, 40, 3), 118, np.uint8), gg.Encoding.DISPLAY)


@pytest.fixture(scope="module")
def engine() -> Iterator[gg.Engine]:
    with gg.Engine(look_route="gl") as opened:
        yield opened


def pixels_of(texture: moderngl.Texture) -> np.ndarray:
    """(H, W, 3), the first row at the top, of a texture whose origin is at the bottom."""
    return np.frombuffer(texture.read(), np.uint8).reshape(texture.height, texture.width, -1)[::-1, :, :3]


def test_a_texture_of_the_same_size_has_the_pixels_of_render(engine: gg.Engine) -> None:
    texture = engine.gl.texture((40, 24), 4)
    engine.draw(FRAME, SETTINGS, into=texture)
    assert np.array_equal(pixels_of(texture), engine.render(FRAME, SETTINGS))
    texture.release()


def test_a_framebuffer_keeps_its_viewport_scissor_and_mask_and_has_the_whole_picture(engine: gg.Engine) -> None:
    texture = engine.gl.texture((40, 24), 3)
    framebuffer = engine.gl.framebuffer([texture])
    framebuffer.viewport = (1, 2, 3, 4)
    framebuffer.scissor, framebuffer.color_mask = (0, 0, 5, 6), (True, False, True, True)
    engine.draw(FRAME, SETTINGS, into=framebuffer)
    assert framebuffer.viewport == (1, 2, 3, 4)
    assert (framebuffer.scissor, framebuffer.color_mask) == ((0, 0, 5, 6), (True, False, True, True))
    assert np.array_equal(pixels_of(texture), engine.render(FRAME, SETTINGS))
    framebuffer.release()
    texture.release()


def test_another_shape_has_the_whole_picture_on_black(engine: gg.Engine) -> None:
    texture = engine.gl.texture((80, 80), 4)
    engine.draw(GREY, gg.Settings(look="neutral"), into=texture)
    pixels = pixels_of(texture)
    assert pixels[16:64].min() > 100
    assert pixels[:16].max() == pixels[64:].max() == 0
    texture.release()


def test_a_float_texture_is_a_target_too(engine: gg.Engine) -> None:
    texture = engine.gl.texture((40, 24), 4, dtype="f2")
    engine.draw(FRAME, SETTINGS, into=texture)
    values = np.frombuffer(texture.read(), np.float16).reshape(24, 40, 4)[::-1, :, :3]
    assert np.abs(255 * values - engine.render(FRAME, SETTINGS)).max() < 0.2
    texture.release()


def test_the_same_target_makes_no_objects(engine: gg.Engine, gl_objects: Any) -> None:
    texture = engine.gl.texture((40, 24), 4)
    for _ in range(2):  # constants are folded at the second draw
        engine.draw(FRAME, SETTINGS, into=texture)
    alive = gl_objects.alive(engine.gl)
    engine.draw(FRAME, SETTINGS, into=texture)
    assert gl_objects.alive(engine.gl) == alive
    texture.release()


def released(gl: moderngl.Context) -> moderngl.Texture:
    texture = gl.texture((4, 4), 4)
    texture.release()
    return texture


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda gl: np.zeros((24, 40, 3), np.uint8),
            "into is a ndarray; give a moderngl.Texture .*to render as out",
        ),
        (released, "into: the texture is released; make another"),
        (lambda gl: gl.texture((4, 4), 1), r"a texture of 1 components of f1 cannot hold.*gl.texture\(size, 4\)"),
        (lambda gl: gl.texture((4, 4), 4, dtype="u1"), "a texture of 4 components of u1 cannot hold the picture"),
        (lambda gl: gl.depth_texture((4, 4)), "a texture of 1 components of f4 cannot hold the picture"),
    ],
)
def test_an_unsuitable_target_is_named(engine: gg.Engine, make: Any, message: str) -> None:
    target = make(engine.gl)
    with pytest.raises(gg.GroundglassError, match=message):
        engine.draw(FRAME, SETTINGS, into=target)
    if isinstance(target, moderngl.Texture) and not isinstance(target.mglo, moderngl.InvalidObject):
        target.release()


def test_a_target_of_another_context_is_named(engine: gg.Engine) -> None:
    other = headless_context()
    texture = other.texture((40, 24), 4)
    with pytest.raises(gg.GroundglassError, match=r"belongs to another OpenGL context; make .* Engine\(gl=context"):
        engine.draw(FRAME, SETTINGS, into=texture)
    other.__enter__()
    texture.release()
    other.release()
    engine.gl.__enter__()


@pytest.mark.parametrize("channels", [3, 4])
def test_render_fills_an_array(engine: gg.Engine, channels: int) -> None:
    out = np.zeros((24, 40, channels), np.uint8)
    assert engine.render(FRAME, SETTINGS, out=out) is out
    assert np.array_equal(out[..., :3], engine.render(FRAME, SETTINGS))
    assert channels == 3 or out[..., 3].min() == 255


def test_render_fills_a_part_of_an_array(engine: gg.Engine) -> None:
    page = np.zeros((30, 50, 4), np.uint8)
    engine.render(FRAME, SETTINGS, out=page[3:27, 5:45])
    assert np.array_equal(page[3:27, 5:45, :3], engine.render(FRAME, SETTINGS))
    assert page[:3].max() == page[:, :5].max() == 0


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ([], r"out is a list; give a NumPy array \(H, W, 3\) or \(H, W, 4\) uint8"),
        (np.zeros((24, 40, 3), np.float32), r"out \(24, 40, 3\) float32 cannot hold the picture"),
        (np.zeros((24, 40), np.uint8), r"out \(24, 40\) uint8 cannot hold"),
        (np.zeros((40, 24, 3), np.uint8), r"out \(40, 24, 3\) has another size than the picture; give \(24, 40, 3\)"),
        (np.broadcast_to(np.uint8(0), (24, 40, 3)), r"out read-only \(24, 40, 3\) uint8 cannot hold the picture"),
    ],
)
def test_an_unsuitable_array_is_named(engine: gg.Engine, out: Any, message: str) -> None:
    with pytest.raises(gg.GroundglassError, match=message):
        engine.render(FRAME, SETTINGS, out=out)


def test_framebuffers_that_cannot_hold_the_picture_are_refused(engine: gg.Engine) -> None:
    gl = engine.gl
    own = engine.draw(FRAME, SETTINGS).texture
    integers, grey = gl.texture((8, 8), 4, dtype="u1"), gl.texture((8, 8), 1)
    released = gl.texture((8, 8), 4)
    of_released = gl.framebuffer([released])
    released.release()
    cases = [
        (gl.framebuffer([integers]), "cannot hold the picture"),
        (gl.framebuffer([grey]), "cannot hold the picture"),
        (gl.framebuffer(depth_attachment=gl.depth_texture((8, 8))), "has no colours"),
        (of_released, "is released"),
        (own, "own picture"),
    ]
    for target, message in cases:
        with pytest.raises(OutputError, match=message):
            engine.draw(FRAME, SETTINGS, into=target)
