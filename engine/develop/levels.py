"""Black level, white level and white balance: the conversion of sensor numbers to light for each photosite."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ..camera import CameraProfile
from ..cfa import Cfa

Four = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Levels:
    """Photosite s of the repeating 2x2 block, in reading order, becomes `(number - black[s]) * gain[s]`."""

    black: Four
    gain: Four

    @classmethod
    def of(cls, profile: CameraProfile, cfa: Cfa) -> Levels:
        """The levels of a profile, scaled so that the first channel to clip does so at 1; `clips` gives the others.

        X-Trans, which has a larger block, and monochrome sensors have gains without white balance.
        """
        first, second, third, fourth = (balance / profile.span for balance in cfa_gains(profile, cfa))
        return cls(black=profile.black, gain=(first, second, third, fourth))


def cfa_gains(profile: CameraProfile, cfa: Cfa) -> Four:
    """White balance of the repeating 2x2 photosites, scaled like `clips`; 1 for X-Trans and monochrome sensors."""
    return _gains(clips(profile), cfa)


@lru_cache(maxsize=8)
def _gains(clips: tuple[float, float, float], cfa: Cfa) -> Four:
    """Kept for the next frame."""
    if cfa.kind not in ("bayer", "quad"):
        return 1.0, 1.0, 1.0, 1.0
    channels = cfa.channels()[:: cfa.block, :: cfa.block].ravel()
    first, second, third, fourth = (clips[int(channel)] for channel in channels)
    return first, second, third, fourth


def clips(profile: CameraProfile) -> tuple[float, float, float]:
    """The white-balanced light at which red, green and blue clip; 1 for the first channel to clip."""
    weakest = min(profile.white_balance)
    red, green, blue = (multiplier / weakest for multiplier in profile.white_balance)
    return red, green, blue
