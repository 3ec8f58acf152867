"""Every public name is described: what it is, its parameters, shapes and dtypes of arrays, units, and errors.

What is required of which kind of name:

- every name, and every public method and property of a class, has a docstring of its own;
- a function or method names each parameter, unless its name has the unit, or they are "those of `render`";
- a class describes each field and member, in the docstring or in a comment on its line;
- what takes or returns an array gives the shape, such as (H, W, 3), and what returns item the dtype;
- what raises an error itself names it, or a base of it.
"""

from __future__ import annotations

import ast
import dataclasses
import enum
import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any, NamedTuple

import groundglass as gg
import pytest
from groundglass import errors

UNIT_IN_NAME = re.compile(r"_(m|mm|px|s|ms|ev|k|deg|percent)$")
ARRAY = re.compile(r"NDArray|ArrayLike")
SHAPE = re.compile(r"\(\w+(?: // \d)?, [^)]+\)|\(N,\)|\(3,\)|any shape")
DTYPE = re.compile(r"\b(?:u?int(?:8|16|32)|float(?:32|64)?|bool|doubles?)\b")
# Their meaning is that of the language or of the class, which describes them.
SELF_EXPLANATORY = {"self", "cls", "changes", "options", "device"}


class Described(NamedTuple):
    """A public function, method, property or class; `context` is the docstring of its class, if it has item."""

    name: str
    value: Any
    context: str = ""

    @property
    def text(self) -> str:
        return inspect.getdoc(self.value) or ""

    @property
    def function(self) -> Any:
        """What is called, None for a class without its own constructor."""
        if isinstance(self.value, property):
            return self.value.fget
        if isinstance(self.value, type):
            return vars(self.value).get("__init__")
        return getattr(self.value, "__func__", self.value)


def described() -> Iterator[Described]:
    for name in gg.__all__:
        value = getattr(gg, name)
        yield Described(name, value)
        if isinstance(value, type):
            for member, attribute in vars(value).items():
                is_code = inspect.isfunction(attribute) or isinstance(attribute, property | classmethod | staticmethod)
                if is_code and not member.startswith("_"):
                    yield Described(f"{name}.{member}", attribute, inspect.getdoc(value) or "")


ALL = [*described()]
CLASSES = [item for item in ALL if isinstance(item.value, type)]
# A class with a constructor of its own is called as a function is; a data class describes its fields.
CALLED = [
    item
    for item in ALL
    if not isinstance(item.value, type) or ("__init__" in vars(item.value) and not dataclasses.is_dataclass(item.value))
]


def ids(found: list[Described]) -> list[str]:
    return [item.name for item in found]


def annotations(function: Any) -> dict[str, str]:
    return {name: str(value) for name, value in getattr(function, "__annotations__", {}).items()}


@pytest.mark.parametrize("item", ALL, ids=ids(ALL))
def test_a_name_has_a_docstring(item: Described) -> None:
    own = item.value.__doc__ if not isinstance(item.value, classmethod | staticmethod) else item.function.__doc__
    assert own
    assert not own.startswith(f"{item.name}("), "the docstring of dataclass or Enum"
    assert own.strip()[0].isupper() or own.strip()[0] in "(`", "it begins with a sentence or a shape"


@pytest.mark.parametrize("item", CALLED, ids=ids(CALLED))
def test_a_function_describes_its_parameters(item: Described) -> None:
    parameters = inspect.signature(item.function).parameters
    others = [inspect.getdoc(getattr(gg, name)) or "" for name in re.findall(r"those of `(\w+)`", item.text)]
    text = "\n".join((item.text, item.context, *others))
    missing = [
        name
        for name in parameters
        if name not in SELF_EXPLANATORY
        and not UNIT_IN_NAME.search(name)
        and f"`{name}`" not in text
        and not re.search(rf"\b{name}s?\b", item.text)
    ]
    assert missing == []


@pytest.mark.parametrize("item", CLASSES, ids=ids(CLASSES))
def test_a_class_describes_its_fields_and_members(item: Described) -> None:
    fields = dataclasses.fields(item.value) if dataclasses.is_dataclass(item.value) else ()
    members = item.value if issubclass(item.value, enum.Enum) else ()
    names = [each.name for each in (*fields, *members) if not each.name.startswith("_")]
    commented = set(re.findall(r"^ +(\w+)(?:: [^=#]+)?(?: = [^#]*)? +# ", inspect.getsource(item.value), re.MULTILINE))
    assert [name for name in names if f"`{name}`" not in item.text and name not in commented] == []


@pytest.mark.parametrize("item", ALL, ids=ids(ALL))
def test_arrays_have_shapes_and_dtypes(item: Described) -> None:
    if dataclasses.is_dataclass(item.value):
        types = [str(field.type) for field in dataclasses.fields(item.value)]
        if any(ARRAY.search(kind) for kind in types):
            assert SHAPE.search(item.text), "a field is an array: give its shape"
            assert DTYPE.search(item.text) or any("float" in kind or "int" in kind for kind in types)
        return
    of = annotations(item.function)
    if any(ARRAY.search(kind) for kind in of.values()):
        assert SHAPE.search(item.text), "it takes or returns an array: give the shape"
    if ARRAY.search(of.get("return", "")):
        assert DTYPE.search(item.text) or re.search(r"float\d+|uint\d+|intp|bool", of["return"])


def raised_by(function: Any) -> set[str]:
    """The names of the errors that the function itself raises."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError):
        return set()
    found = {node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and node.exc is not None}
    calls = {node.func if isinstance(node, ast.Call) else node for node in found}
    return {node.id for node in calls if isinstance(node, ast.Name)} - {"NotImplementedError", "error"}


@pytest.mark.parametrize("item", ALL, ids=ids(ALL))
def test_errors_are_named(item: Described) -> None:
    functions = [item.function]
    if isinstance(item.value, type):
        functions = [vars(item.value)[name] for name in ("__init__", "__post_init__") if name in vars(item.value)]
    for name in set().union(*map(raised_by, [function for function in functions if inspect.isfunction(function)])):
        error = getattr(errors, name, None)
        bases = {name} if error is None else {base.__name__ for base in error.__mro__ if base is not Exception}
        assert any(base in item.text for base in bases), f"it raises {name}"
