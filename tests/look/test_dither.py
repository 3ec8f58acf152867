"""Dithering hides banding: its amplitude is one step of the target format."""

import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest
from groundglass.gl.full_frame import FullFrame
from groundglass.gl.fusion import fuse_overlays
from groundglass.gl.planes import ScenePlanes
from groundglass.look.grade import Grader
from groundglass.look.look import load_look
from look_support import context, srgb
from window_support import open_screen

WIDTH, HEIGHT = 512, 256
RAMP = np.linspace(0.1, 0.11, WIDTH, dtype=np.float32)  # spans three 8-bit steps over the whole width


def drawn_ramp(target: str) -> np.ndarray:
    """(H, W), 0..1: a slow ramp as stored in the target format; `rgba32f` is not dithered."""
    planes, grader = ScenePlanes(context()), Grader(context())
    planes.write([np.ascontiguousarray(np.broadcast_to(RAMP, (HEIGHT, WIDTH)))] * 3)
    texture = grader.draw(planes, load_look("neutral"), target=target)
    framebuffer = context().framebuffer([texture])
    values = (
        np.frombuffer(framebuffer.read(components=3, dtype="f4"), np.float32).reshape(HEIGHT, WIDTH, 3)[..., 0].copy()
    )
    for resource in (framebuffer, grader, planes):
        resource.release()
    return values


@pytest.mark.parametrize(("target", "steps"), [("rgba8", 255), ("rgb10_a2", 1023)])
def test_a_slow_ramp_shows_no_banding_at_eight_and_ten_bits(target: str, steps: int) -> None:
    values = drawn_ramp(target)
    np.testing.assert_allclose(values * steps, np.rint(values * steps), atol=2e-3)
    error = values - drawn_ramp("rgba32f")
    assert np.abs(error).max() <= 1.2 / steps  # Mesa converts to ten bits a seventh of a step too low
    # The means of all strips agree to a tenth of a step: the noise is larger than any band.
    strips = error.reshape(HEIGHT, 32, -1).mean(axis=(0, 2))
    assert np.abs(strips - strips.mean()).max() < 0.1 / steps


def shown(picture: np.ndarray, size: tuple[int, int], taps: int) -> np.ndarray:
    """(h, w) uint8: the picture, (H, W) uint8, as a window of another size shows it."""
    ctx = context()
    texture = ctx.texture(picture.shape[::-1], 3, np.repeat(picture[..., None], 3, axis=2).tobytes(), alignment=1)
    target = ctx.texture(size, 4)
    framebuffer = ctx.framebuffer([target])
    program = FullFrame(ctx, fuse_overlays(()), ("picture",), vertex="screen.vert.glsl")
    program.set({"view_corner": (0.0, 0.0), "view_size": (1.0, 1.0)})
    program.set({"footprint": (1 / size[0], 1 / size[1]), "taps": taps, "dither_step": 1 / 255})
    texture.use(0)
    program.draw(framebuffer)
    pixels = np.frombuffer(framebuffer.read(components=3, alignment=1), np.uint8).reshape(size[1], size[0], 3)[..., 0]
    for resource in (program, framebuffer, target, texture):
        resource.release()
    return pixels[::-1]


def test_a_picture_at_its_own_size_is_unchanged() -> None:
    picture = np.random.default_rng(3).integers(0, 256, (40, 60), dtype=np.uint8)
    np.testing.assert_array_equal(shown(picture, (60, 40), 1), picture)


def test_a_dithered_picture_shows_no_banding_in_a_smaller_window() -> None:
    picture = np.rint(drawn_ramp("rgba8") * 255).astype(np.uint8)
    small = shown(picture, (WIDTH // 4, HEIGHT // 4), 4)
    expected = srgb(RAMP.astype(np.float64)).reshape(-1, 4).mean(axis=1) * 255
    error = (small - expected).reshape(HEIGHT // 4, 16, -1).mean(axis=(0, 2))
    assert np.abs(error).max() < 0.15


PRINT_BITS = (
    "from groundglass.display.glfw import GlfwSurface\nwith GlfwSurface((64, 48)) as surface: print(surface.bits)"
)


@pytest.mark.window
@pytest.mark.parametrize(("depth", "bits"), [(24, 8), (30, 10)])
def test_a_window_has_the_bit_depth_of_the_display(depth: int, bits: int) -> None:
    with contextmanager(open_screen)(depth) as screen:
        command = [sys.executable, "-c", PRINT_BITS]
        done = subprocess.run(command, env=screen.environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == str(bits), done.stderr
