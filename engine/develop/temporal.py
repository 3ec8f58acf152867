"""Temporal noise reduction for live sources: what stands still grows clean, what moves is left alone."""

from __future__ import annotations

from ..camera import NoiseProfile
from ..cfa import Cfa
from ..compute.planes import PAD, Planes
from .noise import Four, VarianceStabilization

_ROWS = 4  # that a work-item takes; kernels/temporal.cl
_FRAMES = 4.0  # that the mean is worth at most, at full strength: what nobody notices moving fades by a quarter a frame


class Temporal:
    """A running mean of mosaics of one size, each site's own; `output` holds it and is to be read only."""

    def __init__(self, mosaic: Planes) -> None:
        self.mosaic = mosaic
        self.output, self._frames, self._differences = (Planes(mosaic.device, *mosaic.size, 1) for _ in range(3))
        self._seen: tuple[object, ...] | None = None

    def reset(self) -> None:
        """Forgets what was seen: the next frame is taken as it is. For a scene cut, or another source."""
        self._seen = None

    def run(
        self,
        cfa: Cfa,
        noise: NoiseProfile,
        gains: Four = (1.0, 1.0, 1.0, 1.0),
        strength: float = 1.0,
        *,
        encoded: bool = True,
    ) -> None:
        """Queues the kernels that take `mosaic`, border mirrored, into `output`, border mirrored.

        The arguments are those of `Denoise.run`. `strength`, 0 to 1, is how deep the mean may become: of still things
        the noise falls by 6 dB within 8 frames at 1; at 0 every frame is taken as it is, like the first one. Another
        CFA, noise, white balance or domain starts afresh. That frames were dropped in between does no harm.
        """
        seen = (cfa, noise, gains, encoded)
        fresh, self._seen = seen != self._seen, seen
        stabilized = VarianceStabilization.of(noise, gains)
        mosaic, mean, apart = self.mosaic.buffer, self.output.buffer, self._differences.buffer
        self.mosaic.run(
            "temporal.cl", "temporal_difference", mosaic=mosaic, mean=mean, apart=apart, encoded=int(encoded),
            fresh=int(fresh), **stabilized.arguments, extra_rows=PAD,
        )  # fmt: skip
        self.mosaic.run(
            "temporal.cl", "temporal_update", mosaic=mosaic, apart=apart, mean=mean, frames=self._frames.buffer,
            encoded=int(encoded), fresh=int(fresh), least=1.0 / (1.0 + (_FRAMES - 1.0) * strength),
            row_count=-(-self.mosaic.layout.height // _ROWS),
        )  # fmt: skip
        self.output.mirror()

    def release(self) -> None:
        for planes in (self.output, self._frames, self._differences):
            planes.release()
