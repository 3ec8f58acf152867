"""The one reader of TOML and JSON: what is beyond Python's numbers, texts and recursion is refused with a reason."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Callable
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

MAX_BYTES = 1 << 20  # a file that a person writes is smaller
MAX_DEPTH = 32  # lists and tables within each other
MAX_INTEGER = 1 << 63  # TOML 1.0: 64 bits
MAX_KEY_PARTS = 32
MAX_REASON = 150
# UTF-16 by the first bytes of XML: a byte order mark, or "<".
_WIDE = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
_NUMBER = "a number is beyond 64 bits"
# tomllib takes quadratic time and memory for a dotted key.
_KEY_PART = r"(?:[A-Za-z0-9_-]+|\"[^\"\n]*\"|'[^'\n]*')"
_LONG_KEY = re.compile(rf"(?<![A-Za-z0-9_-]){_KEY_PART}(?:[ \t]*\.[ \t]*{_KEY_PART}){{{MAX_KEY_PARTS}}}")


class DocumentError(ValueError):
    """A text that cannot be used. The message is the reason, without the file: in one short line."""


def read_text(path: Path | Traversable, max_bytes: int = MAX_BYTES, *, is_xml: bool = False) -> str:
    """The text of a UTF-8 file of at most `max_bytes`; one of XML may be UTF-16.

    Raises DocumentError, and OSError of the file.
    """
    with path.open("rb") as stream:
        content = stream.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise DocumentError(f"larger than {max_bytes >> 20} MB")
    wide = _WIDE.get(content[:2]) if is_xml else None
    if wide is None:
        return decoded(content)
    try:
        return content.decode(wide)
    except UnicodeDecodeError as error:
        raise DocumentError(f"not UTF-16 text, from byte {error.start + 1} on") from None


def decoded(content: bytes) -> str:
    """UTF-8 as text, without a byte order mark. Raises DocumentError."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(f"not UTF-8 text, from byte {error.start + 1} on") from None


def parse_toml(text: str) -> dict[str, Any]:
    """The table of a TOML text. Raises DocumentError."""
    if _LONG_KEY.search(text):
        raise DocumentError(f"a key has more than {MAX_KEY_PARTS} parts")
    table: dict[str, Any] = _checked(lambda: tomllib.loads(text))
    return table


def parse_json(text: str) -> Any:
    """The value of a JSON text. NaN, infinity and keys twice in an object are refused. Raises DocumentError."""
    return _checked(lambda: json.loads(text, object_pairs_hook=_object, parse_constant=_refused, parse_float=_finite))


def _checked(parse: Callable[[], Any]) -> Any:
    try:
        value = parse()
    except RecursionError:
        raise DocumentError(f"lists or tables are nested more than {MAX_DEPTH} deep") from None
    except DocumentError:
        raise
    except ValueError as error:
        message = str(error).splitlines()[0]
        raise DocumentError(_NUMBER if "integer string" in message else message[:MAX_REASON]) from None
    _check(value)
    return value


def _check(value: Any) -> None:
    """DocumentError for integers, texts and nesting that later steps cannot take. It does not recurse."""
    level = [value]
    for _ in range(MAX_DEPTH):
        following: list[Any] = []
        for each in level:
            match each:
                case str():
                    _check_text(each)
                case int() if not -MAX_INTEGER <= each < MAX_INTEGER:
                    raise DocumentError(_NUMBER)
                case dict():
                    following += [*each.keys(), *each.values()]
                case list():
                    following += each
        level = following
        if not level:
            return
    raise DocumentError(f"lists or tables are nested more than {MAX_DEPTH} deep")


def _check_text(text: str) -> None:
    if "\0" in text:
        raise DocumentError("a text has a null character")
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a pair, as \\ud800 in JSON
        raise DocumentError("a text has half of a character") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) < len(pairs):
        raise DocumentError("a key is defined twice")
    return named


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise DocumentError(_NUMBER)
    return number


def _refused(constant: str) -> float:
    raise DocumentError(f"{constant} is not a number")
