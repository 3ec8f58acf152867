"""The tags of a DNG (Adobe DNG specification 1.7): geometry, levels, filters, colour, opcodes.

LibRaw unpacks the pixels and applies the LinearizationTable. This module reads all other tags that convert the pixels
to linear light. An invalid tag counts as missing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import Calibration, CameraProfile, NoiseProfile
from ..cfa import Cfa
from ..colour.white import D65
from ..errors import GroundglassError, SourceError
from .areas import Area
from .opcodes import Opcode, Warp, parse_opcodes
from .tiff_tags import TagError, TagFile, Tags

COLOUR_FILTER_ARRAY, LINEAR_RAW = 32803, 34892
FLOATING_POINT = 3
LOSSY_JPEG = 34892
COMPRESSIONS = {1: "none", 7: "JPEG, lossless or lossy", 8: "deflate", 9: "VC-5", 34892: "lossy JPEG", 52546: "JPEG XL"}
JPEG_COMPRESSIONS = (7, LOSSY_JPEG)
CONVERT = "convert the file to linear DNG"
MAX_PHOTOSITES = 1 << 20  # maximum length of a side

# EXIF LightSource values with the illuminant's name and its temperature in kelvin: from CIE 15 for a standard
# illuminant, else the middle of the range in EXIF 2.3.
ILLUMINANTS: dict[int, tuple[str, float]] = {
    1: ("daylight", 5500), 2: ("fluorescent", 4000), 3: ("tungsten", 2850), 4: ("flash", 5500),
    9: ("fine weather", 5500), 10: ("cloudy", 6500), 11: ("shade", 7500), 12: ("daylight fluorescent", 6400),
    13: ("day white fluorescent", 5050), 14: ("cool white fluorescent", 4150), 15: ("white fluorescent", 3525),
    16: ("warm white fluorescent", 2925), 17: ("A", 2856), 18: ("B", 4874), 19: ("C", 6774), 20: ("D55", 5503),
    21: ("D65", 6504), 22: ("D75", 7504), 23: ("D50", 5003), 24: ("studio tungsten", 3200),
}  # fmt: skip
UNKNOWN_ILLUMINANT = ("unknown light", 0.0)
D50_K, D65_K = ILLUMINANTS[23][1], ILLUMINANTS[21][1]


@dataclass(frozen=True, slots=True, eq=False)
class Dng:
    """The validated tags of one DNG. Areas are in photosites of the file; a missing value is None.

    `crop` is the visible part of `active`. `filtered` is True if the photosites have colour filters. `colours` (rows,
    columns) holds the filters (0 red, 1 green, 2 blue), starting at the corner of `active`. `black` (rows, columns,
    samples) repeats from the same corner; `black_rows` and `black_columns` are added to it. `white` has one number per
    sample. `neutral` is the camera RGB of white, `white_xy` its chromaticity. `linearization` is the
    LinearizationTable. `floating` is True if the samples are floating point.
    """

    samples: int
    bits: int
    compression: int
    floating: bool
    is_big_endian: bool
    is_stripped: bool
    linearization: NDArray[np.uint16] | None
    stored: Area
    active: Area
    crop: Area
    filtered: bool
    colours: NDArray[np.intp] | None
    rectangular: bool
    black: NDArray[np.float64]
    black_columns: NDArray[np.float64] | None
    black_rows: NDArray[np.float64] | None
    white: NDArray[np.float64] | None
    orientation: int | None
    exposure_ev: float
    noise: NoiseProfile | None
    neutral: NDArray[np.float64] | None
    white_xy: tuple[float, float] | None
    calibrations: tuple[Calibration, ...]
    opcode_lists: tuple[bytes, bytes, bytes]

    def opcodes(self) -> list[Opcode]:
        """The opcodes of all three lists, in order."""
        return [opcode for stage, data in enumerate(self.opcode_lists, 1) for opcode in parse_opcodes(stage, data)]

    def lateral(self) -> tuple[float, float] | None:
        """Lateral chromatic aberration of red and blue relative to green, in thousandths; None without an opcode."""
        warps = [opcode.action.lateral for opcode in self.opcodes() if isinstance(opcode.action, Warp)]
        return next((lateral for lateral in warps if lateral is not None), None)

    @property
    def full_scale(self) -> float:
        """The largest integer that the file can store."""
        return 65535.0 if self.linearization is not None else float(2**self.bits - 1)

    def as_stored(self) -> Dng:
        """The tags of samples that LibRaw has not converted: a white level that integers do not reach is an error."""
        if self.floating or self.white is None:
            return self
        return replace(self, white=np.minimum(self.white, self.full_scale))

    def scaled_by_libraw(self) -> Dng:
        """The tags of samples that LibRaw has converted: its own levels apply, and it has applied the curves."""
        return replace(self, black=np.zeros((1, 1, self.samples)), white=None, black_rows=None, black_columns=None)

    def cfa(self, path: Path) -> Cfa | None:
        """The filters, starting at the corner of `crop`; MONO for a grey picture, None for an RGB picture.

        Raises SourceError if the pattern cannot be demosaiced.
        """
        if self.samples == 3:
            return None
        colours = self.colours
        if not self.filtered or (colours is not None and (colours == colours[0, 0]).all()):
            return Cfa("MONO")
        if colours is None or not self.rectangular or colours.max() > 2:
            raise SourceError(f"{path}: its colour filters are not red, green and blue on a square grid; {CONVERT}")
        offset = self.crop.left - self.active.left, self.crop.top - self.active.top
        return filters(colours, path).cropped(*offset)

    def coloured(self, profile: CameraProfile) -> CameraProfile:
        """`profile` with the calibrations of the file, the as-shot white balance (default: D65), and the matrix for
        that white balance."""
        known = replace(profile, calibrations=self.calibrations) if self.calibrations else profile
        try:
            if self.neutral is not None:
                return known.balanced((1 / self.neutral).tolist())
            if self.white_xy is not None or self.calibrations:
                return known.at_white(self.white_xy or D65)
        except GroundglassError:
            pass
        return profile


def filters(colours: NDArray[np.intp], path: Path) -> Cfa:
    """The Cfa of a repeating pattern, (rows, columns) of 0 red, 1 green, 2 blue. Raises SourceError if unknown."""
    tile = np.tile(colours, (12 // np.gcd(12, len(colours)), 12 // np.gcd(12, colours.shape[1])))
    for side, block in ((2, 1), (2, 2), (6, 1)):
        letters = "".join("RGB"[colour] for colour in tile[: side * block : block, : side * block : block].ravel())
        try:
            cfa = Cfa(letters, block)
        except SourceError:
            continue
        channels = cfa.channels()
        again = np.tile(channels, np.ceil(np.divide(tile.shape, channels.shape)).astype(int))
        if np.array_equal(again[: len(tile), : tile.shape[1]], tile):
            return cfa
    shown = "/".join("".join("RGB"[colour] for colour in row) for row in colours[:8, :8])
    raise SourceError(f"{path}: colour filters {shown} are not Bayer, quad-Bayer or X-Trans; {CONVERT}")


def read_dng(path: Path) -> Dng | None:
    """The tags of a DNG; None if the file is not a DNG or has no directory of a raw picture."""
    try:
        with TagFile(path) as file:
            page = raw_directory(file)
            if page is None or not Tags(file.first).has("DNGVersion"):
                return None
            return _read(Tags(file.first, page), Tags(page), is_big_endian=file.byte_order == ">")
    except TagError:
        return None


def raw_directory(file: TagFile) -> Any:
    """The directory of the full-size raw picture: the largest that is not a preview. None if the file has none."""
    pictures = [(Tags(page), page) for page in file.directories]
    raw_pages = [
        (tags.whole("NewSubfileType") == 0 or not tags.has("NewSubfileType"), np.prod(_size(tags)), page)
        for tags, page in pictures
        if tags.whole("PhotometricInterpretation") in (COLOUR_FILTER_ARRAY, LINEAR_RAW) and _size(tags) != (0, 0)
    ]
    return max(raw_pages, key=lambda raw: raw[:2])[2] if raw_pages else None


def _size(tags: Tags) -> tuple[int, int]:
    height, width = tags.whole("ImageLength") or 0, tags.whole("ImageWidth") or 0
    return (height, width) if 0 < height < MAX_PHOTOSITES and 0 < width < MAX_PHOTOSITES else (0, 0)


def _read(tags: Tags, own: Tags, *, is_big_endian: bool) -> Dng:
    """`tags` are those of the camera; `own` are those of the raw picture's own directory."""
    height, width = _size(own)
    stored = Area(0, 0, height, width)
    active = _active(own, stored)
    samples = own.whole("SamplesPerPixel") or 1
    filtered = own.whole("PhotometricInterpretation") == COLOUR_FILTER_ARRAY
    colours = _colours(own) if filtered else None
    neutral = tags.finite("AsShotNeutral", (3,))
    bits = own.finite("BitsPerSample")
    formats = own.finite("SampleFormat")
    floating = formats is not None and bool((formats == FLOATING_POINT).any())
    white = _white(own, samples)
    return Dng(
        samples=samples,
        bits=int(bits[0]) if bits is not None and len(bits) else 16,
        compression=own.whole("Compression") or 1,
        floating=floating,
        is_big_endian=is_big_endian,
        is_stripped=not own.has("TileOffsets"),
        linearization=_linearization(own),
        stored=stored,
        active=active,
        crop=_crop(own, active, block=_block(colours)),
        filtered=filtered,
        colours=colours,
        rectangular=own.whole("CFALayout") in (None, 1) and _is_rgb(own),
        black=_black(own, samples),
        black_columns=_deltas(own, "BlackLevelDeltaH", active.shape[1]),
        black_rows=_deltas(own, "BlackLevelDeltaV", active.shape[0]),
        white=np.ones(samples) if white is None and floating else white,
        orientation=_within(tags.whole("Orientation"), 1, 8),
        exposure_ev=_exposure_ev(tags),
        noise=_noise(tags),
        neutral=neutral if neutral is not None and neutral.min() > 0 else None,
        white_xy=_white_xy(tags),
        calibrations=_calibrations(tags),
        opcode_lists=(own.data("OpcodeList1"), own.data("OpcodeList2"), own.data("OpcodeList3")),
    )


def _within(number: int | None, low: int, high: int) -> int | None:
    return number if number is not None and low <= number <= high else None


def _active(tags: Tags, stored: Area) -> Area:
    found = tags.finite("ActiveArea", (4,))
    if found is None or found.min() < 0 or found.max() > MAX_PHOTOSITES:
        return stored
    area = Area(*(int(side) for side in found)).within(stored)
    return area if min(area.shape) > 0 else stored


def _crop(tags: Tags, active: Area, block: int) -> Area:
    """DefaultCropOrigin and DefaultCropSize in photosites (DefaultScale is ignored), rounded to integers.

    The crop of a quad-Bayer sensor starts at the edge of a square of `block` photosites.
    """
    origin, size = tags.finite("DefaultCropOrigin", (2,)), tags.finite("DefaultCropSize", (2,))
    if origin is None or size is None or origin.min() < 0 or size.min() < 1 or max(*origin, *size) > MAX_PHOTOSITES:
        return active
    left, top = (-(-int(np.floor(start + 0.5)) // block) * block for start in origin)
    width, height = (int(np.floor(side + 0.5)) for side in size)
    requested = Area(active.top + top, active.left + left, active.top + top + height, active.left + left + width)
    area = requested.within(active)
    return area if min(area.shape) > 0 else active


def _colours(tags: Tags) -> NDArray[np.intp] | None:
    """CFAPattern as (rows, columns)."""
    sides = tags.finite("CFARepeatPatternDim", (2,))
    pattern = tags.finite("CFAPattern")
    if sides is None or pattern is None or sides.min() < 1 or len(pattern) != np.prod(sides):
        return None
    return pattern.astype(np.intp).reshape(int(sides[0]), int(sides[1]))


def _block(colours: NDArray[np.intp] | None) -> int:
    return 2 if colours is not None and colours.shape == (4, 4) and colours[0, 0] == colours[1, 1] else 1


def _is_rgb(tags: Tags) -> bool:
    """Whether the planes are red, green and blue in this order; the matrices use the same order."""
    planes = tags.finite("CFAPlaneColor")
    return planes is None or planes.tolist() == [0, 1, 2]


def _black(tags: Tags, samples: int) -> NDArray[np.float64]:
    sides = tags.finite("BlackLevelRepeatDim", (2,))
    rows, columns = (int(side) for side in sides) if sides is not None and sides.min() >= 1 else (1, 1)
    found = tags.finite("BlackLevel")
    if found is None or len(found) == 0 or found.min() < 0:
        return np.zeros((1, 1, samples))
    if len(found) != rows * columns * samples:
        return np.full((1, 1, samples), found[0])
    return found.reshape(rows, columns, samples)


def _linearization(tags: Tags) -> NDArray[np.uint16] | None:
    found = tags.finite("LinearizationTable", max_count=1 << 16)
    return None if found is None or not len(found) else np.clip(found, 0, 65535).astype(np.uint16)


def _deltas(tags: Tags, name: str, count: int) -> NDArray[np.float64] | None:
    found = tags.finite(name, (count,), max_count=MAX_PHOTOSITES)
    return found if found is not None and found.any() else None


def _white(tags: Tags, samples: int) -> NDArray[np.float64] | None:
    found = tags.finite("WhiteLevel")
    if found is None or len(found) not in (1, samples) or found.min() <= 0:
        return None
    return np.broadcast_to(found, (samples,))


def _exposure_ev(tags: Tags) -> float:
    """The baseline exposure in EV: the camera's plus the profile's offset."""
    terms = [tags.finite(name, (1,)) for name in ("BaselineExposure", "BaselineExposureOffset")]
    total = sum(float(term[0]) for term in terms if term is not None)
    return total if abs(total) <= 20 else 0.0


def _noise(tags: Tags) -> NoiseProfile | None:
    """The mean NoiseProfile of the colour planes; None without the tag."""
    found = tags.finite("NoiseProfile", (2, 6))
    if found is None or found.min() < 0 or not found.any():
        return None
    signal, read = found.reshape(-1, 2).mean(axis=0)
    return NoiseProfile(float(signal), float(read))


def _white_xy(tags: Tags) -> tuple[float, float] | None:
    found = tags.finite("AsShotWhiteXY", (2,))
    if found is None or found.min() <= 0 or found.sum() >= 1:
        return None
    return float(found[0]), float(found[1])


def _calibrations(tags: Tags) -> tuple[Calibration, ...]:
    """The calibrations by rising temperature. A third illuminant (DNG 1.6) is ignored: it only refines the others."""
    analog = tags.finite("AnalogBalance", (3,))
    gains = np.diag(analog if analog is not None and analog.min() > 0 else np.ones(3))
    # The calibration of this unit applies to the profile with the same signature.
    own = tags.text("CameraCalibrationSignature") == tags.text("ProfileCalibrationSignature")
    found = [_calibration(tags, number, gains, own) for number in (1, 2)]
    illuminants = sorted((light for light in found if light is not None), key=lambda light: light.temperature_k)
    named = [light for light in illuminants if light.temperature_k > 0]
    if len(named) == 2 and named[0].temperature_k < named[1].temperature_k:
        return tuple(named)
    # One illuminant, or two without distinct temperatures, applies to every white: its temperature is irrelevant.
    return tuple(replace(light, temperature_k=light.temperature_k or D50_K) for light in named or illuminants)[:1]


def _calibration(tags: Tags, number: int, gains: NDArray[np.float64], own: bool) -> Calibration | None:
    colour = _matrix(tags, f"ColorMatrix{number}")
    if colour is None:
        return None
    individual = _matrix(tags, f"CameraCalibration{number}") if own else None
    between = gains @ (np.eye(3) if individual is None else individual)
    _, light = ILLUMINANTS.get(tags.whole(f"CalibrationIlluminant{number}") or 0, UNKNOWN_ILLUMINANT)
    same = None if np.array_equal(between, np.eye(3)) else between
    try:
        return Calibration(light, between @ colour, _matrix(tags, f"ForwardMatrix{number}"), same)
    except SourceError:
        pass
    try:  # without the optional matrices, which may be wrong
        return Calibration(light, colour)
    except SourceError:
        return None


def _matrix(tags: Tags, name: str) -> NDArray[np.float64] | None:
    found = tags.finite(name, (9,))
    return None if found is None else found.reshape(3, 3)
