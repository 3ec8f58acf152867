"""A fragment program with the triangle that covers the frame, and its uniforms."""

from __future__ import annotations

from collections.abc import Mapping

import moderngl

from .passes import Number
from .program import SHADERS, Source, compile_program, load_source


class FullFrame:
    """One fragment program over the whole viewport. The creator releases it.

    If its source files have changed in the library, `set` and `draw` compile it again first. If that fails, they raise
    ShaderError and keep the previous program.
    """

    def __init__(
        self, ctx: moderngl.Context, fragment: Source, samplers: tuple[str, ...], vertex: str = "frame.vert.glsl"
    ) -> None:
        """Compiles the program. The texture of sampler n must be bound to unit n. Raises ShaderError."""
        self._ctx = ctx
        self._sources = load_source(vertex), fragment
        self._revision = SHADERS.revision
        self._program = compile_program(ctx, *self._sources)
        self._triangle = ctx.vertex_array(self._program, [])
        self._numbers: Mapping[str, Number] = {}
        self.set({name: unit for unit, name in enumerate(samplers)})

    def set(self, numbers: Mapping[str, Number]) -> None:
        """Writes the uniforms whose number has changed."""
        self._recompile_if_changed()
        for name, number in numbers.items():
            if self._numbers.get(name) != number:
                uniform = self._program.get(name, None)  # the driver removes unused uniforms
                if isinstance(uniform, moderngl.Uniform):
                    uniform.value = number
        self._numbers = {**self._numbers, **numbers}

    def draw(self, framebuffer: moderngl.Framebuffer, *, premultiplied: bool = False) -> None:
        """Fills the framebuffer's viewport. `premultiplied` colour is blended over the picture by its alpha."""
        self._recompile_if_changed()
        framebuffer.use()
        self._ctx.disable(moderngl.BLEND | moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        if premultiplied:
            self._ctx.enable(moderngl.BLEND)
            self._ctx.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        self._triangle.render(moderngl.TRIANGLES, vertices=3)
        self._ctx.disable(moderngl.BLEND)

    def _recompile_if_changed(self) -> None:
        if self._revision == SHADERS.revision:
            return
        sources = self._sources[0].reloaded(), self._sources[1].reloaded()
        if sources != self._sources:
            program = compile_program(self._ctx, *sources)
            self.release()
            self._program, self._triangle = program, self._ctx.vertex_array(program, [])
            self._sources = sources
            numbers, self._numbers = self._numbers, {}
        else:
            numbers = {}
        self._revision = SHADERS.revision
        self.set(numbers)

    def release(self) -> None:
        self._triangle.release()
        self._program.release()
