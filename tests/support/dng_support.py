"""Writes small DNGs with known content."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from groundglass.formats.raw import read_raw
from groundglass.frame import Frame

RED, GREEN, BLUE = 0, 1, 2
COLOUR_FILTER_ARRAY, LINEAR_RAW = 32803, 34892
XTRANS_PHOTOSITES = tuple("RGB".index(letter) for letter in "GGRGGBGGBGGRBRGRBGGGBGGRGGRGGBRBGBRG")

Tag = tuple[int, str, int, object]

CAMERA_CALIBRATION_1, ANALOG_BALANCE, AS_SHOT_NEUTRAL, AS_SHOT_WHITE_XY = 50723, 50727, 50728, 50729
COLOR_MATRIX_1, COLOR_MATRIX_2, FORWARD_MATRIX_1, FORWARD_MATRIX_2 = 50721, 50722, 50964, 50965
ILLUMINANT_1, ILLUMINANT_2, LINEARIZATION_TABLE, NOISE_PROFILE = 50778, 50779, 50712, 51041
OPCODE_LISTS = (51008, 51009, 51022)


def write_dng(
    path: Path,
    samples: np.ndarray,
    *,
    photosites: tuple[int, ...] | None = (RED, GREEN, GREEN, BLUE),
    black: tuple[int, ...] = (0, 0, 0, 0),
    white: int | tuple[int, ...] = 4095,
    neutral: tuple[float, float, float] = (0.5, 1.0, 0.625),
    active_area: tuple[int, int, int, int] | None = None,
    orientation: int = 1,
    exposure_ev_100: int = 0,
    tags: tuple[Tag, ...] = (),
    without: tuple[int, ...] = (),
) -> Path:
    """A minimal DNG 1.4 (Adobe DNG specification, chapter 4): a camera whose XYZ-to-camera matrix is the identity.

    `tags` (code, tifffile's letter of the type, count, value) are added or replace others; `without` are left out.
    """
    whites = (white,) if isinstance(white, int) else white
    own: list[Tag] = [
        (271, "s", 0, "House"),
        (272, "s", 0, "Box"),
        (274, "H", 1, orientation),
        (50706, "B", 4, (1, 4, 0, 0)),
        (50708, "s", 0, "House Box"),
        (50717, "H", len(whites), whites[0] if len(whites) == 1 else whites),
        rationals(COLOR_MATRIX_1, np.eye(3)),
        rationals(AS_SHOT_NEUTRAL, neutral, signed=False),
        (50730, "2i", 1, (exposure_ev_100, 100)),
        (ILLUMINANT_1, "H", 1, 21),
    ]
    photometric = LINEAR_RAW
    if photosites is not None and samples.ndim == 2:
        photometric = COLOUR_FILTER_ARRAY
        side = round(len(photosites) ** 0.5)
        own += [(33421, "H", 2, (side, side)), (33422, "B", len(photosites), photosites)]
        own += [(50713, "H", 2, (2, 2)), (50714, "H", 4, black)]
    if active_area:
        own.append((50829, "H", 4, active_area))
    left_out = {*without, *(tag[0] for tag in tags)}
    tifffile.imwrite(
        path,
        samples,
        photometric="rgb" if samples.ndim == 3 else "minisblack",
        metadata=None,
        extratags=[(*tag, True) for tag in (*(tag for tag in own if tag[0] not in left_out), *tags)],
    )
    with tifffile.TiffFile(path, mode="r+") as file:  # tifffile cannot write LinearRaw with one sample
        file.pages.first.tags["PhotometricInterpretation"].overwrite(photometric)
    return path


def rationals(code: int, numbers: object, *, signed: bool = True) -> Tag:
    """A tag of rationals with the denominator 10000."""
    flat = np.ravel(np.asarray(numbers, float))
    return code, "2i" if signed else "2I", len(flat), [n for number in flat for n in (round(number * 10000), 10000)]


def ramp(height: int = 64, width: int = 96) -> np.ndarray:
    """A different value at each photosite of the 2x2 block: 500, 600, 700, 800."""
    rows, columns = np.mgrid[0:height, 0:width]
    return (500 + 100 * (2 * (rows % 2) + columns % 2)).astype(np.uint16)


def places(height: int = 64, width: int = 96) -> np.ndarray:
    """A different value at each photosite: 100 times the row, plus the column."""
    rows, columns = np.mgrid[0:height, 0:width]
    return (100 * rows + columns).astype(np.uint16)


def crop(left: float, top: float, width: float, height: float) -> tuple[Tag, Tag]:
    """DefaultCropOrigin and DefaultCropSize."""
    return rationals(50719, (left, top), signed=False), rationals(50720, (width, height), signed=False)


def opcodes(stage: int, *entries: tuple[int, bytes], flags: int = 1) -> Tag:
    """OpcodeList `stage` of (number, payload)."""
    data = struct.pack(">I", len(entries))
    for number, payload in entries:
        data += struct.pack(">4I", number, 0x01030000, flags, len(payload)) + payload
    return OPCODE_LISTS[stage - 1], "B", len(data), data


def gain_map(
    gains: np.ndarray,
    area: tuple[int, int, int, int],
    *,
    plane: int = 0,
    planes: int = 1,
    pitch: tuple[int, int] = (1, 1),
    spacing: tuple[float, float] | None = None,
    origin: tuple[float, float] = (0.0, 0.0),
) -> tuple[int, bytes]:
    """A GainMap of (V, H, P) gains. The default `spacing` spans the picture from side to side."""
    rows, columns, map_planes = gains.shape
    spacing = spacing or (1 / max(rows - 1, 1), 1 / max(columns - 1, 1))
    head = struct.pack(">10I4dI", *area, plane, planes, *pitch, rows, columns, *spacing, *origin, map_planes)
    return 9, head + gains.astype(">f4").tobytes()


def write_and_read(folder: Path, *tags: Tag, samples: np.ndarray | None = None, **settings: Any) -> Frame:
    """The frame of a DNG with these tags; `settings` are those of `write_dng`."""
    return read_raw(write_dng(folder / "a.dng", ramp() if samples is None else samples, tags=tags, **settings))
