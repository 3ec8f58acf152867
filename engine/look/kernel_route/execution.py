"""Functions of a shader, run statement by statement into the straight lines of a kernel.

A branch that depends on whole numbers of a look is chosen here. If it depends on pixels or fractions, both branches
run, and each assignment affects the pixels that take its branch. Loops are unrolled.
"""

from __future__ import annotations

from dataclasses import dataclass

from .emitter import Emitter, Scalar
from .evaluation import Evaluator
from .parser import Shader
from .syntax import Block, Declaration, Evaluation, Function, If, Jump, Loop, Statement
from .types import VOID, Type
from .values import Value, chosen, converted

MAX_ROUNDS = 256  # limit of a loop
MAX_STATEMENTS = 10_000  # limit of a look, calls and loops written out


@dataclass(slots=True)
class _Round:
    """The masks of the pixels that have left a loop, and of those that continue with its next round."""

    broken: Scalar
    continued: Scalar


class Runner:
    """Runs functions of one shader; keeps its constants."""

    def __init__(self, emitter: Emitter, shader: Shader) -> None:
        self._emitter = emitter
        self._shader = shader
        self._constants: dict[str, Value] = {}
        self._running: list[Function] = []
        self._statements = 0

    def run(self, function: Function, given: list[Value]) -> tuple[Value | None, list[Value]]:
        """What a function returns, None of a `void`, and what its parameters hold at its end."""
        if any(running is function for running in self._running):
            raise function.token.error(f"'{function.token.text}' calls itself")
        self._running.append(function)
        try:
            return _Call(self._emitter, self._shader, self._constants, self).run(function, given)
        finally:
            self._running.pop()

    def count(self, statement: Statement) -> None:
        """Counts a statement that runs. UntranslatableError if there are too many: calls multiply them."""
        self._statements += 1
        if self._statements > MAX_STATEMENTS:
            raise statement.token.error(f"the look runs more than {MAX_STATEMENTS} statements a pixel")


class _Call:
    """One call of one function."""

    def __init__(self, emitter: Emitter, shader: Shader, constants: dict[str, Value], runner: Runner) -> None:
        self._emitter = emitter
        self._runner = runner
        self._evaluator = Evaluator(emitter, shader, constants, runner.run)
        self._never = emitter.constant(False, "bool")
        self._path = emitter.constant(True, "bool")  # the pixels of the branch that runs
        self._returned = self._never
        self._rounds: list[_Round] = []
        self._result: Value | None = None

    def run(self, function: Function, given: list[Value]) -> tuple[Value | None, list[Value]]:
        names = [name for _, name, _ in function.parameters]
        for name, value in zip(names, given, strict=True):
            self._evaluator.declare(name, value)
        self._scope = self._evaluator.scopes[0]
        self._type = function.result
        self._evaluator.scopes.append({})
        self._block(function.body)
        if self._result is None and function.result != VOID:
            raise function.token.error(f"'{function.token.text}' returns nothing")
        return self._result, [
            self._scope[name].value if name else value for name, value in zip(names, given, strict=True)
        ]

    def _statement(self, statement: Statement) -> None:
        self._runner.count(statement)
        active = self._activate()
        if active.number is not None and not active.number:
            return  # no pixel comes here
        self._emitter.origin = statement.token.origin
        match statement:
            case Block():
                self._block(statement)
            case Declaration():
                self._declaration(statement)
            case Evaluation():
                self._evaluator.value(statement.value)
            case If():
                self._if(statement)
            case Loop():
                self._loop(statement)
            case Jump():
                self._jump(statement, active)

    def _activate(self) -> Scalar:
        """The pixels that come to the statement that runs next."""
        active = self._path
        ended = [mask for loop in self._rounds for mask in (loop.broken, loop.continued)]
        for mask in (self._returned, *ended):
            active = self._emitter.both(active, self._emitter.apply("!", mask))
        self._evaluator.active = active
        return active

    def _block(self, block: Block) -> None:
        if block.is_scope:
            self._evaluator.scopes.append({})
        for statement in block.statements:
            self._statement(statement)
        if block.is_scope:
            self._evaluator.scopes.pop()

    def _declaration(self, declaration: Declaration) -> None:
        name, kind = declaration.token.text, declaration.type
        if declaration.value is not None:
            value = self._evaluator.value(declaration.value)
            value = value if kind.element is not None and kind.length == 0 else converted(self._emitter, value, kind)
        else:
            value = self._zero(kind)
        self._evaluator.declare(name, value)

    def _zero(self, kind: Type) -> Value:
        zeros = {"float": 0.0, "int": 0, "uint": 0, "bool": False}
        return Value(kind, tuple(self._emitter.constant(zeros[base], base) for base in kind.bases))

    def _if(self, statement: If) -> None:
        condition = self._evaluator.condition(statement.condition)
        known = self._emitter.decided(condition)
        if known is not None:
            taken = statement.yes if known else statement.no
            if taken is not None:
                self._branch(taken, self._path)
            return
        path = self._path
        self._branch(statement.yes, self._emitter.both(path, condition))
        if statement.no is not None:
            self._branch(statement.no, self._emitter.both(path, self._emitter.apply("!", condition)))

    def _branch(self, statement: Statement, path: Scalar) -> None:
        before, self._path = self._path, path
        self._evaluator.scopes.append({})
        self._statement(statement)
        self._evaluator.scopes.pop()
        self._path = before

    def _loop(self, loop: Loop) -> None:
        self._evaluator.scopes.append({})
        for first in loop.first:
            self._statement(first)
        self._rounds.append(_Round(self._never, self._never))
        for number in range(MAX_ROUNDS + 1):
            if number == MAX_ROUNDS:
                raise loop.token.error(f"a loop of more than {MAX_ROUNDS} rounds is not translated")
            if (number or not loop.is_late) and not self._continues(loop):
                break
            self._branch(loop.body, self._path)
            self._rounds[-1].continued = self._never
            if loop.step is not None:
                self._evaluator.active = self._emitter.constant(True, "bool")  # it counts for all pixels
                self._evaluator.value(loop.step)
            left = self._activate()
            if left.number is not None and not left.number:
                break
        self._rounds.pop()
        self._evaluator.scopes.pop()

    def _continues(self, loop: Loop) -> bool:
        if loop.condition is None:
            return True
        self._activate()
        known = self._emitter.decided(self._evaluator.condition(loop.condition))
        if known is None:
            raise loop.token.error("a loop whose length differs from pixel to pixel is not translated")
        return bool(known)

    def _jump(self, jump: Jump, active: Scalar) -> None:
        kind = jump.token.text
        if kind == "discard":
            raise jump.token.error("'discard' is not translated")
        if kind == "return":
            if jump.value is not None:
                value = converted(self._emitter, self._evaluator.value(jump.value), self._type)
                before = self._result
                self._result = value if before is None else chosen(self._emitter, active, value, before)
            self._returned = self._with(self._returned, active)
            return
        if not self._rounds:
            raise jump.token.error(f"'{kind}' outside a loop")
        if kind == "break":
            self._rounds[-1].broken = self._with(self._rounds[-1].broken, active)
        else:
            self._rounds[-1].continued = self._with(self._rounds[-1].continued, active)

    def _with(self, mask: Scalar, active: Scalar) -> Scalar:
        """The pixels of either."""
        if mask.number is not None:
            return mask if mask.number else active
        neither = self._emitter.both(self._emitter.apply("!", mask), self._emitter.apply("!", active))
        return self._emitter.apply("!", neither)
