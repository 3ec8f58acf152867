"""The exposure that the values of a camera's control give: in proportion to the value, or learned from the picture."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

USEFUL_EV = 0.25  # a control that changes the picture by less over its whole range is left alone
PLAUSIBLE_EV = 0.5  # a measurement that differs by more, and by half, from a learned exposure is first doubted
NEW_WEIGHT = 0.5  # weight of a new measurement where there is an older one
CLOSE_EV = 1.0  # between two points so close together the exposure is known
MAX_POINTS = 12
# A value that was never tried: at first this part of the range away, or less if that is enough in proportion; then as
# far as the exposure grows by 1 EV or by twice what is known, and at most four times as far as tried values are.
FIRST_PART, MAX_NEW_EV, MAX_NEW_RATIO, MAX_NEW_DISTANCE = 1 / 16, 1.0, 2.0, 4.0


class Range(NamedTuple):
    """The values that a driver accepts."""

    minimum: int
    maximum: int
    step: int = 1

    def nearest(self, value: float) -> int:
        steps = round((value - self.minimum) / self.step)
        highest = self.minimum + (self.maximum - self.minimum) // self.step * self.step
        return min(max(self.minimum + steps * self.step, self.minimum), highest)


class ProportionalResponse:
    """The exposure of a control in proportion to its value, such as a time, in EV relative to that of a base value."""

    def __init__(self, values: Range, base: int) -> None:
        self._values, self._base = values, max(base, 1)

    def ev(self, value: int) -> float:
        return math.log2(max(value, 1) / self._base)

    def value(self, ev: float) -> int:
        return self._values.nearest(self._base * 2.0**ev)


class LearnedResponse:
    """The exposure of a control whose unit is unknown, in EV relative to that of a base value.

    A greater value gives more light, in any proportion. Points of value and exposure are learned from changes of the
    picture. Between them it is interpolated. Beyond them it is unknown, or continued in proportion to the value if it
    `is_proportional` before anything is learned.
    """

    def __init__(self, values: Range, base: int, is_proportional: bool = False) -> None:
        self._values, self._base, self._is_proportional = values, base, is_proportional
        self._points: dict[int, float] = {base: 0.0}
        self._is_doubted = False

    @property
    def base(self) -> int:
        """The value of 0 EV."""
        return self._base

    @property
    def max_ev(self) -> float | None:
        """The highest exposure; None while the greatest value was not tried."""
        return self._points.get(self._values.nearest(self._values.maximum))

    @property
    def is_useless(self) -> bool:
        """Whether the greatest value was tried and changes nothing."""
        return self.max_ev is not None and self.max_ev < USEFUL_EV and not self._is_proportional

    def rebase(self, value: int) -> None:
        """The exposure at `value` becomes 0 EV."""
        zero_ev = self.ev(value)
        self._points = {known: ev - zero_ev for known, ev in self._points.items()} | {value: 0.0}
        self._base = value

    def knows(self, value: int) -> bool:
        """Whether the exposure of a value was measured, or lies between two measured ones that are close together."""
        below = [ev for known, ev in self._points.items() if known <= value]
        above = [ev for known, ev in self._points.items() if known >= value]
        return bool(below and above) and min(above) - max(below) <= CLOSE_EV

    def ev(self, value: int) -> float:
        points, at = self._sorted(), self._place(value)
        for (low, low_ev), (high, high_ev) in pairwise(points):
            if low <= at <= high:
                return low_ev + (high_ev - low_ev) * (at - low) / (high - low)
        end, end_ev = points[0] if at < points[0][0] else points[-1]
        return end_ev + (at - end if self._is_proportional else 0.0)

    def value(self, ev: float, explores: bool = False) -> int:
        if self.is_useless:
            return self._base
        points = self._sorted()
        for (low, low_ev), (high, high_ev) in pairwise(points):
            if low_ev < ev <= high_ev:
                return self._at(low + (high - low) * (ev - low_ev) / (high_ev - low_ev))
        end, end_ev = points[0] if ev <= points[0][1] else points[-1]
        if self._is_proportional:
            return self._at(end + ev - end_ev)
        return self._untried(ev) if explores and ev > end_ev else self._at(end)

    def learn(self, before: int, after: int, measured_ev: float) -> None:
        """Learns that the picture changed by `measured_ev` from one value to the other.

        A change against the direction of the value, such as of the light, counts as none. One that differs much from
        the known one is doubted until it is measured again.
        """
        known_ev = self.ev(after) - self.ev(before)
        differs = abs(measured_ev - known_ev) > max(PLAUSIBLE_EV, abs(known_ev) / 2)
        self._is_doubted = differs and self.knows(before) and self.knows(after) and not self._is_doubted
        if self._is_doubted:
            return
        change_ev = max(measured_ev, 0.0) if after > before else min(measured_ev, 0.0)
        learned, learned_ev = after, self.ev(before) + change_ev
        if after == self._base:
            learned, learned_ev = before, -change_ev
        if learned in self._points and not differs:
            learned_ev += (1 - NEW_WEIGHT) * (self._points[learned] - learned_ev)
        self._put(learned, learned_ev)

    def _put(self, learned: int, learned_ev: float) -> None:
        """Adds a point. If it was known, the points beyond it move with it.

        Older points that contradict it or the base are forgotten, but never the base.
        """
        moved_ev = learned_ev - self.ev(learned) if self.knows(learned) else 0.0
        side = 1 if learned > self._base else -1
        points = {value: ev + moved_ev * ((value - learned) * side > 0) for value, ev in self._points.items()}
        agreeing = {
            value: ev
            for value, ev in points.items()
            if value == self._base or ((value - learned) * (ev - learned_ev) > 0 and (value - self._base) * ev >= 0)
        }
        if len(agreeing) == MAX_POINTS:
            del agreeing[next(value for value in agreeing if value != self._base)]
        self._points = agreeing | {learned: learned_ev}

    def _untried(self, ev: float) -> int:
        """A value above those that were tried: at best that of `ev`, if the response continues as it is."""
        values, (*before, (last, last_ev)) = self._values, self._sorted()
        if not before:
            distance = (values.maximum - values.minimum) * FIRST_PART
            if last > 0:
                distance = min(distance, last * (2.0**ev - 1.0))
        else:
            previous, previous_ev = before[-1]
            distance = MAX_NEW_DISTANCE * (last - self._base)
            if last_ev > previous_ev:
                added_ev = min(ev - last_ev, max(MAX_NEW_EV, MAX_NEW_RATIO * last_ev))
                distance = min(distance, added_ev * (last - previous) / (last_ev - previous_ev))
        return values.nearest(last + max(distance, values.step))

    def _sorted(self) -> list[tuple[float, float]]:
        """Places and exposures, ascending."""
        return sorted((self._place(value), ev) for value, ev in self._points.items())

    def _place(self, value: int) -> float:
        """Where a value lies in the interpolation."""
        return math.log2(max(value, 1)) if self._is_proportional else float(value)

    def _at(self, place: float) -> int:
        return self._values.nearest(2.0**place if self._is_proportional else place)
