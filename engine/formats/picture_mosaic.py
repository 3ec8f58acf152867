"""A mosaic inside a picture file, as machine-vision tools write it: PGM, PNG or TIFF of one grey sample a photosite."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..camera import CameraProfile
from ..errors import SourceError, cause, check_regular_file
from ..frame import Encoding, Frame
from .file_errors import UNREADABLE, check_held
from .headerless import check_black, format_of
from .tiff_read import raw_samples

MOSAIC_SUFFIXES = frozenset({".pgm", ".pnm", ".png", ".tif", ".tiff"})
_NAMED = re.compile(r"(?:^|[^a-z])(?:bayer[_-]?)?(rggb|bggr|grbg|gbrg)(?:\d+)?(?=[^a-z]|$)", re.IGNORECASE)
_PGM = re.compile(rb"P5(?:\s+|#[^\n]*\n)+(\d+)(?:\s+|#[^\n]*\n)+(\d+)(?:\s+|#[^\n]*\n)+(\d+)\s")
# A mosaic differs between adjacent columns and rows by this factor more than between those of the same filter.
CFA_RATIO, MIN_STEP = 2.5, 0.01


def read_picture_mosaic(path: Path, raw_format: str, black: float = 0.0) -> Frame:
    """Reads the mosaic in a picture file: (H, W) uint16. The size is the picture's; filters and white level (the
    maximum of the bits) are those of `raw_format`, such as `bggr8`.

    Raises SourceError if the picture has colours, or if a value has more bits than the format.
    """
    check_regular_file(path)
    cfa, bits = format_of(raw_format)
    check_black(black, bits)
    samples = stored_samples(path)
    if samples is None or samples.dtype not in (np.uint8, np.uint16):
        raise SourceError(f"{path}: not a grey picture of 8 or 16 bits; --raw-format requires one sample a photosite")
    white, brightest = 2**bits - 1, int(samples.max())
    if brightest > white:
        fitting = raw_format.lower().replace(str(bits), str(max(brightest.bit_length(), 8)))
        raise SourceError(
            f"{path}: holds the value {brightest}, more than {bits} bits ({white}); try --raw-format {fitting}"
        )
    return Frame(
        pixels=np.ascontiguousarray(samples, np.uint16),
        encoding=Encoding.MOSAIC,
        cfa=cfa,
        profile=CameraProfile(black=(black,) * 4, white=float(white)),
        name=str(path),
    )


def stored_samples(path: Path) -> NDArray[Any] | None:
    """The samples of a grey picture, (H, W), as stored; None if it has colours."""
    suffix = path.suffix.lower()
    try:
        if suffix in (".pgm", ".pnm"):
            return _pgm(path)
        if suffix in (".tif", ".tiff"):
            return raw_samples(path)
        with Image.open(path) as image:
            check_held(image, path)
            grey = image.mode in ("L", "I", "I;16", "I;16B")
            samples = np.asarray(image) if grey else None
    except UNREADABLE as error:
        raise SourceError(f"{path}: the picture is damaged or cut off ({cause(error)}); copy it again") from error
    return samples.astype(np.uint16) if samples is not None and samples.dtype != np.uint8 else samples


def _pgm(path: Path) -> NDArray[Any] | None:
    """The samples of a binary PGM without the scaling of Pillow (netpbm, "PGM"): big-endian words above 255."""
    data = path.read_bytes()
    found = _PGM.match(data[:4096])
    if found is None:
        return None
    width, height, maximum = (int(number[:9]) for number in found.groups())
    dtype = np.dtype(np.uint8 if maximum < 256 else ">u2")
    if not (0 < maximum < 65536 and width * height > 0):
        raise SourceError(f"{path}: the header of the PGM is invalid; save it again")
    if len(data) - found.end() < width * height * dtype.itemsize:
        raise SourceError(
            f"{path}: the file is cut off ({len(data) - found.end()} of {width * height * dtype.itemsize} bytes); copy "
            "it again"
        )
    samples = np.frombuffer(data, dtype, width * height, found.end()).reshape(height, width)
    return samples.astype(np.uint16) if maximum > 255 else samples


def mosaic_hint(frame: Frame, path: Path) -> str | None:
    """The hint that a grey picture is probably a mosaic, by its name or its statistics; None if it is not."""
    if frame.encoding is not Encoding.DISPLAY or path.suffix.lower() not in MOSAIC_SUFFIXES:
        return None
    part = frame.pixels[: min(frame.height, 1024), : min(frame.width, 1024)]
    if not (np.array_equal(part[..., 0], part[..., 1]) and np.array_equal(part[..., 0], part[..., 2])):
        return None
    named = _NAMED.search(path.name)
    if named is None and not _looks_like_mosaic(part[..., 0]):
        return None
    bits = 8 * frame.pixels.dtype.itemsize
    order = named[1].lower() if named else "rggb"
    others = "" if named else " (or bggr, grbg, gbrg)"
    return f"{path}: is shown as a grey picture, but may be a mosaic; try --raw-format {order}{bits}{others}"


def _looks_like_mosaic(grey: NDArray[Any]) -> bool:
    if min(grey.shape) < 8:
        return False
    light = grey.astype(np.float32) / max(int(grey.max()), 1)
    for axis in (0, 1):
        along = light if axis == 0 else light.T
        near, same = (float(np.abs(along[step:] - along[:-step]).mean()) for step in (1, 2))
        if near < MIN_STEP or near < CFA_RATIO * same:
            return False
    return True
