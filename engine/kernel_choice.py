"""What the kernels and shader programs of a draw depend on, beside the pixels and the numbers of the settings."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from .develop.development import RAW_STAGES, Development, development_at, drawn_size
from .develop.stages import Chain
from .look.grade import look_picture
from .look.kernel_route.route import whole_numbers
from .optics import breathing
from .optics.scale import coloured_scales
from .optics.shape import is_plain
from .optics.soft_focus import SoftFocusHalo

if TYPE_CHECKING:
    from .frame import Frame
    from .settings import Settings

_ON_THE_HOST: dict[str, Any] = {
    "exposure_ev": 0.0,
    "metering": "off",
    "white_balance": "as-shot",
}  # no kernel depends on these


def kernel_choice(frame: Frame, settings: Settings) -> tuple[object, ...]:
    """Equal for draws that need the same kernels and programs: a moved focus, aperture or slider changes nothing.

    The size is part of it, since drivers compile for the size of a work-group.
    """
    size = drawn_size(frame, settings.development, settings.scale)
    return (
        *_of_develop(frame, settings),
        *(frame.pixels.dtype.name, size, settings.quality),
        _of_optics(frame, settings, size[0]),
        *_of_look(settings, size),
    )


def _of_develop(frame: Frame, settings: Settings) -> tuple[object, ...]:
    profile, depth_m = frame.profile, frame.depth_m
    maps = [part is not None for part in (profile.black_map, profile.gain_map, profile.defects)]
    depth = None if depth_m is None else (depth_m.shape, frame.depth_noise > 0.0, frame.matte is not None)
    stereo = None if frame.right is None else type(frame.rig).__name__
    development = development_at(frame, _switches(settings.development), settings.scale)
    return Chain.key(RAW_STAGES, frame, development), development, frame.cfa, *maps, depth, stereo


def _switches(development: Development) -> Development:
    """The development with every number at 0 or 1: off or on."""
    numbers: dict[str, Any] = {
        field.name: float(getattr(development, field.name) > 0.0)
        for field in fields(development)
        if isinstance(getattr(development, field.name), float)
    }
    shifts = development.aberration if development.aberration in ("off", "auto") else "0,0"
    return replace(development, **(numbers | _ON_THE_HOST), aberration=shifts)


def _of_optics(frame: Frame, settings: Settings, width_px: int) -> tuple[object, ...]:
    lens, focus_m = settings.lens, settings.focus_m
    magnification = breathing.of_frame(frame, lens, focus_m)
    return (
        is_plain(lens),
        coloured_scales(lens.colour_shift_px(focus_m, width_px)),
        SoftFocusHalo.of(lens, frame.native_lens).shows(width_px),
        breathing.shows(magnification, width_px),
    )


def _of_look(settings: Settings, size: tuple[int, int]) -> tuple[object, ...]:
    picture = look_picture(settings.look, size, strength=settings.strength)
    passes = tuple(shader.name for shader in picture.passes)
    return passes, picture.blend, whole_numbers(picture), settings.output_space is not None, settings.bits
