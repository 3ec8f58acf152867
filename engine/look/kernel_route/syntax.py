"""The syntax tree of a shader: expressions, statements, functions."""

from __future__ import annotations

from dataclasses import dataclass

from .tokens import Token
from .types import Type


@dataclass(frozen=True, slots=True)
class Literal:
    token: Token
    base: str
    number: float | int | bool


@dataclass(frozen=True, slots=True)
class Name:
    token: Token


@dataclass(frozen=True, slots=True)
class Call:
    """Call of a function or, if `made` is a type, of its constructor."""

    token: Token
    arguments: tuple[Expression, ...]
    made: Type | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A field, or a swizzle, by its name."""

    token: Token
    of: Expression


@dataclass(frozen=True, slots=True)
class Index:
    token: Token
    of: Expression
    at: Expression


@dataclass(frozen=True, slots=True)
class Unary:
    """`-`, `+`, `!`, `~`, `++` or `--`. The value of a postfix operator is the one before the change."""

    token: Token
    of: Expression
    is_postfix: bool = False


@dataclass(frozen=True, slots=True)
class Binary:
    token: Token
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Choice:
    """`condition ? yes : no`."""

    token: Token
    condition: Expression
    yes: Expression
    no: Expression


@dataclass(frozen=True, slots=True)
class Assignment:
    """`=`, or an operator with it, as `+=`."""

    token: Token
    target: Expression
    value: Expression


Expression = Literal | Name | Call | Member | Index | Unary | Binary | Choice | Assignment


@dataclass(frozen=True, slots=True)
class Declaration:
    """One variable. Without a value it is 0; GLSL leaves it undefined."""

    token: Token
    type: Type
    value: Expression | None


@dataclass(frozen=True, slots=True)
class If:
    token: Token
    condition: Expression
    yes: Statement
    no: Statement | None


@dataclass(frozen=True, slots=True)
class Loop:
    """`for` and `while`; with `is_late` a `do`, which asks after its body."""

    token: Token
    first: tuple[Statement, ...]
    condition: Expression | None
    step: Expression | None
    body: Statement
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Jump:
    """`return`, `break`, `continue`, or `discard`."""

    token: Token
    value: Expression | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    token: Token
    value: Expression


@dataclass(frozen=True, slots=True)
class Block:
    """Statements in braces. Several variables of one declaration are a block that is not a scope."""

    token: Token
    statements: tuple[Statement, ...]
    is_scope: bool = True


Statement = Declaration | If | Loop | Jump | Evaluation | Block


@dataclass(frozen=True, slots=True)
class Function:
    """`parameters` are type, name, and `in`, `out` or `inout`."""

    token: Token
    result: Type
    parameters: tuple[tuple[Type, str, str], ...]
    body: Block


@dataclass(frozen=True, slots=True)
class Global:
    """A global name. `storage` is const, uniform, in, out or variable."""

    token: Token
    type: Type
    storage: str
    value: Expression | None
