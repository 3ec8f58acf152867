"""Programs whose numbers become constants when they stand still."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Generic, TypeVar

from .full_frame import FullFrame
from .passes import Number

Key = TypeVar("Key", bound=Hashable)


class Settling(Generic[Key]):
    """Programs by a key, kept: a frame compiles nothing while its key and its numbers stay the same.

    Where it `settles` (worth it on Mesa's software renderer), numbers that stood still from one draw to the next become
    constants of a program of their own, which takes 30 ms to make and draws the same picture in little more than half
    the time. A slider in motion is drawn with uniforms. `make` compiles the program of a key with such constants.
    """

    def __init__(self, make: Callable[[Key, Mapping[str, Number]], FullFrame], settles: bool) -> None:
        self._make, self._settles = make, settles
        self._moving: dict[Key, FullFrame] = {}
        self._settled: dict[Key, tuple[Mapping[str, Number], FullFrame]] = {}
        self._latest: dict[Key, Mapping[str, Number]] = {}  # numbers of the latest draw

    def program(self, key: Key, numbers: Mapping[str, Number]) -> FullFrame:
        """The one to draw with, told its numbers. Raises ShaderError where it does not compile."""
        stood_still = self._latest.get(key) == numbers
        self._latest[key] = numbers
        if self._settles and stood_still:
            return self._settled_program(key, numbers)
        if key not in self._moving:
            self._moving[key] = self._make(key, {})
        self._moving[key].set(numbers)
        return self._moving[key]

    def release(self) -> None:
        """Gives all programs back; harmless when done twice."""
        for program in (*self._moving.values(), *(settled for _, settled in self._settled.values())):
            program.release()
        for kept in (self._moving, self._settled, self._latest):
            kept.clear()

    def _settled_program(self, key: Key, numbers: Mapping[str, Number]) -> FullFrame:
        settled = self._settled.get(key)
        if settled is None or settled[0] != numbers:
            made = self._make(key, numbers)
            made.set(numbers)  # those that no constant can stand for
            if settled is not None:
                settled[1].release()
            self._settled[key] = numbers, made
        return self._settled[key][1]
