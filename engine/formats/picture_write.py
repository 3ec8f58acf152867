"""Writes pictures to files atomically."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from ..colour.output_space import OutputSpace, srgb_profile
from ..errors import LostOutputError, MissingExtraError, OutputError
from ..files import whole_file
from .ultra_hdr import ultra_hdr_jpeg

SCENE_SUFFIXES = (".exr",)
DISPLAY_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")

# ITU-R BT.2020 primaries and the D65 white point as CIE 1931 x, y: the scene-linear working space.
REC2020_CHROMATICITIES = (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290)
TIFF_STRIP_BYTES = 16 << 20


def is_scene(path: str | Path) -> bool:
    """Whether the format of this file name is scene-linear (EXR) and not display-referred.

    Raises OutputError if the suffix is not a supported format, MissingExtraError if OpenEXR is not installed.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix in SCENE_SUFFIXES:
        _import_openexr(path)
        return True
    if suffix in DISPLAY_SUFFIXES:
        return False
    known = " ".join(DISPLAY_SUFFIXES + SCENE_SUFFIXES)
    raise OutputError(f"{path}: the suffix '{path.suffix}' names no picture format; use one of {known}")


def check_target(path: str | Path) -> None:
    """Raises the errors of `save` that are known early: an unsupported suffix, a missing or read-only folder."""
    path = Path(path)
    is_scene(path)
    check_folder_of(path)


def check_folder_of(path: Path) -> None:
    """Raises OutputError if a file cannot be written at `path`: a missing or read-only folder, or a folder itself."""
    if path.is_dir():
        raise OutputError(f"{path}: is a folder; name a file in it")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: the folder {path.parent} does not exist; make it first or name another")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise OutputError(f"{path}: the folder {path.parent} cannot be written; name another")


def save(
    path: str | Path, rgb: NDArray[Any], *, half: bool = False, space: OutputSpace | None = None, exif: bytes = b""
) -> Path:
    """Writes `rgb`, (H, W, 3), atomically to `path`, in the format of its suffix.

    PNG and JPEG hold 8 bits and TIFF 16 bits of display sRGB, or of the screen `space` with its ICC profile: `rgb` is
    uint8, uint16, or float in 0..1. EXR holds scene-linear Rec.2020 light: `rgb` is float32, stored as float32 or, with
    `half`, as 16-bit floats. PNG and JPEG include `exif`. Raises OutputError and MissingExtraError.
    """
    path = Path(path)
    check_target(path)
    if rgb.ndim != 3 or rgb.shape[2] != 3 or 0 in rgb.shape:
        raise OutputError(f"{path}: an array of shape {rgb.shape} is not a picture; give (height, width, 3)")
    if is_scene(path):
        if rgb.dtype.kind != "f":
            raise OutputError(f"{path}: EXR holds scene-linear light, not {rgb.dtype} display values; use .png or .tif")
        write = partial(_write_exr, rgb=rgb.astype(np.float16 if half else np.float32))
    elif path.suffix.lower() in (".tif", ".tiff"):
        write = partial(_write_tiff, rgb=_quantised(rgb, np.uint16), space=space)
    else:
        write = partial(_write_8bit, rgb=_quantised(rgb, np.uint8), space=space, exif=exif)
    write_atomically(path, write)
    return path


def write_ultra_hdr(
    path: Path,
    display_rgb: NDArray[np.uint8],
    gain: NDArray[np.float32],
    *,
    space: OutputSpace | None = None,
    exif: bytes = b"",
) -> None:
    """Writes an Ultra HDR JPEG atomically; the arguments are those of `ultra_hdr_jpeg`."""
    content = ultra_hdr_jpeg(display_rgb, gain, space=space, exif=exif)
    write_atomically(path, partial(Path.write_bytes, data=content))


def _quantised(rgb: NDArray[Any], dtype: type[np.uint8] | type[np.uint16]) -> NDArray[Any]:
    """Display values as full-range integers of `dtype`; a change of bit depth preserves the value."""
    if rgb.dtype == dtype:
        return rgb
    white = np.iinfo(dtype).max
    fraction = rgb if rgb.dtype.kind == "f" else rgb / np.float32(np.iinfo(rgb.dtype).max)
    return (np.clip(np.nan_to_num(fraction), 0, 1) * white + 0.5).astype(dtype)


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Calls `write` with the name of a file that becomes `path` (`files.whole_file`). Raises LostOutputError.

    Encode pictures in memory: Pillow and tifffile do not notice that a full disk takes only a part of a picture.
    """
    try:
        with whole_file(path) as part:
            write(part)
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0] or type(error).__name__
        raise LostOutputError(
            f"{path}: cannot be written ({reason}); name another folder, or make room there"
        ) from error


def _write_8bit(path: Path, rgb: NDArray[np.uint8], space: OutputSpace | None, exif: bytes) -> None:
    picture, encoded = Image.fromarray(np.ascontiguousarray(rgb), "RGB"), BytesIO()
    if path.suffix == ".png":
        chunks = PngImagePlugin.PngInfo()
        if space is None:
            chunks.add(b"sRGB", b"\x00")  # PNG 1.2, 4.2.2.3: rendering intent "perceptual"
        # Level 1 writes a 4000x3000 still about five times as fast as the default 6, with about 10 % more bytes.
        profile = None if space is None else space.profile
        picture.save(encoded, "PNG", pnginfo=chunks, compress_level=1, icc_profile=profile, exif=exif)
    else:
        picture.save(encoded, "JPEG", quality=95, subsampling=0, icc_profile=_profile(space), exif=exif)
    path.write_bytes(encoded.getbuffer())


def _write_tiff(path: Path, rgb: NDArray[np.uint16], space: OutputSpace | None) -> None:
    encoded = BytesIO()
    rows = max(TIFF_STRIP_BYTES // rgb[0].nbytes, 1)
    strips = (rgb[first : first + rows] for first in range(0, len(rgb), rows))  # one by one: the whole would be copied
    tifffile.imwrite(
        encoded, strips, shape=rgb.shape, dtype=rgb.dtype, rowsperstrip=rows, photometric="rgb",
        iccprofile=_profile(space), metadata=None,
    )  # fmt: skip
    path.write_bytes(encoded.getbuffer())


def _write_exr(path: Path, rgb: NDArray[Any]) -> None:
    openexr = _import_openexr(path)
    header = {
        "compression": openexr.ZIP_COMPRESSION,
        "type": openexr.scanlineimage,
        "chromaticities": REC2020_CHROMATICITIES,
    }
    openexr.File(header, {"RGB": np.ascontiguousarray(rgb)}).write(str(path))


def _import_openexr(path: Path) -> Any:
    try:
        import OpenEXR
    except ImportError as error:
        raise MissingExtraError(str(path), "OpenEXR", "exr") from error
    return OpenEXR


def _profile(space: OutputSpace | None) -> bytes:
    return srgb_profile() if space is None else space.profile
