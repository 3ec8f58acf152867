"""The live loop off screen, at full scale: frame rate and latency. And the first picture of a new process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from typing import Any

from ..capture import open_source
from ..display.offscreen import OffscreenSurface
from ..display.viewer import Viewer
from ..engine import Engine
from ..errors import DeviceError
from ..settings import Settings, SettingsHistory

FPS = 60
_START_UP = """
import sys, time
from groundglass.capture import open_source
from groundglass.engine import Engine
from groundglass.settings import Settings
with open_source(sys.argv[2]) as source, Engine(sys.argv[1]) as engine:
    engine.draw(next(iter(source)), Settings())
    engine.gl.finish()
    print("first picture", time.time())
"""
_CACHES = ("POCL_CACHE_DIR", "MESA_SHADER_CACHE_DIR", "CUPY_CACHE_DIR", "CUDA_CACHE_PATH", "XDG_CACHE_HOME")


def measure_live(device: str, size: tuple[int, int], seconds: float) -> dict[str, Any]:
    """The statistics of the viewer at `size` for `seconds`, with a source of FPS frames per second, no governor."""
    with (
        open_source(f"{_scene(size)}&fps={FPS}") as source,
        OffscreenSurface(size) as surface,
        Engine(device, size, gl=surface.gl) as engine,
    ):
        statistics = Viewer(engine, source, SettingsHistory(Settings()), surface=surface).run(seconds=seconds)
    return {
        "source_fps": FPS,
        "fps": statistics.fps,
        "late_share": statistics.late_frames / max(statistics.frames, 1),
        "interval_ms": statistics.interval_ms,
        "latency_ms": statistics.latency_ms,
        "rss_mb": statistics.rss_mb["end"],
    }


def measure_start_up(device: str, size: tuple[int, int]) -> dict[str, float]:
    """Seconds from the start of a process to its first picture: with the caches of kernels, and with empty caches."""
    warm_s = _first_picture_s(device, size, {})
    with tempfile.TemporaryDirectory() as folder:
        cold_s = _first_picture_s(device, size, dict.fromkeys(_CACHES, folder))
    return {"warm_s": warm_s, "cold_s": cold_s}


def _first_picture_s(device: str, size: tuple[int, int], environment: dict[str, str]) -> float:
    command = [sys.executable, "-c", _START_UP, device, _scene(size)]
    began_s = time.time()
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, check=False)
    line = next((line for line in done.stdout.splitlines() if line.startswith("first picture ")), None)
    if line is None:
        reason = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise DeviceError(f"{device}: a new process drew no picture ({reason}); leave out --start-up")
    return float(line.split()[-1]) - began_s


def _scene(size: tuple[int, int]) -> str:
    return "scene:?size={}x{}".format(*size)
