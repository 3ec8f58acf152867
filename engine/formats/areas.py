"""Rectangles of photosites."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Area(NamedTuple):
    """A rectangle of photosites: rows `top` to `bottom` and columns `left` to `right`, both ends exclusive."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.bottom - self.top, self.right - self.left

    def within(self, other: Area) -> Area:
        """The intersection with `other`; its height or width is 0 if it is empty."""
        top, left = max(self.top, other.top), max(self.left, other.left)
        return Area(top, left, max(min(self.bottom, other.bottom), top), max(min(self.right, other.right), left))


def photosites(first: int, end: int, pitch: int, picture: tuple[int, int], crop: int) -> NDArray[np.intp]:
    """Every `pitch`th row (or column) from `first` to `end` of the picture, relative to the crop."""
    photosites = np.arange(first + picture[0], min(end + picture[0], picture[1]), pitch) - crop
    return photosites[photosites >= 0]
