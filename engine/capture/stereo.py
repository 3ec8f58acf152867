"""Stereo pairs: adds the right picture of each frame from a second source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from ..errors import SourceError
from ..formats.depth_files import Scaling
from ..frame import Frame, Lease, RelativeRig, StereoRig
from .source import Timing
from .source_filter import SourceFilter

if TYPE_CHECKING:
    from .source import Source

PREFIX = "stereo:"
_PARAMETERS = tuple(field.name for field in fields(StereoRig))
_TRY = "try stereo:right.png?focal_px=1000&baseline_m=0.1"


class WithRight(SourceFilter):
    """`source` with the right picture of each pair, frame by frame from `right`.

    Depth of the source is ignored. Where a recording skips a picture, its counterpart is skipped, too. Raises
    SourceError if the two sources do not match. If it is `tolerant`, a pair that does not match is reported and
    skipped, and the pairs end with the first of the two sources.
    """

    def __init__(self, source: Source, right: Source, rig: StereoRig | RelativeRig, *, tolerant: bool = False) -> None:
        super().__init__(source, tolerant=tolerant)
        self._right = right
        self._rig = rig
        self._rights = iter(right)
        self._ahead: Frame | None = None  # the right picture of a later frame
        if right.size != source.size:
            raise SourceError(
                f"{right.name}: {right.size[0]}x{right.size[1]} differs from {source.name}, "
                f"{source.size[0]}x{source.size[1]}; give two rectified pictures of the same size"
            )
        if source.frames != right.frames:
            raise SourceError(
                f"{right.name}: {right.frames or 'endless'} frames, but {source.name} has "
                f"{source.frames or 'endless'}; give a right picture for each left picture"
            )

    def __iter__(self) -> Iterator[Frame]:
        self._rights, self._ahead = iter(self._right), None
        return self._changed(self._paired())

    def _paired(self) -> Iterator[Frame]:
        """The left pictures that have a counterpart. The right one is in `_ahead`."""
        for index, frame in enumerate(self._source):
            if self.timing is not Timing.PACED or self._reach(frame.index):
                if self._faults is not None and index and not self._has_right():
                    self._faults.report(f"{self._right.name}: ends before {self.name}; the last picture stays")
                    frame.release()
                    return
                yield frame

    def _has_right(self) -> bool:
        self._ahead = self._ahead or next(self._rights, None)
        return self._ahead is not None

    def _reach(self, index: int) -> bool:
        """Skips right pictures of frames before `index`. False if that of this frame was skipped."""
        right = self._ahead or next(self._rights, None)
        while right is not None and right.index < index:
            right = next(self._rights, None)
        self._ahead = right
        return right is None or right.index == index

    def change(self, frame: Frame) -> Frame:
        right, self._ahead = self._ahead or next(self._rights, None), None
        if right is None:
            raise SourceError(
                f"{self._right.name}: ends before {self.name}; give a right picture for each left picture"
            )
        for name in ("encoding", "packing", "yuv", "orientation"):
            right_value, left_value = getattr(right, name), getattr(frame, name)
            if left_value != right_value:
                right.release()
                raise SourceError(
                    f"{right.name or self._right.name}: {name} {_text(right_value)} differs from {_text(left_value)} "
                    "of the left picture; give a pair of the same kind"
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
    """The name of the right source, and the rig, from "stereo:RIGHT?focal_px=1000&baseline_m=0.1&max_disparity=96".

    Without focal length and baseline the disparities are scaled to the depth range of `scaling`. Raises SourceError.

    >>> parse_pair("stereo:right.png?focal_px=1000&baseline_m=0.1", Scaling())
    ('right.png', StereoRig(focal_px=1000.0, baseline_m=0.1, doffs_px=0.0, max_disparity=None))
    """
    depth_range = scaling.span
    name, _, query = spec.removeprefix(PREFIX).partition("?")
    parameters: dict[str, float] = {}
    for entry in filter(None, query.split("&")):
        key, _, text = entry.partition("=")
        try:
            parameters[key] = float(text)
        except ValueError:
            raise SourceError(f"depth '{spec}': {key} '{text}' is not a number; {_TRY}") from None
        if key not in _PARAMETERS:
            raise SourceError(f"depth '{spec}': unknown key '{key}', use {', '.join(_PARAMETERS)}; {_TRY}")
    if not name:
        raise SourceError(f"depth '{spec}' names no right picture; {_TRY}")
    if scaling.units_per_m is not None:
        raise SourceError("a depth scale applies to maps, not to a pair; give focal_px and baseline_m instead")
    if depth_range is not None and set(parameters) - {"max_disparity"}:
        raise SourceError(f"depth '{spec}' already determines the distances; leave out the depth range")
    if "focal_px" in parameters and "baseline_m" in parameters:
        return name, StereoRig(**parameters)
    if depth_range is None:
        raise SourceError(
            f"depth '{spec}' requires focal_px and baseline_m, or a depth range such as 0.8..6 instead; {_TRY}"
        )
    if depth_range.linear:
        raise SourceError("the disparities of a pair follow 1 / distance; leave out ',linear' in the depth range")
    near_m, far_m = sorted((depth_range.bright_m, depth_range.dark_m))
    return name, RelativeRig(near_m, far_m, parameters.get("max_disparity"))


def _text(value: object) -> object:
    """The value of an enum member; other values unchanged."""
    return getattr(value, "value", value)
