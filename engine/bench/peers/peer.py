"""A peer: work of another library, and the stage of ours that does the same."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...camera import REC2020_TO_REC709
from ...frame import Frame
from ...settings import Settings

Picture = NDArray[Any]
STRIP_ROWS = 64  # a strip of three float planes at 1920 columns is 1.5 MB: it stays in a core's cache


@dataclass(frozen=True, slots=True)
class Peer:
    """`run` does the work for a frame and returns its result, in memory that the next run may overwrite.

    `against` is the name of our stage that does the same. `versions` are those of the libraries, by name.
    """

    name: str
    against: str
    versions: dict[str, str]
    threads: int
    run: Callable[[Frame], Picture]


@dataclass(frozen=True, slots=True)
class Missing:
    """A library whose peers cannot be timed: why, and what to do."""

    library: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Job:
    """What all peers get: a frame of the scene for their tables, the settings, and threads of their own."""

    frame: Frame
    settings: Settings
    pool: ThreadPoolExecutor

    @property
    def camera_to_rec709(self) -> NDArray[np.float64]:
        """(3, 4): from sensor values behind a demosaic to scene light, in the primaries of the LUT.

        It is the product of black level, white balance, matrix and exposure.
        """
        profile = self.frame.profile
        black = profile.black[0]
        gain = 2.0**profile.exposure_ev / (profile.white - black)
        matrix = gain * REC2020_TO_REC709 @ profile.camera_to_scene @ np.diag(profile.white_balance)
        return np.column_stack([matrix, -black * matrix.sum(axis=1)])

    @property
    def threads(self) -> int:
        return usable_threads()


def usable_threads() -> int:
    """The processor's threads that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def strips(height: int) -> Iterator[slice]:
    """Rows 0 to `height` in strips that threads take one after the other."""
    return (slice(row, min(row + STRIP_ROWS, height)) for row in range(0, height, STRIP_ROWS))


def in_strips(pool: ThreadPoolExecutor, height: int, work: Callable[[slice], object]) -> None:
    """`work` for all strips; an error of a thread is raised here."""
    for _ in pool.map(work, strips(height)):
        pass
