"""Soft-focus lens: part of the light of every point goes into a wide halo around its sharp core.

Under-corrected spherical aberration focuses the rays from the lens's rim in front of the rays from its centre. They
arrive around the point, at a distance that grows with the cube of their height in the pupil (R. Kingslake, "Optics in
photography", SPIE 1992). The fraction of the halo within r of the centre grows as r^(2/3): each octave of radii
contains 2^(2/3) times as much light as the next smaller octave. Three Gaussian blurs represent three octaves. Stopping
down removes the rim: the halo's size shrinks with the cube of the pupil, its share (`Lens.soft_focus`) with the square.

The halo does not depend on depth: areas in focus have it too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..compute.device import Device
from ..compute.planes import Planes
from ..lens import Lens

SOURCE = "soft_focus.cl"
MAX_SIGMA = 0.012  # sigma of the widest blur at full aperture, as a fraction of the picture's width
OCTAVES = (0.25, 0.5, 1.0)  # sigmas relative to the widest
SHARES = tuple(octave ** (2 / 3) / sum(other ** (2 / 3) for other in OCTAVES) for octave in OCTAVES)
_MIN_PX = 0.5  # a halo with a smaller widest sigma is invisible
_MIN_SHARE = 0.001
_FINEST = 1.2  # minimum sigma of the narrowest blur in pixels of its scale; below twice this value
_WEIGHTS = 16  # floats per scale in the table of weights


@dataclass(frozen=True, slots=True)
class SoftFocusHalo:
    """`share` of the light in the halo, 0 to 1; `widest` sigma of its blurs, as a fraction of the picture's width."""

    share: float
    widest: float

    @classmethod
    def of(cls, lens: Lens, native_lens: Lens | None = None) -> SoftFocusHalo:
        """Halo of `lens` at its aperture, minus the halo already in a picture captured by `native_lens`."""
        wanted, native = lens.soft_focus_at_f_number, 0.0 if native_lens is None else native_lens.soft_focus_at_f_number
        # native_lens left (1 - native) of the light in the core; after the added halo (1 - wanted) must remain.
        share = (wanted - native) / (1.0 - native) if wanted > native else 0.0
        return cls(share, MAX_SIGMA * lens.opening**3)

    def shows(self, width_px: int) -> bool:
        """Whether the halo is visible at this picture width."""
        return self.share > _MIN_SHARE and self.widest * width_px > _MIN_PX

    def blurs(self, width_px: int) -> dict[int, tuple[float, float]]:
        """For each scale (1 is half the size, 2 a quarter): the blur's share, and its variance in pixels of the scale.

        The shares sum to 1. Octaves too narrow for a scale of their own are merged into one blur at the first scale.
        """
        finest_px = OCTAVES[0] * self.widest * width_px
        first = math.floor(math.log2(finest_px / _FINEST))
        sums: dict[int, tuple[float, float]] = {}
        for number, (octave, share) in enumerate(zip(OCTAVES, SHARES, strict=True)):
            scale = max(first + number, 1)
            before, variance = sums.get(scale, (0.0, 0.0))
            own = (octave * self.widest * width_px / 2**scale) ** 2
            sums[scale] = before + share, variance + share * own
        return {scale: (share, variance / share) for scale, (share, variance) in sums.items()}


def weights_of(scale: int, variance: float) -> NDArray[np.float64]:
    """Weights at 0, 1, 2, ... pixels of a scale. Together with the halving and doubling they blur by `variance`.

    Linear doubling blurs by 3/16 of a coarse pixel squared. So does halving, except the first, a plain mean of 1/16.
    Over all steps the sum is 1/2 - 4^-scale in pixels of the scale.
    """
    own = variance - (0.5 - 0.25**scale)
    if own < 0.35:  # too narrow for samples of a Gaussian
        side = 0.5 * max(own, 0.0)
        return np.array([1 - 2 * side, side])
    distance = np.arange(math.ceil(3 * math.sqrt(own)) + 1)
    weights = np.exp(-0.5 * distance**2 / own)
    return np.asarray(weights / (2 * weights.sum() - weights[0]))


class SoftFocus:
    """Adds the halo to pictures of one size on one device; allocates on construction."""

    def __init__(self, device: Device, width: int, height: int) -> None:
        self._device = device
        self.size = (width, height)
        blurs = SoftFocusHalo(1.0, MAX_SIGMA).blurs(width)
        deepest = max(blurs)
        taps = max(len(weights_of(scale, variance)) for scale, (_, variance) in blurs.items())
        step = 2 ** (deepest - 1)  # all scales have whole pixels
        self._margin = _ceil((taps + 3) * step, 16)  # whole runs
        columns, rows = (_ceil((length + 1) // 2 + 2 * self._margin, step) for length in (width, height))
        self._scales = [Planes(device, columns >> n, rows >> n, 3, half_floats=True) for n in range(deepest)]
        self._along = device.allocate(self._scales[0].buffer.nbytes)
        self._weights = [device.allocate(4 * _WEIGHTS) for _ in range(deepest)]
        self._halo: SoftFocusHalo | None = None
        self._blurs: dict[int, tuple[float, int]] = {}  # per scale: share and taps on either side

    def run(self, scene: Planes, halo: SoftFocusHalo) -> Planes:
        """Queues the kernels and returns `scene`, scene-linear planes of this size, with the halo; borders are unset.

        A uniform picture does not change, and every point keeps its energy.
        """
        self._set_halo(halo)
        first, layout = self._scales[0], scene.layout
        half = first.layout
        first.run(
            SOURCE, "soft_focus_halve_picture", scene=scene.buffer, scale=first.buffer, width=layout.width,
            height=layout.height, pitch=layout.pitch, stride=layout.stride, columns=half.width, half_pitch=half.pitch,
            half_stride=half.stride, margin=self._margin,
        )  # fmt: skip
        deepest = max(self._blurs)
        for finer, coarse in zip(self._scales[: deepest - 1], self._scales[1:deepest], strict=True):
            coarse.run(
                SOURCE, "soft_focus_halve", finer=finer.buffer, scale=coarse.buffer, pitch=finer.layout.pitch,
                stride=finer.layout.stride, columns=coarse.layout.width, half_pitch=coarse.layout.pitch,
                half_stride=coarse.layout.stride,
            )  # fmt: skip
        for scale in range(deepest, 0, -1):
            self._blur(scale, deepest)
        scene.run(
            SOURCE, "soft_focus_add", scale=first.buffer, scene=scene.buffer, half_pitch=half.pitch,
            half_stride=half.stride, margin=self._margin, share=halo.share,
        )  # fmt: skip
        return scene

    def _set_halo(self, halo: SoftFocusHalo) -> None:
        if halo == self._halo:
            return
        self._halo, self._blurs = halo, {}
        for scale, (share, variance) in halo.blurs(self.size[0]).items():
            weights = weights_of(scale, variance)
            self._blurs[scale] = share, len(weights) - 1
            self._device.write(self._weights[scale - 1], weights.astype(np.float32))

    def _blur(self, scale: int, deepest: int) -> None:
        """Blurs a scale and all smaller ones into its own planes."""
        planes, weights = self._scales[scale - 1], self._weights[scale - 1]
        coarse = self._scales[min(scale, deepest - 1)]
        share, taps = self._blurs.get(scale, (0.0, 0))
        columns = planes.layout.width
        if share > 0:
            planes.run(
                SOURCE,
                "soft_focus_blur_rows",
                scale=planes.buffer,
                along=self._along,
                weights=weights,
                taps=taps,
                columns=columns,
            )
        planes.run(
            SOURCE, "soft_focus_blur_columns", along=self._along, coarse=coarse.buffer, scale=planes.buffer,
            weights=weights, taps=taps, columns=columns, coarse_pitch=coarse.layout.pitch,
            coarse_stride=coarse.layout.stride,
            share=share, has_coarse=int(scale < deepest),
        )  # fmt: skip

    def release(self) -> None:
        """Releases everything; a second call has no effect."""
        for planes in self._scales:
            planes.release()
        for buffer in (self._along, *self._weights):
            self._device.release(buffer)


def _ceil(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
