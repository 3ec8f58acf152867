"""The pictures in docs/viewfinder.md are current: new screenshots are similar to them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import groundglass as gg
import numpy as np
import pytest
from groundglass.controls import Controls
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.viewer import Viewer
from groundglass.live_edit.editing import Editing
from groundglass.viewfinder.fitting import ToolOptions, fit_tools
from live_engine import LiveEngine
from look_support import context
from PIL import Image
from skimage.metrics import structural_similarity
from window_support import Screen

MIN_SIMILARITY_OF = {"panel-times": 0.75}  # contains times of this machine
MIN_SIMILARITY = 0.93


@pytest.fixture
def controls(tmp_path: Path) -> Iterator[Controls]:
    """All controls of `groundglass view` in a window."""
    with (
        gg.open("scene:?size=96x64") as source,
        OffscreenSurface((96, 64), gl=context()) as surface,
        LiveEngine(gl=surface.gl) as engine,
    ):
        editing = Editing(engine.history)
        tools = fit_tools(ToolOptions(stills=tmp_path), editing)
        viewer = Viewer(engine.engine, source, engine.history, surface=surface, tools=tools)
        yield viewer.controls
        viewer.tools.close()
        viewer._presenter.release()


def keys_in(text: str) -> set[str]:
    """Keys such as `Shift`+`P`, as controls name them."""
    return {"+".join(re.findall(r"`([^`]+)`", key)) for key in re.findall(r"`[^`]+`(?:\+`[^`]+`)*", text)}


def test_the_key_page_has_exactly_the_existing_keys(controls: Controls, repository: Path) -> None:
    page = (repository / "docs" / "keys.md").read_text(encoding="utf-8")
    table = page.partition("| key or button in the window | |\n|---|---|\n")[2].partition("\n\n")[0]
    listed = set().union(*(keys_in(row.split(" | ")[0]) for row in table.splitlines()))
    # The window itself handles F and Esc.
    assert listed - {"F", "Esc"} == {key for control in controls for key in (control.key, control.second_key) if key}


def test_the_page_shows_every_picture(repository: Path) -> None:
    page = (repository / "docs" / "viewfinder.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^\]]+\]\(viewfinder/([\w-]+)\.jpg\)", page)
    taken = {path.stem for path in (repository / "docs" / "viewfinder").iterdir()}
    assert len(shown) == len(set(shown))
    assert set(shown) == taken - {"picture"}


def test_the_window_matches_the_pictures_of_the_page(screen: Screen, repository: Path, tmp_path: Path) -> None:
    pytest.importorskip("imgui_bundle")
    assert shutil.which("Xvfb")
    command = [sys.executable, str(repository / "tools" / "screenshots.py"), "-o", str(tmp_path), "--settle", "0.6"]
    environment = screen.environment | {"XDG_CONFIG_HOME": str(tmp_path)}
    done = subprocess.run(command, env=environment | dict(PATH=os.environ["PATH"]), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    references = sorted((repository / "docs" / "viewfinder").glob("*.jpg"))
    plain = np.asarray(Image.open(tmp_path / "picture.jpg"), int)
    found = {}
    for reference in references:
        screenshot, expected = Image.open(tmp_path / reference.name), Image.open(reference)
        assert screenshot.size == expected.size
        grey = [np.asarray(picture.convert("L").resize((480, 270))) for picture in (screenshot, expected)]
        found[reference.stem] = structural_similarity(*grey)
        if reference.stem != "picture":
            assert (np.abs(np.asarray(screenshot, int) - plain).max(axis=2) > 40).mean() > 1e-4, reference.stem
    assert {name: value for name, value in found.items() if value < MIN_SIMILARITY_OF.get(name, MIN_SIMILARITY)} == {}
