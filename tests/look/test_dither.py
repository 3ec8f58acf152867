"""No bands: what has too few steps for a smooth sky is dithered, by the steps of what it is drawn into."""

import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest
from groundglass.gl.full_frame import FullFrame
from groundglass.gl.passes import fuse_overlays
from groundglass.gl.planes import ScenePlanes
from groundglass.look.grade import Grader
from groundglass.look.look import load_look
from look_support import context, srgb
from window_support import open_screen

WIDTH, HEIGHT = 512, 256
LIGHT = np.linspace(0.1, 0.11, WIDTH, dtype=np.float32)  # three steps of eight bits over the whole width


def drawn_sky(target: str) -> np.ndarray:
    """(H, W) of a slow ramp, 0..1, as it lies in the target; undithered in `rgba32f`."""
    planes, grader = ScenePlanes(context()), Grader(context())
    planes.write([np.ascontiguousarray(np.broadcast_to(LIGHT, (HEIGHT, WIDTH)))] * 3)
    texture = grader.draw(planes, load_look("neutral"), target=target)
    seen = context().framebuffer([texture])
    numbers = np.frombuffer(seen.read(components=3, dtype="f4"), np.float32).reshape(HEIGHT, WIDTH, 3)[..., 0].copy()
    for one in (seen, grader, planes):
        one.release()
    return numbers


@pytest.mark.parametrize(("target", "steps"), [("rgba8", 255), ("rgb10_a2", 1023)])
def test_a_sky_has_no_bands_at_eight_and_at_ten_bits(target: str, steps: int) -> None:
    numbers = drawn_sky(target)
    np.testing.assert_allclose(numbers * steps, np.rint(numbers * steps), atol=2e-3)
    off = numbers - drawn_sky("rgba32f")
    assert np.abs(off).max() <= 1.2 / steps  # Mesa's own conversion to ten bits is a seventh of a step low
    # The mean over any strip is the same to a tenth of a step: no band is wider than its own noise.
    strips = off.reshape(HEIGHT, 32, -1).mean(axis=(0, 2))
    assert np.abs(strips - strips.mean()).max() < 0.1 / steps


def shown(picture: np.ndarray, size: tuple[int, int], taps: int) -> np.ndarray:
    """(h, w) uint8: a picture (H, W) uint8 as the window of another size shows it."""
    ctx = context()
    texture = ctx.texture(picture.shape[::-1], 3, np.repeat(picture[..., None], 3, axis=2).tobytes(), alignment=1)
    target = ctx.texture(size, 4)
    framebuffer = ctx.framebuffer([target])
    program = FullFrame(ctx, fuse_overlays(()), ("picture",), vertex="screen.vert.glsl")
    program.set({"view_corner": (0.0, 0.0), "view_size": (1.0, 1.0)})
    program.set({"footprint": (1 / size[0], 1 / size[1]), "taps": taps, "dither_step": 1 / 255})
    texture.use(0)
    program.draw(framebuffer)
    seen = np.frombuffer(framebuffer.read(components=3, alignment=1), np.uint8).reshape(size[1], size[0], 3)[..., 0]
    for one in (program, framebuffer, target, texture):
        one.release()
    return seen[::-1]


def test_a_picture_at_its_own_size_is_left_alone() -> None:
    picture = np.random.default_rng(3).integers(0, 256, (40, 60), dtype=np.uint8)
    np.testing.assert_array_equal(shown(picture, (60, 40), 1), picture)


def test_a_smaller_window_makes_no_bands_of_what_was_dithered() -> None:
    picture = np.rint(drawn_sky("rgba8") * 255).astype(np.uint8)
    small = shown(picture, (WIDTH // 4, HEIGHT // 4), 4)
    wanted = srgb(LIGHT.astype(np.float64)).reshape(-1, 4).mean(axis=1) * 255
    off = (small - wanted).reshape(HEIGHT // 4, 16, -1).mean(axis=(0, 2))
    assert np.abs(off).max() < 0.15


SAYS_BITS = (
    "from groundglass.display.glfw import GlfwSurface\nwith GlfwSurface((64, 48)) as surface: print(surface.bits)"
)


@pytest.mark.window
@pytest.mark.parametrize(("depth", "bits"), [(24, 8), (30, 10)])
def test_a_window_has_the_bits_that_the_display_offers(depth: int, bits: int) -> None:
    with contextmanager(open_screen)(depth) as screen:
        command = [sys.executable, "-c", SAYS_BITS]
        done = subprocess.run(command, env=screen.environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == str(bits), done.stderr
