"""pylon's emulation for a minute, and the work of Python for a frame of V4L2."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from groundglass.capture import open_source
from measured_figures import Figure, NotPossibleError, summary

FPS, SECONDS = 60.0, 60.0
MIN_RATE = 0.99
PYTHON_MS = 0.3
FAULTS = 50  # for each of six kinds, disconnects among them
REPOSITORY = Path(__file__).resolve().parents[2]
CANNOT_RUN = 77


def pylon_minute() -> Iterator[Figure]:
    """60 frames a second of 1024x1040 with 12 bits."""
    try:
        import pypylon  # noqa: F401
    except ImportError as error:
        raise NotPossibleError("pypylon is not installed") from error
    os.environ["PYLON_CAMEMU"] = "1"
    arrivals, last = [], -1
    with open_source(f"pylon:0?format=BayerRG12&size=1024x1040&fps={FPS:g}") as source:
        for frame in source:
            arrivals.append(time.perf_counter())
            last = frame.index
            frame.release()
            if arrivals[-1] - arrivals[0] > SECONDS:
                break
        lost = source.dropped + source.failed  # type: ignore[attr-defined]
    rate = (len(arrivals) - 1) / (arrivals[-1] - arrivals[0])
    gaps = np.diff(arrivals) * 1e3
    yield Figure(
        f"pylon emulation, 1024x1040 Bayer 12, {SECONDS:g} s",
        f"{FPS:g} fps, drops counted",
        f"{rate:.2f} fps, {lost} dropped, {last + 1 - len(arrivals)} numbers left out; gaps: {summary(gaps, 'ms')}",
        rate >= MIN_RATE * FPS,
    )


def v4l2_python() -> Iterator[Figure]:
    """From a filled buffer to the frame and back to the driver, with a driver that answers at once."""
    try:
        from groundglass.capture.live.v4l2 import buffers as module
    except ImportError as error:
        raise NotPossibleError("linuxpy is not installed") from error
    from groundglass.capture.live.v4l2.device import Mode
    from groundglass.capture.live.v4l2.formats import fourcc
    from groundglass.capture.live.v4l2.frames import frame_maker

    width, height = 1920, 1080
    read, write = os.pipe()
    os.write(write, b"\0")  # the device always has a frame
    row_bytes = 2 * width
    memory = np.zeros(row_bytes * height, np.uint8)

    def call(request: int, argument: Any) -> Any:
        if request == module._DQBUF:
            argument.bytesused, argument.flags = memory.size, module._MONOTONIC
            argument.sequence += 1
        return argument

    device = SimpleNamespace(fd=read, path="stand-in", type=1, is_multiplanar=False, call=call)
    buffers = object.__new__(module.Buffers)
    allocate = module.Buffers._allocate
    module.Buffers._allocate = lambda self, count: self._arrays.append(memory)  # type: ignore[method-assign]
    try:
        buffers.__init__(device)  # type: ignore[misc]
    finally:
        module.Buffers._allocate = allocate  # type: ignore[method-assign]
    maker = frame_maker("stand-in", Mode(fourcc("RG10"), width, height, row_bytes, memory.size), 64.0, lambda: None)
    times = []
    for number in range(2000):
        began_s = time.thread_time()
        assert buffers.wait(1.0)
        filled = buffers.take()
        assert filled is not None
        frame = maker.frame(filled, number)
        assert frame is not None
        assert np.shares_memory(frame.pixels, memory)
        frame.release()
        times.append(1e3 * (time.thread_time() - began_s))
    buffers.close()
    os.close(read)
    os.close(write)
    yield Figure(
        "V4L2, Python for a frame of 1920x1080, which shares the driver's memory",
        f"≤ {PYTHON_MS:g} ms",
        summary(times, "ms"),
        float(np.percentile(times, 95)) <= PYTHON_MS,
    )


def v4l2_faults() -> Iterator[Figure]:
    """Faults of the kernel's driver `vivid`: the checks of tests/support/v4l2_driver_checks.py, many times."""
    checks = REPOSITORY / "tests/support/v4l2_driver_checks.py"
    command = [str(REPOSITORY / "tools/v4l2_vm.sh"), sys.executable, "-S", str(checks), str(REPOSITORY)]
    command += [sysconfig.get_path("purelib"), str(FAULTS), "picture_returns"]
    environment = os.environ | {"V4L2_VM_SECONDS": "1500"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == CANNOT_RUN:
        raise NotPossibleError(done.stderr.strip().splitlines()[-1])
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    is_met = done.returncode == 0 and len(lines) == 1 and '"problem": ""' in lines[0]
    yield Figure(
        f"V4L2 on vivid: {5 * FAULTS} injected faults, {FAULTS} disconnects",
        "picture back, 0 crashes, 0 leaked buffers",
        "all back, no buffer mapped, no device open" if is_met else done.stdout + done.stderr,
        is_met,
    )
