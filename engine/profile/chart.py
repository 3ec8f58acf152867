"""Finding a ColorChecker Classic in a raw frame, and what the sensor measured of its 24 patches."""

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

PART = 0.4  # measured fraction of a patch around its middle: its rim blurs into the frame
CLIPPED = 0.95  # fraction of the white level: sensors are not linear near it
WHOLE = 0.99  # minimum fraction of a patch's photosites that do not clip
# Of the colours' spread that no map explains: up to 0.3 of charts in uneven light, 0.8 and more of a chart that is read
# the wrong way up, or of another thing with squares.
NO_CHART = 0.5

# Corners of the patches' rectangle: its dark skin, bluish green, black and white corner. (4, 2) columns and rows.
Corners = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """`camera_rgb` (24, 3) is the mean light of each patch above black, 1 at the white level, in the chart's order;
    `usable` (24,) is False where some of it clips. `outlines` (24, 4, 2) are the corners of what was measured, in
    photosites.
    """

    camera_rgb: NDArray[np.float64]
    usable: NDArray[np.bool_]
    outlines: NDArray[np.float64]


def measure(frame: Frame, corners: Corners | None = None) -> Patches:
    """The patches of the chart in an upright mosaic: of the one that is found, or of that between `corners`, (4, 2) in
    photosites: those of the dark skin, bluish green, black and white patches, in this order.

    GroundglassError where no chart is found, or where the colours between the corners are not a chart's.
    """
    light = superpixels(frame)
    given = None if corners is None else [[corners / 2]] if _is_valid(corners) else []
    for found in find_charts(np.minimum(light, 1.0)) if given is None else given:
        best = min(found, key=lambda one: _misfit(_sampled(light, one, maximum=5)), default=None)
        if best is not None and _misfit(measured := _sampled(light, best, maximum=60)) <= NO_CHART:
            return measured
    if corners is None:
        raise GroundglassError(
            f"{frame.name}: no ColorChecker was found; let it fill more of the picture, light it evenly, or give "
            "--corners with its dark skin, bluish green, black and white corners"
        )
    raise GroundglassError(
        f"{frame.name}: what lies between the --corners has not the colours of a ColorChecker, or too much of it is "
        "clipped; give its dark skin, bluish green, black and white corners, in this order"
    )


def _is_valid(corners: Corners) -> bool:
    """Whether a rectangle may be seen like this: each corner turns to the right, and none is nearly straight."""
    sides = np.roll(corners, -1, axis=0) - corners
    following = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]
    return bool((turns > 0.05 * np.hypot(*sides.T) * np.hypot(*following.T)).all())


def superpixels(frame: Frame) -> NDArray[np.float64]:
    """(H // 2, W // 2, 3) linear light of each 2x2 block of a Bayer mosaic, above black, 1 at the white level; infinite
    where one of the block's photosites clips.
    """
    if frame.encoding is not Encoding.MOSAIC or frame.cfa.kind != "bayer":
        raise GroundglassError(f"{frame.name}: a profile is made from a Bayer raw; this is none, so give the raw file")
    numbers = unpack(frame.pixels, frame.packing, frame.width)
    height, width = (side // 2 * 2 for side in numbers.shape)
    black, white = np.reshape(frame.profile.black, (2, 2)), frame.profile.white
    light = np.zeros((height // 2, width // 2, 3))
    for y in range(2):
        for x in range(2):
            channel = frame.cfa.channels()[y, x]
            share = 0.5 if channel == 1 else 1.0
            photosite = (numbers[y:height:2, x:width:2] - black[y, x]) / (white - black[y, x])
            light[..., channel] += np.where(photosite < CLIPPED, share * photosite, np.inf)
    return light


def _sampled(light: NDArray[np.float64], corners: Corners, maximum: int) -> Patches:
    """`corners` in superpixels; of each patch `most` superpixels across and down, or as many as it has."""
    to_picture = homography(np.array([(0, 0), (COLUMNS, 0), (COLUMNS, ROWS), (0, ROWS)], np.float64), corners)
    side = float(np.hypot(*(np.roll(corners, -1, axis=0) - corners).T).max()) / ROWS
    steps = np.linspace(-PART / 2, PART / 2, int(np.clip(PART * side, 5, maximum)))
    square = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    rim = 0.5 * PART * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    middles = np.array([(column + 0.5, row + 0.5) for row in range(ROWS) for column in range(COLUMNS)])
    outlines, points = (
        through(to_picture, (middles[:, None] + offsets).reshape(-1, 2)).reshape(24, -1, 2) for offsets in (rim, square)
    )
    limit = np.array(light.shape[1::-1])
    inside = ((points >= 0) & (points < limit)).all(axis=(1, 2))
    places = np.clip(points, 0, limit - 1).astype(int)
    photosites = light[places[..., 1], places[..., 0]]  # (24, points, 3)
    whole = np.isfinite(photosites).all(axis=2)
    enough = whole.mean(axis=1) > WHOLE  # a hot photosite here or there does no harm
    weights = np.where(enough[:, None], whole, True)[..., None]
    camera_rgb = (weights * np.minimum(photosites, 1.0)).sum(axis=1) / weights.sum(axis=1)
    return Patches(camera_rgb, inside & enough & (camera_rgb.min(axis=1) > 0), 2 * outlines)


def _misfit(patches: Patches) -> float:
    """How far the patches are from the chart's colours after the best linear map: which way up it is, and whether it is
    one. The part of the colours' spread that stays unexplained; more than 1 where too little is usable.
    """
    used = patches.usable
    if used.sum() < 12:
        return 2.0
    camera, scene = (
        np.sqrt(np.maximum(patches.camera_rgb[used], 0)),
        np.sqrt(np.maximum(scene_of_lab(REFERENCE_LAB)[used], 0)),
    )
    camera = np.column_stack([camera, np.ones(len(camera))])
    rest = scene - camera @ np.linalg.lstsq(camera, scene, rcond=None)[0]
    return float(np.sqrt((rest**2).sum() / ((scene - scene.mean(axis=0)) ** 2).sum()))
