"""Records which GL objects are alive. moderngl does not count them, so the tests wrap its creating methods.

moderngl frees nothing automatically (`gc_mode` None): an object dropped without `release` stays in the driver until its
context is released. So this module keeps each object until it is released.
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
)  # no queries: moderngl 5 cannot release them before their context


@dataclass(frozen=True, slots=True)
class Made:
    """A GL object and the `file:line` that created it."""

    object: Any
    position: str

    @property
    def is_released(self) -> bool:
        return isinstance(self.object.mglo, moderngl.InvalidObject)

    def __str__(self) -> str:
        return f"{type(self.object).__name__} made in {self.position}"


@dataclass
class GlObjects:
    """The GL objects of every context. `leaks` are the objects that were alive when their context was released."""

    made: dict[int, list[Made]] = field(default_factory=dict)
    leaks: list[str] = field(default_factory=list)

    def alive(self, ctx: moderngl.Context) -> list[Made]:
        """The objects of a context that are not released."""
        kept = [made for made in self.made.get(id(ctx), []) if not made.is_released]
        self.made[id(ctx)] = kept
        return list(kept)

    def count(self, ctx: moderngl.Context) -> Counter[str]:
        """The number of living objects of each type."""
        return Counter(type(made.object).__name__ for made in self.alive(ctx))

    def watch(self) -> None:
        """Wraps the methods of moderngl's context for the rest of the process."""
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
            created = create(ctx, *args, **options)
            known = self.made.setdefault(id(ctx), [])
            if len(known) > 1000:
                known[:] = [made for made in known if not made.is_released]
            if not any(made.object is created for made in known[-3:]):  # a creator may call another creator
                known.append(Made(created, _position()))
            return created

        return noted


def _position() -> str:
    """The `file:line` of the innermost caller outside moderngl and this file."""
    frame = sys._getframe(2)
    while frame.f_back is not None and ("moderngl" in frame.f_code.co_filename or frame.f_code.co_filename == __file__):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


GL_OBJECTS = GlObjects()
