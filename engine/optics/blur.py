"""The blur of a lens at its focus, for a picture: the signed radius of a point by its distance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kept import Kept
from ..lens import INFINITE_M, Lens


@dataclass(frozen=True, slots=True)
class Blur:
    """Parameters of the coc kernel: signed radius = coc_px / 2 (1 - focus_m / depth), minus the blur of the capture."""

    coc_px: float
    focus_m: float
    native_coc_px: float = 0.0
    native_focus_m: float = 1.0
    lens: Lens = field(default_factory=Lens)
    native_lens: Lens | None = None
    colour_shift_px: tuple[float, float] = (0.0, 0.0)  # red and blue; added to the signed radius

    @classmethod
    def of(
        cls,
        lens: Lens,
        focus_m: float,
        width_px: int,
        native_lens: Lens | None = None,
        native_focus_m: float | None = None,
    ) -> Blur:
        """Blur of `lens` focused at `focus_m`, for a picture `width_px` wide captured by `native_lens`."""
        return _latest.of(cls._of, lens, focus_m, width_px, native_lens, native_focus_m)

    @classmethod
    def _of(
        cls, lens: Lens, focus_m: float, width_px: int, native_lens: Lens | None, native_focus_m: float | None
    ) -> Blur:
        focus_m = min(focus_m, INFINITE_M)
        coc_px = lens.coc_scale_px(focus_m, width_px)
        native_coc_px = 0.0
        if native_lens is not None and native_focus_m is not None:
            native_focus_m = min(native_focus_m, INFINITE_M)
            native_coc_px = native_lens.coc_scale_px(native_focus_m, width_px)
        return cls(
            coc_px,
            focus_m,
            native_coc_px,
            native_focus_m or 1.0,
            lens,
            native_lens,
            lens.colour_shift_px(focus_m, width_px),
        )

    def radius_px(self, depth_m: float) -> float:
        """Signed radius at one depth, as computed in kernels/defocus_layers.cl."""
        return float(self.radii_px(np.array(depth_m)))

    def radii_px(self, depth_m: NDArray[Any]) -> NDArray[np.float64]:
        """The same for an array of depths."""
        nearness = 1.0 / np.maximum(depth_m, 1e-3, dtype=np.float64)
        wanted = 0.5 * self.coc_px * (1.0 - self.focus_m * nearness)
        native = 0.5 * self.native_coc_px * (1.0 - self.native_focus_m * nearness)
        return np.asarray(np.copysign(np.sqrt(np.maximum(wanted**2 - native**2, 0.0)), wanted))


_latest: Kept[Blur] = Kept(8)
