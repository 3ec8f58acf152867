"""A stage that is made for pictures of one kind, and made anew for those of another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, ParamSpec, Protocol, TypeVar


class Releasable(Protocol):
    def release(self) -> None: ...


Arguments = ParamSpec("Arguments")
Stage = TypeVar("Stage", bound=Releasable)


class StageCache(Generic[Arguments, Stage]):
    """Keeps the stage that `make` made last. Nothing is made before it is needed."""

    def __init__(self, make: Callable[Arguments, Stage]) -> None:
        self._make = make
        self._stage: Stage | None = None
        self._arguments: tuple[object, ...] = ()

    def of(self, *arguments: Arguments.args, **no_keywords: Arguments.kwargs) -> Stage:
        """The stage for a size, and what else `make` asks for; what was there for another is given back."""
        if self._stage is None or self._arguments != arguments:
            self.release()
            self._stage, self._arguments = self._make(*arguments, **no_keywords), arguments
        return self._stage

    @property
    def is_made(self) -> bool:
        """Whether there is one now."""
        return self._stage is not None

    def release(self) -> None:
        """Gives the stage back; harmless when done twice."""
        if self._stage is not None:
            self._stage.release()
            self._stage = None
