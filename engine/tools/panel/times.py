"""Stacked graph of the time of each stage over the latest frames, and a bar for each pass of the look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ...timing import Clock

FRAMES = 120
MEDIAN_FRAMES = 15  # the latest frames, whose median is shown
REFRESH_MS = 1000 / 60  # the frame budget, drawn as a line
HEIGHT_EM = 9.0
LATE, IN_TIME = (0.95, 0.45, 0.35), (0.6, 0.85, 0.6)
COLOURS = (
    *((0.85, 0.55, 0.35), (0.45, 0.65, 0.80), (0.80, 0.72, 0.42), (0.55, 0.72, 0.50)),
    *((0.72, 0.52, 0.70), (0.50, 0.72, 0.70), (0.78, 0.47, 0.47), (0.62, 0.62, 0.62)),
)


class TimesSection:
    """The graph and the bars. ImPlot has its own context besides that of Dear ImGui."""

    def __init__(self) -> None:
        from imgui_bundle import implot

        self._implot = implot
        self._context = implot.create_context()

    def build(self, imgui: Any, clock: Clock, pass_times: Mapping[str, float]) -> None:
        stages = {name: np.asarray(times_ms) for name, times_ms in clock.latest_ms(FRAMES).items() if len(times_ms)}
        if not stages:
            return
        self._graph(imgui, stages)
        total = 0.0
        for index, (name, times_ms) in enumerate(stages.items()):
            now_ms = float(np.median(times_ms[-MEDIAN_FRAMES:]))
            total += now_ms
            imgui.text_colored(imgui.ImVec4(*COLOURS[index % len(COLOURS)], 1.0), f"{name}  {now_ms:.1f} ms")
        text_colour = imgui.ImVec4(*(LATE if total > REFRESH_MS else IN_TIME), 1.0)
        imgui.text_colored(text_colour, f"all stages  {total:.1f} ms of {REFRESH_MS:.1f}")
        for name, time_ms in pass_times.items():
            imgui.progress_bar(min(time_ms / REFRESH_MS, 1.0), imgui.ImVec2(-1, 0), f"{name}  {time_ms:.2f} ms")

    def release(self) -> None:
        self._implot.destroy_context(self._context)

    def _graph(self, imgui: Any, stages: Mapping[str, Any]) -> None:
        implot = self._implot
        implot.set_current_context(self._context)
        frames = min(map(len, stages.values()))
        stacked = np.cumsum([times_ms[-frames:] for times_ms in stages.values()], axis=0)
        top = max(1.25 * REFRESH_MS, 1.1 * float(np.percentile(stacked[-1], 95)))
        flags = implot.Flags_
        size = imgui.ImVec2(-1, HEIGHT_EM * imgui.get_font_size())
        if not implot.begin_plot("##stages", size, flags.no_legend | flags.no_mouse_text | flags.no_inputs):
            return
        axis = implot.AxisFlags_
        implot.setup_axes("", "", axis.no_decorations, axis.no_label)
        implot.setup_axes_limits(0.0, max(FRAMES - 1, 1), 0.0, top, imgui.Cond_.always)
        at = np.arange(FRAMES - frames, FRAMES, dtype=np.float64)
        floor = np.zeros(frames)
        for index, ceiling in enumerate(stacked):
            colour = imgui.ImVec4(*COLOURS[index % len(COLOURS)], 0.85)
            implot.plot_shaded(f"##{index}", at, floor, ceiling, implot.Spec(fill_color=colour))
            floor = ceiling
        line = implot.Spec(line_color=imgui.ImVec4(1.0, 1.0, 1.0, 0.9), line_weight=0.12 * imgui.get_font_size())
        implot.plot_line("##refresh", np.array([0.0, FRAMES]), np.full(2, REFRESH_MS), line)
        implot.end_plot()
