"""The look's draw: scene planes in, a display-referred texture out, in one full-frame draw."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import moderngl
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..camera import REC709_TO_REC2020
from ..checks import NUMBER, SWITCH, TEXT, check_kind, of_type
from ..colour.hdr import LightOutput
from ..compute.stage_cache import StageCache
from ..gl.constant_folding import ConstantFolding
from ..gl.context import headless_context, is_software, new_texture
from ..gl.full_frame import FullFrame
from ..gl.fusion import Ending, fuse
from ..gl.passes import Number, Pass, Stage, Table, load_pass, number_of, uniform_name
from ..gl.planes import ScenePlanes
from ..gl.program import SHADERS
from ..gl.shader_inputs import NO_POINTER
from ..gl.tables import TableTextures
from .kernel_route.route import LookPicture
from .look import Look, load_look, passes_before_curve
from .neighbourhood import Bound, Neighbourhoods

PointerNumbers = tuple[float, float, float, float]
Target = Literal["rgba8", "rgb10_a2", "rgba16", "rgba32f"]

_PLANE_UNIFORMS = ("scene_texture",)
_OUTPUT_SAMPLERS = ("output_curve", "output_cube")
_DITHER_STEP: dict[Target, float] = {"rgba8": 1 / 255, "rgb10_a2": 1 / 1023, "rgba16": 0.0, "rgba32f": 0.0}
_DTYPES: dict[Target, str] = {"rgba8": "f1", "rgb10_a2": "f1", "rgba16": "nu2", "rgba32f": "f4"}
_GL_RGB10_A2 = 0x8059
_QUERIES = 3  # a timer query is read two draws later, when its result is available
_LOOKS = 16  # whose numbers are kept
_TARGETS = 4  # cached targets: two sizes, each for the screen and for a file


class Part(NamedTuple):
    """The part of a picture to draw: the whole, or the side left or right of the fraction `at` of its width."""

    side: Literal["whole", "left", "right"] = "whole"
    at: float = 0.5

    def columns(self, width_px: int) -> tuple[int, int]:
        """First column, and the column after the last."""
        edge = round(self.at * width_px)
        return {"whole": (0, width_px), "left": (0, edge), "right": (edge, width_px)}[self.side]


WHOLE = Part()


class _Key(NamedTuple):
    """Key of a program: names of its passes, whether neutral is blended in, its last step, passes before the curve.

    The two sides of a wipe have separate programs: their numbers alternate, which would defeat constant folding. The
    position of the wipe line is not in the key: the scissor test cuts the draw.
    """

    passes: tuple[str, ...]
    blend: bool
    ending: Ending
    curve_at: int | None
    side: str


class _Target:
    """A texture and its framebuffer."""

    def __init__(self, ctx: moderngl.Context, kind: Target, width: int, height: int) -> None:
        options = {"internal_format": _GL_RGB10_A2} if kind == "rgb10_a2" else {}
        self.texture = new_texture(ctx, (width, height), _DTYPES[kind], **options)
        self.framebuffer = ctx.framebuffer([self.texture])

    def release(self) -> None:
        self.framebuffer.release()
        self.texture.release()


class Grader:
    """Draws looks. Programs are cached by their passes, targets by kind and size, a few of each: a frame compiles and
    allocates nothing.

    With `folds_constants` (default: on Mesa's software renderer) numbers that do not change become constants; see
    `ConstantFolding`.

    `last_gpu_ms` is the duration of the latest draw with a known time, None before. On a GPU it is a timer query from
    two draws ago, read without waiting. Mesa's software renderer times only the last tile of a draw and runs nothing in
    parallel: there the host waits for the draw and times it.
    """

    def __init__(self, ctx: moderngl.Context, *, folds_constants: bool | None = None) -> None:
        self._ctx = ctx
        self._software = is_software(ctx)
        self._programs = ConstantFolding(self._compile, self._software if folds_constants is None else folds_constants)
        self._targets = StageCache(partial(_Target, ctx), _TARGETS)
        self._tables = TableTextures(ctx)
        self._neighbourhoods = Neighbourhoods(ctx)
        self._queries = [] if self._software else [ctx.query(time=True) for _ in range(_QUERIES)]
        self._draws = 0
        self._checked: tuple[tuple[str, ...], int] | None = None
        self.last_gpu_ms: float | None = None

    def draw(
        self,
        planes: ScenePlanes,
        look: Look,
        *,
        strength: float = 1.0,
        local: bool = True,
        frame_index: int = 0,
        seconds: float = 0.0,
        pointer: PointerNumbers = NO_POINTER,
        target: Target = "rgba8",
        output: Table | None = None,
        part: Part = WHOLE,
        at_once: bool = False,
    ) -> moderngl.Texture:
        """Display sRGB of the scene, row 0 = top, valid until the next draw into a target of the same kind and size.

        With `output`, an `OutputSpace`, the values are encoded for that screen; with a `LightOutput` they are linear
        light, and the gain of the highlights in the fourth channel, for the target `rgba32f`. `strength` 0..1
        blends from the neutral rendering to the look; `local=False` omits passes that depend on more than the pixel.
        `rgba8` and `rgb10_a2` are dithered by one code step, the others are not. Only `part` is drawn; the rest of the
        target is unchanged. Numbers that may become constants do so `at_once`, else after some equal draws.
        """
        constants, placed = _numbers(look, strength, target, output), _places(planes)
        passes = _passes(look, local)
        drawn = self._targets.get(target, *planes.size)
        tables = self._table_textures(look, output)
        with self._timed():
            per_frame = _frame_numbers(frame_index, seconds, pointer)
            numbers = constants | placed | per_frame
            map_numbers, maps = self._neighbourhoods.draw(planes, passes, numbers, tables)
            programs = self._programs.prepare if at_once else self._programs.program
            program = programs(_key(look, passes, strength, output, part), constants)
            samplers = _samplers(passes, _ending(output))
            program.set(
                per_frame | placed | map_numbers | _units(samplers)
            )  # an edited pass may use other textures than the compiled program
            _bind(planes, samplers, tables | maps)
            left, right = part.columns(planes.size[0])
            drawn.framebuffer.scissor = left, 0, right - left, planes.size[1]
            program.draw(drawn.framebuffer)
        return drawn.texture

    def rehearse(
        self,
        planes: ScenePlanes,
        look: Look,
        *,
        strength: float = 1.0,
        target: Target = "rgba8",
        output: Table | None = None,
    ) -> Iterator[None]:
        """Compiles and allocates, a part at each step, for `draw` of planes with the same layout. Raises ShaderError.

        Tables are not uploaded: another look may use the textures of their names.
        """
        constants: dict[str, Number] = _numbers(look, strength, target, output)
        placed: dict[str, Number] = {**_places(planes), **_frame_numbers()}
        passes = _passes(look, True)
        samplers = _samplers(passes, _ending(output))
        drawn = self._targets.get(target, *planes.size)
        tables: dict[str, Bound] = dict.fromkeys(samplers, planes.textures[0])
        map_numbers, maps = self._neighbourhoods.draw(planes, passes, constants | placed, tables)
        yield
        program = self._programs.prepare(_key(look, passes, strength, output, WHOLE), constants)
        program.set(placed | map_numbers | _units(samplers))
        _bind(planes, samplers, tables | maps)
        drawn.framebuffer.scissor = 0, 0, 1, 1  # drivers compile at the first draw
        program.draw(drawn.framebuffer)

    def check(self, passes: tuple[Pass, ...]) -> None:
        """Compiles a look that a kernel draws, once for each text of its passes. Raises ShaderError as `draw`."""
        names = tuple(shader.name for shader in passes)
        if (names, SHADERS.revision) != self._checked:
            self._compile(_Key(names, False, "srgb", None, "whole"), {}).release()
            self._checked = names, SHADERS.revision

    def put(
        self, pixels: NDArray[np.uint8], size: tuple[int, int], target: Target = "rgba8", part: Part = WHOLE
    ) -> moderngl.Texture:
        """Writes a `part` of a picture of `size`, (H, W, 4) uint8 of a kernel, into the texture that `draw` returns."""
        drawn = self._targets.get(target, *size)
        left, right = part.columns(size[0])
        if right > left:
            drawn.texture.write(pixels, viewport=(left, 0, right - left, size[1]))
        return drawn.texture

    def drop_targets(self) -> None:
        """Releases the drawn pictures. The next draw allocates again."""
        self._targets.release()

    def release(self) -> None:
        """Releases all GL objects; calling it twice is harmless."""
        self._programs.release()
        self._targets.release()
        self._tables.release()
        self._neighbourhoods.release()
        self._queries.clear()

    def _compile(self, key: _Key, constants: Mapping[str, Number]) -> FullFrame:
        passes = tuple(load_pass(name) for name in key.passes)
        source = fuse(passes, blend=key.blend, constants=constants, ending=key.ending, curve_at=key.curve_at)
        return FullFrame(self._ctx, source, _PLANE_UNIFORMS + _samplers(passes, key.ending))

    def _table_textures(self, look: Look, output: Table | None) -> dict[str, Bound]:
        """Textures by sampler name."""
        textures: dict[str, Bound] = {}
        if output is not None:
            textures |= self._tables.of("output_", output)
        for settings in look.drawn_passes:
            for name, value in settings.values.items():
                if isinstance(value, Table):
                    samplers = load_pass(settings.name).samplers
                    textures |= self._tables.of(f"{uniform_name(settings.name, name)}_", value, samplers)
        return textures

    @contextmanager
    def _timed(self) -> Iterator[None]:
        if self._software:
            start_s = time.perf_counter()
            yield
            self._ctx.finish()
            self.last_gpu_ms = (time.perf_counter() - start_s) * 1e3
            return
        query = self._queries[self._draws % _QUERIES]
        if self._draws >= _QUERIES:
            self.last_gpu_ms = query.elapsed / 1e6
        with query:
            yield
        self._draws += 1


def _passes(look: Look, local: bool) -> tuple[Pass, ...]:
    passes = (load_pass(settings.name) for settings in look.drawn_passes)
    return tuple(shader for shader in passes if local or shader.stage is Stage.PIXEL)


def _samplers(passes: tuple[Pass, ...], ending: Ending) -> tuple[str, ...]:
    return tuple(name for shader in passes for name in shader.samplers) + _OUTPUT_SAMPLERS * (ending == "space")


def _units(samplers: tuple[str, ...]) -> dict[str, Number]:
    return {name: unit for unit, name in enumerate((*_PLANE_UNIFORMS, *samplers))}


def _bind(planes: ScenePlanes, samplers: tuple[str, ...], textures: Mapping[str, Bound]) -> None:
    for unit, texture_in in enumerate((*planes.textures, *(textures[name] for name in samplers))):
        texture_in.use(unit)


def _key(look: Look, passes: tuple[Pass, ...], strength: float, output: Table | None, part: Part) -> _Key:
    names, ending = tuple(shader.name for shader in passes), _ending(output)
    curve_at = passes_before_curve(look, names) if ending == "light" else None
    return _Key(names, strength < 1.0, ending, curve_at, part.side)


def _ending(output: Table | None) -> Ending:
    return "srgb" if output is None else "light" if isinstance(output, LightOutput) else "space"


def look_picture(
    look: Look,
    size: tuple[int, int],
    *,
    strength: float = 1.0,
    frame_index: int = 0,
    seconds: float = 0.0,
    pointer: PointerNumbers = NO_POINTER,
) -> LookPicture:
    """What a kernel draws of a look into 8 bits: the same as `Grader.draw`."""
    frame: dict[str, Number] = {"frame_px": (float(size[0]), float(size[1]))}
    uniforms = _look_numbers(look, strength, _DITHER_STEP["rgba8"]) | frame
    uniforms |= _frame_numbers(frame_index, seconds, pointer)
    return LookPicture(_passes(look, True), strength < 1.0, uniforms)


def _frame_numbers(
    frame_index: int = 0, seconds: float = 0.0, pointer: PointerNumbers = NO_POINTER
) -> dict[str, Number]:
    """The uniforms that change with each frame; they never become constants."""
    return {"frame_index": frame_index, "seconds": seconds, "pointer": pointer}


def _numbers(look: Look, strength: float, target: Target, output: Table | None) -> dict[str, Number]:
    """The uniforms that depend on the look and the target alone. They may become constants of the program."""
    encoding = {} if output is None else {f"output_{kind}": number for kind, number in output.numbers.items()}
    return _look_numbers(look, strength, _DITHER_STEP[target]) | encoding


def _places(planes: ScenePlanes) -> dict[str, Number]:
    """The uniforms of the picture's size, and of the place of the scene in its planes.

    As constants they would make a draw faster by 1 to 6 %, but each step of the governor would compile all programs.
    """
    (pitch, rows), (x0, y0), (width, height) = planes.pitch_px, planes.origin, planes.size
    diagonal_px = math.hypot(width, height)
    return {
        "plane_scale": (width / pitch, height / rows),
        "plane_offset": (x0 / pitch, y0 / rows),
        "corner": (width / diagonal_px, height / diagonal_px),
        "frame_px": (float(width), float(height)),
    }


def _look_numbers(look: Look, strength: float, dither_step: float) -> dict[str, Number]:
    return {"strength": min(max(strength, 0.0), 1.0), "dither_step": dither_step, **_parameters.of(look)}


class _ParameterNumbers:
    """The numbers of the parameters of the latest looks. A look never changes: a frame looks them up."""

    def __init__(self) -> None:
        self._latest: OrderedDict[int, tuple[Look, int, dict[str, Number]]] = OrderedDict()

    def of(self, look: Look) -> dict[str, Number]:
        kept = self._latest.get(id(look))
        if kept is None or kept[0] is not look or kept[1] != SHADERS.revision:
            kept = self._latest[id(look)] = look, SHADERS.revision, _parameter_numbers(look)
            if len(self._latest) > _LOOKS:
                self._latest.popitem(last=False)
        return kept[2]


_parameters = _ParameterNumbers()


def _parameter_numbers(look: Look) -> dict[str, Number]:
    numbers: dict[str, Number] = {}
    for settings in look.drawn_passes:
        shader = load_pass(settings.name)
        for name, value in settings.values.items():
            uniform = uniform_name(settings.name, name)
            if isinstance(value, Table):
                numbers |= {f"{uniform}_{kind}": number for kind, number in value.numbers.items()}
            else:
                numbers[uniform] = number_of(shader, name, value)
    return numbers


def grade(
    rgb: ArrayLike,
    look: str | Path | Look = "classic",
    *,
    space: Literal["rec709", "rec2020"] = "rec709",
    strength: float = 1.0,
    local: bool = True,
    frame_index: int = 0,
    seconds: float = 0.0,
    output: Table | None = None,
    ctx: moderngl.Context | None = None,
) -> NDArray[np.float32]:
    """Grades a picture with the same draw as the live picture, into floats and without dither.

    `rgb` is scene-linear (H, W, 3), 18 % grey = 0.18, in linear `space`; NaN and negative light count as black. `look`
    is a name, a path or a Look. Returns (H, W, 3) float32 display sRGB, 0..1, or encoded for the screen `output`.
    Without `ctx` it creates a context for this call.
    Raises ValueError for a wrong shape or space, LookError, ShaderError, DeviceError.
    """
    scene = np.asarray(rgb, dtype=np.float32)
    if scene.ndim != 3 or scene.shape[2] != 3 or 0 in scene.shape:
        raise ValueError(f"a scene is (H, W, 3), not {scene.shape}")
    check_kind("grade", "space", space, TEXT)
    if space not in ("rec709", "rec2020"):
        raise ValueError(f"unknown space '{space}'; use rec709 or rec2020")
    check_kind("grade", "strength", strength, NUMBER)
    check_kind("grade", "local", local, SWITCH)
    check_kind("grade", "look", look, of_type(str, Path, Look))
    if isinstance(look, str | Path):
        look = load_look(look)
    if space == "rec709":
        finite = np.nan_to_num(scene, nan=0.0, posinf=65504.0, neginf=0.0)  # inf * 0 in a matrix would make NaN
        scene = finite @ REC709_TO_REC2020.T.astype(np.float32)
    context = ctx or headless_context()
    planes, grader = ScenePlanes(context), Grader(context)
    try:
        planes.write([np.ascontiguousarray(scene[..., channel]) for channel in range(3)])
        texture = grader.draw(
            planes, look, strength=strength, local=local, frame_index=frame_index, seconds=seconds, target="rgba32f",
            output=output,
        )  # fmt: skip
        pixels = np.frombuffer(texture.read(), dtype=np.float32).reshape(*scene.shape[:2], 4)
        return np.ascontiguousarray(pixels[..., :3])
    finally:
        grader.release()
        planes.release()
        if ctx is None:
            context.release()
