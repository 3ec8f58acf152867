"""The types of GLSL that a pass may use, and how a value of each lies in scalars."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Type:
    """Type of a value. `base` is float, int, uint, bool, struct, array, void or texture.

    A vector has one column of `rows`, a matrix more columns. Scalars of a value lie column by column, field by field,
    element by element.
    """

    name: str
    base: str
    rows: int = 1
    columns: int = 1
    fields: tuple[tuple[str, Type], ...] = ()  # members of a struct
    element: Type | None = None  # type of an array's elements
    length: int = 0

    @property
    def size(self) -> int:
        """How many scalars a value has."""
        if self.element is not None:
            return self.length * self.element.size
        if self.base == "struct":
            return sum(kind.size for _, kind in self.fields)
        return self.rows * self.columns

    @property
    def bases(self) -> tuple[str, ...]:
        """The base of each scalar."""
        if self.element is not None:
            return self.element.bases * self.length
        if self.base == "struct":
            return tuple(base for _, kind in self.fields for base in kind.bases)
        return (self.base,) * self.size

    @property
    def is_matrix(self) -> bool:
        return self.columns > 1

    @property
    def is_scalar(self) -> bool:
        return self.base in PREFIXES and self.size == 1


PREFIXES = {"float": "", "int": "i", "uint": "u", "bool": "b"}  # letters before "vec"
VOID = Type("void", "void")
FLOAT, INT, UINT, BOOL = (Type(base, base) for base in PREFIXES)
_IGNORED = {"highp", "mediump", "lowp", "flat", "smooth", "noperspective", "centroid", "in", "const"}
QUALIFIERS = frozenset({*_IGNORED, "uniform", "out", "inout"})


@cache
def vector(base: str, rows: int) -> Type:
    return Type(base, base) if rows == 1 else Type(f"{PREFIXES[base]}vec{rows}", base, rows)


@cache
def matrix(columns: int, rows: int) -> Type:
    name = f"mat{columns}" if columns == rows else f"mat{columns}x{rows}"
    return Type(name, "float", rows, columns)


def array(element: Type, length: int) -> Type:
    return Type(f"{element.name}[{length}]", "array", element=element, length=length)


def built_in(name: str) -> Type | None:
    """The built-in type of that name; None if GLSL has no such type."""
    return _built_in_types().get(name)


@cache
def _built_in_types() -> dict[str, Type]:
    types = [VOID]
    types += [vector(base, rows) for base in PREFIXES for rows in range(1, 5)]
    types += [matrix(columns, rows) for columns in range(2, 5) for rows in range(2, 5)]
    found = {kind.name: kind for kind in types}
    found |= {f"mat{side}x{side}": matrix(side, side) for side in range(2, 5)}
    textures = ("1D", "2D", "3D", "Cube", "2DArray", "1DArray", "Buffer", "2DRect", "2DShadow", "CubeShadow", "2DMS")
    names = (f"{prefix}sampler{suffix}" for prefix in ("", "i", "u") for suffix in textures)
    return found | {name: Type(name, "texture") for name in names}
