"""Runs the live view off screen under random steps, and checks what must hold during it and after it."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import tifffile
from PIL import Image

from ..capture import open_source
from ..display.offscreen import OffscreenSurface
from ..display.tool import Tool, ToolContext
from ..display.viewer import Viewer
from ..engine import Engine
from ..errors import GroundglassError
from ..live_edit.editing import Editing
from ..look.look import load_look
from ..remote.remote import Remote
from ..settings import Settings, SettingsHistory
from .director import Director
from .materials import SCENE, Materials
from .plan import steps

SIZE = (480, 320)
WARM_UP = 0.4  # the fraction of the run after which memory is judged
JUDGED_S, MEMORY_JUDGED_S = 300.0, 1200.0  # shorter runs report stalls and memory: caches fill for ten minutes
MAX_MB_PER_MINUTE = 1.0
ENDING_S = 10.0  # threads and files that close in the background

Tools = Callable[[Editing, Path], list[Callable[[ToolContext], Tool]]]


def run_soak(folder: Path, device: str, seconds: float, seed: int, tools: Tools) -> dict[str, Any]:
    """Runs for `seconds` in an empty `folder`. `tools` returns those of the view, with their output folder.

    Returns the report; its `problems` are empty if all held. Raises GroundglassError if the run cannot start.
    """
    output = folder / "output"
    output.mkdir()
    materials = Materials(folder / "input", seed)
    _warm_up(device)
    before = _handles()
    director, fps, problems = _viewed(materials, output, folder / "control.json", device, seconds, seed, tools)
    after = _handles_after(before)
    problems += [
        f"{name} left: {before[name]} before, {after[name]} after" for name in after if after[name] > before[name]
    ]
    problems += [f"{path.name}: {error}" for path in sorted(output.rglob("*")) if (error := _broken(path))]
    slope = _slope(director.rss_mb)
    if seconds >= MEMORY_JUDGED_S and slope > MAX_MB_PER_MINUTE:
        problems.append(f"memory grows by {slope:.2f} MB a minute, more than {MAX_MB_PER_MINUTE:g}")
    if seconds >= JUDGED_S and director.stalls_s:
        longest_s, kind = max(director.stalls_s)
        problems.append(f"{len(director.stalls_s)} stalls, the longest of {longest_s:.2f} s after a step '{kind}'")
    return {
        **{"seed": seed, "seconds": seconds, "steps": dict(sorted(director.kinds.items()))},
        **{
            "answers": dict(director.answers),
            "unanswered": director.unanswered,
            "looks": director.checked,
            "fps": round(fps, 1),
        },
        "files": sum(path.is_file() for path in output.rglob("*")),
        "stalls": [f"{stall_s:.2f} s after {kind}" for stall_s, kind in director.stalls_s],
        "mb_per_minute": round(slope, 2),
        "rss_mb": [round(director.rss_mb[at][1]) for at in (0, -1)] if director.rss_mb else [],
        "problems": problems,
    }


def _viewed(
    materials: Materials, output: Path, file: Path, device: str, seconds: float, seed: int, tools: Tools
) -> tuple[Director, float, list[str]]:
    """The live view for the time of the run. Returns its director, the frame rate and the problems."""
    directors: list[Director] = []

    def direct(tool_context: ToolContext) -> Director:
        def make(ctx: ToolContext) -> Any:
            return steps(seed, materials, list(ctx.controls), directors[0].set_scale)

        directors.append(Director(tool_context, make, file))
        return directors[0]

    problems: list[str] = []
    with ExitStack() as stack:
        surface = stack.enter_context(OffscreenSurface(SIZE))
        engine = stack.enter_context(Engine(device, SIZE, gl=surface.gl))
        history = SettingsHistory(Settings())
        editing = Editing(history)
        remote = partial(Remote, editing=editing, port=0, file=file)
        source = stack.enter_context(open_source(SCENE))
        viewer = Viewer(
            *(engine, source, history),
            surface=surface,
            tools=[*tools(editing, output), remote, direct],
            open_source=partial(open_source, tolerant=True, loop=True),
        )
        try:
            statistics = viewer.run(seconds=seconds)
        except GroundglassError as error:
            problems.append(f"the run ended: {error}")
            return directors[0], 0.0, directors[0].problems + problems
        problems += [f"lost: {loss}" for loss in viewer.messages.losses if _is_fault(loss)]
        fps = statistics.frames / seconds
    if engine.device.live_buffers:
        problems.append(f"{engine.device.live_buffers} buffers of the device are alive after the run")
    return directors[0], fps, directors[0].problems + problems


def _is_fault(loss: str) -> bool:
    """Whether a file could not be written. Other losses follow from the steps: no picture came, the source changed."""
    return "cannot be" in loss or "recording stopped" in loss


def _warm_up(device: str) -> None:
    """One picture: libraries start threads and open files that stay."""
    with Engine(device, SIZE) as engine, open_source(SCENE) as source:
        engine.render(next(iter(source)), Settings())


def _handles() -> dict[str, int]:
    gc.collect()
    process = psutil.Process()
    descriptors = process.num_fds() if hasattr(process, "num_fds") else process.num_handles()
    own = [thread for thread in threading.enumerate() if thread.name.startswith("groundglass")]
    return {"threads": len(own), "descriptors": descriptors}


def _handles_after(before: dict[str, int]) -> dict[str, int]:
    """The handles after the run, once they are as before or the time is over."""
    end_s = time.monotonic() + ENDING_S
    while True:
        after = _handles()
        if time.monotonic() > end_s or all(after[name] <= before[name] for name in after):
            return after
        time.sleep(0.1)


def _slope(rss_mb: list[tuple[float, float]]) -> float:
    """Megabytes a minute, of a line through the samples after the warm-up."""
    kept = rss_mb[int(WARM_UP * len(rss_mb)) :]
    if len(kept) < 3:
        return 0.0
    seconds, megabytes = np.array(kept).T
    return 60 * float(np.polyfit(seconds, megabytes, 1)[0])


def _broken(path: Path) -> str:
    """Why an output file is not whole; empty if it is."""
    if path.is_dir():
        return ""
    try:
        match path.suffix:
            case ".jpg":
                with Image.open(path) as image:
                    image.load()
            case ".dng":
                tifffile.imread(path)
            case ".toml":
                load_look(path)
            case ".mp4" | ".mov":
                with open_source(path) as video:
                    return "" if list(video) else "has no picture"
            case ".cube":
                return ""
            case _:
                return "is not a file that was asked for"
    except (GroundglassError, OSError, ValueError) as error:
        return str(error)
    return ""
