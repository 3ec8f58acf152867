"""What each stage of a frame takes, as lines over the latest frames, and each pass of the look as a bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ...timing import Clock
    from ...tune.pass_times import PassTimes

FRAMES = 120
REFRESH_MS = 1000 / 60  # the line that all stages together must stay under


def draw_times(imgui: Any, clock: Clock, pass_times: PassTimes | None) -> None:
    """A row a stage: its latest time, and its course over the latest frames, the top of which is a 60th of a second."""
    total = 0.0
    for name, times_ms in clock.latest_ms(FRAMES).items():
        if not len(times_ms):
            continue
        now_ms = float(np.median(times_ms[-15:]))
        total += now_ms
        imgui.plot_lines(f"{name}  {now_ms:.1f} ms", np.asarray(times_ms, np.float32), 0, "", 0.0, REFRESH_MS)
    late = total > REFRESH_MS
    accent = imgui.ImVec4(0.95, 0.45, 0.35, 1.0) if late else imgui.ImVec4(0.6, 0.85, 0.6, 1.0)
    imgui.text_colored(accent, f"all stages {total:.1f} ms of {REFRESH_MS:.1f}")
    if pass_times is None:
        return
    if imgui.button("Time of each pass"):
        pass_times.measure()
    for name, time_ms in pass_times.times.items():
        imgui.progress_bar(min(time_ms / REFRESH_MS, 1.0), imgui.ImVec2(-1, 0), f"{name}  {time_ms:.2f} ms")
