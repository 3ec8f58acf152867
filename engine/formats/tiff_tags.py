"""Reads the tags of a TIFF-like file (DNG and most raw files), safely for broken and malicious files."""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import tifffile
from numpy.typing import NDArray

# Errors of tifffile if the counts, types or offsets of tags are wrong.
MALFORMED = (
    *(tifffile.TiffFileError, struct.error, OSError, ValueError, TypeError, LookupError, ArithmeticError),
    *(AttributeError, MemoryError, RecursionError),
)
MAX_NUMBERS = 4096
MAX_BYTES = 1 << 26
MAX_PAGES = 16
BYTES_TYPES, ASCII_TYPE, RATIONAL_TYPES = (1, 7), 2, (5, 10)


class TagError(Exception):
    """The file is not a TIFF, or its first directory cannot be read."""


class Tags:
    """The tags of several directories of a file: the first directory that has a tag provides it."""

    def __init__(self, *pages: Any) -> None:
        self._pages = pages

    def numbers(
        self, name: str, counts: tuple[int, ...] = (), max_count: int = MAX_NUMBERS
    ) -> NDArray[np.float64] | None:
        """The numbers of a tag, (N,) float64; NaN for a rational with denominator 0.

        None if the tag is missing, is not numeric, has more than `max_count` numbers, or a count not in `counts`.
        """
        tag = self._tag(name)
        if tag is None or tag.count > max_count or (counts and tag.count not in counts):
            return None
        try:
            found = tag.value
            if isinstance(found, bytes):
                return np.frombuffer(found, np.uint8).astype(np.float64)
            flat: NDArray[np.float64] = np.array(found, np.float64).ravel()
        except MALFORMED:
            return None
        if int(tag.dtype) not in RATIONAL_TYPES:
            return flat if len(flat) == tag.count else None
        if len(flat) != 2 * tag.count:
            return None
        numerators, denominators = flat[0::2], flat[1::2]
        return np.asarray(
            np.divide(numerators, denominators, out=np.full(len(numerators), np.nan), where=denominators != 0)
        )

    def finite(
        self, name: str, counts: tuple[int, ...] = (), max_count: int = MAX_NUMBERS
    ) -> NDArray[np.float64] | None:
        """As `numbers`; None also if a number is NaN or infinite."""
        found = self.numbers(name, counts, max_count)
        return found if found is not None and np.isfinite(found).all() else None

    def whole(self, name: str) -> int | None:
        """The number of a tag as an integer; None unless it is a single finite number."""
        found = self.finite(name, (1,))
        return None if found is None else int(found[0])

    def text(self, name: str) -> str:
        """The text of a tag on one line; empty if it is missing."""
        tag = self._tag(name)
        if tag is None or tag.count > MAX_NUMBERS:
            return ""
        try:
            found = tag.value
        except MALFORMED:
            return ""
        if isinstance(found, bytes):
            found = found.split(b"\0")[0].decode("utf-8", errors="replace")
        return " ".join("".join(c if c.isprintable() else " " for c in str(found).split("\0")[0]).split())

    def data(self, name: str) -> bytes:
        """The bytes of a tag; empty if it is missing or longer than 64 MiB."""
        tag = self._tag(name)
        if tag is None or tag.count > MAX_BYTES or int(tag.dtype) not in BYTES_TYPES:
            return b""
        try:
            return tag.value if isinstance(tag.value, bytes) else b""
        except MALFORMED:
            return b""

    def has(self, name: str) -> bool:
        return self._tag(name) is not None

    def exif(self) -> dict[str, Any]:
        """The EXIF directory by name, as tifffile returns it; empty if it is missing."""
        tag = self._tag("ExifTag")
        try:
            found = None if tag is None else tag.value
        except MALFORMED:
            return {}
        return found if isinstance(found, dict) else {}

    def _tag(self, name: str) -> Any:
        for page in self._pages:
            tag = page.tags.get(name)
            if tag is not None:
                return tag
        return None


class TagFile:
    """An open TIFF-like file. `directories` are the first directory and its SubIFDs. Raises TagError."""

    def __init__(self, path: Path) -> None:
        with _quiet():
            try:
                self._file = tifffile.TiffFile(path)
            except MALFORMED as error:
                raise TagError(str(error)) from error
            try:
                self.first = self._file.pages.first
                self.byte_order = self._file.byteorder
            except MALFORMED as error:
                self._file.close()
                raise TagError(str(error)) from error
            self.directories = [self.first, *self._sub_directories()]

    def full_size(self) -> tuple[int, Any]:
        """The number and the directory of the first page, without thumbnails and masks; else of the first."""
        for index in range(MAX_PAGES if _is_reduced(self.first) else 0):
            try:
                page = self._file.pages[index]
            except MALFORMED:
                break
            if not _is_reduced(page):
                return index, page
        return 0, self.first

    def _sub_directories(self) -> Iterator[Any]:
        try:
            pages: Any = self.first.pages
            count = 0 if pages is None else min(len(pages), MAX_PAGES)
        except MALFORMED:
            return
        for index in range(count):
            try:
                yield pages[index]
            except MALFORMED:
                continue

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        self._silence = _quiet()
        self._silence.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._silence.__exit__(kind, error, trace)
        self.close()


def _is_reduced(page: Any) -> bool:
    """Whether a page is a reduced picture (1) or a mask (4) of another, by NewSubfileType."""
    return bool((Tags(page).whole("NewSubfileType") or 0) & 5)


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppresses tifffile's log messages about tags; errors that matter are raised as TagError or SourceError."""

    def refuse(record: logging.LogRecord) -> bool:
        return False

    logger = logging.getLogger("tifffile")
    logger.addFilter(refuse)
    try:
        yield
    finally:
        logger.removeFilter(refuse)
