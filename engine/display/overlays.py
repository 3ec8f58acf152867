"""What is drawn over the picture on the screen, and never into a still or a render."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..gl.passes import Value
from ..optics.autofocus import Box
from ..optics.focus import CIRCLES_PER_DIAGONAL
from ..optics.lens import Lens

if TYPE_CHECKING:
    from ..frame import Frame
    from .barrel import Barrel


@dataclass(frozen=True, slots=True, eq=False)
class Circles:
    """The circle of confusion anywhere in the picture: `scale` |1 - `focus_m` / depth|, where 1 counts as just sharp.

    `depth_m` is (h, w) float32 metres over the whole picture, of any size. `scale` and `focus_m` are those of the
    virtual lens and of the one that took the picture, which nothing sharpens; a scale of 0 says that it was sharp. The
    picture shows the frame `magnification` times as large, its middle in place.
    """

    depth_m: NDArray[np.float32]
    scale: tuple[float, float]
    focus_m: tuple[float, float]
    magnification: float = 1.0

    @classmethod
    def of(
        cls, depth_m: NDArray[np.float32], lens: Lens, focus_m: float, frame: Frame, magnification: float = 1.0
    ) -> Circles:
        """Of `frame`, upright, through `lens` focused at `focus_m` metres."""
        per_diagonal = CIRCLES_PER_DIAGONAL / float(np.hypot(*frame.size))
        virtual = lens.coc_scale_px(focus_m, frame.width) * per_diagonal
        if frame.native_lens is None or frame.native_focus_m is None:
            return cls(depth_m, (virtual, 0.0), (focus_m, 1.0), magnification)
        native = frame.native_lens.coc_scale_px(frame.native_focus_m, frame.width) * per_diagonal
        return cls(depth_m, (virtual, native), (focus_m, frame.native_focus_m), magnification)


@dataclass(frozen=True, slots=True, eq=False)
class Overlays:
    """What lies over the picture: overlay passes by name, in their order, the depth-of-field scale, a frame.

    `values` changes parameters of the passes, by the pass and the parameter; the others have their defaults. A pass
    that asks how sharp a place is needs `circles`: without them nothing counts as sharp. `face` is framed: left, top,
    right and bottom as fractions of the picture.
    """

    passes: tuple[str, ...] = ()
    values: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    circles: Circles | None = None
    barrel: Barrel | None = None
    face: Box | None = None

    def __or__(self, over: Overlays) -> Overlays:
        """These, and `over` on top of them."""
        return Overlays(
            self.passes + tuple(name for name in over.passes if name not in self.passes),
            {**self.values, **over.values},
            *(mine if mine is not None else other for mine, other in zip(_lone(self), _lone(over), strict=True)),
        )


def _lone(overlays: Overlays) -> tuple[Any, ...]:
    return overlays.circles, overlays.barrel, overlays.face


NO_OVERLAYS = Overlays()
