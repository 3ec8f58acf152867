"""A fragment program with the triangle that it fills a frame by, and the numbers that it holds."""

from __future__ import annotations

from collections.abc import Mapping

import moderngl

from .passes import Number
from .program import SHADERS, Source, compile_program, load_source


class FullFrame:
    """One fragment program over the whole viewport; the maker releases it.

    When the files that it was made of have changed on their shelf, it is compiled anew at its next use: `set` and
    `draw` then raise ShaderError where it does not compile, and the program stays what it was.
    """

    def __init__(
        self, ctx: moderngl.Context, fragment: Source, samplers: tuple[str, ...], vertex: str = "frame.vert.glsl"
    ) -> None:
        """Compiles; the texture of sampler n is to be bound to unit n. Raises ShaderError."""
        self._ctx = ctx
        self._sources = load_source(vertex), fragment
        self._revision = SHADERS.revision
        self._program = compile_program(ctx, *self._sources)
        self._triangle = ctx.vertex_array(self._program, [])
        self._numbers: Mapping[str, Number] = {}
        self.set({name: unit for unit, name in enumerate(samplers)})

    def set(self, numbers: Mapping[str, Number]) -> None:
        """Writes the uniforms whose number is not the one last written."""
        self._renew()
        for name, number in numbers.items():
            if self._numbers.get(name) != number:
                uniform = self._program.get(name, None)  # the driver drops a uniform that changes nothing
                if isinstance(uniform, moderngl.Uniform):
                    uniform.value = number
        self._numbers = {**self._numbers, **numbers}

    def draw(self, framebuffer: moderngl.Framebuffer, *, premultiplied: bool = False) -> None:
        """Fills the framebuffer's viewport; `premultiplied` colour lies over what is there by its alpha."""
        self._renew()
        framebuffer.use()
        self._ctx.disable(moderngl.BLEND | moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        if premultiplied:
            self._ctx.enable(moderngl.BLEND)
            self._ctx.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        self._triangle.render(moderngl.TRIANGLES, vertices=3)
        self._ctx.disable(moderngl.BLEND)

    def _renew(self) -> None:
        if self._revision == SHADERS.revision:
            return
        sources = self._sources[0].renewed(), self._sources[1].renewed()
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
