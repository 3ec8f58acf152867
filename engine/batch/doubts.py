"""What may be wrong with a picture although it was rendered: its white balance and its focus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..develop.auto_balance import estimate_light

if TYPE_CHECKING:
    from ..frame import Frame
    from ..settings import Settings
    from .focus_puller import FocusPuller


def doubts_of(settings: Settings, frame: Frame, puller: FocusPuller) -> list[str]:
    """The reports about a frame whose focus was pulled, and which was drawn, each with a remedy."""
    doubts = puller.doubts(settings)
    if settings.development.white_balance.strip().lower() == "auto" and (doubt := estimate_light(frame).doubt):
        doubts.append(f"--wb auto is not sure: {doubt}; compare with --wb as-shot, 5200K or grey:X,Y")
    return doubts
