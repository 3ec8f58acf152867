"""Programs whose numbers become constants when they stand still."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Generic, TypeVar

from ..compute.stage_cache import StageCache
from .full_frame import FullFrame
from .passes import Number

PROGRAMS = 24  # kept: looks, each for the sides of a wipe, with and without blending

Key = TypeVar("Key", bound=Hashable)


class ConstantFolding(Generic[Key]):
    """Programs by a key, a few kept: a frame compiles nothing while its key and its numbers stay the same.

    Where it `settles` (worth it on Mesa's software renderer), numbers that stood still from one draw to the next become
    constants of a program of their own, which takes 30 ms to make and draws the same picture in little more than half
    the time. A slider in motion is drawn with uniforms. `make` compiles the program of a key with such constants.
    """

    def __init__(self, make: Callable[[Key, Mapping[str, Number]], FullFrame], folds_constants: bool) -> None:
        self._folds_constants = folds_constants
        self._kept = StageCache(lambda key: _Programs(partial(make, key)), PROGRAMS)

    def program(self, key: Key, numbers: Mapping[str, Number]) -> FullFrame:
        """The one to draw with, told its numbers. Raises ShaderError where it does not compile."""
        return self._kept.get(key).program(numbers, self._folds_constants)

    def compiled(self) -> tuple[int, int]:
        """How many programs are alive with uniforms, and how many with constants."""
        alive = list(self._kept)
        return sum(one._with_uniforms is not None for one in alive), sum(one._folded is not None for one in alive)

    def release(self) -> None:
        """Gives all programs back; harmless when done twice."""
        self._kept.release()


class _Programs:
    """Those of one key: with uniforms, and with the numbers that stood still."""

    def __init__(self, make: Callable[[Mapping[str, Number]], FullFrame]) -> None:
        self._make = make
        self._with_uniforms: FullFrame | None = None
        self._folded: tuple[Mapping[str, Number], FullFrame] | None = None
        self._latest: Mapping[str, Number] | None = None  # numbers of the latest draw

    def program(self, numbers: Mapping[str, Number], folds_constants: bool) -> FullFrame:
        is_unchanged, self._latest = self._latest == numbers, numbers
        if folds_constants and is_unchanged:
            return self._folded_program(numbers)
        self._with_uniforms = self._with_uniforms or self._make({})
        self._with_uniforms.set(numbers)
        return self._with_uniforms

    def _folded_program(self, numbers: Mapping[str, Number]) -> FullFrame:
        if self._folded is None or self._folded[0] != numbers:
            made = self._make(numbers)
            made.set(numbers)  # those that no constant can stand for
            if self._folded is not None:
                self._folded[1].release()
            self._folded = numbers, made
        return self._folded[1]

    def release(self) -> None:
        for program in (self._with_uniforms, self._folded and self._folded[1]):
            if program is not None:
                program.release()
        self._with_uniforms = self._folded = self._latest = None
