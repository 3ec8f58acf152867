"""Distances from one picture alone, told by a model that takes its time: in a thread of its own, at its own rate.

The live loop never waits. When the model has time it is given a small copy of the picture, made on the device; until it
has answered, the distances that it told last are used. Offline each frame waits for its own.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from ..camera import REC2020_TO_REC709
from ..compute.arguments import of_matrix
from ..compute.device import Buffer, Device
from ..compute.planes import Planes
from ..timing import Clock

if TYPE_CHECKING:
    from .maps import DepthMap

STAGE = "depth model"  # of the clock: how long the model thinks about one picture
_SAMPLES = 4  # of the scene, at most, along each axis of a pixel of the small copy
_NICENESS = 10  # of the model's threads: the live loop comes first


class DepthModel(Protocol):
    """What tells distances; only ever called in one thread."""

    def size_for(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) of the small copy that it wants of a picture of width x height."""

    def depth_of(self, picture: NDArray[np.float32]) -> DepthMap:
        """The distances in an upright picture (3, H, W), sRGB-encoded, 0 to 1; of any size. GroundglassError."""


class MonocularDepth:
    """Asks the model that `load` returns about the pictures of a live loop, or of one frame after the other.

    `load` is called in the model's own thread, of low priority where the system knows such threads; what it raises is
    raised here. A picture is known by its `subject`: what is equal to the last one is not asked again.
    """

    def __init__(self, load: Callable[[], DepthModel]) -> None:
        self._worker = ThreadPoolExecutor(1, "groundglass-depth", initializer=_lower_priority)
        try:
            self._model = self._worker.submit(load).result()
        except BaseException:
            self._worker.shutdown()
            raise
        self._copy: _Downscale | None = None
        self._copied_subject: object = (
            None  # the subject of the copy that lies on the device and was not handed over yet
        )
        self._pending_subject: object = None  # the subject of the question asked last
        self._pending: Future[tuple[DepthMap, float]] | None = None
        self._latest: DepthMap | None = None

    @property
    def has_result(self) -> bool:
        """Whether the model has told distances since `latest` was called."""
        return self._pending is not None and self._pending.done()

    def latest(self, clock: Clock) -> DepthMap | None:
        """What the model told last, without waiting; None before its first answer. Raises what it raised, once."""
        if self.has_result:
            self._take(clock)
        return self._latest

    def queue_copy(self, scene: Planes, subject: object) -> None:
        """Queues a small copy of the developed `scene`, where the model has time for it."""
        if self._pending is None and self._pending_subject != subject:
            self._copy_for(scene).run(scene)
            self._copied_subject = subject

    def submit_copy(self) -> None:
        """Gives the model the copy that `glance` queued; to be called when the queue is done, or it waits for that."""
        if self._copied_subject is not None and self._copy is not None:
            self._submit(self._copy, self._copied_subject)

    def depth_of(self, scene: Planes, subject: object, clock: Clock) -> DepthMap:
        """The distances in the developed `scene`, waiting for them."""
        if self._pending is not None:
            self._take(clock)
        if self._latest is None or self._pending_subject != subject:
            copy = self._copy_for(scene)
            copy.run(scene)
            self._submit(copy, subject)
            self._take(clock)
        assert self._latest is not None
        return self._latest

    def release(self) -> None:
        """Ends the thread, when the model has finished what it does, and gives everything back; twice is harmless."""
        self._worker.shutdown(cancel_futures=True)
        if self._copy is not None:
            self._copy.release()
        self._copy = self._copied_subject = self._pending = None

    def _submit(self, copy: _Downscale, subject: object) -> None:
        self._pending_subject, self._copied_subject = subject, None
        self._pending = self._worker.submit(_timed, self._model, copy.read())

    def _take(self, clock: Clock) -> None:
        """The answer, waiting for it."""
        assert self._pending is not None
        answer, self._pending = self._pending, None
        try:
            self._latest, milliseconds = answer.result()
        except BaseException:
            self._pending_subject = None
            raise
        clock.add(STAGE, milliseconds)

    def _copy_for(self, scene: Planes) -> _Downscale:
        if self._copy is None or self._copy.scene_size != scene.size or self._copy.device is not scene.device:
            if self._copy is not None:
                self._copy.release()
            self._copy = _Downscale(scene.device, scene.size, self._model.size_for(*scene.size))
        return self._copy


class _Downscale:
    """Pictures of one size, (width, height), brought to another on the device, as a display would show them."""

    def __init__(self, device: Device, scene_size: tuple[int, int], size: tuple[int, int]) -> None:
        self.device, self.scene_size, self.size = device, scene_size, size
        self._taps: list[tuple[int, Buffer, Buffer]] = []
        for samples, count in zip(scene_size, size, strict=True):
            places, weights = taps(samples, count)
            self._taps.append((places.shape[1], _upload(device, places), _upload(device, weights)))
        self._picture = device.allocate(4 * 3 * size[0] * size[1])

    def run(self, scene: Planes) -> None:
        """Queues the copy of `scene`."""
        width, height = self.size
        (across, columns, column_weights), (down, rows, row_weights) = self._taps
        layout = scene.layout
        self.device.run(
            "monocular.cl", "monocular_picture", (-(-width // 32) * 32, height), (32, 1), scene=scene.buffer,
            columns=columns, column_weights=column_weights, rows=rows, row_weights=row_weights, picture=self._picture,
            width=width, height=height, across=across, down=down, pitch=layout.pitch, stride=layout.stride,
            **of_matrix(REC2020_TO_REC709),
        )  # fmt: skip

    def read(self) -> NDArray[np.float32]:
        """(3, H, W), sRGB-encoded, 0 to 1."""
        width, height = self.size
        return self.device.read(self._picture, np.float32, 3 * width * height).reshape(3, height, width)

    def release(self) -> None:
        for _, places, weights in self._taps:
            self.device.release(places)
            self.device.release(weights)
        self.device.release(self._picture)


def taps(samples: int, count: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """For each of `count` pixels along a row of `samples`: the places that it is the mean of, and their weights.

    Both (count, n): where the row shrinks a few places spread evenly over the pixel, where it grows the two beside it.
    """
    step = samples / count
    if step >= 1:
        n = min(int(np.ceil(step)), _SAMPLES)
        places = (np.arange(count)[:, None] + (np.arange(n) + 0.5) / n) * step
        return places.astype(np.int32), np.full((count, n), 1 / n, np.float32)
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
    """The answer, and the milliseconds that it took."""
    began_s = time.perf_counter()
    found = model.depth_of(picture)
    return found, (time.perf_counter() - began_s) * 1e3


def _lower_priority() -> None:
    """Lets this thread, and those that it starts, compute where others do not want to. Elsewhere than on Linux it would
    be the whole process."""
    if sys.platform == "linux":
        os.nice(_NICENESS)
