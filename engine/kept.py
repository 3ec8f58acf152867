"""Results that are the same from frame to frame, found by the objects that they were computed from."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from types import NoneType
from typing import Generic, TypeVar

Result = TypeVar("Result")
_BY_VALUE = frozenset({int, float, bool, str, tuple, NoneType})


class Kept(Generic[Result]):
    """The latest `limit` results by their inputs.

    Numbers, texts and tuples are compared by value, other inputs by identity: they must be immutable. To hash a lens or
    the settings takes longer than to look a result up.

    >>> kept = Kept(2)
    >>> kept.of(sum, (1, 2, 3)), kept.of(lambda numbers: 0, (1, 2, 3))
    (6, 6)
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._latest: OrderedDict[tuple[object, ...], tuple[tuple[object, ...], Result]] = OrderedDict()

    def of(self, make: Callable[..., Result], *inputs: object) -> Result:
        """The result for `inputs`: kept, or `make(*inputs)`."""
        return self.found(inputs, lambda: make(*inputs))

    def found(self, inputs: tuple[object, ...], make: Callable[[], Result]) -> Result:
        """The result for `inputs`: kept, or `make()`, which depends on nothing else."""
        key = tuple([value if type(value) in _BY_VALUE else id(value) for value in inputs])
        kept = self._latest.get(key)
        if kept is not None:
            return kept[1]
        result = make()
        self._latest[key] = inputs, result  # the inputs stay alive, so that no other object has their identity
        if len(self._latest) > self._limit:
            self._latest.popitem(last=False)
        return result
