"""Finds a ColorChecker Classic in a raw frame and measures its 24 patches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..colour.difference import REFERENCE_LAB, scene_of_lab
from ..errors import GroundglassError
from ..frame import Encoding, Frame
from ..packing import unpack
from .find import COLUMNS, ROWS, find_charts
from .homography import homography, through

MEASURED_FRACTION = 0.4  # side of the measured square relative to the patch, whose edge blurs into the frame
CLIPPED = 0.95  # fraction of the white level: sensors are not linear near it
MIN_UNCLIPPED = 0.99  # minimum fraction of a patch's photosites that do not clip
# Maximum fraction of the colours' spread that the best linear map does not explain. Charts in uneven light reach 0.3;
# rotated charts and other objects with squares have at least 0.8.
MAX_MISFIT = 0.5

# Corners of the rectangle of patches, (4, 2) columns and rows: at the dark skin, bluish green, black and white patch.
Corners = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """`camera_rgb` (24, 3) is the mean light of each patch above black, 1 at the white level, in the chart's order.

    `usable` (24,) is False for a patch that clips, is black or is partly outside. `outlines` (24, 4, 2) are the corners
    of the measured squares in photosites.
    """

    camera_rgb: NDArray[np.float64]
    usable: NDArray[np.bool_]
    outlines: NDArray[np.float64]


def measure(frame: Frame, corners: Corners | None = None) -> Patches:
    """Measures the patches of the chart in an upright mosaic.

    `corners` (4, 2), in photosites, are at the dark skin, bluish green, black and white patch, in this order; default:
    the corners of the chart that is found. Raises GroundglassError if there is no chart or the colours do not match.
    """
    light = superpixels(frame)
    given = None if corners is None else [[corners / 2]] if _is_valid(corners) else []
    for found in find_charts(np.minimum(light, 1.0)) if given is None else given:
        best = min(found, key=lambda candidate: _misfit(_sampled(light, candidate, maximum=5)), default=None)
        if best is not None and _misfit(measured := _sampled(light, best, maximum=60)) <= MAX_MISFIT:
            return measured
    if corners is None:
        raise GroundglassError(
            f"{frame.name}: no ColorChecker was found; let it fill more of the picture, light it evenly, or give "
            "--corners at its dark skin, bluish green, black and white patches"
        )
    raise GroundglassError(
        f"{frame.name}: the area between the --corners does not have the colours of a ColorChecker, or too much of it "
        "clips; give the corners at its dark skin, bluish green, black and white patches, in this order"
    )


def _is_valid(corners: Corners) -> bool:
    """Whether `corners` can be a view of a rectangle: each turns clockwise, and none is nearly straight."""
    sides = np.roll(corners, -1, axis=0) - corners
    following = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]
    return bool((turns > 0.05 * np.hypot(*sides.T) * np.hypot(*following.T)).all())


def superpixels(frame: Frame) -> NDArray[np.float64]:
    """Linear light of each 2x2 block of a Bayer mosaic, (H // 2, W // 2, 3), 0 at black, 1 at the white level.

    A channel is infinite if one of its photosites clips. Raises GroundglassError if the frame is not a Bayer mosaic.
    """
    if frame.encoding is not Encoding.MOSAIC or frame.cfa.kind != "bayer":
        raise GroundglassError(f"{frame.name}: not a Bayer mosaic, which a profile requires; give the raw file")
    numbers = unpack(frame.pixels, frame.packing, frame.width)
    height, width = (side // 2 * 2 for side in numbers.shape)
    black, span = np.reshape(frame.profile.black, (2, 2)), frame.profile.span
    light = np.zeros((height // 2, width // 2, 3))
    for y in range(2):
        for x in range(2):
            channel = frame.cfa.channels()[y, x]
            weight = 0.5 if channel == 1 else 1.0
            photosite = (numbers[y:height:2, x:width:2] - black[y, x]) / span
            light[..., channel] += np.where(photosite < CLIPPED, weight * photosite, np.inf)
    return light


def _sampled(light: NDArray[np.float64], corners: Corners, maximum: int) -> Patches:
    """Samples the patches between `corners`, in superpixels. `maximum` is the number of samples per side of a patch."""
    to_picture = homography(np.array([(0, 0), (COLUMNS, 0), (COLUMNS, ROWS), (0, ROWS)], np.float64), corners)
    side = float(np.hypot(*(np.roll(corners, -1, axis=0) - corners).T).max()) / ROWS
    steps = np.linspace(
        -MEASURED_FRACTION / 2, MEASURED_FRACTION / 2, int(np.clip(MEASURED_FRACTION * side, 5, maximum))
    )
    square = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    edge = 0.5 * MEASURED_FRACTION * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    centres = np.array([(column + 0.5, row + 0.5) for row in range(ROWS) for column in range(COLUMNS)])
    outlines, points = (
        through(to_picture, (centres[:, None] + offsets).reshape(-1, 2)).reshape(24, -1, 2)
        for offsets in (edge, square)
    )
    limit = np.array(light.shape[1::-1])
    inside = ((points >= 0) & (points < limit)).all(axis=(1, 2))
    positions = np.clip(points, 0, limit - 1).astype(int)
    photosites = light[positions[..., 1], positions[..., 0]]  # (24, points, 3)
    unclipped = np.isfinite(photosites).all(axis=2)
    enough = unclipped.mean(axis=1) > MIN_UNCLIPPED  # a few hot photosites are harmless
    weights = np.where(enough[:, None], unclipped, True)[..., None]
    camera_rgb = (weights * np.minimum(photosites, 1.0)).sum(axis=1) / weights.sum(axis=1)
    return Patches(camera_rgb, inside & enough & (camera_rgb.min(axis=1) > 0), 2 * outlines)


def _misfit(patches: Patches) -> float:
    """The fraction of the colours' spread that the best linear map to the chart's colours does not explain.

    It is small only for a chart in the right orientation. 2 if fewer than 12 patches are usable.
    """
    used = patches.usable
    if used.sum() < 12:
        return 2.0
    camera, scene = (
        np.sqrt(np.maximum(patches.camera_rgb[used], 0)),
        np.sqrt(np.maximum(scene_of_lab(REFERENCE_LAB)[used], 0)),
    )
    camera = np.column_stack([camera, np.ones(len(camera))])
    residual = scene - camera @ np.linalg.lstsq(camera, scene, rcond=None)[0]
    return float(np.sqrt((residual**2).sum() / ((scene - scene.mean(axis=0)) ** 2).sum()))
