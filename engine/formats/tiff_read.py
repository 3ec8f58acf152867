"""TIFF pictures through tifffile: planar and chunky, grey of either sense, palettes, integers and floats."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from ..camera import REC709_TO_REC2020
from ..colour.difference import scene_of_lab
from ..colour.encoding import srgb_encode
from ..errors import MissingExtraError, SourceError
from .file_errors import UNREADABLE
from .tiff_tags import MALFORMED, TagError, TagFile, Tags

MIN_IS_WHITE, PALETTE = 0, 3
OTHER_COLOURS = {5: "CMYK", 6: "YCbCr"}  # photometric interpretations that Pillow converts
LAB = CIE_LAB, ICC_LAB = 8, 9
MAX_SAMPLE = 65504.0
STRIP_SAMPLES = 1 << 22


class TiffPicture(NamedTuple):
    """`pixels` are (H, W, 3) uint8 or uint16 display codes, float32 scene-linear light, or an image for Pillow."""

    pixels: NDArray[Any] | Image.Image
    orientation: int
    profile: bytes | None


def read_tiff(path: Path) -> TiffPicture | None:
    """The first full-size page of a TIFF; None if Pillow reads it as well or if tifffile has no decoder for its
    compression.

    Raises SourceError for samples that are not a picture.
    """
    try:
        with TagFile(path) as file:
            page = file.full_size()[1]
            tags = Tags(page)
            photometric = tags.whole("PhotometricInterpretation")
            if page.dtype is None or _is_for_pillow(path, page, tags, photometric):
                return None
            samples = _samples(path, page, tags, photometric)
            if samples is None:
                return None
            return TiffPicture(
                _picture(path, samples, tags, photometric),
                _orientation(tags),
                None if photometric in LAB else tags.data("InterColorProfile") or None,
            )
    except TagError:
        return None
    except MALFORMED as error:
        raise SourceError(f"{path}: the picture is damaged or cut off ({error}); copy or save it again") from error


def full_size_page(path: Path) -> int:
    """The number of the first page that is not a thumbnail; 0 if the tags cannot be read."""
    try:
        with TagFile(path) as file:
            return file.full_size()[0]
    except TagError:
        return 0


def _is_planar(tags: Tags) -> bool:
    return tags.whole("PlanarConfiguration") == 2 and (tags.whole("SamplesPerPixel") or 1) > 1


def _is_for_pillow(path: Path, page: Any, tags: Tags, photometric: int | None) -> bool:
    """Whether Pillow reads the page rightly: samples of at most 8 bits, interleaved, in grey, RGB, CMYK or YCbCr."""
    if page.dtype.itemsize > 1 or page.dtype.kind not in "ub" or _is_planar(tags) or photometric in (PALETTE, *LAB):
        return False
    try:
        Image.open(path).close()
    except UNREADABLE:
        return False
    return True


def _samples(path: Path, page: Any, tags: Tags, photometric: int | None) -> NDArray[Any] | None:
    """(H, W) or (H, W, S) as stored; None if only Pillow has a decoder for the compression."""
    is_planar = _is_planar(tags)
    if len(page.dataoffsets) < np.prod(page.chunked):  # the rest would be black, of any size
        parts = f"{len(page.dataoffsets)} of {np.prod(page.chunked)} parts"
        raise SourceError(f"{path}: the picture is damaged or cut off ({parts} of the picture); copy or save it again")
    try:
        samples = np.asarray(page.asarray())
    except (*MALFORMED, RuntimeError) as error:
        if "imagecodecs" not in str(error):
            raise
        has_words = page.dtype.kind == "u" and page.dtype.itemsize <= 2 and tags.whole("BitsPerSample") in (None, 8, 16)
        is_colour = photometric not in (MIN_IS_WHITE, *LAB) or page.dtype.itemsize == 1
        if not is_planar and has_words and is_colour:
            return None
        raise MissingExtraError(str(path), "imagecodecs", "tiff") from error
    if "Z" in page.axes and samples.ndim == len(page.axes):
        samples = samples.take(0, page.axes.index("Z"))
    return np.moveaxis(samples, 0, -1) if is_planar and samples.ndim == 3 else samples


def _orientation(tags: Tags) -> int:
    orientation = tags.whole("Orientation") or 1
    return orientation if orientation in range(1, 9) else 1


def _picture(path: Path, samples: NDArray[Any], tags: Tags, photometric: int | None) -> NDArray[Any] | Image.Image:
    if samples.ndim not in (2, 3) or 0 in samples.shape or samples.dtype.kind not in "uifb":
        raise SourceError(f"{path}: samples of shape {samples.shape} are not grey or RGB; save it as RGB")
    if photometric == PALETTE and samples.ndim == 2:
        colours = tags.numbers("ColorMap", max_count=1 << 18)
        if colours is None or len(colours) % 3:
            raise SourceError(f"{path}: its palette is missing or damaged; save it as RGB")
        palette = colours.reshape(3, -1).T.astype(np.uint16)
        if palette.max() < 256:  # a writer that meant 8 bits
            palette *= 257
        return np.asarray(palette[np.minimum(samples, len(palette) - 1)])
    if photometric in LAB and samples.ndim == 3 and samples.shape[2] >= 3:
        return _from_lab(path, samples[..., :3], photometric)
    bits = tags.finite("BitsPerSample")
    samples = _display(samples, int(bits[0]) if bits is not None and len(bits) else samples.dtype.itemsize * 8)
    if photometric in OTHER_COLOURS and samples.ndim == 3:
        if samples.dtype.kind != "u":
            raise SourceError(f"{path}: {OTHER_COLOURS[photometric]} in floating point is not read; save it as RGB")
        codes = samples if samples.dtype == np.uint8 else (samples >> 8).astype(np.uint8)
        channels = len(OTHER_COLOURS[photometric]) if photometric == 5 else 3
        return Image.fromarray(np.ascontiguousarray(codes[..., :channels]), OTHER_COLOURS[photometric])
    if samples.ndim == 3 and samples.shape[2] < 3:
        samples = samples[..., 0]
    if samples.ndim == 2:
        if photometric == MIN_IS_WHITE:
            samples = (1 if samples.dtype.kind == "f" else np.iinfo(samples.dtype).max) - samples
        samples = np.repeat(samples[..., None], 3, axis=2)
    return np.ascontiguousarray(samples[..., :3])


def _display(samples: NDArray[Any], bits: int) -> NDArray[Any]:
    """Integers as uint8 or uint16 whose maximum is white; floats as finite float32."""
    if samples.dtype.kind == "f":
        with np.errstate(over="ignore"):  # doubles
            finite = samples.astype(np.float32, copy=not samples.flags.writeable)
        for rows in _strips(finite):
            np.nan_to_num(rows, copy=False, nan=0.0, posinf=MAX_SAMPLE, neginf=0.0)
        return finite
    if samples.dtype.kind == "i":
        samples, bits = np.maximum(samples, 0), bits - 1
    if samples.dtype.kind == "b":
        return np.asarray(samples * np.uint8(255))
    if samples.dtype == np.uint8 and bits == 8:
        return samples
    white = float(2**bits - 1)
    if white == 65535 and samples.dtype == np.uint16:
        return samples
    codes = np.empty(samples.shape, np.uint16)
    for rows, made in zip(_strips(samples), _strips(codes), strict=True):
        made[...] = np.rint(np.minimum(rows, white) * (65535.0 / white))
    return codes


def _strips(samples: NDArray[Any]) -> list[NDArray[Any]]:
    """Views of some rows each: a conversion of all rows at once needs several times the picture's memory."""
    return np.array_split(samples, -(-samples.size // STRIP_SAMPLES))


def _from_lab(path: Path, samples: NDArray[Any], photometric: int | None) -> NDArray[np.uint16]:
    """sRGB codes of CIE L*a*b*, D50: a and b are signed (TIFF 6.0, section 23), or have an offset (ICC, TIFF Technical
    Note 4)."""
    bits = 8 * samples.dtype.itemsize
    if samples.dtype.kind not in "ui" or bits > 16:
        raise SourceError(f"{path}: L*a*b* of {bits} bits is not read; save it as RGB")
    codes = samples.astype(np.int32)
    if photometric == ICC_LAB:
        chroma = codes[..., 1:] / 2 ** (bits - 8) - 128
        lightness = codes[..., :1] * (100 / (255 << (bits - 8)))
    else:
        chroma = codes[..., 1:].astype(f"i{bits // 8}") / 2 ** (bits - 8)
        lightness = codes[..., :1] * (100 / (2**bits - 1))
    lab = np.concatenate([lightness, chroma], axis=2)
    linear = scene_of_lab(lab.reshape(-1, 3)) @ np.linalg.inv(REC709_TO_REC2020).T
    return np.rint(65535 * srgb_encode(linear)).astype(np.uint16).reshape(samples.shape)


def raw_samples(path: Path) -> NDArray[Any] | None:
    """The grey samples of the first page, (H, W), as stored, where high numbers are bright; None if the page has
    colours or cannot be decoded."""
    try:
        with tifffile.TiffFile(path) as file:
            page = file.pages.first
            samples = np.asarray(page.asarray())
            if samples.ndim == 2 and samples.dtype.kind == "u" and page.photometric == MIN_IS_WHITE:
                samples = np.iinfo(samples.dtype).max - samples
    except (*MALFORMED, RuntimeError):
        return None
    return samples if samples.ndim == 2 else None
