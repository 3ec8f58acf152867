"""Focusing aids: depth of field, hyperfocal distance, zone focus, rack focus.

The largest sharp circle of confusion is the sensor's diagonal / 1500 (0.029 mm on 36x24 mm), the convention of most
engraved scales: S. F. Ray, "Applied Photographic Optics", 3rd edition, 2002, chapter 22, which is also the source of
the formulas. They describe the same thin lens as the blur, so scale and picture agree. Distances are in metres from the
lens; infinity is allowed.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from ..checks import NUMBER, check_fields, check_kind, of_type
from ..errors import LookError
from ..lens import DEFAULT_ASPECT, INFINITE_M, Lens

_RACK = dict.fromkeys(("from_m", "to_m", "seconds"), NUMBER)
_ZONE = dict.fromkeys(("f_number", "near_m", "far_m"), NUMBER)
CIRCLES_PER_DIAGONAL = 1500.0
BLURRED_CIRCLES = 3.0  # a circle of confusion this many times the largest sharp one is a visible blur
EDGES = 0.005  # maximum part of a picture that only the soft edges of a depth map put into focus
SUBJECT = 0.0005  # minimum part of a picture inside a surface that is in focus: edges are lines, and have no inside
SAMPLED_PX = 256  # samples along each side of a map, at least
MAX_FOCUS_M = 1000.0  # end of the focus scale: greater distances look the same, and infinity cannot be interpolated


def sharp_circle_mm(lens: Lens, aspect: float = DEFAULT_ASPECT) -> float:
    """The largest circle of confusion that counts as sharp; `aspect` is the picture's width over its height.

    >>> round(sharp_circle_mm(Lens(sensor_width_mm=36.0)), 4)
    0.0288
    """
    return lens.diagonal_mm(aspect) / CIRCLES_PER_DIAGONAL


def depth_of_field_dioptres(lens: Lens, aspect: float = DEFAULT_ASPECT) -> float:
    """Extent of the sharp zone on either side of the focus, in dioptres (1/m): N c / f^2, for a distant focus.

    It hardly depends on the focus S, by the factor (1 - f/S). So a depth-of-field scale has one pair of marks for each
    aperture.
    """
    return 1e3 * lens.f_number * sharp_circle_mm(lens, aspect) / lens.focal_mm**2


def hyperfocal_m(lens: Lens, aspect: float = DEFAULT_ASPECT) -> float:
    """H = f^2 / (N c) + f in metres: a lens that is focused there is sharp from H/2 to infinity.

    `aspect` is the width of the picture over its height.

    >>> round(hyperfocal_m(Lens(focal_mm=50.0, f_number=8.0)), 1)
    10.9
    """
    _check("hyperfocal_m", lens, aspect)
    return 1.0 / depth_of_field_dioptres(lens, aspect) + lens.focal_mm / 1e3


def depth_of_field_m(lens: Lens, focus_m: float, aspect: float = DEFAULT_ASPECT) -> tuple[float, float]:
    """(near, far) limits of the sharp zone of a lens, in metres; `far` is infinite from the hyperfocal distance on.

    `aspect` is the width of the picture over its height. Raises LookError if the focus is not beyond the focal length.
    """
    _check("depth_of_field_m", lens, aspect)
    check_kind("depth_of_field_m", "focus_m", focus_m, NUMBER)
    focus_m = min(focus_m, INFINITE_M)
    largest = lens.coc_scale_px(focus_m, 1) * lens.sensor_width_mm  # mm, circle of confusion at infinity
    part = sharp_circle_mm(lens, aspect) / largest  # the formula of `coc_px`, solved for the distance
    # A focus at the hyperfocal distance must reach infinity in spite of rounding.
    return focus_m / (1.0 + part), focus_m / (1.0 - part) if part < 1.0 - 1e-9 else math.inf


def focus_doubt(depth_m: NDArray[np.float32], lens: Lens, focus_m: float, remedy: str = "") -> str:
    """Why a picture with the distances `depth_m`, (h, w) metres, upright, is blurred everywhere, as an English clause.

    Empty if something is in focus, or if no distance is known: zero, negative and NaN are unknown. A `remedy` is added,
    unless the lens does not focus that close.
    """
    rows, columns = depth_m.shape
    sample = depth_m[:: max(rows // SAMPLED_PX, 1), :: max(columns // SAMPLED_PX, 1)]
    is_known = sample > 0
    known = sample[is_known]
    if known.size == 0:
        return ""
    is_sharp = np.zeros(sample.shape, bool)
    is_sharp[is_known] = is_in_focus(known, lens, focus_m, columns / rows)
    in_rows = is_sharp[:-2] & is_sharp[1:-1] & is_sharp[2:]
    inside = in_rows[:, :-2] & in_rows[:, 1:-1] & in_rows[:, 2:]
    if np.count_nonzero(is_sharp) > EDGES * known.size or np.count_nonzero(inside) > SUBJECT * known.size:
        return ""
    near_m, far_m = np.quantile(known, (EDGES, 1.0 - EDGES), method="nearest")
    if far_m < lens.focus_min_m:
        remedy = f"this lens focuses from {metres(lens.focus_min_m)}, so choose another one"
    clause = f"nothing is in focus at {metres(focus_m)}: everything is {_span(near_m, far_m)}"
    return f"{clause}; {remedy}" if remedy else clause


def is_in_focus(
    depth_m: NDArray[np.float32] | float, lens: Lens, focus_m: float, aspect: float = DEFAULT_ASPECT
) -> NDArray[np.bool_]:
    """Whether distances in metres are at most slightly blurred; `aspect` is the picture's width over its height."""
    blur_mm = lens.coc_px(depth_m, focus_m, 1) * lens.sensor_width_mm
    return np.asarray(blur_mm <= BLURRED_CIRCLES * sharp_circle_mm(lens, aspect))


def metres(distance_m: float) -> str:
    """A distance in a sentence, with three digits.

    >>> metres(0.4966), metres(1.2), metres(250.0), metres(1000.0)
    ('0.497 m', '1.2 m', '250 m', 'infinity')
    """
    return f"{distance_m:.3g} m" if distance_m < MAX_FOCUS_M - 0.5 else "infinity"


def _span(near_m: float, far_m: float) -> str:
    near, far = metres(near_m), metres(far_m)
    if far == "infinity":
        return "at infinity" if near == far else f"{near} away or farther"
    return f"{near} away" if near == far else f"{near.removesuffix(' m')} to {far} away"


def _check(where: str, lens: Lens, aspect: float) -> None:
    check_kind(where, "lens", lens, of_type(Lens))
    check_kind(where, "aspect", aspect, NUMBER)
    if not 0 < aspect < math.inf:
        raise LookError(f"{where}: aspect {aspect:g} is not above 0; give the width of the picture over its height")


@dataclass(frozen=True, slots=True)
class Rack:
    """Rack focus: moves the focus from `from_m` to `to_m` in a number of `seconds`; at 0 it jumps.

    Raises LookError for impossible numbers. It eases in and out by the minimum-jerk polynomial of hand movements (T.
    Flash and N. Hogan, J. Neuroscience 5(7), 1985). It is uniform in dioptres, like a focus ring: linear metres would
    pass near distances too fast.
    """

    from_m: float
    to_m: float
    seconds: float

    def __post_init__(self) -> None:
        check_fields("Rack", self, _RACK)
        if not (self.from_m > 0 and self.to_m > 0 and 0 <= self.seconds < math.inf):
            raise LookError(
                f"rack focus from {self.from_m:g} to {self.to_m:g} m in {self.seconds:g} s is impossible; "
                f"distances must be above 0, and seconds 0 or more"
            )

    def focus_m(self, time_s: float) -> float:
        """Focus distance `time_s` after the start; `from_m` before, `to_m` after the end; at most MAX_FOCUS_M.

        >>> [round(Rack(1.0, 3.0, 2.0).focus_m(t), 2) for t in (0.0, 0.5, 1.0, 1.5, 2.0)]
        [1.0, 1.07, 1.5, 2.68, 3.0]
        """
        from_m, to_m = min(self.from_m, MAX_FOCUS_M), min(self.to_m, MAX_FOCUS_M)
        if time_s >= self.seconds:
            return to_m
        if time_s <= 0:
            return from_m
        t = time_s / self.seconds
        progress = t * t * t * (10.0 + t * (6.0 * t - 15.0))
        return 1.0 / ((1.0 - progress) / from_m + progress / to_m)

    @classmethod
    def parse(cls, text: str) -> Rack:
        """Parses "0.9..2.5@3" or "0.9..inf@3s"; raises LookError for any other text."""
        match = re.fullmatch(rf"{_METRES}\.\.{_METRES}@(\d*\.?\d+)\s*s?", text.strip().lower())
        if match is None:
            raise LookError(f"'{text}' is not a rack focus; use FROM..TO@SECONDS, such as 0.9..2.5@3")
        return cls(_metres(match[1]), _metres(match[2]), float(match[3]))


AUTO: Final = "auto"  # autofocus on the first frame of each source
FocusPlan = Rack | Literal["auto"]  # what moves the focus


@dataclass(frozen=True, slots=True)
class ZoneFocus:
    """Zone focus: an aperture, `f_number`, and a zone from `near_m` to `far_m` that must be sharp, without autofocus.

    Raises LookError for an impossible zone.
    """

    f_number: float = 8.0
    near_m: float = 2.0
    far_m: float = 5.0

    def __post_init__(self) -> None:
        check_fields("ZoneFocus", self, _ZONE)
        if not (0 < self.f_number < math.inf and 0 < self.near_m <= self.far_m and self.near_m < math.inf):
            raise LookError(
                f"zone focus at f/{self.f_number:g} from {self.near_m:g} to {self.far_m:g} m is impossible; "
                f"give the nearer distance first, and both above 0"
            )

    @classmethod
    def parse(cls, text: str) -> ZoneFocus:
        """Parses "8,2..5" or "f/8,2..inf"; raises LookError for any other text."""
        match = re.fullmatch(rf"(?:f/?)?(\d*\.?\d+),{_METRES}\.\.{_METRES}", text.strip().lower())
        if match is None:
            raise LookError(f"'{text}' is not a zone focus; use F_NUMBER,NEAR..FAR in metres, such as 8,2..5")
        return cls(float(match[1]), _metres(match[2]), _metres(match[3]))

    def lens(self, lens: Lens) -> Lens:
        """`lens` at this aperture, or at the closest aperture that it has."""
        return lens.at(min(max(self.f_number, lens.f_number_min), lens.f_number_max))

    def focus_m(self, lens: Lens) -> float:
        """The distance at which both ends of the zone are equally sharp, at any aperture: the mean in dioptres.

        It is at least the closest focus distance of `lens`.
        """
        return min(lens.clamp_focus_m(2.0 / (1.0 / self.near_m + 1.0 / self.far_m)), MAX_FOCUS_M)

    def sharp_m(self, lens: Lens, aspect: float = DEFAULT_ASPECT) -> tuple[float, float]:
        """(near, far) limits in metres of the sharp part of the zone through `lens`; near > far if nothing is sharp.

        `aspect` is the width of the picture over its height.
        """
        near_m, far_m = depth_of_field_m(lens, self.focus_m(lens), aspect)
        slack = 1.0 + 1e-9  # tolerance for an end exactly on the limit
        return (
            self.near_m if near_m <= self.near_m * slack else near_m,
            self.far_m if far_m * slack >= self.far_m else far_m,
        )

    def needs_f_number(self, lens: Lens, aspect: float = DEFAULT_ASPECT) -> float:
        """The widest aperture at which the whole zone is sharp through `lens`, possibly outside its range.

        `aspect` is the width of the picture over its height.
        """
        focus_m = self.focus_m(lens)
        largest = max(abs(1.0 - focus_m / self.near_m), abs(1.0 - focus_m / self.far_m))
        wide_open_mm = lens.coc_scale_px(focus_m, 1) * lens.sensor_width_mm * lens.f_number
        return largest * wide_open_mm / sharp_circle_mm(lens, aspect)


_METRES = r"(\d*\.?\d+|inf)\s*m?"


def _metres(text: str) -> float:
    return math.inf if text == "inf" else float(text)
