"""From tokens to the tree of an expression."""

from __future__ import annotations

from .syntax import Assignment, Binary, Call, Choice, Expression, Index, Literal, Member, Name, Unary
from .tokens import Token
from .types import Type, array, built_in

_LEVELS: tuple[frozenset[str], ...] = tuple(
    frozenset(signs.split())
    for signs in ("||", "^^", "&&", "|", "^", "&", "== !=", "< > <= >=", "<< >>", "+ -", "* / %")
)
_ASSIGNMENTS = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="})
_UNARY = frozenset({"-", "+", "!", "~", "++", "--"})


class ExpressionParser:
    """Reads tokens from first to last."""

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self._tokens = tokens
        self._at = 0
        self.structs: dict[str, Type] = {}
        self._lengths: dict[str, int] = {}  # constants that an array may be as long as

    @property
    def now(self) -> Token:
        return self._tokens[self._at]

    def peek(self, offset: int) -> Token:
        return self._tokens[min(self._at + offset, len(self._tokens) - 1)]

    def next(self) -> Token:
        token = self.now
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def take(self, text: str) -> bool:
        """Steps over the token where it is `text`."""
        if self.now.text != text:
            return False
        self.next()
        return True

    def expect(self, text: str) -> Token:
        if self.now.text != text:
            raise self.now.error(f"'{text}' expected, not '{self.now.text}'")
        return self.next()

    def skip_behind(self, text: str) -> None:
        while self.now.kind != "end" and self.next().text != text:
            pass

    def name(self) -> Token:
        if self.now.kind != "name":
            raise self.now.error(f"a name expected, not '{self.now.text}'")
        return self.next()

    def is_type(self, token: Token) -> bool:
        return token.text in self.structs or built_in(token.text) is not None

    def type_name(self) -> Type:
        token = self.name()
        kind = self.structs.get(token.text) or built_in(token.text)
        if kind is None:
            raise token.error(f"'{token.text}' is not translated")
        return self.array_of(kind)

    def array_of(self, kind: Type) -> Type:
        """`kind`, or an array of it if a length follows."""
        if not self.take("["):
            return kind
        if self.take("]"):
            return array(kind, 0)  # its initial value determines the length
        token = self.now
        length = self.expression()
        self.expect("]")
        if isinstance(length, Literal):
            return array(kind, int(length.number))
        if isinstance(length, Name) and length.token.text in self._lengths:
            return array(kind, self._lengths[length.token.text])
        raise token.error("an array as long as an expression is not translated")

    def remember_length(self, name: str, value: Expression) -> None:
        if isinstance(value, Literal) and value.base in ("int", "uint"):
            self._lengths[name] = int(value.number)

    def expression(self) -> Expression:
        value = self.assignment()
        if self.now.text == ",":
            raise self.now.error("expressions joined by a comma are not translated")
        return value

    def assignment(self) -> Expression:
        target = self._choice()
        if self.now.text not in _ASSIGNMENTS:
            return target
        token = self.next()
        return Assignment(token, target, self.assignment())

    def _choice(self) -> Expression:
        condition = self._binary(0)
        if self.now.text != "?":
            return condition
        token = self.next()
        yes = self.assignment()
        self.expect(":")
        return Choice(token, condition, yes, self.assignment())

    def _binary(self, level: int) -> Expression:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while self.now.kind == "sign" and self.now.text in _LEVELS[level]:
            token = self.next()
            left = Binary(token, left, self._binary(level + 1))
        return left

    def _unary(self) -> Expression:
        if self.now.kind == "sign" and self.now.text in _UNARY:
            token = self.next()
            return Unary(token, self._unary())
        return self._postfix(self._primary())

    def _postfix(self, value: Expression) -> Expression:
        while self.now.kind == "sign":
            token = self.now
            if self.take("."):
                value = Member(self.name(), value)
            elif self.take("["):
                value = Index(token, value, self.expression())
                self.expect("]")
            elif self.take("++") or self.take("--"):
                value = Unary(token, value, is_postfix=True)
            else:
                break
        return value

    def _primary(self) -> Expression:
        token = self.now
        if token.kind == "number":
            return _literal(self.next())
        if self.take("("):
            value = self.expression()
            self.expect(")")
            return value
        if token.text in ("true", "false"):
            return Literal(self.next(), "bool", token.text == "true")
        if token.kind == "name" and self.is_type(token):
            made = self.type_name()
            return Call(token, self._arguments(), made)
        name = self.name()
        return Call(name, self._arguments()) if self.now.text == "(" else Name(name)

    def _arguments(self) -> tuple[Expression, ...]:
        self.expect("(")
        found: list[Expression] = []
        while not self.take(")"):
            if found:
                self.expect(",")
            if self.now.text == "void":
                self.next()
            else:
                found.append(self.assignment())
        return tuple(found)


def _literal(token: Token) -> Literal:
    text = token.text.lower()
    if text.startswith("0x") or not set(text) & set(".ef"):
        digits = text.rstrip("u")
        is_octal = digits.startswith("0") and digits.isdigit() and len(digits) > 1
        return Literal(token, "uint" if text.endswith("u") else "int", int(digits, 8 if is_octal else 0))
    return Literal(token, "float", float(text.rstrip("f")))
