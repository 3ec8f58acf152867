"""The documents are correct: samples run as written, tables are complete, links work, the README is short."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from groundglass import cli
from groundglass.look.look import list_looks
from PIL import Image

REPOSITORY = Path(__file__).resolve().parent.parent
DOCUMENTS = [*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").glob("*.md"))]
TEXTS = {str(path.relative_to(REPOSITORY)): path.read_text(encoding="utf-8") for path in DOCUMENTS}
COMMANDS: dict[str, Any] = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
README_LINES = 150
# Options in the table of commands instead.
ELSEWHERE = {"--output", "--help", "--json"}


def blocks(language: str) -> list[str]:
    """The samples of all documents without duplicates."""
    found = [re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL) for text in TEXTS.values()]
    return list(dict.fromkeys(block for of_document in found for block in of_document))


def command_lines() -> list[str]:
    """The `groundglass ...` lines of the shell blocks."""
    lines = "\n".join(blocks("sh")).splitlines()
    return list(dict.fromkeys(line.split(" #")[0].strip() for line in lines if line.startswith("groundglass ")))


def anchors(text: str) -> set[str]:
    """The link fragments of a document's headings."""
    headings = re.findall(r"^#+ (.*)", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


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
            pytest.skip(f"the real input files do not include {photo.name}")
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


@pytest.mark.parametrize("command", ["view", "render", "tune", "serve", "bench"])
def test_the_tables_have_every_option(command: str) -> None:
    rows = [line for line in TEXTS["docs/command-line.md"].splitlines() if line.startswith("| `--")]
    listed = {name for row in rows for name in re.findall(r"--[a-z][a-z-]*", row.split(" | ")[0])}
    visible = [set(option.opts) for option in COMMANDS[command].params if not getattr(option, "hidden", False)]
    options = [names for names in visible if any(name.startswith("--") for name in names)]
    assert [names for names in options if not names & (listed | ELSEWHERE)] == []


def test_the_tables_have_no_unknown_option() -> None:
    text = "\n".join(line for line in TEXTS["docs/command-line.md"].splitlines() if line.startswith("| `--"))
    known = {name for command in COMMANDS.values() for option in command.params for name in option.opts}
    assert set(re.findall(r"--[a-z][a-z-]*", text)) <= known


def test_the_tables_have_every_command() -> None:
    listed = set(re.findall(r"^\| `groundglass ([a-z-]+)", TEXTS["docs/command-line.md"], re.MULTILINE))
    assert listed == set(COMMANDS)


def test_the_guide_lists_every_look() -> None:
    table = TEXTS["docs/looks-guide.md"].partition("| look | |\n|---|---|\n")[2].partition("\n\n")[0]
    assert {name for row in table.splitlines() for name in re.findall(r"`([^`]+)`", row.split(" | ")[0])} == {
        *list_looks()
    }


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {target for text in TEXTS.values() for target in re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE)}
    assert named <= targets


@pytest.mark.parametrize("name", TEXTS)
def test_every_link_has_a_target(name: str) -> None:
    folder = (REPOSITORY / name).parent
    for link in re.findall(r"\]\(([^)\s]+)\)", TEXTS[name]):
        if "://" in link:
            continue
        path, _, fragment = link.partition("#")
        target = (folder / path).resolve() if path else REPOSITORY / name
        assert target.exists(), link
        assert not fragment or fragment in anchors(target.read_text(encoding="utf-8")), link


def test_the_readme_links_to_every_document() -> None:
    linked = set(re.findall(r"\]\(([^)]+\.md)\)", TEXTS["README.md"]))
    assert linked == set(TEXTS) - {"README.md"}


def test_the_life_of_a_frame_lists_at_most_twelve_different_files() -> None:
    section = TEXTS["ARCHITECTURE.md"].partition("## The life of a frame\n")[2].partition("\n## ")[0]
    files = re.findall(r"^\| \d+ \| `([^`]+)` \|", section, re.MULTILINE)
    assert 0 < len(files) == len(set(files)) <= 12
    assert [file for file in files if not (REPOSITORY / file).is_file()] == []


def test_the_listed_contracts_are_files() -> None:
    section = TEXTS["ARCHITECTURE.md"].partition("## Contracts\n")[2].partition("\n## ")[0]
    files = [
        file for row in section.splitlines() if row.startswith("| ") for file in re.findall(r"`(engine/\S+)`", row)
    ]
    assert len(files) == 7
    assert [file for file in files if not (REPOSITORY / file).is_file()] == []


def test_the_readme_is_short() -> None:
    assert len(TEXTS["README.md"].splitlines()) <= README_LINES


def test_the_picture_is_small_enough_to_load() -> None:
    assert (REPOSITORY / "docs" / "first-light.jpg").stat().st_size <= 400_000
