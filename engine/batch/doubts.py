"""What may be wrong with a picture although it was rendered: unused options, its white balance and its focus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..develop.auto_balance import estimate_light
from ..develop.development import RAW_STAGES, Development
from ..develop.field import settings_of
from ..frame import Encoding
from ..optics.focus import focus_doubt
from ..orientation import upright
from ..settings import DEFAULT_FOCUS_M

if TYPE_CHECKING:
    from ..frame import Frame
    from ..settings import Settings

OFF = "off"


def doubts_of(settings: Settings, frame: Frame, *, has_model: bool = False) -> list[str]:
    """The reports about the picture of a frame, each with a remedy. `has_model`: a network adds a missing depth."""
    doubts = [f"{option} does not apply to {_kind(frame)}; leave it out" for option in unused(settings, frame)]
    if settings.development.white_balance.strip().lower() == "auto" and (doubt := estimate_light(frame).doubt):
        doubts.append(f"--wb auto is not sure: {doubt}; compare with --wb as-shot, 5200K or grey:X,Y")
    if frame.depth_m is not None:
        depth_m = upright(frame.depth_m, frame.orientation)
        if doubt := focus_doubt(depth_m, settings.lens, settings.focus_m):
            doubts.append(f"{doubt}; choose --focus METRES")
    elif frame.right is None and not has_model and _is_focused(settings):
        doubts.append("without depth nothing is blurred; name a map with --depth, or a network with --depth-model")
    return doubts


def unused(settings: Settings, frame: Frame) -> list[str]:
    """The options of the raw development that were switched on, but whose stage the frame does not pass."""
    development, default = settings.development, Development()
    stages = {spec.name: spec for spec in RAW_STAGES}
    return [
        setting.option
        for name, (setting, _) in settings_of(Development).items()
        if name in stages
        and setting.on is not None
        and getattr(development, name) not in (getattr(default, name), OFF)
        and not stages[name].applies(frame, development)
    ]


def _is_focused(settings: Settings) -> bool:
    """Whether the aperture or the focus differs from the default."""
    lens = settings.lens
    return (lens.f_number, settings.focus_m) != (lens.f_number_min, lens.clamp_focus_m(DEFAULT_FOCUS_M))


def _kind(frame: Frame) -> str:
    is_mosaic = frame.encoding is Encoding.MOSAIC
    return f"a mosaic of the kind {frame.cfa.kind}" if is_mosaic else "a picture, which is developed already"
