"""The depth map in a phone's JPEG: Google's GDepth in the XMP metadata, or Dynamic Depth behind the picture.

Sources: https://developers.google.com/depthmap-metadata (encoding, reference) and Adobe's XMP specification, part 3:
metadata beyond 64 KB is in further APP1 segments, each with the packet's identifier and length and an offset.
"""

from __future__ import annotations

import base64
import io
import math
import struct
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..depth.maps import NEAR_M, DepthMap, relative_noise, whole_depth
from ..depth.relative import PORTRAIT_M
from ..errors import SourceError, cause, check_regular_file
from .dynamic_depth import depth_item, is_dynamic_depth
from .file_errors import UNREADABLE

NAMESPACE = "http://ns.google.com/photos/1.0/depthmap/"
NOTE_NAMESPACE = "http://ns.adobe.com/xmp/note/"
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
EXTENSION_HEAD = b"http://ns.adobe.com/xmp/extension/\0"
UNITS_PER_M = {
    **{"m": 1.0, "meter": 1.0, "meters": 1.0, "cm": 100.0, "centimeters": 100.0, "mm": 1000.0, "millimeters": 1000.0},
    **{"none": math.inf, "unitless": math.inf, "": 1.0},  # distances of no length: the range is unknown
}
DIOPTERS = ("diopter", "diopters")
MAX_METADATA_BYTES = 100_000_000  # a depth map has a few hundred thousand
OTHER_MAP = "name another map with --depth, or --depth none for no depth"

APP1, START_OF_SCAN, END_OF_IMAGE = 0xE1, 0xDA, 0xD9
WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD9)}


def read_gdepth(path: Path) -> DepthMap | None:
    """The depth map of a JPEG, of any size and oriented like the stored pixels; None without GDepth.

    The unit of near and far is the file's, default metres. `PORTRAIT_M` replaces invalid values. Raises SourceError if
    the map cannot be read.
    """
    check_regular_file(path)
    try:
        with path.open("rb") as file:
            main, extensions = _xmp_packets(file)
    except (OSError, struct.error):
        return None  # the picture decoder reports the damage
    for packet in (main, *extensions.values()):
        if is_dynamic_depth(packet):
            return _dynamic_depth(path, packet)
    if NAMESPACE.encode() not in main and not any(NAMESPACE.encode() in packet for packet in extensions.values()):
        return None
    properties = _properties(path, main)
    identifier = properties.get("HasExtendedXMP", "")
    if identifier:
        properties |= _properties(path, extensions.get(identifier.upper().encode(), b""))
    if "Data" not in properties:
        if identifier:
            raise SourceError(
                f"{path}: the part of its metadata that holds the depth is missing or cut off; copy the file again as "
                f"it came from the phone, or {OTHER_MAP}"
            )
        return None
    return _depth(path, properties, _samples(path, properties["Data"]))


def _depth(path: Path, properties: dict[str, str], samples: NDArray[np.float64]) -> DepthMap:
    """Depth from `samples`, (H, W), 0 near to 1 far: RangeLinear is linear in distance, RangeInverse in 1/distance."""
    form = properties.get("Format", "RangeInverse")
    if form not in ("RangeInverse", "RangeLinear"):
        raise SourceError(f"{path}: its depth has the format '{form}', not RangeInverse or RangeLinear; {OTHER_MAP}")
    units = properties.get("Units", "m").strip().lower()
    if units not in UNITS_PER_M and units not in DIOPTERS:
        raise SourceError(f"{path}: its depth is in '{units}', not in m, cm, mm or diopters; {OTHER_MAP}")
    near_m, far_m = (_number(properties.get(key, "")) / UNITS_PER_M.get(units, 1.0) for key in ("Near", "Far"))
    if units in DIOPTERS:
        near_m, far_m = (1 / number if number else math.inf for number in (near_m, far_m))
    if not NEAR_M < near_m < far_m < math.inf:
        near_m, far_m = PORTRAIT_M
    if form == "RangeLinear":
        depth_m = near_m + samples * (far_m - near_m)
    else:
        depth_m = 1.0 / (1.0 / near_m - samples * (1.0 / near_m - 1.0 / far_m))
    whole_m = whole_depth(depth_m)
    assert whole_m is not None  # near is above 0
    return DepthMap(whole_m, relative_noise(whole_m))


def _dynamic_depth(path: Path, packet: bytes) -> DepthMap | None:
    try:
        item = depth_item(_root(path, packet), path.stat().st_size)
        if item is None:
            return None
        with path.open("rb") as file:
            encoded = item.read(file)
    except (ValueError, OSError) as error:
        raise SourceError(f"{path}: its depth map is missing or cut off ({cause(error)}); {OTHER_MAP}") from error
    return _depth(path, item.properties, _decoded(path, encoded))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _samples(path: Path, data: str) -> NDArray[np.float64]:
    """The samples of the embedded picture, (H, W), 0 to 1."""
    try:
        encoded = base64.b64decode("".join(data.split()), validate=True)
    except ValueError as error:
        raise SourceError(f"{path}: its embedded depth map cannot be decoded ({cause(error)}); {OTHER_MAP}") from error
    return _decoded(path, encoded)


def _decoded(path: Path, encoded: bytes) -> NDArray[np.float64]:
    """The samples of an encoded picture, (H, W), 0 to 1."""
    try:
        with Image.open(io.BytesIO(encoded)) as image:
            grey = image if image.mode.startswith("I") else image.convert("L")
            samples = np.asarray(grey)
    except UNREADABLE as error:
        raise SourceError(f"{path}: its embedded depth map cannot be decoded ({cause(error)}); {OTHER_MAP}") from error
    return samples / (255.0 if samples.dtype == np.uint8 else 65535.0)


def _properties(path: Path, packet: bytes) -> dict[str, str]:
    """GDepth's properties and xmpNote:HasExtendedXMP by name without namespace, from attributes and elements."""
    packet = packet.strip(b"\0 \t\r\n")
    if not packet:
        return {}
    properties: dict[str, str] = {}
    for element in _root(path, packet).iter():
        for name, text in (*element.attrib.items(), (element.tag, element.text or "")):
            namespace, _, bare = name.rpartition("}")
            if namespace in ("{" + NAMESPACE, "{" + NOTE_NAMESPACE):
                properties[bare] = text
    return properties


def _root(path: Path, packet: bytes) -> ElementTree.Element:
    """The root of an XMP packet. Raises SourceError."""
    packet = packet.strip(b"\0 \t\r\n")
    # XMP has no document type. Rejecting it prevents entity expansion attacks.
    if b"<!DOCTYPE" in packet or b"<!ENTITY" in packet:
        raise SourceError(f"{path}: its XMP metadata holds entities, which XMP forbids; {OTHER_MAP}")
    try:
        return ElementTree.fromstring(packet)
    except (ElementTree.ParseError, ValueError) as error:
        raise SourceError(f"{path}: its XMP metadata is broken ({error}); {OTHER_MAP}") from error


def _xmp_packets(file: BinaryIO) -> tuple[bytes, dict[bytes, bytes]]:
    """The main XMP packet of a JPEG, empty if missing, and the extended packets by identifier, empty if incomplete."""
    main = b""
    parts: dict[bytes, tuple[int, dict[int, bytes]]] = {}
    read_bytes = 0
    if file.read(2) != b"\xff\xd8":
        return main, {}
    while True:
        marker = _next_marker(file)
        if marker is None or marker in (START_OF_SCAN, END_OF_IMAGE):
            break
        if marker in WITHOUT_LENGTH:
            continue
        (length,) = struct.unpack(">H", file.read(2))
        segment = file.read(max(length - 2, 0))
        if len(segment) < length - 2 or length < 2:
            break
        read_bytes += length
        if marker != APP1 or read_bytes > MAX_METADATA_BYTES:
            continue
        if segment.startswith(XMP_HEAD):
            main = main or segment[len(XMP_HEAD) :]
        elif segment.startswith(EXTENSION_HEAD) and len(segment) >= len(EXTENSION_HEAD) + 40:
            identifier, whole, offset = struct.unpack_from(">32sII", segment, len(EXTENSION_HEAD))
            parts.setdefault(identifier.upper(), (whole, {}))[1][offset] = segment[len(EXTENSION_HEAD) + 40 :]
    return main, {identifier: _joined(whole, pieces) for identifier, (whole, pieces) in parts.items()}


def _joined(whole: int, pieces: dict[int, bytes]) -> bytes:
    """The joined pieces; empty if a piece is missing."""
    joined = bytearray()
    for offset in sorted(pieces):
        if offset != len(joined):
            return b""
        joined += pieces[offset]
    return bytes(joined) if len(joined) == whole else b""


def _next_marker(file: BinaryIO) -> int | None:
    """The code of the next marker after fill bytes; None at the end or without a marker."""
    if file.read(1) != b"\xff":
        return None
    code = b"\xff"
    while code == b"\xff":
        code = file.read(1)
    return code[0] if code else None
