"""Built-in inputs of passes: time, pointer and images, also by ShaderToy's names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from groundglass.compute.device import Device
from groundglass.errors import LookError
from groundglass.gl.planes import ScenePlanes
from groundglass.gl.program import SHADERS
from groundglass.gl.shader_inputs import NO_POINTER
from groundglass.look.grade import Grader, look_picture
from groundglass.look.look import Look, load_look
from groundglass.look.look_files import write_look
from groundglass.look.reference import srgb_decode
from look_support import context
from numpy.typing import NDArray
from PIL import Image
from route_support import BothRoutes, half_scene

CLOCK = """#pragma pass place display
vec3 clock(vec3 rgb, PixelContext place) {
    return vec3(fract(seconds), pointer.x, float(frame_index) * 0.01);
}
"""
TOY = """// As published, unchanged.
float wave(float x) { return 0.5 + 0.5 * sin(x); }

void mainImage( out vec4 fragColor, in vec2 fragCoord )
{
    vec2 uv = fragCoord / iResolution.xy;
    fragColor = vec4(uv.y, wave(iTime), iMouse.y / iResolution.y + 0.0 * float(iFrame), 1.0);
}
"""
READER = """void mainImage(out vec4 fragColor, in vec2 fragCoord) {
    fragColor = texture(iChannel0, fragCoord / iResolution.xy);
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    SHADERS.set_search_path(tmp_path)
    yield tmp_path
    SHADERS.set_search_path()


def look_of(folder: Path, name: str, text: str, values: str = "") -> Look:
    (folder / f"{name}.glsl").write_text(text)
    (folder / "own.toml").write_text(f"[pass.{name}]\n{values}")
    SHADERS.set_search_path(folder)
    return load_look(folder / "own.toml")


def drawn(look: Look, size: tuple[int, int] = (8, 4), **inputs: object) -> NDArray[np.float64]:
    """(H, W, 3) display sRGB of grey."""
    planes, grader = ScenePlanes(context()), Grader(context())
    try:
        planes.write([np.full(size[::-1], 0.18, np.float32)] * 3)
        texture = grader.draw(planes, look, target="rgba32f", **inputs)  # type: ignore[arg-type]
        return np.frombuffer(texture.read(), np.float32).reshape(*size[::-1], 4)[..., :3].astype(np.float64)
    finally:
        grader.release()
        planes.release()


def test_a_pass_uses_time_pointer_and_frame(folder: Path, device: Device) -> None:
    look = look_of(folder, "clock", CLOCK)
    inputs = {"seconds": 3.25, "pointer": (0.5, 0.25, -1.0, -1.0), "frame_index": 75}
    with BothRoutes(device, half_scene((16, 64))) as routes:
        apart = routes.by_kernel(look, **inputs).astype(int) - routes.in_gl(look, **inputs)
        assert np.abs(apart).max() <= 1
        later = routes.by_kernel(look, **{**inputs, "seconds": 3.75}).astype(int) - routes.by_kernel(look, **inputs)
        assert later[..., 0].min() > 20


def test_a_shader_from_elsewhere_is_drawn_unchanged(folder: Path, device: Device) -> None:
    look = look_of(folder, "toy", TOY)
    picture = drawn(look, seconds=1.0, pointer=(0.1, 0.25, -1.0, -1.0))
    np.testing.assert_allclose(picture[:, 0, 0], [0.875, 0.625, 0.375, 0.125], atol=2e-3)  # the bottom row is y = 0
    np.testing.assert_allclose(picture[..., 1], 0.5 + 0.5 * np.sin(1.0), atol=2e-3)
    np.testing.assert_allclose(picture[..., 2], 0.75, atol=2e-3)
    with BothRoutes(device, half_scene((16, 64))) as routes:
        apart = routes.by_kernel(look, seconds=1.0).astype(int) - routes.in_gl(look, seconds=1.0)
        assert np.abs(apart).max() <= 1


def test_the_lines_of_a_shader_from_elsewhere_stay(folder: Path) -> None:
    from groundglass.errors import ShaderError

    look = look_of(folder, "toy", TOY.replace("wave(iTime)", "wave(iTme)"))
    with pytest.raises(ShaderError, match=r"^toy\.glsl:7: .*iTme"):
        drawn(look)


def test_an_image_of_the_look_is_read_with_the_first_row_at_the_top(folder: Path) -> None:
    rows = np.zeros((4, 8, 3), np.uint8)
    rows[0] = 255  # the top
    Image.fromarray(rows).save(folder / "top.png")
    look = look_of(folder, "reader", READER, 'image0 = "top.png"')
    np.testing.assert_allclose(drawn(look)[:, 3, 0], [1, 0, 0, 0], atol=2e-3)
    native = """#pragma pass place display
vec3 reader(vec3 rgb, PixelContext place) { return texture(image0, place.middle_px / frame_px).rgb; }
"""
    look = look_of(folder, "reader", native, 'image0 = "top.png"')
    np.testing.assert_allclose(srgb_decode(drawn(look)[:, 3, 0]), [1, 0, 0, 0], atol=2e-3)


def test_without_a_file_an_image_is_black(folder: Path) -> None:
    assert drawn(look_of(folder, "reader", READER)).max() == 0.0


def test_a_saved_look_takes_its_image_along(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    Image.new("RGB", (4, 4), (255, 0, 0)).save(folder / "red.png")
    look = look_of(folder, "reader", READER, 'image0 = "red.png"')
    other = tmp_path_factory.mktemp("other")
    write_look(other / "own.toml", look)
    assert (other / "red.png").is_file()
    np.testing.assert_allclose(drawn(load_look(other / "own.toml"))[0, 0], [1, 0, 0], atol=2e-3)


@pytest.mark.parametrize("value", ['"../x.png"', '"missing.png"', "3", '"own.toml"'])
def test_a_wrong_image_is_reported_with_its_line(folder: Path, value: str) -> None:
    with pytest.raises(LookError, match=r"own\.toml|missing\.png"):
        look_of(folder, "reader", READER, f"image0 = {value}")


def test_the_kernel_route_leaves_images_to_gl(folder: Path) -> None:
    from groundglass.look.kernel_route.errors import UntranslatableError
    from groundglass.look.kernel_route.translation import parse_look

    look = look_of(folder, "reader", READER)
    with pytest.raises(UntranslatableError, match=r"reader\.glsl looks up the texture"):
        parse_look(look_picture(look, (8, 4), pointer=NO_POINTER).passes, blend=False)
