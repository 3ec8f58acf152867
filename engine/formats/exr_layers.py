"""The layers of an OpenEXR file: groups of channels of a part, in one view, on the display window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingExtraError, SourceError, cause
from .file_errors import DEFLATE_RATIO

MAX_PIXELS = 1 << 28  # maximum area of a display window
MIN_DISPLAY_PIXELS = 1 << 24
BEAUTY = ("", "rgba", "rgb", "combined", "beauty", "c", "image")  # names of the finished picture
ALIASES = {"RED": "R", "GREEN": "G", "BLUE": "B", "ALPHA": "A", "DEPTH": "Z"}
DEPTH_LAYER, NOT_DEPTH = "depth", "mist"  # Blender's mist is a fraction, in a channel Z
SQUARE, MAX_ASPECT = 0.01, 8.0  # a pixel whose sides differ by less is square
DEPTH_CHANNELS = ("Z", "V", "R", "Y")


@dataclass(frozen=True, eq=False)
class Layer:
    """Channels by their bare name (R, G, B, Y, RY, BY, Z), as stored. `name` is unique in the file.

    `view` is the view of a stereo picture, empty without one. `data` and `display` are windows: left, top, right,
    bottom, exclusive.
    """

    name: str
    view: str
    channels: Mapping[str, Any]
    header: Mapping[str, Any]

    @property
    def has_colour(self) -> bool:
        return {"R", "G", "B"} <= set(self.channels) or ("Y" in self.channels and not self.is_vector) or self.is_grey

    @property
    def is_vector(self) -> bool:
        """Normals, positions and motion: X, Y and Z are not colour, and Z is not a distance."""
        return {"X", "Y"} <= set(self.channels)

    @property
    def is_grey(self) -> bool:
        """Whether red is the only colour."""
        return set(self.channels) in ({"R"}, {"R", "A"}) and self.bare != DEPTH_LAYER

    @property
    def depth_channel(self) -> str | None:
        """The channel that holds distances; None without one."""
        if self.is_vector or self.bare == NOT_DEPTH:
            return None
        if "Z" in self.channels:
            return "Z"
        is_depth = self.bare == DEPTH_LAYER and len(self.channels) == 1
        return next((name for name in DEPTH_CHANNELS if is_depth and name in self.channels), None)

    @property
    def bare(self) -> str:
        """The last part of the name, in lower case."""
        return self.name.rpartition(".")[2].lower()

    def placed(self, channel: str, fill: float) -> NDArray[np.float32]:
        """(H, W) of a channel on the display window; `fill` outside the data window."""
        stored = self.channels[channel]
        pixels = np.asarray(stored.pixels, np.float32)
        data, display = _window(self.header, "dataWindow"), _window(self.header, "displayWindow")
        pixels = _upsampled(pixels, stored, data)
        width, height = display[2] - display[0], display[3] - display[1]
        max_pixels = min(MAX_PIXELS, max(MIN_DISPLAY_PIXELS, 16 * pixels.size))  # a window of a broken header is larger
        if data == display or not 0 < width * height <= max_pixels or min(width, height) < 1:
            return pixels
        left, top, right, bottom = (
            *(max(data[0], display[0]), max(data[1], display[1])),
            *(min(data[2], display[2]), min(data[3], display[3])),
        )
        placed = np.full((height, width), fill, np.float32)
        if left < right and top < bottom:
            part = pixels[top - data[1] : bottom - data[1], left - data[0] : right - data[0]]
            placed[top - display[1] : bottom - display[1], left - display[0] : right - display[0]] = part
        return placed


def _check_size(header: Mapping[str, Any], path: Path) -> None:
    """Raises ValueError for a part with more pixels than the bytes of the file can hold, before memory is taken."""
    left, top, right, bottom = _window(header, "dataWindow")
    if (right - left) * (bottom - top) > 2 * DEFLATE_RATIO * path.stat().st_size:
        raise ValueError(f"its header has {right - left}x{bottom - top} pixels, more than its bytes can hold")


def _window(header: Mapping[str, Any], name: str) -> tuple[int, int, int, int]:
    (left, top), (right, bottom) = header[name]
    return int(left), int(top), int(right) + 1, int(bottom) + 1


def _upsampled(pixels: NDArray[np.float32], stored: Any, data: tuple[int, int, int, int]) -> NDArray[np.float32]:
    """A subsampled channel at full size: linear between samples, the first of which is that of the first pixel."""
    shape = data[3] - data[1], data[2] - data[0]
    if pixels.shape == shape:
        return pixels
    for axis, (side, step) in enumerate(zip(shape, (stored.ySampling, stored.xSampling), strict=True)):
        pixels = _between(pixels, axis, np.arange(side) / step)
    return pixels


def _between(pixels: NDArray[np.float32], axis: int, at: NDArray[np.float64]) -> NDArray[np.float32]:
    """The values at these places of an axis, linear between samples."""
    at = np.clip(at, 0, pixels.shape[axis] - 1)
    low = at.astype(np.intp)
    high = np.minimum(low + 1, pixels.shape[axis] - 1)
    weight = (at - low).astype(np.float32).reshape((-1,) + (1,) * (pixels.ndim - 1 - axis))
    return np.asarray(pixels.take(low, axis) * (1 - weight) + pixels.take(high, axis) * weight)


def squared(pixels: NDArray[np.float32], aspect: Any, *, nearest: bool = False) -> NDArray[np.float32]:
    """(H, W) or (H, W, 3) with square pixels, by the attribute pixelAspectRatio: the shorter side of the pixel is
    enlarged. A ratio that is not between 1/8 and 8 is ignored."""
    ratio = float(aspect) if isinstance(aspect, (int, float)) else 1.0
    if not 1 / MAX_ASPECT <= ratio <= MAX_ASPECT or abs(ratio - 1) < SQUARE:
        return pixels
    axis, factor = (1, ratio) if ratio > 1 else (0, 1 / ratio)
    side = max(round(pixels.shape[axis] * factor), 1)
    at = (np.arange(side) + 0.5) / factor - 0.5
    if nearest:
        return pixels.take(np.clip(np.rint(at), 0, pixels.shape[axis] - 1).astype(np.intp), axis)
    return _between(pixels, axis, at)


def read_layers(path: Path) -> list[Layer]:
    """The layers of all parts with flat pixels, in the order of the file.

    Raises SourceError for a file without flat pixels, such as a deep one, and MissingExtraError without OpenEXR.
    """
    try:
        import OpenEXR
    except ImportError as error:
        raise MissingExtraError(str(path), "OpenEXR", "exr") from error
    layers: list[Layer] = []
    is_deep = False
    try:
        with OpenEXR.File(str(path), header_only=True) as file:
            flat = [part.type() in (OpenEXR.scanlineimage, OpenEXR.tiledimage) for part in file.parts]
            for part in file.parts:
                _check_size(part.header, path)
        is_deep = not all(flat)
        if any(flat):
            with OpenEXR.File(str(path), separate_channels=True) as file:
                if len(file.parts) != len(flat):  # OpenEXR leaves out parts that it cannot decode
                    raise ValueError("the picture data is cut off or damaged")
                for part, is_flat in zip(file.parts, flat, strict=True):
                    if is_flat:
                        layers += _layers_of(part, several=sum(flat) > 1)
    except (RuntimeError, ValueError, TypeError, OSError, KeyError) as error:
        raise SourceError(f"{path}: OpenEXR cannot read it ({cause(error)}); copy or save it again") from error
    if not layers:
        fault = "deep samples, which are not read here; flatten it" if is_deep else "no channels; save it again"
        raise SourceError(f"{path}: the picture has {fault}")
    return layers


def _layers_of(part: Any, several: bool) -> list[Layer]:
    header = dict(part.header)
    name = str(header.get("name") or "") if several else ""
    default_view = str(header.get("view") or "")
    views = [str(view) for view in header.get("multiView") or ()]
    groups: dict[str, dict[str, Any]] = {}
    for full, channel in part.channels.items():
        prefix, _, bare = full.rpartition(".")
        groups.setdefault(prefix, {})[ALIASES.get(bare.upper(), bare.upper())] = channel
    layers = []
    for prefix, channels in groups.items():
        view = next((view for view in views if view in prefix.split(".")), default_view or (views[0] if views else ""))
        full_name = ".".join(piece for piece in (name, prefix) if piece)
        layers.append(Layer(full_name, view, channels, header))
    return layers


def chosen_layer(layers: list[Layer], wanted: str | None, path: Path) -> Layer:
    """The layer with the name `wanted`, or else the finished picture: an unnamed one, Combined, or the first with
    colour. Raises SourceError with the possible names."""
    coloured = [layer for layer in layers if layer.has_colour]
    if wanted is not None:
        requested = wanted.lower()
        for matches in (
            [layer for layer in coloured if layer.name.lower() == requested],
            [layer for layer in coloured if requested in (layer.bare, layer.name.lower().split(".")[0])],
            [layer for layer in coloured if layer.view and layer.view.lower() == requested],
        ):
            if matches:
                return matches[0]
        names = ", ".join(layer.name or "(unnamed)" for layer in coloured) or "none"
        raise SourceError(f"{path}: has no layer '{wanted}' with colour; its layers are {names}")
    if not coloured:
        names = ", ".join(f"{layer.name}.{name}".lstrip(".") for layer in layers for name in layer.channels)
        raise SourceError(f"{path}: no channels R, G, B or Y among {names}; save plain RGB")
    return min(coloured, key=lambda layer: BEAUTY.index(layer.bare) if layer.bare in BEAUTY else len(BEAUTY))


def depth_of(layers: list[Layer], layer: Layer | None) -> NDArray[np.float32] | None:
    """The distances that belong to `layer`: its own, else those of the same view; NaN outside their data window.

    Without a layer, the first of the file.
    """
    if layer is not None and layer.depth_channel is not None:
        return layer.placed(layer.depth_channel, np.nan)
    same = [other for other in layers if layer is None or other.view == layer.view]
    part = layer.name.split(".")[0] if layer is not None else ""
    for other in sorted(same, key=lambda other: (other.name.split(".")[0] != part, other.bare != DEPTH_LAYER)):
        if other.depth_channel is not None:
            return other.placed(other.depth_channel, np.nan)
    return None
