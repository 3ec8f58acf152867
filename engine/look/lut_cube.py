"""Parses .cube files: Iridas's format (Adobe, "Cube LUT Specification 1.0", 2013), and Resolve's with both tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..errors import LookError, warnings_kept
from .lut import MAX_LENGTH, MAX_SIDE, UNIT, Domain, Lut

MANY = 64**3  # rows that are read at once
MAX_SIZE = 1e6  # largest magnitude of a number in a LUT; infinity and NaN are rejected, too


@dataclass(slots=True)
class _Head:
    """The keywords of a file, and its rows of numbers with their line numbers."""

    length: int = 0
    side: int = 0
    minimum: tuple[float, float, float] = UNIT[0]
    maximum: tuple[float, float, float] = UNIT[1]
    shaper_range: tuple[float, ...] = ()
    cube_range: tuple[float, ...] = ()
    rows: list[tuple[int, str]] = field(default_factory=list)

    @property
    def wanted(self) -> int:
        return self.length + self.side**3

    def domain(self, spanned: tuple[float, ...]) -> Domain:
        """The domain; Resolve's range `spanned` applies to all channels, Iridas's domain to each channel."""
        return (
            (self.minimum, self.maximum)
            if not spanned
            else ((spanned[0], spanned[0], spanned[0]), (spanned[1], spanned[1], spanned[1]))
        )


def parse_cube(text: str, file: str) -> Lut:
    """The LUT in a text; `file` appears in messages. Raises LookError with file and line."""
    head, numbers = _Head(), None
    for number, start, end in _lines(text):
        line = text[start:end].strip()
        if not line or line.startswith("#"):
            continue
        if line[0].isalpha() and line.split()[0].lower() not in ("nan", "inf", "infinity"):
            _keyword(head, line, f"{file}:{number}")
            continue
        if not head.rows and head.wanted >= MANY:
            numbers = _many(text, start, head.wanted)
            if numbers is not None:
                break
        head.rows.append((number, line))
        if len(head.rows) > max(head.wanted, MAX_LENGTH):  # a text without end would take the memory
            break
    if head.wanted == 0:
        raise LookError(f"{file}:1: no LUT_1D_SIZE and no LUT_3D_SIZE; this is not a .cube file")
    if numbers is None:
        numbers = _numbers(head, file)
    shaper = numbers[: head.length] if head.length else None
    cube = None
    if head.side:  # red varies fastest in the file: the last index before the transposition
        cube = np.ascontiguousarray(numbers[head.length :].reshape((head.side,) * 3 + (3,)).transpose(2, 1, 0, 3))
    return Lut(file, shaper, cube, head.domain(head.shaper_range), head.domain(head.cube_range))


def _lines(text: str) -> Iterator[tuple[int, int, int]]:
    """The number, the start and the end of each line."""
    ending = "\n" if "\n" in text else "\r"
    start, number = 0, 1
    while start < len(text):
        end = text.find(ending, start)
        end = len(text) if end < 0 else end
        yield number, start, end
        start, number = end + 1, number + 1


def _many(text: str, start: int, rows: int) -> NDArray[np.float32] | None:
    """(rows, 3) of a text from `start` on that has only this number of rows of numbers; None for another text.

    It takes a tenth of the time and of the memory that single rows take.
    """
    rest = text[start:].rstrip()
    if rest.count("\n") + 1 != rows:
        return None
    try:
        with warnings_kept(DeprecationWarning):  # NumPy before 2.3, for a text with other things
            numbers = np.fromstring(rest, np.float32, sep=" ")
    except ValueError:
        return None
    if numbers.size != 3 * rows or not (np.abs(numbers) <= MAX_SIZE).all():
        return None
    return numbers.reshape(rows, 3)


def _keyword(head: _Head, line: str, where: str) -> None:
    name, *words = line.split()
    match name.upper():
        case "TITLE":
            pass
        case "LUT_1D_SIZE":
            head.length = _size(words, MAX_LENGTH, where, name)
        case "LUT_3D_SIZE":
            head.side = _size(words, MAX_SIDE, where, name)
        case "DOMAIN_MIN":
            minimum = _floats(words, 3, where, name)
            head.minimum = minimum[0], minimum[1], minimum[2]
        case "DOMAIN_MAX":
            maximum = _floats(words, 3, where, name)
            head.maximum = maximum[0], maximum[1], maximum[2]
        case "LUT_1D_INPUT_RANGE":
            head.shaper_range = _floats(words, 2, where, name)
        case "LUT_3D_INPUT_RANGE":
            head.cube_range = _floats(words, 2, where, name)
        case "LUT_IN_VIDEO_RANGE" | "LUT_OUT_VIDEO_RANGE":
            raise LookError(f"{where}: {name}: video range is not supported; export the LUT for full range")
        case _:
            raise LookError(f"{where}: unknown word '{name[:40]}'; this is not a .cube file, or it is damaged")


def _size(words: list[str], maximum: int, where: str, name: str) -> int:
    try:
        (size,) = map(int, words)
    except ValueError:
        raise LookError(f"{where}: {name} is one whole number, not '{' '.join(words)[:40]}'") from None
    if not 2 <= size <= maximum:
        raise LookError(f"{where}: {name} {size} is not in 2..{maximum}")
    return size


def _floats(words: list[str], count: int, where: str, name: str) -> tuple[float, ...]:
    try:
        numbers = tuple(map(float, words))
    except ValueError:
        numbers = ()
    if len(numbers) != count or not all(abs(number) <= MAX_SIZE for number in numbers):
        raise LookError(f"{where}: {name} is {count} numbers, not '{' '.join(words)[:40]}'")
    return numbers


def _numbers(head: _Head, file: str) -> NDArray[np.float32]:
    """(N, 3) of the rows. The wrong row is searched for only after an error."""
    try:
        numbers = np.array([line.split() for _, line in head.rows], dtype=np.float64)
    except ValueError:
        numbers = np.empty((0, 0))
    if numbers.shape != (len(head.rows), 3) or not (np.abs(numbers) <= MAX_SIZE).all():
        for number, line in head.rows:
            _floats(line.split(), 3, f"{file}:{number}", "a colour")
    if len(head.rows) != head.wanted:
        last = head.rows[min(len(head.rows), head.wanted + 1) - 1][0] if head.rows else 1
        problem = "the file is cut off" if len(head.rows) < head.wanted else "the size does not fit"
        raise LookError(f"{file}:{last}: {len(head.rows)} colours, but its size requires {head.wanted}; {problem}")
    return numbers.astype(np.float32)
