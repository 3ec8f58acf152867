"""Values that are equal for all pixels of a picture: computed on the host from a look's numbers, once per change."""

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
    name: str  # operation or uniform
    base: str  # type of the first operand; empty for a uniform
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class HostProgram:
    """Computes the `slots` of a kernel's buffer of numbers from `nodes`, in their order.

    `needs` are, for each node, the uniforms that it depends on. A slot is a node or a constant, and the base of its
    type.
    """

    nodes: tuple[_Node, ...]
    needs: tuple[frozenset[str], ...]
    slots: tuple[tuple[Operand, str], ...]

    @property
    def names(self) -> frozenset[str]:
        """The uniforms that it needs."""
        return frozenset[str]().union(*self.needs)


class HostNumbers:
    """The numbers of one kernel. Only numbers that depend on a changed uniform are computed again."""

    def __init__(self, program: HostProgram) -> None:
        self._program = program
        self._names = program.names
        self._known: dict[str, Uniform] = {}
        self._values: list[Number] = [0] * len(program.nodes)
        self.array: NDArray[np.float32] = np.zeros(max(len(program.slots), 1), dtype=np.float32)
        for at, (operand, base) in enumerate(program.slots):
            if not isinstance(operand, tuple):
                self._store(at, operand, base)

    def update(self, uniforms: Mapping[str, Uniform]) -> bool:
        """Updates `array`: a float32 for each slot; ints, and bools as 0 or -1, as the bits of an int32.

        Returns whether any uniform has changed.
        """
        known = self._known
        changed = {name for name in self._names if name not in known or known[name] != uniforms[name]}
        if not changed:
            return False
        self._known = {name: uniforms[name] for name in self._names}
        program, values = self._program, self._values
        for at, (node, needs) in enumerate(zip(program.nodes, program.needs, strict=True)):
            if not changed.isdisjoint(needs):
                values[at] = _evaluated(node, values, uniforms)
        for at, (operand, base) in enumerate(program.slots):
            if isinstance(operand, tuple) and not changed.isdisjoint(program.needs[operand[0]]):
                self._store(at, values[operand[0]], base)
        return True

    def _store(self, at: int, value: Number, base: str) -> None:
        if base == "float":
            self.array[at] = min(max(value, -3.4e38), 3.4e38)
        else:
            self.array.view(np.uint32)[at] = (-int(value) if base == "bool" else int(value)) & 0xFFFFFFFF


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
        needs = frozenset[str]().union(*(self._needs[operand[0]] for operand in operands if isinstance(operand, tuple)))
        return self._place(_Node(name, base, operands), needs)

    def slot(self, operand: Operand, base: str) -> int:
        """Where in the buffer the kernel finds the value of a node, or a constant."""
        return self._slots.setdefault((operand, base), len(self._slots))

    def needs(self, node: int) -> frozenset[str]:
        """The uniforms that a node depends on."""
        return self._needs[node]

    def value(self, node: int, uniforms: Mapping[str, Uniform]) -> Number:
        values: list[Number] = []
        for earlier, needs in zip(self._nodes[: node + 1], self._needs, strict=False):
            values.append(_evaluated(earlier, values, uniforms) if needs <= self._needs[node] else 0)
        return values[node]

    def program(self) -> HostProgram:
        """The nodes that the slots need."""
        used = {operand[0] for operand, _ in self._slots if isinstance(operand, tuple)}
        wanted = set(used)
        for place in range(len(self._nodes) - 1, -1, -1):
            if place in wanted:
                wanted |= {operand[0] for operand in self._nodes[place].operands if isinstance(operand, tuple)}
        order = sorted(wanted)
        new = {place: at for at, place in enumerate(order)}

        def moved(operand: Operand) -> Operand:
            return (new[operand[0]],) if isinstance(operand, tuple) else operand

        nodes = tuple(
            node._replace(operands=tuple(moved(operand) for operand in node.operands))
            for node in (self._nodes[place] for place in order)
        )
        slots = tuple((moved(operand), base) for operand, base in self._slots)
        return HostProgram(nodes, tuple(self._needs[place] for place in order), slots)

    def _place(self, node: _Node, needs: frozenset[str]) -> int:
        place = self._places.get(node)
        if place is None:
            place = self._places[node] = len(self._nodes)
            self._nodes.append(node)
            self._needs.append(needs)
        return place


def _evaluated(node: _Node, values: Sequence[Number], uniforms: Mapping[str, Uniform]) -> Number:
    name, base, operands = node
    if not base:
        number, component = uniforms[name], operands[0]
        assert isinstance(component, int)
        return number[component] if isinstance(number, tuple) else number
    return computed(name, base, [values[operand[0]] if isinstance(operand, tuple) else operand for operand in operands])


def computed(name: str, base: str, numbers: Sequence[Number]) -> Number:
    """One operation on the host. An undefined result, such as that of a division by 0, is NaN, infinity or 0."""
    operation = OPERATIONS[name, base]
    try:
        number: Number = operation.host(*numbers)
    except OverflowError:
        number = math.inf
    except (ValueError, ZeroDivisionError):
        number = math.nan
    return 0 if operation.result in ("int", "uint") and isinstance(number, float) else number
