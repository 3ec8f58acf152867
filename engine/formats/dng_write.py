"""Writes a captured mosaic and the metadata of its frame as a DNG (Adobe DNG specification 1.4)."""

from __future__ import annotations

import struct
from datetime import datetime
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from ..camera import Calibration, CameraProfile
from ..cfa import Cfa
from ..errors import GroundglassError, OutputError
from ..frame import Encoding, Frame
from ..packing import unpack
from .capture_metadata import NO_METADATA, CaptureMetadata
from .dng_read import COLOUR_FILTER_ARRAY, ILLUMINANTS, LINEAR_RAW
from .picture_write import write_atomically

Tag = tuple[int, int, int, Any, bool]

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SRATIONAL, DOUBLE = 1, 2, 3, 4, 5, 7, 10, 12
GAIN_POINTS = 33  # per side of a gain map: shading is smooth, and the file stays small
FIX_BAD_PIXELS_LIST, GAIN_MAP = 5, 9
OPTIONAL = 1  # a reader may ignore an unknown opcode


def write_dng(
    path: str | Path, frame: Frame, metadata: CaptureMetadata = NO_METADATA, preview: NDArray[np.uint8] | None = None
) -> Path:
    """Writes the mosaic of `frame` atomically to `path`, with the samples as captured.

    The tags hold the levels, filters, orientation, white balance, calibrations, noise, shading and defects of the
    frame's profile. For a profile without calibrations, one is derived from its matrix and its present white balance.
    `preview` is a small (h, w, 3) uint8 picture in display sRGB. Raises OutputError, also if the frame is not a mosaic.
    """
    path = Path(path)
    if frame.encoding is not Encoding.MOSAIC:
        raise OutputError(f"{path}: the picture has no raw data; save it as a picture instead of a DNG")
    mosaic = np.ascontiguousarray(unpack(frame.pixels, frame.packing, frame.width))
    camera = [*_identity(metadata), *_colour(frame), *_metadata_tags(metadata)]
    own = [*_geometry(mosaic), *_filters(frame.cfa), *_levels(frame.profile, frame.cfa), *_opcodes(frame)]
    write_atomically(path, lambda part: _write(part, mosaic, camera, own, preview, frame))
    return path


def _write(
    path: Path,
    mosaic: NDArray[np.uint16],
    camera: list[Tag],
    own: list[Tag],
    preview: NDArray[np.uint8] | None,
    frame: Frame,
) -> None:
    oriented: Tag = 274, SHORT, 1, frame.orientation, True
    from importlib.metadata import version

    options: dict[str, Any] = {"metadata": None, "software": f"groundglass {version('groundglass')}"}
    encoded = BytesIO()
    with tifffile.TiffWriter(encoded) as file:
        if preview is not None:
            file.write(preview, photometric="rgb", subfiletype=1, subifds=1, extratags=[oriented, *camera], **options)
            camera = []
        tags = own if preview is not None else [oriented, *camera, *own]
        file.write(mosaic, photometric="minisblack", subfiletype=0, extratags=tags, **options)
    photometric = LINEAR_RAW if frame.cfa.kind == "mono" else COLOUR_FILTER_ARRAY
    encoded.seek(0)
    with tifffile.TiffFile(encoded, mode="r+") as file:  # tifffile cannot write these photometric values itself
        first = file.pages.first
        page: Any = first.pages[0] if preview is not None and first.pages is not None else first
        page.tags["PhotometricInterpretation"].overwrite(photometric)
    path.write_bytes(encoded.getbuffer())


def _identity(metadata: CaptureMetadata) -> list[Tag]:
    camera = metadata.camera or "groundglass raw"
    return [
        _bytes(50706, (1, 4, 0, 0)),  # DNGVersion
        _bytes(50707, (1, 1, 0, 0)),  # DNGBackwardVersion: the opcodes are optional
        _text(271, camera.split(" ")[0]),
        _text(272, camera),
        _text(50708, camera),  # UniqueCameraModel
    ]


def _colour(frame: Frame) -> list[Tag]:
    profile = frame.profile
    tags = [_fractions(50730, [profile.exposure_ev], SRATIONAL)]  # BaselineExposure
    if profile.noise is not None:
        tags.append((51041, DOUBLE, 2, (profile.noise.shot, profile.noise.read), True))
    if frame.cfa.kind == "mono":
        return tags
    tags.append(
        _fractions(50728, [1.0 / multiplier for multiplier in profile.white_balance], RATIONAL)
    )  # AsShotNeutral
    for index, calibration in enumerate(profile.calibrations or _derived(profile)):
        individual = np.eye(3) if calibration.individual is None else calibration.individual
        tags.append((50778 + index, SHORT, 1, illuminant_code(calibration.temperature_k), True))
        tags.append(_fractions(50721 + index, np.linalg.solve(individual, calibration.xyz_to_camera), SRATIONAL))
        if calibration.individual is not None:
            tags.append(_fractions(50723 + index, individual, SRATIONAL))
        if calibration.camera_to_xyz_d50 is not None:
            tags.append(_fractions(50964 + index, calibration.camera_to_xyz_d50, SRATIONAL))
    return tags


def _derived(profile: CameraProfile) -> tuple[Calibration, ...]:
    try:
        return (profile.derived_calibration(),)
    except GroundglassError:
        return ()


def illuminant_code(temperature_k: float) -> int:
    """The EXIF LightSource value for a colour temperature, else for the nearest standard illuminant in mired."""
    same = [code for code, (_, kelvin) in ILLUMINANTS.items() if kelvin == temperature_k]
    standard = {code: kelvin for code, (_, kelvin) in ILLUMINANTS.items() if 17 <= code <= 24}
    return same[0] if same else min(standard, key=lambda code: abs(1e6 / standard[code] - 1e6 / temperature_k))


def _metadata_tags(metadata: CaptureMetadata) -> list[Tag]:
    tags: list[Tag] = []
    for code, number in ((33434, metadata.exposure_s), (33437, metadata.f_number), (37386, metadata.focal_mm)):
        if number is not None:
            tags.append(_fractions(code, [number], RATIONAL))
    if metadata.iso is not None:
        tags.append((34855, SHORT, 1, min(round(metadata.iso), 65535), True))
    if metadata.lens:
        tags.append(_text(42036, metadata.lens))
    taken = metadata.taken or datetime.now()
    tags += [_text(code, f"{taken:%Y:%m:%d %H:%M:%S}") for code in (306, 36867)]
    return [*tags, _text(37521, f"{taken.microsecond:06d}")]  # SubSecTimeOriginal


def _geometry(mosaic: NDArray[np.uint16]) -> list[Tag]:
    height, width = mosaic.shape
    return [
        (50829, LONG, 4, (0, 0, height, width), True),  # ActiveArea
        (50719, LONG, 2, (0, 0), True),  # DefaultCropOrigin
        (50720, LONG, 2, (width, height), True),  # DefaultCropSize
        _fractions(50718, [1.0, 1.0], RATIONAL),  # DefaultScale
    ]


def _filters(cfa: Cfa) -> list[Tag]:
    if cfa.kind == "mono":
        return []
    photosites = cfa.channels()
    side = len(photosites)
    return [
        (33421, SHORT, 2, (side, side), True),  # CFARepeatPatternDim
        _bytes(33422, [int(channel) for channel in photosites.ravel()]),  # CFAPattern
        _bytes(50710, (0, 1, 2)),  # CFAPlaneColor
        (50711, SHORT, 1, 1, True),  # CFALayout: rectangular
    ]


def _levels(profile: CameraProfile, cfa: Cfa) -> list[Tag]:
    tags: list[Tag] = [
        (50713, SHORT, 2, (2, 2), True),  # BlackLevelRepeatDim
        _fractions(50714, profile.black, RATIONAL),
        (50717, LONG, 1, round(profile.white), True),
    ]
    if profile.black_map is not None:
        columns = profile.black_map.mean(axis=0)
        rows = (profile.black_map - columns).mean(axis=1)
        if (
            np.abs(profile.black_map - columns - rows[:, None]).max() < 0.05
        ):  # rows plus columns, which tags can express
            tags += [_fractions(50715, columns, SRATIONAL), _fractions(50716, rows, SRATIONAL)]
    return tags


def _opcodes(frame: Frame) -> list[Tag]:
    profile, tags = frame.profile, list[Tag]()
    if profile.defects is not None and len(profile.defects):
        rows = np.ascontiguousarray(profile.defects[:, ::-1].astype(">u4")).tobytes()
        phase = 0 if frame.cfa.kind != "bayer" else _bayer_phase(frame.cfa)
        data = struct.pack(">3I", phase, len(profile.defects), 0) + rows
        tags.append(_opcode_list(51008, [(FIX_BAD_PIXELS_LIST, data)]))
    if profile.gain_map is not None:
        tags.append(_opcode_list(51009, [(GAIN_MAP, gain) for gain in _gain_maps(profile.gain_map)]))
    return tags


def _bayer_phase(cfa: Cfa) -> int:
    """The first photosite: 0 is red, 1 green in a red row, 2 green in a blue row, 3 blue."""
    return {"RGGB": 0, "GRBG": 1, "GBRG": 2, "BGGR": 3}[cfa.pattern]


def _gain_maps(gains: NDArray[np.float32]) -> list[bytes]:
    """The data of a GainMap opcode for each photosite of the 2x2 block, with points from the first to the last."""
    maps = []
    for photosite in range(4):
        plane, points = gains[photosite // 2 :: 2, photosite % 2 :: 2], []
        grid: list[tuple[float, float]] = []  # spacing and origin, as fractions of the picture
        for axis, first in enumerate((photosite // 2, photosite % 2)):
            photosites, side = plane.shape[axis], gains.shape[axis]
            count = min(GAIN_POINTS, photosites)
            plane = _resampled(plane, np.linspace(0, photosites - 1, count), axis)
            points.append(count)
            grid.append((2 * (photosites - 1) / max(count - 1, 1) / side, (first + 0.5) / side))
        head = struct.pack(">10I", photosite // 2, photosite % 2, *gains.shape, 0, 1, 2, 2, *points)
        (spacing_v, origin_v), (spacing_h, origin_h) = grid
        maps.append(
            head + struct.pack(">4dI", spacing_v, spacing_h, origin_v, origin_h, 1) + plane.astype(">f4").tobytes()
        )
    return maps


def _resampled(numbers: NDArray[Any], positions: NDArray[np.float64], axis: int) -> NDArray[Any]:
    """`numbers` interpolated linearly along `axis` at fractional `positions`."""
    low = np.minimum(positions.astype(int), max(numbers.shape[axis] - 2, 0))
    high = np.minimum(low + 1, numbers.shape[axis] - 1)
    fraction = (positions - low).reshape((-1, 1) if axis == 0 else (1, -1))
    return np.asarray((1 - fraction) * numbers.take(low, axis) + fraction * numbers.take(high, axis))


def _opcode_list(code: int, entries: list[tuple[int, bytes]]) -> Tag:
    data = struct.pack(">I", len(entries))
    for number, payload in entries:
        data += struct.pack(">4I", number, 0x01030000, OPTIONAL, len(payload)) + payload
    return code, UNDEFINED, len(data), data, True


def _text(code: int, text: str) -> Tag:
    return code, ASCII, 0, text.encode("ascii", "replace").decode(), True


def _bytes(code: int, numbers: tuple[int, ...] | list[int]) -> Tag:
    return code, BYTE, len(numbers), bytes(numbers), True


def _fractions(code: int, numbers: Any, kind: int) -> Tag:
    """Numbers as the closest fractions with denominators up to one million."""
    flat = [
        Fraction(float(number)).limit_denominator(1_000_000) for number in np.ravel(np.asarray(numbers, np.float64))
    ]
    return code, kind, len(flat), tuple(part for value in flat for part in (value.numerator, value.denominator)), True
