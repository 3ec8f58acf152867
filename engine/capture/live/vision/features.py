"""The features of a GenICam camera by name, through the library of a vendor or of GenICam itself."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

from ....errors import SourceError, cause

_READABLE, _WRITABLE = (3, 4), (2, 4)  # EAccessMode of GenApi: write only 2, read only 3, both 4

Value = float | str | bool


class Spelling(Enum):
    """How a library spells the attributes of a feature."""

    PYLON = "pylon"  # node.Value
    GENAPI = "genapi"  # node.value


class Limits(NamedTuple):
    """The range of a number and its smallest step, in `unit`; a step of 0 is unknown."""

    minimum: float
    maximum: float
    step: float
    unit: str


class Features:
    """The features of an open camera. `node` returns the library's object for a name, or raises one of `errors`.

    Every method but `has` raises SourceError if the camera refuses or is gone.
    """

    def __init__(self, node: Callable[[str], Any], spelling: Spelling, *errors: type[Exception]) -> None:
        self._node = node
        self._spelling = spelling
        self._errors: tuple[type[Exception], ...] = (*errors, AttributeError, TypeError, ValueError)

    def has(self, name: str, *, writable: bool = False) -> bool:
        """Whether the camera has the feature now. False, too, if the camera is gone."""
        try:
            return self._access(self._node(name)) in (_WRITABLE if writable else _READABLE)
        except self._errors:
            return False

    def first(self, *names: str) -> str:
        """The first of these features that the camera has, or empty."""
        return next((name for name in names if self.has(name)), "")

    def get(self, name: str) -> Any:
        return self._read(name, "value")

    def number(self, name: str) -> float:
        return float(self._read(name, "value"))

    def choices(self, name: str) -> tuple[str, ...]:
        return tuple(self._read(name, "symbolics"))

    def limits(self, name: str) -> Limits:
        step = self._optional(name, "inc")
        unit = str(self._optional(name, "unit") or "").replace("us", "µs")
        return Limits(float(self._read(name, "min")), float(self._read(name, "max")), float(step or 0.0), unit)

    def set(self, name: str, value: Value) -> None:
        try:
            setattr(self._node(name), self._spelled("value"), value)
        except self._errors as error:
            raise SourceError(f"{name} cannot be set to {value} ({short(error)})") from error

    def execute(self, name: str) -> None:
        try:
            getattr(self._node(name), self._spelled("execute"))()
        except self._errors as error:
            raise SourceError(f"{name} cannot be executed ({short(error)})") from error

    def _access(self, node: Any) -> int:
        return int(node.GetAccessMode() if self._spelling is Spelling.PYLON else node.get_access_mode())

    def _spelled(self, attribute: str) -> str:
        return attribute.title() if self._spelling is Spelling.PYLON else attribute

    def _read(self, name: str, attribute: str) -> Any:
        try:
            return getattr(self._node(name), self._spelled(attribute))
        except self._errors as error:
            raise SourceError(f"{name} cannot be read ({short(error)})") from error

    def _optional(self, name: str, attribute: str) -> Any:
        try:
            return self._read(name, attribute)
        except SourceError:
            return None


def short(error: Exception) -> str:
    """The message of a GenICam error without the place in the library's source."""
    text = cause(error).split(" : ")[0].split(" (file")[0].strip().rstrip(".")
    return text or type(error).__name__
