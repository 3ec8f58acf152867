"""Programs whose numbers become constants when they stand still."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Generic, TypeVar

from .full_frame import FullFrame
from .passes import Number

Key = TypeVar("Key", bound=Hashable)


class ConstantFolding(Generic[Key]):
    """Programs by a key, kept: a frame compiles nothing while its key and its numbers stay the same.

    Where it `settles` (worth it on Mesa's software renderer), numbers that stood still from one draw to the next become
    constants of a program of their own, which takes 30 ms to make and draws the same picture in little more than half
    the time. A slider in motion is drawn with uniforms. `make` compiles the program of a key with such constants.
    """

    def __init__(self, make: Callable[[Key, Mapping[str, Number]], FullFrame], folds_constants: bool) -> None:
        self._make, self._folds_constants = make, folds_constants
        self._with_uniforms: dict[Key, FullFrame] = {}
        self._folded: dict[Key, tuple[Mapping[str, Number], FullFrame]] = {}
        self._latest: dict[Key, Mapping[str, Number]] = {}  # numbers of the latest draw

    def program(self, key: Key, numbers: Mapping[str, Number]) -> FullFrame:
        """The one to draw with, told its numbers. Raises ShaderError where it does not compile."""
        is_unchanged = self._latest.get(key) == numbers
        self._latest[key] = numbers
        if self._folds_constants and is_unchanged:
            return self._folded_program(key, numbers)
        if key not in self._with_uniforms:
            self._with_uniforms[key] = self._make(key, {})
        self._with_uniforms[key].set(numbers)
        return self._with_uniforms[key]

    def release(self) -> None:
        """Gives all programs back; harmless when done twice."""
        for program in (*self._with_uniforms.values(), *(folded for _, folded in self._folded.values())):
            program.release()
        for kept in (self._with_uniforms, self._folded, self._latest):
            kept.clear()

    def _folded_program(self, key: Key, numbers: Mapping[str, Number]) -> FullFrame:
        folded = self._folded.get(key)
        if folded is None or folded[0] != numbers:
            made = self._make(key, numbers)
            made.set(numbers)  # those that no constant can stand for
            if folded is not None:
                folded[1].release()
            self._folded[key] = numbers, made
        return self._folded[key][1]
