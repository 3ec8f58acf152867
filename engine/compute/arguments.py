"""Kernel arguments: those that a prototype declares, and the values that a caller passes by name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ShaderError
from .device import Buffer

_TYPES: dict[str, type[np.int32] | type[np.float32]] = {"int": np.int32, "float": np.float32}
_BUFFERS: set[type] = set()  # the classes of buffers seen so far: a protocol is slow to check
_ENTRIES = [row + column for row in "rgb" for column in "rgb"]


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument as a prototype declares it. `scalar` is the NumPy type of a number, None for a buffer.

    >>> Argument.parse("int pitch"), Argument.parse("GLOBAL float *RESTRICT mosaic").name
    (Argument(name='pitch', scalar=<class 'numpy.int32'>, declaration='int pitch'), 'mosaic')
    """

    name: str
    scalar: type[np.int32] | type[np.float32] | None
    declaration: str

    @classmethod
    def parse(cls, declaration: str, where: str = "") -> Argument:
        """Parses the text between two commas of a prototype. Raises ShaderError, which begins with `where`."""
        words = declaration.replace("*", " * ").split()
        if len(words) < 2 or not words[-1].isidentifier() or not ("*" in words or words[0] in _TYPES):
            shown = " ".join(words) or "nothing"
            raise ShaderError(f"{where}: cannot pass the argument '{shown}'; use int, float or a buffer (GLOBAL T *)")
        return cls(words[-1], None if "*" in words else _TYPES[words[0]], " ".join(declaration.split()))

    def accept(self, value: Any) -> Any:
        """`value` in the declared type: a buffer unchanged, a number as a NumPy scalar.

        Raises TypeError or ValueError, whose text names what was passed instead.
        """
        is_number = isinstance(value, (int, float, np.number, np.bool_))
        if self.scalar is None:
            if type(value) in _BUFFERS:
                return value
            if is_number or isinstance(value, np.ndarray) or not isinstance(value, Buffer):
                raise TypeError(f"takes a buffer, not {_shown(value)}")
            _BUFFERS.add(type(value))
            return value
        if not is_number or (self.scalar is np.int32 and isinstance(value, (float, np.floating))):
            raise TypeError(f"takes {'an int' if self.scalar is np.int32 else 'a number'}, not {_shown(value)}")
        if self.scalar is np.int32 and not -(2**31) <= value < 2**31:
            raise ValueError(f"takes an int of 32 bits, not {value}")
        return self.scalar(value)


def bind(source: str, kernel: str, declared: Sequence[Argument], given: Mapping[str, object]) -> tuple[Any, ...]:
    """The values of `given` in the order and the types of `declared`.

    Raises ShaderError if an argument is unknown, missing or has another type. It names the kernel, the argument and,
    for an unknown name, the closest declared name.
    """
    names = [argument.name for argument in declared]
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(name, [n for n in names if n not in given] or names, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"it takes {', '.join(names)}"
            raise ShaderError(f"{source}: {kernel} has no argument '{name}'; {hint}")
    missing = [f"'{argument.declaration}'" for argument in declared if argument.name not in given]
    if missing:
        raise ShaderError(f"{source}: {kernel} was not given {', '.join(missing)}")
    values = []
    for argument in declared:
        try:
            values.append(argument.accept(given[argument.name]))
        except (TypeError, ValueError) as error:
            raise ShaderError(f"{source}: {kernel}: '{argument.declaration}' {error}") from error
    return tuple(values)


def of_matrix(matrix: NDArray[Any]) -> dict[str, Any]:
    """The entries of a (3, 3) matrix from camera RGB to scene RGB, by their argument names in kernels.

    `rg` is the weight of camera green in scene red.
    """
    return dict(zip(_ENTRIES, matrix.ravel().tolist(), strict=True))


def numbered(name: str, values: Sequence[float], first: int = 0) -> dict[str, Any]:
    """
    >>> numbered("gain", (2.0, 1.0)), numbered("open", (0.5,), first=1)
    ({'gain_0': 2.0, 'gain_1': 1.0}, {'open_1': 0.5})
    """
    return dict(zip(_names(name, first, len(values)), values, strict=True))


@cache
def _names(name: str, first: int, count: int) -> tuple[str, ...]:
    return tuple(f"{name}_{number}" for number in range(first, first + count))


def _shown(value: object) -> str:
    if isinstance(value, (int, float, np.number, np.bool_)):
        return f"{type(value).__name__} {value}"
    return "a buffer" if isinstance(value, Buffer) and not isinstance(value, np.ndarray) else type(value).__name__
