"""ICC matrix profiles applied at 16 bits; Pillow's colour management supports only 8 bits."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

# IEC 61966-2-1 primaries adapted to the ICC's D50 (Bradford): linear sRGB to XYZ.
SRGB_TO_XYZ_D50 = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)


def matrix_profile_to_srgb(display_rgb: NDArray[np.uint16], profile: bytes) -> NDArray[np.uint16] | None:
    """Converts (H, W, 3) uint16 from the profile's encoding to sRGB, clipped to the sRGB gamut.

    None if the profile is damaged or is not a "three-component matrix" profile (ICC.1:2022, 8.3.3).
    """
    parsed = matrix_profile(profile)
    if parsed is None:
        return None
    curves, to_xyz = parsed
    to_srgb = (np.linalg.inv(SRGB_TO_XYZ_D50) @ to_xyz).astype(np.float32)
    linear_rgb = np.stack([curves[channel][display_rgb[..., channel]] for channel in range(3)], axis=-1) @ to_srgb.T
    np.clip(linear_rgb, 0.0, 1.0, out=linear_rgb)
    encoded = np.where(linear_rgb <= 0.0031308, 12.92 * linear_rgb, 1.055 * linear_rgb ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(65535.0 * encoded), np.uint16)


def matrix_profile(profile: bytes) -> tuple[list[NDArray[np.float32]], NDArray[np.float64]] | None:
    """For a "three-component matrix" profile: three curves (65536,), the light of each 16-bit code, and a matrix (3, 3)
    from that light to XYZ under D50. None if it is damaged or of another kind. A profile with tables may have a matrix
    too.
    """
    try:
        tags = _tags(profile)
        curves = [_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")]
        to_xyz = np.stack([_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")], axis=1)
    except (KeyError, IndexError, ValueError, struct.error):
        return None
    return curves, to_xyz


def has_tables(profile: bytes) -> bool:
    """Whether a profile contains tables from colours to device values; they take precedence over its matrix."""
    try:
        return any(name in _tags(profile) for name in (b"B2A0", b"B2A1"))
    except struct.error:
        return False


def _tags(profile: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", profile, 128)
    entries = (struct.unpack_from(">4sII", profile, 132 + 12 * entry) for entry in range(min(count, 100)))
    return {name: profile[offset : offset + length] for name, offset, length in entries}


def _xyz(tag: bytes) -> NDArray[np.float64]:
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536.0


def _curve(tag: bytes) -> NDArray[np.float32]:
    """(65536,) linear light of each 16-bit code: `curv` (ICC.1:2022, 10.6) or `para` (10.18)."""
    encoded = np.linspace(0.0, 1.0, 65536)
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        if count == 0:
            return encoded.astype(np.float32)
        table = np.array(struct.unpack_from(f">{count}H", tag, 12), np.float64)
        if count == 1:
            return np.asarray(encoded ** (table[0] / 256.0), np.float32)
        return np.asarray(np.interp(encoded, np.linspace(0.0, 1.0, count), table / 65535.0), np.float32)
    if tag[:4] != b"para":
        raise ValueError("neither curv nor para")
    (kind,) = struct.unpack_from(">H", tag, 8)
    count = (1, 3, 4, 5, 7)[kind]
    numbers = [n / 65536.0 for n in struct.unpack_from(f">{count}i", tag, 12)]
    g, a, b, c, d, e, f = numbers + [0.0] * (7 - count)
    if kind == 0:
        return np.asarray(encoded**g, np.float32)
    if kind in (1, 2):  # the curve has its break where the base of the power is zero; below it is the constant c
        d, e, f, c = -b / a, c, c, 0.0
    return np.asarray(np.where(encoded >= d, np.maximum(a * encoded + b, 0.0) ** g + e, c * encoded + f), np.float32)
