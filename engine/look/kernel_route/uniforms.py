"""What is the same for all pixels of a picture: computed on the host from a look's numbers, once for each change."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...gl.passes import Number as Uniform
from .operations import OPERATIONS, Number

Operand = Number | tuple[int]  # a number, or the place of a node


class _Node(NamedTuple):
    name: str  # of the operation, or of the uniform
    base: str  # of its first operand; empty for a uniform
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class HostProgram:
    """Computes the `slots` of a kernel's buffer of numbers."""

    nodes: tuple[_Node, ...]
    slots: tuple[tuple[Operand, str], ...]  # a node or a constant, and the base of its type
    names: frozenset[str]  # of the uniforms that it needs

    def numbers(self, uniforms: Mapping[str, Uniform]) -> NDArray[np.float32]:
        """One float32 for each slot; ints, and bools as 0 or -1, as the bits of an int32."""
        values = evaluate(self.nodes, uniforms)
        found = np.zeros(max(len(self.slots), 1), dtype=np.float32)
        bits = found.view(np.uint32)
        for at, (operand, base) in enumerate(self.slots):
            value = values[operand[0]] if isinstance(operand, tuple) else operand
            if base == "float":
                found[at] = min(max(value, -3.4e38), 3.4e38)
            else:
                bits[at] = (-int(value) if base == "bool" else int(value)) & 0xFFFFFFFF
        return found


class UniformGraph:
    """The operations on uniforms, each once, in an order in which they can be computed."""

    def __init__(self) -> None:
        self._nodes: list[_Node] = []
        self._places: dict[_Node, int] = {}
        self._needs: list[frozenset[str]] = []
        self._slots: dict[tuple[Operand, str], int] = {}

    def uniform(self, name: str, component: int) -> int:
        return self._place(_Node(name, "", (component,)), frozenset({name}))

    def apply(self, name: str, base: str, operands: tuple[Operand, ...]) -> int:
        needs = frozenset[str]().union(*(self._needs[one[0]] for one in operands if isinstance(one, tuple)))
        return self._place(_Node(name, base, operands), needs)

    def slot(self, operand: Operand, base: str) -> int:
        """Where in the buffer the kernel finds the value of a node, or a constant."""
        return self._slots.setdefault((operand, base), len(self._slots))

    def needs(self, node: int) -> frozenset[str]:
        """The uniforms that a node depends on."""
        return self._needs[node]

    def value(self, node: int, uniforms: Mapping[str, Uniform]) -> Number:
        return evaluate(self._nodes[: node + 1], uniforms)[node]

    def program(self) -> HostProgram:
        """What computes all slots, and nothing else."""
        used = {operand[0] for operand, _ in self._slots if isinstance(operand, tuple)}
        wanted = set(used)
        for place in range(len(self._nodes) - 1, -1, -1):
            if place in wanted:
                wanted |= {one[0] for one in self._nodes[place].operands if isinstance(one, tuple)}
        order = sorted(wanted)
        new = {place: at for at, place in enumerate(order)}
        nodes = tuple(
            node._replace(operands=tuple((new[one[0]],) if isinstance(one, tuple) else one for one in node.operands))
            for node in (self._nodes[place] for place in order)
        )
        slots = tuple(((new[one[0]],) if isinstance(one, tuple) else one, base) for one, base in self._slots)
        return HostProgram(nodes, slots, frozenset[str]().union(*(self._needs[place] for place in used)))

    def _place(self, node: _Node, needs: frozenset[str]) -> int:
        place = self._places.get(node)
        if place is None:
            place = self._places[node] = len(self._nodes)
            self._nodes.append(node)
            self._needs.append(needs)
        return place


def evaluate(nodes: Sequence[_Node], uniforms: Mapping[str, Uniform]) -> list[Number]:
    """The values of all nodes. What has none, as a division by 0 has, is NaN, infinity or 0 as on a device."""
    values: list[Number] = []
    for name, base, operands in nodes:
        if not base:
            number = uniforms[name]
            component = operands[0]
            assert isinstance(component, int)
            values.append(number[component] if isinstance(number, tuple) else number)
            continue
        numbers = [values[one[0]] if isinstance(one, tuple) else one for one in operands]
        values.append(computed(name, base, numbers))
    return values


def computed(name: str, base: str, numbers: Sequence[Number]) -> Number:
    """One operation on the host."""
    operation = OPERATIONS[name, base]
    try:
        number: Number = operation.host(*numbers)
    except OverflowError:
        number = math.inf
    except (ValueError, ZeroDivisionError):
        number = math.nan
    return 0 if operation.result in ("int", "uint") and isinstance(number, float) else number
