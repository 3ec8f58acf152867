"""The bitmap surface passes upright frames to a callback, one `present` late, and the last one on close."""

from __future__ import annotations

import groundglass as gg
import moderngl
import numpy as np
from groundglass.display.bitmap import BitmapSurface
from groundglass.display.events import Key, Signal
from groundglass.display.viewer import Viewer
from groundglass.settings import SettingsHistory
from look_support import context


def test_a_frame_arrives_one_present_late_and_the_last_frame_on_close() -> None:
    frames: list[np.ndarray] = []
    surface = BitmapSurface((6, 4), frames.append, gl=context())
    for level in range(1, 4):
        surface.framebuffer.use()  # the scissor of another framebuffer would clip
        surface.framebuffer.clear(level / 255, 0, 0, 1)
        surface.present("")
        assert len(frames) == level - 1
    surface.close()
    assert [int(frame[0, 0, 0]) for frame in frames] == [1, 2, 3]
    assert all(frame.shape == (4, 6, 3) and frame.dtype == np.uint8 for frame in frames)
    surface.close()
    assert len(frames) == 3


def test_the_first_row_is_the_top() -> None:
    frames: list[np.ndarray] = []
    with BitmapSurface((6, 4), frames.append, gl=context()) as surface:
        surface.framebuffer.clear()
        surface.framebuffer.clear(0, 1, 0, 1, viewport=(0, 3, 6, 1))  # the origin is at the bottom left
        surface.present("")
    assert (frames[0][0] == (0, 255, 0)).all()
    assert not frames[0][1:].any()


def test_the_viewer_draws_on_it_and_handles_posted_events() -> None:
    frames: list[np.ndarray] = []
    with (
        gg.open("scene:?size=96x64") as source,
        BitmapSurface((96, 64), frames.append) as surface,
        gg.Engine(gl=surface.gl) as engine,
    ):
        viewer = Viewer(engine, source, SettingsHistory(gg.Settings()), surface=surface)
        assert "fullscreen" not in {control.name for control in viewer.controls}
        surface.input.post(Key("Space"))
        surface.input.post(Signal.QUIT)
        viewer.run(frames=3)
        assert viewer.controls.get("freeze") is False  # the end of `run` unfreezes
        Viewer(engine, source, SettingsHistory(gg.Settings()), surface=surface).run(frames=3)
        framebuffer = surface.framebuffer
    context()
    assert isinstance(framebuffer.mglo, moderngl.InvalidObject)
    assert 3 <= len(frames) <= 5
    assert frames[-1].std() > 5
