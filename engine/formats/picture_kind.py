"""The kind of a picture file by its first bytes: phones and programs give files the suffixes of other kinds."""

from __future__ import annotations

from pathlib import Path

EXR, HEIF, TIFF = ".exr", ".heic", ".tif"
BEGIN_BYTES = 64
EXR_MAGIC = b"\x76\x2f\x31\x01"
TIFF_MAGICS = b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"
PICTURE_MAGICS = b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF", EXR_MAGIC, *TIFF_MAGICS
HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1", b"mif2"}
AVIF_BRANDS = {b"avif", b"avis"}


def kind_of(path: Path) -> str:
    """EXR, HEIF or TIFF if the file begins like one, else its own suffix in lower case."""
    begin = _begin(path)
    if begin.startswith(EXR_MAGIC):
        return EXR
    if _brands(begin) & HEIF_BRANDS and not _brands(begin) & AVIF_BRANDS:
        return HEIF
    return TIFF if begin.startswith(TIFF_MAGICS) else path.suffix.lower()


def begins_like_a_picture(path: Path) -> bool:
    """Whether the first bytes are those of a picture, whatever follows."""
    begin = _begin(path)
    return begin.startswith(PICTURE_MAGICS) or bool(_brands(begin) & (HEIF_BRANDS | AVIF_BRANDS))


def _begin(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(BEGIN_BYTES)
    except OSError:  # the reader of its content reports that
        return b""


def _brands(begin: bytes) -> set[bytes]:
    """The brands of a file in boxes (ISO/IEC 14496-12, 4.3): the major one, and the compatible ones."""
    if begin[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(begin[:4], "big"), len(begin))
    return {begin[8:12], *(begin[at : at + 4] for at in range(16, end, 4))}
