"""Black level, white level and white balance: what turns sensor numbers into light, site by site."""

from __future__ import annotations

from dataclasses import dataclass

from ..camera import CameraProfile
from ..cfa import Cfa


@dataclass(frozen=True, slots=True)
class Levels:
    """Site s of the 2x2 block, in reading order, becomes `(number - black[s]) * gain[s]`, at most `clip`."""

    black: tuple[float, float, float, float]
    gain: tuple[float, float, float, float]
    clip: float

    @classmethod
    def of(cls, profile: CameraProfile, cfa: Cfa) -> Levels:
        """Scaled so that the channel that clips first does so at 1.

        The others are cut there too: past that point the sensor no longer knows the colour, and a white sky would
        turn magenta.
        """
        weakest = min(profile.white_balance)
        balance = [multiplier / weakest for multiplier in profile.white_balance]
        sites = cfa.channels().ravel()
        black = profile.black
        gain = [balance[int(channel)] / (profile.white - black[site]) for site, channel in enumerate(sites)]
        return cls(black=black, gain=(gain[0], gain[1], gain[2], gain[3]), clip=1.0)
