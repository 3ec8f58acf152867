"""A camera: how its numbers become scene light."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .errors import SourceError
from .orientation import first_block, upright, upright_places

# ITU-R BT.2020 and BT.709 primaries, both D65: linear Rec.709 (sRGB) to linear Rec.2020 (ITU-R BT.2087-0, table 2,
# recomputed from the primaries to full precision).
REC709_TO_REC2020 = np.array(
    [
        [0.6274038959, 0.3292830384, 0.0433130657],
        [0.0690972894, 0.9195403951, 0.0113623156],
        [0.0163914389, 0.0880133079, 0.8955952532],
    ],
    dtype=np.float64,
)
REC2020_TO_REC709 = np.linalg.inv(REC709_TO_REC2020)


@dataclass(frozen=True, slots=True)
class NoiseProfile:
    """The variance of a site's light (1 at the white level, before white balance): `shot` * light + `read`.

    The model and the two numbers of the Adobe DNG specification's NoiseProfile.
    """

    shot: float
    read: float


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """What was measured of a camera under one light.

    `temperature_k` is the light's correlated colour temperature in kelvin. `xyz_to_camera` (3, 3) takes CIE XYZ under
    that light to unbalanced camera RGB (DNG: AnalogBalance * CameraCalibration * ColorMatrix). `camera_to_xyz_d50`
    (3, 3) takes white-balanced camera RGB to XYZ under D50 (DNG: ForwardMatrix), None where it was not measured.
    """

    temperature_k: float
    xyz_to_camera: NDArray[np.float64]
    camera_to_xyz_d50: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class CameraProfile:
    """How a camera's numbers become scene light.

    `black` and `white` are sensor values; `black` has one entry a site of a 2x2 block, in reading order.
    `white_balance` multiplies camera red, green, blue (green is 1). `camera_to_scene` (3, 3) maps white-balanced
    camera RGB to linear Rec.2020, D65. `exposure_ev` is applied after the matrix. `calibrations`, by rising
    temperature, are what another white balance is computed from; `noise` is None where nobody measured it.

    Of each site, where it is known: `black_map` (H, W) float32 is what its black lies above `black`, in sensor values;
    `gain_map` (H, W) float32 multiplies its light (lens shading, flat field); `defects` (N, 2) int32 are the columns
    and rows of sites that do not measure light.
    """

    black: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    white: float = 65535.0
    white_balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    camera_to_scene: NDArray[np.float64] = field(default_factory=lambda: REC709_TO_REC2020.copy())
    exposure_ev: float = 0.0
    calibrations: tuple[Calibration, ...] = ()
    noise: NoiseProfile | None = None
    black_map: NDArray[np.float32] | None = None
    gain_map: NDArray[np.float32] | None = None
    defects: NDArray[np.int32] | None = None

    def __post_init__(self) -> None:
        if not self.white > max(self.black):
            raise SourceError(f"white level {self.white:g} is not above black level {max(self.black):g}")

    def turned(self, size: tuple[int, int], orientation: int) -> CameraProfile:
        """The profile of a mosaic of `size`, (width, height), once its EXIF `orientation` is applied."""
        black = first_block(np.reshape(self.black, (2, 2)), size, orientation).ravel()
        turned = [
            None if site_map is None else np.ascontiguousarray(upright(site_map, orientation))
            for site_map in (self.black_map, self.gain_map)
        ]
        return replace(
            self,
            black=(float(black[0]), float(black[1]), float(black[2]), float(black[3])),
            black_map=turned[0],
            gain_map=turned[1],
            defects=None if self.defects is None else upright_places(self.defects, size, orientation),
        )
