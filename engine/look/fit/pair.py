"""Aligns the scene and the picture of a pair, and samples areas that show the effect of the look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import GroundglassError
from ...orientation import upright
from .align import Placement, align, sampled, shrunk
from .solve import Samples

WORK_PX = 1536  # long side at which pairs are compared
BLOCK_PX = 8  # side of the area of one sample: noise and JPEG blocks average out
BRIGHTNESS = np.array([0.3, 0.6, 0.1], np.float32)
MIN_COUNT = 200  # minimum number of areas
WHITE, BLACK = 0.985, 0.006  # display values beyond which a channel counts as clipped
FLAT = (0.02, 0.08)  # deviation within an area: always flat enough below, never above
SHARE = 45.0  # percent of the areas, the flattest, that are used if few are flat


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A scene, and the camera's picture of it.

    `scene` (H, W, 3) is scene-linear Rec.2020, 18 % grey = 0.18; `display` (h, w, 3) display sRGB, of any size: uint8,
    uint16, or float 0..1. `usable` (H, W) is False where the sensor clipped. Raises ValueError for wrong shapes.
    """

    scene: NDArray[np.float32]
    display: ArrayLike
    usable: NDArray[np.bool_] | None = None
    name: str = "the picture"

    def __post_init__(self) -> None:
        shape = np.shape(self.display)
        if self.scene.ndim != 3 or self.scene.shape[2] != 3 or len(shape) != 3 or shape[2] != 3:
            raise ValueError(f"a pair is a scene (H, W, 3) and a picture (h, w, 3), not {self.scene.shape} and {shape}")
        if min(*self.scene.shape[:2], *shape[:2]) < 64:
            raise GroundglassError(f"{self.name}: the pair is smaller than 64x64 pixels; give larger pictures")
        if self.usable is not None and self.usable.shape != self.scene.shape[:2]:
            raise ValueError(f"usable is {self.usable.shape}, its scene {self.scene.shape[:2]}")


@dataclass(frozen=True, slots=True, eq=False)
class AlignedPair:
    """A pair at one size: scene and display (h, w, 3), `usable` and `place2` (h, w).

    The scene is NaN outside the frame. `place2` is the squared distance from the frame's
    centre in half diagonals.
    """

    name: str
    scene: NDArray[np.float32]
    display: NDArray[np.float32]
    usable: NDArray[np.bool_]
    place2: NDArray[np.float32]
    placement: Placement


def align_pair(pair: Pair) -> AlignedPair:
    """Finds the picture in its scene and resamples both to one size. Raises GroundglassError if it is not found."""
    scene_size, picture_size = _working_size(np.shape(pair.scene)), _working_size(np.shape(pair.display))
    display = _shrunk(_as_floats(np.asarray(pair.display)), picture_size)
    # Square roots are averaged here: they are nearer to the display values that are averaged in the picture.
    finite = np.nan_to_num(pair.scene, nan=0.0, posinf=100.0, neginf=0.0)
    root = _shrunk(np.sign(finite) * np.sqrt(np.abs(finite)), scene_size)
    placement = align(root @ BRIGHTNESS, display @ BRIGHTNESS, pair.name)
    turned = np.ascontiguousarray(upright(display, placement.orientation))
    x, y = placement.places((turned.shape[1], turned.shape[0]))
    root_at_picture = sampled(root, x, y)
    usable = np.isfinite(root_at_picture[..., 0]) & ~_is_clipped(turned)
    if pair.usable is not None:
        clear = shrunk(pair.usable.astype(np.float32), scene_size)
        usable &= np.nan_to_num(sampled(clear, x, y)) > 0.999
    frame_width, frame_height = scene_size
    dx, dy = x - (frame_width - 1) / 2, y - (frame_height - 1) / 2
    place2 = 4 * (dx**2 + dy**2) / (frame_width**2 + frame_height**2)
    scene = np.asarray(np.sign(root_at_picture) * root_at_picture**2, np.float32)
    return AlignedPair(pair.name, scene, turned, usable, np.asarray(place2, np.float32), placement)


def samples_of(pairs: Sequence[AlignedPair]) -> Samples:
    """All areas without edges and clipped pixels. A fold is a quarter of the pairs, or, with fewer than three pairs, a
    quarter of each picture: four of its sixteen regions.

    Raises GroundglassError if there are too few areas.
    """
    parts = [_areas(aligned, number, by_region=len(pairs) < 3) for number, aligned in enumerate(pairs)]
    for aligned, part in zip(pairs, parts, strict=True):
        if len(part) < min(MIN_COUNT, 0.02 * aligned.usable.size / BLOCK_PX**2):
            share = 100 * float(aligned.usable.mean())
            raise GroundglassError(
                f"{aligned.name}: only {len(part)} areas are usable ({share:.0f} % of the pixels are neither clipped "
                "nor outside the raw); give a picture with more tones between black and white"
            )
    columns = ("scene", "display", "place2", "fold", "pair")
    return Samples(*(np.concatenate([getattr(part, column) for part in parts]) for column in columns))


def _areas(aligned: AlignedPair, number: int, *, by_region: bool) -> Samples:
    rows, columns = aligned.usable.shape[0] // BLOCK_PX, aligned.usable.shape[1] // BLOCK_PX

    def means(plane: NDArray[np.float32]) -> NDArray[np.float64]:
        whole = plane[: rows * BLOCK_PX, : columns * BLOCK_PX].astype(np.float64)
        return np.asarray(whole.reshape(rows, BLOCK_PX, columns, BLOCK_PX, -1).mean(axis=(1, 3)))

    root = np.sign(aligned.scene) * np.sqrt(np.abs(aligned.scene))
    grey = aligned.display.mean(axis=2, keepdims=True)
    deviation = np.sqrt(np.maximum(means(grey**2) - means(grey) ** 2, 0))[..., 0]
    whole = means(aligned.usable[..., None].astype(np.float32))[..., 0] > 0.97
    limit = float(np.clip(np.percentile(deviation[whole], SHARE), *FLAT)) if whole.any() else 0.0
    chosen = whole & (deviation <= limit)
    mean_root = means(np.nan_to_num(root))
    scene = np.sign(mean_root) * mean_root**2
    y, x = np.mgrid[:rows, :columns]
    fold = (4 * x // columns + 2 * (4 * y // rows)) % 4 if by_region else np.full((rows, columns), number % 4)
    return Samples(
        scene=scene[chosen],
        display=means(aligned.display)[chosen],
        place2=means(aligned.place2[..., None])[..., 0][chosen],
        fold=fold[chosen].astype(np.intp),
        pair=np.full(int(chosen.sum()), number, np.intp),
    )


def _is_clipped(display: NDArray[np.float32]) -> NDArray[np.bool_]:
    """White in any channel; black in all channels, or in one channel of a colour that is not dark."""
    brightest = display.max(axis=2)
    is_black = (display.min(axis=2) < BLACK) & ((brightest > 0.1) | (brightest < BLACK))
    return np.asarray((brightest > WHITE) | is_black)


def _working_size(shape: tuple[int, ...]) -> tuple[int, int]:
    shrink = min(WORK_PX / max(shape[:2]), 1.0)
    return round(shape[1] * shrink), round(shape[0] * shrink)


def _shrunk(planes: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    if size == (planes.shape[1], planes.shape[0]):
        return planes
    return np.stack([shrunk(planes[..., channel], size) for channel in range(3)], axis=2)


def _as_floats(display: NDArray[Any]) -> NDArray[np.float32]:
    if np.issubdtype(display.dtype, np.integer):
        return np.asarray(display / np.float32(np.iinfo(display.dtype).max), np.float32)
    return np.clip(np.nan_to_num(np.asarray(display, np.float32)), 0.0, 1.0)
