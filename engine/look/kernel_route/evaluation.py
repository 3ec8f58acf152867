"""Evaluates the expressions of a shader with an emitter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from . import functions
from .emitter import Emitter, Scalar
from .parser import Shader
from .syntax import (
    Assignment,
    Binary,
    Call,
    Choice,
    Expression,
    Function,
    Global,
    Index,
    Literal,
    Member,
    Name,
    Unary,
)
from .types import BOOL, VOID, Type, vector
from .values import (
    Value,
    binary,
    chosen,
    componentwise,
    constructed,
    converted,
    element_of,
    indexed,
    places_of,
)


@dataclass(slots=True)
class Variable:
    """`born` is the mask of the pixels that reached its declaration. Other pixels have no value to keep."""

    value: Value
    born: Scalar


Place = tuple[Variable, tuple[int, ...], Type]  # scalars of a variable that are assigned to


class Evaluator:
    """Evaluates expressions in the scopes of one function. A call runs `run`, which starts scopes of its own.

    `active` is the mask of the pixels that an assignment affects: those whose branches led to it.
    """

    def __init__(
        self,
        emitter: Emitter,
        shader: Shader,
        constants: dict[str, Value],
        run: Callable[[Function, list[Value]], tuple[Value | None, list[Value]]],
    ) -> None:
        self.emitter = emitter
        self.scopes: list[dict[str, Variable]] = [{}]
        self.active: Scalar = emitter.constant(True, "bool")
        self._shader = shader
        self._constants = constants
        self._run = run
        self._ways: Mapping[type, Callable[..., Value]] = {
            Literal: self._literal,
            Name: self._name,
            Call: self._call,
            Member: self._member,
            Index: self._index,
            Unary: self._unary,
            Binary: self._binary,
            Choice: self._choice,
            Assignment: self._assignment,
        }

    def value(self, expression: Expression) -> Value:
        self.emitter.origin = expression.token.origin
        return self._ways[type(expression)](expression)

    def condition(self, expression: Expression) -> Scalar:
        value = self.value(expression)
        if value.type != BOOL:
            raise expression.token.error(f"a condition of {value.type.name}")
        return value.scalar

    def declare(self, name: str, value: Value) -> None:
        self.scopes[-1][name] = Variable(value, self.active)

    def assign(self, target: Expression, value: Value) -> None:
        """For the active pixels; all others keep what they have."""
        variable, places, kind = self._place(target)
        given = converted(self.emitter, value, kind)
        parts = list(variable.value.parts)
        for place, part in zip(places, given.parts, strict=True):
            is_for_all = self.active == variable.born
            parts[place] = part if is_for_all else self.emitter.choose(self.active, part, parts[place])
        variable.value = Value(variable.value.type, tuple(parts))

    def _place(self, target: Expression) -> Place:
        if isinstance(target, Name):
            variable = self._variable(target.token.text)
            if variable is None:
                raise target.token.error(f"'{target.token.text}' is not assigned to in a kernel")
            return variable, tuple(range(variable.value.type.size)), variable.value.type
        if isinstance(target, Member):
            variable, places, kind = self._place(target.of)
            taken, of_member = places_of(self.emitter, kind, target.token.text)
            return variable, tuple(places[at] for at in taken), of_member
        if isinstance(target, Index):
            at = self.emitter.decided(self.value(target.at).scalar)
            if at is None:
                raise target.token.error("assigning to an element that differs from pixel to pixel is not translated")
            variable, places, kind = self._place(target.of)
            element = element_of(self.emitter, kind)
            return variable, places[int(at) * element.size : (int(at) + 1) * element.size], element
        raise target.token.error("not something to assign to")

    def _variable(self, name: str) -> Variable | None:
        return next((scope[name] for scope in reversed(self.scopes) if name in scope), None)

    def _literal(self, literal: Literal) -> Value:
        return Value(vector(literal.base, 1), (self.emitter.constant(literal.number, literal.base),))

    def _name(self, name: Name) -> Value:
        variable = self._variable(name.token.text)
        if variable is not None:
            return variable.value
        found = self._shader.globals.get(name.token.text)
        if found is None:
            raise name.token.error(f"'{name.token.text}' is known in GL alone")
        if found.storage == "const" and found.value is not None:
            return self._constant(name.token.text, found, found.value)
        if found.type.base == "texture":
            raise name.token.error(f"looks up the texture '{name.token.text}'")
        if found.storage != "uniform" or found.type.base in ("struct", "array"):
            raise name.token.error(f"'{name.token.text}' is known in GL alone")
        bases = enumerate(found.type.bases)
        parts = tuple(self.emitter.uniform(name.token.text, at, base) for at, base in bases)
        return Value(found.type, parts)

    def _constant(self, name: str, found: Global, expression: Expression) -> Value:
        if name not in self._constants:
            scopes, self.scopes = self.scopes, [{}]
            value = self.value(expression)
            self.scopes = scopes
            length = found.type.length or value.type.length
            self._constants[name] = value if length else converted(self.emitter, value, found.type)
        return self._constants[name]

    def _call(self, call: Call) -> Value:
        given = [self.value(argument) for argument in call.arguments]
        self.emitter.origin = call.token.origin
        if call.made is not None:
            return constructed(self.emitter, call.made, given)
        name = call.token.text
        if name == "length" and not given:
            raise call.token.error("the length of an array is not translated")
        function = self._function(name, given)
        if function is None:
            found = functions.call(self.emitter, name, given)
            if found is None:
                raise call.token.error(f"'{name}' is not translated")
            return found
        kinds = [kind for kind, _, _ in function.parameters]
        result, left = self._run(
            function, [converted(self.emitter, argument, kind) for argument, kind in zip(given, kinds, strict=True)]
        )
        for argument, (_, _, way), after in zip(call.arguments, function.parameters, left, strict=True):
            if way != "in":
                self.assign(argument, after)
        self.emitter.origin = call.token.origin
        return result or Value(VOID, ())

    def _function(self, name: str, given: list[Value]) -> Function | None:
        """The one that takes what is given, else the first that takes what it converts to."""
        types = [value.type for value in given]
        overloads = self._shader.functions.get(name, [])
        fitting = [function for function in overloads if len(function.parameters) == len(types)]
        for function in fitting:
            if [kind for kind, _, _ in function.parameters] == types:
                return function
        for function in fitting:
            if all(kind.size == of.size for (kind, _, _), of in zip(function.parameters, types, strict=True)):
                return function
        return None

    def _member(self, member: Member) -> Value:
        of = self.value(member.of)
        places, kind = places_of(self.emitter, of.type, member.token.text)
        return Value(kind, tuple(of.parts[at] for at in places))

    def _index(self, index: Index) -> Value:
        return indexed(self.emitter, self.value(index.of), self.value(index.at).scalar)

    def _unary(self, unary: Unary) -> Value:
        sign = unary.token.text
        before = self.value(unary.of)
        if sign in ("++", "--"):
            step = Value(before.type, (self.emitter.constant(1, "int"),) * before.type.size)
            after = componentwise(self.emitter, sign[0], before, converted(self.emitter, step, before.type))
            self.assign(unary.of, after)
            return before if unary.is_postfix else after
        if sign == "+":
            return before
        return componentwise(self.emitter, "negate" if sign == "-" else sign, before)

    def _binary(self, expression: Binary) -> Value:
        sign = expression.token.text
        left = self.value(expression.left)
        if sign in ("&&", "||") and left.type == BOOL:
            known = self.emitter.decided(left.scalar)
            if known is not None and bool(known) == (sign == "||"):
                return left
        right = self.value(expression.right)
        self.emitter.origin = expression.token.origin
        return binary(self.emitter, sign, left, right)

    def _choice(self, choice: Choice) -> Value:
        condition = self.condition(choice.condition)
        known = self.emitter.decided(condition)
        if known is not None:
            return self.value(choice.yes if known else choice.no)
        return chosen(self.emitter, condition, self.value(choice.yes), self.value(choice.no))

    def _assignment(self, assignment: Assignment) -> Value:
        sign = assignment.token.text
        value = self.value(assignment.value)
        if sign != "=":
            value = binary(self.emitter, sign[:-1], self.value(assignment.target), value)
        self.assign(assignment.target, value)
        return value
