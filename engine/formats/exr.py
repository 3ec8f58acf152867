"""OpenEXR: scene-linear pictures, with depth from a Z channel."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import REC709_TO_REC2020, CameraProfile
from ..colour.cicp import to_rec2020
from ..depth.maps import whole_depth
from ..errors import MissingExtraError, SourceError, cause
from ..frame import Encoding, Frame

HALF_MAX = 65504.0
MAX_MATRIX = 1e3  # of a number in a matrix: larger ones come from primaries on one line


def read_exr(path: Path, *, with_depth: bool = True) -> Frame:
    """Reads R, G, B (or Y) as (H, W, 3) float32 scene-linear, and Z in metres if it exists and is requested.

    The `chromaticities` attribute (default: Rec.709) determines the matrix to Rec.2020. Only the data window is read.
    Raises SourceError, or MissingExtraError without the OpenEXR library.
    """
    channels, header = read_channels(path)
    names = ("R", "G", "B") if "R" in channels else ("Y", "Y", "Y")
    missing = sorted(set(names) - set(channels))
    if missing:
        raise SourceError(f"{path}: no channel {', '.join(missing)} among {', '.join(channels)}; save plain RGB")
    if len({channels[name].shape for name in names}) > 1:
        raise SourceError(f"{path}: its colour channels are subsampled; save full-size RGB")
    scene_rgb = np.stack([channels[name].astype(np.float32) for name in names], axis=-1)
    depth_name = depth_channel(channels) if with_depth else None
    matrix = rgb_to_rec2020(header["chromaticities"], path) if "chromaticities" in header else REC709_TO_REC2020
    return Frame(
        pixels=np.nan_to_num(scene_rgb, copy=False, nan=0.0, posinf=HALF_MAX, neginf=0.0),
        encoding=Encoding.SCENE,
        profile=CameraProfile(camera_to_scene=matrix.copy()),
        depth_m=None if depth_name is None else whole_depth(channels[depth_name]),
        name=str(path),
    )


def read_channels(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The channels of the first part by name, each (H, W), and the header."""
    try:
        import OpenEXR
    except ImportError as error:
        raise MissingExtraError(str(path), "OpenEXR", "exr") from error
    try:
        with OpenEXR.File(str(path), separate_channels=True) as file:
            return {name: channel.pixels for name, channel in file.channels().items()}, dict(file.header())
    except (RuntimeError, ValueError, TypeError, OSError) as error:
        raise SourceError(f"{path}: OpenEXR cannot read it ({cause(error)}); copy or save it again") from error


def depth_channel(channels: Mapping[str, NDArray[Any]]) -> str | None:
    """The name of the depth channel: Z, else that of a depth layer (ViewLayer.Depth.Z); None without either."""
    if "Z" in channels:
        return "Z"
    return next((name for name in channels if name.lower().endswith(("depth.z", "depth.v"))), None)


def rgb_to_rec2020(chromaticities: Any, path: Path) -> NDArray[np.float64]:
    """(3, 3) to linear Rec.2020, D65, from the xy of red, green, blue and white (eight numbers). White stays white."""
    numbers = np.asarray(chromaticities, np.float64).ravel()
    try:
        red, green, blue, white = [(float(x), float(y)) for x, y in numbers.reshape(4, 2)]
        matrix = to_rec2020((red, green, blue), white)
    except (ValueError, ArithmeticError, np.linalg.LinAlgError):
        matrix = np.full((3, 3), np.nan)
    if not np.isfinite(matrix).all() or np.abs(matrix).max() > MAX_MATRIX:
        shown = ", ".join(f"{number:g}" for number in numbers)
        raise SourceError(f"{path}: its chromaticities {shown} are not three colours and a white; save it without them")
    return matrix
