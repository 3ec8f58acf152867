"""Reads a mosaic without a header, in the layout that the user specifies."""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..camera import CameraProfile
from ..cfa import BAYER_PATTERNS, Cfa
from ..errors import SourceError, check_regular_file
from ..frame import Encoding, Frame
from ..packing import Packing, unpack

EXAMPLES = "rggb12, bggr16be, rggb10-mipi, grbg12p, mono8, quad-rggb10, BayerRG12p or SRGGB10_CSI2P"
_PACKED = {
    "-mipi": {10: Packing.RAW10, 12: Packing.RAW12, 14: Packing.RAW14},
    "p": {10: Packing.P10, 12: Packing.P12},
    "packed": {10: Packing.GEV10, 12: Packing.GEV12},
}
_WORDS = {"": "little", "le": "little", "be": "big"}  # the byte order of 16-bit words
_PFNC = {"rg": "rggb", "bg": "bggr", "gr": "grbg", "gb": "gbrg"}  # GenICam names a Bayer order by its first row


MAX_STRIDE_PADDING = 1024  # bytes
STRIDE_UNITS = (4, 8, 16, 32, 64, 128, 256, 512)  # bytes, of which rows of cameras are multiples
# libcamera and V4L2 name a format SRGGB10_CSI2P, SRGGB10P, R10 or Y10; FFmpeg bayer_rggb16le or gray10le.
_LIBCAMERA = re.compile(r"(?:s(rggb|bggr|grbg|gbrg)|[ry])(8|10|12|14|16)(|p|_csi2p)")
_FFMPEG = re.compile(r"(?:bayer_(rggb|bggr|grbg|gbrg)|gray)(8|10|12|14|16)(|le|be)")


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout of headerless mosaics: one sample per photosite, row after row.

    `bits` (8 to 16) are the significant bits of samples packed as `packing`. `black` is the sensor value without light.
    `row_bytes` is the distance of rows in bytes, with padding. `header_bytes` and `trailer_bytes` surround the rows of
    each mosaic and are skipped.
    """

    cfa: Cfa
    bits: int
    packing: Packing
    width: int
    height: int
    row_bytes: int
    black: float = 0.0
    header_bytes: int = 0
    trailer_bytes: int = 0

    @classmethod
    def parse(
        cls,
        raw_format: str,
        raw_size: str | tuple[int, int],
        black: float = 0.0,
        *,
        stride: int | None = None,
        header_bytes: int = 0,
        trailer_bytes: int = 0,
    ) -> Layout:
        """The layout for a format and a size such as `rggb12` and `1920x1080`. Raises SourceError with examples.

        A format has three parts: a Bayer order, `mono`, or `quad-` and a Bayer order; the significant bits; and the
        packing. The packing is empty (8 bits in bytes, more in little-endian words of 16), `be` (big-endian words),
        `le` (words, also for 8 bits), `-mipi` (RAW10, RAW12, RAW14 of MIPI CSI-2), `p` (10p, 12p of GenICam) or
        `packed` (10Packed, 12Packed of GigE Vision). The names of GenICam, libcamera, V4L2 and FFmpeg are valid too.
        `stride` is the distance of rows in bytes, by default without padding.
        """
        _, bits, suffix = _split(raw_format)
        cfa, _ = format_of(raw_format)
        width, height = parse_size(raw_size)
        check_black(black, bits)
        packing = _packing(raw_format, bits, suffix)
        unpadded = packing.row_bytes(width)
        if stride is not None and stride < unpadded:
            raise SourceError(
                f"raw stride {stride} is below the {unpadded} bytes of {width} {raw_format} samples; check --raw-stride"
            )
        if stride is not None and stride % 2 and packing.bits == 16:
            raise SourceError(f"raw stride {stride} is odd, but {raw_format} has words of 2 bytes; check --raw-stride")
        if header_bytes < 0 or trailer_bytes < 0:
            raise SourceError("--raw-header and --raw-trailer are numbers of bytes, 0 or more")
        return cls(cfa, bits, packing, width, height, stride or unpadded, black, header_bytes, trailer_bytes)

    @property
    def format(self) -> str:
        return f"{self.filters}{self.bits}{self.suffix}"

    @property
    def filters(self) -> str:
        return ("quad-" if self.cfa.block == 2 else "") + self.cfa.pattern.lower()

    @property
    def suffix(self) -> str:
        is_big = self.packing is (Packing.U16 if sys.byteorder == "big" else Packing.U16_SWAPPED)
        packed = next((name for name, packings in _PACKED.items() if self.packing in packings.values()), "")
        return packed or ("be" if is_big else "le" if self.bits == 8 and self.packing is not Packing.U8 else "")

    @property
    def picture_bytes(self) -> int:
        """Bytes of all rows."""
        return self.height * self.row_bytes

    @property
    def frame_bytes(self) -> int:
        """Bytes from one mosaic to the next."""
        return self.header_bytes + self.picture_bytes + self.trailer_bytes

    def lacks_padding(self, file_bytes: int) -> bool:
        """Whether a file holds one mosaic whose last row ends without its padding."""
        padding = self.row_bytes - self.packing.row_bytes(self.width)
        return 0 < padding == self.frame_bytes - file_bytes and not self.trailer_bytes

    def frame(self, picture: NDArray[np.uint8], name: str) -> Frame:
        """The mosaic in `picture`, (picture_bytes,), as it is, without a copy.

        The white level is the maximum of the bits. The camera is unknown, so camera RGB counts as linear Rec.709.
        """
        rows = picture.reshape(self.height, self.row_bytes)
        packing = self.packing
        is_plain = packing is Packing.U16 and self.row_bytes == 2 * self.width
        if packing is Packing.U16 and not is_plain:
            packing = Packing.U16_ROWS
        return Frame(
            pixels=rows.view(np.uint16) if is_plain else rows,
            encoding=Encoding.MOSAIC,
            cfa=self.cfa,
            profile=CameraProfile(black=(self.black,) * 4, white=float(2**self.bits - 1)),
            name=name,
            packing=packing,
            packed_width=0 if is_plain else self.width,
        )

    def check(self, frame: Frame) -> None:
        """Raises SourceError if a value of the mosaic has more bits than the layout: another format or byte order."""
        if self.packing.bits > self.bits:
            brightest = int(unpack(frame.pixels, frame.packing, frame.width).max())
            _check_bits(frame.name, brightest, self)


def check_black(black: float, bits: int) -> None:
    """Raises SourceError for a black level that samples of `bits` bits cannot have."""
    if not 0 <= black < 2**bits - 1:
        raise SourceError(f"raw black {black:g} is outside 0..{2**bits - 2} of {bits} bits; check --raw-black")


def format_of(raw_format: str) -> tuple[Cfa, int]:
    """The filters and the bits of a format. Raises SourceError with examples."""
    filters, bits, _ = _split(raw_format)
    if filters == "mono":
        return Cfa("MONO"), bits
    return Cfa(filters.removeprefix("quad-").upper(), 2 if filters.startswith("quad-") else 1), bits


def _split(raw_format: str) -> tuple[str, int, str]:
    """Filters, bits and suffix of a format; GenICam names are translated."""
    lowered = raw_format.strip().lower()
    if genicam := re.fullmatch(r"(?:bayer(rg|bg|gr|gb)|mono)(8|10|12|14|16)(p|packed|)", lowered):
        return _PFNC.get(genicam[1], "mono"), int(genicam[2]), genicam[3]
    if libcamera := _LIBCAMERA.fullmatch(lowered):
        return libcamera[1] or "mono", int(libcamera[2]), "-mipi" if libcamera[3] else ""
    if ffmpeg := _FFMPEG.fullmatch(lowered):
        return ffmpeg[1] or "mono", int(ffmpeg[2]), ffmpeg[3]
    if lowered in ("grey", "gray"):
        return "mono", 8, ""
    found = re.fullmatch(r"(mono|(?:quad-)?[a-z]{4})(\d{1,2})(|le|be|p|packed|-mipi)", lowered)
    known = found and (found[1] == "mono" or found[1].removeprefix("quad-").upper() in BAYER_PATTERNS)
    if not found or not known or not 8 <= int(found[2]) <= 16:
        raise SourceError(
            f"raw format '{raw_format}' is not a Bayer order (or mono, or quad- and an order) and 8 to 16 bits; "
            f"try {EXAMPLES}"
        )
    return found[1], int(found[2]), found[3]


def _packing(raw_format: str, bits: int, suffix: str) -> Packing:
    if suffix in _PACKED:
        if bits not in _PACKED[suffix]:
            possible = " or ".join(map(str, _PACKED[suffix]))
            raise SourceError(
                f"raw format '{raw_format}': '{suffix}' packs {possible} bits, not {bits}; try {EXAMPLES}"
            )
        return _PACKED[suffix][bits]
    if bits == 8 and not suffix:
        return Packing.U8
    return Packing.U16 if _WORDS[suffix] == sys.byteorder else Packing.U16_SWAPPED


def parse_size(size: str | tuple[int, int]) -> tuple[int, int]:
    """(width, height) from `1920x1080`; raises SourceError if it is malformed or below 2x2."""
    found = re.fullmatch(r"(\d{1,6})[x×](\d{1,6})", size.strip().lower()) if isinstance(size, str) else None
    width, height = (int(found[1]), int(found[2])) if found else size if isinstance(size, tuple) else (0, 0)
    if width < 2 or height < 2:
        raise SourceError(f"size '{size}' is not WIDTHxHEIGHT of at least 2x2; try 1920x1080")
    return width, height


def read_headerless(path: Path, layout: Layout) -> Frame:
    """Reads the only mosaic of a file and leaves it packed.

    Raises SourceError if the file's length or its largest value does not fit the layout.
    """
    check_regular_file(path)
    try:
        file_bytes = np.fromfile(path, np.uint8)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror}); check the path and its permissions") from error
    if layout.lacks_padding(len(file_bytes)):
        file_bytes = np.pad(file_bytes, (0, layout.frame_bytes - len(file_bytes)))
    if len(file_bytes) != layout.frame_bytes:
        raise SourceError(wrong_length(path, len(file_bytes), layout))
    picture = file_bytes[layout.header_bytes :][: layout.picture_bytes]
    if layout.header_bytes % 2:
        picture = picture.copy()  # words begin at an even address
    frame = layout.frame(picture, str(path))
    layout.check(frame)
    return frame


def count_frames(path: Path, layout: Layout) -> int:
    """The number of mosaics in a file. Raises SourceError if it does not end with a whole one."""
    file_length = path.stat().st_size
    if layout.lacks_padding(file_length):
        return 1
    if file_length % layout.frame_bytes or not file_length:
        raise SourceError(wrong_length(path, file_length, layout))
    return file_length // layout.frame_bytes


def _check_bits(name: str, brightest: int, layout: Layout) -> None:
    white = 2**layout.bits - 1
    if brightest <= white:
        return
    fitting = f"{layout.filters}{brightest.bit_length()}{layout.suffix}"
    swapped = int.from_bytes(brightest.to_bytes(2, "little"), "big")
    if swapped <= white:
        fitting = f"{layout.filters}{layout.bits}{'' if layout.suffix == 'be' else 'be'}, the other byte order"
    raise SourceError(
        f"{name}: holds the value {brightest}, more than {layout.bits} bits ({white}); try --raw-format {fitting}"
    )


def wrong_length(path: Path, file_length: int, layout: Layout) -> str:
    """Why a file of this length holds no whole number of mosaics, and the option that fits."""
    frame_bytes, surround = layout.frame_bytes, layout.header_bytes + layout.trailer_bytes
    problem = f"{path}: {file_length} bytes is not {layout.width}x{layout.height} {layout.format} ({frame_bytes} bytes)"
    fitting = [
        f"{layout.filters}{packing.bits if packing.bits < 16 else max(layout.bits, 9)}{suffix}"
        for packing, suffix in (
            *((Packing.U8, ""), (Packing.U16, "")),
            *((packing, suffix) for suffix, packings in _PACKED.items() for packing in packings.values()),
        )
        if layout.height * packing.row_bytes(layout.width) + surround == file_length
    ]
    if fitting:
        return f"{problem}; try --raw-format {' or '.join(fitting)}"
    tries = [f"--raw-stride {stride}" for stride in _likely_strides(file_length, layout)]
    likely = _likely_size((file_length - surround) * 8 // layout.packing.bits)
    tries += [] if likely is None else [f"--raw-size {likely}"]
    if tries:
        return f"{problem}; try {' or '.join(tries)}"
    if file_length > frame_bytes:
        return f"{problem} or several of them; check --raw-size and --raw-stride. Cut off? Use - < {path}"
    return f"{problem}; check --raw-size and --raw-format"


def _likely_strides(file_length: int, layout: Layout) -> list[int]:
    """The row lengths with which a file holds one mosaic, or several with a padding that hardware uses."""
    surround = layout.header_bytes + layout.trailer_bytes
    unpadded = layout.packing.row_bytes(layout.width)
    stride, rest = divmod(file_length - surround, layout.height)
    if not rest and 0 < stride - unpadded <= min(MAX_STRIDE_PADDING, unpadded):
        return [stride]
    aligned = (-(-unpadded // unit) * unit for unit in STRIDE_UNITS)
    strides = [row for row in dict.fromkeys(aligned) if row > unpadded]
    return [row for row in strides if file_length and not file_length % (row * layout.height + surround)][:2]


def _likely_size(samples: int) -> str | None:
    """A size of a common aspect ratio with exactly this number of samples, such as `1920x1080`; None without one."""
    for across, down in ((3, 2), (4, 3), (16, 9), (1, 1), (5, 4), (16, 10)):
        unit = math.isqrt(samples // (across * down))
        if unit > 16 and unit * unit * across * down == samples:
            return f"{unit * across}x{unit * down}"
    return None
