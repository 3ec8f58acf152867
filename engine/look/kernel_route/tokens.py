"""GLSL text as tokens, each with the file and the line that it came from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from ...gl.program import Source
from .errors import UntranslatableError

_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
      | (?P<number>0[xX][0-9a-fA-F]+[uU]?|(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?[fF]?|\d+[eE][+-]?\d+[fF]?|\d+[uU]?)
      | (?P<name>[A-Za-z_]\w*)
      | (?P<sign><<=|>>=|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||\^\^|[-+*/%&|^]=|[-+*/%<>=!~&|^?:;,.(){}\[\]])
    """,
    re.VERBOSE | re.DOTALL,
)
_DEFINE = re.compile(r"\s*#\s*define\s+(\w+)(\(?)\s*(.*?)\s*$")
_HARMLESS = re.compile(r"\s*#\s*(version|pragma|line)\b|\s*#\s*$")
MAX_TOKENS = 100_000
Origin = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is `number`, `name`, `sign` or, once, `end`."""

    kind: str
    text: str
    origin: Origin

    def error(self, reason: str) -> UntranslatableError:
        return UntranslatableError(f"{self.origin[0]}:{self.origin[1]}: {reason}")


def tokens_of(source: Source) -> tuple[Token, ...]:
    """All tokens of a shader. Macros without arguments are replaced. UntranslatableError for other directives."""
    macros: dict[str, tuple[Token, ...]] = {}
    lines = []
    for line, origin in zip(source.lines, source.origins, strict=True):
        if line.lstrip().startswith("#"):
            _directive(line, origin, macros)
            line = ""
        lines.append(line)
    origins = source.origins
    found = _scanned("\n".join(lines), origins)
    replaced = tuple(islice(_replaced(found, macros) if macros else found, MAX_TOKENS + 1))
    if len(replaced) > MAX_TOKENS:
        raise replaced[-1].error(f"more than {MAX_TOKENS} words and signs")
    return (*replaced, Token("end", "", origins[-1] if origins else ("shader", 1)))


def _directive(line: str, origin: Origin, macros: dict[str, tuple[Token, ...]]) -> None:
    if _HARMLESS.match(line):
        return
    define = _DEFINE.match(line)
    if define is None or define[2]:
        directive = line.split("(")[0].strip()
        raise UntranslatableError(f"{origin[0]}:{origin[1]}: '{directive}' is a directive of the preprocessor")
    macros[define[1]] = tuple(_scanned(define[3], (origin,)))


def _scanned(text: str, origins: tuple[Origin, ...]) -> Iterator[Token]:
    at, line = 0, 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise Token("sign", text[at], origins[line]).error(f"unexpected '{text[at]}'")
        kind = match.lastgroup or ""
        if kind != "space":
            yield Token(kind, match[0], origins[line])
        line += match[0].count("\n")
        at = match.end()


def _replaced(tokens: Iterable[Token], macros: dict[str, tuple[Token, ...]], depth: int = 0) -> Iterator[Token]:
    for token in tokens:
        if token.kind != "name" or token.text not in macros:
            yield token
        elif depth > len(macros):
            raise token.error(f"the macro '{token.text}' contains itself")
        else:
            text = tuple(Token(inner.kind, inner.text, token.origin) for inner in macros[token.text])
            yield from _replaced(text, macros, depth + 1)
