"""GLSL's built-in functions, composed of operations."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from .emitter import Emitter
from .types import BOOL, FLOAT, matrix, vector
from .values import Value, binary, componentwise, converted, dot

Function = Callable[..., Value]

_SAME_NAME = (
    *("sqrt", "inversesqrt", "exp2", "log2", "pow", "floor", "sin", "cos", "tan", "asin", "acos", "sinh", "cosh"),
    *("tanh", "abs", "min", "max"),
)
_COMPARISONS = {
    "lessThan": "<",
    "lessThanEqual": "<=",
    "greaterThan": ">",
    "greaterThanEqual": ">=",
    "equal": "==",
    "notEqual": "!=",
}
_WHOLE = frozenset({"abs", "min", "max", "clamp", "sign"})  # take whole numbers, too


def number(emitter: Emitter, value: float) -> Value:
    return Value(FLOAT, (emitter.constant(value),))


def call(emitter: Emitter, name: str, given: list[Value]) -> Value | None:
    """Returns the result of a function of GLSL; None if it is unknown or not translated."""
    sign = _COMPARISONS.get(name)
    if sign is not None:
        return componentwise(emitter, sign, *given)
    function = _FUNCTIONS.get(name)
    if function is None:
        return None
    if name not in _WHOLE and name not in _OF_BOOLS:
        given = [_in_floats(emitter, value) for value in given]
    if name in _SAME_NAME:
        return componentwise(emitter, name, *given)
    return function(emitter, *given)


def _in_floats(emitter: Emitter, value: Value) -> Value:
    if value.type.base == "float":
        return value
    return converted(emitter, value, vector("float", value.type.rows))


def _do(emitter: Emitter, left: Value, sign: str, right: Value | float) -> Value:
    return componentwise(emitter, sign, left, right if isinstance(right, Value) else number(emitter, right))


def _clamp(emitter: Emitter, x: Value, low: Value, high: Value) -> Value:
    return componentwise(emitter, "min", componentwise(emitter, "max", x, low), high)


def _mix(emitter: Emitter, x: Value, y: Value, share: Value) -> Value:
    if share.type.base == "bool":
        parts = zip(share.parts, y.parts, x.parts, strict=True)
        return Value(x.type, tuple(emitter.choose(condition, yes, no) for condition, yes, no in parts))
    kept = _do(emitter, number(emitter, 1.0), "-", share)
    return _do(emitter, _do(emitter, x, "*", kept), "+", _do(emitter, y, "*", share))


def _mixed(emitter: Emitter, x: Value, y: Value, share: Value) -> Value:
    return _mix(
        emitter,
        _in_floats(emitter, x),
        _in_floats(emitter, y),
        share if share.type.base == "bool" else _in_floats(emitter, share),
    )


def _step(emitter: Emitter, edge: Value, x: Value) -> Value:
    is_behind = componentwise(emitter, ">=", x, edge)
    above, zero = emitter.constant(1.0), emitter.constant(0.0)
    return Value(x.type, tuple(emitter.choose(condition, above, zero) for condition in is_behind.parts))


def _smoothstep(emitter: Emitter, low: Value, high: Value, x: Value) -> Value:
    share = _do(emitter, _do(emitter, x, "-", low), "/", _do(emitter, high, "-", low))
    t = _clamp(emitter, share, number(emitter, 0.0), number(emitter, 1.0))
    return _do(
        emitter, _do(emitter, t, "*", t), "*", _do(emitter, number(emitter, 3.0), "-", _do(emitter, t, "*", 2.0))
    )


def _fract(emitter: Emitter, x: Value) -> Value:
    return _do(emitter, x, "-", componentwise(emitter, "floor", x))


def _mod(emitter: Emitter, x: Value, y: Value) -> Value:
    whole = componentwise(emitter, "floor", _do(emitter, x, "/", y))
    return _do(emitter, x, "-", _do(emitter, y, "*", whole))


def _ceil(emitter: Emitter, x: Value) -> Value:
    return componentwise(emitter, "negate", componentwise(emitter, "floor", componentwise(emitter, "negate", x)))


def _trunc(emitter: Emitter, x: Value) -> Value:
    down, up = componentwise(emitter, "floor", x), _ceil(emitter, x)
    is_negative = componentwise(emitter, "<", x, number(emitter, 0.0))
    parts = zip(is_negative.parts, up.parts, down.parts, strict=True)
    return Value(x.type, tuple(emitter.choose(condition, yes, no) for condition, yes, no in parts))


def _round(emitter: Emitter, x: Value) -> Value:
    return componentwise(emitter, "floor", _do(emitter, x, "+", 0.5))


def _sign(emitter: Emitter, x: Value) -> Value:
    base = x.type.base
    parts = []
    for part in x.parts:
        zero, above, less = (emitter.constant(n if base == "int" else float(n), base) for n in (0, 1, -1))
        below = emitter.choose(emitter.apply("<", part, zero), less, zero)
        parts.append(emitter.choose(emitter.apply(">", part, zero), above, below))
    return Value(x.type, tuple(parts))


def _scaled(factor: float) -> Function:
    return lambda emitter, x: _do(emitter, x, "*", factor)


def _exp(emitter: Emitter, x: Value) -> Value:
    return componentwise(emitter, "exp2", _do(emitter, x, "*", 1.0 / math.log(2.0)))


def _log(emitter: Emitter, x: Value) -> Value:
    return _do(emitter, componentwise(emitter, "log2", x), "*", math.log(2.0))


def _atan(emitter: Emitter, y: Value, x: Value | None = None) -> Value:
    return componentwise(emitter, "atan", y) if x is None else componentwise(emitter, "atan2", y, x)


def _dot(emitter: Emitter, x: Value, y: Value) -> Value:
    return Value(FLOAT, (dot(emitter, x.parts, y.parts),))


def _length(emitter: Emitter, x: Value) -> Value:
    return componentwise(emitter, "sqrt", _dot(emitter, x, x))


def _distance(emitter: Emitter, x: Value, y: Value) -> Value:
    return _length(emitter, _do(emitter, x, "-", y))


def _normalize(emitter: Emitter, x: Value) -> Value:
    return _do(emitter, x, "*", componentwise(emitter, "inversesqrt", _dot(emitter, x, x)))


def _cross(emitter: Emitter, x: Value, y: Value) -> Value:
    parts = []
    for first, other in ((1, 2), (2, 0), (0, 1)):
        product = emitter.apply("*", x.parts[first], y.parts[other])
        parts.append(emitter.apply("-", product, emitter.apply("*", x.parts[other], y.parts[first])))
    return Value(x.type, tuple(parts))


def _reflect(emitter: Emitter, x: Value, normal: Value) -> Value:
    along = _do(emitter, _dot(emitter, normal, x), "*", 2.0)
    return _do(emitter, x, "-", _do(emitter, normal, "*", along))


def _transpose(emitter: Emitter, x: Value) -> Value:
    del emitter
    columns, rows = x.type.columns, x.type.rows
    parts = tuple(x.parts[column * rows + row] for row in range(rows) for column in range(columns))
    return Value(matrix(rows, columns), parts)


def _any(emitter: Emitter, x: Value) -> Value:
    found = Value(BOOL, x.parts[:1])
    for part in x.parts[1:]:
        found = binary(emitter, "||", found, Value(BOOL, (part,)))
    return found


def _all(emitter: Emitter, x: Value) -> Value:
    found = Value(BOOL, x.parts[:1])
    for part in x.parts[1:]:
        found = binary(emitter, "&&", found, Value(BOOL, (part,)))
    return found


def _not(emitter: Emitter, x: Value) -> Value:
    return componentwise(emitter, "!", x)


def _matrix_product(emitter: Emitter, x: Value, y: Value) -> Value:
    return componentwise(emitter, "*", x, y)


_OF_BOOLS: Mapping[str, Function] = {"any": _any, "all": _all, "not": _not, "mix": _mixed}
_FUNCTIONS: Mapping[str, Function] = {
    **{name: componentwise for name in _SAME_NAME},
    **_OF_BOOLS,
    "clamp": _clamp,
    "step": _step,
    "smoothstep": _smoothstep,
    "fract": _fract,
    "mod": _mod,
    "ceil": _ceil,
    "trunc": _trunc,
    "round": _round,
    "roundEven": _round,
    "sign": _sign,
    "radians": _scaled(math.pi / 180.0),
    "degrees": _scaled(180.0 / math.pi),
    "exp": _exp,
    "log": _log,
    "atan": _atan,
    "dot": _dot,
    "length": _length,
    "distance": _distance,
    "normalize": _normalize,
    "cross": _cross,
    "reflect": _reflect,
    "transpose": _transpose,
    "matrixCompMult": _matrix_product,
}
