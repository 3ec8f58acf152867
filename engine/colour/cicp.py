"""Coding-independent code points (ITU-T H.273): primaries and transfer of pictures and videos.

The unit of light is diffuse white: 203 cd/m2 in PQ and HLG (ITU-R BT.2408), 1 in all others.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .encoding import Light, rec709_decode, srgb_decode
from .white import D65, XY, XYZ_TO_REC2020, adaptation, rgb_to_xyz

DIFFUSE_WHITE_NITS = 203.0
PQ_PEAK_NITS, HLG_PEAK_NITS = 10000.0, 1000.0
UNSPECIFIED = 2
LINEAR, PQ, SMPTE_428, HLG = 8, 16, 17, 18
SRGB_LIKE = (1, UNSPECIFIED, 6, 13, 14, 15)  # a display shows pictures of the camera curves like those of sRGB
_C, _DCI = (0.310, 0.316), (0.314, 0.351)
_REC709 = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_SMPTE_C = ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070))
_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
# Red, green, blue and white by code (H.273, table 2).
PRIMARIES: dict[int, tuple[str, tuple[XY, XY, XY], XY]] = {
    1: ("BT.709", _REC709, D65),
    4: ("BT.470 M", ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08)), _C),
    5: ("BT.470 BG", ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)), D65),
    6: ("BT.601", _SMPTE_C, D65),
    7: ("SMPTE 240M", _SMPTE_C, D65),
    8: ("film", ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049)), _C),
    9: ("BT.2020", ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)), D65),
    10: ("XYZ", ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0)), (1 / 3, 1 / 3)),
    11: ("DCI-P3", _P3, _DCI),
    12: ("Display P3", _P3, D65),
    22: ("EBU 3213", ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077)), D65),
}
TRANSFERS = {
    **{1: "BT.709", 4: "gamma 2.2", 5: "gamma 2.8", 6: "BT.601", 7: "SMPTE 240M", LINEAR: "linear", 9: "log 100"},
    **{10: "log 316", 11: "xvYCC", 12: "BT.1361", 13: "sRGB", 14: "BT.2020", 15: "BT.2020", PQ: "PQ"},
    **{SMPTE_428: "SMPTE 428", HLG: "HLG"},
}


@dataclass(frozen=True)
class Cicp:
    """The primaries and the transfer of a picture by their codes; unknown codes count as those of sRGB.

    `is_narrow`: black and white of RGB codes are 16 and 235 of 255. Decoders of YCbCr have changed the range already.
    """

    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    is_narrow: bool = False

    @property
    def is_srgb(self) -> bool:
        return self.has_srgb_primaries and self.has_srgb_curve

    @property
    def has_srgb_primaries(self) -> bool:
        """Also for video of standard definition: its primaries differ from BT.709 by less than a display does."""
        return self.primaries in (1, 5, 6, 7) or self.primaries not in PRIMARIES

    @property
    def has_srgb_curve(self) -> bool:
        return self.transfer in SRGB_LIKE or self.transfer not in TRANSFERS

    @property
    def names(self) -> tuple[str, str]:
        """The names of the primaries and of the transfer; "unspecified" without one."""
        primaries = PRIMARIES[self.primaries][0] if self.primaries in PRIMARIES else "unspecified"
        return primaries, TRANSFERS.get(self.transfer, "unspecified")

    @cached_property
    def to_rec2020(self) -> NDArray[np.float64]:
        """(3, 3) from linear RGB of the primaries to linear Rec.2020, D65. White stays white."""
        _, colours, white = PRIMARIES[self.primaries if not self.has_srgb_primaries else 1]
        return to_rec2020(colours, white)

    def linear(self, encoded: ArrayLike) -> Light:
        """Light of encoded RGB (..., 3), 0 to 1, in the unit of diffuse white."""
        return np.asarray(self._shown(self._curve(np.clip(np.asarray(encoded, np.float64), 0.0, 1.0))), np.float64)

    def linear_of(self, codes: NDArray[Any]) -> NDArray[np.float32]:
        """As `linear`, float32, of unsigned integers (H, W, 3) whose maximum is 1."""
        levels = np.linspace(0.0, 1.0, np.iinfo(codes.dtype).max + 1)
        return np.asarray(self._shown(self._curve(levels).astype(np.float32)[codes]), np.float32)

    def _shown(self, light: NDArray[Any]) -> NDArray[Any]:
        """HLG has the system gamma 1.2 of a display of 1000 cd/m2 (ITU-R BT.2100, table 5); others are as they are."""
        if self.transfer != HLG:
            return light
        luma = light @ np.array((0.2627, 0.6780, 0.0593), light.dtype)
        luma = np.maximum(luma, 1e-9) ** 0.2 * (HLG_PEAK_NITS / DIFFUSE_WHITE_NITS)
        return np.asarray(light * luma[..., None])

    def _curve(self, code: Light) -> Light:
        match self.transfer:
            case 4:
                return np.asarray(code**2.2)
            case 5:
                return np.asarray(code**2.8)
            case 7:
                return np.where(code < 0.0913, code / 4.0, ((code + 0.1115) / 1.1115) ** (1 / 0.45))
            case 8:
                return code
            case 9 | 10:
                return np.asarray(10.0 ** ((code - 1.0) * (2.0 if self.transfer == 9 else 2.5)) * (code > 0))
            case 11 | 12:
                return rec709_decode(code)
            case 16:
                return pq_nits(code) / DIFFUSE_WHITE_NITS
            case 17:
                return np.asarray(52.37 / 48.0 * code**2.6)
            case 18:
                return hlg_scene(code)
        return srgb_decode(code)


def to_rec2020(primaries: tuple[XY, XY, XY], white: XY) -> NDArray[np.float64]:
    """(3, 3) from linear RGB of these primaries and white to linear Rec.2020, D65."""
    return np.asarray(XYZ_TO_REC2020 @ adaptation(white, D65) @ rgb_to_xyz(primaries, white))


def pq_nits(code: ArrayLike) -> Light:
    """Display light in cd/m2 of a PQ code, 0 to 1 (SMPTE ST 2084)."""
    root = np.asarray(code, np.float64) ** (32 / 2523)
    ratio = np.maximum(root - 107 / 128, 0.0) / (2413 / 128 - 2392 / 128 * root)
    return np.asarray(PQ_PEAK_NITS * ratio ** (8192 / 1305))


def hlg_scene(code: ArrayLike) -> Light:
    """Scene light, 0 to 1, of an HLG code, 0 to 1 (ITU-R BT.2100, table 5)."""
    e = np.asarray(code, np.float64)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(e <= 0.5, e * e / 3.0, (np.exp((e - c) / a) + b) / 12.0)
