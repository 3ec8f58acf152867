"""OpenEXR: scene-linear pictures, with depth from a Z channel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import REC709_TO_REC2020, CameraProfile
from ..colour.cicp import to_rec2020
from ..colour.white import D65, rgb_to_xyz
from ..depth.maps import whole_depth
from ..errors import SourceError
from ..frame import Encoding, Frame
from .exr_layers import Layer, chosen_layer, depth_of, read_layers, squared

HALF_MAX = 65504.0
REC709_PRIMARIES = (0.64, 0.33), (0.30, 0.60), (0.15, 0.06)
MAX_MATRIX = 1e3  # maximum number in a matrix: larger ones come from primaries on one line


def read_exr(path: Path, *, with_depth: bool = True, layer: str | None = None) -> Frame:
    """Reads a layer (default: the finished picture) as (H, W, 3) float32 scene-linear, and its Z in metres if it exists
    and is requested.

    Colour is R, G, B, or luminance Y with or without chroma (RY, BY). The `chromaticities` attribute (default: Rec.709)
    determines the matrix to Rec.2020. The picture is the display window, black outside the data window. Raises
    SourceError, or MissingExtraError without the OpenEXR library.
    """
    layers = read_layers(path)
    chosen = chosen_layer(layers, layer, path)
    matrix, luminance = REC709_TO_REC2020, rgb_to_xyz(REC709_PRIMARIES, D65)[1]
    if "chromaticities" in chosen.header:
        matrix = rgb_to_rec2020(chosen.header["chromaticities"], path)
        *colours, white = ((float(x), float(y)) for x, y in np.reshape(chosen.header["chromaticities"], (4, 2)))
        luminance = rgb_to_xyz(colours, white)[1]
    aspect = chosen.header.get("pixelAspectRatio")
    pixels = np.nan_to_num(_colour(chosen, luminance), copy=False, nan=0.0, posinf=HALF_MAX, neginf=0.0)
    depth = depth_of(layers, chosen) if with_depth else None
    if depth is not None:
        depth = squared(depth, aspect, nearest=True)
    return Frame(
        pixels=np.ascontiguousarray(squared(pixels, aspect)),
        encoding=Encoding.SCENE,
        profile=CameraProfile(camera_to_scene=matrix.copy()),
        depth_m=None if depth is None else whole_depth(depth),
        name=str(path),
    )


def read_exr_depth(path: Path) -> NDArray[np.float32]:
    """(H, W) distances of a file: its Z channel, else Y or R. NaN is unknown. Raises SourceError without them."""
    layers = read_layers(path)
    depth = depth_of(layers, None)
    if depth is not None:
        return depth
    for channel in ("Y", "R"):
        for layer in layers:
            if channel in layer.channels:
                return layer.placed(channel, np.nan)
    names = ", ".join(f"{layer.name}.{name}".lstrip(".") for layer in layers for name in layer.channels)
    raise SourceError(f"{path}: no channel Z, Y or R among {names}; save the distances as Z")


def _colour(layer: Layer, luminance_of: NDArray[np.float64]) -> NDArray[np.float32]:
    """(H, W, 3) of R, G, B, or of luminance and chroma: RY = (R - Y) / Y and BY = (B - Y) / Y ("Technical Introduction
    to OpenEXR", luminance/chroma images). `luminance_of` are the luminances of the primaries, (3,)."""
    if {"R", "G", "B"} <= set(layer.channels):
        return np.stack([layer.placed(name, 0.0) for name in "RGB"], axis=-1)
    luminance = layer.placed("R" if layer.is_grey else "Y", 0.0)
    if not {"RY", "BY"} <= set(layer.channels):
        return np.repeat(luminance[..., None], 3, axis=2)
    of_red, of_green, of_blue = luminance_of.astype(np.float32)
    red, blue = ((layer.placed(name, 0.0) + 1) * luminance for name in ("RY", "BY"))
    green = (luminance * (of_red + of_green + of_blue) - of_red * red - of_blue * blue) / of_green
    return np.stack([red, green, blue], axis=-1)


def rgb_to_rec2020(chromaticities: Any, path: Path | str) -> NDArray[np.float64]:
    """(3, 3) to linear Rec.2020, D65, from the xy of red, green, blue and white (eight numbers). White stays white."""
    numbers = np.full(8, np.nan)
    try:
        numbers = np.asarray(chromaticities, np.float64).ravel()
        red, green, blue, white = [(float(x), float(y)) for x, y in numbers.reshape(4, 2)]
        matrix = to_rec2020((red, green, blue), white)
    except (ValueError, TypeError, ArithmeticError, np.linalg.LinAlgError):
        matrix = np.full((3, 3), np.nan)
    if not np.isfinite(matrix).all() or np.abs(matrix).max() > MAX_MATRIX:
        shown = ", ".join(f"{number:g}" for number in numbers)
        raise SourceError(f"{path}: its chromaticities {shown} are not three colours and a white; save it without them")
    return matrix
