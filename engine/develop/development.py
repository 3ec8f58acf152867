"""How a frame is developed: everything between the sensor's numbers and scene light that a person may choose."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal, get_args

from ..errors import GroundglassError
from .aberration import parse_aberration
from .balance import Setting
from .demosaic import Method, check_method
from .metering import Metering

Highlights = Literal["rebuild", "clip"]
DefectPixels = Literal["auto", "listed", "off"]
Quad = Literal["remosaic", "bin"]


@dataclass(frozen=True, slots=True)
class Development:
    """Settings of the raw stage; `dataclasses.replace` changes one. GroundglassError where one is unknown.

    `demosaic` is `rcd`, `best`, `lmmse`, `malvar`, `bilinear` or `half` (half the size). `exposure_ev` brightens the
    scene light, in stops; with `metering` "centre", "average", "spot", "spot:X,Y" or "highlights" it is added to
    what is metered. `white_balance` is "as-shot", "auto", a temperature ("5200K", with a tint "5200K,+10"), the
    multipliers of red, green and blue ("2,1,1.6"), or "grey:X,Y", which makes that place grey (fractions of the
    upright picture, from the top left).

    `highlights` says what becomes of clipped channels: "rebuild" from the others, or "clip" all where the first clips.
    `defects` replaces dead and hot sites: those that the file lists, with "auto" also those that stick out. `denoise`,
    `temporal` (noise reduction over frames) and `sharpen` (capture sharpening) are 0 to 1. `aberration`, lateral
    colour, is "off", "auto", or by how many thousandths red and blue lie farther out than green ("0.4,-0.3"). `quad`
    is what a quad-Bayer sensor gives: "remosaic" its full size, "bin" half of it.
    """

    demosaic: Method = "rcd"
    exposure_ev: float = 0.0
    metering: str = "off"
    white_balance: str = "as-shot"
    highlights: Highlights = "rebuild"
    defects: DefectPixels = "listed"
    denoise: float = 0.0
    temporal: float = 0.0
    aberration: str = "off"
    sharpen: float = 0.0
    quad: Quad = "remosaic"

    def __post_init__(self) -> None:
        check_method(self.demosaic)
        Metering.parse(self.metering)
        Setting.parse(self.white_balance)
        parse_aberration(self.aberration)
        for setting, choices in (("highlights", Highlights), ("defects", DefectPixels), ("quad", Quad)):
            _check_choice(setting, getattr(self, setting), get_args(choices))
        for setting in ("denoise", "temporal", "sharpen"):
            if not 0.0 <= getattr(self, setting) <= 1.0:
                raise GroundglassError(f"{setting} {getattr(self, setting):g} is outside 0..1; try 0.5")


def _check_choice(setting: str, given: str, choices: tuple[str, ...]) -> None:
    if given not in choices:
        near = difflib.get_close_matches(given, choices, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"use one of {', '.join(choices)}"
        raise GroundglassError(f"{setting} '{given}' is unknown; {hint}")
