"""Changes of valid inputs by a seed: bytes and text. The same seed makes the same input on every machine."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

MAX_CHANGES = 6
MAX_BYTES = 1 << 20
WORDS = (
    *("0", "-1", "1e999", "-1e999", "nan", "inf", "-inf", "1e-320", "9" * 400, "9" * 5000, "0x7fffffff", "2147483648"),
    *("-9223372036854775809", "1_0", "٣", "²", "1e5", "true", "null", '""', "''", "{}", "[]", "[" * 3000, "a." * 3000),
    *("\0", "\r", "\x85", "\u2028", "\ufeff", "\U0001f600", "%", "%s", "{0}", "(", ")", '"', "'", "\\", "=", ":", ";"),
    *("../../etc/passwd", "/dev/zero", "/dev/stdin", ".", "..", "/", "//", "file:///etc/passwd", "-", "~", "*", "#"),
)
NUMBERS = (0, 1, 2, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1)
_DIGITS = "0123456789.+-eE"


def mutated(rng: random.Random, seeds: Sequence[bytes], *, is_text: bool, tokens: Sequence[str] = ()) -> bytes:
    """One of the `seeds` after 1, often, to MAX_CHANGES changes; `tokens` are further words of the format."""
    content = bytearray(rng.choice(seeds))
    for _ in range(1 if rng.random() < 0.5 else rng.randint(2, MAX_CHANGES)):
        changes = TEXT if is_text and rng.random() < 0.85 else BINARY
        rng.choice(changes)(rng, content, seeds, tokens)
        del content[MAX_BYTES:]
    return bytes(content)


Change = Callable[[random.Random, bytearray, Sequence[bytes], Sequence[str]], None]


def _place(rng: random.Random, content: bytearray) -> int:
    """A position; half of them near the beginning, where headers are."""
    if not content:
        return 0
    limit = min(len(content), 256) if rng.random() < 0.5 else len(content)
    return rng.randrange(limit)


def _flip(rng: random.Random, content: bytearray, seeds: Sequence[bytes], tokens: Sequence[str]) -> None:
    for _ in range(rng.randint(1, 8)):
        if content:
            content[_place(rng, content)] ^= 1 << rng.randrange(8)


def _byte(rng: random.Random, content: bytearray, seeds: Sequence[bytes], tokens: Sequence[str]) -> None:
    if content:
        content[_place(rng, content)] = rng.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF, rng.randrange(256)))


def _number(rng: random.Random, content: bytearray, seeds: Sequence[bytes], tokens: Sequence[str]) -> None:
    """A number of 2, 4 or 8 bytes in either byte order."""
    size, at = rng.choice((2, 4, 8)), _place(rng, content)
    number = rng.choice(NUMBERS) % (1 << 8 * size)
    if at + size <= len(content):
        content[at : at + size] = number.to_bytes(size, rng.choice(("little", "big")))


def _float(rng: random.Random, content: bytearray, seeds: Sequence[bytes], tokens: Sequence[str]) -> None:
    """NaN, infinity or a huge number as float32 or float64 in either byte order."""
    pattern = rng.choice(("7fc00000", "7f800000", "ff800000", "7f7fffff", "7ff8000000000000", "7ff0000000000000"))
    written, at = bytes.fromhex(pattern), _place(rng, content)
    if at + len(written) <= len(content):
        content[at : at + len(written)] = written if rng.random() < 0.5 else written[::-1]


def _cut(rng: random.Random, content: bytearray, seeds: Sequence[bytes], tokens: Sequence[str]) -> None:
    del content[_place(rng, content) :]


def _remove(rng: random.Random, content: bytearray, seeds: Sequence[bytes], tokens: Sequence[str]) -> None:
    at = _place(rng, content)
    del content[at : at + rng.choice((1, 2, 4, 16, 256))]


def _repeat(rng: random.Random, content: bytearray, seeds: Sequence[bytes], tokens: Sequence[str]) -> None:
    at = _place(rng, content)
    part = bytes(content[at : at + rng.choice((1, 4, 12, 64, 1024))])
    content[at:at] = part * rng.choice((1, 1, 2, 16, 200))


def _insert(rng: random.Random, content: bytearray, seeds: Sequence[bytes], tokens: Sequence[str]) -> None:
    at = _place(rng, content)
    content[at:at] = rng.randbytes(rng.choice((1, 2, 4, 32)))


def _splice(rng: random.Random, content: bytearray, seeds: Sequence[bytes], tokens: Sequence[str]) -> None:
    """The end of another input after the beginning of this one."""
    other = rng.choice(seeds)
    at = _place(rng, content)
    content[at:] = other[min(at, len(other)) if rng.random() < 0.5 else rng.randrange(len(other) + 1) :]


def _word(rng: random.Random, content: bytearray, seeds: Sequence[bytes], tokens: Sequence[str]) -> None:
    word = rng.choice((*tokens, *WORDS)) if not tokens or rng.random() < 0.5 else rng.choice(tokens)
    at = _place(rng, content)
    content[at:at] = word.encode("utf-8", "surrogatepass")


def _replace_number(rng: random.Random, content: bytearray, seeds: Sequence[bytes], tokens: Sequence[str]) -> None:
    """Another word in place of a written number."""
    places = [at for at, byte in enumerate(content) if chr(byte).isdigit() and byte < 128]
    if places:
        start = end = rng.choice(places)
        while start > 0 and chr(content[start - 1]) in _DIGITS:
            start -= 1
        while end < len(content) and chr(content[end]) in _DIGITS:
            end += 1
        content[start:end] = rng.choice(WORDS[:20]).encode()


def _lines(rng: random.Random, content: bytearray, seeds: Sequence[bytes], tokens: Sequence[str]) -> None:
    """Removes, repeats or exchanges a line."""
    lines = bytes(content).split(b"\n")
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(4):
        case 0:
            del lines[at]
        case 1:
            lines.insert(other, lines[at])
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case 3:
            lines[at:at] = [lines[at]] * rng.choice((2, 50, 500))
    content[:] = b"\n".join(lines)


BINARY: tuple[Change, ...] = (_flip, _byte, _byte, _number, _number, _float, _cut, _remove, _repeat, _insert, _splice)
TEXT: tuple[Change, ...] = (_word, _word, _replace_number, _replace_number, _lines, _lines, _cut, _remove, _splice)
