"""Which way a look is drawn: by GL from a texture, or by a kernel straight from the scene's planes.

A kernel takes a third of the time of software GL, and what it draws is uploaded in a fifth of the time of a scene. It
draws looks whose passes are functions of the pixel and of its place, into 8 bits of sRGB. In GL stay looks with a pass
that looks up a table or the neighbourhood of a pixel, other output spaces, which are tables, and 10 bits.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from ...compute.device import Buffer, Device
from ...compute.planes import Planes
from ...compute.stage_cache import StageCache
from ...errors import GroundglassError
from ...gl.passes import Number, Pass, load_pass, uniform_name
from ...gl.program import SHADERS
from .errors import UntranslatableError
from .look_kernel import Columns, LookKernel
from .translation import parse_look

LookRoute = Literal["auto", "gl", "kernel"]
ROUTES: tuple[LookRoute, ...] = get_args(LookRoute)
DRAWS_BEFORE = 8  # of a look by GL, before `auto` makes a kernel of it: one picture is not worth compiling for
KERNELS_KEPT = 6
_WHOLE_KINDS = frozenset({"int", "bool", "enum"})
_FRAME_NUMBERS: Mapping[str, Number] = {"frame_px": (1.0, 1.0), "frame_index": 0, "strength": 1.0, "dither_step": 0.0}
_PLACEHOLDERS: Mapping[str, Number] = {"float": 0.0, "color": (0.0, 0.0, 0.0)}


class _Key(NamedTuple):
    """What a kernel is made for. Whole numbers of the look may decide what it does, fractions never do."""

    passes: tuple[str, ...]
    revision: int  # of the shaders
    blend: bool
    size: tuple[int, int]
    wholes: tuple[tuple[str, Number], ...]


class LookPicture(NamedTuple):
    """A look to draw: its passes, whether neutral is blended in, and the numbers of all uniforms."""

    passes: tuple[Pass, ...]
    blend: bool
    uniforms: Mapping[str, Number]


class _Entry:
    """A kernel, or the reason why there is none; and what it was made for."""

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

    By the route `auto` a kernel is made in a thread when a look has been drawn DRAWS_BEFORE times, and GL draws until
    it is ready; where a GPU computes or draws, GL always does. By `kernel` a look waits for its kernel. `drew` is how
    the latest look was drawn: "kernel", or "gl" with the reason where a kernel was asked for.
    """

    def __init__(self, device: Device, route: LookRoute, software_gl: bool) -> None:
        self._device = device
        self._is_forced = route == "kernel"
        self.chosen = chosen_route(route, device.is_cpu, software_gl)
        self.drew = "gl"
        self._kernels: StageCache[[_Key], _Entry] = StageCache(self._made, KERNELS_KEPT)
        self._pixels = StageCache(partial(_Pixels, device), 2)
        self._draws: OrderedDict[_Key, int] = OrderedDict()  # of looks that have no kernel yet, the latest last

    def queue(self, scene: Planes, picture: LookPicture, columns: tuple[int, int], stays: str) -> Buffer | None:
        """Queues the drawing of `columns`, the first and the one behind the last. Returns the buffer that it fills;
        None where GL is to draw: there is no kernel yet, or there will be none. `stays` is why, if anything is known.
        """
        self.drew = "gl"
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
        """(height, columns, 4) uint8 of what was queued last, valid within the `with`. Waits for it."""
        count = columns[1] - columns[0]
        with self._device.view(pixels, np.uint8, 4 * count * height) as flat:
            yield flat.reshape(height, count, 4)

    def make(self, picture: LookPicture, size: tuple[int, int]) -> None:
        """Makes the kernel of a look now, where it has none and the route is not GL's."""
        if self.chosen == "kernel":
            self._kernels.get(self._key(picture, size))

    def release(self) -> None:
        """Releases everything, and waits for what is being made; a second call has no effect."""
        self._kernels.release()
        self._pixels.release()

    def _key(self, picture: LookPicture, size: tuple[int, int]) -> _Key:
        names = _whole_names(picture.passes)
        wholes = tuple((name, picture.uniforms[name]) for name in names)
        return _Key(tuple(one.name for one in picture.passes), SHADERS.revision, picture.blend, size, wholes)

    def _ready(self, key: _Key, uniforms: Mapping[str, Number]) -> _Entry | None:
        for entry in self._kernels:
            if entry.fits(key, uniforms):
                return self._kernels.get(entry.key)  # the one used most recently
        if self._is_forced or self._kernels.has(key):
            return self._kernels.get(key)
        self._draws[key] = self._draws.pop(key, 0) + 1
        if self._draws[key] >= DRAWS_BEFORE:
            self._kernels.ahead(key)
        if len(self._draws) > 2 * KERNELS_KEPT:
            self._draws.popitem(last=False)
        return None

    def _made(self, key: _Key) -> _Entry:
        try:
            passes = tuple(load_pass(name) for name in key.passes)
            shader = parse_look(passes, key.blend)
            translation = shader.translate(_placeholders(passes) | dict(key.wholes))
            return _Entry(key, LookKernel(self._device, translation, *key.size), "")
        except (UntranslatableError, GroundglassError) as error:
            return _Entry(key, None, str(error))


def chosen_route(route: LookRoute, computes_on_cpu: bool, software_gl: bool) -> Literal["gl", "kernel"]:
    """What `auto` comes to: a kernel where the processor both computes and draws. A GPU draws in place."""
    if route == "auto":
        return "kernel" if computes_on_cpu and software_gl else "gl"
    return route


def check_route(route: str) -> LookRoute:
    """`route` where it is one; GroundglassError otherwise."""
    for one in ROUTES:
        if one == route:
            return one
    raise GroundglassError(f"look route '{route}' is unknown; use one of {', '.join(ROUTES)}")


def _whole_names(passes: tuple[Pass, ...]) -> tuple[str, ...]:
    return tuple(uniform_name(one.name, p.name) for one in passes for p in one.parameters if p.kind in _WHOLE_KINDS)


def _placeholders(passes: tuple[Pass, ...]) -> dict[str, Number]:
    """Numbers in place of all that are not whole: what is translated does not depend on them."""
    found = dict(_FRAME_NUMBERS)
    for one in passes:
        for parameter in one.parameters:
            if parameter.kind in _PLACEHOLDERS:
                found[uniform_name(one.name, parameter.name)] = _PLACEHOLDERS[parameter.kind]
    return found
