"""Temporal noise reduction for live sources: static parts are averaged over frames, moving parts are not."""

from __future__ import annotations

from ..camera import NoiseProfile
from ..cfa import Cfa
from ..compute.planes import PAD, Planes
from .noise import Four, VarianceStabilization

_ROWS = 4  # per work-item, as in kernels/temporal.cl
_FRAMES = 4.0  # maximum length of the mean at full strength: a ghost of undetected motion fades by a quarter per frame


class Temporal:
    """A running mean of each photosite, for mosaics of one size; `output` contains it and must not be changed."""

    def __init__(self, mosaic: Planes) -> None:
        self.mosaic = mosaic
        self.output, self._frames, self._deviations = (Planes(mosaic.device, *mosaic.size, 1) for _ in range(3))
        self._settings: tuple[object, ...] | None = None  # frames in the mean share them; None if it is empty

    def reset(self) -> None:
        """Clears the mean: the next frame is not averaged. Call it at a scene cut or if the source changes."""
        self._settings = None

    def run(
        self,
        cfa: Cfa,
        noise: NoiseProfile,
        gains: Four = (1.0, 1.0, 1.0, 1.0),
        strength: float = 1.0,
        *,
        encoded: bool = True,
    ) -> None:
        """Queues the kernels that average `mosaic`, border mirrored, into `output`, border mirrored.

        The arguments are those of `Denoise.run`. `strength`, 0 to 1, sets the length of the mean: at 1 the noise of
        static parts falls by 6 dB within 8 frames; at 0 frames are not averaged. A change of CFA, noise, white balance
        or domain clears the mean. Dropped frames do no harm.
        """
        settings = (cfa, noise, gains, encoded)
        fresh, self._settings = settings != self._settings, settings
        stabilized = VarianceStabilization.of(noise, gains)
        mosaic, mean, deviation = self.mosaic.buffer, self.output.buffer, self._deviations.buffer
        self.mosaic.run(
            "temporal.cl", "temporal_difference", mosaic=mosaic, mean=mean, deviation=deviation, encoded=int(encoded),
            fresh=int(fresh), **stabilized.arguments, extra_rows=PAD,
        )  # fmt: skip
        self.mosaic.run(
            "temporal.cl", "temporal_update", mosaic=mosaic, deviation=deviation, mean=mean, frames=self._frames.buffer,
            encoded=int(encoded), fresh=int(fresh), min_share=1.0 /  (1.0 + (_FRAMES - 1.0) * strength),
            row_count=-(-self.mosaic.layout.height // _ROWS),
        )  # fmt: skip
        self.output.mirror()

    def release(self) -> None:
        for planes in (self.output, self._frames, self._deviations):
            planes.release()
