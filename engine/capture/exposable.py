"""A source whose exposure can be set."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Exposable(Protocol):
    """Of a `Source`, beside what every source does."""

    def expose(self, exposure_ev: float) -> None:
        """Collect 2 ** `exposure_ev` times the light that the source began with, as near to it as it can; returns at
        once. From the frame on of which that is true, `profile.exposure_ev` is less by as much: the light of the scene
        is told as it was, with less noise.
        """
