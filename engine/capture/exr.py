"""OpenEXR: scene-linear pictures, with depth where a Z channel brings it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import REC709_TO_REC2020, CameraProfile
from ..errors import MissingExtraError, SourceError
from ..frame import Encoding, Frame
from .depth import whole_depth

# CIE xy of red, green, blue and white: ITU-R BT.2020.
REC2020_XY = np.array([[0.708, 0.292], [0.170, 0.797], [0.131, 0.046], [0.3127, 0.3290]])
# Bradford's cone responses, for adapting one white to another.
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
HALF_MAX = 65504.0


def read_exr(path: Path) -> Frame:
    """Read R, G, B (or Y) as (H, W, 3) float32 scene-linear, and Z as metres where there is one.

    The `chromaticities` attribute decides the matrix to Rec.2020; without it the file is Rec.709, as the format says.
    Only the data window is read. Raises SourceError, or MissingExtraError without the OpenEXR library.
    """
    channels, header = read_channels(path)
    names = ("R", "G", "B") if "R" in channels else ("Y", "Y", "Y")
    missing = sorted(set(names) - set(channels))
    if missing:
        raise SourceError(f"{path}: no channel {', '.join(missing)} among {', '.join(channels)}; save plain RGB")
    if len({channels[name].shape for name in names}) > 1:
        raise SourceError(f"{path}: its colour channels are subsampled; save full-size RGB")
    scene_rgb = np.stack([channels[name].astype(np.float32) for name in names], axis=-1)
    z = channels.get("Z")
    matrix = rgb_to_rec2020(header["chromaticities"]) if "chromaticities" in header else REC709_TO_REC2020
    return Frame(
        pixels=np.nan_to_num(scene_rgb, copy=False, nan=0.0, posinf=HALF_MAX, neginf=0.0),
        encoding=Encoding.SCENE,
        profile=CameraProfile(camera_to_scene=matrix.copy()),
        depth_m=whole_depth(z) if z is not None and z.shape == scene_rgb.shape[:2] else None,
        name=str(path),
    )


def read_channels(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Every channel of the first part by name, each (H, W), and the header."""
    try:
        import OpenEXR
    except ImportError as error:
        raise MissingExtraError(str(path), "OpenEXR", "exr") from error
    try:
        with OpenEXR.File(str(path), separate_channels=True) as file:
            return {name: channel.pixels for name, channel in file.channels().items()}, dict(file.header())
    except (RuntimeError, ValueError, TypeError, OSError) as error:
        raise SourceError(f"{path}: OpenEXR cannot read it ({_one_line(error)}); copy or save it again") from error


def rgb_to_rec2020(chromaticities: Any) -> NDArray[np.float64]:
    """(3, 3) from the xy of red, green, blue and white (eight numbers) to linear Rec.2020, D65, white kept white."""
    xy = np.array(chromaticities, np.float64).reshape(4, 2)
    white_xyz, wanted_xyz = _xyz(xy[3]), _xyz(REC2020_XY[3])
    gain = np.diag((BRADFORD @ wanted_xyz) / (BRADFORD @ white_xyz))
    adapt = np.linalg.inv(BRADFORD) @ gain @ BRADFORD
    return np.asarray(np.linalg.inv(_rgb_to_xyz(REC2020_XY)) @ adapt @ _rgb_to_xyz(xy))


def _rgb_to_xyz(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    primaries = np.stack([_xyz(one) for one in xy[:3]], axis=1)
    return np.asarray(primaries * np.linalg.solve(primaries, _xyz(xy[3])))


def _xyz(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y = xy
    return np.array([x / y, 1.0, (1.0 - x - y) / y])


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
