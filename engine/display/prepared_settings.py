"""The settings of a moving picture: those of the user, as soon as everything for them is compiled and computed."""

from __future__ import annotations

import math
from dataclasses import fields
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from ..optics.shape import has_shape, shape_ahead

if TYPE_CHECKING:
    from ..drawn import Drawn
    from ..engine import Engine
    from ..lens import Lens
    from ..settings import Settings

FREE = {"exposure_ev", "metering", "white_balance"}  # settings of the development that need no other kernels
MAX_WAIT_S = 60.0  # then the picture is drawn anyway, and waits for the compiler


class _Shape(NamedTuple):
    """What the shape of the discs depends on."""

    lens: Lens
    aspect: float
    native_lens: Lens | None


class PreparedSettings:
    """Keeps look, lens and quality of a moving picture until the new ones can be drawn without a wait.

    Another look may need a kernel that takes a second to compile, another aperture the shape of its discs. Meanwhile
    the frames continue as they were. While the aperture turns, the frames follow it as fast as shapes are computed.
    """

    def __init__(self, engine: Engine, shown: Settings | None = None) -> None:
        """`shown` are the settings of the frames until now; without it the first frame is drawn as it is wanted."""
        self._engine = engine
        self._shown = shown  # the settings of the latest frame
        self._is_behind = False  # whether it was drawn with former settings
        self._coming: tuple[object, ...] | None = None  # the kind of settings that is compiled
        self._until_s = -math.inf
        self._turned: _Shape | None = None  # the latest shape that is computed

    def is_due(self, is_still: bool) -> bool:
        """Whether frames were drawn with former settings, and the new ones can be drawn now. A still picture waits for
        the compiler.
        """
        is_computing = self._turned is not None and not has_shape(*self._turned)
        return self._is_behind and (is_still or not (self._is_compiling() or is_computing))

    def of(self, wanted: Settings, drawn: Drawn | None, *, moves: bool) -> Settings:
        """The settings for the next draw. A picture that does not move is drawn as `wanted` at once."""
        shown, settings = self._shown, wanted
        if shown is not None and shown is not wanted and drawn is not None and moves:
            settings = self._compiled(wanted, shown, drawn)
            if settings.lens is not shown.lens and drawn.frame.depth_m is not None:
                settings = self._computed(settings, shown, drawn)
        else:
            self._coming = None
        self._shown, self._is_behind = settings, settings is not wanted
        return settings

    def _compiled(self, wanted: Settings, shown: Settings, drawn: Drawn) -> Settings:
        """`wanted`. While something compiles for it, look, strength, quality, lens and development stay as shown."""
        kind = _kind(wanted)
        if kind == _kind(shown):
            self._coming = None
            return wanted
        if kind != self._coming:
            self._coming, self._until_s = kind, perf_counter() + MAX_WAIT_S
            self._engine.prepare(drawn, wanted)
        if not self._is_compiling():
            return wanted
        kept = wanted.with_(
            look=shown.look, strength=shown.strength, quality=shown.quality, development=shown.development
        )
        return kept if wanted.lens.name == shown.lens.name else _with_lens_of(kept, shown)

    def _computed(self, wanted: Settings, shown: Settings, drawn: Drawn) -> Settings:
        """`wanted`, at the latest aperture whose shape is computed. One is computed at a time."""
        width, height = drawn.texture.size
        shape = _Shape(wanted.lens, width / height, drawn.frame.native_lens)
        if has_shape(*shape):
            self._turned = None
            return wanted
        turned = self._turned
        if turned is not None and not has_shape(*turned):
            return _with_lens_of(wanted, shown)
        self._turned = shape
        shape_ahead(*shape)
        if turned is not None and turned.lens.name == wanted.lens.name:
            return wanted.with_(lens=turned.lens)
        return _with_lens_of(wanted, shown)

    def _is_compiling(self) -> bool:
        is_busy = self._engine.is_preparing or self._engine.is_rehearsing
        return self._coming is not None and is_busy and perf_counter() < self._until_s


def _with_lens_of(wanted: Settings, shown: Settings) -> Settings:
    """The focus of another lens waits for the lens."""
    if wanted.lens.name == shown.lens.name:
        return wanted.with_(lens=shown.lens)
    return wanted.with_(lens=shown.lens, focus_m=shown.focus_m)


def _kind(settings: Settings) -> tuple[object, ...]:
    """Equal for settings that need the same kernels and programs: sliders change only numbers."""
    passes = tuple(values.name for values in settings.look.drawn_passes)
    development = settings.development
    stages = tuple(
        _stage_of(getattr(development, field.name)) for field in fields(development) if field.name not in FREE
    )
    return passes, settings.strength < 1.0, settings.lens.name, settings.quality, stages


def _stage_of(value: object) -> object:
    """A number only switches its stage on and off."""
    return value > 0 if isinstance(value, float) else value
