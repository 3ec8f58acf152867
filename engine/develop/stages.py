"""The contract of a stage of the raw development, and the chain that walks a table of them."""

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
from ..frame import Frame
from .estimates import Estimates

if TYPE_CHECKING:
    from .development import Development


class RawStage(Protocol):
    """What a stage of the table is: it holds what it needs for frames of one size and kind."""

    @property
    def output(self) -> Planes:
        """What the next stage takes: planes of its own, or those that it changes in place."""
        ...

    def release(self) -> None:
        """Gives its buffers back; harmless when done twice."""
        ...


@dataclass(slots=True)
class MakeContext:
    """What a stage is made with; no pixel is looked at."""

    device: Device
    frame: Frame  # its size, packing, strides and kind of sensor
    development: Development
    own_planes: list[Planes] = field(default_factory=list)  # that the chain releases
    source: Planes | None = None  # the output of the stage before; None for the first one

    @property
    def planes(self) -> Planes:
        """The output of the stage before."""
        assert self.source is not None, "the first stage of a chain takes the frame"
        return self.source

    def new_planes(self, size: tuple[int, int], channels: int) -> Planes:
        """Planes of `size`, (width, height), that live as long as the chain."""
        self.own_planes.append(Planes(self.device, *size, channels))
        return self.own_planes[-1]


@dataclass(slots=True)
class RunContext:
    """One frame on its way through the stages."""

    frame: Frame  # as it came
    profile: CameraProfile  # of the frame, with the white balance that was chosen
    development: Development
    brightness: float  # factor of the light: exposure, and what was metered
    estimates: Estimates
    cfa: Cfa  # of the mosaic now: a stage that rearranges the sites sets it

    @property
    def encoded(self) -> bool:
        """Whether the mosaic is in the domain of kernels/encoding.h. The demosaic of X-Trans encodes its mosaic."""
        return self.frame.cfa.kind != "xtrans"

    @property
    def noise(self) -> NoiseProfile:
        """Of the sensor, before white balance: what the profile says, or what the first frame showed."""
        return self.estimates.noise(self.frame)

    @property
    def to_scene(self) -> NDArray[np.float64]:
        """(3, 3), from white-balanced camera RGB to scene RGB of the brightness asked for."""
        return self.profile.camera_to_scene * self.brightness


Made = TypeVar("Made", bound=RawStage)


def _no_key(frame: Frame, development: Development) -> Hashable:
    return None


@dataclass(frozen=True, slots=True)
class StageSpec(Generic[Made]):
    """A row of the table: a stage's name, when it takes part, how it is made, and how a frame goes through it.

    `key` is what frames and developments must have in common to go through the stage that was made for one of them,
    besides the frame's size. `reset` makes a stage that remembers frames forget them.
    """

    name: str
    applies: Callable[[Frame, Development], bool]
    make: Callable[[MakeContext], Made]
    run: Callable[[Made, RunContext], None]
    key: Callable[[Frame, Development], Hashable] = _no_key
    reset: Callable[[Made], None] | None = None


Table = Sequence[StageSpec[Any]]


class Chain:
    """The stages of a table that a frame and a development ask for, made for frames of that size and kind."""

    def __init__(self, device: Device, table: Table, frame: Frame, development: Development) -> None:
        self._made: list[tuple[StageSpec[Any], RawStage]] = []
        self._estimates = Estimates()
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

    @staticmethod
    def key(table: Table, frame: Frame, development: Development) -> Hashable:
        """What another frame and development must have in common with these to go through the same chain."""
        applied = [spec for spec in table if spec.applies(frame, development)]
        return frame.size, tuple((spec.name, spec.key(frame, development)) for spec in applied)

    @property
    def names(self) -> tuple[str, ...]:
        """Of its stages, in their order."""
        return tuple(spec.name for spec, _ in self._made)

    def run(self, frame: Frame, profile: CameraProfile, development: Development, brightness: float) -> Planes:
        """Queues the kernels of all stages. Returns the last one's output, which the next call overwrites."""
        context = RunContext(frame, profile, development, brightness, self._estimates, frame.cfa)
        for spec, stage in self._made:
            spec.run(stage, context)
        return self._made[-1][1].output

    def reset(self) -> None:
        """Forgets earlier frames: other frames were developed elsewhere in between."""
        self._estimates.reset()
        for spec, stage in self._made:
            if spec.reset is not None:
                spec.reset(stage)

    def release(self) -> None:
        """Gives everything back, the last stage first; harmless when done twice."""
        for _, stage in reversed(self._made):
            stage.release()
        for planes in self._own_planes:
            planes.release()
        self._made.clear()
        self._own_planes.clear()
