"""Vectors, matrices, arrays and structs as scalars, and GLSL's operators on them."""

from __future__ import annotations

from dataclasses import dataclass

from .emitter import Emitter, Scalar
from .types import BOOL, Type, matrix, vector

_SWIZZLES = ("xyzw", "rgba", "stpq")
_COMPARING = frozenset({"<", ">", "<=", ">="})
_RANKS = ("bool", "int", "uint", "float")  # each converts to those behind it


@dataclass(frozen=True, slots=True)
class Value:
    type: Type
    parts: tuple[Scalar, ...]

    @property
    def scalar(self) -> Scalar:
        return self.parts[0]


def places_of(emitter: Emitter, kind: Type, name: str) -> tuple[tuple[int, ...], Type]:
    """Where the scalars of a field or a swizzle lie in a value, and their type."""
    at = 0
    for field, of_field in kind.fields:
        if field == name:
            return tuple(range(at, at + of_field.size)), of_field
        at += of_field.size
    for letters in _SWIZZLES:
        if not kind.fields and not kind.is_matrix and set(name) <= set(letters[: kind.rows]):
            return tuple(letters.index(letter) for letter in name), vector(kind.base, len(name))
    raise emitter.error(f"{kind.name} has no '{name}'")


def element_of(emitter: Emitter, kind: Type) -> Type:
    """The type of an element of an array, a matrix or a vector."""
    if kind.element is not None:
        return kind.element
    if kind.is_matrix:
        return vector(kind.base, kind.rows)
    if kind.rows > 1:
        return vector(kind.base, 1)
    raise emitter.error(f"{kind.name} has no elements")


def indexed(emitter: Emitter, of: Value, index: Scalar) -> Value:
    """An element; where the index is not known, chosen from all."""
    kind = element_of(emitter, of.type)
    elements = [of.parts[at : at + kind.size] for at in range(0, len(of.parts), kind.size)]
    number = emitter.decided(index)
    if number is not None:
        return Value(kind, elements[min(max(int(number), 0), len(elements) - 1)])
    found = elements[0]
    for at, element in enumerate(elements[1:], start=1):
        is_here = emitter.apply("==", index, emitter.constant(at, index.base))
        found = tuple(emitter.choose(is_here, yes, no) for yes, no in zip(element, found, strict=True))
    return Value(kind, found)


def scalar_as(emitter: Emitter, scalar: Scalar, base: str) -> Scalar:
    return scalar if scalar.base == base else emitter.apply(f"to {base}", scalar)


def converted(emitter: Emitter, value: Value, kind: Type) -> Value:
    """`value` as GLSL converts it on its own: to the same shape of another base."""
    if value.type.size != kind.size:
        raise emitter.error(f"{value.type.name} does not become {kind.name}")
    parts = zip(value.parts, kind.bases, strict=True)
    return Value(kind, tuple(scalar_as(emitter, part, base) for part, base in parts))


def constructed(emitter: Emitter, kind: Type, given: list[Value]) -> Value:
    """What a type makes of its arguments."""
    parts = [part for value in given for part in value.parts]
    if kind.element is not None and kind.length == 0:
        kind = Type(f"{kind.element.name}[{len(given)}]", "array", element=kind.element, length=len(given))
    if len(given) == 1 and given[0].type.is_scalar and kind.base != "struct" and kind.element is None:
        scalar = scalar_as(emitter, parts[0], kind.base)
        if not kind.is_matrix:
            return Value(kind, (scalar,) * kind.size)
        zero = emitter.constant(0.0)
        diagonal = (scalar if row == column else zero for column in range(kind.columns) for row in range(kind.rows))
        return Value(kind, tuple(diagonal))
    if len(given) == 1 and given[0].type.is_matrix and kind.is_matrix:
        return _resized(emitter, kind, given[0])
    if len(parts) < kind.size:
        raise emitter.error(f"too few numbers for a {kind.name}")
    bases = zip(parts[: kind.size], kind.bases, strict=True)
    return Value(kind, tuple(scalar_as(emitter, part, base) for part, base in bases))


def _resized(emitter: Emitter, kind: Type, of: Value) -> Value:
    unit, zero = emitter.constant(1.0), emitter.constant(0.0)
    parts = [
        of.parts[column * of.type.rows + row]
        if column < of.type.columns and row < of.type.rows
        else (unit if row == column else zero)
        for column in range(kind.columns)
        for row in range(kind.rows)
    ]
    return Value(kind, tuple(parts))


def componentwise(emitter: Emitter, name: str, *values: Value) -> Value:
    """One operation on each component. A scalar operand is used for every component of a vector."""
    base = max((value.type.base for value in values), key=_RANKS.index)
    widest = max(values, key=lambda value: value.type.size)
    columns = []
    for value in values:
        parts = tuple(scalar_as(emitter, part, base) for part in value.parts)
        if len(parts) not in (1, widest.type.size):
            raise emitter.error(f"'{name}' of {', '.join(value.type.name for value in values)}")
        columns.append(parts * widest.type.size if len(parts) == 1 else parts)
    found = tuple(emitter.apply(name, *operands) for operands in zip(*columns, strict=True))
    kind = widest.type
    if found[0].base != kind.base:
        kind = matrix(kind.columns, kind.rows) if kind.is_matrix else vector(found[0].base, kind.rows)
    return Value(kind, found)


def binary(emitter: Emitter, sign: str, left: Value, right: Value) -> Value:
    """GLSL's operators: products of matrices, comparisons of whole values, and what goes by component."""
    if sign == "*" and (left.type.is_matrix or right.type.is_matrix) and not _has_scalar(left, right):
        return product(emitter, left, right)
    if sign in ("==", "!="):
        return _equality(emitter, sign, left, right)
    if sign == "&&":
        return Value(BOOL, (emitter.both(left.scalar, right.scalar),))
    if sign == "||":
        neither = emitter.both(emitter.apply("!", left.scalar), emitter.apply("!", right.scalar))
        return Value(BOOL, (emitter.apply("!", neither),))
    if sign in _COMPARING and (left.type.size > 1 or right.type.size > 1):
        raise emitter.error(f"'{sign}' of vectors")
    if sign in ("<<", ">>"):
        right = converted(emitter, right, vector(left.type.base, right.type.rows))
    return componentwise(emitter, sign, left, right)


def _has_scalar(left: Value, right: Value) -> bool:
    return left.type.is_scalar or right.type.is_scalar


def _equality(emitter: Emitter, sign: str, left: Value, right: Value) -> Value:
    base = max((left.type.bases[0], right.type.bases[0]), key=_RANKS.index)
    same = emitter.constant(True, "bool")
    for first, other in zip(left.parts, right.parts, strict=True):
        if left.type.base not in ("struct", "array"):
            first, other = scalar_as(emitter, first, base), scalar_as(emitter, other, base)
        same = emitter.both(same, emitter.apply("==", first, other))
    return Value(BOOL, (same if sign == "==" else emitter.apply("!", same),))


def product(emitter: Emitter, left: Value, right: Value) -> Value:
    """Of a matrix with a vector on either side, or with a matrix."""
    if not left.type.is_matrix:
        columns = [right.parts[at : at + right.type.rows] for at in range(0, right.type.size, right.type.rows)]
        return Value(vector("float", right.type.columns), tuple(dot(emitter, left.parts, column) for column in columns))
    rows = [left.parts[row :: left.type.rows] for row in range(left.type.rows)]
    if not right.type.is_matrix:
        return Value(vector("float", left.type.rows), tuple(dot(emitter, row, right.parts) for row in rows))
    parts = [
        dot(emitter, row, right.parts[at : at + right.type.rows])
        for at in range(0, right.type.size, right.type.rows)
        for row in rows
    ]
    return Value(matrix(right.type.columns, left.type.rows), tuple(parts))


def dot(emitter: Emitter, left: tuple[Scalar, ...], right: tuple[Scalar, ...]) -> Scalar:
    found: Scalar | None = None
    for first, other in zip(left, right, strict=True):
        term = emitter.apply("*", first, other)
        found = term if found is None else emitter.apply("+", found, term)
    assert found is not None
    return found


def chosen(emitter: Emitter, condition: Scalar, yes: Value, no: Value) -> Value:
    """`yes` where the condition holds, else `no`."""
    if yes.type != no.type:
        no = converted(emitter, no, yes.type)
    parts = zip(yes.parts, no.parts, strict=True)
    return Value(yes.type, tuple(emitter.choose(condition, first, other) for first, other in parts))
