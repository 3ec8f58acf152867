"""The tool of the viewfinder: without a viewer the live loop rests, unless its pictures are recorded."""

from __future__ import annotations

from pathlib import Path

import pytest
from groundglass.browser.surface import StreamSurface
from groundglass.browser.tool import BrowserTool
from groundglass.controls import Switch
from groundglass.gl.context import is_software
from server_support import Answering, Served


def test_the_loop_rests_without_a_viewer(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answering = Answering(served, tmp_path)
    tool: BrowserTool = answering.tool
    records = [False]
    answering.harness.controls.add(
        [Switch("record", "Record", "keep", get=lambda: records[0], set=lambda on: records.__setitem__(0, on))]
    )
    rests: list[float] = []
    monkeypatch.setattr(served.pictures, "wait_for_viewer", rests.append)
    tool.tick(0.0)
    assert len(rests) == 1
    answering.harness.controls.set("record", True)
    tool.tick(0.1)
    assert len(rests) == 1
    answering.harness.controls.set("record", False)
    subscription = served.pictures.subscribe("jpeg", lambda encoded: None)
    tool.tick(0.2)
    assert len(rests) == 1
    served.pictures.unsubscribe(subscription)
    tool.tick(0.3)
    assert len(rests) == 2
    with answering:
        tool.close()
    assert not served.server._thread.is_alive()
    tool.tick(0.4)  # harmless


def test_a_viewer_ends_the_rest(served: Served) -> None:
    served.pictures.wait_for_viewer(0.0)
    subscription = served.pictures.subscribe("jpeg", lambda encoded: None)
    served.pictures.wait_for_viewer(1e6)  # returns at once
    served.pictures.unsubscribe(subscription)


def test_a_processor_that_draws_holds_30_pictures_a_second() -> None:
    for fps, held in ((None, 30.0), (60.0, 30.0), (24.0, 24.0)):
        surface = StreamSurface((1920, 1080), lambda rgb: None, fps=fps)
        assert surface.refresh_hz == (held if is_software(surface.gl) else fps)
        assert surface.size == (960, 540)
        surface.close()
