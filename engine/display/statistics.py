"""Statistics of a run of the live loop: frames, frame rate, latency, memory; as JSON and as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
from numpy.typing import NDArray

from ..timing import percentile, process_age_s

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..settings import Settings

LATE_PERIODS = 1.5  # a frame is late after more than this number of frame periods since the previous frame
CHANGE_S = 1.0  # an interval is counted to a change for this time
RING_LENGTH = 16384  # the newest 4.5 minutes at 60 fps, in 128 KiB


class Ring:
    """The newest `RING_LENGTH` numbers of an endless stream, in fixed memory."""

    def __init__(self) -> None:
        self._numbers: NDArray[np.float64] = np.zeros(RING_LENGTH)
        self._pushed = 0

    def push(self, number: float) -> None:
        self._numbers[self._pushed % RING_LENGTH] = number
        self._pushed += 1

    def newest(self, count: int) -> NDArray[np.float64]:
        """Up to `count` numbers, newest first."""
        count = min(count, self._pushed, RING_LENGTH)
        return self._numbers[(self._pushed - 1 - np.arange(count)) % RING_LENGTH]

    def percentiles(self) -> dict[str, float]:
        """{"p50", "p95"} of the numbers in the ring; 0 if it is empty."""
        kept = self.newest(RING_LENGTH)
        return {f"p{q}": round(percentile(kept, q), 3) for q in (50, 95)}


@dataclass(frozen=True, slots=True)
class Statistics:
    """The statistics of a run. `as_dict()` is the JSON of `groundglass view --json`.

    `seconds` is the playing time without frozen and idle time, `fps` is frames / seconds. `size` is (width, height) of
    the drawn picture, `scale` its size relative to the source; `frames_by_scale` counts the frames at each scale.
    `interval_ms` is the time between two presented frames. `longest_interval_ms` has the longest one within a second
    after a change, by the kind of the change: "start", "look", "lens", "quality", "scale" or "settings"; and
    "steady" for all others. `latency_ms` is the time from the capture of a frame (or
    from its arrival, if the capture time is unknown) to its presentation. `depth_age_ms` is the time between the
    captures of a shown frame and of the frame from which a depth model made its map. All are 0 without measurements.
    `rss_mb` is resident memory in 10^6 bytes: "start" is after the first second, or at the first frame of a shorter
    run.
    `first_picture_s` is the time from the start of the process to the first presented frame, 0 without frames.
    `reconnects` counts how often frames came again after the camera was gone.
    `recorded_size` is the (width, height) of the latest recording, None without one.
    `look_route` is the route of the latest look, "kernel" or "gl", with the reason if a kernel could not draw it.
    `transfer` is the way of the scene to OpenGL: "zero-copy", or "host" with the reason if a GPU could not do without.
    """

    frames: int
    seconds: float
    fps: float
    late_frames: int
    dropped_frames: int
    reconnects: int
    scale: float
    frames_by_scale: dict[str, int]
    size: tuple[int, int]
    stages: dict[str, dict[str, float]]
    interval_ms: dict[str, float]
    longest_interval_ms: dict[str, float]
    latency_ms: dict[str, float]
    depth_age_ms: dict[str, float]
    rss_mb: dict[str, float]
    first_picture_s: float
    recorded_size: tuple[int, int] | None
    device: str
    gl: str
    look_route: str
    transfer: str

    def as_dict(self) -> dict[str, Any]:
        recorded = None if self.recorded_size is None else list(self.recorded_size)
        return asdict(self) | {"size": list(self.size), "recorded_size": recorded}

    def table(self) -> RenderableType:
        """A table for the terminal: frames, a row for each stage, interval, latency, memory, and devices."""
        from rich.console import Group
        from rich.table import Column, Table
        from rich.text import Text

        table = Table("stage", Column("median ms", justify="right"), Column("95 % ms", justify="right"))
        for stage, time in self.stages.items():
            table.add_row(stage, f"{time['p50_ms']:.2f}", f"{time['p95_ms']:.2f}")
        table.add_section()
        longest = ", ".join(f"{ms:.0f} ms ({kind})" for kind, ms in self.longest_interval_ms.items())
        rows = [("interval", self.interval_ms), ("latency", self.latency_ms), ("depth age", self.depth_age_ms)]
        for name, percentiles in rows if self.depth_age_ms["p95"] else rows[:2]:
            table.add_row(name, f"{percentiles['p50']:.2f}", f"{percentiles['p95']:.2f}")
        width, height = self.size
        scales = ", ".join(f"{count} at {100 * float(scale):.3g} %" for scale, count in self.frames_by_scale.items())
        return Group(
            f"{self.frames} frames of {width}x{height} in {self.seconds:.1f} s: {self.fps:.1f} fps, "
            f"{self.late_frames} late, {self.dropped_frames} dropped",
            *([f"scale: {scales}"] if any(scale != "1" for scale in self.frames_by_scale) else []),
            *([f"the camera returned {self.reconnects} times"] if self.reconnects else []),
            table,
            *([f"longest intervals: {longest}"] if longest else []),
            f"memory {self.rss_mb['start']:.0f} MB at the start, {self.rss_mb['end']:.0f} MB at the end",
            f"first picture after {self.first_picture_s:.2f} s",
            *([] if self.recorded_size is None else ["recorded at {}x{}".format(*self.recorded_size)]),
            Text(f"{self.device}\n{self.gl}\nlook drawn by {self.look_route}, transfer by {self.transfer}"),
        )


def inputs_of(drawn: Settings, wanted: Settings) -> dict[str, object]:
    """What a frame was drawn with, and should be drawn with, by the kind of change."""
    return {
        "look": (drawn.look, wanted.look),
        "lens": (drawn.lens.name, wanted.lens.name),
        "quality": (drawn.quality, wanted.quality),
        "scale": drawn.scale,
        "settings": (wanted.strength, wanted.focus_m, wanted.lens, wanted.development),
    }


class LongestIntervals:
    """The longest intervals by the change before them, in milliseconds. Times are in seconds."""

    def __init__(self) -> None:
        self._longest_ms: dict[str, float] = {}
        self._inputs: Mapping[str, object] | None = None
        self._change, self._changed_s = "start", 0.0

    def frame(self, inputs: Mapping[str, object], presented_s: float) -> None:
        """A frame with these `inputs`, by the kind of change, is presented."""
        before, self._inputs = self._inputs, inputs
        if before is None:
            self._changed_s = presented_s
            return
        changes = [kind for kind, value in inputs.items() if before.get(kind, value) != value]
        if changes:
            self._change, self._changed_s = changes[0], presented_s
        elif presented_s - self._changed_s > CHANGE_S:
            self._change = "steady"

    def add(self, interval_ms: float) -> None:
        """The interval that ends with the latest frame."""
        self._longest_ms[self._change] = max(interval_ms, self._longest_ms.get(self._change, 0.0))

    def by_change(self) -> dict[str, float]:
        return {kind: round(ms, 3) for kind, ms in self._longest_ms.items()}


class FrameLog:
    """Collects the statistics of a run in fixed memory. Times are `time.perf_counter()` seconds.

    `period_s` is the frame period, from which late frames are determined.
    """

    def __init__(self, period_s: float) -> None:
        self.frames = 0
        self.seconds = 0.0
        self.late_frames = 0
        self.size = (0, 0)
        self.scale = 1.0
        self.first_picture_s = 0.0
        self.recorded_size: tuple[int, int] | None = None
        self._period_s = period_s
        self._intervals_ms = Ring()
        self._latencies_ms = Ring()
        self._depth_ages_ms = Ring()
        self.recent_depth_age_ms: float | None = None
        self._presented_s: float | None = None
        self._process = psutil.Process()
        self._rss_start_mb: float | None = None
        self._is_start_measured = False
        self._frames_at: dict[float, int] = {}  # frames by their scale
        self._longest = LongestIntervals()

    def restart(self, period_s: float) -> None:
        """Frames now come from another source, with this period. The time of the change is not an interval."""
        self._period_s = period_s
        self.pause()

    def pause(self) -> None:
        """The loop becomes idle: the time until the next frame is not an interval."""
        self._presented_s = None

    def present(
        self,
        presented_s: float,
        taken_s: float,
        arrived_s: float,
        scale: float = 1.0,
        inputs: Mapping[str, object] | None = None,
    ) -> None:
        """A frame was presented. `arrived_s` is its capture or arrival, `taken_s` the time when the loop took it.

        `scale` is that of the settings. `inputs` by the kind of change are compared with those of the frame before.
        """
        self._longest.frame(inputs or {}, presented_s)
        if self.frames == 0:
            self.first_picture_s = round(process_age_s(), 3)
        if self._presented_s is None:
            self.seconds += presented_s - taken_s
        else:
            interval_s = presented_s - self._presented_s
            self.seconds += interval_s
            self.late_frames += interval_s > LATE_PERIODS * self._period_s
            self._intervals_ms.push(interval_s * 1000)
            self._longest.add(interval_s * 1000)
        self._latencies_ms.push((presented_s - arrived_s) * 1000)
        self._presented_s = presented_s
        self.frames += 1
        self._frames_at[scale] = self._frames_at.get(scale, 0) + 1
        if not self._is_start_measured:
            self._is_start_measured = self.seconds >= 1.0
            if self._is_start_measured or self._rss_start_mb is None:
                self._rss_start_mb = self._rss_mb()

    def depth_age(self, milliseconds: float | None) -> None:
        """The age of the depth map of the next frame, from capture to capture; None without a map of a model."""
        self.recent_depth_age_ms = milliseconds
        if milliseconds is not None:
            self._depth_ages_ms.push(milliseconds)

    def recent_fps(self) -> float | None:
        """Frames per second over the newest 30 intervals; None before the first interval."""
        newest_ms = self._intervals_ms.newest(30)
        return 1000.0 / float(newest_ms.mean()) if newest_ms.size else None

    def recent_latency_ms(self) -> tuple[float, float] | None:
        """The median and the 95th percentile of the newest 60 latencies; None before the first frame."""
        newest_ms = self._latencies_ms.newest(60)
        return (percentile(newest_ms, 50), percentile(newest_ms, 95)) if newest_ms.size else None

    def statistics(
        self,
        stages: dict[str, dict[str, float]],
        dropped_frames: int,
        *,
        reconnects: int = 0,
        device: str,
        gl: str,
        look_route: str,
        transfer: str,
    ) -> Statistics:
        end_mb = self._rss_mb()
        return Statistics(
            frames=self.frames,
            seconds=self.seconds,
            fps=self.frames / self.seconds if self.seconds > 0 else 0.0,
            late_frames=self.late_frames,
            dropped_frames=dropped_frames,
            reconnects=reconnects,
            scale=self.scale,
            frames_by_scale={f"{scale:g}": count for scale, count in sorted(self._frames_at.items(), reverse=True)},
            size=self.size,
            stages=stages,
            interval_ms=self._intervals_ms.percentiles(),
            longest_interval_ms=self._longest.by_change(),
            latency_ms=self._latencies_ms.percentiles(),
            depth_age_ms=self._depth_ages_ms.percentiles(),
            rss_mb={"start": end_mb if self._rss_start_mb is None else self._rss_start_mb, "end": end_mb},
            first_picture_s=self.first_picture_s,
            recorded_size=self.recorded_size,
            device=device,
            gl=gl,
            look_route=look_route,
            transfer=transfer,
        )

    def _rss_mb(self) -> float:
        return round(float(self._process.memory_info().rss) / 1e6, 3)
