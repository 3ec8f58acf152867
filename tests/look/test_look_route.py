"""The engine draws a look by either route, reports the route, and sends the scene to GL only if a tool needs it."""

from pathlib import Path

import groundglass as gg
import numpy as np
import pytest
from groundglass.errors import GroundglassError, ShaderError
from groundglass.frame import Frame
from groundglass.gl.program import SHADERS
from groundglass.look.grade import Part, look_picture
from groundglass.look.kernel_route.route import DRAWS_BEFORE
from look_support import look_of
from window_support import until


def frame_of(height: int = 72, width: int = 104, index: int = 3) -> Frame:
    y, x = np.mgrid[:height, :width]
    light = 0.05 + 0.6 * x / width + 0.2 * y / height + 0.1 * np.sin(x / 5)
    return Frame((np.clip(light, 0, 1) * 65535).astype(np.uint16), index=index)


def codes(drawn: gg.Drawn) -> np.ndarray:
    rgba = np.frombuffer(drawn.texture.read(), np.uint8)
    return rgba.reshape(drawn.texture.height, drawn.texture.width, 4)


def assert_within_a_code(picture: np.ndarray, expected: np.ndarray) -> None:
    assert np.abs(picture.astype(int) - expected).max() <= 1


def test_both_routes_draw_the_same_picture() -> None:
    pictures = {}
    for route in ("gl", "kernel"):
        with gg.Engine(look_route=route) as engine:
            pictures[route] = codes(engine.draw(frame_of(), gg.Settings(look="classic")))
            assert engine.look_route == route
            assert engine.render(frame_of(), gg.Settings(look="classic")).shape == (72, 104, 3)
            assert {"develop", "look", "transfer"} <= engine.clock.stages().keys()
    assert_within_a_code(pictures["kernel"], pictures["gl"])


def test_the_scene_is_sent_to_gl_after_a_kernel_drew() -> None:
    with gg.Engine(look_route="gl") as engine:
        expected = engine.draw(frame_of(), gg.Settings()).scene.textures[0].read()
    with gg.Engine(look_route="kernel") as engine:
        drawn = engine.draw(frame_of(), gg.Settings())
        other = engine.scene(frame_of(index=4), gg.Settings(development=gg.Development(exposure_ev=2.0)))
        assert other.max() > 0
        assert drawn.scene.textures[0].read() == expected


def test_a_wipe_of_two_looks_of_which_one_stays_in_gl() -> None:
    frame, looks = frame_of(), {"left": "classic", "right": "sepia"}
    with gg.Engine(look_route="kernel") as engine:
        whole = {side: codes(engine.draw(frame, gg.Settings(look=look))) for side, look in looks.items()}
        routes = []
        for side, look in looks.items():
            drawn = engine.draw(frame, gg.Settings(look=look), part=Part(side, 0.25))
            routes.append(engine.look_route)
        assert_within_a_code(codes(drawn)[:, :26], whole["left"][:, :26])
        assert_within_a_code(codes(drawn)[:, 26:], whole["right"][:, 26:])
    assert routes == ["kernel", "gl (bloom.glsl looks at the neighbourhood of a pixel)"]


def test_10_bits_and_output_spaces_stay_in_gl() -> None:
    with gg.Engine(look_route="kernel") as engine:
        engine.draw(frame_of(), gg.Settings(bits=10))
        assert engine.look_route == "gl (10 bits)"
        engine.draw(frame_of(), gg.Settings(output_space="display-p3"))
        assert engine.look_route == "gl (another output space)"


def test_auto_goes_over_to_a_kernel_and_render_does_not() -> None:
    with gg.Engine() as engine:
        if engine._kernel_looks.chosen == "gl":
            pytest.skip("a GPU draws here")
        settings = gg.Settings(look="neutral")
        first = codes(engine.draw(frame_of(), settings))
        assert engine.look_route == "gl"
        for _ in range(DRAWS_BEFORE):
            engine.draw(frame_of(), settings)
        engine.compile_look(settings)
        assert_within_a_code(codes(engine.draw(frame_of(), settings)), first)
        assert engine.look_route == "kernel"
        np.testing.assert_array_equal(engine.render(frame_of(), settings), first[..., :3])


@pytest.mark.parametrize("route", ["gl", "kernel", "auto"])
def test_an_error_in_a_pass_is_the_same_by_every_route(route: str, tmp_path: Path) -> None:
    lines = ["#pragma pass pixel", "float unused() { return missing; }"]
    lines += ["vec3 broken(vec3 rgb, PixelContext place) { return rgb; }"]
    (tmp_path / "broken.glsl").write_text("\n".join(lines))
    SHADERS.set_search_path(tmp_path)
    try:
        with gg.Engine(look_route=route) as engine, pytest.raises(ShaderError, match=r"broken\.glsl:2: .*missing"):
            engine.draw(frame_of(), gg.Settings(look=look_of("broken")))
    finally:
        SHADERS.set_search_path()


def test_the_kernel_of_another_size_is_compiled_before_a_frame_needs_it() -> None:
    with gg.Engine(look_route="kernel") as engine:
        settings = gg.Settings(look="neutral")
        drawn = engine.draw(frame_of(), settings)
        half = settings.with_(scale=0.5)
        engine.prepare(drawn, half)
        until(lambda: not engine.is_preparing, "everything is compiled")
        size = engine._pipeline.developer.size_of(drawn.frame, half.development, half.scale)
        assert engine._kernel_looks._kernels.has(engine._kernel_looks._key(look_picture(half.look, size), size))
        assert engine.draw(frame_of(), half).texture.size == size
        assert engine.look_route == "kernel"


def drawn_by_kernel(engine: gg.Engine, settings: gg.Settings) -> gg.Drawn:
    """A picture whose look the compiled kernel has drawn. Skips where GL draws."""
    if engine._kernel_looks.chosen == "gl":
        pytest.skip("a GPU draws here")
    engine.draw(frame_of(), settings)
    engine.compile_look(settings)
    return engine.draw(frame_of(), settings)


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_a_prepared_look_of_gl_compiles_nothing_in_its_first_frames(
    monkeypatch: pytest.MonkeyPatch, scale: float
) -> None:
    with gg.Engine() as engine:
        settings = gg.Settings(look="neutral")
        drawn = drawn_by_kernel(engine, settings)
        sepia = settings.with_(look="sepia", scale=scale)
        engine.prepare(drawn, sepia)
        until(lambda: not engine.is_preparing, "everything is compiled")
        frames = 0
        while engine.is_rehearsing:
            engine.draw(frame_of(), settings)
            assert engine.look_route == "kernel"
            frames += 1
        assert 2 <= frames <= 8
        monkeypatch.setattr("groundglass.gl.full_frame.compile_program", None)
        first, second = (codes(engine.draw(frame_of(), sepia)) for _ in range(2))
        assert engine.look_route.startswith("gl")
        np.testing.assert_array_equal(first, second)


def test_a_prepared_look_of_a_kernel_is_not_compiled_in_gl(monkeypatch: pytest.MonkeyPatch) -> None:
    with gg.Engine() as engine:
        settings = gg.Settings(look="neutral")
        engine.prepare(drawn_by_kernel(engine, settings), settings.with_(look="natural"))
        until(lambda: not engine.is_preparing, "everything is compiled")
        monkeypatch.setattr(engine._grader, "rehearse", None)
        while engine.is_rehearsing:
            engine.draw(frame_of(), settings)


def test_an_unknown_route_is_an_error() -> None:
    with pytest.raises(GroundglassError, match="look route 'vulkan' is unknown; use one of auto, gl, kernel"):
        gg.Engine(look_route="vulkan")


@pytest.mark.parametrize("at", [0.0, 1e-3, 1.0])
def test_a_side_of_a_wipe_may_have_no_columns(at: float) -> None:
    frame = frame_of()
    with gg.Engine(look_route="kernel") as engine:
        for side, look in (("right", "classic"), ("left", "natural")):
            drawn = engine.draw(frame, gg.Settings(look=look), part=Part(side, at))  # type: ignore[arg-type]
        picture = codes(drawn)
        shown = "natural" if at == 1.0 else "classic"
        np.testing.assert_array_equal(picture, codes(engine.draw(frame, gg.Settings(look=shown))))
