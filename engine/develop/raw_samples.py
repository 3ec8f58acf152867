"""The light of a frame at places spread evenly over it: what is measured to balance and to expose it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..frame import Encoding, Frame
from ..packing import unpack

BLOCKS = 96  # across and down: enough to judge a picture by, and a millisecond


def sample_raw(frame: Frame, area: tuple[int, int, int, int] | None = None) -> NDArray[np.float64]:
    """(rows, columns, 3) red, green and blue light, as the frame has it, 1 at the white level, evenly over `area`.

    `area` is left, top, right, bottom in sites; None is the whole frame. There are up to BLOCKS rows and columns, maybe
    none. A block is the array's own, of which each colour's sites are averaged, or the one colour of a monochrome
    sensor is all three; in a picture it is a pixel.
    """
    left, top, right, bottom = area or (0, 0, frame.width, frame.height)
    side = len(frame.cfa.channels()) if frame.encoding is Encoding.MOSAIC else 1
    columns = _starts(left, min(right, frame.width), side)
    rows = _starts(top, min(bottom, frame.height), side)
    if not (len(columns) and len(rows)):
        return np.zeros((0, 0, 3))
    across, down = (np.add.outer(starts, np.arange(side)).ravel() for starts in (columns, rows))
    if frame.encoding is not Encoding.MOSAIC:
        return _picture_samples(frame.pixels[np.ix_(down, across)])
    numbers = unpack(frame.pixels[down], frame.packing, frame.width)[:, across].astype(np.float64)
    blocks = numbers.reshape(len(rows), side, len(columns), side).swapaxes(1, 2).reshape(-1, side, side)
    profile = frame.profile
    black = np.tile(np.reshape(profile.black, (2, 2)), (-(-side // 2), -(-side // 2)))[:side, :side]
    light = (blocks - black) / (profile.white - black)
    photosites = [frame.cfa.channels() == channel for channel in range(3)]
    if frame.cfa.kind == "mono":
        photosites = [np.ones((side, side), bool)] * 3
    return np.stack([light[:, one].mean(axis=1) for one in photosites], axis=1).reshape(len(rows), len(columns), 3)


def _starts(first: int, end: int, side: int) -> NDArray[np.intp]:
    """Where up to BLOCKS blocks of `side` begin, evenly from `first` on and in step with the array, before `end`."""
    begin = -(-first // side)
    count = max(end // side - begin, 0)
    steps = np.linspace(0, count - 1, min(count, BLOCKS)).astype(np.intp)
    return side * (begin + steps)


def _picture_samples(pixels: NDArray[Any]) -> NDArray[np.float64]:
    """Linear light of display-encoded integers (IEC 61966-2-1); of floats, which are light already, themselves."""
    if not np.issubdtype(pixels.dtype, np.integer):
        return np.asarray(pixels, np.float64)
    encoded = np.asarray(pixels, np.float64) / np.iinfo(pixels.dtype).max
    return np.asarray(np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4))
