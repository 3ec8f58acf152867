"""The source `scene:`: the built-in studio as Bayer mosaics with metric depth.

A thread renders the frames into a ring, which is played back and forth without end.
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qsl

import numpy as np
from numpy.typing import NDArray

from ...cfa import Cfa
from ...child_process import lower_priority
from ...errors import SourceError
from ...frame import Frame
from ...memory import give_back
from ..base import BaseSource
from ..kinds import Request
from .kept_poses import KeptPoses
from .poses import LOW_PRIORITY, PosePlan, Poses, PosesProcess
from .sensor import STUDIO_CAMERA

PREFIX = "scene:"
SIZE_MIN, SIZE_MAX = 64, 8192
RING_BYTES = 133e6  # 8 poses of 1920x1080 at 60 fps
POSES_MIN, POSES_MAX = 2, 24
POSES_PER_S = 30.0  # rate of the sway; a higher frame rate uses several exposures of each pose
THREADS = 2
PROCESS_PIXELS = 1e6  # a larger picture is rendered beside a live view by another process


@dataclass(frozen=True, slots=True)
class SceneOptions:
    """Options of the scene. `noise` scales read noise and shot noise: 0 is none, 1 a full-frame camera at base ISO.

    With `wait` each frame waits until its pose is rendered. Without it the camera sways over the rendered poses.
    """

    size: tuple[int, int] = (1920, 1080)
    fps: float = 60.0
    noise: float = 1.0
    seed: int = 7
    wait: bool = True

    @classmethod
    def parse(cls, source: str) -> Self:
        """Parse `scene:?size=1920x1080&fps=60&noise=1&seed=7&wait=1`. Every key is optional. Raises SourceError."""
        query = source.removeprefix(PREFIX)
        if not source.startswith(PREFIX) or (query and not query.startswith("?")):
            raise SourceError(
                f"{source}: invalid name of the built-in scene; use scene: or scene:?size=1920x1080&fps=60"
            )
        readers = {"size": _size, "fps": _fps, "noise": _noise, "seed": _seed, "wait": _wait}
        chosen = {}
        for key, text in parse_qsl(query[1:], keep_blank_values=True):
            if key not in readers:
                raise SourceError(f"{PREFIX} has no key '{key}'; the keys are {', '.join(readers)}")
            chosen[key] = readers[key](text)
        return cls(**chosen)  # type: ignore[arg-type]


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,6})x(\d{1,6})", text)
    if match is None:
        raise SourceError(f"{PREFIX} size '{text}' is not WIDTHxHEIGHT, as in size=1920x1080")
    width, height = int(match[1]), int(match[2])
    if not (SIZE_MIN <= width <= SIZE_MAX and SIZE_MIN <= height <= SIZE_MAX):
        raise SourceError(f"{PREFIX} size {text} is outside {SIZE_MIN}x{SIZE_MIN} to {SIZE_MAX}x{SIZE_MAX}")
    return width, height


def _number(key: str, text: str, low: float, high: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not low <= number <= high:
        raise SourceError(f"{PREFIX} {key} '{text}' is not a number from {low:g} to {high:g}")
    return number


def _fps(text: str) -> float:
    return _number("fps", text, 1, 1000)


def _noise(text: str) -> float:
    return _number("noise", text, 0, 100)


def _seed(text: str) -> int:
    if not re.fullmatch(r"\d{1,18}", text):
        raise SourceError(f"{PREFIX} seed '{text}' is not a whole number of 0 or more")
    return int(text)


def _wait(text: str) -> bool:
    if text not in ("0", "1"):
        raise SourceError(f"{PREFIX} wait '{text}' is not 0 or 1; 0 plays before all poses are rendered")
    return text == "1"


class SceneSource(BaseSource):
    """An endless source of raw frames of the built-in studio, with exact depth. A seed always gives the same frames.

    The camera sways from side to side. Successive frames have different noise, unless `noise` is 0. With `wait=0` the
    order of the first frames depends on the time.
    """

    name = PREFIX
    frames = None

    def __init__(self, source: str = PREFIX) -> None:
        """Starts to render the ring in a thread. Raises SourceError for an invalid `source`."""
        self.options = SceneOptions.parse(source)
        self.size = self.options.size
        self.fps: float = self.options.fps
        self._ring = _Ring(self.options)

    @property
    def period(self) -> int:
        """The number of frames of the ring, after which they repeat."""
        return len(self._ring)

    def __iter__(self) -> Iterator[Frame]:
        """Yields frames without end, from one end of the sway. Nothing is rendered or copied here."""
        self._ring.resume()
        for index, pose_and_exposure in enumerate(self._ring.walk(self.options.wait)):
            found = self._ring.wait_for(*pose_and_exposure)
            if found is None:
                return
            mosaic, depth_m = found
            yield Frame(
                mosaic,
                cfa=Cfa("RGGB"),
                profile=STUDIO_CAMERA,
                depth_m=depth_m,
                index=index,
                time_s=index / self.fps,
                arrived_s=time.perf_counter(),
                name=PREFIX,
            )

    def interrupt(self) -> None:
        """Ends a read that waits for a pose."""
        self._ring.interrupt()

    def close(self) -> None:
        """Release the ring. A running iteration ends."""
        self._ring.release()


Exposure = tuple[NDArray[np.uint16], NDArray[np.float32]]  # a mosaic and its depth


def open_source(name: str, request: Request) -> SceneSource:
    """The scene; a rate in its name has priority over that of the request."""
    if request.fps is not None and "fps=" not in name:
        name += f"{'&' if '?' in name else '?'}fps={request.fps:g}"
    return SceneSource(name)


def plan_ring(options: SceneOptions) -> tuple[int, int]:
    """The numbers of poses and of exposures of each pose, for a ring of at most RING_BYTES."""
    exposures = max(1, round(options.fps / POSES_PER_S))
    width, height = options.size
    pose_bytes = width * height * (4 + 2 * exposures)
    return min(max(int(RING_BYTES / pose_bytes), POSES_MIN), POSES_MAX), exposures


class _Ring:
    """The poses of the sway with their exposures, rendered in order by a thread."""

    def __init__(self, options: SceneOptions) -> None:
        self._options = options
        self._poses, self._exposures = plan_ring(options)
        self._plan = PosePlan(options.size, self._poses, options.noise, options.seed)
        self._process: PosesProcess | None = None
        width, height = options.size
        self._kept = self._exposures if options.noise > 0 else 1
        self._mosaics = np.empty((self._poses, self._kept, height, width), np.uint16)
        self._depths_m = [np.empty((height, width), np.float32) for _ in range(self._poses)]
        self._made = 0
        self._is_stopped = self._is_interrupted = self._is_started = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="groundglass-scene", daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        return 2 * self._exposures * (self._poses - 1)

    def walk(self, waits: bool) -> Iterator[tuple[int, int]]:
        """Poses and exposures, back and forth without end; unless it `waits`, over the poses that are rendered.

        The way back has the exposures of a pose in reverse order. The two end poses occur once.
        """
        pose, step = 0, 1
        while True:
            for exposure in range(self._exposures)[::step]:
                yield pose, exposure % self._kept
            if pose + step >= (self._poses if waits else self._made):
                step = -1
            pose = max(pose + step, 0)
            if pose == 0:
                step = 1

    def wait_for(self, pose: int, exposure: int) -> Exposure | None:
        """An exposure and its depth, when it is rendered; None if interrupted. Raises an error of the rendering."""
        with self._changed:
            self._changed.wait_for(lambda: self._made > pose or self._is_interrupted or self._is_stopped)
            if self._error is not None:
                raise self._error
            if self._is_interrupted or self._is_stopped:
                return None
            return self._mosaics[pose, exposure], self._depths_m[pose]

    def interrupt(self) -> None:
        """Ends a wait; the rendering continues."""
        with self._changed:
            self._is_interrupted = True
            self._changed.notify_all()

    def resume(self) -> None:
        with self._changed:
            self._is_interrupted, self._is_started = False, True
            self._changed.notify_all()

    def stop(self) -> None:
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def release(self) -> None:
        """Ends the rendering after the current poses; a second call has no effect."""
        self.stop()
        if self._process is not None:
            self._process.interrupt()
        self._thread.join()
        self._mosaics, self._depths_m = self._mosaics[:0], []

    def _run(self) -> None:
        try:
            self._render()
        except BaseException as error:  # it must reach the thread that iterates
            if not self._is_stopped:
                self._error = error
                self.stop()
        give_back()

    def _render(self) -> None:
        if self._options.wait:
            poses = Poses(self._plan)
            with ThreadPoolExecutor(THREADS, "scene") as pool:
                poses.studio.prepare(pool)
                for pose in pool.map(lambda pose: self._fill(poses, pose), range(self._poses)):
                    self._add(pose)
        else:
            self._render_beside_view()

    def _fill(self, poses: Poses, pose: int) -> int:
        if not self._is_stopped:
            poses.render(pose, self._mosaics[pose], self._depths_m[pose])
        return pose

    def _render_beside_view(self) -> None:
        """Renders the poses that are not kept on disk, with a low priority after the first."""
        kept = KeptPoses((self._options, self._poses))
        with ExitStack() as stack:
            poses: Poses | PosesProcess | None = None
            for pose in range(self._poses):
                mosaics, depth_m = self._mosaics[pose], self._depths_m[pose]
                is_kept = kept.read(pose, mosaics, depth_m)
                if not is_kept:
                    poses = poses or self._renderer(stack)
                if self._is_stopped:
                    return
                if poses is not None and not is_kept:
                    poses.render(pose, mosaics, depth_m)
                self._add(pose)
                if pose == 0:
                    if is_kept:
                        self._wait_for_start()
                    lower_priority(LOW_PRIORITY)
                if not is_kept:
                    kept.write(pose, mosaics, depth_m)

    def _renderer(self, stack: ExitStack) -> Poses | PosesProcess:
        width, height = self._options.size
        if width * height < PROCESS_PIXELS:
            return Poses(self._plan)
        self._process = process = stack.enter_context(PosesProcess(self._plan))
        if self._is_stopped:
            process.interrupt()
        return process

    def _wait_for_start(self) -> None:
        """Leaves the processor to the view until it asks for frames: its first picture has a pose."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_started or self._is_stopped)

    def _add(self, pose: int) -> None:
        self._depths_m[pose].setflags(write=False)
        with self._changed:
            self._made = pose + 1
            self._changed.notify_all()
