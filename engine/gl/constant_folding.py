"""Shader programs whose uniforms become constants while their values do not change."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Generic, TypeVar

from ..compute.stage_cache import StageCache
from .full_frame import FullFrame
from .passes import Number

PROGRAMS = 16  # cached: several looks, for both sides of a wipe, with and without blending

FOLDED_AFTER = 12  # draws with equal numbers: after each program the driver keeps 10 to 40 kB for ever (Mesa, measured)
FOLDED = 2  # programs with constants of a key: the one that is drawn, and one that is prepared

Key = TypeVar("Key", bound=Hashable)


class ConstantFolding(Generic[Key]):
    """A cache of programs by key: a frame compiles nothing while its key and its numbers stay the same.

    With `folds_constants` (useful on Mesa's software renderer), numbers that stay equal for some draws become constants
    of a second program. It takes 30 to 90 ms to compile and draws the same picture in little more than half the time. A
    slider that moves, or pauses briefly, is drawn with uniforms. `make` compiles the program of a key with the given
    constants. Programs of at most `limit` keys are alive: each takes 1 to 3 MB there (measured).
    """

    def __init__(
        self, make: Callable[[Key, Mapping[str, Number]], FullFrame], folds_constants: bool, limit: int = PROGRAMS
    ) -> None:
        self._folds_constants = folds_constants
        self._cache = StageCache(lambda key: _ProgramPair(partial(make, key)), limit)

    def program(self, key: Key, numbers: Mapping[str, Number]) -> FullFrame:
        """The program of `key`, with `numbers` set. Raises ShaderError if it does not compile."""
        return self._cache.get(key).program(numbers, self._folds_constants)

    def prepare(self, key: Key, numbers: Mapping[str, Number]) -> FullFrame:
        """Compiles for successive draws with `numbers`, with which `program` then returns the same program."""
        return self._cache.get(key).prepare(numbers, self._folds_constants)

    def compiled(self) -> tuple[int, int]:
        """The number of live programs with uniforms, and of those with constants."""
        pairs = list(self._cache)
        return sum(pair._with_uniforms is not None for pair in pairs), sum(len(pair._folded) for pair in pairs)

    def release(self) -> None:
        """Releases all programs. May be called twice."""
        self._cache.release()


class _ProgramPair:
    """The programs of one key: with uniforms, and with constants."""

    def __init__(self, make: Callable[[Mapping[str, Number]], FullFrame]) -> None:
        self._make = make
        self._with_uniforms: FullFrame | None = None
        self._folded: list[tuple[Mapping[str, Number], FullFrame]] = []  # the latest last
        self._latest: Mapping[str, Number] | None = None  # numbers of the latest draw
        self._equal = 0  # draws with these numbers, in succession

    def program(self, numbers: Mapping[str, Number], folds_constants: bool) -> FullFrame:
        self._equal = self._equal + 1 if self._latest == numbers else 1
        self._latest = numbers
        folded = self._folded_with(numbers)
        if folded is not None:
            return folded
        return self.prepare(numbers, folds_constants and self._equal >= FOLDED_AFTER)

    def prepare(self, numbers: Mapping[str, Number], folds_constants: bool) -> FullFrame:
        if folds_constants:
            return self._folded_with(numbers) or self._fold(numbers)
        self._with_uniforms = self._with_uniforms or self._make({})
        self._with_uniforms.set(numbers)
        return self._with_uniforms

    def _folded_with(self, numbers: Mapping[str, Number]) -> FullFrame | None:
        return next((program for constants, program in self._folded if constants == numbers), None)

    def _fold(self, numbers: Mapping[str, Number]) -> FullFrame:
        program = self._make(numbers)
        program.set(numbers)  # uniforms that cannot be constants
        self._folded.append((numbers, program))
        if len(self._folded) > FOLDED:
            self._folded.pop(0)[1].release()
        return program

    def release(self) -> None:
        for program in (self._with_uniforms, *(program for _, program in self._folded)):
            if program is not None:
                program.release()
        self._with_uniforms, self._folded, self._latest = None, [], None
