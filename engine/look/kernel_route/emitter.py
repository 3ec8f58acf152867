"""Scalars of a shader that is being translated, and the lines of the kernel that compute them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ...gl.passes import Number as Uniform
from .errors import UntranslatableError
from .operations import OPERATIONS, Number
from .tokens import Origin
from .uniforms import Operand, UniformGraph, computed

_RUNS = {"float": "floats", "int": "ints", "uint": "naturals", "bool": "ints"}
_SLOTS = {"float": "NUMBER", "int": "WHOLE", "uint": "NATURAL", "bool": "WHOLE"}
MAX_LINES = 20_000  # of a kernel: what unrolls to more would compile for minutes


@dataclass(frozen=True, slots=True)
class Scalar:
    """A `number` that is known, else the `node` of a number that the host computes, else the name of a run of pixels."""

    base: str
    number: Number | None = None
    node: int | None = None
    text: str = ""

    @property
    def is_uniform(self) -> bool:
        """Whether it is the same for all pixels."""
        return not self.text


class Emitter:
    """Does operations: at once with what is known, on the host with uniforms, else in a line of the kernel.

    Each line is `const floats vN = ...;`, and no line is written twice. `uniforms` are the look's numbers as they are;
    `fixed` are those that the kernel is made for, since they decide what it does.
    """

    def __init__(self, uniforms: Mapping[str, Uniform]) -> None:
        self.graph = UniformGraph()
        self.lines: list[str] = []
        self.origins: list[Origin] = []
        self.origin: Origin = ("look", 1)  # of what is being translated
        self.fixed: dict[str, Uniform] = {}
        self._uniforms = uniforms
        self._names: dict[str, str] = {}

    def apply(self, name: str, *operands: Scalar) -> Scalar:
        """The operation of that name. UntranslatableError where there is none for such operands."""
        base = operands[0].base
        operation = OPERATIONS.get((name, base))
        if operation is None:
            raise self.error(f"'{name}' of {base} is not translated")
        if all(one.is_uniform for one in operands):
            numbers = [one.number for one in operands if one.number is not None]
            if len(numbers) == len(operands):
                return self.constant(computed(name, base, numbers), operation.result)
            given = tuple(_operand(one) for one in operands)
            return Scalar(operation.result, node=self.graph.apply(name, base, given))
        if name == "/" and base == "float" and operands[1].is_uniform:
            return self.apply("*", operands[0], self.apply("/", self.constant(1.0), operands[1]))
        text = operation.kernel.format(*(self._text(one) for one in operands))
        return self._named(text, operation.result)

    def constant(self, number: Number, base: str = "float") -> Scalar:
        return Scalar(base, number)

    def uniform(self, name: str, component: int, base: str) -> Scalar:
        if name not in self._uniforms:
            raise self.error(f"'{name}' is known in GL alone")
        return Scalar(base, node=self.graph.uniform(name, component))

    def decided(self, condition: Scalar) -> Number | None:
        """The number of a condition, an index or a length that is known, or is made known.

        Uniforms of whole numbers that it depends on are fixed then. None where fractions or pixels decide.
        """
        if condition.number is not None:
            return condition.number
        if condition.node is None:
            return None
        needs = self.graph.needs(condition.node)
        if not all(isinstance(self._uniforms[name], int) for name in needs) or "frame_index" in needs:
            return None
        self.fixed |= {name: self._uniforms[name] for name in needs}
        return self.graph.value(condition.node, self._uniforms)

    def choose(self, condition: Scalar, yes: Scalar, no: Scalar) -> Scalar:
        """`yes` where the condition holds, else `no`."""
        if yes == no:
            return yes
        number = self.decided(condition)
        if number is not None:
            return yes if number else no
        return self.apply(f"choose {yes.base}", condition, yes, no)

    def both(self, one: Scalar, other: Scalar) -> Scalar:
        """Logical and, by which what is known decides."""
        for known, rest in ((one, other), (other, one)):
            if known.number is not None:
                return rest if known.number else known
        return self.apply("&&", one, other)

    def error(self, reason: str) -> UntranslatableError:
        return UntranslatableError(f"{self.origin[0]}:{self.origin[1]}: {reason}")

    def text(self, scalar: Scalar) -> str:
        """A run of pixels in the kernel's language."""
        return self._text(scalar)

    def _text(self, scalar: Scalar) -> str:
        if scalar.text:
            return scalar.text
        run = _RUNS[scalar.base]
        if scalar.number is None:
            assert scalar.node is not None
            return f"{_SLOTS[scalar.base]}({self.graph.slot(scalar.node, scalar.base)})"
        return f"({run})({self._literal(scalar.number, scalar.base)})"

    def _literal(self, number: Number, base: str) -> str:
        match base:
            case "bool":
                return "-1" if number else "0"
            case "float":
                if not math.isfinite(number) or abs(number) > 3.4e38:
                    raise self.error("a constant is not finite")
                return f"{float(number)!r}f"
            case "uint":
                return f"{number}u"
        return "-2147483647 - 1" if number == -(2**31) else str(number)

    def _named(self, text: str, base: str) -> Scalar:
        run = _RUNS[base]
        name = self._names.get(f"{run} {text}")
        if name is None:
            name = self._names[f"{run} {text}"] = f"v{len(self.lines)}"
            self.lines.append(f"const {run} {name} = {text};")
            self.origins.append(self.origin)
            if len(self.lines) > MAX_LINES:
                raise self.error("the look becomes too long a kernel")
        return Scalar(base, text=name)


def _operand(scalar: Scalar) -> Operand:
    if scalar.number is not None:
        return scalar.number
    assert scalar.node is not None
    return (scalar.node,)
