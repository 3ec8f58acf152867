"""The syntax tree of a shader: expressions, statements, functions.

The nodes are named tuples, which are defined ten times as fast as data classes (measured): a start imports them all.
"""

from __future__ import annotations

from typing import NamedTuple

from .tokens import Token
from .types import Type


class Literal(NamedTuple):
    token: Token
    base: str
    number: float | int | bool


class Name(NamedTuple):
    token: Token


class Call(NamedTuple):
    """Call of a function or, if `made` is a type, of its constructor."""

    token: Token
    arguments: tuple[Expression, ...]
    made: Type | None = None


class Member(NamedTuple):
    """A field, or a swizzle, by its name."""

    token: Token
    of: Expression


class Index(NamedTuple):
    token: Token
    of: Expression
    at: Expression


class Unary(NamedTuple):
    """`-`, `+`, `!`, `~`, `++` or `--`. The value of a postfix operator is the one before the change."""

    token: Token
    of: Expression
    is_postfix: bool = False


class Binary(NamedTuple):
    token: Token
    left: Expression
    right: Expression


class Choice(NamedTuple):
    """`condition ? yes : no`."""

    token: Token
    condition: Expression
    yes: Expression
    no: Expression


class Assignment(NamedTuple):
    """`=`, or an operator with it, as `+=`."""

    token: Token
    target: Expression
    value: Expression


Expression = Literal | Name | Call | Member | Index | Unary | Binary | Choice | Assignment


class Declaration(NamedTuple):
    """One variable. Without a value it is 0; GLSL leaves it undefined."""

    token: Token
    type: Type
    value: Expression | None


class If(NamedTuple):
    token: Token
    condition: Expression
    yes: Statement
    no: Statement | None


class Loop(NamedTuple):
    """`for` and `while`; with `is_late` a `do`, which asks after its body."""

    token: Token
    first: tuple[Statement, ...]
    condition: Expression | None
    step: Expression | None
    body: Statement
    is_late: bool = False


class Jump(NamedTuple):
    """`return`, `break`, `continue`, or `discard`."""

    token: Token
    value: Expression | None = None


class Evaluation(NamedTuple):
    token: Token
    value: Expression


class Block(NamedTuple):
    """Statements in braces. Several variables of one declaration are a block that is not a scope."""

    token: Token
    statements: tuple[Statement, ...]
    is_scope: bool = True


Statement = Declaration | If | Loop | Jump | Evaluation | Block


class Function(NamedTuple):
    """`parameters` are type, name, and `in`, `out` or `inout`."""

    token: Token
    result: Type
    parameters: tuple[tuple[Type, str, str], ...]
    body: Block


class Global(NamedTuple):
    """A global name. `storage` is const, uniform, in, out or variable."""

    token: Token
    type: Type
    storage: str
    value: Expression | None
