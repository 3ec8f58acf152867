"""Matte files: the part of each pixel that the subject covers, as greys, as alpha, or in a phone's portrait."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ..checks import check_matte
from ..errors import SourceError, cause, check_regular_file
from .file_errors import UNREADABLE, check_held
from .heif import HEIF_SUFFIXES, read_heif_matte

MAX_COLOUR = 0.1  # largest difference of the channels of a grey picture, as a fraction of white


def read_matte(path: Path) -> NDArray[np.float32]:
    """(h, w) float32 from 0 to 1, upright: white where the subject covers the pixel.

    A picture with transparency gives its alpha, another one its greys: 8 and 16 bits, or floats from 0 to 1 (TIFF,
    NPY). A HEIC gives the matte of the phone. Raises SourceError, or MissingExtraError for HEIF.
    """
    check_regular_file(path)
    if not path.is_file():
        raise SourceError(f"{path}: no such matte; give a grey picture, a picture with alpha, or a portrait HEIC")
    try:
        matte = _stored(path)
    except UNREADABLE as error:
        raise SourceError(f"{path}: not a matte that can be read ({cause(error)}); save it as a grey PNG") from error
    if matte is None:
        raise SourceError(f"{path}: holds no portrait matte; name a grey picture, or a picture with alpha")
    if matte.ndim != 2 or matte.size == 0 or matte.dtype.kind not in "buif":
        raise SourceError(f"{path}: {matte.dtype} values of shape {matte.shape} are not a matte; give (height, width)")
    shares = as_shares(matte)
    check_matte(str(path), shares)
    return shares


def _stored(path: Path) -> NDArray[Any] | None:
    if path.suffix.lower() in HEIF_SUFFIXES:
        return read_heif_matte(path)
    if path.suffix.lower() == ".npy":
        return np.array(np.load(path, allow_pickle=False, mmap_mode="r"))
    with Image.open(path) as opened:
        check_held(opened, path)
        image: Image.Image = ImageOps.exif_transpose(opened)
        alpha = alpha_of(image)
        if alpha is not None:
            return alpha
        if image.mode.startswith(("I", "F")):
            values = np.asarray(image)
            return values if values.dtype.kind == "f" else np.clip(values, 0, 65535).astype(np.uint16)
        colours = np.asarray(image.convert("RGB"))
    if np.percentile(np.ptp(colours, axis=2), 99) > MAX_COLOUR * 255:
        raise SourceError(f"{path}: a coloured picture is not a matte; save it as grey, white for the subject")
    return colours[..., 1]


def alpha_of(image: Image.Image) -> NDArray[np.uint8] | None:
    """The alpha of a picture, (H, W); None if it has none, or if it is the same everywhere."""
    if not image.has_transparency_data:
        return None
    alpha = np.asarray(image.convert("RGBA").getchannel("A"))
    return None if alpha.min() == alpha.max() else alpha


def as_shares(values: NDArray[Any]) -> NDArray[np.float32]:
    """Integers as fractions of their white, (h, w) float32; floats as they are."""
    white = float(np.iinfo(values.dtype).max) if values.dtype.kind in "ui" else 1.0
    return np.ascontiguousarray(values, np.float32) / np.float32(white)
