"""The neighbourhood of a pixel for passes with `#pragma neighbourhood`: small textures, drawn before the look.

The input of such a pass, after the passes before it, is drawn at half size and halved until the pass's radius is a few
pixels; then a prefilter blurs it. Radii are fractions of the frame height: a picture of half the size gets the same
small textures, and looks the same. A pixel of a small texture covers 2, 4, 8 ... pixels of the picture, also if the
picture's size is odd.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial

import moderngl

from ..compute.stage_cache import StageCache
from ..errors import ShaderError
from ..gl.full_frame import FullFrame
from ..gl.fusion import fuse_prefilter
from ..gl.passes import Number, Pass, load_pass, uniform_name
from ..gl.planes import ScenePlanes
from ..gl.program import load_source

Bound = moderngl.Texture | moderngl.Texture3D

_PLANES = ("scene_texture",)
_SIGMA_MIN_PX = 1.0  # sigma in a small texture is 1 to 2 times this: little more than its own blur
_PROGRAMS = 16  # cached programs: one for each pass with a neighbourhood and the passes before it
_MAPS = 96  # cached maps: a look with two such passes draws about 20 of each size
_REACH = 3.0  # radius of a Gaussian kernel, in standard deviations


class _Map:
    """A small texture and its framebuffer; its pixel covers `covers_px` x `covers_px` pixels of the picture.

    The cache keys maps by pass name and purpose: each pass has its own maps.
    """

    def __init__(self, ctx: moderngl.Context, name: str, purpose: str, size: tuple[int, int], covers_px: int) -> None:
        del name, purpose
        self.covers_px = covers_px
        self.texture = ctx.texture(size, 4, dtype="f4")
        self.texture.repeat_x = self.texture.repeat_y = False
        self.framebuffer = ctx.framebuffer([self.texture])

    @property
    def texel(self) -> tuple[float, float]:
        return 1.0 / self.texture.width, 1.0 / self.texture.height

    def bind(self, unit: int, *, linear: bool) -> None:
        mode = moderngl.LINEAR if linear else moderngl.NEAREST
        self.texture.filter = mode, mode
        self.texture.use(unit)

    def release(self) -> None:
        self.framebuffer.release()
        self.texture.release()


class Neighbourhoods:
    """Draws the maps of all passes of a look with a neighbourhood; caches programs and textures.

    The creator releases it.
    """

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._prefilters = StageCache(self._compile_prefilter, _PROGRAMS)  # by pass names
        self._steps: dict[str, FullFrame] = {}  # by file name
        self._maps = StageCache(partial(_Map, ctx), _MAPS)

    def draw(
        self,
        planes: ScenePlanes,
        passes: tuple[Pass, ...],
        numbers: Mapping[str, Number],
        tables: Mapping[str, Bound],
    ) -> tuple[dict[str, Number], dict[str, Bound]]:
        """The numbers and the textures of the maps, by their names in the program; valid until the next call.

        `numbers` are the uniforms of all passes, `tables` their lookup textures. Raises ShaderError for an unknown
        prefilter.
        """
        map_numbers: dict[str, Number] = {}
        maps: dict[str, Bound] = {}
        for index, shader in enumerate(passes):
            if shader.neighbourhood is None:
                continue
            if shader.neighbourhood.prefilter not in PREFILTERS:
                known = ", ".join(PREFILTERS)
                raise ShaderError(
                    f"{shader.name}.glsl: unknown prefilter '{shader.neighbourhood.prefilter}'; use one of {known}"
                )
            radius = numbers[uniform_name(shader.name, shader.neighbourhood.radius)]
            assert isinstance(radius, float)  # a parameter in frame heights is a float
            sigma_px = radius * planes.size[1]
            covers_px = 1 if sigma_px < 2.0 * _SIGMA_MIN_PX else 2
            source = self._draw_prefilter(
                planes, passes[: index + 1], {**numbers, **map_numbers}, {**tables, **maps}, covers_px
            )
            while sigma_px >= 2.0 * _SIGMA_MIN_PX * source.covers_px:
                source = self._halved(shader.name, source)
            drawn = PREFILTERS[shader.neighbourhood.prefilter](self, shader.name, source, sigma_px / source.covers_px)
            drawn.bind(0, linear=True)
            maps[uniform_name(shader.name, "map")] = drawn.texture
            texel_x, texel_y = drawn.texel
            map_numbers[uniform_name(shader.name, "texel")] = (texel_x / drawn.covers_px, texel_y / drawn.covers_px)
        return map_numbers, maps

    def release(self) -> None:
        """Releases all GL objects; calling it twice is harmless."""
        self._prefilters.release()
        self._maps.release()
        for step in self._steps.values():
            step.release()
        self._steps.clear()

    def halo(self, name: str, source: _Map, sigma_px: float) -> _Map:
        """Three Gaussians; the variances of the two wider ones are 5 and 21 times the first."""
        maps = [self.mean(name, source, sigma_px)]
        for _ in range(2):  # one halving (0.19) and upsampling from pixels twice as large (0.12) add a variance of 0.31
            maps.append(self._blurred(name, self._halved(name, maps[-1]), sigma_px**2 - 0.31))
        for unit, blurred in enumerate(maps):
            blurred.bind(unit, linear=True)
        covers_px, (width, height) = source.covers_px, source.texture.size
        texels: dict[str, Number] = {
            f"{part}_texel": tuple(covers_px / blurred.covers_px * texel for texel in blurred.texel)
            for part, blurred in zip(("core", "middle", "foot"), maps, strict=True)
        }
        step = self._step("halo", ("core", "middle", "foot"))
        return self._draw(step, name, "halo", (width, height), covers_px, texels)

    def mean(self, name: str, source: _Map, sigma_px: float) -> _Map:
        """One Gaussian."""
        return self._blurred(name, source, sigma_px**2 - _downscale_blur(source.covers_px))

    def _draw_prefilter(
        self,
        planes: ScenePlanes,
        passes: tuple[Pass, ...],
        numbers: Mapping[str, Number],
        textures: Mapping[str, Bound],
        covers_px: int,
    ) -> _Map:
        """Draws the input that the last pass averages, after the other passes."""
        *before, shader = passes
        samplers = tuple(name for each in before for name in each.samplers)
        program = self._prefilters.get(*(each.name for each in passes))
        for unit, texture in enumerate((*planes.textures, *(textures[name] for name in samplers))):
            texture.use(unit)
        (pitch, rows), (x0, y0), (width, height) = planes.pitch_px, planes.origin, planes.size
        size = math.ceil(width / covers_px), math.ceil(height / covers_px)
        drawn_px = size[0] * covers_px, size[1] * covers_px  # one column or row more if the picture's size is odd
        diagonal_px = math.hypot(width, height)
        placed: dict[str, Number] = {
            "plane_scale": (drawn_px[0] / pitch, drawn_px[1] / rows),
            "corner": (drawn_px[0] / diagonal_px, drawn_px[1] / diagonal_px),
            "plane_px": (1.0 / pitch, 1.0 / rows),
            "inside": (
                (x0 + 0.5) / pitch,
                (y0 + 0.5) / rows,
                (x0 + width - 0.5) / pitch,
                (y0 + height - 0.5) / rows,
            ),
            "covers_px": float(covers_px),
        }
        return self._draw(program, shader.name, "prefilter", size, covers_px, {**numbers, **placed})

    def _halved(self, name: str, source: _Map) -> _Map:
        source.bind(0, linear=True)
        size = math.ceil(source.texture.width / 2), math.ceil(source.texture.height / 2)
        step = self._step("halve", ("source",))
        return self._draw(step, name, "halved", size, 2 * source.covers_px, {"texel": source.texel})

    def _blurred(self, name: str, source: _Map, variance_px: float) -> _Map:
        sigma_px = math.sqrt(max(variance_px, 0.01))  # in a thumbnail the radius may be below a pixel
        numbers: dict[str, Number] = {"sigma_px": sigma_px, "reach_px": max(round(_REACH * sigma_px), 1)}
        texel_x, texel_y = source.texel
        drawn = source
        for direction, along in (("rows", (texel_x, 0.0)), ("columns", (0.0, texel_y))):
            drawn.bind(0, linear=False)
            step = self._step("blur", ("source",))
            drawn = self._draw(
                step,
                name,
                f"blurred {direction}",
                source.texture.size,
                source.covers_px,
                {**numbers, "texel": source.texel, "along": along},
            )
        return drawn

    def _step(self, file: str, samplers: tuple[str, ...]) -> FullFrame:
        if file not in self._steps:
            self._steps[file] = FullFrame(self._ctx, load_source(f"{file}.frag.glsl"), samplers, "screen.vert.glsl")
        return self._steps[file]

    def _draw(
        self,
        step: FullFrame,
        name: str,
        purpose: str,
        size: tuple[int, int],
        covers_px: int,
        numbers: Mapping[str, Number],
    ) -> _Map:
        made = self._maps.get(name, purpose, size, covers_px)
        step.set(numbers)
        step.draw(made.framebuffer)
        return made

    def _compile_prefilter(self, *names: str) -> FullFrame:
        *before, shader = (load_pass(name) for name in names)
        samplers = tuple(name for each in before for name in each.samplers)
        return FullFrame(self._ctx, fuse_prefilter(before, shader), _PLANES + samplers)


def _downscale_blur(covers_px: int) -> float:
    """Variance, in pixels of a small texture, of scaling down to it and back: box mean, halvings, linear samples."""
    down_px = 0.25 if covers_px > 1 else 0.0
    for halved_px in (2, 4, 8, 16, 32, 64, 128):
        down_px += 0.75 * halved_px**2 if halved_px < covers_px else 0.0
    return down_px / covers_px**2 + (1.0 - covers_px**-2) / 6.0


PREFILTERS: Mapping[str, Callable[[Neighbourhoods, str, _Map, float], _Map]] = {
    "halo": Neighbourhoods.halo,
    "mean": Neighbourhoods.mean,
}
