"""Reads a raw still through LibRaw: mosaic, levels, white balance and matrix, without LibRaw's development."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import rawpy
from numpy.typing import NDArray

from ..camera import REC709_TO_REC2020, Calibration, CameraProfile, NoiseProfile
from ..cfa import Cfa
from ..errors import SourceError, check_regular_file
from ..frame import Encoding, Frame
from .dng_read import COMPRESSIONS, D65_K, LOSSY_JPEG, Dng, filters, read_dng
from .dng_samples import cut_off, stored_samples
from .photosite_maps import (
    BlackLevels,
    has_curves,
    largest_black,
    light_mosaic,
    linear_rgb,
    photosite_black,
    photosite_defects,
    photosite_gains,
)

RAW_SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        *("3fr", "arw", "cr2", "cr3", "crw", "dcr", "dng", "erf", "fff", "gpr", "iiq", "kdc", "mef", "mos", "mrw"),
        *("nef", "nrw", "orf", "pef", "raf", "raw", "rw2", "rwl", "sr2", "srf", "srw", "x3f"),
    )
)

# LibRaw's flip is a sum of bits (1 mirrors columns, 2 mirrors rows, 4 transposes first) for the eight EXIF values.
LIBRAW_FLIP_TO_EXIF = {0: 1, 1: 2, 2: 4, 3: 3, 4: 5, 5: 8, 6: 6, 7: 7}

LIBRAW_COMPRESSIONS = (1, 7, 8, 9, LOSSY_JPEG)
LIBRAW_HAS_MATRIX = 0.125  # LibRaw's threshold for the first number of a colour matrix from a file

# IEC 61966-2-1: linear sRGB to CIE XYZ, D65.
SRGB_TO_XYZ = np.array(
    [[0.4123908, 0.3575843, 0.1804808], [0.2126390, 0.7151687, 0.0721923], [0.0193308, 0.1191948, 0.9505322]]
)


def read_raw(path: Path) -> Frame:
    """Reads a raw still: (H, W) uint16 mosaic of the visible area, or scene-linear camera RGB if the file has no CFA.

    The profile has levels, the as-shot white balance with green at 1, and the camera matrix for that white balance.
    These and the crop are from the tags of a DNG; otherwise from LibRaw. Raises SourceError if the file is not a raw
    file, is cut off, or its sensor is not Bayer, quad-Bayer, X-Trans, monochrome or RGB.
    """
    check_regular_file(path)
    if path.suffix.lower() == ".raw":
        _reject_headerless(path)
    dng = read_dng(path)
    problem = cut_off(path)
    if problem:
        raise SourceError(f"{path}: the file is cut off ({problem}); copy it again from the card")
    if dng is not None and dng.bits < 1:
        raise SourceError(
            f"{path}: its samples have {dng.bits} bits; the file is broken, so copy it again from the card"
        )
    own = None if dng is None else stored_samples(path, dng)
    if dng is not None and own is not None:
        dng = dng.as_stored()
    try:
        with rawpy.imread(str(path)) as raw:
            if dng is not None and _describes(dng, raw):
                if own is None and (dng.floating or dng.compression == LOSSY_JPEG):
                    dng = dng.scaled_by_libraw()
                return _dng_frame(dng, _stored(raw, dng, own), path)
            if raw.raw_type == rawpy.RawType.Stack:
                return _rgb_frame(raw, path)
            return _mosaic_frame(raw, path)
    except rawpy.LibRawError as error:
        if dng is not None and own is not None:
            return _dng_frame(dng, _Stored(own, CameraProfile(), dng.full_scale, 1), path)
        raise _libraw_error(path, error, dng) from error


def _libraw_error(path: Path, error: rawpy.LibRawError, dng: Dng | None) -> SourceError:
    if dng is not None and dng.compression not in LIBRAW_COMPRESSIONS:
        name = COMPRESSIONS.get(dng.compression, f"number {dng.compression}")
        return SourceError(f"{path}: LibRaw does not read its compression, {name}; convert it to an uncompressed DNG")
    if isinstance(error, rawpy.LibRawFileUnsupportedError):
        return SourceError(
            f"{path}: not a raw file that LibRaw {'.'.join(map(str, rawpy.libraw_version))} reads; convert it to DNG, "
            "TIFF or PNG, or describe a headerless mosaic with --raw-format and --raw-size"
        )
    if isinstance(error, rawpy.LibRawIOError):
        return SourceError(f"{path}: the file is cut off or not a raw file; copy it again from the card")
    message = error.args[0] if error.args else "unknown reason"
    reason = message.decode(errors="replace") if isinstance(message, bytes) else message
    return SourceError(f"{path}: LibRaw cannot unpack it ({reason}); copy it again or convert it to DNG")


def camera_to_rec2020(color_matrix: NDArray[Any], rgb_xyz_matrix: NDArray[Any]) -> NDArray[np.float64]:
    """(3, 3) white-balanced camera RGB to linear Rec.2020, D65, from LibRaw's `color_matrix` or `rgb_xyz_matrix`.

    `color_matrix` (3, 4: camera to linear sRGB) has priority if the file has one, as in LibRaw. Otherwise the rows of
    XYZ-to-camera times sRGB-to-XYZ are scaled to sum 1, so that balanced white is (1, 1, 1), and inverted. A camera
    unknown to LibRaw counts as linear sRGB.
    """
    camera_to_srgb = np.eye(3)
    if color_matrix[0, 0] > LIBRAW_HAS_MATRIX:
        camera_to_srgb = np.asarray(color_matrix[:3, :3], np.float64)
    elif np.any(rgb_xyz_matrix[:3]):
        srgb_to_camera = np.asarray(rgb_xyz_matrix[:3], np.float64) @ SRGB_TO_XYZ
        srgb_to_camera /= srgb_to_camera.sum(axis=1, keepdims=True)
        camera_to_srgb = np.linalg.pinv(srgb_to_camera)
    matrix = REC709_TO_REC2020 @ camera_to_srgb
    return np.asarray(matrix / matrix.sum(axis=1, keepdims=True))


def _describes(dng: Dng, raw: rawpy.RawPy) -> bool:
    """Whether the tags describe the picture that LibRaw has selected."""
    size = raw.sizes.raw_height, raw.sizes.raw_width
    return size == dng.stored.shape and dng.samples == (3 if raw.raw_type == rawpy.RawType.Stack else 1)


class _Stored(NamedTuple):
    """The samples of a whole DNG; `colour`, `white` and `orientation` apply where tags are missing."""

    samples: NDArray[Any]
    colour: CameraProfile
    white: float
    orientation: int


def _stored(raw: rawpy.RawPy, dng: Dng, own: NDArray[Any] | None) -> _Stored:
    """LibRaw's samples, or `own`."""
    orientation = LIBRAW_FLIP_TO_EXIF.get(raw.sizes.flip, 1)
    samples, white = (raw.raw_image, float(raw.white_level)) if own is None else (own, dng.full_scale)
    return _Stored(samples, _libraw_colour(raw, CameraProfile()), white, orientation)


def _dng_frame(dng: Dng, stored: _Stored, path: Path) -> Frame:
    """The frame that the tags specify. In a linear DNG, with three samples per pixel, the pixels include the white
    balance, because a scene-linear frame has only a matrix."""
    cfa = dng.cfa(path)
    crop = stored.samples[dng.crop.top : dng.crop.bottom, dng.crop.left : dng.crop.right]
    profile = dng.coloured(replace(stored.colour, exposure_ev=dng.exposure_ev))
    orientation = dng.orientation or stored.orientation
    if cfa is None:
        with _named(path):
            camera_rgb = linear_rgb(dng, crop[..., :3], stored.white)
        camera_rgb *= np.array(profile.white_balance, np.float32)
        return Frame(
            pixels=np.ascontiguousarray(camera_rgb, np.float32),
            encoding=Encoding.SCENE,
            profile=replace(
                profile,
                white_balance=(1.0, 1.0, 1.0),
                calibrations=_rescaled(profile.calibrations, profile.white_balance),
            ),
            orientation=orientation,
            name=str(path),
        )
    if cfa.kind == "mono":  # a picture without colour has no white balance
        profile = CameraProfile(exposure_ev=dng.exposure_ev)
    pixels, levels = _mosaic(dng, crop, stored.white, cfa, path)
    return Frame(
        pixels=pixels,
        encoding=Encoding.MOSAIC,
        cfa=cfa,
        profile=replace(
            profile,
            black=levels.black,
            white=levels.white,
            exposure_ev=profile.exposure_ev + np.log2(levels.ceiling),
            noise=_scaled(dng.noise, levels.ceiling),
            lateral=dng.lateral(),
            black_map=levels.black_map,
            gain_map=photosite_gains(dng.opcode_lists, dng.stored, dng.active, dng.crop, cfa),
            defects=photosite_defects(dng, stored.samples),
        ),
        orientation=orientation,
        name=str(path),
    )


class _Levels(NamedTuple):
    """Levels of a mosaic. `ceiling` is the light of its white level."""

    black: BlackLevels
    white: float
    black_map: NDArray[np.float32] | None = None
    ceiling: float = 1.0


def _mosaic(
    dng: Dng, samples: NDArray[Any], libraw_white: float, cfa: Cfa, path: Path
) -> tuple[NDArray[np.uint16], _Levels]:
    """The mosaic of the crop, and its levels: those of the tags, or those of the light if integers cannot hold it."""
    if samples.dtype.kind == "f" or has_curves(dng):
        with _named(path):
            light = light_mosaic(dng, samples, libraw_white)
        return light.pixels, _Levels((light.black,) * 4, light.white, None, light.ceiling)
    black, black_map = photosite_black(dng, cfa)
    white = libraw_white if dng.white is None else float(dng.white[0])
    if black_map is not None:  # the span is that above the largest black level of a photosite
        white += max(black) - largest_black(dng)
    with _named(path):
        CameraProfile(black=black, white=white)  # refuses impossible levels
    return np.array(samples, np.uint16, order="C"), _Levels(black, white, black_map)  # a copy: LibRaw frees its array


def _scaled(noise: NoiseProfile | None, ceiling: float) -> NoiseProfile | None:
    """The noise of light whose unit is `ceiling`."""
    return noise and NoiseProfile(noise.shot / ceiling, noise.read / ceiling**2)


def _rescaled(calibrations: tuple[Calibration, ...], gains: tuple[float, float, float]) -> tuple[Calibration, ...]:
    try:
        return tuple(calibration.rescaled(gains) for calibration in calibrations)
    except SourceError:  # the gains are out of range
        return ()


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """Adds the file and the remedy to an error about its levels."""
    try:
        yield
    except SourceError as error:
        raise SourceError(f"{path}: {error}; the file is broken, so copy it again from the card") from error


def _mosaic_frame(raw: rawpy.RawPy, path: Path) -> Frame:
    cfa = _libraw_cfa(raw, path)
    photosites = raw.raw_colors_visible[:2, :2].ravel() if cfa.kind != "mono" else [0, 0, 0, 0]
    black = raw.black_level_per_channel
    four = (
        float(black[photosites[0]]),
        float(black[photosites[1]]),
        float(black[photosites[2]]),
        float(black[photosites[3]]),
    )
    with _named(path):
        profile = CameraProfile(black=four, white=float(raw.white_level))
    return Frame(
        pixels=np.array(raw.raw_image_visible, np.uint16, order="C"),  # a copy: LibRaw frees its array
        encoding=Encoding.MOSAIC,
        cfa=cfa,
        profile=profile if cfa.kind == "mono" else _libraw_colour(raw, profile),
        orientation=LIBRAW_FLIP_TO_EXIF.get(raw.sizes.flip, 1),
        name=str(path),
    )


def _libraw_cfa(raw: rawpy.RawPy, path: Path) -> Cfa:
    if raw.num_colors == 1:
        return Cfa("MONO")
    if raw.raw_pattern is None:
        raise SourceError(f"{path}: the sensor is not Bayer or X-Trans; convert the file to linear DNG")
    letters = np.array([chr(letter) for letter in raw.color_desc])[raw.raw_colors_visible[:12, :12]]
    if not np.isin(letters, list("RGB")).all():
        shown = "/".join("".join(row[:2]) for row in letters[:2])
        raise SourceError(f"{path}: colour filters {shown} are not red, green and blue; convert the file to linear DNG")
    return filters(np.select([letters == "R", letters == "G"], [0, 1], 2).astype(np.intp), path)


def _rgb_frame(raw: rawpy.RawPy, path: Path) -> Frame:
    """Partly developed raw files with three samples per pixel, which include the white balance as in a linear DNG."""
    if raw.num_colors != 3:
        raise SourceError(f"{path}: {raw.num_colors} colours per pixel are not RGB; convert the file to TIFF or PNG")
    profile = _libraw_colour(raw, CameraProfile())
    black = np.array(raw.black_level_per_channel[:3], np.float32)
    gain = np.array(profile.white_balance, np.float32) / (np.float32(raw.white_level) - black)
    camera_rgb = (raw.raw_image_visible[..., :3].astype(np.float32) - black) * gain
    return Frame(
        pixels=np.ascontiguousarray(camera_rgb),
        encoding=Encoding.SCENE,
        profile=CameraProfile(camera_to_scene=profile.camera_to_scene),
        orientation=LIBRAW_FLIP_TO_EXIF.get(raw.sizes.flip, 1),
        name=str(path),
    )


def _libraw_colour(raw: rawpy.RawPy, profile: CameraProfile) -> CameraProfile:
    """`profile` with LibRaw's white balance and matrix. If the matrix is LibRaw's from XYZ, made for daylight, it is
    also a calibration."""
    camera_to_scene = camera_to_rec2020(raw.color_matrix, raw.rgb_xyz_matrix)
    known = replace(profile, camera_to_scene=camera_to_scene, white_balance=_white_balance(raw), calibrations=())
    if raw.color_matrix[0, 0] > LIBRAW_HAS_MATRIX:
        return known
    try:
        calibration = Calibration(D65_K, np.asarray(raw.rgb_xyz_matrix[:3], np.float64))
    except SourceError:
        return known
    return replace(known, calibrations=(calibration,)).balanced(known.white_balance)


def _white_balance(raw: rawpy.RawPy) -> tuple[float, float, float]:
    """The as-shot white balance; else LibRaw's daylight balance for the camera, else (1, 1, 1)."""
    for balance in (raw.camera_whitebalance, raw.daylight_whitebalance):
        red, green, blue = balance[:3]
        if red > 0 and green > 0 and blue > 0:
            return float(red / green), 1.0, float(blue / green)
    return 1.0, 1.0, 1.0


def _reject_headerless(path: Path) -> None:
    """LibRaw identifies some headerless files as cameras by length alone; a camera's .raw begins like a TIFF."""
    with path.open("rb") as file:
        begins_like_tiff = file.read(2) in (b"II", b"MM")
    if not begins_like_tiff:
        raise SourceError(
            f"{path}: has no header; specify its layout, such as --raw-format rggb12 --raw-size 1920x1080"
        )
