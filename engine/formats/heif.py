"""Reads HEIF pictures (HEIC) through pillow-heif, with the depth image of a phone portrait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..colour.cicp import Cicp
from ..depth.maps import FAR_M, NEAR_M, DepthMap, relative_noise, whole_depth
from ..depth.relative import PORTRAIT_M
from ..errors import MissingExtraError, SourceError, cause
from ..orientation import upright
from .file_errors import UNREADABLE

HEIF_SUFFIXES = frozenset({".heic", ".heif", ".hif"})
ORIENTATION_TAG = 0x0112
# ITU-T H.265, depth representation information: the quantity that the samples quantize uniformly.
UNIFORM_INVERSE, UNIFORM_DISPARITY, UNIFORM_DISTANCE, WARPED_DISPARITY = range(4)
MATTE = "aux:portraiteffectsmatte"  # the end of Apple's name of the auxiliary image, behind a year


@dataclass(frozen=True, slots=True, eq=False)
class HeifPicture:
    """The upright primary picture and its depth map.

    `image` is an 8-bit image with its ICC profile in `info`, or (H, W, 3) uint16 in the colour space of `profile` or
    `cicp`. The depth map and the `matte`, (h, w), have the same field of view and any size.
    """

    image: Image.Image | NDArray[np.uint16]
    profile: bytes | None
    depth: DepthMap | None
    cicp: Cicp | None = None
    matte: NDArray[np.uint8] | None = None


def read_heif(path: Path, *, with_depth: bool = True, with_matte: bool = True) -> HeifPicture:
    """Raises MissingExtraError without pillow-heif, SourceError for damaged depth, and the errors of Pillow."""
    file = _library(path).open_heif(path, convert_hdr_to_8bit=False)
    primary = file[file.primary_index]
    pixels = np.asarray(primary)
    info: Mapping[str, Any] = primary.info
    profile = info.get("icc_profile") or None
    nclx = info.get("nclx_profile") or {}
    cicp = Cicp(nclx["color_primaries"], nclx["transfer_characteristics"]) if nclx else None
    depth_images = info.get("depth_images") or ()
    depth, matte = None, None
    if with_depth and depth_images:
        depth = _depth(path, depth_images[0], primary)
    if with_matte:
        matte = _matte(path, primary)
    if pixels.dtype == np.uint16:
        pixels = pixels[..., None] if pixels.ndim == 2 else pixels
        colour = pixels[..., :3] if pixels.shape[2] >= 3 else np.repeat(pixels[..., :1], 3, axis=2)
        return HeifPicture(_whole(colour, int(info.get("bit_depth") or 16)), profile, depth, cicp, matte)
    image = primary.to_pillow()
    if profile is not None:
        image.info["icc_profile"] = profile
    return HeifPicture(image, profile, depth, cicp, matte)


def read_heif_matte(path: Path) -> NDArray[np.uint8] | None:
    """The matte of a portrait, (h, w), upright; None if the file has none. Raises as `read_heif`."""
    file = _library(path).open_heif(path)
    return _matte(path, file[file.primary_index])


def _matte(path: Path, primary: Any) -> NDArray[np.uint8] | None:
    """The auxiliary image of Apple's portrait matte, of which iOS 12 and later write one in portrait photos."""
    named: Mapping[str, Any] = primary.info.get("aux") or {}
    numbers = next((numbers for name, numbers in named.items() if name.endswith(MATTE)), None)
    if not numbers:
        return None
    try:
        samples = np.asarray(primary.get_aux_image(numbers[0]))
    except UNREADABLE as error:
        raise SourceError(
            f"{path}: its portrait matte cannot be decoded ({cause(error)}); use --matte none for no matte"
        ) from error
    return _like_picture(samples, primary)


def _like_picture(samples: NDArray[Any], primary: Any) -> NDArray[Any]:
    """One channel of an auxiliary image, (h, w). Some writers rotate the picture but not its auxiliary images."""
    width, height = primary.size
    samples = samples[..., 0] if samples.ndim == 3 else samples
    if (samples.shape[0] > samples.shape[1]) != (height > width):
        samples = upright(samples, _exif_orientation(primary.info.get("exif")))
    return np.ascontiguousarray(samples)


def _whole(colour: NDArray[np.uint16], bits: int) -> NDArray[np.uint16]:
    """Samples whose `bits` are the upper ones of 16, as pillow-heif returns them, with white at 65535."""
    return np.ascontiguousarray(colour | colour >> np.uint16(bits) if 8 < bits < 16 else colour)


def metres(samples: NDArray[Any], properties: Mapping[str, Any]) -> NDArray[np.float32] | None:
    """Converts (H, W) integers of a HEIF depth image to metres by its depth representation information.

    The brightest sample has the largest value: of disparity (in 1/metre, as phones write it), of inverse distance, or
    of uniform distance. Disparity is the default. `PORTRAIT_M` replaces a missing or invalid range. None if no sample
    has a distance.
    """
    fraction = samples / float(np.iinfo(samples.dtype).max)
    kind = properties.get("representation_type", UNIFORM_DISPARITY)
    near_m, far_m = float(properties.get("z_near", 0.0)), float(properties.get("z_far", 0.0))
    minimum, maximum = float(properties.get("d_min", 0.0)), float(properties.get("d_max", 0.0))
    if kind in (UNIFORM_INVERSE, UNIFORM_DISTANCE):
        if not NEAR_M < near_m < far_m < np.inf:
            near_m, far_m = PORTRAIT_M
        if kind == UNIFORM_DISTANCE:
            return whole_depth(near_m + fraction * (far_m - near_m))
        minimum, maximum = 1.0 / far_m, 1.0 / near_m
    elif not 0 <= minimum < maximum < 1 / NEAR_M:
        minimum, maximum = 1.0 / PORTRAIT_M[1], 1.0 / PORTRAIT_M[0]
    return whole_depth(1.0 / np.maximum(minimum + fraction * (maximum - minimum), 1.0 / FAR_M))


def exif_of(path: Path) -> tuple[Image.Exif, bytes | None]:
    """The file's EXIF data and its ICC profile. Raises MissingExtraError and the errors of Pillow."""
    info: Mapping[str, Any] = _library(path).open_heif(path).info
    exif_data = Image.Exif()
    exif_data.load(info.get("exif") or b"")
    return exif_data, info.get("icc_profile") or None


def _library(path: Path) -> Any:
    try:
        import pillow_heif
    except ImportError as error:
        raise MissingExtraError(str(path), "pillow-heif", "heif") from error
    return pillow_heif


def _depth(path: Path, depth_image: Any, primary: Any) -> DepthMap:
    try:
        samples = np.asarray(depth_image)
    except UNREADABLE as error:
        raise SourceError(
            f"{path}: its depth image cannot be decoded ({cause(error)}); name another map with "
            "--depth, or --depth none for no depth"
        ) from error
    depth_m = metres(_like_picture(samples, primary), depth_image.info.get("metadata") or {})
    if depth_m is None:
        raise SourceError(f"{path}: no sample of its depth image has a distance; use --depth none for no depth")
    return DepthMap(depth_m, relative_noise(depth_m))


def _exif_orientation(exif: bytes | None) -> int:
    """The EXIF orientation of the capture, which the decoder has applied to the picture; 1 if unknown."""
    exif_data = Image.Exif()
    try:
        exif_data.load(exif or b"")
    except UNREADABLE:
        return 1
    return int(exif_data.get(ORIENTATION_TAG, 1) or 1)
