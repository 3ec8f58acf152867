"""A mosaic inside a picture file, as machine-vision tools write it: PGM, PNG or TIFF of one grey sample a photosite."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..camera import CameraProfile
from ..errors import SourceError, cause, check_regular_file
from ..frame import Encoding, Frame
from .file_errors import UNREADABLE, check_held
from .headerless import check_black, format_of
from .picture_read import read_codes
from .tiff_read import raw_samples

MOSAIC_SUFFIXES = frozenset({".pgm", ".pnm", ".png", ".tif", ".tiff", ".bmp"})
_NAMED = re.compile(r"(?:^|[^a-z])(?:bayer[_-]?)?(rggb|bggr|grbg|gbrg)(?:\d+)?(?=[^a-z]|$)", re.IGNORECASE)
_PGM = re.compile(rb"P([25])(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)\s")
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
    stored = stored_samples(path)
    if stored is None or stored.samples.dtype not in (np.uint8, np.uint16):
        raise SourceError(f"{path}: not a grey picture of 8 or 16 bits; --raw-format requires one sample a photosite")
    samples = stored.samples
    white, brightest = 2**bits - 1, int(samples.max())
    if brightest > white:
        fitting = raw_format.lower().replace(str(bits), str(_usual_bits(stored)))
        raise SourceError(
            f"{path}: holds the value {brightest}, more than {bits} bits ({white}); try --raw-format {fitting}"
        )
    return Frame(
        pixels=np.ascontiguousarray(samples, np.uint16),
        encoding=Encoding.MOSAIC,
        cfa=cfa,
        profile=_profile(path, black, min(white, stored.maximum)),
        name=str(path),
    )


def _profile(path: Path, black: float, white: int) -> CameraProfile:
    try:
        return CameraProfile(black=(black,) * 4, white=float(white))
    except SourceError as error:
        raise SourceError(f"{path}: {error}; check --raw-black") from error


class StoredSamples(NamedTuple):
    """The samples (H, W) as stored, and the `maximum` that the header allows."""

    samples: NDArray[Any]
    maximum: int


def _usual_bits(stored: StoredSamples) -> int:
    """The bits of a sensor that fit the header and the samples."""
    maximum = max(int(stored.samples.max()), stored.maximum if stored.maximum < 65535 else 0)
    return next(bits for bits in (8, 10, 12, 14, 16) if maximum < 1 << bits)


def stored_samples(path: Path) -> StoredSamples | None:
    """The samples of a grey picture, or of one whose three channels are equal; None if it has colours."""
    suffix = path.suffix.lower()
    samples: NDArray[Any] | None = None
    try:
        if suffix in (".pgm", ".pnm") and (found := _pgm(path)) is not None:
            return found
        if suffix in (".tif", ".tiff"):
            samples = raw_samples(path)
        else:
            with Image.open(path) as image:
                check_held(image, path)
                samples = np.asarray(image) if image.mode in ("L", "I", "I;16", "I;16B") else None
        if samples is None:
            codes = read_codes(path)
            is_grey = codes.dtype.kind == "u" and np.ptp(codes, axis=2).max() == 0
            samples = np.ascontiguousarray(codes[..., 0]) if is_grey else None
    except UNREADABLE as error:
        raise SourceError(f"{path}: the picture is damaged or cut off ({cause(error)}); copy it again") from error
    if samples is None:
        return None
    samples = samples.astype(np.uint16) if samples.dtype != np.uint8 else samples
    return StoredSamples(samples, int(np.iinfo(samples.dtype).max))


def _pgm(path: Path) -> StoredSamples | None:
    """The samples of a PGM without the scaling of Pillow (netpbm, "PGM"): text, bytes, or big-endian words above 255.
    None for other pictures."""
    data = path.read_bytes()
    found = _PGM.match(data[:4096])
    if found is None:
        return None
    width, height, maximum = (int(number[:9]) for number in found.groups()[1:])
    dtype = np.dtype(np.uint8 if maximum < 256 else ">u2")
    if not (0 < maximum < 65536 and width * height > 0):
        raise SourceError(f"{path}: the header of the PGM is invalid; save it again")
    body = data[found.end() :]
    if found[1] == b"2":
        numbers = body.split(maxsplit=width * height)[: width * height]
        body = np.clip(np.array(numbers, np.int64), 0, maximum).astype(dtype).tobytes()
    if len(body) < width * height * dtype.itemsize:
        raise SourceError(
            f"{path}: the file is cut off ({len(body)} of {width * height * dtype.itemsize} bytes); copy it again"
        )
    samples = np.frombuffer(body, dtype, width * height).reshape(height, width)
    return StoredSamples(samples.astype(np.uint16) if maximum > 255 else samples, maximum)


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
    try:
        stored = stored_samples(path)
    except SourceError:
        return None
    bits = 8 * frame.pixels.dtype.itemsize if stored is None else _usual_bits(stored)
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
