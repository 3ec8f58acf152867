"""An option that would change nothing is refused, in one line that names it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from groundglass.cli import app
from groundglass.errors import GroundglassError
from PIL import Image
from typer.testing import CliRunner


def refusal(*words: str) -> str:
    """The message of a command that fails, in one line."""
    result = CliRunner().invoke(app, [*words])
    assert result.exit_code != 0, result.output
    if isinstance(result.exception, GroundglassError):
        return str(result.exception)
    assert result.exit_code == 2, result.output
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", result.output).split())


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GROUNDGLASS_TOKEN", raising=False)
    Image.fromarray(np.full((16, 24, 3), 90, np.uint8)).save("a.png")
    return tmp_path


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("bench --schema --json a.json", ("--json", "not apply to --schema")),
        ("selftest --sanitize --report a.html", ("--report", "--sanitize")),
        ("selftest --sanitize --json -", ("--json", "--sanitize")),
        ("desktop --man --remove", ("--remove", "--man")),
        ("look export classic -o a.png --size 65", ("a.png", "leave out --size")),
        ("look export classic -o a.xmp --size 33", ("a.xmp", "leave out --size")),
        ("look fit a.dng -o a.toml --lut-input logc", ("--lut-input logc", "--from-lut")),
        ("look fit --from-lut a.cube -o a.toml --wb 5200K", ("--from-lut", "leave out --wb")),
        ("look fit --from-lut a.cube -o a.toml --raw-size 6x4", ("--from-lut", "--raw-...")),
        ("view scene: --headless --fullscreen", ("--fullscreen", "--headless")),
        ("view scene: --headless --no-governor --scale 0.5", ("--no-governor", "--scale 0.5")),
        ("render a.png -o b.png --size 64x64", ("a.png", "leave it out")),
        ("render scene:?size=96x64 -o b.png --size 64x64", ("scene:?size=96x64", "--size")),
        ("render scene: -o out/ --frames 2 --workers 2", ("scene:", "--workers")),
        ("render a.png -o out/ --cluster tcp://127.0.0.1:1 --workers 2", ("--cluster tcp:", "--workers")),
        ("render a.png -o b.png --headroom 3", ("b.png", "--headroom")),
        ("render a.png -o b.jpg --headroom 3", ("b.jpg", "add --hdr")),
        ("render a.png -o b.avif --headroom 3", ("b.avif", "--headroom")),
        ("render a.png -o b.avif --hdr --look none --headroom 3", ("b.avif", "--headroom")),
        ("render a.png -o b.jpg --hdr --codec av1", ("b.jpg", "--codec")),
    ],
)
def test_an_option_without_effect_is_refused(command: str, words: tuple[str, ...]) -> None:
    message = refusal(*command.split())
    assert all(word in message for word in words), message
    assert not [path for path in Path().iterdir() if path.name != "a.png"]


def test_a_token_that_is_not_saved_cannot_be_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("aiortc")
    assert "--fresh" in refusal("serve", "--port", "0", "--new-token", "--fresh")
    monkeypatch.setenv("GROUNDGLASS_TOKEN", "mine")
    assert "GROUNDGLASS_TOKEN" in refusal("serve", "--port", "0", "--new-token")


def test_a_rate_replaces_that_of_the_scene_that_serve_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("aiortc")
    shown: list[str] = []
    monkeypatch.setattr("groundglass.commands.serve.run_view", lambda source, *_: shown.append(source))
    for words in ((), ("--fps", "60")):
        assert CliRunner().invoke(app, ["serve", "--port", "0", "--fresh", *words]).exit_code == 0
    assert shown == ["scene:?fps=30", "scene:"]
