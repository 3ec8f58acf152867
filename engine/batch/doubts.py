"""What may be wrong with a picture although it was rendered: its white balance and its focus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..develop.auto_balance import estimate_light
from ..optics.focus import focus_doubt
from ..orientation import upright

if TYPE_CHECKING:
    from ..frame import Frame
    from ..settings import Settings


def doubts_of(settings: Settings, frame: Frame) -> list[str]:
    """The reports about the picture of a frame, each with a remedy."""
    doubts = list[str]()
    if settings.development.white_balance.strip().lower() == "auto" and (doubt := estimate_light(frame).doubt):
        doubts.append(f"--wb auto is not sure: {doubt}; compare with --wb as-shot, 5200K or grey:X,Y")
    if frame.depth_m is not None:
        depth_m = upright(frame.depth_m, frame.orientation)
        if doubt := focus_doubt(depth_m, settings.lens, settings.focus_m):
            doubts.append(f"{doubt}; choose --focus METRES")
    return doubts
