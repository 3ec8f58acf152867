"""The scale that holds the frame rate, on a simulated machine."""

from __future__ import annotations

from collections.abc import Callable

from groundglass.display.governor import SCALES, Governor

PERIOD_S = 1 / 60


class Machine:
    """Draws frames whose work depends on the scale; `seconds` is its clock."""

    def __init__(self, work_s: Callable[[float], float], start: float = 1.0, prepared_after: int = 0) -> None:
        self.work_s, self.seconds = work_s, 0.0
        self.prepared_after, self.requests = prepared_after, []
        self.governor = Governor(PERIOD_S, self.prepare, start=start)
        self.scales = [start]

    def prepare(self, scale: float) -> bool:
        self.requests.append(scale)
        return len(self.requests) > self.prepared_after

    def run(self, seconds: float) -> Machine:
        until_s = self.seconds + seconds
        while self.seconds < until_s:
            work_s = self.work_s(self.governor.scale)
            self.seconds += max(work_s, PERIOD_S)
            self.governor.measure(work_s, self.seconds)
            if self.governor.scale != self.scales[-1]:
                self.scales.append(self.governor.scale)
        return self


def test_a_fast_machine_draws_every_pixel() -> None:
    assert Machine(lambda scale: 0.004).run(5).scales == [1.0]


def test_an_overload_goes_to_the_scale_that_fits_in_one_step() -> None:
    machine = Machine(lambda scale: 0.045 * scale**2).run(5)
    assert machine.scales == [1.0, 0.5]


def test_a_machine_that_is_too_slow_ends_at_the_smallest_scale_and_stays() -> None:
    machine = Machine(lambda scale: 0.2 * scale).run(20)
    assert machine.scales[-1] == SCALES[-1]
    assert len(machine.scales) <= len(SCALES)


def test_the_scale_rises_when_the_load_falls() -> None:
    busy = [True]
    machine = Machine(lambda scale: (0.045 if busy[0] else 0.012) * scale**2).run(10)
    assert machine.governor.scale == 0.5
    busy[0] = False
    assert machine.run(20).governor.scale == 1.0


def test_a_raise_that_overloads_is_taken_back_and_seldom_tried_again() -> None:
    """At 0.75 the full-size demosaic costs more than the pixels suggest: the first raise is a mistake."""
    machine = Machine(lambda scale: 0.0052 if scale <= 0.5 else 0.020, start=0.5).run(60)
    assert machine.scales == [0.5, 0.75, 0.5]
    assert len(machine.run(1200).scales) <= 3 + 2 * 5  # after 1, 2, 4, 8 and 10 minutes


def test_an_overload_at_the_start_is_made_up_for() -> None:
    """While another program starts, a frame costs twice as much. Half of the work does not depend on the scale."""
    starting = [True]
    machine = Machine(lambda scale: (2.0 if starting[0] else 1.0) * (0.0065 + 0.026 * scale**2), start=0.5).run(1.5)
    assert machine.governor.scale == 0.25
    starting[0] = False
    assert machine.run(6).scales[-2:] == [0.375, 0.5]
    assert machine.run(60).governor.scale == 0.5


def test_a_scale_that_has_held_the_rate_is_tried_again() -> None:
    """Five eighths of the pixels cost as much as all, because they are resampled."""
    busy = [False]
    work_s = {1.0: 0.03, 0.75: 0.03, 0.5: 0.0135, 0.375: 0.0132, 0.25: 0.0085}
    machine = Machine(lambda scale: (2.0 if busy[0] else 1.0) * work_s[scale], start=0.5).run(5)
    busy[0] = True
    assert machine.run(3).governor.scale == 0.25
    busy[0] = False
    assert machine.run(6).scales[-2:] == [0.375, 0.5]


def test_a_raise_that_may_just_fit_is_tried_after_a_while() -> None:
    """While the first start compiles, nothing is known of the scale that it leaves; its frames cost little more."""
    busy = [True]
    work_s = {1.0: 0.035, 0.75: 0.022, 0.5: 0.0123, 0.375: 0.0102, 0.25: 0.0074}
    machine = Machine(lambda scale: (1.7 if busy[0] else 1.0) * work_s[scale], start=0.5).run(1.2)
    assert machine.scales == [0.5, 0.375]
    busy[0] = False
    assert machine.run(8).governor.scale == 0.375
    assert machine.run(2).governor.scale == 0.5
    assert machine.run(600).scales == [0.5, 0.375, 0.5]


def test_a_moment_of_overload_changes_nothing() -> None:
    machine = Machine(lambda scale: 0.03 if machine.seconds < 0.6 or 2.0 < machine.seconds < 2.1 else 0.012)
    assert machine.run(5).scales == [1.0]


def test_frames_that_are_drawn_while_something_compiles_do_not_count() -> None:
    governor = Governor(PERIOD_S, lambda scale: True)
    for number in range(100):
        governor.measure(0.05, number * 0.05, is_usual=False)
    assert governor.scale == 1.0
    for number in range(100, 120):
        governor.measure(0.045 * governor.scale**2, number * 0.05)
    assert governor.scale == 0.5


def test_a_frame_between_two_compilations_does_not_count() -> None:
    """The processes of both still run."""
    governor = Governor(PERIOD_S, lambda scale: True)
    for number in range(600):
        governor.measure(0.021, number * 0.021, is_usual=number % 20 == 0)
    assert governor.scale == 1.0


def test_frames_do_not_count_while_a_raise_is_prepared() -> None:
    ready = [False]
    governor = Governor(PERIOD_S, lambda scale: ready[0], start=0.5)
    now_s = 0.0
    for number in range(400):
        governor.measure(0.004, now_s, is_usual=number < 200)
        now_s += PERIOD_S
    ready[0] = True
    governor.measure(0.004, now_s, is_usual=False)
    assert governor.scale == 0.75


def test_a_load_that_swings_does_not_make_the_scale_swing() -> None:
    frames = [0]

    def work_s(scale: float) -> float:
        frames[0] += 1
        return 0.0145 * (scale / 0.5) ** 2 * (1.0 + 0.1 * (frames[0] % 3 - 1))

    assert len(Machine(work_s, start=0.5).run(60).scales) == 1


def test_one_slow_frame_changes_nothing() -> None:
    frames = [0]

    def work_s(scale: float) -> float:
        frames[0] += 1
        return 0.1 if frames[0] % 50 == 0 else 0.012

    assert Machine(work_s).run(30).scales == [1.0]


def test_a_step_waits_until_it_is_prepared() -> None:
    machine = Machine(lambda scale: 0.045 * scale**2, prepared_after=12)
    machine.run(12 * 0.045)
    assert machine.governor.scale == 1.0
    machine.run(1.5)
    assert (machine.governor.scale, set(machine.requests)) == (0.5, {0.5})


def test_a_raise_waits_for_a_second_of_headroom() -> None:
    """A pause of the scene is shorter: each change of the scale is seen."""
    busy = [True]
    machine = Machine(lambda scale: (0.045 if busy[0] else 0.012) * scale**2).run(10)
    busy[0] = False
    assert machine.run(0.9).governor.scale == 0.5
    assert machine.run(0.4).governor.scale > 0.5
