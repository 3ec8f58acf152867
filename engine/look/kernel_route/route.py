"""The route of a look: drawn by GL from a texture, or by a kernel from the scene's planes.

A kernel takes a third of the time of software GL, and its picture is uploaded in a fifth of the time of a scene. It
draws looks whose passes are functions of the pixel and its position, into 8 bits of sRGB. GL draws looks with a table
or a neighbourhood, other output spaces, which are tables, and pictures of 10 bits.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from ...checks import TEXT, check_kind
from ...compute.device import Buffer, Device
from ...compute.planes import Planes
from ...compute.stage_cache import StageCache
from ...errors import GroundglassError
from ...gl.passes import Number, Pass, load_pass, uniform_name
from ...gl.program import SHADERS
from ...gl.shader_inputs import NO_POINTER
from .errors import UntranslatableError
from .look_kernel import Columns, LookKernel
from .translation import parse_look

LookRoute = Literal["auto", "gl", "kernel"]
ROUTES: tuple[LookRoute, ...] = get_args(LookRoute)
DRAWS_BEFORE = 8  # draws of a look in GL before `auto` compiles its kernel: a single picture is not worth it
KERNELS_KEPT = 6
_WHOLE_KINDS = frozenset({"int", "bool", "enum"})
_FRAME_NUMBERS: Mapping[str, Number] = {
    "frame_px": (1.0, 1.0),
    "frame_index": 0,
    "seconds": 0.0,
    "pointer": NO_POINTER,
    "strength": 1.0,
    "dither_step": 0.0,
}
_PLACEHOLDERS: Mapping[str, Number] = {"float": 0.0, "color": (0.0, 0.0, 0.0)}


class _Key(NamedTuple):
    """The look that a kernel draws. Whole numbers of the look may be part of the kernel, fractions never are."""

    passes: tuple[str, ...]
    revision: int  # the shaders' revision
    blend: bool
    size: tuple[int, int]
    wholes: tuple[tuple[str, Number], ...]


class LookPicture(NamedTuple):
    """A look to draw: its passes, whether neutral is blended in, and the numbers of all uniforms."""

    passes: tuple[Pass, ...]
    blend: bool
    uniforms: Mapping[str, Number]


class _Entry:
    """A kernel, or the reason why GL draws the look; and the key that it was made for."""

    def __init__(self, key: _Key, kernel: LookKernel | None, reason: str) -> None:
        self.key, self.kernel, self.reason = key, kernel, reason

    def fits(self, key: _Key, uniforms: Mapping[str, Number]) -> bool:
        if self.key[:-1] != key[:-1]:
            return False
        return self.key.wholes == key.wholes if self.kernel is None else self.kernel.fits(uniforms)

    def release(self) -> None:
        if self.kernel is not None:
            self.kernel.release()


class _Pixels:
    """Memory for a picture of one size."""

    def __init__(self, device: Device, width: int, height: int) -> None:
        self._device = device
        self.buffer: Buffer = device.allocate(4 * width * height)

    def release(self) -> None:
        self._device.release(self.buffer)


class KernelLooks:
    """Looks drawn by kernels on one device; the maker releases it.

    With the route `auto`, `wants_kernel` becomes true after DRAWS_BEFORE draws of a look: compile its kernel with
    `ahead`. GL draws until the kernel is ready, and always if a GPU computes or draws. The route `kernel` waits for the
    kernel. `drew` is the route of the latest look: "kernel", or "gl" with the reason if a kernel was requested.
    """

    def __init__(self, device: Device, route: LookRoute, software_gl: bool) -> None:
        self._device = device
        self._is_forced = route == "kernel"
        self.chosen = chosen_route(route, device.is_cpu, software_gl)
        self.drew = "gl"
        self._kernels: StageCache[[_Key], _Entry] = StageCache(self._made, KERNELS_KEPT)
        self._pixels = StageCache(partial(_Pixels, device), 2)
        self._coming: _Key | None = None  # key of the latest `ahead`
        self._draws: OrderedDict[_Key, int] = OrderedDict()  # looks without a kernel, the latest last
        self.wants_kernel = False  # the look of the latest `queue` should be compiled with `ahead`

    def queue(self, scene: Planes, picture: LookPicture, columns: tuple[int, int], stays: str) -> Buffer | None:
        """Queues the drawing of `columns`: the first, and the end of the range. Returns the buffer of the pixels.

        Returns None if GL draws: the kernel is not ready, or the look cannot have one. `stays` is the reason, if any.
        """
        self.drew, self.wants_kernel = "gl", False
        if self.chosen == "gl":
            return None
        if stays:
            self.drew = f"gl ({stays})"
            return None
        key = self._key(picture, scene.size)
        entry = self._ready(key, picture.uniforms)
        if entry is None or entry.kernel is None:
            self.drew = "gl" if entry is None else f"gl ({entry.reason})"
            return None
        left, right = columns
        pixels = self._pixels.get(*scene.size).buffer
        if right > left:
            entry.kernel.queue(scene, pixels, Columns(left, right - left), picture.uniforms)
        self.drew = "kernel"
        return pixels

    @contextmanager
    def view(self, pixels: Buffer, columns: tuple[int, int], height: int) -> Iterator[NDArray[np.uint8]]:
        """(height, columns, 4) uint8, the pixels of the latest `queue`, valid within the `with`."""
        count = columns[1] - columns[0]
        if count == 0:  # the line of a wipe is at the edge; a driver maps no empty memory
            yield np.empty((height, 0, 4), np.uint8)
            return
        with self._device.view(pixels, np.uint8, 4 * count * height) as flat:
            yield flat.reshape(height, count, 4)

    def ahead(self, picture: LookPicture, size: tuple[int, int]) -> None:
        """Starts to compile the kernel of a look in a thread. `is_preparing` is true until it is ready."""
        if self.chosen == "kernel":
            self._coming = self._key(picture, size)
            self._pixels.ahead(*size)
            self._kernels.ahead(self._coming)

    def draws(self, picture: LookPicture, size: tuple[int, int]) -> bool:
        """Whether there is a kernel that draws this look, at whatever size."""
        key = self._key(picture, size)
        made = [self._kernels.get(key)] if self._kernels.has(key) else []
        fitting = (entry for entry in (*made, *self._kernels) if entry.key._replace(size=size) == key)
        return any(entry.kernel is not None for entry in fitting)

    @property
    def is_preparing(self) -> bool:
        coming = self._coming
        return coming is not None and not (self._kernels.has(coming) and self._pixels.has(*coming.size))

    def make(self, picture: LookPicture, size: tuple[int, int], *, only_known: bool = False) -> None:
        """Compiles the kernel of a look now, unless the route is GL's.

        With `only_known` only if an earlier run has compiled it: then it is loaded.
        """
        key = self._key(picture, size)
        if self.chosen == "kernel" and not (only_known and self._device.compiled.find(*_note_key(key)) is None):
            self._kernels.get(key)

    def release(self) -> None:
        """Releases everything, and waits for running compilations; a second call has no effect."""
        self._kernels.release()
        self._pixels.release()

    def _key(self, picture: LookPicture, size: tuple[int, int]) -> _Key:
        passes = tuple(shader.name for shader in picture.passes)
        return _Key(passes, SHADERS.revision, picture.blend, size, whole_numbers(picture))

    def _ready(self, key: _Key, uniforms: Mapping[str, Number]) -> _Entry | None:
        for entry in self._kernels:
            if entry.fits(key, uniforms):
                self._draws.pop(key, None)
                return self._kernels.get(entry.key)  # which marks it as the latest
        if self._is_forced or self._kernels.has(key):
            return self._kernels.get(key)
        self._draws[key] = self._draws.pop(key, 0) + 1
        has_other_size = any(entry.key._replace(size=key.size) == key for entry in self._kernels)
        self.wants_kernel = self._draws[key] == (1 if has_other_size else DRAWS_BEFORE)
        if len(self._draws) > 2 * KERNELS_KEPT:
            self._draws.popitem(last=False)
        return None

    def _made(self, key: _Key) -> _Entry:
        try:
            passes = tuple(load_pass(name) for name in key.passes)
            shader = parse_look(passes, key.blend)
            translation = shader.translate(_placeholders(passes) | dict(key.wholes))
            kernel = LookKernel(self._device, translation, *key.size)
            self._device.compiled.add(*_note_key(key), note=True)
            return _Entry(key, kernel, "")
        except (UntranslatableError, GroundglassError) as error:
            return _Entry(key, None, str(error))


def chosen_route(route: LookRoute, computes_on_cpu: bool, software_gl: bool) -> Literal["gl", "kernel"]:
    """The route that `auto` takes: a kernel if the processor both computes and draws. A GPU draws in place."""
    if route == "auto":
        return "kernel" if computes_on_cpu and software_gl else "gl"
    return route


def check_route(route: str) -> LookRoute:
    """Returns `route`. Raises GroundglassError if it is unknown."""
    check_kind("Engine", "look_route", route, TEXT)
    for name in ROUTES:
        if name == route:
            return name
    raise GroundglassError(f"look route '{route}' is unknown; use one of {', '.join(ROUTES)}")


def _note_key(key: _Key) -> tuple[object, ...]:
    """Stands for a look's kernel in every process: it is compiled for the width of the picture."""
    return "look", SHADERS.digest(), key.passes, key.blend, key.wholes, key.size[0]


def whole_numbers(picture: LookPicture) -> tuple[tuple[str, Number], ...]:
    """The whole numbers of a look with their names: they may be part of the kernel."""
    parameters = ((shader.name, parameter) for shader in picture.passes for parameter in shader.parameters)
    names = [uniform_name(name, parameter.name) for name, parameter in parameters if parameter.kind in _WHOLE_KINDS]
    return tuple((name, picture.uniforms[name]) for name in names)


def _placeholders(passes: tuple[Pass, ...]) -> dict[str, Number]:
    """Numbers for the uniforms that are not whole numbers: the translation does not depend on them."""
    found = dict(_FRAME_NUMBERS)
    for shader in passes:
        for parameter in shader.parameters:
            if parameter.kind in _PLACEHOLDERS:
                found[uniform_name(shader.name, parameter.name)] = _PLACEHOLDERS[parameter.kind]
    return found
