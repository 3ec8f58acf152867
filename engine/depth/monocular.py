"""Monocular depth: a model estimates distances from single pictures, in its own thread and at its own rate.

The live loop never waits. When the model is idle it receives a small copy of the newest picture, made on the device.
The latest depth map is carried to each frame (`live_map`), and merged with those before it (`fusion`). Offline, each
frame waits for its own depth map, which is used as it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..compute.planes import Planes
from ..errors import GroundglassError
from ..frame import Frame
from ..timing import Clock
from .displacement import MapMover
from .fusion import FusedMap
from .live_map import LiveMap
from .model_picture import Downscale, ModelPicture
from .model_worker import ModelWorker

if TYPE_CHECKING:
    from .maps import DepthMap

STAGE = "depth model"  # name in the stage timings: inference time per picture
FOLLOW_STAGE = "depth motion"  # the same for the time that the live loop takes to carry the map to its frame
MIN_RETRY_S, MAX_RETRY_S = 1.0, 30.0  # waits after failures of the model, which double


class DepthModel(Protocol):
    """Interface of a depth model; all calls come from one thread, except `stop`."""

    def size_for(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) of the model's input for a picture of width x height."""

    def depth_of(self, picture: NDArray[np.float32]) -> DepthMap:
        """Distances in an upright picture (3, H, W), sRGB-encoded, 0 to 1, of any size. Raises GroundglassError."""

    def stop(self) -> None:
        """Ends `depth_of` in another thread as soon as possible, with any result or error. It is not called again."""


class _Result(NamedTuple):
    """The model's map of a picture, the same merged with the maps before it, and the inference time."""

    found: DepthMap
    fused: FusedMap | None
    milliseconds: float


class _Job(NamedTuple):
    """A picture that the model gets next. `luma` and `captured_s` belong to its frame; without `luma` it is offline."""

    subject: object
    picture: ModelPicture
    luma: NDArray[np.float32] | None = None
    captured_s: float = 0.0


class MonocularDepth:
    """Runs the model that `load` returns on the pictures of a live loop, or on one frame after another.

    `load` is called in the model's own thread, which has low priority where the system supports it. Its exceptions are
    raised here. `subject` identifies a picture: a subject equal to the previous one is not processed again.
    """

    def __init__(self, load: Callable[[], DepthModel]) -> None:
        self.problem = ""  # why the model returns no depth, in one line; empty while it works
        self._worker = ModelWorker()
        try:
            self._model = self._worker.submit(load).result()
        except BaseException:
            self._worker.close()
            raise
        self._is_on = True
        self._live, self._mover = LiveMap(), MapMover()
        self._copy: Downscale | None = None
        self._queued: _Job | None = None  # not yet submitted
        self._pending_subject: object = None  # subject submitted last
        self._pending: Future[_Result] | None = None
        self._latest: DepthMap | None = None
        self._outdated: Future[_Result] | None = None  # its picture is from a former source
        self._retry_s, self._next_wait_s = 0.0, MIN_RETRY_S

    @property
    def is_on(self) -> bool:
        """Whether live frames get depth."""
        return self._is_on

    @is_on.setter
    def is_on(self, is_on: bool) -> None:
        if is_on != self._is_on:
            self.reset()
        self._is_on = is_on

    @property
    def has_result(self) -> bool:
        """Whether a new depth map has arrived since the last frame. Submits a queued copy, if it is made."""
        self.submit_copy()
        return self._is_on and self._pending is not None and self._pending.done()

    @property
    def age_ms(self) -> float | None:
        """The age of the map of the latest live frame, from capture to capture; None without a map."""
        return self._live.age_ms

    def follow(self, frame: Frame, clock: Clock) -> Frame:
        """The upright live frame with the latest depth map, without waiting; as it is before the first result.

        A failure of the model becomes the `problem`. The model is then tried again after growing waits.
        """
        if not self._is_on:
            return frame
        if self.has_result:
            try:
                self._take(clock)
            except GroundglassError as error:
                self._fail(error)
        with clock.host(FOLLOW_STAGE):
            return _with_map(frame, self._live.follow(frame))

    def queue_copy(self, scene: Planes, subject: object) -> None:
        """Queues the copy of the developed `scene` of the frame that `follow` got last, if the model is idle and
        `subject` is new.
        """
        is_idle = self._is_on and self._pending is None and self._queued is None
        if is_idle and self._pending_subject != subject and time.perf_counter() >= self._retry_s:
            picture = self._copy_for(scene).run(scene)
            self._queued = _Job(subject, picture, self._live.luma, self._live.captured_s)

    def submit_copy(self) -> None:
        """Submits the copy queued by `queue_copy` if the device has made it; never waits."""
        if self._queued is not None and self._queued.picture.copy.is_done:
            self._submit(self._queued)

    def waited(self, frame: Frame, scene: Planes, subject: object, clock: Clock) -> Frame:
        """The frame with the distances in its developed `scene`; waits for them. Raises GroundglassError."""
        return _with_map(frame, self.depth_of(scene, subject, clock))

    def depth_of(self, scene: Planes, subject: object, clock: Clock) -> DepthMap:
        """Distances in the developed `scene`; waits for them. Raises GroundglassError."""
        if self._pending is not None:
            self._take(clock)
        if self._latest is None or self._pending_subject != subject:
            self._submit(_Job(subject, self._copy_for(scene).run(scene)))
            self._take(clock)
        assert self._latest is not None
        return self._latest

    def reset(self) -> None:
        """Discards the latest depth map and those that are still computed. Call it when the source changes."""
        self._latest = self._queued = self._pending_subject = None
        self._outdated = self._pending
        self._live.reset()
        self.problem, self._retry_s, self._next_wait_s = "", 0.0, MIN_RETRY_S

    def release(self) -> None:
        """Stops the model, ends the thread and releases everything; a second call has no effect."""
        self._model.stop()
        self._worker.close()
        if self._copy is not None:
            self._copy.release()
        self._copy = self._queued = self._pending = None
        self._live.reset()

    def _submit(self, job: _Job) -> None:
        self._pending_subject, self._queued = job.subject, None
        work = partial(_run, self._model, job.picture.pixels(), job, self._live.fused, self._mover)
        self._pending = self._worker.submit(work)

    def _take(self, clock: Clock) -> None:
        """Waits for the pending result and stores it as the latest."""
        assert self._pending is not None
        pending, self._pending = self._pending, None
        try:
            result = pending.result()
        except BaseException:
            if pending is not self._outdated:
                self._pending_subject = None
                raise
            return
        self.problem, self._next_wait_s = "", MIN_RETRY_S
        if pending is not self._outdated:
            self._latest = result.found
            if result.fused is not None:
                self._live.fused = result.fused
        clock.add(STAGE, result.milliseconds)

    def _fail(self, error: GroundglassError) -> None:
        self.problem = " ".join(str(error).split())
        self._retry_s = time.perf_counter() + self._next_wait_s
        self._next_wait_s = min(2 * self._next_wait_s, MAX_RETRY_S)

    def _copy_for(self, scene: Planes) -> Downscale:
        if self._copy is None or self._copy.scene_size != scene.size or self._copy.device is not scene.device:
            if self._copy is not None:
                self._copy.release()
            self._copy = Downscale(scene.device, scene.size, self._model.size_for(*scene.size))
        return self._copy


def _run(
    model: DepthModel, picture: NDArray[np.float32], job: _Job, before: FusedMap | None, mover: MapMover
) -> _Result:
    """In the model's thread: the map of a picture, merged with the map `before`."""
    began_s = time.perf_counter()
    found = model.depth_of(picture)
    milliseconds = (time.perf_counter() - began_s) * 1e3
    if job.luma is None:
        return _Result(found, None, milliseconds)
    first = FusedMap.first(found, job.luma, job.captured_s)
    return _Result(found, first if before is None else before.merged(first, mover), milliseconds)


def _with_map(frame: Frame, depth_map: DepthMap | None) -> Frame:
    return frame if depth_map is None else replace(frame, depth_m=depth_map.depth_m, depth_noise=depth_map.noise)
