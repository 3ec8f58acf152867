"""HEIF pictures (HEIC) through pillow-heif, with the depth image that a phone's portrait carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..depth.maps import FAR_M, DepthMap, relative_noise, whole_depth
from ..depth.relative import PORTRAIT_M
from ..errors import MissingExtraError, SourceError, cause
from ..orientation import upright
from .file_errors import UNREADABLE

HEIF_SUFFIXES = frozenset({".heic", ".heif", ".hif"})
ORIENTATION_TAG = 0x0112
# ITU-T H.265, depth representation information: what the samples are uniform in.
UNIFORM_INVERSE, UNIFORM_DISPARITY, UNIFORM_DISTANCE, WARPED_DISPARITY = range(4)


@dataclass(frozen=True, slots=True, eq=False)
class HeifPicture:
    """The primary picture, upright: an 8-bit image with its ICC profile in `info`, or (H, W, 3) uint16
    in the colours of `profile`; and the depth of the same field of view, of any size."""

    image: Image.Image | NDArray[np.uint16]
    profile: bytes | None
    depth: DepthMap | None


def read_heif(path: Path, *, with_depth: bool = True) -> HeifPicture:
    """Raises MissingExtraError without pillow-heif; SourceError where the depth is damaged; what Pillow raises else."""
    file = _library(path).open_heif(path, convert_hdr_to_8bit=False)
    primary = file[file.primary_index]
    pixels = np.asarray(primary)
    info: Mapping[str, Any] = primary.info
    profile = info.get("icc_profile") or None
    depth_images = info.get("depth_images") or ()
    depth = None
    if with_depth and depth_images:
        depth = _depth(path, depth_images[0], primary.size, _held(info.get("exif")))
    if pixels.dtype == np.uint16:
        pixels = pixels[..., None] if pixels.ndim == 2 else pixels
        colour = pixels[..., :3] if pixels.shape[2] >= 3 else np.repeat(pixels[..., :1], 3, axis=2)
        return HeifPicture(np.ascontiguousarray(colour), profile, depth)
    image = primary.to_pillow()
    if profile is not None:
        image.info["icc_profile"] = profile
    return HeifPicture(image, profile, depth)


def metres(samples: NDArray[Any], properties: Mapping[str, Any]) -> NDArray[np.float32] | None:
    """(H, W) integers of a HEIF depth image to metres, by its depth representation information.

    Disparity is in 1/metre, as phones write it, and the brightest sample has the largest; inverse distance likewise;
    a uniform distance is largest where it is brightest. If the range is missing or invalid, bright is near and the
    picture spans `PORTRAIT_M`. None if no sample has a distance.
    """
    share = samples / float(np.iinfo(samples.dtype).max)
    kind = properties.get("representation_type", UNIFORM_DISPARITY)
    near_m, far_m = float(properties.get("z_near", 0.0)), float(properties.get("z_far", 0.0))
    minimum, maximum = float(properties.get("d_min", 0.0)), float(properties.get("d_max", 0.0))
    if kind in (UNIFORM_INVERSE, UNIFORM_DISTANCE):
        if not 0 < near_m < far_m < np.inf:
            near_m, far_m = PORTRAIT_M
        if kind == UNIFORM_DISTANCE:
            return whole_depth(near_m + share * (far_m - near_m))
        minimum, maximum = 1.0 / far_m, 1.0 / near_m
    elif not 0 <= minimum < maximum < np.inf:
        minimum, maximum = 1.0 / PORTRAIT_M[1], 1.0 / PORTRAIT_M[0]
    return whole_depth(1.0 / np.maximum(minimum + share * (maximum - minimum), 1.0 / FAR_M))


def exif_of(path: Path) -> tuple[Image.Exif, bytes | None]:
    """The capture metadata of the file and its ICC profile. MissingExtraError, and the errors of Pillow."""
    info: Mapping[str, Any] = _library(path).open_heif(path).info
    found = Image.Exif()
    found.load(info.get("exif") or b"")
    return found, info.get("icc_profile") or None


def _library(path: Path) -> Any:
    try:
        import pillow_heif
    except ImportError as error:
        raise MissingExtraError(str(path), "pillow-heif", "heif") from error
    return pillow_heif


def _depth(path: Path, depth_image: Any, size: tuple[int, int], held: int) -> DepthMap:
    try:
        samples = np.asarray(depth_image)
    except UNREADABLE as error:
        raise SourceError(
            f"{path}: its depth image cannot be decoded ({cause(error)}); name another map with "
            "--depth, or --depth none for no depth"
        ) from error
    samples = samples[..., 0] if samples.ndim == 3 else samples
    # Some writers turn the picture but leave its depth as the sensor lay.
    if (samples.shape[0] > samples.shape[1]) != (size[1] > size[0]):
        samples = upright(samples, held)
    depth_m = metres(np.ascontiguousarray(samples), depth_image.info.get("metadata") or {})
    if depth_m is None:
        raise SourceError(f"{path}: no sample of its depth image has a distance; use --depth none for no depth")
    return DepthMap(depth_m, relative_noise(depth_m))


def _held(exif: bytes | None) -> int:
    """The EXIF orientation in which the picture was taken; it is applied already."""
    found = Image.Exif()
    try:
        found.load(exif or b"")
    except UNREADABLE:
        return 1
    return int(found.get(ORIENTATION_TAG, 1) or 1)
