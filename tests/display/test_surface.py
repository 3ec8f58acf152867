"""The contract of a surface: each implementation has exactly its names and signatures."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

import pytest
from groundglass.display.bitmap import BitmapSurface
from groundglass.display.glfw import GlfwSurface
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.surface import Surface

IMPLEMENTATIONS = [GlfwSurface, OffscreenSurface, BitmapSurface]
ATTRIBUTES = set(Surface.__annotations__)


def signatures(kind: type) -> dict[str, str]:
    """The public methods and properties with their signatures."""
    members = {}
    for name in dir(kind):
        member: Any = inspect.getattr_static(kind, name)
        if not name.startswith("_") and name not in ATTRIBUTES:
            is_property = isinstance(member, property)
            members[name] = f"{'property ' * is_property}{inspect.signature(member.fget if is_property else member)}"
    return members


def assigned(kind: type) -> set[str]:
    """The public attributes that the class or its methods set."""
    names = set()
    for base in kind.__mro__[:-1]:
        tree = ast.parse(Path(inspect.getfile(base)).read_text(encoding="utf-8"))
        body = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == base.__name__)
        for node in ast.walk(body):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.ctx, ast.Store)
                and ast.unparse(node.value) == "self"
            ):
                names.add(node.attr)
        names |= {target.id for item in body.body if isinstance(item, ast.Assign) for target in item.targets}  # type: ignore[attr-defined]
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize("kind", IMPLEMENTATIONS)
def test_a_surface_has_the_methods_of_the_contract_and_no_others(kind: type) -> None:
    assert signatures(kind) == signatures(Surface)


@pytest.mark.parametrize("kind", IMPLEMENTATIONS)
def test_a_surface_has_the_attributes_of_the_contract_and_no_others(kind: type) -> None:
    assert assigned(kind) == ATTRIBUTES


@pytest.mark.parametrize("kind", IMPLEMENTATIONS)
def test_a_surface_is_a_context_manager(kind: type) -> None:
    assert hasattr(kind, "__enter__")
    assert hasattr(kind, "__exit__")


def test_every_method_of_the_contract_is_documented() -> None:
    members = [inspect.getattr_static(Surface, name) for name in signatures(Surface)]
    assert all(member.__doc__ for member in members)


def test_only_the_glfw_surface_depends_on_the_window(repository: Path) -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in (repository / "engine").rglob("*.py")}
    assert [path for path, text in texts.items() if "window is None" in text or "window is not None" in text] == []
    toolkit = [path.name for path, text in texts.items() if "import glfw" in text]
    assert toolkit == ["glfw.py"]
    # `gl.screen` is the framebuffer of the window that moderngl detected; other code draws into `surface.framebuffer`.
    assert [path.name for path, text in texts.items() if "gl.screen" in text] == ["glfw.py"]
