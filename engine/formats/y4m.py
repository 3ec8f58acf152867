"""The header of YUV4MPEG2 (Y4M), the format of uncompressed video in pipes: mjpegtools, yuv4mpeg(5)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import SourceError
from ..yuv import SITED_CENTRE, SITED_LEFT, SITED_TOP_LEFT, YuvFormat, YuvLayout, YuvMatrix

MAGIC = b"YUV4MPEG2"
FRAME = b"FRAME"
MAX_LINE_BYTES = 1024
MAX_SIDE = 65536
HD_ROWS = 720  # Y4M does not name its matrix: ITU-R BT.709 from this height on, BT.601 below
CONVERT = "convert it with ffmpeg -i INPUT -pix_fmt yuv420p -f yuv4mpegpipe -"
_LAYOUTS = {
    "420": YuvLayout.I420,
    "422": YuvLayout.I422,
    "440": YuvLayout.I440,
    "444": YuvLayout.I444,
    "mono": YuvLayout.GREY,
}
_SITINGS = {"jpeg": SITED_CENTRE, "": SITED_CENTRE, "mpeg2": SITED_LEFT, "paldv": SITED_TOP_LEFT}
_COLOUR = re.compile(r"(420|422|440|444|mono)(?:(jpeg|mpeg2|paldv)|p?(9|10|12|14|16))?(alpha)?")


@dataclass(frozen=True, slots=True)
class Y4mHeader:
    """The pictures of a stream. `fps` is None if it is unknown, `alpha_bytes` follow each picture and are not used."""

    form: YuvFormat
    fps: float | None
    alpha_bytes: int = 0

    @classmethod
    def parse(cls, line: bytes) -> Y4mHeader:
        """The header from its line. Raises SourceError if it is malformed, interlaced, or of an unknown format."""
        words = line.decode("ascii", "replace").split()
        if not line:
            raise SourceError("ended before its first byte; check the program that writes")
        if not line.startswith(MAGIC) or not line.endswith(b"\n"):
            raise SourceError(f"does not begin with the line {MAGIC.decode()} of Y4M{_guess(line)}; {CONVERT}")
        tags = {word[0]: word[1:] for word in words[1:] if word[0] != "X"}
        extensions = dict(word[1:].split("=", 1) for word in words[1:] if word[0] == "X" and "=" in word)
        refuse_interlaced(tags.get("I", "?"))
        width, height = (_side(tags.get(tag, "")) for tag in "WH")
        form, alpha_bytes = _form(width, height, tags.get("C", "420jpeg"), extensions.get("COLORRANGE", ""))
        return cls(form, _rate(tags.get("F", "")), alpha_bytes)


def refuse_interlaced(interlacing: str) -> None:
    """Raises SourceError for the I tag of an interlaced or mixed stream, or of an interlaced picture."""
    if interlacing[:1] in ("t", "b", "m"):
        raise SourceError("is interlaced, its pictures hold two fields; deinterlace it with ffmpeg -vf bwdif")


def check_frame_line(line: bytes) -> None:
    """Raises SourceError for a picture with other fields. The first letter of I is how a picture is presented:
    progressive once, twice or three times (1, 2, 3), or interlaced.
    """
    for word in line.decode("ascii", "replace").split()[1:]:
        if word[0] == "I":
            refuse_interlaced(word[1:].lower())


def _form(width: int, height: int, colour: str, colour_range: str) -> tuple[YuvFormat, int]:
    found = _COLOUR.fullmatch(colour.lower())
    if found is None or (found[2] and found[1] != "420") or (found[4] and (found[1] != "444" or found[3])):
        raise SourceError(f"has the chroma format C{colour}; C420, C422, C440, C444 and Cmono are shown. {CONVERT}")
    layout, bits = _LAYOUTS[found[1]], int(found[3] or 8)
    form = YuvFormat(
        *(layout, width, height),
        matrix=YuvMatrix.BT709 if height >= HD_ROWS else YuvMatrix.BT601,
        full_range=colour_range.upper() == "FULL" or (found[1] == "mono" and colour_range.upper() != "LIMITED"),
        bits=bits,
        siting=_siting(found[1], found[2] or "", bits),
    )
    return form, width * height if found[4] else 0


def _siting(layout: str, name: str, bits: int) -> tuple[float, float] | None:
    """420 alone is that of JPEG. FFmpeg names no siting for more than 8 bits, where it is that of MPEG."""
    return _SITINGS[name] if layout == "420" and bits == 8 else None


def _side(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text) or not 1 < int(text) <= MAX_SIDE:
        raise SourceError(f"has no size of 2 to {MAX_SIDE} pixels a side in its header (W and H); write it again")
    return int(text)


def _rate(text: str) -> float | None:
    found = re.fullmatch(r"(\d{1,18}):(\d{1,18})", text)
    if found is None or not int(found[1]) or not int(found[2]):
        return None
    return int(found[1]) / int(found[2])


def _guess(line: bytes) -> str:
    """What the bytes are instead, if they are known."""
    kinds = {
        b"\x1a\x45\xdf\xa3": "Matroska",
        b"\x00\x00\x00\x01": "H.264 or HEVC",
        b"\xff\xd8": "JPEG",
        b"RIFF": "AVI",
        b"\x89PNG": "PNG",
        b"G": "MPEG-TS",
    }
    kind = next(
        (name for begin, name in kinds.items() if line.startswith(begin)), "MP4" if line[4:8] == b"ftyp" else ""
    )
    return f", it looks like {kind}" if kind else "; raw frames require --raw-format and --raw-size"
