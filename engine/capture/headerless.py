"""A mosaic without a header: the user says what the file does not."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..camera import CameraProfile
from ..cfa import BAYER_PATTERNS, Cfa
from ..errors import SourceError
from ..frame import Encoding, Frame

Multipliers = tuple[float, float, float]  # of red, green, blue
UNBALANCED: Multipliers = (1.0, 1.0, 1.0)
GREY = "grey"
# Sensors bend before they clip, and some clip a little below the top of their bits.
CLIPPED = 0.98


@dataclass(frozen=True, slots=True)
class Layout:
    """How the bytes of a headerless mosaic lie: one sample a site, row after row, without padding.

    `bits` (8 to 16) are significant; samples are little-endian 16-bit words, or bytes where `bits` is 8 and the
    file's length says so. `black` is the sensor value of no light. `white_balance` multiplies red, green and
    blue (green is 1); None stands for that which makes the mosaic's mean grey.
    """

    cfa: Cfa
    bits: int
    width: int
    height: int
    black: float = 0.0
    white_balance: Multipliers | None = UNBALANCED

    @classmethod
    def parse(
        cls,
        raw_format: str,
        raw_size: str | tuple[int, int],
        black: float = 0.0,
        white_balance: str | Multipliers = UNBALANCED,
    ) -> Layout:
        """From `rggb12`, `1920x1080` and `2,1,1.6` or `grey`; raises SourceError with an example where one is wrong."""
        found = re.fullmatch(r"([a-z]{4})(\d+)", raw_format.strip().lower())
        if not found or found[1].upper() not in BAYER_PATTERNS or not 8 <= int(found[2]) <= 16:
            orders = ", ".join(pattern.lower() for pattern in BAYER_PATTERNS)
            raise SourceError(f"raw format '{raw_format}' is not a Bayer order ({orders}) and 8 to 16 bits; try rggb12")
        width, height = parse_size(raw_size)
        bits = int(found[2])
        if not 0 <= black < 2**bits - 1:
            raise SourceError(f"raw black {black:g} is outside 0..{2**bits - 2} of {bits} bits; check --raw-black")
        return cls(Cfa(found[1].upper()), bits, width, height, black, parse_white_balance(white_balance))

    @property
    def format(self) -> str:
        return f"{self.cfa.pattern.lower()}{self.bits}"

    @property
    def samples(self) -> int:
        return self.width * self.height


def parse_size(size: str | tuple[int, int]) -> tuple[int, int]:
    """(width, height) from `1920x1080`; raises SourceError where it is malformed or below 2x2."""
    found = re.fullmatch(r"(\d{1,6})[x×](\d{1,6})", size.strip().lower()) if isinstance(size, str) else None
    width, height = (int(found[1]), int(found[2])) if found else size if isinstance(size, tuple) else (0, 0)
    if width < 2 or height < 2:
        raise SourceError(f"size '{size}' is not WIDTHxHEIGHT of at least 2x2; try 1920x1080")
    return width, height


def parse_white_balance(balance: str | Multipliers) -> Multipliers | None:
    """Multipliers with green at 1 from `2,1,1.6`, None from `grey`; raises SourceError for anything else."""
    if isinstance(balance, str) and balance.strip().lower() in (GREY, "gray"):
        return None
    parts = balance.split(",") if isinstance(balance, str) else balance
    try:
        red, green, blue = (float(part) for part in parts)
    except ValueError:
        red = green = blue = math.nan
    if not all(0 < multiplier < math.inf for multiplier in (red, green, blue)):
        said = balance if isinstance(balance, str) else ",".join(map(str, balance))
        raise SourceError(f"raw white balance '{said}' is not three multipliers above 0; try 2,1,1.6 or {GREY}")
    return red / green, 1.0, blue / green


def measured(path: Path, layout: Layout) -> Layout:
    """`layout` with its white balance in numbers, taken from the mosaic in `path` where it is to be measured.

    Whoever reads a sequence measures once: a balance that followed every frame would make its colours pump.
    """
    if layout.white_balance is not None:
        return layout
    return replace(layout, white_balance=read_headerless(path, layout).profile.white_balance)


def read_headerless(path: Path, layout: Layout) -> Frame:
    """Read one mosaic: `pixels` (height, width) uint16, white at the top of `bits`.

    No camera is known: camera RGB, white-balanced as `layout` says, is taken for linear Rec.709. Raises SourceError
    where the file's length or its largest value does not fit the layout, or where there is no light to balance by.
    """
    try:
        file_bytes = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror}); check the path and its permissions") from error
    if layout.bits == 8 and len(file_bytes) == layout.samples:
        mosaic = np.frombuffer(file_bytes, np.uint8).astype(np.uint16)
    elif len(file_bytes) == 2 * layout.samples:
        mosaic = np.frombuffer(file_bytes, "<u2").astype(np.uint16)
    else:
        raise SourceError(_wrong_length(path, len(file_bytes), layout))
    white = 2**layout.bits - 1
    brightest = int(mosaic.max())
    if brightest > white:
        fitting = f"{layout.cfa.pattern.lower()}{brightest.bit_length()}"
        raise SourceError(
            f"{path}: holds the value {brightest}, more than {layout.bits} bits ({white}); try --raw-format {fitting}"
        )
    mosaic = mosaic.reshape(layout.height, layout.width)
    balance = layout.white_balance or _grey_world(path, mosaic, layout)
    return Frame(
        pixels=mosaic,
        encoding=Encoding.MOSAIC,
        cfa=layout.cfa,
        profile=CameraProfile(black=(layout.black,) * 4, white=float(white), white_balance=balance),
        name=str(path),
    )


def _grey_world(path: Path, mosaic: NDArray[np.uint16], layout: Layout) -> Multipliers:
    """Multipliers that make the mosaic's mean grey (Buchsbaum, J. Franklin Institute 310, 1980).

    A 2x2 block counts only where none of its sites is clipped: a lamp has no colour left to measure.
    """
    rows, columns = layout.height // 2, layout.width // 2
    blocks = mosaic[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2)
    unclipped = blocks.max(axis=(1, 3)) < CLIPPED * (2**layout.bits - 1)
    if not unclipped.any():
        raise SourceError(f"{path}: every part of it is clipped, so grey cannot be measured; give --raw-wb R,G,B")
    light = blocks.transpose(0, 2, 1, 3)[unclipped].mean(axis=0, dtype=np.float64) - layout.black
    red, green, blue = (float(light[layout.cfa.channels() == channel].mean()) for channel in range(3))
    if min(red, green, blue) <= 0:
        raise SourceError(f"{path}: a colour has no light above black, so grey cannot be measured; give --raw-wb R,G,B")
    return green / red, 1.0, green / blue


def _wrong_length(path: Path, file_length: int, layout: Layout) -> str:
    sample_bytes = 1 if layout.bits == 8 else 2
    expected = layout.samples * sample_bytes
    said = f"{path}: {file_length} bytes is not {layout.width}x{layout.height} {layout.format} ({expected} bytes)"
    order = layout.cfa.pattern.lower()
    if file_length == layout.samples:
        return f"{said}; try --raw-format {order}8"
    if 2 * file_length in (layout.samples * 2 * bits // 8 for bits in (10, 12, 14)):
        return f"{said}; it looks packed, so unpack it to 16-bit words first"
    likely = _likely_size(file_length // sample_bytes)
    return f"{said}; try --raw-size {likely}" if likely else f"{said}; check --raw-size and --raw-format"


def _likely_size(samples: int) -> str | None:
    """The size of a usual aspect ratio that has exactly this many samples."""
    for across, down in ((3, 2), (4, 3), (16, 9), (1, 1), (5, 4), (16, 10)):
        unit = math.isqrt(samples // (across * down))
        if unit > 16 and unit * unit * across * down == samples:
            return f"{unit * across}x{unit * down}"
    return None
