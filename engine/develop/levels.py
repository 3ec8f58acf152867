"""Black level, white level and white balance: what turns sensor numbers into light, site by site."""

from __future__ import annotations

from dataclasses import dataclass

from ..camera import CameraProfile
from ..cfa import Cfa

Four = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Levels:
    """Site s of the block of four that repeats, in reading order, becomes `(number - black[s]) * gain[s]`."""

    black: Four
    gain: Four

    @classmethod
    def of(cls, profile: CameraProfile, cfa: Cfa) -> Levels:
        """Scaled so that the channel that clips first does so at 1; `clips` says where the others do.

        The sites of X-Trans, whose block is larger, and of a sensor without filters all have a gain without balance.
        """
        black = profile.black
        gain = [
            balance / (profile.white - level) for balance, level in zip(cfa_gains(profile, cfa), black, strict=True)
        ]
        return cls(black=black, gain=(gain[0], gain[1], gain[2], gain[3]))


def cfa_gains(profile: CameraProfile, cfa: Cfa) -> Four:
    """The white balance of the four sites that repeat, scaled as `clips` is; 1 where it is not applied by site."""
    if cfa.kind not in ("bayer", "quad"):
        return 1.0, 1.0, 1.0, 1.0
    channels = cfa.channels()[:: cfa.block, :: cfa.block].ravel()
    first, second, third, fourth = (clips(profile)[int(channel)] for channel in channels)
    return first, second, third, fourth


def clips(profile: CameraProfile) -> tuple[float, float, float]:
    """The light at which red, green and blue clip, once balanced: 1 for the one that does so first."""
    weakest = min(profile.white_balance)
    red, green, blue = (multiplier / weakest for multiplier in profile.white_balance)
    return red, green, blue
