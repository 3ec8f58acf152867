"""The kinds of sources beside files, such as cameras and streams: their schemes and the modules that open them.

A package adds a kind by an entry point of the group `groundglass.sources`: its name is the scheme without the colon,
its value an object with the functions of `Kind`, such as a module.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from ..errors import SourceError

if TYPE_CHECKING:
    from ..formats.headerless import Layout
    from .source import Source

PLUGINS = "groundglass.sources"


class Request(NamedTuple):
    """The options of `open_source` that a kind may need."""

    fps: float | None = None
    layout: Layout | None = None
    loop: bool = False
    tolerant: bool = False  # faults that a live view survives are reported, and do not end the frames


class ConnectedCamera(NamedTuple):
    """A camera that could be opened now."""

    source: str  # the name that opens it
    name: str  # maker and model
    modes: tuple[str, ...] = ()  # formats with their sizes and rates, for people


class Kind(Protocol):
    """What opens the sources of one kind. The module is imported only when it is used."""

    def open_source(self, name: str, request: Request) -> Source:
        """Opens the source with this whole name. Raises SourceError, or MissingExtraError without its library."""


class ListingKind(Kind, Protocol):
    """A kind that lists the connected cameras."""

    def list_cameras(self) -> Iterable[ConnectedCamera]:
        """Raises MissingExtraError without its library. It opens no camera, and returns within some seconds."""


# Modules by the beginning of a name.
STREAM = "groundglass.capture.live.network.stream"
KINDS = {
    "scene:": "groundglass.capture.studio.source",
    "watch:": "groundglass.capture.live.folder.watch",
    **dict.fromkeys(("v4l2:", "/dev/video"), "groundglass.capture.live.v4l2"),
    "pylon:": "groundglass.capture.live.vision.pylon",
    "genicam:": "groundglass.capture.live.vision.genicam",
    **dict.fromkeys(("tether:", "gphoto:"), "groundglass.capture.live.tether"),
    "picamera:": "groundglass.capture.live.picamera",
    **{f"{scheme}://": STREAM for scheme in ("rtsp", "rtsps", "http", "https", "srt", "udp", "rtp")},
    **dict.fromkeys(("avfoundation:", "dshow:"), "groundglass.capture.live.webcam"),
}
MOSAICS = "watch:"  # the kind that also delivers headerless mosaics
SUFFIXES = {".sdp": STREAM}  # files that describe a stream


def find_kind(name: str) -> Kind | None:
    """The kind of a source's name, None for a path. Raises SourceError if its package cannot be loaded."""
    module = next((module for prefix, module in KINDS.items() if name.startswith(prefix)), None)
    module = module or next((module for suffix, module in SUFFIXES.items() if name.lower().endswith(suffix)), None)
    if module is not None:
        return cast(Kind, import_module(module))
    scheme, colon, _ = name.partition(":")
    return plugin(scheme) if colon else None


def describes_itself(name: str) -> bool:
    """Whether a source of this name reports the format of its frames, which the user need not describe."""
    is_kind = name.startswith(tuple(KINDS)) or name.lower().endswith(tuple(SUFFIXES))
    return is_kind and not name.startswith(MOSAICS)


def plugin(scheme: str) -> Kind | None:
    """The kind that an installed package adds under this scheme. Raises SourceError if it cannot be loaded."""
    for entry in entry_points(group=PLUGINS, name=scheme):
        try:
            return cast(Kind, entry.load())
        except Exception as error:  # the package's own code
            package = entry.dist.name if entry.dist is not None else entry.value
            raise SourceError(
                f"{scheme}: the package {package} cannot be loaded ({type(error).__name__}: {error}); "
                "update or uninstall it"
            ) from error
    return None


def scheme_of(name: str) -> str:
    """The beginning of the names of its kind, such as `v4l2:` for `/dev/video0`; empty for a path."""
    prefix = next((prefix for prefix in KINDS if name.startswith(prefix)), "")
    if prefix and not prefix.endswith("://"):
        return next(first for first, module in KINDS.items() if module == KINDS[prefix])
    scheme, colon, _ = name.partition(":")
    return prefix or (f"{scheme}:" if colon and plugin(scheme) is not None else "")


def schemes() -> list[str]:
    """The beginnings of the names of all kinds, those of installed packages too; one for each module."""
    first: dict[str, str] = {}
    for prefix, module in KINDS.items():
        first.setdefault(module, prefix)
    return [*first.values(), *(f"{name}:" for name in sorted(entry_points(group=PLUGINS).names))]


def listing_kind(scheme: str) -> ListingKind | None:
    """The kind of a scheme, None if it does not list cameras. Raises SourceError as `find_kind` does."""
    kind = find_kind(scheme)
    return cast(ListingKind, kind) if hasattr(kind, "list_cameras") else None
