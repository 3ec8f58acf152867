"""Overlays over the picture on the screen. Stills and rendered files do not contain them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..gl.passes import Value
from ..lens import Lens
from ..optics.autofocus import Box
from ..optics.focus import CIRCLES_PER_DIAGONAL

if TYPE_CHECKING:
    from ..frame import Frame
    from ..gl.planes import ScenePlanes
    from .dof_scale import DofScale


@dataclass(frozen=True, slots=True, eq=False)
class Circles:
    """The circle of confusion at each point of the picture: `scale` |1 - `focus_m` / depth|; up to 1 is sharp.

    `depth_m` is (h, w) float32 metres over the whole picture, of any size. `scale` and `focus_m` are pairs: of the
    virtual lens, and of the lens that took the picture, whose blur remains. A scale of 0 is a lens without blur. The
    picture is the frame, magnified `magnification` times around its centre.
    """

    depth_m: NDArray[np.float32]
    scale: tuple[float, float]
    focus_m: tuple[float, float]
    magnification: float = 1.0

    @classmethod
    def of(
        cls, depth_m: NDArray[np.float32], lens: Lens, focus_m: float, frame: Frame, magnification: float = 1.0
    ) -> Circles:
        """The circles of the upright `frame` through `lens`, focused at `focus_m` metres."""
        per_diagonal = CIRCLES_PER_DIAGONAL / float(np.hypot(*frame.size))
        virtual = lens.coc_scale_px(focus_m, frame.width) * per_diagonal
        if frame.native_lens is None or frame.native_focus_m is None:
            return cls(depth_m, (virtual, 0.0), (focus_m, 1.0), magnification)
        native = frame.native_lens.coc_scale_px(frame.native_focus_m, frame.width) * per_diagonal
        return cls(depth_m, (virtual, native), (focus_m, frame.native_focus_m), magnification)


@dataclass(frozen=True, slots=True)
class View:
    """The visible part of the picture, and its desqueeze.

    A `zoom` of 5 shows a fifth of the width and height around `middle`, a fraction of the picture, shifted to stay
    inside the picture. An inset shows the whole picture. A picture from an anamorphic lens is shown `squeeze` times as
    wide. Below 1, `shrink` is its size relative to the largest that the window holds.
    """

    zoom: float = 1.0
    middle: tuple[float, float] = (0.5, 0.5)
    squeeze: float = 1.0
    shrink: float = 1.0

    @property
    def corner(self) -> tuple[float, float]:
        """The top-left corner of the visible part, as a fraction of the picture."""
        x, y = (min(max(at - 0.5 / self.zoom, 0.0), 1.0 - 1.0 / self.zoom) for at in self.middle)
        return x, y

    @property
    def box(self) -> Box:
        """The visible part: left, top, right, bottom as fractions of the picture."""
        (left, top), part = self.corner, 1.0 / self.zoom
        return left, top, left + part, top + part

    def shape(self, picture: tuple[int, int]) -> tuple[int, int]:
        """(width, height) in pixels of the desqueezed picture."""
        return max(1, round(picture[0] * self.squeeze)), picture[1]

    def picture_position(self, x: float, y: float) -> tuple[float, float]:
        """The fraction of the picture at the fraction (x, y) of its visible part."""
        return self.corner[0] + x / self.zoom, self.corner[1] + y / self.zoom


WHOLE = View()


@dataclass(frozen=True, slots=True, eq=False)
class Overlays:
    """Overlays: passes by name, in order, the depth-of-field scale, and a frame around a face.

    `values` sets parameters by pass and parameter; the others have their defaults. Passes that show sharpness need
    `circles`; without them nothing is sharp. Passes that show scene light need `scene`. Passes that show raw data need
    `raw`, an upright mosaic frame. Frame lines need `equivalent_mm`. `face` is left, top, right and bottom as fractions
    of the picture.
    """

    passes: tuple[str, ...] = ()
    values: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    circles: Circles | None = None
    dof_scale: DofScale | None = None
    face: Box | None = None
    scene: ScenePlanes | None = None
    raw: Frame | None = None
    equivalent_mm: float | None = None
    view: View = WHOLE

    def __or__(self, over: Overlays) -> Overlays:
        """These overlays with `over` on top."""
        single = ("circles", "dof_scale", "face", "scene", "raw", "equivalent_mm")
        return Overlays(
            self.passes + tuple(name for name in over.passes if name not in self.passes),
            {**self.values, **over.values},
            view=self.view if over.view == WHOLE else over.view,
            **{name: getattr(over if getattr(self, name) is None else self, name) for name in single},
        )


NO_OVERLAYS = Overlays()
