"""`groundglass new-pass`: the written pass works unchanged, and no file is overwritten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from groundglass.cli import app
from groundglass.compute.program import KERNELS
from groundglass.errors import OutputError, ShaderError
from groundglass.gl.passes import load_pass
from groundglass.gl.program import SHADERS
from groundglass.look.grade import grade
from groundglass.look.look import load_look
from look_support import context
from tolerances import FEW_OPERATIONS
from typer.testing import CliRunner


@pytest.fixture(autouse=True)
def reset_search_paths() -> Iterator[None]:
    yield
    for library in (SHADERS, KERNELS):
        library.set_search_path()


def run(*words: object) -> str:
    done = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_written_pass_works_unchanged(tmp_path: Path) -> None:
    folder = tmp_path / "passes"
    output = run("new-pass", "warm_shadows", "-o", folder)
    look = folder / "warm_shadows.toml"
    assert f"groundglass tune --shaders {folder} --look {look}" in " ".join(output.split())
    SHADERS.set_search_path(folder)
    shader = load_pass("warm_shadows")
    assert [(parameter.name, parameter.default) for parameter in shader.parameters] == [("amount", 0.5)]
    assert f"groundglass tune --shaders {folder} --look {look}" in (folder / "warm_shadows.glsl").read_text()
    grey = np.linspace(0.01, 0.9, 12, dtype=np.float32)[:, None, None].repeat(3, axis=2)
    before, after = (grade(grey, name, ctx=context()) for name in ("neutral", str(look)))
    assert (after[:6, 0, 0] > after[:6, 0, 2]).all()  # dark greys are warmer
    assert np.abs(after - before).max() < 0.25
    off = load_look(look).with_value("warm_shadows", "amount", 0.0)
    np.testing.assert_allclose(grade(grey, off, ctx=context()), before, atol=FEW_OPERATIONS)


def test_tune_draws_with_the_written_pass(tmp_path: Path) -> None:
    run("new-pass", "warm_shadows", "-o", tmp_path)
    picture = tmp_path / "last.png"
    words = ("--look", tmp_path / "warm_shadows.toml", "--headless", "--frames", 1, "--save-frame", picture)
    output = run("tune", "scene:?size=96x64", "--shaders", tmp_path, *words)
    assert picture.exists()
    assert "1 frame" in output


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Warm", "not a valid pass name"),
        ("warm shadows", "not a valid pass name"),
        ("../warm", "not a valid pass name"),
        ("warm__shadows", "not a valid pass name"),
        ("2warm", "not a valid pass name"),
        ("vec3", "a reserved GLSL name"),
        ("main", "a reserved GLSL name"),
        ("vignette", "vignette.glsl is a built-in shader"),
        ("common", "common.glsl is a built-in shader"),
        ("grid", "grid.glsl is a built-in shader"),
    ],
)
def test_an_invalid_name_is_refused(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(OutputError, match=message):
        run("new-pass", name, "-o", tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("existing", ["warm.glsl", "warm.toml"])
def test_an_existing_file_is_not_overwritten(tmp_path: Path, existing: str) -> None:
    (tmp_path / existing).write_text("mine")
    with pytest.raises(OutputError, match=f"{re.escape(existing)}: already exists"):
        run("new-pass", "warm", "-o", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [existing]
    assert (tmp_path / existing).read_text() == "mine"


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ShaderError, match=r"nowhere: is not a folder; groundglass new-pass NAME -o"):
        run("tune", "--shaders", tmp_path / "nowhere", "--headless", "--frames", 1)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        run("new-pass", "warm", "-o", tmp_path / "file")
