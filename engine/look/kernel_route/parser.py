"""From tokens to the functions and global names of a shader.

The driver of GL compiles the same text and reports its errors. This parser only refuses unknown syntax.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .expressions import ExpressionParser
from .syntax import Block, Declaration, Evaluation, Expression, Function, Global, If, Jump, Loop, Statement
from .tokens import Token
from .types import QUALIFIERS, Type

_JUMPS = frozenset({"return", "break", "continue", "discard"})


@dataclass(slots=True)
class Shader:
    """What a shader declares. Functions of one name differ in their parameters."""

    functions: dict[str, list[Function]] = field(default_factory=dict)
    globals: dict[str, Global] = field(default_factory=dict)
    structs: dict[str, Type] = field(default_factory=dict)


def parse(tokens: tuple[Token, ...]) -> Shader:
    """The shader of these tokens. Raises UntranslatableError."""
    return _Parser(tokens).shader()


class _Parser(ExpressionParser):
    def shader(self) -> Shader:
        shader = Shader(structs=self.structs)
        while self.now.kind != "end":
            if self.take(";"):
                continue
            if self.now.text == "precision":
                self.skip_behind(";")
                continue
            if self.now.text == "struct":
                self._struct()
                continue
            qualifiers = self._qualifiers()
            kind = self.type_name()
            name = self.name()
            if self.now.text == "(":
                function = self._function(kind, name)
                if function is not None:
                    shader.functions.setdefault(name.text, []).append(function)
                continue
            self._globals(shader, qualifiers, kind, name)
        return shader

    def _qualifiers(self) -> set[str]:
        found = set()
        while True:
            if self.now.text == "layout":
                self.skip_behind(")")
            elif self.now.text in QUALIFIERS:
                found.add(self.next().text)
            else:
                return found

    def _struct(self) -> None:
        self.next()
        name = self.name().text
        self.expect("{")
        fields: list[tuple[str, Type]] = []
        while not self.take("}"):
            self._qualifiers()
            kind = self.type_name()
            while True:
                member = self.name().text
                fields.append((member, self.array_of(kind)))
                if not self.take(","):
                    break
            self.expect(";")
        self.structs[name] = Type(name, "struct", fields=tuple(fields))
        self.expect(";")

    def _globals(self, shader: Shader, qualifiers: set[str], kind: Type, name: Token) -> None:
        storage = next((word for word in ("uniform", "in", "out") if word in qualifiers), "")
        storage = storage or ("const" if "const" in qualifiers else "variable")
        while True:
            whole = self.array_of(kind)
            value = self.assignment() if self.take("=") else None
            shader.globals[name.text] = Global(name, whole, storage, value)
            if storage == "const" and value is not None:
                self.remember_length(name.text, value)
            if not self.take(","):
                break
            name = self.name()
        self.expect(";")

    def _function(self, result: Type, name: Token) -> Function | None:
        """None of a prototype."""
        self.expect("(")
        parameters: list[tuple[Type, str, str]] = []
        while not self.take(")"):
            qualifiers = self._qualifiers()
            kind = self.type_name()
            if kind.base == "void":
                continue
            parameter = self.next().text if self.now.kind == "name" else ""
            way = next((word for word in ("inout", "out") if word in qualifiers), "in")
            parameters.append((self.array_of(kind), parameter, way))
            self.take(",")
        if self.take(";"):
            return None
        return Function(name, result, tuple(parameters), self._block())

    def _block(self) -> Block:
        token = self.expect("{")
        statements: list[Statement] = []
        while not self.take("}"):
            statements.append(self._statement())
        return Block(token, tuple(statements))

    def _statement(self) -> Statement:
        token = self.now
        if token.text == "{":
            return self._block()
        if self.take(";"):
            return Block(token, ())
        if token.text == "if":
            return self._if()
        if token.text in ("for", "while", "do"):
            return self._loop()
        if token.text in _JUMPS:
            self.next()
            value = None if self.now.text == ";" else self.expression()
            self.expect(";")
            return Jump(token, value)
        if token.text == "switch":
            raise token.error("a switch is not translated")
        return self._simple()

    def _simple(self) -> Statement:
        """A declaration or an expression, with its semicolon."""
        token = self.now
        if not self._is_declaration():
            value = self.expression()
            self.expect(";")
            return Evaluation(token, value)
        is_const = "const" in self._qualifiers()
        kind = self.type_name()
        declared: list[Statement] = []
        while True:
            name = self.name()
            whole = self.array_of(kind)
            value_of: Expression | None = self.assignment() if self.take("=") else None
            declared.append(Declaration(name, whole, value_of))
            if is_const and value_of is not None:
                self.remember_length(name.text, value_of)
            if not self.take(","):
                break
        self.expect(";")
        return declared[0] if len(declared) == 1 else Block(token, tuple(declared), is_scope=False)

    def _is_declaration(self) -> bool:
        if self.now.text in QUALIFIERS:
            return True
        if not self.is_type(self.now):
            return False
        following = self.peek(1)  # a constructor is called: `vec3(...)`, `vec3[2](...)`
        if following.text == "[":
            offset = 2
            while self.peek(offset).text not in ("]", ""):
                offset += 1
            following = self.peek(offset + 1)
        return following.kind == "name"

    def _if(self) -> If:
        token = self.next()
        self.expect("(")
        condition = self.expression()
        self.expect(")")
        yes = self._statement()
        return If(token, condition, yes, self._statement() if self.take("else") else None)

    def _loop(self) -> Loop:
        token = self.next()
        first: tuple[Statement, ...] = ()
        step = None
        if token.text == "do":
            body = self._statement()
            self.expect("while")
            self.expect("(")
            condition: Expression | None = self.expression()
            self.expect(")")
            self.expect(";")
            return Loop(token, (), condition, None, body, is_late=True)
        self.expect("(")
        if token.text == "for":
            first = () if self.take(";") else (self._simple(),)
            condition = None if self.now.text == ";" else self.expression()
            self.expect(";")
            step = None if self.now.text == ")" else self.expression()
        else:
            condition = self.expression()
        self.expect(")")
        return Loop(token, first, condition, step, self._statement())
