"""The poses of a scene, rendered in this process or, for a large scene, in another."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader
from typing import IO, Self, cast

import numpy as np
from numpy.typing import NDArray

from ...cfa import Cfa
from ...child_process import lower_priority, module_environment
from ...errors import SourceError
from .render import SWAY_M, Studio
from .sensor import STUDIO_CAMERA, expose

FULL_SWAY_POSES = 20  # a ring of fewer poses has a smaller sway, for the same speed
LOW_PRIORITY = 10  # niceness of the rendering beside a live view, after the first pose


@dataclass(frozen=True, slots=True)
class PosePlan:
    """What identifies the poses: the size of the picture, their number, and the noise and seed of the sensor."""

    size: tuple[int, int]
    poses: int
    noise: float
    seed: int


class Poses:
    """Renders poses in this process. Threads may share it."""

    def __init__(self, plan: PosePlan) -> None:
        self._plan = plan
        self.studio = Studio(*plan.size, sway_m=SWAY_M * min(1.0, plan.poses / FULL_SWAY_POSES))

    def render(self, pose: int, exposures: NDArray[np.uint16], depth_m: NDArray[np.float32]) -> None:
        """Fills `exposures` (n, h, w) and `depth_m` (h, w), in metres."""
        rgb, depth_m[:] = self.studio.pose(phase=pose / (self._plan.poses - 1) / 2 - 0.25)
        scene_rgb = np.moveaxis(rgb, 0, 2)
        for number in range(len(exposures)):
            rng = np.random.default_rng((self._plan.seed, pose, number))
            exposures[number] = expose(scene_rgb, Cfa("RGGB"), STUDIO_CAMERA, self._plan.noise, rng)


class PosesProcess:
    """Renders poses as `Poses` does, in another process: the studio of a large scene takes 0.2 GB at 1920x1080 and
    0.8 GB at 4000x3000, and its arrays hold Python's lock for moments that a live view would notice.
    """

    def __init__(self, plan: PosePlan) -> None:
        """Starts the process. Raises SourceError if it cannot be started."""
        command, pipe = [sys.executable, "-m", __name__], subprocess.PIPE
        try:
            self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=module_environment())
        except OSError as error:
            raise SourceError(f"scene: the process that renders it cannot be started ({error.strerror})") from error
        self._send(plan)

    def render(self, pose: int, exposures: NDArray[np.uint16], depth_m: NDArray[np.float32]) -> None:
        """Fills the arrays as `Poses.render` does. Raises SourceError if the process has ended."""
        self._send((pose, len(exposures)))
        replies = cast("BufferedReader", self._process.stdout)
        for array in (exposures, depth_m):
            if replies.readinto(array.data.cast("B")) != array.nbytes:
                raise self._ended()

    def interrupt(self) -> None:
        """Ends the process, and with it a running `render`, from any thread."""
        self._process.kill()

    def _send(self, message: object) -> None:
        assert self._process.stdin is not None
        try:
            pickle.dump(message, self._process.stdin)
            self._process.stdin.flush()
        except OSError as error:
            raise self._ended() from error

    def _ended(self) -> SourceError:
        return SourceError(
            f"scene: the process that renders it has ended with status {self._process.wait()}; "
            "choose a smaller size if the memory was full"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        with suppress(OSError), self._process:  # a pipe of an ended process may hold a message
            pass


def serve(requests: IO[bytes], replies: IO[bytes]) -> None:
    """Renders each pose that is asked for, until there are no more requests."""
    plan = pickle.load(requests)
    poses = Poses(plan)
    width, height = plan.size
    depth_m = np.empty((height, width), np.float32)
    is_first = True
    with suppress(EOFError, BrokenPipeError):
        while True:
            pose, count = pickle.load(requests)
            exposures = np.empty((count, height, width), np.uint16)
            poses.render(pose, exposures, depth_m)
            replies.write(exposures.data)
            replies.write(depth_m.data)
            replies.flush()
            if is_first:
                lower_priority(LOW_PRIORITY)
            is_first = False


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the view, and the view ends this process
    serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
