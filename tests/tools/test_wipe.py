"""Wipe: the right part of the picture uses another look, lens or device."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import groundglass as gg
import numpy as np
import pytest
from groundglass.controls import Controls
from groundglass.display.events import Pointer
from groundglass.display.tool import Invalidation
from groundglass.look.grade import WHOLE, Part
from groundglass.tools.wipe import WipeTool, copy_right_part
from live_engine import LiveEngine, tool_context
from look_support import context

WIDTH, HEIGHT = 120, 80


@pytest.fixture(scope="module")
def frame() -> gg.Frame:
    with gg.open(f"scene:?size={WIDTH}x{HEIGHT}") as source:
        return next(iter(source))


@pytest.fixture
def engine() -> Iterator[LiveEngine]:
    with LiveEngine(gl=context(), look="sepia") as engine:
        yield engine


class Wipe:
    """The tool and one iteration of the viewer's loop."""

    def __init__(self, engine: LiveEngine) -> None:
        self.engine, self.controls, self.messages = engine, Controls(), []
        self.tool = WipeTool(tool_context(engine, None, self.messages.append, self.controls))
        self.controls.add(self.tool.controls())

    def show(self, frame: gg.Frame) -> np.ndarray:
        """(H, W, 3) int: the picture for the window."""
        part = self.tool.draw_part(frame)
        drawn = self.engine.drawn = self.engine.engine.draw(frame, self.engine.history.now, part=part)
        self.tool.on_frame(drawn)
        return codes(drawn)


def codes(drawn: gg.Drawn) -> np.ndarray:
    return np.frombuffer(drawn.texture.read(), np.uint8).reshape(HEIGHT, WIDTH, 4)[..., :3].astype(int)


def undivided(engine: LiveEngine, frame: gg.Frame, **settings: object) -> np.ndarray:
    return codes(engine.engine.draw(frame, engine.history.now.with_(**settings)))


def test_each_side_equals_the_undivided_picture(engine: LiveEngine, frame: gg.Frame) -> None:
    wipe = Wipe(engine)
    sepia, neutral = undivided(engine, frame), undivided(engine, frame, look="neutral")
    wipe.controls.set("wipe_at", 0.3)
    wipe.controls.press("X")
    for _ in range(3):  # with uniforms, then with folded constants
        shown = wipe.show(frame)
        assert np.abs(shown[:, :36] - sepia[:, :36]).max() <= 1
        assert np.abs(shown[:, 36:] - neutral[:, 36:]).max() <= 1
    assert np.abs(engine.render(frame) - sepia).max() <= 1  # no wipe in saved pictures


def test_both_sides_show_the_picture_until_the_other_one_is_compiled(
    engine: LiveEngine, frame: gg.Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    wipe, prepared = Wipe(engine), list[str]()
    sepia, neutral = wipe.show(frame), undivided(engine, frame, look="neutral")
    monkeypatch.setattr(gg.Engine, "prepare", lambda self, drawn, settings: prepared.append(settings.look.name))
    monkeypatch.setattr(gg.Engine, "is_preparing", True)
    wipe.controls.press("X")
    for _ in range(2):
        assert np.abs(wipe.show(frame) - sepia).max() <= 1
        wipe.tool.tick(0.0)
    assert wipe.tool.tick(0.0) is Invalidation.NOTHING
    assert prepared == ["neutral"]
    monkeypatch.setattr(gg.Engine, "is_preparing", False)
    assert wipe.tool.tick(0.0) is Invalidation.REDRAW
    shown = wipe.show(frame)
    assert np.abs(shown[:, WIDTH // 2 :] - neutral[:, WIDTH // 2 :]).max() <= 1


def test_a_frame_of_another_size_waits_for_the_other_side_again(
    engine: LiveEngine, frame: gg.Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    wipe, prepared = Wipe(engine), list[tuple[int, int]]()
    wipe.show(frame)
    wipe.controls.press("X")
    wipe.show(frame)
    monkeypatch.setattr(gg.Engine, "is_preparing", True)
    monkeypatch.setattr(gg.Engine, "prepare", lambda self, drawn, settings: prepared.append(drawn.frame.size))
    wipe.tool.draw_part(replace(frame, pixels=frame.pixels[:40].copy(), depth_m=frame.depth_m[:40].copy()))
    assert prepared == [(WIDTH, 40)]


def test_the_right_part_uses_another_lens(engine: LiveEngine, frame: gg.Frame) -> None:
    wipe = Wipe(engine)
    left, right = undivided(engine, frame), undivided(engine, frame, lens="phone-1inch", f_number=1.63)
    wipe.controls.set("wipe_lens", "phone-1inch")
    wipe.controls.press("X")
    shown = wipe.show(frame)
    assert np.abs(shown[:, :60] - left[:, :60]).max() <= 2
    assert np.abs(shown[:, 60:] - right[:, 60:]).max() <= 2
    assert np.abs(left[:, 60:] - right[:, 60:]).mean() > 1
    assert engine.drawn.settings.lens.name == "noct-50"


def test_the_wipe_line_is_dragged_and_clicks_away_from_it_are_not_handled(engine: LiveEngine, frame: gg.Frame) -> None:
    wipe = Wipe(engine)
    tool, controls = wipe.tool, wipe.controls
    assert not tool.handle_event(Pointer("press", 0.5, 0.5))
    assert tool.draw_part(frame) == WHOLE
    controls.press("X")
    assert tool.draw_part(frame) == Part("left", 0.5)
    assert tool._b_settings().look.name == "neutral"
    assert (tool.tick(0.0), tool.tick(0.0)) == (Invalidation.REDRAW, Invalidation.NOTHING)
    assert not tool.handle_event(Pointer("press", 0.8, 0.5))
    assert not tool.handle_event(Pointer("drag", 0.9, 0.5))
    for event in (Pointer("press", 0.505, 0.5), Pointer("drag", 0.7, 0.5), Pointer("drag", 1.4, 0.5)):
        assert tool.handle_event(event)
    assert tool.tick(0.0) is Invalidation.REDRAW
    assert tool.draw_part(frame) == Part("left", 1.0)
    assert tool.handle_event(Pointer("release", 1.4, 0.5))
    controls.set("wipe_at", 0.25)
    controls.press("Shift+X")
    assert wipe.messages == ["B is natural"]
    assert (tool.draw_part(frame), tool._b_settings().look.name) == (Part("left", 0.25), "natural")
    controls.press("Shift+X")
    assert tool._b_settings().lens.name == "soft-90"
    engine.strength = 0.5  # B follows all settings except the compared one
    assert tool._b_settings().strength == 0.5
    controls.press("X")
    assert tool.draw_part(frame) == WHOLE


def test_moving_the_wipe_line_compiles_no_program(engine: LiveEngine, frame: gg.Frame) -> None:
    wipe = Wipe(engine)
    wipe.controls.press("X")
    stages = []
    for move in range(60):
        wipe.controls.set("wipe_at", move / 60)
        wipe.show(frame)
        stages.append([id(stage) for stage in engine._grader._programs._cache._stages.values()])
    assert sorted(stages[5]) == sorted(stages[-1])


def test_another_device_that_fails_ends_the_wipe_only(
    engine: LiveEngine, frame: gg.Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    wipe = Wipe(engine)
    undivided_picture = wipe.show(frame)
    wipe.controls.set("wipe_kind", "device")
    wipe.controls.press("X")
    draw = gg.Engine.draw

    def fails(self: gg.Engine, *arguments: object, **options: object) -> gg.Drawn:
        if self is not engine.engine:
            raise RuntimeError("clFinish failed: DEVICE_NOT_AVAILABLE")
        return draw(self, *arguments, **options)

    monkeypatch.setattr(gg.Engine, "draw", fails)
    for _ in range(2):
        assert np.abs(wipe.show(frame) - undivided_picture).max() <= 1
    assert [message for message in wipe.messages if "DEVICE_NOT_AVAILABLE); the wipe is off" in message]
    assert wipe.controls.get("wipe") is False


@pytest.mark.parametrize("at", [0.0, 0.3, 1.0])
def test_the_right_part_is_copied(at: float) -> None:
    gl = context()
    random = np.random.default_rng(4)
    pictures = random.integers(0, 256, (2, HEIGHT, WIDTH, 4), np.uint8)
    source, target = (gl.texture((WIDTH, HEIGHT), 4, picture.tobytes()) for picture in pictures)
    copy_right_part(gl, source, target, at)
    edge = round(at * WIDTH)
    copied = np.frombuffer(target.read(), np.uint8).reshape(pictures[0].shape)
    np.testing.assert_array_equal(copied[:, :edge], pictures[1][:, :edge])
    np.testing.assert_array_equal(copied[:, edge:], pictures[0][:, edge:])
    gl.simple_framebuffer((8, 8)).use()  # the copy leaves no scissor: clear() fills the whole framebuffer
    gl.clear(1.0, 1.0, 1.0, 1.0)
    assert min(gl.fbo.read()) == 255
    for texture in (source, target):
        texture.release()


def test_another_device_draws_the_right_part(engine: LiveEngine, frame: gg.Frame) -> None:
    wipe = Wipe(engine)
    sepia = undivided(engine, frame)
    wipe.controls.set("wipe_device", engine.device.spec)
    assert wipe.messages[-1] == f"B is {engine.device.spec}"
    wipe.controls.press("X")
    engine.look = "neutral"
    neutral = undivided(engine, frame)
    shown = wipe.show(frame)
    assert np.abs(shown - neutral).max() <= 1  # the second device follows the settings
    assert np.abs(shown - sepia).max() > 10
    wipe.controls.press("X")
    assert wipe.tool._other is None
    with pytest.raises(gg.GroundglassError, match="'wipe_device' must be"):
        wipe.controls.set("wipe_device", "cuda:9")
    with pytest.raises(gg.GroundglassError, match="no device 'opencl:9'"):
        engine.on_device("opencl:9")
