"""Finding a ColorChecker Classic in a raw frame, and what the sensor measured of its 24 patches."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import GroundglassError, MissingExtraError
from ..frame import Encoding, Frame
from ..packing import unpack
from .colour import REFERENCE_LAB, scene_of_lab

COLUMNS, ROWS = 6, 4
PART = 0.4  # of a patch, from its middle, that is measured: its rim blurs into the frame between
CLIPPED = 0.95  # of the white level: near it sensors bend
SEARCHED = (
    1.0,
    0.5,
    0.25,
    2.0,
    4.0,
)  # exposures in which a chart is searched, beside that which makes the mean mid-grey

NO_CHART = 0.35  # of the colours' spread that no map explains: another thing with squares, or a wrong way up

# Corners of the patches' rectangle: its dark skin, bluish green, black and white corner. (4, 2) columns and rows.
Corners = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """`camera_rgb` (24, 3) is the mean light of each patch above black, 1 at the white level, in the chart's order;
    `usable` (24,) is False where some of it clips. `outlines` (24, 4, 2) are the corners of what was measured, in
    sites.
    """

    camera_rgb: NDArray[np.float64]
    usable: NDArray[np.bool_]
    outlines: NDArray[np.float64]


def measure(frame: Frame, corners: Corners | None = None) -> Patches:
    """The patches of the chart in an upright mosaic, found by the library colour-checker-detection, or between
    `corners`, (4, 2) in sites: those of the dark skin, bluish green, black and white patches, in this order.

    GroundglassError where none is found; MissingExtraError where the library is wanted and not there.
    """
    light = superpixels(frame)
    if corners is not None:
        return _sampled(light, corners / 2)
    turned = (np.roll(found, turn, axis=0) for found in _found(light, frame.name) for turn in range(4))
    measured = [_sampled(light, candidate) for candidate in turned]
    best = min(measured, key=_misfit, default=None)
    if best is None or _misfit(best) > NO_CHART:
        raise GroundglassError(
            f"{frame.name}: no ColorChecker was found; let it fill more of the picture, or give "
            "--corners with its dark skin, bluish green, black and white corners"
        )
    return best


def superpixels(frame: Frame) -> NDArray[np.float64]:
    """(H // 2, W // 2, 3) linear light of each 2x2 block of a Bayer mosaic, above black, 1 at the white level; infinite
    where one of the block's sites clips.
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
            site = (numbers[y:height:2, x:width:2] - black[y, x]) / (white - black[y, x])
            light[..., channel] += np.where(site < CLIPPED, share * site, np.inf)
    return light


def _found(light: NDArray[np.float64], name: str) -> Iterator[Corners]:
    """Corners of what may be charts, in superpixels, in any order of turns."""
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")  # of what else the library could use
            from colour_checker_detection import detect_colour_checkers_segmentation
    except ImportError as error:
        raise MissingExtraError(f"{name}: finding a chart", "colour-checker-detection", "profile") from error
    light = np.minimum(light, 1.0)
    grey = light.reshape(-1, 3).mean(axis=0)
    balanced = light * (grey[1] / np.maximum(grey, 1e-6))
    width = light.shape[1]
    for exposure in SEARCHED:
        picture = np.clip(balanced * (0.18 * exposure / max(float(grey[1]), 1e-6)), 0, 1).astype(np.float32)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            charts = detect_colour_checkers_segmentation(picture, additional_data=True)
        for chart in charts:
            # The library works on a picture of a width of its own, and keeps the aspect.
            yield np.asarray(chart.quadrilateral, np.float64) * (width / chart.colour_checker.shape[1])


def _sampled(light: NDArray[np.float64], corners: Corners) -> Patches:
    """`corners` in superpixels."""
    to_picture = _homography(np.array([(0, 0), (COLUMNS, 0), (COLUMNS, ROWS), (0, ROWS)], np.float64), corners)
    steps = np.linspace(-PART / 2, PART / 2, 25)
    square = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    rim = 0.5 * PART * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    rgb, usable, outlines = np.zeros((24, 3)), np.zeros(24, bool), np.zeros((24, 4, 2))
    for patch in range(24):
        middle = np.array([patch % COLUMNS + 0.5, patch // COLUMNS + 0.5])
        places = np.floor(_through(to_picture, middle + square)).astype(int)
        inside = np.all((places >= 0) & (places < light.shape[1::-1]), axis=1)
        outlines[patch] = 2 * _through(to_picture, middle + rim)
        if not inside.all():
            continue
        sites = light[places[:, 1], places[:, 0]]
        usable[patch] = np.isfinite(sites).all() and sites.mean() > 0
        rgb[patch] = np.minimum(sites, 1.0).mean(axis=0)
    return Patches(rgb, usable, outlines)


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


def _homography(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, 3) that takes four points (4, 2) to four others (R. Hartley and A. Zisserman, "Multiple View Geometry")."""
    rows, right = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    try:
        return np.append(np.linalg.solve(np.array(rows), np.array(right)), 1.0).reshape(3, 3)
    except np.linalg.LinAlgError as error:
        raise GroundglassError("--corners: three of the four lie on a line; give those of the patches") from error


def _through(homography: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    mapped = np.column_stack([points, np.ones(len(points))]) @ homography.T
    return np.asarray(mapped[:, :2] / mapped[:, 2:])
