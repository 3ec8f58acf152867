"""The library of shaders and kernels: recompilation after a change, and the search path with a user's folder."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from groundglass.compute.device import Device
from groundglass.compute.program import KERNELS, list_kernel_sources, load_kernel_source
from groundglass.errors import LookError, ShaderError
from groundglass.gl.passes import list_overlays, list_passes, load_pass
from groundglass.gl.planes import ScenePlanes
from groundglass.gl.program import SHADERS
from groundglass.look.grade import Grader
from groundglass.look.look import Look, parse_look
from look_support import context

INVERT = """#pragma pass pixel
#pragma parameter amount "Amount" 1.0 0.0 1.0 0.01
uniform float invert_amount;
vec3 invert(vec3 rgb, PixelContext place) { return mix(rgb, 1.0 - rgb, invert_amount); }
"""
ADD = """#include "portable.h"
KERNEL void add(GLOBAL float *RESTRICT numbers, float more) { numbers[0] += more; }
"""


@pytest.fixture(autouse=True)
def reset_search_paths() -> Iterator[None]:
    yield
    for library in (SHADERS, KERNELS):
        library.set_search_path()


class Drawing:
    """Draws one pixel with a look and the programs of one grader."""

    def __init__(self) -> None:
        self._planes, self._grader = ScenePlanes(context()), Grader(context())
        self._planes.write([np.full((1, 1), 0.18, np.float32)] * 3)

    def level(self, look: Look) -> float:
        texture = self._grader.draw(self._planes, look, target="rgba32f")
        return float(np.frombuffer(texture.read(), np.float32)[0])


def test_a_program_is_recompiled_after_a_change_and_kept_after_a_broken_one() -> None:
    drawing, look = Drawing(), parse_look("[pass.exposure]\n", "test.toml")
    before = [drawing.level(look) for _ in range(3)][-1]  # includes the program with constants
    text = SHADERS.read("exposure.glsl") or ""
    SHADERS.put({"exposure.glsl": text.replace("return ", "return 0.25 * ")})
    dark = drawing.level(look)
    assert dark < 0.7 * before
    assert drawing.level(look) == dark
    SHADERS.put({"exposure.glsl": text.replace("return ", "return nonsense * ")})
    for _ in range(2):
        with pytest.raises(ShaderError, match=r"^exposure\.glsl:\d+: .*nonsense"):
            drawing.level(look)
    SHADERS.put({"exposure.glsl": text})
    assert drawing.level(look) == before


def test_a_changed_include_recompiles_its_users() -> None:
    drawing, look = Drawing(), parse_look("[pass.exposure]\n", "test.toml")
    before = drawing.level(look)
    text = SHADERS.read("output.glsl") or ""
    SHADERS.put({"output.glsl": text.replace("display_pixel(", "display_pixel(nothing ")})
    with pytest.raises(ShaderError, match=r"output\.glsl:\d+"):
        drawing.level(look)
    SHADERS.put({"output.glsl": text})
    assert drawing.level(look) == before


def test_a_look_follows_the_parameters_of_its_passes() -> None:
    look = parse_look("[pass.exposure]\nexposure_ev = 3\nwarmth = 0.5\n", "test.toml")
    text = (SHADERS.read("exposure.glsl") or "").replace("0.0 -6.0 6.0 0.05", "0.5 -1.0 1.0 0.05")
    lines = [line for line in text.replace("exposure_warmth", "0.0").splitlines() if "parameter warmth" not in line]
    lines = [line for line in lines if not line.startswith("uniform float 0.0")]
    SHADERS.put({"exposure.glsl": "\n".join(lines) + "\n"})
    values = look.refitted().passes[0].values
    assert values == {"exposure_ev": 1.0, "tint": 0.0}
    Drawing().level(look.refitted())


def test_a_search_path_adds_passes_and_replaces_built_in_ones(tmp_path: Path) -> None:
    (tmp_path / "invert.glsl").write_text(INVERT)
    vignette = (SHADERS.read("vignette.glsl") or "").replace('"Clear radius" 0.0', '"Clear radius" 0.4')
    (tmp_path / "vignette.glsl").write_text(vignette)
    (tmp_path / "broken.glsl").write_text("nonsense")
    (tmp_path / "mine.h").write_text("not a shader")
    built_in = list_passes()
    SHADERS.set_search_path(tmp_path)
    assert set(list_passes()) == {*built_in, "invert"}
    radius = load_pass("vignette").parameter("radius")
    assert radius is not None
    assert radius.default == 0.4
    look = parse_look("[pass.invert]\n", "test.toml")
    assert Drawing().level(look) > 0.7
    with pytest.raises(ShaderError, match=r"broken\.glsl: no '#pragma pass'"):
        parse_look("[pass.broken]\n", "test.toml")
    with pytest.raises(LookError, match=r"unknown pass 'inverse'; did you mean 'invert'"):
        parse_look("[pass.inverse]\n", "test.toml")
    with pytest.raises(LookError, match=r"unknown pass 'grid'"):
        parse_look("[pass.grid]\n", "test.toml")
    assert "grid" in list_overlays()


def test_a_text_is_cached_until_put_replaces_it(tmp_path: Path) -> None:
    (tmp_path / "invert.glsl").write_text(INVERT)
    SHADERS.set_search_path(tmp_path)
    assert load_pass("invert").parameters[0].default == 1.0
    (tmp_path / "invert.glsl").write_text("half a fi")
    revision = SHADERS.revision
    assert SHADERS.read("invert.glsl") == INVERT
    SHADERS.put({"invert.glsl": INVERT})
    assert SHADERS.revision == revision  # nothing has changed
    assert SHADERS.on_disk("invert.glsl") == "half a fi"
    SHADERS.put({"invert.glsl": None})
    assert "invert" not in list_passes()


def test_a_kernel_is_recompiled_after_a_change_and_kept_after_a_broken_one(tmp_path: Path, device: Device) -> None:
    (tmp_path / "add.cl").write_text(ADD)
    KERNELS.set_search_path(tmp_path)
    assert "add.cl" in list_kernel_sources()
    numbers = device.allocate(16)

    def added() -> float:
        device.write(numbers, np.zeros(4, np.float32))
        device.run("add.cl", "add", (1,), (1,), numbers=numbers, more=1.5)
        return float(device.read(numbers, np.float32, 4)[0])

    try:
        assert added() == 1.5
        KERNELS.put({"add.cl": ADD.replace("+= more", "+= 2 * more")})
        assert added() == 3.0
        KERNELS.put({"add.cl": ADD.replace("+= more", "+= mroe")})
        for _ in range(2):
            with pytest.raises(ShaderError, match=r"add\.cl does not compile: .*add\.cl:2:.*mroe"):
                added()
        KERNELS.put({"add.cl": ADD})
        assert added() == 1.5
        KERNELS.put({"portable.h": (KERNELS.read("portable.h") or "") + "\n#error from the include\n"})
        with pytest.raises(ShaderError, match=r"portable\.h:\d+.*from the include"):
            added()
    finally:
        device.release(numbers)


def test_kernels_are_compiled_ahead_of_put(tmp_path: Path, device: Device) -> None:
    (tmp_path / "add.cl").write_text(ADD)
    KERNELS.set_search_path(tmp_path)
    numbers = device.allocate(16)
    try:
        device.run("add.cl", "add", (1,), (1,), numbers=numbers, more=1.5)
        more = {"add.cl": ADD.replace("+= more", "+= 2 * more")}
        with ThreadPoolExecutor(1) as thread:
            thread.submit(device.build_ahead, more).result()
            broken = thread.submit(device.build_ahead, {"add.cl": ADD.replace("+= more", "+= mroe")})
            with pytest.raises(ShaderError, match=r"add\.cl:2:.*mroe"):
                broken.result()
            thread.submit(device.build_ahead, more).result()
        device.write(numbers, np.zeros(4, np.float32))
        device.run("add.cl", "add", (1,), (1,), numbers=numbers, more=1.5)
        assert device.read(numbers, np.float32, 1)[0] == 1.5  # the old kernel
        KERNELS.put(more)
        device.run("add.cl", "add", (1,), (1,), numbers=numbers, more=1.5)
        assert device.read(numbers, np.float32, 1)[0] == 4.5
    finally:
        device.release(numbers)


def test_a_missing_kernel_is_an_error() -> None:
    KERNELS.put({"copy.cl": None})
    with pytest.raises(ShaderError, match=r"kernels/copy\.cl: no such file"):
        load_kernel_source("copy.cl")
