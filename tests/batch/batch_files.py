"""Small raw files, and runs of the command that are interrupted, for the tests of batches and for `make batch`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from groundglass.batch.manifest import JOURNAL, NAME
from groundglass.formats.dng_write import write_dng
from groundglass.frame import Frame

WAIT_S = 300.0


def write_raw_files(folder: Path, count: int, size: tuple[int, int] = (96, 64)) -> list[Path]:
    """Raw files of `size`, (width, height), with noise: each has another picture."""
    folder.mkdir(parents=True, exist_ok=True)
    random, (width, height) = np.random.default_rng(7), size
    y, x = np.mgrid[:height, :width]
    light = 8000 + 6000 * np.sin(x / 17) + 5000 * np.cos(y / 23)
    paths = []
    for number in range(count):
        samples = np.roll(light, 3 * number, 1) + random.normal(0, 300, light.shape)
        mosaic = np.clip(samples, 0, 65535).astype(np.uint16)
        paths.append(write_dng(folder / f"{number:04d}.dng", Frame(mosaic, name=str(number))))
    return paths


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "groundglass", "render", *map(str, arguments)]


def render(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=WAIT_S, check=False)


def entries(output: Path) -> list[dict[str, Any]]:
    """The pictures in a manifest."""
    lines = (output / NAME).read_text(encoding="utf-8").splitlines()
    return [entry for entry in map(json.loads, lines) if "output" in entry]


class Run:
    """A running command. Its journal has the finished pictures."""

    def __init__(self, output: Path, *arguments: object) -> None:
        self._journal, self._manifest = output / JOURNAL, output / NAME
        self._before = self._manifest.stat().st_mtime_ns if self._manifest.exists() else 0
        self.process = subprocess.Popen(
            command(*arguments, "-o", output), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    @property
    def finished(self) -> int:
        try:
            return self._journal.read_bytes().count(b'{"output"')
        except OSError:
            return 0

    def wait_for(self, count: int) -> bool:
        """Whether the run has not ended when `count` pictures are in the journal."""
        until_s = time.monotonic() + WAIT_S
        while self.process.poll() is None and time.monotonic() < until_s:
            if self.finished >= count:
                return True
            time.sleep(0.002)
        return False

    def workers(self) -> list[psutil.Process]:
        """The processes with an engine, those of a local Dask cluster too."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in children if "groundglass.batch.worker" in " ".join(_words(child))]

    def dask_workers(self) -> list[psutil.Process]:
        """The processes of a local Dask cluster that have a worker."""
        return [parent for worker in self.workers() if (parent := worker.parent()) is not None]

    def end(self, number: int) -> int:
        """Sends a signal to the command alone. Returns the exit status when its workers have ended, too."""
        workers = self.workers()
        self.process.send_signal(number)
        status = self.join()[0]
        psutil.wait_procs(workers, WAIT_S)
        return status

    def join(self) -> tuple[int, str, str]:
        """The exit status, the output and the errors."""
        out, err = self.process.communicate(timeout=WAIT_S)
        return self.process.returncode, out, err


def kill(process: psutil.Process) -> None:
    """Kills a process, which may have ended by itself."""
    try:
        os.kill(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
