"""What may be wrong with a picture although it was rendered: unused options, its white balance and its focus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..develop.auto_balance import estimate_light
from ..develop.development import RAW_STAGES, Development
from ..develop.field import settings_of
from ..frame import Encoding

if TYPE_CHECKING:
    from ..frame import Frame
    from ..settings import Settings
    from .focus_puller import FocusPuller

OFF = "off"


def doubts_of(settings: Settings, frame: Frame, puller: FocusPuller) -> list[str]:
    """The reports about a frame whose focus was pulled, and which was drawn, each with a remedy."""
    doubts = [f"{option} does not apply to {_kind(frame)}; leave it out" for option in unused(settings, frame)]
    if settings.development.white_balance.strip().lower() == "auto" and (doubt := estimate_light(frame).doubt):
        doubts.append(f"--wb auto is not sure: {doubt}; compare with --wb as-shot, 5200K or grey:X,Y")
    return doubts + puller.doubts(settings)


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


def _kind(frame: Frame) -> str:
    is_mosaic = frame.encoding is Encoding.MOSAIC
    return f"a mosaic of the kind {frame.cfa.kind}" if is_mosaic else "a picture, which is developed already"
