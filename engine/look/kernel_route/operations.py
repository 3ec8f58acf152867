"""What is done with scalars: on the host, where all are the same for the whole picture, and in the kernel.

An operation is known by its sign, or its name, and by the type of its first operand. In a kernel every value is a run
of pixels, true is -1 in each lane that `?:` looks at, and `kernels/shading.h` holds what GLSL has and the kernels'
language lacks.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

Number = float | int | bool


class Operation(NamedTuple):
    """`result` is the base of its type; `kernel` is filled with the texts of the operands."""

    host: Callable[..., Any]
    kernel: str
    result: str


def wrapped(number: int, base: str) -> int:
    """
    >>> wrapped(0x9E3779B1, "int"), wrapped(-1, "uint")
    (-1640531535, 4294967295)
    """
    number &= 0xFFFFFFFF
    return number - (1 << 32) if base == "int" and number >= 1 << 31 else number


def _divided(a: float, b: float) -> float:
    if b == 0.0:
        return math.nan if a == 0.0 else math.copysign(math.inf, a)
    return a / b


def _power(a: float, b: float) -> float:
    return math.pow(a, b) if a > 0.0 else 0.0


def _truncated_quotient(a: int, b: int) -> int:
    return 0 if b == 0 else int(math.copysign(abs(a) // abs(b), a * b))


def _remainder(a: int, b: int) -> int:
    return a - b * _truncated_quotient(a, b)


def _chosen(condition: bool, yes: Number, no: Number) -> Number:
    return yes if condition else no


_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_FLOAT_FUNCTIONS: Mapping[str, tuple[Callable[..., float], str]] = {
    "+": (operator.add, "{0} + {1}"),
    "-": (operator.sub, "{0} - {1}"),
    "*": (operator.mul, "{0} * {1}"),
    "/": (_divided, "quotient({0}, {1})"),
    "negate": (operator.neg, "-{0}"),
    "min": (min, "lesser({0}, {1})"),
    "max": (max, "greater({0}, {1})"),
    "abs": (abs, "absolute({0})"),
    "sqrt": (lambda x: math.sqrt(max(x, 0.0)), "root({0})"),
    "inversesqrt": (lambda x: 1.0 / math.sqrt(x), "inverse_root({0})"),
    "exp2": (lambda x: math.pow(2.0, x), "power_of_two({0})"),
    "log2": (math.log2, "logarithm({0})"),
    "pow": (_power, "power({0}, {1})"),
    "floor": (lambda x: float(math.floor(x)), "floor_of({0})"),
    "sin": (math.sin, "sin({0})"),
    "cos": (math.cos, "cos({0})"),
    "tan": (math.tan, "tan({0})"),
    "asin": (math.asin, "asin({0})"),
    "acos": (math.acos, "acos({0})"),
    "atan": (math.atan, "atan({0})"),
    "atan2": (math.atan2, "atan2({0}, {1})"),
    "sinh": (math.sinh, "sinh({0})"),
    "cosh": (math.cosh, "cosh({0})"),
    "tanh": (math.tanh, "tanh({0})"),
}
_INTEGER_FUNCTIONS: Mapping[str, tuple[Callable[..., int], str]] = {
    "+": (operator.add, "{0} + {1}"),
    "-": (operator.sub, "{0} - {1}"),
    "*": (operator.mul, "{0} * {1}"),
    "/": (_truncated_quotient, "{0} / {1}"),
    "%": (_remainder, "{0} % {1}"),
    "&": (operator.and_, "{0} & {1}"),
    "|": (operator.or_, "{0} | {1}"),
    "^": (operator.xor, "{0} ^ {1}"),
    "<<": (lambda a, b: a << (b & 31), "{0} << {1}"),
    ">>": (lambda a, b: a >> (b & 31), "{0} >> {1}"),
    "negate": (operator.neg, "-{0}"),
    "~": (operator.invert, "~{0}"),
    "min": (min, "({0} < {1} ? {0} : {1})"),
    "max": (max, "({0} > {1} ? {0} : {1})"),
    "abs": (abs, "({0} < 0 ? -{0} : {0})"),
}
_CONVERSIONS: Mapping[tuple[str, str], tuple[Callable[[Any], Number], str]] = {
    ("int", "float"): (float, "IN_FLOATS({0})"),
    ("uint", "float"): (float, "NATURALS_IN_FLOATS({0})"),
    ("bool", "float"): (float, "CHOSEN({0}, (floats)(1.0f), (floats)(0.0f))"),
    ("float", "int"): (lambda x: wrapped(int(x), "int"), "TRUNCATED({0})"),
    ("uint", "int"): (lambda x: wrapped(x, "int"), "IN_INTS({0})"),
    ("bool", "int"): (int, "CHOSEN({0}, (ints)(1), (ints)(0))"),
    ("float", "uint"): (lambda x: wrapped(int(x), "uint"), "IN_NATURALS(TRUNCATED({0}))"),
    ("int", "uint"): (lambda x: wrapped(x, "uint"), "IN_NATURALS({0})"),
    ("bool", "uint"): (int, "IN_NATURALS(CHOSEN({0}, (ints)(1), (ints)(0)))"),
    ("float", "bool"): (bool, "{0} != 0.0f"),
    ("int", "bool"): (bool, "{0} != 0"),
    ("uint", "bool"): (bool, "{0} != 0"),
}


def _in_words(host: Callable[..., int], base: str, *operands: int) -> int:
    return wrapped(host(*operands), base)


def _table() -> dict[tuple[str, str], Operation]:
    table = {(name, "float"): Operation(host, kernel, "float") for name, (host, kernel) in _FLOAT_FUNCTIONS.items()}
    for base in ("int", "uint"):
        for name, (host, kernel) in _INTEGER_FUNCTIONS.items():
            table[name, base] = Operation(partial(_in_words, host, base), kernel, base)
    for sign, compare in _COMPARISONS.items():
        for base in ("float", "int", "uint"):
            table[sign, base] = Operation(compare, f"{{0}} {sign} {{1}}", "bool")
    for base in ("float", "int", "uint", "bool"):
        table[f"choose {base}", "bool"] = Operation(_chosen, "CHOSEN({0}, {1}, {2})", base)
    table["&&", "bool"] = Operation(lambda a, b: a and b, "{0} & {1}", "bool")
    table["||", "bool"] = Operation(lambda a, b: a or b, "{0} | {1}", "bool")
    table["!", "bool"] = Operation(operator.not_, "{0} == 0", "bool")
    table["==", "bool"] = Operation(operator.eq, "({0} == 0) == ({1} == 0)", "bool")
    for sign in ("!=", "^^"):
        table[sign, "bool"] = Operation(operator.ne, "({0} == 0) != ({1} == 0)", "bool")
    for (before, after), (convert, kernel) in _CONVERSIONS.items():
        table[f"to {after}", before] = Operation(convert, kernel, after)
    return table


OPERATIONS: Mapping[tuple[str, str], Operation] = _table()
