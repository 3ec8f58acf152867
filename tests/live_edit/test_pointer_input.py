"""The pointer as an input of passes."""

from __future__ import annotations

from pathlib import Path

from groundglass.controls import Controls
from groundglass.display.events import Pointer
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.statistics import FrameLog
from groundglass.gl.program import SHADERS
from groundglass.live_edit.pointer_input import PointerInput
from groundglass.look.look import load_look
from live_engine import tool_context, unused_engine
from look_support import context

FOLLOWS = """#pragma pass place display
vec3 follows(vec3 rgb, PixelContext place) { return pointer.xyz; }
"""


def test_the_pointer_is_passed_on_only_to_a_look_that_uses_it(tmp_path: Path) -> None:
    (tmp_path / "follows.glsl").write_text(FOLLOWS)
    (tmp_path / "own.toml").write_text("[pass.follows]\n")
    SHADERS.set_search_path(tmp_path)
    surface = OffscreenSurface((1, 1), gl=context())
    try:
        live = unused_engine(look=load_look("classic"))
        tool = PointerInput(tool_context(live, None, print, Controls(), FrameLog(0.1), surface))
        before = live.history.now
        assert not tool.handle_event(Pointer("move", 0.25, 0.5, "none"))
        assert live.history.now is before
        live.history.change("look", look=load_look(tmp_path / "own.toml"))
        assert not tool.handle_event(Pointer("press", 0.25, 0.5))
        tool.handle_event(Pointer("drag", 0.75, 0.25))
        assert live.history.now.pointer == (0.75, 0.25, 0.25, 0.5)
        tool.handle_event(Pointer("release", 0.75, 0.25))
        assert live.history.now.pointer == (0.75, 0.25, -1.0, -1.0)
        live.history.undo()
        assert live.history.now.with_(pointer=before.pointer) == before  # which is not a step
        assert not live.history.can_undo
    finally:
        surface.close()
        SHADERS.set_search_path()
