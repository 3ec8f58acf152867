"""Position of a finished picture in its source frame: orientation, crop, scale and shift.

Pictures are compared by the directions of their edges (A. J. Fitch, A. Kadyrov, W. J. Christmas, J. Kittler,
"Orientation Correlation", BMVC 2002), which tone curves and colours do not change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...errors import GroundglassError
from ...orientation import upright

Plane = NDArray[np.float32]
Field = NDArray[np.complex64]

COARSE_PX = 320  # long side of the frame in the coarse search
SURE = 12.0  # peak height, in standard deviations, that ends the search; random peaks reach 6
FOUND = 8.5  # minimum peak height of a match
PATCH_PX, REACH_PX = 64, 20  # side of the patches that refine a match, and their maximum shift at first
PATCH_FOUND = 6.0  # minimum peak height of a patch
MIN_COUNT = 12  # minimum number of patches
AGREE_PX = 1.5  # maximum remaining shift of a patch that agrees


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """The position of a picture in its frame, both as arrays of pixels.

    The picture is first turned by `orientation` (EXIF). Its pixel (x, y) is at `matrix` (2, 3) times (x, y, 1) in the
    frame; `distortion` then moves it radially from the frame's centre, by its squared distance in half diagonals.
    `shift_px` is the median remaining shift of the patches; `sureness` is the peak height of the match in standard
    deviations.
    """

    orientation: int
    matrix: NDArray[np.float64]
    distortion: float
    frame_size: tuple[int, int]
    shift_px: float
    sureness: float

    def places(self, size: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Columns and rows in the frame, (H, W) each, of every pixel of a picture of `size` (width, height)."""
        width, height = size
        x, y = np.meshgrid(np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64))
        return self.place(x, y)

    def place(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        straight = [row[0] * x + row[1] * y + row[2] for row in self.matrix]
        dx, dy, r2 = _from_middle(straight[0], straight[1], self.frame_size)
        return straight[0] + self.distortion * r2 * dx, straight[1] + self.distortion * r2 * dy


def align(frame: Plane, picture: Plane, name: str) -> Placement:
    """Finds a `picture` (h, w) in its `frame` (H, W): brightness of any scale, with about the same detail in both.

    Raises GroundglassError, which begins with `name`, if the picture is not found in the frame.
    """
    coarse = _coarse(frame, picture)
    if coarse is None or coarse.sureness < FOUND:
        raise GroundglassError(
            f"{name}: does not show the scene of the raw, or both have too little detail; give a picture that was "
            "made of this raw"
        )
    turned = upright(picture, coarse.orientation)
    placement, wanted = coarse, edges(turned)
    for reach in (REACH_PX, REACH_PX, 8, 4):
        placement = _refined(placement, frame, wanted, reach, name)
    return placement


def edges(plane: Plane) -> Field:
    """Directions of edges, (H, W): unit vectors at clear edges, nearly 0 in noise."""
    padded = np.pad(plane, 2, mode="edge")
    for axis in (0, 1):  # binomial filter of three taps
        ends = [slice(None)] * 2, [slice(None)] * 2
        ends[0][axis], ends[1][axis] = slice(None, -2), slice(2, None)
        inner = [slice(None)] * 2
        inner[axis] = slice(1, -1)
        padded = 0.5 * padded[tuple(inner)] + 0.25 * (padded[tuple(ends[0])] + padded[tuple(ends[1])])
    across, down = padded[1:-1, 2:] - padded[1:-1, :-2], padded[2:, 1:-1] - padded[:-2, 1:-1]
    field = across + 1j * down
    size = np.abs(field)
    # Fine texture lies between noise and edges: it counts in part.
    return np.asarray(field / np.sqrt(size**2 + (2.0 * np.median(size)) ** 2 + 1e-12), np.complex64)


def shrunk(plane: Plane, size: tuple[int, int]) -> Plane:
    """A plane resized to `size` (width, height): area means if it shrinks, bilinear if it grows."""
    image = Image.fromarray(np.ascontiguousarray(plane, np.float32))
    resampling = Image.Resampling.BOX if size[0] < plane.shape[1] else Image.Resampling.BILINEAR
    return np.asarray(image.resize(size, resampling), np.float32)


def sampled(plane: NDArray[np.float32], x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float32]:
    """Bilinear samples of (H, W, ...) at columns and rows; NaN outside."""
    height, width = plane.shape[:2]
    outside = (x < 0) | (y < 0) | (x > width - 1) | (y > height - 1)
    left = np.clip(np.nan_to_num(x), 0, width - 1.001).astype(np.intp)
    top = np.clip(np.nan_to_num(y), 0, height - 1.001).astype(np.intp)
    right, below = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    more = (...,) + (None,) * (plane.ndim - 2)
    across, down = (x - left).astype(np.float32)[more], (y - top).astype(np.float32)[more]
    upper = plane[top, left] * (1 - across) + plane[top, right] * across
    lower = plane[below, left] * (1 - across) + plane[below, right] * across
    drawn = upper * (1 - down) + lower * down
    drawn[outside] = np.nan
    return np.asarray(drawn, np.float32)


def _coarse(frame: Plane, picture: Plane) -> Placement | None:
    """The best match of the picture in the frame, likely candidates first; None if every candidate is too small."""
    height, width = frame.shape
    shrink = min(COARSE_PX / max(height, width), 1.0)
    small = shrunk(frame, (max(round(width * shrink), 8), max(round(height * shrink), 8)))
    padded = _fast_length(2 * small.shape[0]), _fast_length(2 * small.shape[1])
    spectrum = np.fft.fft2(edges(small), padded)
    best: tuple[float, int, float, tuple[int, int], tuple[float, float]] | None = None
    for orientation, zoom in _guesses():
        if best is not None and best[0] >= SURE and (orientation, zoom) == (1, 1.1):
            break
        turned = upright(picture, orientation)
        scale = min(small.shape[1] / turned.shape[1], small.shape[0] / turned.shape[0]) / zoom
        size = round(turned.shape[1] * scale), round(turned.shape[0] * scale)
        if min(size) < 24:
            continue
        correlated = np.fft.ifft2(spectrum * np.conj(np.fft.fft2(edges(shrunk(turned, size)), padded))).real
        peak = float(correlated.max() / (correlated.std() + 1e-12))
        if best is None or peak > best[0]:
            row, column = divmod(int(correlated.argmax()), correlated.shape[1])
            best = peak, orientation, scale, size, _unwrapped(column, row, correlated.shape)
    if best is None:
        return None
    sureness, orientation, _, size, (x, y) = best
    turned_height, turned_width = upright(picture, orientation).shape
    across, down = size[0] / turned_width, size[1] / turned_height
    grow_x, grow_y = width / small.shape[1], height / small.shape[0]
    # Pixel centres are half-integers in area coordinates, integers in array coordinates.
    matrix = np.array(
        [
            [across * grow_x, 0.0, (x + 0.5 * across) * grow_x - 0.5],
            [0.0, down * grow_y, (y + 0.5 * down) * grow_y - 0.5],
        ]
    )
    return Placement(orientation, matrix, 0.0, (width, height), 0.0, sureness)


def _guesses() -> Iterator[tuple[int, float]]:
    """Candidates: orientation, and how much narrower the picture's view is than the frame's."""
    likely = np.arange(0.96, 1.065, 0.02)
    yield from ((1, float(zoom)) for zoom in likely)
    yield 1, 1.1  # the search ends here if a candidate above was clear
    for orientation in (1, 3, 6, 8, 2, 4, 5, 7):
        if orientation != 1:
            yield from ((orientation, float(zoom)) for zoom in likely)
    for orientation in (1, 3, 6, 8):
        yield from ((orientation, float(zoom)) for zoom in 1.1 * 1.03 ** np.arange(1, 36))
    yield from ((1, float(zoom)) for zoom in (0.94, 0.92, 0.9, 0.88, 0.86))


def _refined(coarse: Placement, frame: Plane, wanted: Field, reach: int, name: str) -> Placement:
    """The placement, corrected by the shifts of patches."""
    height, width = wanted.shape
    x, y = coarse.places((width, height))
    warped = sampled(frame, x, y)
    inside = np.isfinite(warped)
    frame_edges = np.where(inside, edges(np.where(inside, warped, np.float32(np.nanmean(warped)))), 0)
    shifts = np.array(list(_shifts(np.asarray(frame_edges, np.complex64), wanted, inside, reach)))
    if len(shifts) < MIN_COUNT:
        raise GroundglassError(
            f"{name}: its details do not match the raw; give a picture that was made of this raw, neither retouched "
            "nor straightened"
        )
    px, py, moved_x, moved_y = shifts.T
    target = coarse.place(px + moved_x, py + moved_y)  # position in the frame of the picture's detail at px, py
    matrix, distortion = coarse.matrix, coarse.distortion
    weight = np.ones(len(px))
    for _ in range(8):
        matrix, distortion = _placement_of(px, py, target, weight, coarse.frame_size, is_stretched=len(px) >= 24)
        now = Placement(coarse.orientation, matrix, distortion, coarse.frame_size, 0.0, coarse.sureness)
        off = np.hypot(*(x_or_y - wanted_at for x_or_y, wanted_at in zip(now.place(px, py), target, strict=True)))
        weight = 1.0 / (1.0 + (off / max(1.4826 * float(np.median(off)), 0.1)) ** 2) ** 2
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    shift_px = float(np.median(off)) / scale
    if reach <= 4 and (off < AGREE_PX * scale).mean() < 0.4:
        raise GroundglassError(
            f"{name}: only {100 * (off < AGREE_PX * scale).mean():.0f} % of its details match the raw in position; "
            "give a picture that was made of this raw"
        )
    return Placement(coarse.orientation, matrix, distortion, coarse.frame_size, shift_px, coarse.sureness)


def _shifts(
    frame_edges: Field, wanted: Field, inside: NDArray[np.bool_], reach: int
) -> Iterator[tuple[float, float, float, float]]:
    """Centres of patches, and how much farther right and down their content is in `frame_edges`."""
    height, width = wanted.shape
    side = min(PATCH_PX, height // 3, width // 3)
    window = np.outer(np.hanning(side + 2)[1:-1], np.hanning(side + 2)[1:-1]).astype(np.float32)
    reach = min(reach, side // 3)
    for top in range(0, height - side + 1, max(side // 2, (height - side) // 16)):
        for left in range(0, width - side + 1, max(side // 2, (width - side) // 24)):
            box = slice(top, top + side), slice(left, left + side)
            if not inside[box].all():
                continue
            spectra = (np.fft.fft2(window * part[box]) for part in (frame_edges, wanted))
            correlated = np.fft.ifft2(next(spectra) * np.conj(next(spectra))).real
            near = np.fft.fftshift(correlated)
            middle = side // 2
            near = near[middle - reach : middle + reach + 1, middle - reach : middle + reach + 1]
            y, x = np.unravel_index(int(near.argmax()), near.shape)
            if near[y, x] < PATCH_FOUND * correlated.std() or not (0 < x < 2 * reach and 0 < y < 2 * reach):
                continue
            right = x - reach + _vertex(near[y, x - 1 : x + 2])
            down = y - reach + _vertex(near[y - 1 : y + 2, x])
            yield left + (side - 1) / 2, top + (side - 1) / 2, right, down


def _vertex(three: NDArray[np.floating]) -> float:
    """Position of the maximum of the parabola through three values at -1, 0 and 1."""
    before, middle, after = (float(value) for value in three)
    bend = before - 2 * middle + after
    return 0.5 * (before - after) / bend if bend < 0 else 0.0


def _placement_of(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    target: tuple[NDArray[np.float64], NDArray[np.float64]],
    weight: NDArray[np.float64],
    frame_size: tuple[int, int],
    *,
    is_stretched: bool,
) -> tuple[NDArray[np.float64], float]:
    """Weighted least squares of the six matrix values and the distortion; without `is_stretched` it is 0."""
    dx, dy, r2 = _from_middle(*target, frame_size)  # at the target, near enough to the position before distortion
    ones, none, root = np.ones_like(x), np.zeros_like(x), np.sqrt(weight)
    top = np.stack([x, y, ones, none, none, none, r2 * dx], axis=1)
    bottom = np.stack([none, none, none, x, y, ones, r2 * dy], axis=1)
    rows = np.concatenate([top * root[:, None], bottom * root[:, None]])
    wanted = np.concatenate([target[0] * root, target[1] * root])
    if not is_stretched:
        rows = rows[:, :6]
    solution = np.linalg.lstsq(rows, wanted, rcond=None)[0]
    return solution[:6].reshape(2, 3), float(solution[6]) if is_stretched else 0.0


def _from_middle(
    x: NDArray[np.float64], y: NDArray[np.float64], size: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Columns and rows from the centre of the frame, and squared distance from it in half diagonals."""
    dx, dy = x - (size[0] - 1) / 2, y - (size[1] - 1) / 2
    return dx, dy, 4 * (dx**2 + dy**2) / (size[0] ** 2 + size[1] ** 2)


def _unwrapped(x: float, y: float, shape: Iterable[int]) -> tuple[float, float]:
    height, width = shape
    return x - width if x > width / 2 else x, y - height if y > height / 2 else y


def _fast_length(minimum: int) -> int:
    """The smallest length >= `minimum` without a prime factor above 5."""
    length = minimum
    while True:
        rest = length
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return length
        length += 1
