"""The pages of the website from the Markdown files of the repository, with links that work in both places."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath

HOME = "README.md"
SOURCES = "source"  # the folder of the website for files of the code that a page links to
UNSEARCHED = "---\nsearch:\n  exclude: true\n---\n\n"  # a search for a word should find the pages that explain it
LANGUAGES = {".py": "python", ".toml": "toml", ".glsl": "glsl", ".sh": "sh", ".cfg": "ini", ".ipynb": "json"}
_LINK = re.compile(r"(\]\()([^)\s]+)(\))")
_CODE_IN_A_TABLE = re.compile(r"`[^`]*`")
_PUBLIC = re.compile(r"(?<!\[)`gg\.(\w+)(?:\.\w+)?(?:\([^`]*\))?`(?!\])")


def page_of(file: str) -> str:
    """The page of a repository file, both relative to their roots: docs/ is the root of the website.

    >>> page_of("docs/concepts/looks.md"), page_of("README.md"), page_of("shaders/grain.glsl")
    ('concepts/looks.md', 'index.md', 'source/shaders/grain.glsl.md')
    """
    if file == HOME:
        return "index.md"
    if file.startswith("docs/"):
        return file.removeprefix("docs/")
    return file if file.endswith(".md") and "/" not in file else f"{SOURCES}/{file}.md"


def lines_outside_code(text: str, changed: Callable[[str], str]) -> str:
    """`text` with `changed` applied to each line that is not in a code block."""
    lines, fence = [], ""
    for line in text.splitlines():
        mark = re.match(r"\s*(```+|~~~+)", line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence):
            fence = ""
        elif not fence:
            line = changed(line)
        lines.append(line)
    return "\n".join(lines) + "\n"


def with_plain_bars(line: str) -> str:
    """A row of a table without the backslashes that GitHub needs before a bar in code; here they would be shown."""
    if not line.startswith("|"):
        return line
    return _CODE_IN_A_TABLE.sub(lambda code: code[0].replace("\\|", "|"), line)


def full_size(line: str) -> str:
    """A picture alone on its line as a link to itself: pages show it in the width of their text."""
    return re.sub(r"^(!\[[^\]]*\]\(([^)\s]+)\))$", r"[\1](\2)", line)


def fenced(text: str, language: str) -> str:
    """A code block, whatever is in it."""
    fence = "`" * (3 + max((len(run) for run in re.findall(r"`{3,}", text)), default=0))
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def notebook_cells(text: str) -> str:
    """The cells of a notebook, without their output, as Markdown."""
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(text)["cells"]]
    return "\n\n".join(fenced(source, "python") if kind == "code" else source for kind, source in cells)


class Pages:
    """Writes pages under `folder`. `names` are the public names, with the page and anchor of each."""

    def __init__(self, repository: Path, folder: Path, names: dict[str, str]) -> None:
        self._repository, self._folder, self._names = repository, folder, names
        self._made: set[str] = set()
        self.faults: list[str] = []  # links to files that do not exist

    def add(self, file: str) -> None:
        """The page of a Markdown file of the repository, and pages of the code that it links to."""
        text = (self._repository / file).read_text(encoding="utf-8")
        self.write(page_of(file), self._linked(text, file))

    def write(self, page: str, text: str) -> None:
        """A page with this Markdown; `gg.` names link to the reference."""
        path = self._folder / page
        path.parent.mkdir(parents=True, exist_ok=True)
        changed = lines_outside_code(text, lambda line: self._with_names(full_size(with_plain_bars(line)), page))
        path.write_text(changed, encoding="utf-8")
        self._made.add(page)

    def link_to(self, file: str, page: str) -> str:
        """The link from `page` to a file or folder of the repository. Makes the page of the target if it is code."""
        target = page_of(file)
        if target.startswith(f"{SOURCES}/") and target not in self._made:
            self._add_code(file, target)
        return os.path.relpath(target, PurePosixPath(page).parent)

    def _linked(self, text: str, file: str) -> str:
        folder, page = PurePosixPath(file).parent, page_of(file)

        def target(found: re.Match[str]) -> str:
            path, sign, fragment = found[2].partition("#")
            if "://" in found[2] or not path:
                return found[0]
            linked = os.path.normpath(folder / path)
            if not (self._repository / linked).exists():
                self.faults.append(f"{file}: {found[2]}: no such file")
                return found[0]
            return f"{found[1]}{self.link_to(linked, page)}{sign}{fragment}{found[3]}"

        # A link may have code in its text, but not in its target.
        return lines_outside_code(text, lambda line: _LINK.sub(target, line) if "](" in line else line)

    def _with_names(self, line: str, page: str) -> str:
        def target(found: re.Match[str]) -> str:
            if found[1] not in self._names:
                return found[0]
            return f"[{found[0]}]({os.path.relpath(self._names[found[1]], PurePosixPath(page).parent)})"

        return line if line.startswith("#") else _PUBLIC.sub(target, line)

    def _add_code(self, file: str, page: str) -> None:
        """A page with a file of code, or with the list of a folder's files."""
        self._made.add(page)
        path = self._repository / file
        if path.is_dir():
            files = sorted(child.name for child in path.iterdir() if child.is_file() and child.suffix in LANGUAGES)
            rows = [f"- [{name}]({self.link_to(f'{file}/{name}', page)})" for name in files]
            self.write(page, f"# {file}\n\n" + "\n".join(rows))
            return
        text = path.read_text(encoding="utf-8")
        shown = notebook_cells(text) if path.suffix == ".ipynb" else fenced(text, LANGUAGES.get(path.suffix, "text"))
        self.write(page, f"{UNSEARCHED}# {file}\n\n{shown}\n")
