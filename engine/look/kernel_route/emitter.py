"""Scalars of a shader that is being translated, and the lines of the kernel that compute them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ...gl.passes import Number as Uniform
from .errors import UntranslatableError
from .operations import OPERATIONS, Number
from .tokens import Origin
from .uniforms import Operand, UniformGraph, computed

_RUNS = {"float": "floats", "int": "ints", "uint": "naturals", "bool": "ints"}
_SLOTS = {"float": "NUMBER", "int": "WHOLE", "uint": "NATURAL", "bool": "WHOLE"}
_NAME = re.compile(r"\bv\d+\b")
FRAME = "frame_index"  # an argument of the kernel: it changes with each frame, and the numbers seldom do
MAX_LINES = 3_000  # length of a kernel; a longer one would compile for more than ten seconds


@dataclass(frozen=True, slots=True)
class Scalar:
    """A `number` that is known, the `node` of a number that the host computes, or the name of a run of pixels."""

    base: str
    number: Number | None = None
    node: int | None = None
    text: str = ""

    @property
    def is_uniform(self) -> bool:
        """Whether it is the same for all pixels."""
        return not self.text


class Emitter:
    """Applies operations: at once to known numbers, on the host to uniforms, else in a line of the kernel.

    Each line is `const floats vN = ...;`, and no line is written twice. A sum repeats the products that it is made of:
    compilers join the two operations (FMA) within one expression only. `uniforms` are the look's numbers as they are;
    `fixed` are those that the kernel is made for, since they decide what it does.
    """

    def __init__(self, uniforms: Mapping[str, Uniform]) -> None:
        self.graph = UniformGraph()
        self.origin: Origin = ("look", 1)  # file and line that is being translated
        self.fixed: dict[str, Uniform] = {}
        self._squares: dict[str, Scalar] = {}  # the root of each, which may be negative
        self._uniforms = uniforms
        self._lines: list[tuple[str, Origin]] = []
        self._names: dict[str, str] = {}
        self._products: dict[str, str] = {}  # the text of each that is a product

    def apply(self, name: str, *operands: Scalar) -> Scalar:
        """Applies the operation of that name. UntranslatableError if these operands have no such operation."""
        base = operands[0].base
        operation = OPERATIONS.get((name, base))
        if operation is None:
            raise self.error(f"'{name}' of {base} is not translated")
        if all(operand.is_uniform for operand in operands):
            numbers = [operand.number for operand in operands if operand.number is not None]
            if len(numbers) == len(operands):
                return self.constant(computed(name, base, numbers), operation.result)
            node = self.graph.apply(name, base, tuple(_operand(operand) for operand in operands))
            return Scalar(operation.result, node=node)
        identity = self._identity(name, operands)
        if identity is not None:
            return identity
        if name == "sqrt" and operands[0].text in self._squares:
            return self.apply("abs", self._squares[operands[0].text])
        if name == "/" and base == "float" and operands[1].is_uniform:
            return self.apply("*", operands[0], self.apply("/", self.constant(1.0), operands[1]))
        is_sum = base == "float" and name in ("+", "-")
        texts = [self._products.get(operand.text, "") if is_sum else "" for operand in operands]
        given = [text or self._text(operand) for text, operand in zip(texts, operands, strict=True)]
        found = self._named(operation.kernel.format(*given), operation.result)
        if base == "float" and name == "*":
            self._products[found.text] = f"({operation.kernel.format(*given)})"
            if operands[0] == operands[1]:
                self._squares[found.text] = operands[0]
        return found

    def _identity(self, name: str, operands: tuple[Scalar, ...]) -> Scalar | None:
        """The operand that an operation on floats leaves as it is, or 0: x + 0, x - 0, x * 1, x * 0, max(x * x, 0)."""
        if name == "max" and operands[0].text in self._squares and operands[1].number == 0.0:
            return operands[0]
        neutral = {"+": 0.0, "-": 0.0, "*": 1.0}.get(name)
        if neutral is None or operands[0].base != "float":
            return None
        for operand, other in (operands, operands[::-1]):
            if other.number == neutral:
                return operand
            if name == "-":
                return None  # 0 - x is another number
            if name == "*" and other.number == 0.0:
                return other
        return None

    def constant(self, number: Number, base: str = "float") -> Scalar:
        return Scalar(base, number)

    def uniform(self, name: str, component: int, base: str) -> Scalar:
        if name not in self._uniforms:
            raise self.error(f"'{name}' is known in GL alone")
        if name == FRAME:
            return Scalar(base, text=FRAME)
        return Scalar(base, node=self.graph.uniform(name, component))

    def decided(self, condition: Scalar) -> Number | None:
        """The number of a condition, an index or a length that is known, or is made known.

        Uniforms of whole numbers that it depends on are fixed then. None if fractions or pixels decide.
        """
        if condition.number is not None:
            return condition.number
        if condition.node is None:
            return None
        needs = self.graph.needs(condition.node)
        if not all(isinstance(self._uniforms[name], int) for name in needs):
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

    def both(self, left: Scalar, right: Scalar) -> Scalar:
        """Logical and; a known operand decides."""
        for known, rest in ((left, right), (right, left)):
            if known.number is not None:
                return rest if known.number else known
        return self.apply("&&", left, right)

    def lines_for(self, text: str) -> list[tuple[str, Origin]]:
        """The lines that `text` needs, in their order, with the lines of the shaders that they came from."""
        needed = set(_NAME.findall(text))
        found = []
        for at in range(len(self._lines) - 1, -1, -1):
            line, origin = self._lines[at]
            if f"v{at}" in needed:
                needed |= set(_NAME.findall(line))
                found.append((line, origin))
        return found[::-1]

    def error(self, reason: str) -> UntranslatableError:
        return UntranslatableError(f"{self.origin[0]}:{self.origin[1]}: {reason}")

    def text(self, scalar: Scalar) -> str:
        """A run of pixels in the kernel's language."""
        if scalar.number is not None:
            return f"({_RUNS[scalar.base]})({self._literal(scalar.number, scalar.base)})"
        return self._text(scalar)

    def _text(self, scalar: Scalar) -> str:
        if scalar.text:
            return scalar.text
        run = _RUNS[scalar.base]
        if scalar.number is None:
            assert scalar.node is not None
            return f"{_SLOTS[scalar.base]}({self.graph.slot((scalar.node,), scalar.base)})"
        literal = self._literal(scalar.number, scalar.base)
        if scalar.base != "float" or scalar.number == 0.0:
            return f"({run})({literal})"
        return f"CONSTANT({self.graph.slot(float(scalar.number), 'float')}, {literal})"

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
            name = self._names[f"{run} {text}"] = f"v{len(self._lines)}"
            self._lines.append((f"const {run} {name} = {text};", self.origin))
            if len(self._lines) > MAX_LINES:
                raise self.error("the look becomes too long a kernel")
        return Scalar(base, text=name)


def _operand(scalar: Scalar) -> Operand:
    if scalar.number is not None:
        return scalar.number
    assert scalar.node is not None
    return (scalar.node,)
