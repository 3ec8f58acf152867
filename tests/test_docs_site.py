"""The documentation website builds without a warning, has every page and name, works offline, has no dead link."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import groundglass as gg
import pytest
import typer
from docs_site.__main__ import build
from docs_site.commands import commands
from docs_site.links import dead_links
from docs_site.pages import Pages, notebook_cells, page_of, with_plain_bars
from docs_site.python_api import anchors
from docs_site.structure import sections_of
from groundglass import cli
from groundglass.gl.passes import list_overlays, list_passes, load_pass

REPOSITORY = Path(__file__).resolve().parent.parent
STRUCTURE = (
    '[[section]]\ntitle = "Start"\npages = ["README.md", "docs/later.md"]\n\n[[section]]\ntitle = "More"\npages = []\n'
)


def no_reference(pages: Pages) -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
def website(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs") / "site"
    assert build(REPOSITORY, folder) == []
    return folder


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A repository with a README and a page."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "structure.toml").write_text(STRUCTURE)
    (tmp_path / "README.md").write_text("# Small\n\nSee [the guide](docs/guide.md#a-part).\n")
    (tmp_path / "docs" / "guide.md").write_text("# Guide\n\n## A part\n\nBack [home](../README.md).\n")
    return tmp_path


def test_every_document_has_a_page(website: Path) -> None:
    documents = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")]
    pages = [page_of(path.relative_to(REPOSITORY).as_posix()) for path in documents]
    assert [page for page in pages if not (website / page).with_suffix(".html").is_file()] == []
    files = {file for files in sections_of(REPOSITORY, {}).values() for file in files}
    assert files == {path.relative_to(REPOSITORY).as_posix() for path in documents}


def test_the_page_for_missing_addresses_works_in_a_folder_of_a_host(website: Path) -> None:
    text = (website / "404.html").read_text(encoding="utf-8")
    assert 'href="index.html"' in text
    assert re.findall(r'(?:href|src)="/[^"]*"|"base":"/"', text) == []


def test_the_reference_has_every_public_name_with_its_docstring(website: Path) -> None:
    assert anchors().keys() == set(gg.__all__)
    for name, place in anchors().items():
        page, _, anchor = place.partition("#")
        text = (website / page).with_suffix(".html").read_text(encoding="utf-8")
        assert f'id="{anchor}"' in text, name
    text = (website / "reference" / "optics.html").read_text(encoding="utf-8")
    assert 'id="Lens.coc_px"' in text
    assert "Diameter of the circle of confusion in pixels" in text


def test_the_reference_has_every_command_and_option(website: Path) -> None:
    text = (website / "reference" / "commands.html").read_text(encoding="utf-8")
    found = dict(commands(typer.main.get_command(cli.app), ()))
    assert {path[0] for path in found} == {"look", *(path[0] for path in found)}
    for path, command in found.items():
        assert f'id="{"-".join(path)}"' in text
        shown = [option for option in command.params if not getattr(option, "hidden", False)]
        assert [name for option in shown for name in option.opts[:1] if name[:2] == "--" and name not in text] == []


def test_the_reference_has_every_pass_and_parameter(website: Path) -> None:
    text = (website / "reference" / "passes.html").read_text(encoding="utf-8")
    for name in (*list_passes(), *list_overlays()):
        assert f'id="{name}"' in text
        assert [p.name for p in load_pass(name).parameters if f"<code>{p.name}</code>" not in text] == []


def test_no_page_shows_markdown_that_only_github_reads(website: Path) -> None:
    """A list needs an empty line before it; a bar in the code of a table needs no backslash."""
    for path in website.rglob("*.html"):
        if "source" in path.relative_to(website).parts:
            continue
        text = re.sub(r"<pre>.*?</pre>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not re.search(r"<p>[^<]*\n- ", text), path.name
        assert "\\|" not in text, path.name


def test_a_page_that_appears_is_in_the_website_and_an_absent_one_is_left_out(small: Path) -> None:
    assert sections_of(small, {}) == {"Start": ["README.md"], "More": ["docs/guide.md"]}
    (small / "docs" / "later.md").write_text("# Later\n")
    (small / "NEWS.md").write_text("# News\n")
    assert sections_of(small, {}) == {"Start": ["README.md", "docs/later.md"], "More": ["NEWS.md", "docs/guide.md"]}


def test_a_dead_link_is_an_error_and_leaves_the_website_as_it_was(small: Path, tmp_path: Path) -> None:
    built = tmp_path / "built"
    assert build(small, built, no_reference) == []
    assert 'href="guide.html#a-part"' in (built / "index.html").read_text(encoding="utf-8")
    (small / "docs" / "guide.md").write_text("# Guide\n\n[nowhere](nothing.md)\n")
    (fault,) = build(small, built, no_reference)
    assert fault == "docs/guide.md: nothing.md: no such file"
    (small / "docs" / "guide.md").write_text("# Guide\n\n[nowhere](guide.md#gone)\n")
    (fault,) = build(small, built, no_reference)
    assert "guide.md" in fault
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".docs")] == []
    assert (built / "index.html").is_file()


def test_a_folder_with_other_files_is_not_replaced(small: Path) -> None:
    (fault,) = build(small, small / "docs", no_reference)
    assert fault.endswith("docs: holds other files; name another folder")
    assert (small / "docs" / "guide.md").is_file()


def test_links_are_checked_to_files_anchors_and_hosts(tmp_path: Path) -> None:
    (tmp_path / "b.html").write_text('<h1 id="top">B</h1>')
    links = ("b.html#top", "b.html#gone", "c.html", "https://example.org/")
    (tmp_path / "a.html").write_text(
        "".join(f'<a href="{link}">x</a>' for link in links) + '<script src="https://example.org/x.js"></script>'
    )
    assert dead_links(tmp_path) == [
        "a.html: b.html#gone: no such anchor",
        "a.html: c.html: no such file",
        "a.html: https://example.org/x.js: is loaded from another host",
    ]


def test_a_link_to_code_becomes_a_page_with_the_code(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "demos").mkdir()
    (tmp_path / "demos" / "lens.py").write_text('print("```")\n')
    (tmp_path / "docs" / "a.md").write_text(
        "[demo](../demos/lens.py), [all](../demos)\n\n```\n[kept](../demos/lens.py)\n```\n"
    )
    Pages(tmp_path, tmp_path / "pages", {}).add("docs/a.md")
    text = (tmp_path / "pages" / "a.md").read_text()
    assert text.startswith("[demo](source/demos/lens.py.md), [all](source/demos.md)\n")
    assert "[kept](../demos/lens.py)" in text
    assert '````python\nprint("```")\n````' in (tmp_path / "pages" / "source" / "demos" / "lens.py.md").read_text()
    assert "- [lens.py](demos/lens.py.md)" in (tmp_path / "pages" / "source" / "demos.md").read_text()


def test_a_notebook_shows_its_cells_without_their_output() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# A title\n", "and text"]},
        {"cell_type": "code", "source": ["x = 1"], "outputs": [{"text": "hidden"}]},
    ]
    assert notebook_cells(json.dumps({"cells": cells})) == "# A title\nand text\n\n```python\nx = 1\n```"


def test_public_names_link_to_the_reference(small: Path) -> None:
    (small / "docs" / "guide.md").write_text("`gg.Lens`, `gg.nothing`\n")
    Pages(small, small / "pages", anchors()).add("docs/guide.md")
    assert "`gg.nothing`\n" in (small / "pages" / "guide.md").read_text()
    assert "[`gg.Lens`](reference/optics.md#Lens)" in (small / "pages" / "guide.md").read_text()
    assert with_plain_bars(r"| `--a on\|off` | x \| y |") == r"| `--a on|off` | x \| y |"


def test_documents_and_code_have_no_common_misspelling() -> None:
    folders = ("docs", "demos", "engine", "kernels", "shaders", "tools")
    command = [
        Path(sys.executable).with_name("codespell"),
        "--skip",
        "*.jpg,*.svg,*.pyc",
        *REPOSITORY.glob("*.md"),
        *folders,
    ]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
