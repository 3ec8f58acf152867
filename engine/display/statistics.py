"""What a run of the live loop measured: frames, pace, latency, memory; as JSON for programs, as a table for people."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray
from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from ..timing import percentile

LATE_PERIODS = 1.5  # a frame is late when more than this many frame periods passed since the one before
RING_LENGTH = 16384  # the newest 4.5 minutes at 60 frames a second, in 128 KiB


class Ring:
    """The newest `RING_LENGTH` numbers of an endless stream, in fixed memory."""

    def __init__(self) -> None:
        self._numbers: NDArray[np.float64] = np.zeros(RING_LENGTH)
        self._pushed = 0

    def push(self, number: float) -> None:
        self._numbers[self._pushed % RING_LENGTH] = number
        self._pushed += 1

    def newest(self, count: int) -> NDArray[np.float64]:
        """Up to `count` of the numbers pushed last, newest first."""
        count = min(count, self._pushed, RING_LENGTH)
        return self._numbers[(self._pushed - 1 - np.arange(count)) % RING_LENGTH]

    def percentiles(self) -> dict[str, float]:
        """{"p50", "p95"} of what the ring holds; 0 while it is empty."""
        kept = self.newest(RING_LENGTH)
        return {f"p{q}": round(percentile(kept, q), 3) for q in (50, 95)}


@dataclass(frozen=True, slots=True)
class Statistics:
    """The numbers of one run. `as_dict()` is the JSON of `groundglass view --json`.

    `seconds` is the time that the loop was playing (frozen or idle time is not in it), and `fps` is frames / seconds.
    `size` is (width, height) of the picture drawn, `scale` its size over the source's; `frames_by_scale`
    counts the frames at each scale. `interval_ms` lies between two
    presented frames, `latency_ms` between a frame's capture (its arrival, where the time of its capture is unknown) and
    its presentation; both are 0 where nothing was measured. `rss_mb` is resident memory in 10^6 bytes: "start" after
    the first second, or at the first frame of a shorter run. `look_route` is what drew the look last, "kernel" or "gl",
    with the reason if a kernel could not.
    """

    frames: int
    seconds: float
    fps: float
    late_frames: int
    dropped_frames: int
    scale: float
    frames_by_scale: dict[str, int]
    size: tuple[int, int]
    stages: dict[str, dict[str, float]]
    interval_ms: dict[str, float]
    latency_ms: dict[str, float]
    rss_mb: dict[str, float]
    device: str
    gl: str
    look_route: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"size": list(self.size)}

    def table(self) -> RenderableType:
        """For people: a heading, a row a stage, the pace, and what it ran on."""
        table = Table("stage", Column("median ms", justify="right"), Column("95 % ms", justify="right"))
        for stage, time in self.stages.items():
            table.add_row(stage, f"{time['p50_ms']:.2f}", f"{time['p95_ms']:.2f}")
        table.add_section()
        for name, spread in (("interval", self.interval_ms), ("latency", self.latency_ms)):
            table.add_row(name, f"{spread['p50']:.2f}", f"{spread['p95']:.2f}")
        width, height = self.size
        scales = ", ".join(f"{count} at {100 * float(scale):.3g} %" for scale, count in self.frames_by_scale.items())
        return Group(
            f"{self.frames} frames of {width}x{height} in {self.seconds:.1f} s: {self.fps:.1f} fps, "
            f"{self.late_frames} late, {self.dropped_frames} dropped",
            *([f"scale: {scales}"] if self.scale < 1.0 or len(self.frames_by_scale) > 1 else []),
            table,
            f"memory {self.rss_mb['start']:.0f} MB at the start, {self.rss_mb['end']:.0f} MB at the end",
            Text(f"{self.device}\n{self.gl}\nlook drawn by {self.look_route}"),
        )


class FrameLog:
    """Collects what a run measures, in fixed memory. Times are `time.perf_counter()` seconds.

    `period_s` is the time that a frame may take, from which late frames are judged.
    """

    def __init__(self, period_s: float) -> None:
        self.frames = 0
        self.seconds = 0.0
        self.late_frames = 0
        self.size = (0, 0)
        self.scale = 1.0
        self._period_s = period_s
        self._intervals_ms = Ring()
        self._latencies_ms = Ring()
        self._presented_s: float | None = None
        self._process = psutil.Process()
        self._rss_start_mb: float | None = None
        self._settled = False
        self._frames_at: dict[float, int] = {}  # frames by their scale

    def pause(self) -> None:
        """The loop goes idle: the time until the next frame is no interval."""
        self._presented_s = None

    def present(
        self,
        presented_s: float,
        taken_s: float,
        arrived_s: float,
        size: tuple[int, int] = (0, 0),
        scale: float = 1.0,
    ) -> None:
        """One more frame is on the screen: captured, or come in, at `arrived_s`, and taken by the loop at `taken_s`."""
        if self._presented_s is None:
            self.seconds += presented_s - taken_s
        else:
            interval_s = presented_s - self._presented_s
            self.seconds += interval_s
            self.late_frames += interval_s > LATE_PERIODS * self._period_s
            self._intervals_ms.push(interval_s * 1000)
        self._latencies_ms.push((presented_s - arrived_s) * 1000)
        self._presented_s = presented_s
        self.frames += 1
        self.size, self.scale = size, scale
        self._frames_at[scale] = self._frames_at.get(scale, 0) + 1
        if not self._settled:
            self._settled = self.seconds >= 1.0
            if self._settled or self._rss_start_mb is None:
                self._rss_start_mb = self._rss_mb()

    def recent_fps(self) -> float | None:
        """Frames a second over the newest 30 intervals; None before there are any."""
        newest_ms = self._intervals_ms.newest(30)
        return 1000.0 / float(newest_ms.mean()) if newest_ms.size else None

    def statistics(
        self, stages: dict[str, dict[str, float]], dropped_frames: int, device: str, gl: str, look_route: str
    ) -> Statistics:
        end_mb = self._rss_mb()
        return Statistics(
            frames=self.frames,
            seconds=self.seconds,
            fps=self.frames / self.seconds if self.seconds > 0 else 0.0,
            late_frames=self.late_frames,
            dropped_frames=dropped_frames,
            scale=self.scale,
            frames_by_scale={f"{scale:g}": count for scale, count in sorted(self._frames_at.items(), reverse=True)},
            size=self.size,
            stages=stages,
            interval_ms=self._intervals_ms.percentiles(),
            latency_ms=self._latencies_ms.percentiles(),
            rss_mb={"start": end_mb if self._rss_start_mb is None else self._rss_start_mb, "end": end_mb},
            device=device,
            gl=gl,
            look_route=look_route,
        )

    def _rss_mb(self) -> float:
        return round(float(self._process.memory_info().rss) / 1e6, 3)
