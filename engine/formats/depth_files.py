"""Depth map files: the stored samples and their conversion to metres."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps

from ..depth.debanding import deband
from ..depth.maps import SENSOR_NOISE, DepthMap, relative_noise, whole_depth
from ..depth.relative import DepthRange, extremes
from ..errors import SourceError, cause, check_regular_file
from .file_errors import UNREADABLE, check_held

DEFAULT_UNITS_PER_M = 1000.0
# Maximum difference of the channels of a grey picture, as a fraction of white: JPEG blurs colour at steep edges.
GREY_TOLERANCE = 0.1


@dataclass(frozen=True, slots=True)
class Scaling:
    """The conversion from a file's samples to metres.

    `units_per_m` applies to integers; None is `usual_per_m`. `span` is the depth range of a relative map, integer or
    float, from its brightest to its darkest sample. `ends`, the darkest and the brightest sample, default to those of
    the file. Raises SourceError if `units_per_m` and `span` are both given, or if `units_per_m` is not above 0.
    """

    units_per_m: float | None = None
    span: DepthRange | None = None
    ends: tuple[float, float] | None = None
    usual_per_m: float = DEFAULT_UNITS_PER_M

    def __post_init__(self) -> None:
        if self.units_per_m is not None and not 0 < self.units_per_m < np.inf:
            raise SourceError(
                f"depth scale {self.units_per_m:g} is not above 0; give units per metre, such as 1000 for millimetres"
            )
        if self.units_per_m is not None and self.span is not None:
            raise SourceError(
                "a depth scale and a depth range are both given; give a scale for a metric map or a range for a "
                "relative map"
            )


def read_map(path: Path, scaling: Scaling) -> DepthMap:
    """Reads a depth map: floats from NPY, TIFF, EXR or PFM, integers from PNG, PGM, TIFF, NPY or JPEG.

    Floats are metres and integers are divided by `scaling.units_per_m`; with `scaling.span` both are relative. Unknown
    distances (zero, negative, NaN) are filled from their neighbourhood. Raises SourceError.
    """
    return metric(path, read_samples(path), scaling)


def metric(path: str | Path, samples: NDArray[Any], scaling: Scaling) -> DepthMap:
    """Converts the `samples` of `path`, (H, W) integers or floats, to metres. Raises SourceError."""
    is_float, coarse = samples.dtype.kind == "f", samples.dtype.itemsize == 1
    if scaling.span is not None:
        ends = scaling.ends or extremes(str(path), samples)
        relative_m = scaling.span.metres(deband(samples) if coarse else samples, *ends)
        depth_m = whole_depth(relative_m)
    elif coarse and scaling.units_per_m is None:
        raise SourceError(
            f"{path}: an 8-bit map has no distances; give the distances of its brightest and darkest grey, such as "
            "--depth-range 0.8..6, or its units per metre with --depth-scale"
        )
    else:
        depth_m = whole_depth(samples if is_float else samples / (scaling.units_per_m or scaling.usual_per_m))
    if depth_m is None:
        raise SourceError(f"{path}: no pixel has a distance above 0; check that it is a depth map")
    if scaling.span is not None:
        return DepthMap(depth_m, relative_noise(depth_m))
    return DepthMap(depth_m, 0.0 if is_float else SENSOR_NOISE)


def read_samples(path: Path) -> NDArray[Any]:
    """(H, W) integers or floats as stored; one channel of a grey picture with several. Raises SourceError."""
    check_regular_file(path)
    if not path.is_file():
        raise SourceError(f"{path}: no such depth map; give a file, or plane:0.8..6 for a tilted plane")
    try:
        samples = _stored(path)
    except Image.DecompressionBombError as error:
        raise SourceError(f"{path}: more samples than Pillow's limit; make the map smaller") from error
    except UNREADABLE as error:
        raise SourceError(
            f"{path}: not a depth map that can be read ({cause(error)}); give NPY, TIFF, EXR or PNG"
        ) from error
    while samples.ndim > 2 and 1 in (samples.shape[0], samples.shape[-1]):
        samples = samples[0] if samples.shape[0] == 1 else samples[..., 0]
    samples = grey_channel(path, samples)
    if samples.ndim != 2 or samples.size == 0 or samples.dtype.kind not in "uif":
        raise SourceError(f"{path}: {samples.dtype} samples of shape {samples.shape} are not one distance a pixel")
    return samples


def _stored(path: Path) -> NDArray[Any]:
    suffix = path.suffix.lower()
    if suffix == ".exr":
        return _read_exr_depth(path)
    if suffix == ".npy":
        # With a memory map, a header with a size beyond the end of the file is an error, not a huge allocation.
        return np.array(np.load(path, allow_pickle=False, mmap_mode="r"))
    if suffix in (".tif", ".tiff"):
        with tifffile.TiffFile(path) as file:
            page = file.pages.first
            if page.nbytes > 4 * (Image.MAX_IMAGE_PIXELS or page.nbytes):
                raise Image.DecompressionBombError
            return np.asarray(page.asarray())
    with Image.open(path) as opened:
        check_held(opened, path)
        is_high = isinstance(opened, ImageFile.ImageFile) and opened.tile and ";16" in str(opened.tile[0].args)
        if is_high and opened.mode.startswith("RGB"):
            raise ValueError("16-bit colour; save it as 16-bit grey")
        image: Image.Image = ImageOps.exif_transpose(opened)
        if image.mode in ("P", "PA", "RGBA", "RGBX", "CMYK"):
            image = image.convert("RGB")
        elif image.mode in ("LA", "La", "1"):
            image = image.convert("L")
        samples = np.asarray(image)
    return _undo_scaling(path, samples) if opened.format == "PPM" else samples


def _undo_scaling(path: Path, samples: NDArray[Any]) -> NDArray[Any]:
    """A PGM specifies its own white level; Pillow scales the samples to 8 or 16 bits. This undoes the scaling."""
    with path.open("rb") as file:
        words = re.sub(rb"#[^\n]*\n", b" ", file.read(4096)).split(maxsplit=4)
    if samples.dtype.kind not in "iu" or words[0] not in (b"P2", b"P5"):
        return samples
    white = int(words[3])
    dtype = np.uint8 if samples.dtype == np.uint8 else np.uint16
    full_scale = np.iinfo(dtype).max
    return samples.astype(dtype) if white == full_scale else np.round(samples * (white / full_scale)).astype(dtype)


def grey_channel(path: str | Path, samples: NDArray[Any]) -> NDArray[Any]:
    """One channel of a grey picture, (H, W, 2 to 4); other arrays as they are. SourceError for a coloured one."""
    if samples.ndim != 3 or samples.shape[2] not in (2, 3, 4) or samples.dtype.kind not in "uif" or samples.size == 0:
        return samples
    channels = samples if samples.shape[2] == 3 else samples[..., : 1 if samples.shape[2] == 2 else 3]
    if channels.shape[2] == 1:
        return channels[..., 0]
    kept = samples[..., 1]  # in a JPEG, green is closest to the stored luma
    white = float(np.iinfo(samples.dtype).max) if samples.dtype.kind in "ui" else float(np.nanmax(np.abs(kept)))
    with np.errstate(invalid="ignore"):
        difference = np.ptp(channels.astype(np.float64), axis=2)
    if np.nanpercentile(difference, 99) > GREY_TOLERANCE * white:
        raise SourceError(f"{path}: a coloured map has no defined distances; save it as grey, one distance a pixel")
    return kept


def _read_exr_depth(path: Path) -> NDArray[Any]:
    from .exr import read_exr_depth

    return read_exr_depth(path)
