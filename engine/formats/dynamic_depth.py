"""Dynamic Depth: a depth map as a further picture behind a phone's JPEG, described by its XMP metadata.

Source: Google, "Dynamic Depth 1.0" (2019): the items of the container directory follow the primary picture in order.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, NamedTuple
from xml.etree import ElementTree

NAMESPACES = ("http://ns.google.com/photos/dd/1.0/", "http://ns.google.com/photos/1.0/container/")
DEPTH = "depth"
MAX_ITEMS = 64
PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF")
# Depth in a format that is known but not read: the bytes in the last or first part of the file, and the name.
UNREAD = ((b"DualShot_DepthMap", "Samsung's dual-shot"), (b"\0edof", "Huawei's edof"), (b"DepthEn", "Huawei's edof"))
SEARCHED_BYTES = 1 << 24


class DepthItem(NamedTuple):
    """The depth picture: its properties (Format, Near, Far, Units) and its place in the file.

    `starts` are possible offsets: from the end of the file, and from its beginning if the primary picture has a length.
    The second holds if further data follow the items, as of a video.
    """

    properties: dict[str, str]
    starts: tuple[int, ...]
    length: int

    def read(self, file: BinaryIO) -> bytes:
        """The encoded picture: the first that begins as one."""
        found = b""
        for start in self.starts:
            file.seek(start)
            encoded = file.read(self.length)
            if encoded.startswith(PICTURES):
                return encoded
            found = found or encoded
        return found


def is_dynamic_depth(packet: bytes) -> bool:
    return NAMESPACES[0].encode() + b"depthmap/" in packet


def depth_item(root: ElementTree.Element, file_bytes: int) -> DepthItem | None:
    """The depth map of a file; None without one. Raises ValueError if the directory does not fit the file."""
    maps: list[dict[str, str]] = []
    items: list[dict[str, str]] = []
    for element in root.iter():
        depth_map, item = _properties(element, "depthmap/"), _properties(element, "item/")
        if depth_map:
            maps.append(depth_map)
        if item and len(items) < MAX_ITEMS:
            items.append(item)
    found = next(
        (entry for entry in maps if entry.get("ItemSemantic", DEPTH).lower() == DEPTH and "DepthURI" in entry), None
    )
    if found is None:
        return None
    lengths = [int(item.get("Length", "0") or 0) + int(item.get("Padding", "0") or 0) for item in items]
    for index, item in enumerate(items):
        if index and found["DepthURI"] in (item.get("DataURI"), item.get("URI")):
            length = int(item.get("Length", "0") or 0)
            from_end, from_begin = file_bytes - sum(lengths[index:]), sum(lengths[:index]) if lengths[0] else 0
            starts = tuple(start for start in (from_end, from_begin) if start >= 2)
            if not starts or length < 2:
                raise ValueError("the container directory does not fit the file")
            return DepthItem(found, starts, length)
    raise ValueError("the container directory does not list the depth map")


def _properties(element: ElementTree.Element, kind: str) -> dict[str, str]:
    """The properties of a kind, such as depthmap/, of an element: its attributes and children."""
    pairs = [*element.attrib.items(), *((child.tag, (child.text or "").strip()) for child in element)]
    found = {}
    for name, text in pairs:
        namespace, _, bare = name.rpartition("}")
        if namespace.startswith("{http://ns.google.com/photos/") and namespace.endswith(kind):
            found[bare] = text
    return found


def unread_depth(path: Path) -> str | None:
    """A word on depth in a format that is not read; None if the file has none."""
    try:
        with path.open("rb") as file:
            begin = file.read(1 << 16)
            file.seek(max(path.stat().st_size - SEARCHED_BYTES, 0))
            end = file.read()
    except OSError:
        return None
    name = next((name for mark, name in UNREAD if mark in begin or mark in end), None)
    if name is None:
        return None
    return f"{path}: has depth in {name} format, which is not read; export the map and name it with --depth"
