"""What a file holds: a picture, a video or a raw picture, by its suffix or else by its content."""

from __future__ import annotations

import enum
from pathlib import Path

from PIL import Image, ImageFile

from ..errors import SourceError
from ..formats.dng_read import read_dng
from ..formats.file_errors import UNREADABLE
from ..formats.picture_kind import EXR, HEIF, TIFF, kind_of
from ..formats.picture_read import PICTURE_SUFFIXES
from ..formats.raw import RAW_SUFFIXES
from .video import VIDEO_SUFFIXES, is_video

# The first bytes of files of other kinds: (offset, bytes, name, remedy).
OTHERS: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"\xff\x0a", "a JPEG XL picture", "convert it to PNG or TIFF"),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL picture", "convert it to PNG or TIFF"),
    (0, b"8BPS", "a Photoshop document", "export it as TIFF"),
    (0, b"gimp xcf", "a GIMP document", "export it as TIFF"),
    (0, b"%PDF", "a PDF document", "export its pictures as PNG or TIFF"),
    (0, b"%!PS", "a PostScript document", "export it as PNG or TIFF"),
    (0, b"PK\x03\x04", "a ZIP archive", "extract it and give a file in it"),
    (0, b"\x1f\x8b", "a gzip file", "decompress it and give the file in it"),
    (0, b"7z\xbc\xaf", "a 7-Zip archive", "extract it and give a file in it"),
    (257, b"ustar", "a tar archive", "extract it and give a file in it"),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard file", "decompress it and give the file in it"),
    (0, b"<svg", "an SVG drawing", "export it as PNG"),
    (0, b"#?RADIANCE", "a Radiance picture", "convert it to OpenEXR"),
    (0, b"PF\n", "a PFM picture", "convert it to OpenEXR, or name it as the map of --depth"),
    (0, b"Pf\n", "a PFM picture", "convert it to OpenEXR, or name it as the map of --depth"),
    (0, b"SDPX", "a DPX picture", "convert it to OpenEXR"),
    (0, b"XPDS", "a DPX picture", "convert it to OpenEXR"),
    (0, b"\x80\x2a\x5f\xd7", "a Cineon picture", "convert it to OpenEXR"),
    (0, b"SIMPLE  =", "a FITS file", "convert it to TIFF or OpenEXR"),
    (0, b"\x89HDF", "an HDF5 file", "convert it to TIFF or OpenEXR"),
    (0, b"\x93NUMPY", "a NumPy array", "save it as TIFF, or describe the mosaic with --raw-format and --raw-header"),
    (0, b"ID3", "a sound file", "give a picture or a video"),
    (0, b"OggS", "a sound file", "give a picture or a video"),
    (0, b"fLaC", "a sound file", "give a picture or a video"),
    (8, b"WAVE", "a sound file", "give a picture or a video"),
)
TEXT_BYTES = 512
# FFmpeg and Pillow would show them with light or density as display codes.
NOT_VIDEOS = tuple(
    f"a {name}" for name in ("Radiance picture", "PFM picture", "DPX picture", "Cineon picture", "FITS file")
)


class Content(enum.Enum):
    PICTURE = "picture"
    VIDEO = "video"
    RAW = "raw"


def content_of(path: Path) -> Content:
    """The content of a file. Raises SourceError with the kind of the file if it has another one.

    A listed suffix decides alone. A file with another suffix is a raw picture if it has the tags of a DNG, a picture if
    Pillow identifies it, and a video if FFmpeg does.
    """
    suffix = path.suffix.lower()
    if suffix in PICTURE_SUFFIXES:
        return Content.PICTURE
    if suffix in VIDEO_SUFFIXES:
        return Content.VIDEO
    if suffix in RAW_SUFFIXES or read_dng(path) is not None:
        return Content.RAW
    if kind_of(path) in (EXR, HEIF, TIFF):  # Pillow alone does not identify all of them
        return Content.PICTURE
    other = _other(path)
    if other is not None and other[0] in NOT_VIDEOS:
        raise _refused(path, *other)
    try:
        with Image.open(path) as image:
            if isinstance(image, ImageFile.StubImageFile) and other is not None:  # without a loader, such as HDF5
                raise _refused(path, *other)
            if image.format != "MPEG":  # Pillow identifies this video, but does not decode it
                return Content.PICTURE
    except UNREADABLE:
        pass
    if is_video(path):
        return Content.VIDEO
    if other is None:
        return Content.RAW  # the error of LibRaw has the reason
    raise _refused(path, *other)


def _refused(path: Path, name: str, remedy: str) -> SourceError:
    return SourceError(f"{path}: is {name}, which is not read here; {remedy}")


def _other(path: Path) -> tuple[str, str] | None:
    """What a file is that cannot be shown, and the remedy; None if its content is unknown."""
    try:
        with path.open("rb") as file:
            begin = file.read(TEXT_BYTES)
    except OSError:
        return None
    for offset, magic, name, remedy in OTHERS:
        if begin[offset : offset + len(magic)] == magic:
            return name, remedy
    if begin and all(32 <= byte < 127 or byte in b"\t\r\n" for byte in begin):
        return "a text file", "give a picture, a raw file or a video"
    return None
