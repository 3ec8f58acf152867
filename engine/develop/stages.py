"""The contract of a raw development stage, and the chain that runs a table of stages."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..camera import CameraProfile, NoiseProfile
from ..cfa import Cfa
from ..compute.device import Device
from ..compute.planes import Planes
from ..compute.sequence import LaunchSequence
from ..frame import Frame
from .binning import binned_noise
from .estimates import Estimates

if TYPE_CHECKING:
    from .development import Development


class RawStage(Protocol):
    """A stage of the table, with its buffers for frames of one size and kind."""

    @property
    def output(self) -> Planes:
        """The input of the next stage: separate planes, or the planes that this stage changes in place."""
        ...

    def release(self) -> None:
        """Releases its buffers; safe to call twice."""
        ...


@dataclass(slots=True)
class MakeContext:
    """The inputs for making a stage. No pixel is read."""

    device: Device
    frame: Frame  # gives size, packing, strides and kind of sensor
    development: Development
    own_planes: list[Planes] = field(default_factory=list)  # released by the chain
    source: Planes | None = None  # output of the previous stage; None for the first

    @property
    def planes(self) -> Planes:
        """The output of the previous stage."""
        assert self.source is not None, "the first stage of a chain has no previous stage"
        return self.source

    def new_planes(self, size: tuple[int, int], channels: int) -> Planes:
        """New planes of `size`, (width, height); the chain releases them."""
        self.own_planes.append(Planes(self.device, *size, channels))
        return self.own_planes[-1]


@dataclass(slots=True)
class RunContext:
    """A frame and its settings while it passes through the stages."""

    frame: Frame  # the input
    profile: CameraProfile  # the frame's profile with the chosen white balance
    development: Development
    brightness: float  # factor of the light: metered exposure and compensation
    estimates: Estimates
    cfa: Cfa  # current CFA; a stage that rearranges the mosaic updates it
    is_binned: bool = False  # the profile is that of the binned mosaic

    @property
    def encoded(self) -> bool:
        """Whether the mosaic is in the domain of kernels/encoding.h. The X-Trans demosaic stage encodes later."""
        return self.frame.cfa.kind != "xtrans"

    @property
    def noise(self) -> NoiseProfile:
        """The mosaic's noise before white balance: from its profile, else estimated from the first frame."""
        if self.profile.noise is not None:
            return self.profile.noise
        noise = self.estimates.noise(self.frame)
        return binned_noise(noise) if self.is_binned else noise

    @property
    def to_scene(self) -> NDArray[np.float64]:
        """(3, 3) from white-balanced camera RGB to scene RGB, `brightness` included."""
        return self.profile.camera_to_scene * self.brightness


Made = TypeVar("Made", bound=RawStage)


def _no_key(frame: Frame, development: Development) -> Hashable:
    return None


@dataclass(frozen=True, slots=True)
class StageSpec(Generic[Made]):
    """A row of the table: a stage's name, the condition under which it applies, and how it is made and run.

    A stage can be reused for frames of the same size and the same `key`. `load` copies the frame to the device, `run`
    queues kernels. A stage that `repeats` queues the same kernels for the same profile, development and brightness.
    `reset` discards a stage's memory of earlier frames.
    """

    name: str
    applies: Callable[[Frame, Development], bool]
    make: Callable[[MakeContext], Made]
    run: Callable[[Made, RunContext], None]
    key: Callable[[Frame, Development], Hashable] = _no_key
    load: Callable[[Made, Frame], None] | None = None
    repeats: bool = False
    reset: Callable[[Made], None] | None = None


Table = Sequence[StageSpec[Any]]


class Chain:
    """The stages of a table that apply to a frame and its development, made for frames of that size and kind."""

    def __init__(
        self, device: Device, table: Table, frame: Frame, development: Development, estimates: Estimates | None = None
    ) -> None:
        """Allocates. Chains for frames of one source share its `estimates`."""
        self._made: list[tuple[StageSpec[Any], RawStage]] = []
        self._estimates = estimates or Estimates()
        self._device, self._launches = device, LaunchSequence(device)
        self._latest: tuple[object, ...] = ()  # kept alive: the launches are found by the identity of these
        context = MakeContext(device, frame, development)
        self._own_planes = context.own_planes
        try:
            for spec in table:
                if spec.applies(frame, development):
                    stage = spec.make(context)
                    self._made.append((spec, stage))
                    context.source = stage.output
        except BaseException:
            self.release()
            raise
        self._repeats = all(spec.repeats for spec, _ in self._made)

    @staticmethod
    def key(table: Table, frame: Frame, development: Development) -> Hashable:
        """The cache key: frames and developments with equal keys can use the same chain."""
        applied = [spec for spec in table if spec.applies(frame, development)]
        return frame.size, tuple((spec.name, spec.key(frame, development)) for spec in applied)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the stages in their order."""
        return tuple(spec.name for spec, _ in self._made)

    def load(self, frame: Frame) -> None:
        """Queues the copies of the frame that `run` will develop: they run while the host still measures it."""
        for spec, stage in self._made:
            if spec.load is not None:
                spec.load(stage, frame)

    def run(self, frame: Frame, profile: CameraProfile, development: Development, brightness: float) -> Planes:
        """Queues the kernels of all stages for a loaded frame. Returns the last stage's output, which the next call
        overwrites.
        """
        context = RunContext(frame, profile, development, brightness, self._estimates, frame.cfa)
        if self._repeats:
            self._latest = profile, development
            key = id(profile), id(development), brightness, frame.cfa
            self._launches.run(key, lambda: self._queue(context))
        else:
            self._queue(context)
        return self._made[-1][1].output

    def _queue(self, context: RunContext) -> None:
        for spec, stage in self._made:
            spec.run(stage, context)

    def reset(self) -> None:
        """Discards the memory of earlier frames. Call it if another chain has developed frames in between."""
        for spec, stage in self._made:
            if spec.reset is not None:
                spec.reset(stage)

    def release_all_but_output(self) -> None:
        """Releases the stages, but not the output of the latest run. Only `release` may be called afterwards."""
        output = self._made[-1][1].output
        owners = [made for made in self._made if made[1].output is output]
        kept = self._made[-1:] if output in self._own_planes else owners
        for made in self._made:
            if made not in kept:
                made[1].release()
        for planes in self._own_planes:
            if planes is not output:
                planes.release()
        # The memory of a released buffer is free when nothing refers to it.
        self._made = kept
        self._own_planes = [planes for planes in self._own_planes if planes is output]
        self._launches = LaunchSequence(self._device)

    def release(self) -> None:
        """Releases all stages, the last one first; safe to call twice."""
        for _, stage in reversed(self._made):
            stage.release()
        for planes in self._own_planes:
            planes.release()
        self._made.clear()
        self._own_planes.clear()
