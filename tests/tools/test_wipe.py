"""The picture beside itself: in another look, or through another lens."""

from __future__ import annotations

from collections.abc import Iterator

import groundglass as gg
import numpy as np
import pytest
from groundglass.controls import Controls
from groundglass.display.events import Pointer
from groundglass.display.tool import ToolContext
from groundglass.lens import load_lens
from groundglass.look.wipe import Wipe
from groundglass.tools.wipe import WipeTool, copy_right_part
from look_support import context

WIDTH, HEIGHT = 120, 80


@pytest.fixture(scope="module")
def frame() -> gg.Frame:
    with gg.open(f"scene:?size={WIDTH}x{HEIGHT}") as source:
        return next(iter(source))


@pytest.fixture
def engine() -> Iterator[gg.Engine]:
    with gg.Engine(gl=context(), look="sepia") as made:
        yield made


def drawn(engine: gg.Engine, frame: gg.Frame) -> np.ndarray:
    """(H, W, 3) of what a window is given."""
    texture = engine.draw(frame)
    return np.frombuffer(texture.read(), np.uint8).reshape(HEIGHT, WIDTH, 4)[..., :3].astype(int)


def test_each_side_is_what_it_is_alone(engine: gg.Engine, frame: gg.Frame) -> None:
    sepia = drawn(engine, frame)
    engine.look = "neutral"
    neutral = drawn(engine, frame)
    engine.look, engine.split = "sepia", Wipe(0.3, look=gg.load_look("neutral"))
    for _ in range(3):  # with uniforms, then with constants
        split = drawn(engine, frame)
        assert np.abs(split[:, :36] - sepia[:, :36]).max() <= 1
        assert np.abs(split[:, 36:] - neutral[:, 36:]).max() <= 1
    assert np.abs(engine.render(frame) - sepia).max() <= 1  # never in what is kept


def test_another_lens_on_the_right(engine: gg.Engine, frame: gg.Frame) -> None:
    own = engine.lens
    mine = drawn(engine, frame)
    engine.lens = load_lens("phone-1inch")
    other = drawn(engine, frame)
    engine.lens, engine.split = own, Wipe(0.5, lens=load_lens("phone-1inch"))
    split = drawn(engine, frame)
    assert engine.lens is own
    assert np.abs(split[:, :60] - mine[:, :60]).max() <= 2
    assert np.abs(split[:, 60:] - other[:, 60:]).max() <= 2
    assert np.abs(mine[:, 60:] - other[:, 60:]).mean() > 1


def test_the_line_is_dragged_and_clicks_beside_it_are_for_others(engine: gg.Engine) -> None:
    controls, said = Controls(), []
    tool = WipeTool(ToolContext(engine, None, said.append, controls, None))  # type: ignore[arg-type]
    controls.add(tool.controls())
    assert not tool.handle_event(Pointer("press", 0.5, 0.5))
    controls.press("X")
    assert engine.split is not None
    assert engine.split.look is not None
    assert engine.split.look.name == "neutral"
    assert not tool.handle_event(Pointer("press", 0.8, 0.5))
    assert not tool.handle_event(Pointer("drag", 0.9, 0.5))
    for event in (Pointer("press", 0.505, 0.5), Pointer("drag", 0.7, 0.5), Pointer("drag", 1.4, 0.5)):
        assert tool.handle_event(event)
    assert engine.split.at == 1.0
    assert tool.handle_event(Pointer("release", 1.4, 0.5))
    controls.set("split_at", 0.25)
    controls.press("Shift+X")
    assert said == ["B is natural"]
    assert (engine.split.at, engine.split.look.name) == (0.25, "natural")
    controls.press("Shift+X")
    assert engine.split.lens is not None
    assert engine.split.lens.name == "soft-90"
    controls.press("X")
    assert engine.split is None


@pytest.mark.parametrize("at", [0.0, 0.3, 1.0])
def test_the_right_part_is_pasted(at: float) -> None:
    gl = context()
    random = np.random.default_rng(4)
    pictures = random.integers(0, 256, (2, HEIGHT, WIDTH, 4), np.uint8)
    source, target = (gl.texture((WIDTH, HEIGHT), 4, picture.tobytes()) for picture in pictures)
    copy_right_part(gl, source, target, at)
    edge = round(at * WIDTH)
    found = np.frombuffer(target.read(), np.uint8).reshape(pictures[0].shape)
    np.testing.assert_array_equal(found[:, :edge], pictures[1][:, :edge])
    np.testing.assert_array_equal(found[:, edge:], pictures[0][:, edge:])
    gl.simple_framebuffer((8, 8)).use()  # nothing of it is left behind: the next clears all of its own
    gl.clear(1.0, 1.0, 1.0, 1.0)
    assert min(gl.fbo.read()) == 255


def test_another_device_draws_the_right_part(engine: gg.Engine, frame: gg.Frame) -> None:
    controls, said = Controls(), []
    tool = WipeTool(ToolContext(engine, None, said.append, controls, None))  # type: ignore[arg-type]
    controls.add(tool.controls())
    alone = drawn(engine, frame)
    controls.set("split_device", engine.device.spec)
    assert said[-1] == f"B is {engine.device.spec}"
    controls.press("X")
    engine.look = "neutral"
    neutral = drawn(engine, frame)
    texture = engine.draw(frame)
    tool.on_frame(frame, texture)
    split = np.frombuffer(texture.read(), np.uint8).reshape(HEIGHT, WIDTH, 4)[..., :3].astype(int)
    assert np.abs(split - neutral).max() <= 1  # the other follows whatever is set
    assert np.abs(split - alone).max() > 10
    tool.on_frame(frame, engine.draw(frame))
    controls.press("X")
    assert tool._other is None
    assert engine.split is None
    with pytest.raises(gg.GroundglassError, match="'split_device' is"):
        controls.set("split_device", "cuda:9")
    with pytest.raises(gg.GroundglassError, match="no device 'opencl:9'"):
        engine.beside("opencl:9")
