"""Which GL objects are alive: moderngl counts none, so what makes them is wrapped for the tests.

moderngl frees nothing by itself (`gc_mode` None): an object that is dropped without a `release` stays in the driver
until its context goes. So each object is kept here until it is released.
"""

from __future__ import annotations

import functools
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import moderngl

_CREATORS = (
    *("buffer", "texture", "texture_array", "texture3d", "texture_cube", "depth_texture", "_vertex_array", "program"),
    *("framebuffer", "simple_framebuffer", "empty_framebuffer", "renderbuffer", "depth_renderbuffer", "sampler"),
    *("compute_shader", "scope"),
)  # not queries: moderngl 5 has no way to release them before their context


@dataclass(frozen=True, slots=True)
class Made:
    """A GL object and where it was made, as `file:line`."""

    object: Any
    where: str

    @property
    def is_released(self) -> bool:
        return isinstance(self.object.mglo, moderngl.InvalidObject)

    def __str__(self) -> str:
        return f"{type(self.object).__name__} made in {self.where}"


@dataclass
class GlObjects:
    """Those of every context; `leaks` says of the contexts that were released what was alive in them."""

    made: dict[int, list[Made]] = field(default_factory=dict)
    leaks: list[str] = field(default_factory=list)

    def alive(self, ctx: moderngl.Context) -> list[Made]:
        """What was made in a context and not yet released."""
        kept = [one for one in self.made.get(id(ctx), []) if not one.is_released]
        self.made[id(ctx)] = kept
        return list(kept)

    def count(self, ctx: moderngl.Context) -> Counter[str]:
        """How many are alive, by kind."""
        return Counter(type(one.object).__name__ for one in self.alive(ctx))

    def watch(self) -> None:
        """Wraps moderngl's context for the rest of the process."""
        for name in _CREATORS:
            setattr(moderngl.Context, name, self._noting(getattr(moderngl.Context, name)))
        release = moderngl.Context.release

        @functools.wraps(release)
        def released(ctx: moderngl.Context) -> None:
            if not isinstance(ctx.mglo, moderngl.InvalidObject):
                self.leaks += map(str, self.alive(ctx))
                self.made.pop(id(ctx), None)
            release(ctx)

        moderngl.Context.release = released

    def _noting(self, create: Any) -> Any:
        @functools.wraps(create)
        def noted(ctx: moderngl.Context, *args: Any, **options: Any) -> Any:
            made = create(ctx, *args, **options)
            known = self.made.setdefault(id(ctx), [])
            if len(known) > 1000:
                known[:] = [one for one in known if not one.is_released]
            if not any(one.object is made for one in known[-3:]):  # a creator may call another one
                known.append(Made(made, _where()))
            return made

        return noted


def _where() -> str:
    """The first line outside moderngl and this file."""
    frame = sys._getframe(2)
    while frame.f_back is not None and ("moderngl" in frame.f_code.co_filename or frame.f_code.co_filename == __file__):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


GL_OBJECTS = GlObjects()
