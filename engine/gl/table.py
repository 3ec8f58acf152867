"""The value of a parameter that is a file: textures and numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from numpy.typing import NDArray

Number = float | int | bool | tuple[float, ...]  # the value of a uniform


class Table(ABC):
    """The value of a parameter declared by `#pragma table`; immutable.

    `textures` are float32 arrays (height, width, 4) or (depth, height, width, 4), `numbers` are uniforms. The keys
    are the shader's names without the names of the pass and the parameter. The textures are read with texelFetch, or
    with `is_filtered` by `texture`, interpolated and repeated.
    """

    is_filtered: ClassVar[bool] = False

    @property
    @abstractmethod
    def textures(self) -> Mapping[str, NDArray[Any]]: ...

    @property
    @abstractmethod
    def numbers(self) -> Mapping[str, Number]: ...
