"""TIFF pictures through tifffile: planar and chunky, grey of either sense, palettes, integers and floats."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from ..errors import SourceError
from .tiff_tags import MALFORMED, TagError, TagFile, Tags

MIN_IS_WHITE, PALETTE = 0, 3
OTHER_COLOURS = {5: "CMYK", 6: "YCbCr", 8: "LAB"}  # photometric interpretations that Pillow converts
MAX_SAMPLE = 65504.0


class TiffPicture(NamedTuple):
    """`pixels` are (H, W, 3) uint8 or uint16 display codes, float32 scene-linear light, or an image for Pillow."""

    pixels: NDArray[Any] | Image.Image
    orientation: int
    profile: bytes | None


def read_tiff(path: Path) -> TiffPicture | None:
    """The first page of a TIFF; None if Pillow reads it as well or if tifffile has no decoder for its compression.

    Raises SourceError for samples that are not a picture.
    """
    try:
        with TagFile(path) as file:
            page, tags = file.first, Tags(file.first)
            photometric = tags.whole("PhotometricInterpretation")
            is_planar = tags.whole("PlanarConfiguration") == 2 and (tags.whole("SamplesPerPixel") or 1) > 1
            dtype = page.dtype
            if dtype is None or (dtype.itemsize == 1 and dtype.kind == "u" and not is_planar):
                return None
            try:
                samples = np.asarray(page.asarray())
            except MALFORMED as error:
                if "imagecodecs" not in str(error):
                    raise
                if not is_planar and photometric != MIN_IS_WHITE and dtype.kind == "u" and dtype.itemsize <= 2:
                    return None
                raise SourceError(
                    f"{path}: tifffile needs imagecodecs for its compression, number {tags.whole('Compression')}; pip "
                    "install imagecodecs, or save it uncompressed"
                ) from error
            samples = np.moveaxis(samples, 0, -1) if is_planar and samples.ndim == 3 else samples
            return TiffPicture(
                _picture(path, samples, tags, photometric),
                _orientation(tags),
                tags.data("InterColorProfile") or None,
            )
    except TagError:
        return None
    except MALFORMED as error:
        raise SourceError(f"{path}: the picture is damaged or cut off ({error}); copy or save it again") from error


def _orientation(tags: Tags) -> int:
    orientation = tags.whole("Orientation") or 1
    return orientation if orientation in range(1, 9) else 1


def _picture(path: Path, samples: NDArray[Any], tags: Tags, photometric: int | None) -> NDArray[Any] | Image.Image:
    if samples.ndim not in (2, 3) or 0 in samples.shape or samples.dtype.kind not in "uif":
        raise SourceError(f"{path}: samples of shape {samples.shape} are not grey or RGB; save it as RGB")
    if photometric == PALETTE and samples.ndim == 2:
        colours = tags.numbers("ColorMap", max_count=1 << 18)
        if colours is None or len(colours) % 3:
            raise SourceError(f"{path}: its palette is missing or damaged; save it as RGB")
        palette = colours.reshape(3, -1).T.astype(np.uint16)
        return np.asarray(palette[np.minimum(samples, len(palette) - 1)])
    bits = tags.finite("BitsPerSample")
    samples = _display(samples, int(bits[0]) if bits is not None and len(bits) else samples.dtype.itemsize * 8)
    if photometric in OTHER_COLOURS and samples.ndim == 3 and samples.dtype.kind == "u":
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
        finite = np.nan_to_num(samples.astype(np.float32), nan=0.0, posinf=MAX_SAMPLE, neginf=0.0)
        return np.asarray(finite)
    if samples.dtype.kind == "i":
        samples, bits = np.maximum(samples, 0), bits - 1
    if samples.dtype == np.uint8:
        return samples
    white = float(2**bits - 1)
    if white == 65535 and samples.dtype == np.uint16:
        return samples
    return np.asarray(np.rint(np.minimum(samples, white) * (65535.0 / white)), np.uint16)


def raw_samples(path: Path) -> NDArray[Any] | None:
    """The grey samples of the first page, (H, W), as stored; None if the page has colours or cannot be decoded."""
    try:
        with tifffile.TiffFile(path) as file:
            samples = np.asarray(file.pages.first.asarray())
    except MALFORMED:
        return None
    return samples if samples.ndim == 2 else None
