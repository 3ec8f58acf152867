"""The rules of the code base: allowed imports by ARCHITECTURE.md, no import cycles, lengths and docstrings."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

FILE_LINES = 400
FUNCTION_LINES = 60
DATA_MODULES = {
    "camera",
    "cfa",
    "checks",
    "child_process",
    "controls",
    "device_array",
    "documents",
    "errors",
    "files",
    "frame",
    "interrupts",
    "kept",
    "lens",
    "memory",
    "orientation",
    "packing",
    "pickling",
    "timing",
    "yuv",
}
CONTRACTS = {"drawn", "settings"}  # the engine's input and output: they may import other rooms
ROOT_MODULES = (
    DATA_MODULES
    | CONTRACTS
    | {*("__init__", "__main__", "api", "cli", "engine", "kernel_choice", "lost_device", "scene_pipeline", "warm_up")}
    | {"warm_up_process"}
)


def source_files(repository: Path) -> list[Path]:
    return sorted(path for folder in ("engine", "demos", "tests") for path in (repository / folder).rglob("*.py"))


@pytest.fixture(scope="module")
def modules(repository: Path) -> dict[str, Path]:
    """The modules of the package by dotted name from its root; the root has the empty name."""
    engine = repository / "engine"
    found = {}
    for path in engine.rglob("*.py"):
        parts = path.relative_to(engine).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(module: str, modules: dict[str, Path]) -> Iterator[str]:
    """The modules of this package that `module` imports, including those in functions, except type-checking imports."""
    tree = tree_of(modules[module])
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test).endswith("TYPE_CHECKING")
        for node in ast.walk(block)
    }
    package = [part for part in module.split(".") if part]
    if modules[module].name != "__init__.py":
        package.pop()
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or node.level == 0 or id(node) in typing_only:
            continue
        base = package[: len(package) - node.level + 1] + (node.module.split(".") if node.module else [])
        for alias in node.names:
            submodule = ".".join((*base, alias.name))
            yield submodule if submodule in modules else ".".join(base)


def room_of(module: str) -> str:
    return module.partition(".")[0]


@pytest.fixture(scope="module")
def imported_by(modules: dict[str, Path]) -> dict[str, set[str]]:
    """What each module imports from this package."""
    return {module: set(imports(module, modules)) for module in modules}


@pytest.fixture(scope="module")
def rooms(repository: Path) -> dict[str, set[str]]:
    """The rooms of ARCHITECTURE.md, each with the rooms that it may import."""
    text = (repository / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \|([^|]*)\|$", text, re.MULTILINE)
    return {room: set(re.findall(r"`(\w+)`", allowed)) for room, allowed in rows}


def test_the_architecture_lists_every_room(repository: Path, rooms: dict[str, set[str]]) -> None:
    folders = {path.parent.name for path in (repository / "engine").glob("*/__init__.py")}
    assert set(rooms) == folders


def test_the_root_has_only_the_listed_modules(repository: Path) -> None:
    assert {path.stem for path in (repository / "engine").glob("*.py")} == ROOT_MODULES


def test_a_room_imports_only_allowed_rooms(imported_by: dict[str, set[str]], rooms: dict[str, set[str]]) -> None:
    violations = [
        f"{module} imports {imported}"
        for module in imported_by
        if room_of(module) in rooms
        for imported in imported_by[module]
        if room_of(imported) not in DATA_MODULES | rooms[room_of(module)] | {room_of(module)}
    ]
    assert violations == []


def test_every_allowed_import_is_used(imported_by: dict[str, set[str]], rooms: dict[str, set[str]]) -> None:
    used = defaultdict(set)
    for module in imported_by:
        used[room_of(module)] |= {room_of(imported) for imported in imported_by[module]}
    assert {room: allowed - used[room] for room, allowed in rooms.items() if allowed - used[room]} == {}


def test_the_data_modules_import_no_room_but_colour(imported_by: dict[str, set[str]]) -> None:
    """The white point of a camera profile needs colour arithmetic."""
    found = {room_of(imported) for module in DATA_MODULES for imported in imported_by[module]}
    assert found - DATA_MODULES <= {"colour"}


def test_there_are_no_import_cycles(imported_by: dict[str, set[str]]) -> None:
    graph = {module: imported_by[module] - {module} for module in imported_by}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_inside_the_package_imports_are_relative(repository: Path) -> None:
    absolute = [
        str(path.relative_to(repository))
        for path in (repository / "engine").rglob("*.py")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").split(".")[0] == "groundglass"
    ]
    assert absolute == []


def test_a_file_has_at_most_400_lines(repository: Path) -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in source_files(repository)}
    long = {str(path.relative_to(repository)): lines for path, lines in lengths.items() if lines > FILE_LINES}
    assert long == {}


def test_a_function_body_has_at_most_60_lines(repository: Path) -> None:
    """Only the body counts: the signature of a command lists its options."""
    long = {
        f"{path.relative_to(repository)}:{node.lineno} {node.name}": node.end_lineno - node.body[0].lineno + 1
        for path in source_files(repository)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.body[0].lineno >= FUNCTION_LINES
    }
    assert long == {}


def test_every_module_has_a_docstring(repository: Path) -> None:
    undocumented = [
        str(path.relative_to(repository))
        for path in (repository / "engine").rglob("*.py")
        if ast.get_docstring(tree_of(path)) is None
    ]
    assert undocumented == []
