"""Reads a LUT file; its suffix selects the format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ..checks import PATH, check_kind
from ..errors import GroundglassError, LookError, check_name, check_regular_file
from .lut import MAX_SIDE, Lut
from .lut_cube import parse_cube
from .lut_ocio import SUFFIXES as OCIO_SUFFIXES
from .lut_ocio import read_ocio

HALD_SUFFIXES = (".png", ".tif", ".tiff")
KNOWN = (".cube", *OCIO_SUFFIXES, *HALD_SUFFIXES)
MAX_BYTES = 1 << 30  # enough for the largest supported cube with many digits


def read_lut(path: str | Path) -> Lut:
    """The LUT in a file: .cube, a HaldCLUT as .png or .tif, or a format of OpenColorIO (.3dl, .csp, .clf, ...).

    Raises LookError with the file, and the line if it is known; MissingExtraError without OpenColorIO.
    """
    check_kind("LUT", "path", path, PATH)
    path = Path(path)
    return replace(_read(path), file=path.absolute())


def _read(path: Path) -> Lut:
    suffix = path.suffix.lower()
    if suffix not in KNOWN:
        raise LookError(f"{path}: the suffix '{suffix}' names no LUT file; use one of {' '.join(KNOWN)}")
    check_name(path, LookError)
    if not path.is_dir():
        check_regular_file(path, LookError)
    try:
        size = path.stat().st_size
        begin = b"" if path.is_dir() else path.open("rb").read(4096)
    except OSError as error:
        raise LookError(f"{path}: cannot be read ({error.strerror}); name another LUT") from None
    if path.is_dir():
        raise LookError(f"{path}: is a folder; name a LUT file in it")
    if size == 0:
        raise LookError(f"{path}: the file is empty; export the LUT again")
    if size > MAX_BYTES:
        raise LookError(f"{path}: {size / 1e6:.0f} MB is too large for a LUT; name another file")
    if suffix in HALD_SUFFIXES:
        return _read_hald(path)
    if b"\0" in begin:
        raise LookError(f"{path}:1: holds binary data, not the text of a {suffix} file; export the LUT again")
    if suffix in OCIO_SUFFIXES:
        return read_ocio(path)
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise LookError(f"{path}: cannot be read ({error.strerror}); name another LUT") from None
    return parse_cube(text, str(path))


def _read_hald(path: Path) -> Lut:
    """A HaldCLUT of level L: a picture of L^3 x L^3 with a cube of L^2 nodes along each edge; red varies fastest
    (E. Steinberg, "HaldCLUT", 2008).
    """
    from ..formats.picture_read import read_codes

    try:
        pixels = read_codes(path)
    except GroundglassError as error:
        raise LookError(f"{path}: cannot be read as a HaldCLUT ({str(error).rpartition(': ')[2]})") from None
    height, width = pixels.shape[:2]
    level = round(width ** (1 / 3))
    if height != width or level**3 != width or not 2 <= level**2 <= MAX_SIDE:
        raise LookError(f"{path}: a picture of {width}x{height} is not a HaldCLUT, which is 64x64, 512x512 or similar")
    full = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1
    side = level**2
    cube = (pixels.reshape(side, side, side, 3) / np.float32(full)).transpose(2, 1, 0, 3)
    return Lut(path.name, None, np.ascontiguousarray(cube, dtype=np.float32))
