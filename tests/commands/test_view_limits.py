"""When a run without a window ends by itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from groundglass.commands.options import ViewOptions
from groundglass.commands.view import OFF_SCREEN_S, off_screen


@pytest.mark.parametrize(
    ("options", "limits"),
    [
        ({}, (None, OFF_SCREEN_S)),
        ({"seconds": 9.0}, (None, 9.0)),
        ({"frames": 5}, (5, None)),
        ({"control": 0}, (None, None)),  # its client ends it: a still may be asked for after any time
        ({"control": 0, "seconds": 9.0}, (None, 9.0)),
    ],
)
def test_a_run_off_screen_ends_after_a_while_unless_a_client_controls_it(
    options: dict[str, float], limits: tuple[int | None, float | None], capsys: pytest.CaptureFixture[str]
) -> None:
    for headless in (True, False):
        view = off_screen(ViewOptions(headless=headless, **options))
        assert (view.frames, view.seconds) == limits
    frames, seconds = limits
    limit = "until the remote control ends it" if limits == (None, None) else "for "
    limit += "" if limits == (None, None) else f"{frames} frames" if frames else f"{seconds:g} s"
    assert limit in capsys.readouterr().err


def test_a_frame_that_never_came_is_reported_as_not_saved(tmp_path: Path) -> None:
    (tmp_path / "growing").mkdir()
    words = [sys.executable, "-m", "groundglass", "view", "watch:growing", "--headless", "--seconds", "0.5"]
    done = subprocess.run([*words, "--save-frame", "a.png"], cwd=tmp_path, capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if "a.png" in line]
    assert lines == ["groundglass: a.png: not written, because no picture has arrived; check the source"], done.stderr
    assert done.returncode == 1
    assert not (tmp_path / "a.png").exists()
