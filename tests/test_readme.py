"""The README is true: its Python runs as written, its commands parse, its tables are complete, its links are alive."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import typer
from groundglass import cli
from PIL import Image

README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
# Said elsewhere than in the tables of options.
ELSEWHERE = {"--output", "--help", "--json"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def command_lines() -> list[str]:
    """Every `groundglass ...` of the shell blocks."""
    lines = "\n".join(blocks("sh")).splitlines()
    return [line.split(" #")[0].strip() for line in lines if line.startswith("groundglass ")]


@pytest.mark.parametrize("line", command_lines())
def test_a_command_parses_as_written(line: str) -> None:
    _, command, *arguments = shlex.split(line)
    COMMANDS[command].make_context(command, arguments)


@pytest.mark.parametrize("block", blocks("python"))
def test_python_runs_as_written(
    block: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    if "photo.dng" in block:
        photo = request.getfixturevalue("data_dir") / "raw" / "gopro_hero7_4000x3000.dng"
        if not photo.exists():
            pytest.skip(f"no {photo.name} among the real input files")
        Path("photo.dng").symlink_to(photo.resolve())
    Path("clip").mkdir()
    for number in range(2):
        Image.new("RGB", (96, 64), (200, 90, 40 * number)).save(f"clip/{number}.png")
    names: dict[str, object] = {}
    exec(block, names)
    picture = names["picture"]
    assert isinstance(picture, np.ndarray)
    assert picture.shape[2] == 3
    assert picture.std() > 0


@pytest.mark.parametrize("command", ["view", "render"])
def test_every_option_stands_in_the_tables(command: str) -> None:
    tables = "\n".join(line for line in README.splitlines() if line.startswith("| `--"))
    listed = set(re.findall(r"--[a-z][a-z-]*", tables))
    options = {name for option in COMMANDS[command].params for name in option.opts if name.startswith("--")}
    assert options - ELSEWHERE <= listed
    known = {name for one in COMMANDS.values() for option in one.params for name in option.opts}
    assert listed <= known


def test_every_make_target_exists(repository: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (repository / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE)) <= targets


def test_every_link_into_the_repository_leads_somewhere(repository: Path) -> None:
    links = re.findall(r"\]\(([^)]+)\)", README)
    broken = [link for link in links if "://" not in link and not (repository / link).exists()]
    assert links
    assert broken == []


def test_the_picture_is_small_enough_to_load(repository: Path) -> None:
    assert (repository / "docs" / "first-light.jpg").stat().st_size <= 400_000
