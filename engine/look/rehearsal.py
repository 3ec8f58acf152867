"""Looks that GL will draw, compiled before a frame needs them: in the drawing thread, a part with each frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple, Protocol

import moderngl

from ..compute.planes import PAD, Layout
from ..errors import GroundglassError
from ..gl.context import make_current
from ..gl.passes import Table
from ..gl.planes import ScenePlanes
from .grade import Grader, Target, look_picture
from .kernel_route.route import KernelLooks
from .look import Look

WAITING = 4  # looks and sizes; the oldest is dropped


class GradeSettings(Protocol):
    """The settings that a program of a look depends on."""

    @property
    def look(self) -> Look: ...
    @property
    def strength(self) -> float: ...
    @property
    def bits(self) -> int: ...
    @property
    def output_space(self) -> Table | None: ...


class _Request(NamedTuple):
    settings: GradeSettings
    size: tuple[int, int]


class Rehearsals:
    """Compiles programs of `grader` for looks that `kernel_looks` leaves to GL. A step takes some milliseconds.

    A GL context belongs to one thread, so no other thread can do it. Errors are reported by the frame that draws the
    look.
    """

    def __init__(self, gl: moderngl.Context, grader: Grader, textures: ScenePlanes, kernel_looks: KernelLooks) -> None:
        self._gl = gl
        self._grader, self._textures, self._kernel_looks = grader, textures, kernel_looks
        self._waiting: deque[_Request] = deque(maxlen=WAITING)
        self._running: Iterator[None] | None = None

    def add(self, settings: GradeSettings, size: tuple[int, int]) -> None:
        self._waiting.append(_Request(settings, size))

    @property
    def is_running(self) -> bool:
        return self._running is not None or bool(self._waiting)

    def step(self) -> None:
        """Does a part of the work."""
        make_current(self._gl)
        if self._running is None and self._waiting:
            self._running = self._steps(*self._waiting.popleft())
        if self._running is not None:
            try:
                next(self._running)
            except (StopIteration, GroundglassError):
                self._running = None

    def close(self) -> None:
        """Drops what is left; a second call has no effect. The context must be current."""
        self._waiting.clear()
        self._running = None

    def _steps(self, settings: GradeSettings, size: tuple[int, int]) -> Iterator[None]:
        look, strength = settings.look, settings.strength
        is_for_kernel = settings.output_space is None and settings.bits == 8
        if is_for_kernel and self._kernel_looks.draws(look_picture(look, size, strength=strength), size):
            return
        layout = Layout.of(*size)
        planes = self._textures.stand_in((layout.pitch, layout.height), (PAD, 0), size)
        try:
            target, output = target_of(settings.bits), settings.output_space
            yield from self._grader.rehearse(planes, look, strength=strength, target=target, output=output)
        finally:
            planes.release()


def target_of(bits: int) -> Target:
    """The target of a picture with 8, 10 or 16 bits per channel."""
    return "rgba16" if bits == 16 else "rgb10_a2" if bits == 10 else "rgba8"
