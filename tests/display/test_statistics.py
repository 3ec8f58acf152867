"""The statistics of a run follow from the times at which frames arrived, were taken and were shown."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time

import pytest
from groundglass.display.statistics import RING_LENGTH, FrameLog, Ring, Statistics
from groundglass.timing import process_age_s
from rich.console import Console

STAGES = {"demosaic": {"p50_ms": 2.5, "p95_ms": 3.0}}
KEYS = "frames seconds fps late_frames dropped_frames reconnects scale frames_by_scale size stages interval_ms "
KEYS += "longest_interval_ms latency_ms depth_age_ms rss_mb first_picture_s recorded_size device gl look_route transfer"


def summary(log: FrameLog) -> Statistics:
    names = {"device": "opencl:0 [cpu]", "gl": "llvmpipe", "look_route": "kernel", "transfer": "host"}
    return log.statistics(STAGES, dropped_frames=3, **names)


def steady(frames: int, period_s: float) -> FrameLog:
    log = FrameLog(1 / 60)
    for k in range(frames):
        log.present(10 + (k + 1) * period_s, taken_s=10 + k * period_s, arrived_s=10 + k * period_s - 0.005)
    return log


def test_a_steady_run_has_its_frame_rate() -> None:
    statistics = summary(steady(120, 1 / 60))
    assert statistics.frames == 120
    assert statistics.seconds == pytest.approx(2.0)
    assert statistics.fps == pytest.approx(60.0)
    assert statistics.late_frames == 0
    assert statistics.interval_ms == {"p50": pytest.approx(16.667, abs=1e-3), "p95": pytest.approx(16.667, abs=1e-3)}
    assert statistics.latency_ms["p50"] == pytest.approx(1000 / 60 + 5, abs=1e-3)


def test_a_frame_is_late_after_one_and_a_half_periods() -> None:
    assert summary(steady(11, 1.49 / 60)).late_frames == 0
    assert summary(steady(11, 1.51 / 60)).late_frames == 10


def test_the_first_picture_is_timed_from_the_start_of_the_process() -> None:
    log = FrameLog(1 / 60)
    before_s = process_age_s()
    log.present(10.1, taken_s=10.0, arrived_s=10.0)
    first_s = summary(log).first_picture_s
    assert before_s - 1e-3 <= first_s <= process_age_s() + 1e-3
    log.present(10.2, taken_s=10.1, arrived_s=10.1)
    assert summary(log).first_picture_s == first_s


def test_a_new_process_is_young() -> None:
    command = [sys.executable, "-c", "from groundglass.timing import process_age_s as age; print(age())"]
    began_s = time.perf_counter()
    age_s = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert 0 < age_s <= time.perf_counter() - began_s + 0.1


def test_the_recent_latency_has_a_median_and_a_percentile() -> None:
    log = FrameLog(1 / 60)
    assert log.recent_latency_ms() is None
    for k in range(100):
        log.present(k + 0.010, taken_s=k, arrived_s=k if k < 98 else k - 0.1)
    assert log.recent_latency_ms() == pytest.approx((10.0, 10.0))


def test_a_pause_is_not_late_and_not_counted() -> None:
    log = steady(10, 1 / 60)
    log.pause()
    log.present(100.02, taken_s=100.0, arrived_s=100.0)
    statistics = summary(log)
    assert statistics.late_frames == 0
    assert statistics.seconds == pytest.approx(10 / 60 + 0.02)
    assert statistics.interval_ms["p95"] < 17


def test_the_statistics_of_a_run_without_frames_are_zero() -> None:
    statistics = summary(FrameLog(1 / 60))
    assert (statistics.frames, statistics.fps, statistics.interval_ms) == (0, 0.0, {"p50": 0.0, "p95": 0.0})
    assert statistics.rss_mb["start"] == statistics.rss_mb["end"] > 1


def test_the_start_memory_is_measured_after_the_first_second(monkeypatch: pytest.MonkeyPatch) -> None:
    log = FrameLog(1 / 60)
    sizes_mb = iter((100.0, 150.0, 160.0))
    monkeypatch.setattr(log, "_rss_mb", lambda: next(sizes_mb))
    for k in range(90):
        log.present((k + 1) / 60, taken_s=k / 60, arrived_s=k / 60)
    assert summary(log).rss_mb == {"start": 150.0, "end": 160.0}


def test_the_ring_discards_the_oldest() -> None:
    ring = Ring()
    for number in range(RING_LENGTH + 10):
        ring.push(number)
    newest = ring.newest(RING_LENGTH + 99)
    assert (newest[0], newest[-1], newest.size) == (RING_LENGTH + 9, 10, RING_LENGTH)


def test_the_json_has_the_documented_keys() -> None:
    document = json.loads(json.dumps(summary(steady(3, 1 / 60)).as_dict()))
    assert " ".join(document) == KEYS
    assert document["size"] == [0, 0]
    assert document["stages"] == STAGES
    assert set(document["rss_mb"]) == {"start", "end"}


def test_the_table_fits_into_80_columns() -> None:
    text = io.StringIO()
    Console(file=text, width=80).print(summary(steady(120, 1 / 60)).table())
    for words in ("60.0 fps", "3 dropped", "demosaic", "2.50", "latency", "opencl:0 [cpu]", "llvmpipe"):
        assert words in text.getvalue()


@pytest.mark.parametrize(("scale", "is_named"), [(1.0, False), (0.5, True)])
def test_a_smaller_picture_is_named_if_its_scale_was_reduced_not_its_demosaic(scale: float, is_named: bool) -> None:
    log, text = FrameLog(1 / 60), io.StringIO()
    log.scale = 0.5
    log.present(10.1, 10.0, 10.0, scale)
    Console(file=text, width=80).print(summary(log).table())
    assert ("scale: 1 at 50 %" in text.getvalue(), "scale:" in text.getvalue()) == (is_named, is_named)


def test_the_longest_intervals_by_the_change_before_them() -> None:
    log, now_s = FrameLog(0.02), 0.0
    looks = ["classic"] * 80 + ["blue"] * 80
    for number, look in enumerate(looks):
        now_s += 0.2 if number == 2 else 0.09 if number == 82 else 0.04 if number == 80 else 0.02
        log.present(now_s, now_s - 0.01, now_s - 0.01, 1.0, {"look": look, "scale": 1.0})
    statistics = log.statistics({}, 0, device="", gl="", look_route="", transfer="")
    longest = {"start": 200.0, "steady": 20.0, "look": 90.0}
    assert statistics.longest_interval_ms == pytest.approx(longest, abs=1e-6)
    text = io.StringIO()
    Console(file=text, width=120).print(statistics.table())
    assert "longest intervals: 200 ms (start), 20 ms (steady), 90 ms (look)" in text.getvalue()
