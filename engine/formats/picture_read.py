"""Reads pictures: display-referred files through Pillow, and scene-linear files (OpenEXR, floating-point TIFF)."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFile, UnidentifiedImageError

from ..colour.cicp import Cicp
from ..colour.icc_read import matrix_profile_to_srgb
from ..errors import SourceError, cause, check_regular_file
from ..frame import Encoding, Frame
from .avif import read_deep_avif
from .colour_tags import coloured_frame, colours_of
from .exr import read_exr
from .file_errors import UNREADABLE, check_held
from .gdepth import read_gdepth
from .heif import HEIF_SUFFIXES, read_heif
from .matte_files import alpha_of, as_shares
from .picture_kind import EXR, begins_like_a_picture, kind_of
from .png_colours import png_colours
from .tiff_read import full_size_page, read_tiff

TIFF_SUFFIXES = frozenset({".tif", ".tiff"})
JPEG_SUFFIXES = frozenset({".jpg", ".jpeg"})
PICTURE_SUFFIXES = (
    TIFF_SUFFIXES
    | JPEG_SUFFIXES
    | HEIF_SUFFIXES
    | frozenset({".png", ".webp", ".bmp", ".ppm", ".pgm", ".pnm", ".jp2", ".avif", ".gif", ".exr"})
)
CODED_SUFFIXES = frozenset({".png", ".avif"})
ORIENTATION_TAG = 0x0112
NO_LAYERS = "only OpenEXR files have layers; leave out --layer"
# Pillow's names of 16-bit byte orders, each with the opposite one. Pillow keeps the high byte of the named order.
OPPOSITE_ORDER = {";16B": ";16L", ";16L": ";16B", ";16N": ";16B" if sys.byteorder == "little" else ";16L"}


def read_picture(path: Path, *, with_depth: bool = True, layer: str | None = None) -> Frame:
    """Reads a picture.

    8- and 16-bit files become Encoding.DISPLAY, (H, W, 3) uint8 or uint16 in sRGB: alpha is the matte, grey expanded,
    palette and CMYK converted, an embedded ICC profile applied. Code points of colour (PNG, AVIF, HEIC) set the matrix
    of the frame; a curve of high dynamic range makes it Encoding.SCENE. `Frame.orientation` holds the EXIF orientation.
    OpenEXR and floating-point TIFF become Encoding.SCENE, (H, W, 3) float32. The frame has the depth in the file (Z of
    an EXR, the depth image of a HEIC, GDepth of a JPEG) unless `with_depth` is False. `layer` names a layer of an
    EXR. The matte of a portrait HEIC is read, too. Raises SourceError, or MissingExtraError for OpenEXR and HEIF.
    """
    check_regular_file(path)
    kind = kind_of(path)
    if kind == EXR:
        return read_exr(path, with_depth=with_depth, layer=layer)
    if layer is not None:
        raise SourceError(f"{path}: {NO_LAYERS}")
    try:
        tiff = _tiff_frame(path) if kind in TIFF_SUFFIXES else None
        if tiff is not None:
            return tiff
        if kind in HEIF_SUFFIXES:
            return _heif_frame(path, with_depth)
        frame = _display_frame(path)
    except Image.DecompressionBombError as error:
        raise SourceError(f"{path}: more pixels than Pillow's limit; make the picture smaller") from error
    except UnidentifiedImageError as error:
        reason = "not a picture that Pillow reads; save it as PNG, JPEG or TIFF"
        if begins_like_a_picture(path):
            reason = "the picture is damaged or cut off; copy it again, or save it as PNG, JPEG or TIFF"
        raise SourceError(f"{path}: {reason}") from error
    except UNREADABLE as error:
        raise SourceError(
            f"{path}: the picture is damaged or cut off ({cause(error)}); copy or save it again"
        ) from error
    depth = read_gdepth(path) if with_depth and path.suffix.lower() in JPEG_SUFFIXES else None
    return frame if depth is None else replace(frame, depth_m=depth.depth_m, depth_noise=depth.noise)


def read_codes(path: Path) -> NDArray[Any]:
    """The numbers of a PNG or TIFF as stored, (H, W, 3) uint8, uint16 or float32, whatever its colour tags and
    orientation are. Raises SourceError."""
    check_regular_file(path)
    try:
        tiff = _tiff_frame(path, is_tagged=False) if kind_of(path) in TIFF_SUFFIXES else None
        return (tiff or _display_frame(path, is_tagged=False)).pixels
    except UNREADABLE as error:
        raise SourceError(f"{path}: the picture is damaged or cut off ({cause(error)}); save it again") from error


def _heif_frame(path: Path, with_depth: bool) -> Frame:
    heif = read_heif(path, with_depth=with_depth)
    cicp = heif.cicp if heif.profile is None or _is_hdr(heif.cicp) else None
    if cicp is not None and isinstance(heif.image, Image.Image):
        heif.image.info.pop("icc_profile", None)
    if isinstance(heif.image, Image.Image):
        display_rgb: NDArray[Any] = np.array(as_srgb(heif.image), np.uint8)
    else:
        converted = matrix_profile_to_srgb(heif.image, heif.profile) if heif.profile and cicp is None else None
        display_rgb = heif.image if converted is None else converted
    return coloured_frame(
        *(display_rgb, cicp),
        depth_m=None if heif.depth is None else heif.depth.depth_m,
        depth_noise=0.0 if heif.depth is None else heif.depth.noise,
        matte=None if heif.matte is None else as_shares(heif.matte),
        name=str(path),
    )


def _display_frame(path: Path, *, is_tagged: bool = True) -> Frame:
    """The frame of a picture; without its colour tags, the frame of the codes as stored."""
    cicp = colours_of(path) if is_tagged and path.suffix.lower() in CODED_SUFFIXES else None
    with Image.open(path) as image:
        check_held(image, path)
        if image.format == "TIFF" and (page := full_size_page(path)):
            image.seek(page)
        if cicp is not None and (path.suffix.lower() == ".png" or _is_hdr(cicp) or "icc_profile" not in image.info):
            image.info.pop("icc_profile", None)
        else:
            cicp = None
        if not is_tagged:
            image.info.pop("icc_profile", None)
        high_mode = _sixteen_bit_mode(image)
        image.load()
        alpha = alpha_of(image)
        orientation = image.getexif().get(ORIENTATION_TAG, 1)
        if image.mode.startswith("I"):
            display_rgb = _grey_16(image)
        elif high_mode is not None:
            display_rgb = _colour_16(path, image, high_mode, with_profile=cicp is None)
        elif image.format == "AVIF" and (deep := read_deep_avif(path, image.size)) is not None:
            display_rgb = _converted_16(deep, image, with_profile=cicp is None)
        else:
            display_rgb = np.array(as_srgb(image), np.uint8)
        own = png_colours(image) if is_tagged and cicp is None else None
    matte = None if alpha is None else as_shares(alpha)
    orientation = orientation if orientation in range(1, 9) else 1
    fields: dict[str, Any] = {"orientation": orientation, "name": str(path), "matte": matte}
    if own is not None:
        return own.frame(display_rgb, **fields)
    return coloured_frame(display_rgb, cicp, **fields)


def _is_hdr(cicp: Cicp | None) -> bool:
    return cicp is not None and not cicp.has_srgb_curve


def _sixteen_bit_mode(image: Image.Image) -> str | None:
    """The raw mode of a 16-bit colour file, which Pillow would reduce to 8 bits; None for other files."""
    if image.mode not in ("RGB", "RGBA") or not isinstance(image, ImageFile.ImageFile) or not image.tile:
        return None
    mode = _raw_mode(image.tile[0].args)
    return mode if mode[-4:] in OPPOSITE_ORDER else None


def _raw_mode(args: Any) -> str:
    return str(args[0]) if isinstance(args, tuple) else str(args)


def _colour_16(path: Path, high: Image.Image, high_mode: str, *, with_profile: bool) -> NDArray[Any]:
    """Pillow has no 16-bit colour and keeps the high byte of each sample. A second decode in the opposite byte order
    yields the low byte; this function combines both."""
    low_mode = high_mode[:-4] + OPPOSITE_ORDER[high_mode[-4:]]
    with Image.open(path) as low:
        assert isinstance(low, ImageFile.ImageFile)  # like `high`
        if high.tell():
            low.seek(high.tell())
        low.tile = [
            tile._replace(args=(low_mode, *tile.args[1:]) if isinstance(tile.args, tuple) else low_mode)
            for tile in low.tile
        ]
        low_bytes = np.asarray(low)[..., :3]
    return _converted_16(np.asarray(high)[..., :3].astype(np.uint16) << 8 | low_bytes, high, with_profile=with_profile)


def _converted_16(display_rgb: NDArray[np.uint16], high: Image.Image, *, with_profile: bool) -> NDArray[Any]:
    """The codes (H, W, 3) through the ICC profile of the picture: in 16 bits if it is a matrix, else in 8."""
    profile = high.info.get("icc_profile")
    if not profile or not with_profile:
        return display_rgb
    converted = matrix_profile_to_srgb(display_rgb, profile)
    return np.asarray(as_srgb(high)) if converted is None else converted


def _grey_16(image: Image.Image) -> NDArray[np.uint16]:
    grey = np.clip(np.asarray(image), 0, 65535).astype(np.uint16)
    return np.repeat(grey[..., None], 3, axis=2)


def as_srgb(image: Image.Image) -> Image.Image:
    """Converts any 8-bit mode to sRGB. An unusable profile is ignored, as in picture viewers."""
    if image.mode in ("P", "PA", "RGBA", "RGBa"):
        image = image.convert("RGB")
    elif image.mode in ("1", "LA", "La"):
        image = image.convert("L")
    profile = image.info.get("icc_profile")
    if profile:
        try:
            return _through_profile(image, profile)
        except (ImageCms.PyCMSError, OSError):
            pass
    return image.convert("RGB")


def _through_profile(image: Image.Image, profile: bytes) -> Image.Image:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    to_srgb = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), image.mode, "RGB")
    if image.mode == "RGB":
        steps = np.arange(0, 256, 51, dtype=np.uint8)
        probe = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(6, 36, 3)
        difference = np.asarray(ImageCms.applyTransform(Image.fromarray(probe), to_srgb)).astype(int) - probe
        if np.abs(difference).max() <= 1:  # the profile is sRGB within rounding
            return image
    converted = ImageCms.applyTransform(image, to_srgb)
    assert converted is not None  # None only for in-place transforms
    return converted


def _tiff_frame(path: Path, *, is_tagged: bool = True) -> Frame | None:
    """The frame of a TIFF that Pillow does not read rightly; floats are scene-linear Rec.709."""
    picture = read_tiff(path)
    if picture is None:
        return None
    if not is_tagged:
        picture = picture._replace(profile=None)
    fields: dict[str, Any] = {"orientation": picture.orientation, "name": str(path)}
    pixels = picture.pixels
    if isinstance(pixels, Image.Image):  # CMYK or YCbCr
        if picture.profile:
            pixels.info["icc_profile"] = picture.profile
        return Frame(np.array(as_srgb(pixels), np.uint8), Encoding.DISPLAY, **fields)
    if pixels.dtype == np.float32:
        return Frame(pixels, Encoding.SCENE, **fields)
    if picture.profile and pixels.dtype == np.uint16:
        converted = matrix_profile_to_srgb(pixels, picture.profile)
        pixels = pixels if converted is None else converted
    elif picture.profile:
        image = Image.fromarray(pixels)
        image.info["icc_profile"] = picture.profile
        pixels = np.array(as_srgb(image), np.uint8)
    return Frame(np.ascontiguousarray(pixels), Encoding.DISPLAY, **fields)
