"""The house rules that a reader relies on: rooms do not reach back, a file is one idea, names match."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

FILE_LINES = 400
FUNCTION_LINES = 60

# What each room may import from the rest of the package besides itself and SHARED. A frame walks capture -> develop ->
# optics -> look -> display; compute and gl are the floors. `optics.lens` is plain data, like a frame.
SHARED = {"camera", "cfa", "errors", "frame", "orientation", "packing", "shelf", "timing", "white", "optics.lens"}
MAY_IMPORT = {
    "capture": {"profile.store"},
    "profile": set(),
    "compute": {"kernels"},
    "gl": {"shaders"},
    "develop": {"compute"},
    "optics": {"compute", "lenses"},
    "reference": {"optics"},
    "look": {"gl", "looks", "shaders", "profile.colour", "capture.picture"},
    "display": {
        "compute.device",
        "gl",
        "shaders",
        "capture.exposable",
        "capture.icc",
        "develop.metering",
        "capture.mailbox",
        "look",
        "optics.autofocus",
        "optics.focus",
    },
    "keep": {"capture.dng", "capture.facts", "display", "gl", "look"},
    "tune": {"compute", "display", "gl", "keep", "look"},
    "remote": {"display"},
}


def source_files(repository: Path) -> list[Path]:
    return sorted(path for folder in ("engine", "demos", "tests") for path in (repository / folder).rglob("*.py"))


def imported_modules(path: Path, package: tuple[str, ...]) -> Iterator[str]:
    """Modules of this package that `path` imports, dotted from the package's root; type-checking imports aside."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test).endswith("TYPE_CHECKING")
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or node.level == 0 or id(node) in typing_only:
            continue
        base = package[: len(package) - node.level + 1]
        if node.module:
            yield ".".join((*base, node.module))
        else:
            yield from (".".join((*base, alias.name)) for alias in node.names)


def belongs(module: str, allowed: set[str]) -> bool:
    return any(module == name or module.startswith(name + ".") for name in allowed)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_does_not_reach_back(repository: Path, room: str) -> None:
    allowed = SHARED | MAY_IMPORT[room] | {room}
    strangers = [
        f"{path.relative_to(repository)} imports {module}"
        for path in sorted((repository / "engine" / room).rglob("*.py"))
        for module in imported_modules(path, path.relative_to(repository / "engine").parent.parts)
        if not belongs(module, allowed)
    ]
    assert strangers == []


def test_every_room_has_its_rule(repository: Path) -> None:
    folders = {path.parent.name for path in (repository / "engine").glob("*/__init__.py")}
    assert folders - {"commands", "lenses", "looks"} == set(MAY_IMPORT)


def test_inside_the_package_imports_are_relative(repository: Path) -> None:
    absolute = [
        str(path.relative_to(repository))
        for path in (repository / "engine").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").split(".")[0] == "groundglass"
    ]
    assert absolute == []


def test_a_file_is_one_idea(repository: Path) -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in source_files(repository)}
    long = {str(path.relative_to(repository)): lines for path, lines in lengths.items() if lines > FILE_LINES}
    assert long == {}


def test_a_function_fits_a_screen(repository: Path) -> None:
    """Its body: the signature of a command is the table of its options."""
    long = {
        f"{path.relative_to(repository)}:{node.lineno} {node.name}": node.end_lineno - node.body[0].lineno + 1
        for path in source_files(repository)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.body[0].lineno >= FUNCTION_LINES
    }
    assert long == {}


def test_every_public_module_says_what_it_is(repository: Path) -> None:
    silent = [
        str(path.relative_to(repository))
        for path in (repository / "engine").rglob("*.py")
        if ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None
    ]
    assert silent == []
