"""The metadata of a file, without development, for `groundglass info`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import rawpy
from PIL import Image

from ..camera import CameraProfile
from ..colour.cicp import Cicp
from ..errors import GroundglassError, SourceError, check_name, check_regular_file
from ..formats.colour_tags import colours_of
from ..formats.dng_read import COMPRESSIONS, ILLUMINANTS, UNKNOWN_ILLUMINANT, Dng, raw_directory, read_dng
from ..formats.heif import HEIF_SUFFIXES, exif_of, read_heif
from ..formats.libraw_errors import quiet_libraw
from ..formats.opcodes import BadConstant, BadPixels, Curve, GainMap, Opcode, Vignette, Warp
from ..formats.picture_kind import kind_of
from ..formats.png_colours import PngColours, png_colours
from ..formats.raw import RAW_SUFFIXES, read_raw
from ..formats.tiff_tags import TagError, TagFile, Tags
from ..frame import Encoding, Frame
from ..yuv import YuvFormat
from .content import Content, content_of
from .kinds import scheme_of
from .live_metadata import first_frame, live_metadata
from .open import open_source
from .source import Timing
from .video import VideoSource

Metadata = dict[str, Any]

# Candidate sizes of a file without a header, for the hint.
COMMON_SIZES = (
    *((640, 480), (768, 512), (1280, 720), (1280, 960), (1280, 1024), (1920, 1080), (1920, 1200), (2048, 1536)),
    *((2448, 2048), (2592, 1944), (3280, 2464), (3840, 2160), (4000, 3000), (4032, 3024), (4056, 3040), (4096, 3072)),
)
EXIF_DIRECTORY = 0x8769
EXIF_NUMBERS = {0x829A: "ExposureTime", 0x829D: "FNumber", 0x8827: "ISOSpeedRatings", 0x920A: "FocalLength"}
EXIF_TEXTS = {0x9003: "DateTimeOriginal", 0xA434: "LensModel"}
FIRST_TEXTS = {0x010F: "Make", 0x0110: "Model", 0x0131: "Software", 0x0132: "DateTime"}


def read_metadata(source: str) -> Metadata:
    """The metadata of a file, a folder, `scene:`, a camera or a stream: numbers, texts and lists. Unknown keys are
    missing.

    A raw file that cannot be unpacked yields the metadata of its tags, and `problem` is the reason. Raises SourceError
    if the file does not exist, or if a picture or video cannot be read.
    """
    path = Path(source)
    if not source.startswith("scene:") and not os.path.exists(source) and (scheme := scheme_of(source)):
        return _camera_metadata(source, scheme)
    check_name(source)
    if source.startswith("scene:") or path.is_dir():
        return _source_metadata(source, "built-in scene" if source.startswith("scene:") else "folder")
    check_regular_file(path)
    if not path.is_file():
        raise SourceError(f"{source}: no such file or folder; give a path, or scene: for the built-in scene")
    metadata: Metadata = {"file": source, "bytes": path.stat().st_size}
    content = content_of(path)
    if content is not Content.RAW:
        kind = content.value
        return metadata | _source_metadata(source, kind) | (_picture_metadata(path) if kind == "picture" else {})
    return metadata | _raw_metadata(path)


def _source_metadata(source: str, kind: str) -> Metadata:
    with open_source(source) as opened:
        metadata: Metadata = {"kind": kind, "size": list(opened.size)}
        if opened.fps is not None:
            metadata["fps"] = opened.fps
        if opened.frames is not None and kind != "picture":
            metadata["frames"] = opened.frames
        if isinstance(opened, VideoSource):
            metadata["colour"] = list(opened.colours.names)
        first = next(iter(opened), None)
        return metadata | ({} if first is None else _frame_metadata(first))


def _camera_metadata(source: str, scheme: str) -> Metadata:
    with open_source(source) as opened:
        frame = first_frame(opened) if opened.timing is Timing.LIVE else next(iter(opened))
        metadata = live_metadata(opened, scheme) | _frame_metadata(frame)
        frame.release()
        return metadata


def _frame_metadata(frame: Frame) -> Metadata:
    """The metadata of a frame."""
    metadata: Metadata = {"size": list(frame.size), "orientation": frame.orientation}
    if frame.depth_m is not None:
        metadata["depth_m"] = [float(frame.depth_m.min()), float(frame.depth_m.max())]
    if frame.encoding is not Encoding.MOSAIC:
        meaning = "scene-linear" if frame.encoding is Encoding.SCENE else "display-referred"
        bits = 8 * frame.pixels.dtype.itemsize if frame.yuv is None else frame.yuv.bits
        return metadata | {"light": meaning, "bits": bits} | _yuv_metadata(frame.yuv)
    profile = frame.profile
    metadata |= {"cfa": f"quad {frame.cfa.pattern}" if frame.cfa.block == 2 else frame.cfa.pattern}
    metadata |= {"black": list(profile.black), "white": profile.white}
    if profile.black_map is not None:
        metadata["black_map"] = list(profile.black_map.shape[::-1])
    if profile.gain_map is not None:
        metadata["shading"] = {"size": list(profile.gain_map.shape[::-1]), "largest": float(profile.gain_map.max())}
    metadata["defects"] = 0 if profile.defects is None else len(profile.defects)
    return metadata | (_balance_metadata(profile) if frame.cfa.kind != "mono" else {})


def _yuv_metadata(form: YuvFormat | None) -> Metadata:
    if form is None:
        return {}
    return {"yuv": form.layout.value, "matrix": form.matrix.name, "range": "full" if form.full_range else "limited"}


def _balance_metadata(profile: CameraProfile) -> Metadata:
    metadata: Metadata = {"white_balance": list(profile.white_balance)}
    if profile.calibrations:
        try:
            temperature_k, tint = profile.temperature()
            metadata |= {"temperature_k": temperature_k, "tint": tint}
        except GroundglassError:
            pass  # these multipliers have no colour temperature
    return metadata


def _picture_metadata(path: Path) -> Metadata:
    colours: Cicp | PngColours | None
    try:
        if kind_of(path) in HEIF_SUFFIXES:
            exif, profile = exif_of(path)
            colours, form = read_heif(path, with_depth=False).cicp, "HEIF"
        else:
            with Image.open(path) as image:
                exif, profile = image.getexif(), image.info.get("icc_profile")
                form, tagged = image.format or path.suffix[1:].upper(), png_colours(image)
            colours = colours_of(path) or tagged
        inner = exif.get_ifd(EXIF_DIRECTORY)
        entries = {name: exif[tag] for tag, name in FIRST_TEXTS.items() if tag in exif}
        entries |= {name: inner[tag] for tag, name in (EXIF_NUMBERS | EXIF_TEXTS).items() if tag in inner}
        metadata: Metadata = {"format": form}
        if colours is not None:
            metadata["colour"] = list(colours.names)
        if profile:
            metadata["icc_profile"] = len(profile)
    except (OSError, ValueError, SyntaxError, TypeError, KeyError):  # not a format of Pillow, or broken EXIF
        return {}
    return metadata | _capture_metadata(entries)


def _capture_metadata(entries: dict[str, Any]) -> Metadata:
    """The capture metadata from EXIF entries by name."""
    metadata: Metadata = {}
    make, model = _text(entries.get("Make")), _text(entries.get("Model"))
    brand = make.split(" ")[0].lower()
    camera = model if model.lower().startswith(brand) else f"{make} {model}"
    date = _text(entries.get("DateTimeOriginal")) or _text(entries.get("DateTime"))
    lens, software = _text(entries.get("LensModel")), _text(entries.get("Software"))
    texts = {"camera": camera.strip(), "lens": lens, "software": software}
    metadata |= {key: text for key, text in texts.items() if text}
    if date:
        metadata["taken"] = date.replace(":", "-", 2) if date[4:5] == date[7:8] == ":" else date
    keys = {"ExposureTime": "exposure_s", "FNumber": "f_number", "ISOSpeedRatings": "iso", "FocalLength": "focal_mm"}
    for name, key in keys.items():
        number = _number(entries.get(name))
        if number is not None and number > 0:
            metadata[key] = number
    return metadata


def _text(value: Any) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in value).split()) if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    """A number, the quotient of a pair, or the first of another tuple. None if it is not a finite number."""
    try:
        pair = value if isinstance(value, tuple) else (value, 1)
        number = float(pair[0]) / float(pair[1]) if len(pair) == 2 else float(pair[0])
    except (TypeError, ValueError, ArithmeticError, LookupError):
        return None
    return number if np.isfinite(number) else None


def _raw_metadata(path: Path) -> Metadata:
    dng = read_dng(path)
    metadata: Metadata = {"kind": "raw" if dng is None else "DNG"}
    tagged = _tag_metadata(path)
    frame, problem = None, ""
    try:
        with quiet_libraw(path):
            frame = read_raw(path)
    except SourceError as error:
        problem = str(error).removeprefix(f"{path}: ")
    if dng is None and frame is None and not tagged.get("camera"):
        if path.suffix.lower() in RAW_SUFFIXES - {".raw"}:
            raise SourceError(f"{path}: {problem}")
        return {"kind": "headerless or unknown", "problem": _headerless_hint(path.stat().st_size)}
    if dng is None and frame is not None and not tagged:
        tagged = _libraw_metadata(path)
    metadata |= tagged
    if dng is not None:
        metadata |= _dng_metadata(dng)
    if frame is not None:
        bits = metadata.get("bits")
        metadata |= _frame_metadata(frame)
        metadata |= {} if bits is None else {"bits": bits}  # the value of the file, not of the unpacked frame
    elif "picture_bytes" in metadata and metadata["picture_bytes"][0] < metadata["picture_bytes"][1]:
        available, expected = metadata["picture_bytes"]
        ends = f"picture data ends after {available} of {expected} bytes"
        metadata["problem"] = problem if ends in problem else f"{ends}; {problem}"
    else:
        metadata["problem"] = problem
    return metadata


def _headerless_hint(file_bytes: int) -> str:
    candidates = [
        f"{width}x{height} with {bits} bits"
        for bits in (8, 10, 12, 16)
        for width, height in COMMON_SIZES
        if file_bytes * 8 == width * height * bits
    ]
    guess = f" ({file_bytes} bytes could be {' or '.join(candidates)})" if candidates else ""
    hint = "has no known header; if it is a mosaic, give its format, such as --raw-format rggb12 --raw-size 1920x1080"
    return f"{hint}{guess}"


def _tag_metadata(path: Path) -> Metadata:
    """The capture metadata, the previews and the picture bytes of a TIFF-like raw file."""
    try:
        with TagFile(path) as file:
            first = Tags(file.first)
            names = ("Make", "Model", "Software", "DateTime", "DateTimeOriginal")
            entries: dict[str, Any] = {name: first.text(name) for name in names}
            entries |= {name: numbers[0] for name in EXIF_NUMBERS.values() if len(numbers := _numbers(first, name))}
            entries |= first.exif()
            metadata = _capture_metadata(entries)
            previews = [Tags(page) for page in file.directories if _is_preview(Tags(page))]
            if previews:
                metadata["previews"] = [
                    [tags.whole("ImageWidth") or 0, tags.whole("ImageLength") or 0] for tags in previews
                ]
            raw = raw_directory(file)
            return metadata if raw is None else metadata | _extent(Tags(raw), path.stat().st_size) | _matrices(first)
    except TagError:
        return {}


def _numbers(tags: Tags, name: str) -> Any:
    numbers = tags.finite(name)
    return () if numbers is None else numbers


def _is_preview(tags: Tags) -> bool:
    return ((tags.whole("NewSubfileType") or 0) & 1) == 1


def _extent(tags: Tags, file_bytes: int) -> Metadata:
    """The number of available and of expected bytes of the raw picture."""
    for starts, counts in (("StripOffsets", "StripByteCounts"), ("TileOffsets", "TileByteCounts")):
        start, count = (tags.finite(name, max_count=1 << 20) for name in (starts, counts))
        if start is not None and count is not None and len(start) == len(count):
            return {"picture_bytes": [int(np.clip(file_bytes - start, 0, count).sum()), int(count.sum())]}
    return {}


def _matrices(tags: Tags) -> Metadata:
    """The names of the colour matrices, each with its calibration illuminant."""
    metadata = []
    for number in (1, 2, 3):
        light, _ = ILLUMINANTS.get(tags.whole(f"CalibrationIlluminant{number}") or 0, UNKNOWN_ILLUMINANT)
        kinds = [kind for kind in ("ColorMatrix", "ForwardMatrix", "CameraCalibration") if tags.has(f"{kind}{number}")]
        metadata += [f"{kind}{number} ({light})" for kind in kinds]
    return {"matrices": metadata} if metadata else {}


def _dng_metadata(dng: Dng) -> Metadata:
    height, width = dng.stored.shape
    metadata: Metadata = {
        "size": list(dng.crop.shape[::-1]),
        "stored_size": [width, height],
        "active_area": [dng.active.left, dng.active.top, *dng.active.shape[::-1]],
        "crop": [dng.crop.left, dng.crop.top, *dng.crop.shape[::-1]],
        "bits": dng.bits,
        "compression": COMPRESSIONS.get(dng.compression, str(dng.compression)),
        "black": [float(level) for level in np.unique(dng.black)],
        "exposure_ev": dng.exposure_ev,
        "orientation": dng.orientation or 1,
    }
    try:
        cfa = dng.cfa(Path("file"))
        metadata["cfa"] = "none: RGB" if cfa is None else f"quad {cfa.pattern}" if cfa.block == 2 else cfa.pattern
    except SourceError as error:
        metadata["cfa"] = str(error).removeprefix("file: ")
    if dng.white is not None:
        metadata["white"] = float(dng.white.min())
    if dng.noise is not None:
        metadata["noise"] = {"shot": dng.noise.shot, "read": dng.noise.read}
    if dng.calibrations:
        metadata |= _balance_metadata(dng.coloured(CameraProfile()))
    elif dng.neutral is not None:
        metadata["white_balance"] = (dng.neutral[1] / dng.neutral).tolist()
    opcodes = dng.opcodes()
    if opcodes:
        metadata["opcodes"] = [_opcode_metadata(opcode) for opcode in opcodes]
    return metadata


def _opcode_metadata(opcode: Opcode) -> Metadata:
    metadata: Metadata = {"list": opcode.stage, "name": opcode.name, "optional": opcode.optional}
    match opcode.action:
        case GainMap() as shading:
            rows, columns, planes = shading.gains.shape
            metadata |= {
                "used": True,
                "points": [columns, rows],
                "planes": planes,
                "largest": float(shading.gains.max()),
            }
        case Vignette() as shading:
            metadata |= {"used": True, "corner": 1 + sum(shading.coefficients)}
        case Curve():
            metadata |= {"used": True}
        case BadPixels() as listed:
            metadata |= {"used": True, "points": len(listed.points), "areas": len(listed.areas)}
        case BadConstant(constant):
            metadata |= {"used": True, "number": constant}
        case Warp() as warp:
            metadata |= (
                {"used": False} if warp.lateral is None else {"used": True, "lateral_thousandths": list(warp.lateral)}
            )
        case None:
            metadata |= {"used": False, "broken": opcode.broken}
    return metadata


def _libraw_metadata(path: Path) -> Metadata:
    """The capture metadata of a raw file that is not a TIFF. Empty with an old rawpy."""
    with quiet_libraw(path), rawpy.imread(str(path)) as raw:
        other, lens = getattr(raw, "other", None), getattr(raw, "lens", None)
    names = {"ExposureTime": "shutter_speed", "FNumber": "aperture", "ISOSpeedRatings": "iso_speed"}
    entries = {name: getattr(other, attribute, None) for name, attribute in names.items()}
    entries |= {"FocalLength": getattr(other, "focal_length", None), "LensModel": getattr(lens, "model", None)}
    return _capture_metadata(entries | {"DateTime": str(getattr(other, "timestamp", None) or "")})
