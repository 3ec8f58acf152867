"""Raw noise reduction on the mosaic, by its noise profile, before any interpolation."""

from __future__ import annotations

from ..camera import NoiseProfile
from ..cfa import Cfa
from ..compute.planes import PAD, Planes
from .noise import Four, VarianceStabilization

_ROWS = 8  # per work-item, as in kernels/denoise.cl
# Distance between photosites of one colour for the first and the second sweep. 0 omits a sweep that would read beyond
# the border.
_STRIDES = {"mono": (1, 3), "bayer": (2, 6), "quad": (4, 0), "xtrans": (0, 6)}


class Denoise:
    """Non-local means between photosites of one colour, for mosaics of one size; `output` is a separate plane."""

    def __init__(self, mosaic: Planes) -> None:
        self.mosaic = mosaic
        self.output, self._level, self._nearby = (Planes(mosaic.device, *mosaic.size, 1) for _ in range(3))

    def run(
        self,
        cfa: Cfa,
        noise: NoiseProfile,
        gains: Four = (1.0, 1.0, 1.0, 1.0),
        strength: float = 1.0,
        *,
        encoded: bool = True,
    ) -> None:
        """Queues the kernels that fill `output`, border mirrored, from `mosaic`, whose border is mirrored.

        `noise` is the sensor's noise before white balance, `gains` the white balance of the repeating 2x2 photosites in
        reading order (all 1 for X-Trans). `strength`, 0 to 1, is the fraction of the noise to remove; 0 copies the
        mosaic. If `encoded`, the mosaic is in the domain of kernels/encoding.h.
        """
        stabilized = VarianceStabilization.of(noise, gains)
        near, far = _STRIDES[cfa.kind]
        source, height = "denoise.cl", self.mosaic.layout.height
        mosaic, level, nearby = self.mosaic.buffer, self._level.buffer, self._nearby.buffer
        self.mosaic.run(
            source, "denoise_level", mosaic=mosaic, level=level, encoded=int(encoded), **stabilized.arguments,
            extra_rows=PAD,
        )  # fmt: skip
        if near:
            # The second sweep reads `margin` rows beyond the picture. The surplus rows of the last work-items are split
            # between top and bottom, so that no read leaves the border.
            margin = far + 1
            items = -(-(height + 2 * margin) // _ROWS)
            above = margin + (items * _ROWS - height - 2 * margin) // 2
            self.mosaic.run(
                source, "denoise_fine", level=level, nearby=nearby, stride=near, first_row=-above, row_count=items
            )
        # Variance of the noise before the second sweep: 0.1 after a first sweep, otherwise 1.
        sweep_input, steep, even, result = (
            (nearby, 1 / 0.9, 0.5, self._level) if near else (level, 1 / 9, 2.0, self._nearby)
        )  # fmt: skip
        self.mosaic.run(
            source, "denoise_coarse", level=sweep_input, afar=result.buffer, stride=far, steep=steep, even=even,
            row_count=-(-height // _ROWS),
        )  # fmt: skip
        result.mirror()
        green, fraction = (1 - (cfa.red_x + cfa.red_y) % 2, 0.5) if cfa.kind == "bayer" else (0, 0.0)
        self.mosaic.run(
            source, "denoise_finish", level=result.buffer, mosaic=mosaic, denoised=self.output.buffer,
            encoded=int(encoded), **stabilized.arguments, green=green, mesh_fraction=fraction, strength=strength,
        )  # fmt: skip
        self.output.mirror()

    def release(self) -> None:
        for planes in (self.output, self._level, self._nearby):
            planes.release()


assert all(near == 0 or 2 * near + 1 + far + 1 + _ROWS // 2 <= PAD for near, far in _STRIDES.values()), (
    "the first sweep reads beyond the border"
)
