"""Monocular depth: a model estimates distances from single pictures, in its own thread and at its own rate.

The live loop never waits. When the model is idle it receives a small copy of the picture, made on the device. Until its
result arrives, the previous depth map is used. Offline, each frame waits for its own depth map.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..camera import REC2020_TO_REC709
from ..compute.arguments import of_matrix
from ..compute.device import Buffer, Device, Fetch
from ..compute.planes import Planes
from ..frame import Frame
from ..timing import Clock

if TYPE_CHECKING:
    from .maps import DepthMap

STAGE = "depth model"  # name in the stage timings: inference time per picture
_SAMPLES = 4  # maximum scene samples along each axis of a pixel of the small copy
_NICENESS = 10  # niceness of the model's threads: the live loop has priority


class DepthModel(Protocol):
    """Interface of a depth model; all calls come from one thread."""

    def size_for(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) of the model's input for a picture of width x height."""

    def depth_of(self, picture: NDArray[np.float32]) -> DepthMap:
        """Distances in an upright picture (3, H, W), sRGB-encoded, 0 to 1, of any size. Raises GroundglassError."""


class MonocularDepth:
    """Runs the model that `load` returns on the pictures of a live loop, or on one frame after another.

    `load` is called in the model's own thread, which has low priority where the system supports it. Its exceptions are
    raised here. `subject` identifies a picture: a subject equal to the previous one is not processed again.
    """

    def __init__(self, load: Callable[[], DepthModel]) -> None:
        self._worker = ThreadPoolExecutor(1, "groundglass-depth", initializer=_lower_priority)
        try:
            self._model = self._worker.submit(load).result()
        except BaseException:
            self._worker.shutdown()
            raise
        self._copy: _Downscale | None = None
        self._queued: tuple[object, _Picture] | None = None  # subject and copy that are not yet submitted
        self._pending_subject: object = None  # subject submitted last
        self._pending: Future[tuple[DepthMap, float]] | None = None
        self._latest: DepthMap | None = None
        self._outdated: Future[tuple[DepthMap, float]] | None = None  # its picture is from a former source

    @property
    def has_result(self) -> bool:
        """Whether a new depth map has arrived since the last call of `latest`. Submits a queued copy, if it is made."""
        self.submit_copy()
        return self._pending is not None and self._pending.done()

    def latest(self, clock: Clock) -> DepthMap | None:
        """The latest depth map, without waiting; None before the first result. Raises the model's exception, once."""
        if self.has_result:
            self._take(clock)
        return self._latest

    def queue_copy(self, scene: Planes, subject: object) -> None:
        """Queues the copy of the developed `scene` if the model is idle and `subject` is new."""
        if self._pending is None and self._queued is None and self._pending_subject != subject:
            self._queued = subject, self._copy_for(scene).run(scene)

    def submit_copy(self) -> None:
        """Submits the copy queued by `queue_copy` if the device has made it; never waits."""
        if self._queued is not None and self._queued[1].copy.is_done:
            self._submit(*self._queued)

    def depth_of(self, scene: Planes, subject: object, clock: Clock) -> DepthMap:
        """Distances in the developed `scene`; waits for them."""
        if self._pending is not None:
            self._take(clock)
        if self._latest is None or self._pending_subject != subject:
            self._submit(subject, self._copy_for(scene).run(scene))
            self._take(clock)
        assert self._latest is not None
        return self._latest

    def reset(self) -> None:
        """Discards the latest depth map and those that are still computed. Call it when the source changes."""
        self._latest = self._queued = self._pending_subject = None
        self._outdated = self._pending

    def release(self) -> None:
        """Ends the thread after its current work and releases everything; a second call has no effect."""
        self._worker.shutdown(cancel_futures=True)
        if self._copy is not None:
            self._copy.release()
        self._copy = self._queued = self._pending = None

    def _submit(self, subject: object, picture: _Picture) -> None:
        self._pending_subject, self._queued = subject, None
        self._pending = self._worker.submit(_timed, self._model, picture.pixels())

    def _take(self, clock: Clock) -> None:
        """Waits for the pending result and stores it as the latest."""
        assert self._pending is not None
        pending, self._pending = self._pending, None
        try:
            depth_map, milliseconds = pending.result()
        except BaseException:
            self._pending_subject = None
            raise
        if pending is not self._outdated:
            self._latest = depth_map
        clock.add(STAGE, milliseconds)

    def _copy_for(self, scene: Planes) -> _Downscale:
        if self._copy is None or self._copy.scene_size != scene.size or self._copy.device is not scene.device:
            if self._copy is not None:
                self._copy.release()
            self._copy = _Downscale(scene.device, scene.size, self._model.size_for(*scene.size))
        return self._copy


class _Picture(NamedTuple):
    """A picture of `size`, (width, height), that the device copies to the host."""

    copy: Fetch
    size: tuple[int, int]

    def pixels(self) -> NDArray[np.float32]:
        """(3, H, W), sRGB-encoded, 0 to 1. Waits for the copy."""
        return self.copy.array().reshape(3, self.size[1], self.size[0])


class _Downscale:
    """Resizes scenes of `scene_size`, (width, height), to display-encoded pictures of `size` on the device."""

    def __init__(self, device: Device, scene_size: tuple[int, int], size: tuple[int, int]) -> None:
        self.device, self.scene_size, self.size = device, scene_size, size
        self._taps: list[tuple[int, Buffer, Buffer]] = []
        for samples, count in zip(scene_size, size, strict=True):
            indices, weights = taps(samples, count)
            self._taps.append((indices.shape[1], _upload(device, indices), _upload(device, weights)))
        self._picture = device.allocate(4 * 3 * size[0] * size[1])

    def run(self, scene: Planes) -> _Picture:
        """Queues the copy of `scene` and returns it."""
        width, height = self.size
        (across, columns, column_weights), (down, rows, row_weights) = self._taps
        layout = scene.layout
        self.device.run(
            "monocular.cl", "monocular_picture", (-(-width // 32) * 32, height), (32, 1), scene=scene.buffer,
            columns=columns, column_weights=column_weights, rows=rows, row_weights=row_weights, picture=self._picture,
            width=width, height=height, across=across, down=down, pitch=layout.pitch, stride=layout.stride,
            **of_matrix(REC2020_TO_REC709),
        )  # fmt: skip
        return _Picture(self.device.fetch(self._picture, np.float32, 3 * width * height), self.size)

    def release(self) -> None:
        for _, indices, weights in self._taps:
            self.device.release(indices)
            self.device.release(weights)
        self.device.release(self._picture)


def taps(samples: int, count: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The resampling of a row of `samples` to `count` pixels: sample indices and weights, both (count, n).

    Downscaling averages up to _SAMPLES samples, evenly spaced over the pixel; upscaling interpolates the two adjacent
    samples.
    """
    step = samples / count
    if step >= 1:
        n = min(int(np.ceil(step)), _SAMPLES)
        positions = (np.arange(count)[:, None] + (np.arange(n) + 0.5) / n) * step
        return positions.astype(np.int32), np.full((count, n), 1 / n, np.float32)
    centres = np.clip((np.arange(count) + 0.5) * step - 0.5, 0, samples - 1)
    before = np.floor(centres).astype(np.int32)
    share = (centres - before).astype(np.float32)
    after = np.minimum(before + 1, samples - 1).astype(np.int32)
    return np.stack([before, after], axis=1), np.stack([1 - share, share], axis=1)


def _upload(device: Device, numbers: NDArray[np.int32] | NDArray[np.float32]) -> Buffer:
    buffer = device.allocate(numbers.nbytes)
    device.write(buffer, np.ascontiguousarray(numbers))
    return buffer


def _timed(model: DepthModel, picture: NDArray[np.float32]) -> tuple[DepthMap, float]:
    """The depth map of a picture, and the inference time in milliseconds."""
    began_s = time.perf_counter()
    depth = model.depth_of(picture)
    return depth, (time.perf_counter() - began_s) * 1e3


def _lower_priority() -> None:
    """Lowers the priority of this thread and of the threads that it starts. Linux only: elsewhere it would affect the
    whole process.
    """
    if sys.platform == "linux":
        os.nice(_NICENESS)


def with_map(frame: Frame, depth_map: DepthMap | None) -> Frame:
    """The frame with the depth of a model, or as it is."""
    return frame if depth_map is None else replace(frame, depth_m=depth_map.depth_m, depth_noise=depth_map.noise)
