"""Stereo pairs: the right picture of each frame, from a file or a folder beside the source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from ..errors import SourceError
from ..formats.depth_files import Scaling
from ..frame import Frame, Lease, RelativeRig, StereoRig
from .source_filter import SourceFilter

if TYPE_CHECKING:
    from .source import Source

PREFIX = "stereo:"
_FIGURES = tuple(figure.name for figure in fields(StereoRig))
_TRY = "try stereo:right.png?focal_px=1000&baseline_m=0.1"


class WithRight(SourceFilter):
    """`source` with the right picture of each pair, frame by frame from `right`.

    Any depth that the source brings is left out. Raises SourceError where the two do not fit.
    """

    def __init__(self, source: Source, right: Source, rig: StereoRig | RelativeRig) -> None:
        super().__init__(source)
        self._right = right
        self._rig = rig
        self._rights = iter(right)
        if right.size != source.size:
            raise SourceError(
                f"{right.name}: {right.size[0]}x{right.size[1]} is no pair with {source.name}, "
                f"{source.size[0]}x{source.size[1]}; give two rectified pictures of one size"
            )
        if source.frames != right.frames:
            raise SourceError(
                f"{right.name}: {right.frames or 'endless'} frames are no pairs with {source.frames or 'endless'} of "
                f"{source.name}; give a right picture for each left one"
            )

    def __iter__(self) -> Iterator[Frame]:
        self._rights = iter(self._right)
        return super().__iter__()

    def change(self, frame: Frame) -> Frame:
        right = next(self._rights, None)
        if right is None:
            raise SourceError(f"{self._right.name}: ends before {self.name}; give a right picture for each left one")
        for fact in ("encoding", "packing", "orientation"):
            if getattr(frame, fact) != getattr(right, fact):
                raise SourceError(
                    f"{right.name or self._right.name}: its {fact} is {_said(getattr(right, fact))}, that of the left "
                    f"picture {_said(getattr(frame, fact))}; give a pair of one kind"
                )
        lease = Lease.joined(frame.lease, right.lease)
        return replace(frame, right=right.pixels, rig=self._rig, depth_m=None, depth_noise=0.0, lease=lease)

    def interrupt(self) -> None:
        self._right.interrupt()
        super().interrupt()

    def close(self) -> None:
        self._right.close()
        super().close()


def parse_pair(spec: str, scaling: Scaling) -> tuple[str, StereoRig | RelativeRig]:
    """The right source's name, and the rig, from "stereo:RIGHT?focal_px=1000&baseline_m=0.1&max_disparity=96".

    Without focal length and baseline the pair spans the depth range of `scaling`. Raises SourceError.

    >>> parse_pair("stereo:right.png?focal_px=1000&baseline_m=0.1", Scaling())
    ('right.png', StereoRig(focal_px=1000.0, baseline_m=0.1, doffs_px=0.0, max_disparity=None))
    """
    depth_range = scaling.span
    name, _, query = spec.removeprefix(PREFIX).partition("?")
    figures: dict[str, float] = {}
    for entry in filter(None, query.split("&")):
        key, _, text = entry.partition("=")
        try:
            figures[key] = float(text)
        except ValueError:
            raise SourceError(f"depth '{spec}': {key} is '{text}', no number; {_TRY}") from None
        if key not in _FIGURES:
            raise SourceError(f"depth '{spec}': '{key}' is none of {', '.join(_FIGURES)}; {_TRY}")
    if not name:
        raise SourceError(f"depth '{spec}' names no right picture; {_TRY}")
    if scaling.units_per_m is not None:
        raise SourceError("a pair has no depth scale, which is for maps; give focal_px and baseline_m instead")
    if depth_range is not None and set(figures) - {"max_disparity"}:
        raise SourceError(f"depth '{spec}' has figures that say the distances; leave out the depth range")
    if "focal_px" in figures and "baseline_m" in figures:
        return name, StereoRig(**figures)
    if depth_range is None:
        raise SourceError(
            f"depth '{spec}' needs focal_px and baseline_m, or instead of all figures a depth range, as 0.8..6; {_TRY}"
        )
    if depth_range.linear:
        raise SourceError("the disparities of a pair follow 1 / distance; leave out ',linear' of the depth range")
    near_m, far_m = sorted((depth_range.bright_m, depth_range.dark_m))
    return name, RelativeRig(near_m, far_m, figures.get("max_disparity"))


def _said(fact: object) -> object:
    return getattr(fact, "value", fact)
