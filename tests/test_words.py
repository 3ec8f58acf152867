"""Names and prose use the field's terms: tests/support/words_support.py lists them.

`python tests/test_words.py` prints the number of places in each file. With files or folders as arguments it prints
every place with the suggested term.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(REPOSITORY / "tests" / "support"))

from words_support import ALLOWED_NAMES, ALLOWED_PLACES, FRAGMENTS, NAMES, PROSE, PYTHON_NAMES  # noqa: E402

CODE = (".cl", ".h", ".glsl")
SCANNED = {".py", ".md", ".toml", ".cfg", ".sh", *CODE}
# These files quote the old words.
QUOTING = {"tests/test_words.py", "tests/support/words_support.py"}


def _name_patterns(words: dict[str, str]) -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(rf"(?:^|_)(?:{pattern})(?:_|$)"), word) for pattern, word in words.items()]


_NAMES, _PYTHON_NAMES = _name_patterns(NAMES), _name_patterns(NAMES | PYTHON_NAMES)
_PROSE = [(re.compile(pattern, re.IGNORECASE), word) for pattern, word in PROSE.items()]
_FRAGMENTS = [(re.compile(pattern, re.IGNORECASE), word) for pattern, word in FRAGMENTS.items()]


class Text(NamedTuple):
    """A comment, a docstring, a message or a paragraph, on one line or several; `line` is its first line."""

    line: int
    text: str
    is_comment: bool = False


class Place(NamedTuple):
    """One use of a listed word, and the suggested term."""

    file: str
    line: int
    found: str
    instead: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.found!r}: {self.instead}"


def snake_case(name: str) -> str:
    """`HandOver`, `HAND_OVER` and `_hand_over` are `hand_over`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_")


def python_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and identifier of everything that is defined: functions, classes, parameters, variables, attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if not node.name.startswith("test_"):
                yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.alias) and node.asname:
            yield node.lineno, node.asname


def python_texts(source: str, tree: ast.AST) -> Iterator[Text]:
    """Strings of several words, joined where they have `{...}` in them, comments, and the names of tests."""
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
            yield Text(node.lineno, "".join(map(str, parts)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            if " " in node.value.strip():
                yield Text(node.lineno, node.value)
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield Text(node.lineno, node.name.removeprefix("test_").replace("_", " "))
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = [(token.start, token.string[1:], token.line) for token in tokens if token.type == tokenize.COMMENT]
    yield from joined_comments([(row, text, line.strip().startswith("#")) for (row, _), text, line in comments])


def joined_comments(comments: list[tuple[int, str, bool]]) -> Iterator[Text]:
    """Comments alone on neighbouring lines are one text. Each is (line, text, whether it is alone on the line)."""
    block: list[tuple[int, str, bool]] = []
    for comment in [*comments, (-1, "", True)]:
        if block and not (comment[2] and block[-1][2] and comment[0] == block[-1][0] + 1):
            yield Text(block[0][0], "\n".join(text.strip(" /*\t") for _, text, _ in block), is_comment=True)
            block = []
        block.append(comment)


def program_texts(source: str) -> Iterator[Text]:
    """Comments of a kernel or a shader, and the labels of its pragmas."""
    lines = source.splitlines()
    comments = [
        (number, found[1], line.lstrip().startswith("//"))
        for number, line in enumerate(lines, 1)
        if (found := re.search(r"//(.*)", line))
    ]
    yield from joined_comments(comments)
    for found in re.finditer(r"/\*.*?\*/", source, re.DOTALL):
        yield Text(source.count("\n", 0, found.start()) + 1, found[0].strip("/* \n"), is_comment=True)
    for number, line in enumerate(lines, 1):
        if line.startswith("#pragma"):
            yield from (Text(number, label) for label in re.findall(r'"([^"]*)"', line))


def program_names(source: str) -> Iterator[tuple[int, str]]:
    """Every identifier of a kernel or a shader, comments aside, at its first line."""
    bare = re.sub(r"/\*.*?\*/", lambda found: "\n" * found[0].count("\n"), source, flags=re.DOTALL)
    first: dict[str, int] = {}
    for number, line in enumerate(bare.splitlines(), 1):
        for name in re.findall(r"[A-Za-z_]\w*", re.sub(r'"[^"]*"', "", line.split("//")[0])):
            first.setdefault(name, number)
    return ((number, name) for name, number in first.items())


def document_texts(source: str) -> Iterator[Text]:
    """Paragraphs, table rows and the comments of shell blocks; text in backticks and link targets are left out."""
    source = re.sub(r"\]\([^)]*\)", "]", source)
    start, lines, in_block = 1, list[str](), False
    for number, line in enumerate([*source.splitlines(), ""], 1):
        fence = line.startswith("```")
        in_block ^= fence
        if in_block or fence or not line.strip() or line.startswith(("|", "#", "- ")):
            if lines:
                yield Text(start, re.sub(r"`[^`]*`", "…", "\n".join(lines)))
            lines = []
        if fence or not line.strip():
            continue
        if in_block:
            if "#" in line:
                yield Text(number, line.partition("#")[2])
            continue
        start = start if lines else number
        lines.append(line)


def data_texts(source: str) -> Iterator[Text]:
    """Comments and quoted strings of several words in .toml, .cfg and .sh files."""
    for number, line in enumerate(source.splitlines(), 1):
        yield from (Text(number, text) for text in re.findall(r'"([^"]* [^"]*)"', line))
        if found := re.search(r"(?:^|\s)#\s(.*)", line):
            yield Text(number, found[1], is_comment=True)


def places(path: Path, repository: Path = REPOSITORY) -> list[Place]:
    """All listed words of one file, by line."""
    file, source = str(path.relative_to(repository)), path.read_text(encoding="utf-8")
    names: Iterator[tuple[int, str]] = iter(())
    if path.suffix == ".py":
        tree = ast.parse(source)
        names, texts = python_names(tree), python_texts(source, tree)
    elif path.suffix in CODE:
        names, texts = program_names(source), program_texts(source)
    elif path.suffix == ".md":
        texts = document_texts(source)
    else:
        texts = data_texts(source)
    found = {place for line, name in names for place in check_name(file, line, name)}
    found |= {place for text in texts for place in check_text(file, text)}
    return sorted(place for place in found if (file, place.found) not in ALLOWED_PLACES)


def check_name(file: str, line: int, name: str) -> Iterator[Place]:
    """The listed patterns in an identifier."""
    snake, patterns = snake_case(name), _PYTHON_NAMES if file.endswith(".py") else _NAMES
    if snake not in ALLOWED_NAMES:
        yield from (Place(file, line, name, word) for pattern, word in patterns if pattern.search(snake))


def check_text(file: str, text: Text) -> Iterator[Place]:
    """The listed phrases in a text, each with its line."""
    flat = re.sub(r"\n[ \t]*", "\n", text.text)
    spaced = flat.replace("\n", " ")
    bare = re.sub(r"`[^`]*`", lambda found: "…" * len(found[0]), spaced)
    for pattern, word in [*_PROSE, *(_FRAGMENTS if text.is_comment else [])]:
        for found in pattern.finditer(bare):
            line = text.line + flat.count("\n", 0, found.start())
            yield Place(file, line, found[0].strip(), word)


def scanned_files(repository: Path = REPOSITORY) -> list[Path]:
    """The tracked and the new files with names or prose in them."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.run(listed, cwd=repository, capture_output=True, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        names = [str(path.relative_to(repository)) for path in repository.rglob("*") if ".venv" not in path.parts]
    paths = [repository / name for name in sorted(names) if Path(name).suffix in SCANNED and name not in QUOTING]
    return [path for path in paths if path.is_file()]


FILES = scanned_files()


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(REPOSITORY)) for path in FILES])
def test_a_file_uses_the_terms_of_the_field(path: Path) -> None:
    found = [str(place) for place in places(path)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("name", "is_private"),
    [("LEAST_PX", True), ("HandOver", True), ("least_squares", False), ("at_least", False), ("atlas", False)],
)
def test_names_are_compared_in_whole_parts(name: str, is_private: bool) -> None:
    assert bool(list(check_name("x.py", 1, name))) == is_private


def test_a_phrase_is_found_across_lines_and_outside_of_backticks() -> None:
    found = list(check_text("x.md", Text(5, "The `tells` of\n  the file is\n  no answer.")))
    assert [(place.line, place.found) for place in found] == [(6, "is no")]


def main(arguments: list[str]) -> None:
    """Prints the places in the given files or folders; without arguments, the number of places in each file."""
    if arguments:
        chosen = [Path(argument).resolve() for argument in arguments]
        inside = [path for path in FILES if any(path == entry or entry in path.parents for entry in chosen)]
        print(*[place for path in inside for place in places(path)], sep="\n")
        return
    counts = {str(path.relative_to(REPOSITORY)): len(places(path)) for path in FILES}
    print(
        *[f"{count:5} {name}" for name, count in sorted(counts.items(), key=lambda item: -item[1]) if count], sep="\n"
    )
    print(f"{sum(counts.values()):5} in {sum(map(bool, counts.values()))} of {len(counts)} files")


if __name__ == "__main__":
    main(sys.argv[1:])
