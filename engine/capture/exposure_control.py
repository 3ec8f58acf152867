"""A source whose exposure can be set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from .source_filter import SourceFilter

if TYPE_CHECKING:
    from .source import Source


@runtime_checkable
class ExposureControl(Protocol):
    """Of a `Source`, beside what every source does."""

    def expose(self, exposure_ev: float) -> None:
        """Collect 2 ** `exposure_ev` times the light that the source began with, as near to it as it can; returns at
        once. From the frame on of which that is true, `profile.exposure_ev` is less by as much: the light of the scene
        is told as it was, with less noise.
        """


def exposure_control_of(source: Source) -> ExposureControl | None:
    """Who exposes the frames of `source`, which others may change on their way; None where nobody can."""
    found: object = source
    while isinstance(found, SourceFilter):
        found = found.origin
    return found if isinstance(found, ExposureControl) else None
