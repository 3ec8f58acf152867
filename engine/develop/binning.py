"""Binning: the mean of four photosites behind the same filter as one photosite, before all other stages.

A quarter of the photosites, each with half the noise. Four of a quad-Bayer sensor are a square of 2x2; four of a Bayer
sensor are spread over 4x4 photosites, whose pattern stays.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import CameraProfile, NoiseProfile
from ..cfa import Cfa

MAPS = ("black_map", "gain_map", "defects", "noise")  # fields of a profile that binning changes


class Binning:
    """Binning of the mosaics of one kind of sensor."""

    def __init__(self, cfa: Cfa) -> None:
        self.is_quad = cfa.block == 2
        self._maps: dict[str, Any] = {}  # fields in MAPS of the latest profile; they rarely change
        self._binned: dict[str, Any] = {}

    def size_of(self, size: tuple[int, int]) -> tuple[int, int]:
        """(width, height) of the binned mosaic. Photosites at the right and the lower edge may be left over."""
        width, height = size
        return (width // 2, height // 2) if self.is_quad else (width // 4 * 2, height // 4 * 2)

    def mosaic(self, numbers: NDArray[Any]) -> NDArray[np.float32]:
        """The binned numbers of a mosaic or a map, (H, W)."""
        width, height = self.size_of(numbers.shape[::-1])
        side = 1 if self.is_quad else 2  # distance between photosites of one filter: the side of the block
        whole = np.asarray(numbers[: 2 * height, : 2 * width], np.float32)
        blocks = whole.reshape(height // side, 2, side, width // side, 2, side)
        return np.ascontiguousarray(blocks.mean(axis=(1, 4), dtype=np.float32).reshape(height, width))

    def profile(self, profile: CameraProfile) -> CameraProfile:
        """The profile of the binned mosaic: with binned maps, positions of defects, and less noise."""
        maps = {name: getattr(profile, name) for name in MAPS}
        if all(content is None for content in maps.values()):
            return profile
        if any(self._maps.get(name) is not content for name, content in maps.items()):
            black, gain, defects, noise = maps.values()
            contents = (
                None if black is None else self.mosaic(black),
                None if gain is None else self.mosaic(gain),
                None if defects is None else self._positions(defects),
                None if noise is None else binned_noise(noise),
            )
            self._maps, self._binned = maps, dict(zip(MAPS, contents, strict=True))
        return replace(profile, **self._binned)

    def _positions(self, defects: NDArray[np.int32]) -> NDArray[np.int32]:
        """(N, 2) columns and rows of the binned photosites that contain the defects."""
        return defects // 2 if self.is_quad else defects // 4 * 2 + defects % 2


def binned_noise(noise: NoiseProfile) -> NoiseProfile:
    """The noise of the mean of four photosites."""
    return NoiseProfile(noise.shot / 4, noise.read / 4)
