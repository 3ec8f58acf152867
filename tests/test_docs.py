"""The documents are correct: samples run as written, tables are complete, links work, the README is short."""

from __future__ import annotations

import configparser
import os
import re
import shlex
from pathlib import Path
from typing import Any

import groundglass as gg
import numpy as np
import pytest
import typer
from groundglass import cli
from groundglass.gl.program import SHADERS
from groundglass.look.look import list_looks, parse_look
from PIL import Image

REPOSITORY = Path(__file__).resolve().parent.parent
DOCUMENTS = [*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").rglob("*.md"))]
TEXTS = {str(path.relative_to(REPOSITORY)): path.read_text(encoding="utf-8") for path in DOCUMENTS}
COMMANDS: dict[str, Any] = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
README_LINES = 150
# Options in the table of commands instead.
ELSEWHERE = {"--output", "--help", "--json"}


def blocks(language: str) -> list[str]:
    """The samples of all documents without duplicates."""
    found = [re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL) for text in TEXTS.values()]
    return list(dict.fromkeys(block for of_document in found for block in of_document))


def shell_commands() -> list[str]:
    """The commands of the shell blocks, those of a pipeline each alone, without their variables and comments."""
    lines = "\n".join([*blocks("sh"), *blocks("bash")]).splitlines()
    commands = [part.strip() for line in lines for part in line.split(" #")[0].split(" | ")]
    return list(dict.fromkeys(re.sub(r"^(?:[A-Z_]+=\S+ )+", "", command) for command in commands if command))


def command_lines(*beginnings: str) -> list[str]:
    return [command for command in shell_commands() if command.startswith(beginnings)]


def anchors(text: str) -> set[str]:
    """The link fragments of a document's headings."""
    headings = re.findall(r"^#+ (.*)", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("line", command_lines("groundglass "))
def test_a_command_parses_as_written(line: str) -> None:
    _, command, *arguments = shlex.split(line)
    COMMANDS[command].make_context(command, arguments)


@pytest.mark.parametrize("line", command_lines("python demos/", "python tools/"))
def test_a_program_of_the_repository_has_the_options_as_written(line: str) -> None:
    _, file, *arguments = shlex.split(line)
    program = (REPOSITORY / file).read_text(encoding="utf-8")
    assert [name for name in arguments if name.startswith("-") and f'"{name}"' not in program] == []


@pytest.mark.parametrize("line", command_lines("pip install "))
def test_an_installation_names_existing_extras(line: str) -> None:
    setup = configparser.ConfigParser()
    setup.read(REPOSITORY / "setup.cfg", encoding="utf-8")
    for name in shlex.split(line)[2:]:
        package, _, extras = name.removesuffix("]").partition("[")
        assert package == "groundglass" or (REPOSITORY / package).is_dir()
        assert set(filter(None, extras.split(","))) <= set(setup["options.extras_require"])


def test_every_kind_of_sample_is_known() -> None:
    """A language that groundglass reads or runs needs a test; the others are output, protocols and other programs."""
    found = {kind for text in TEXTS.values() for kind in re.findall(r"^```(\w*)\n(?:.*?)^```", text, re.M | re.S)}
    tested = {"bash", "glsl", "python", "sh", "toml"}
    assert found <= tested | {"", "html", "ini", "js", "json", "py", "text", "xml", "yaml"}


@pytest.mark.parametrize("name", [name for name, text in TEXTS.items() if "\n[pass." in text or "```glsl" in text])
def test_passes_and_looks_of_a_document_work_as_written(name: str, tmp_path: Path) -> None:
    shaders = re.findall(r"^```glsl\n(.*?)^```", TEXTS[name], re.MULTILINE | re.DOTALL)
    names = [re.search(r"^vec3 (\w+)\(", shader, re.MULTILINE)[1] for shader in shaders]
    for pass_name, shader in zip(names, shaders, strict=True):
        (tmp_path / f"{pass_name}.glsl").write_text(shader)
    SHADERS.set_search_path(tmp_path)
    try:
        samples = re.findall(r"^```toml\n(.*?)^```", TEXTS[name], re.MULTILINE | re.DOTALL)
        for text in (sample for sample in samples if "[pass." in sample):
            assert parse_look(f'name = "sample"\n{text}', "sample.toml").passes
        grey = np.full((8, 12, 3), 0.18, np.float32)
        for pass_name in names:
            look = parse_look(f'name = "sample"\nintent = "a test"\n[pass.{pass_name}]\n', "sample.toml")
            assert np.isfinite(gg.grade(grey, look)).all()
    finally:
        SHADERS.set_search_path()


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


def test_links_lead_from_the_readme_to_every_document() -> None:
    reached, following = set[str](), ["README.md"]
    while following:
        name = following.pop()
        reached.add(name)
        links = re.findall(r"\]\(([^)#:\s]+\.md)(?:#[^)]*)?\)", TEXTS[name])
        targets = {os.path.normpath(Path(name).parent / link) for link in links}
        following += targets & TEXTS.keys() - reached
    assert reached == set(TEXTS)


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
