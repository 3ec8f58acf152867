"""A sensor behind a Bayer filter: scene-linear light to raw samples, with read noise and shot noise.

The model is a 14-bit full-frame camera: 16383 steps for 60000 electrons. One step (3.8 e-) is close to the read noise,
so shadows show no banding, as they would with 12 bits. Scene white (1.0) is at an eighth of full scale. This leaves
three stops above white. The lamps of the scene are just below this, so their defocused discs keep their colour with
every demosaic. A photographer exposes like this for bright defocused lights.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...camera import CameraProfile
from ...cfa import Cfa
from ...errors import SourceError

FULL_WELL_E = 60_000.0
READ_NOISE_E = 2.5

STUDIO_CAMERA = CameraProfile(
    black=(512.0, 512.0, 512.0, 512.0),
    white=16383.0,
    white_balance=(2.0, 1.0, 1.6),
    # Overlapping filters, as in real cameras: each row subtracts its neighbours and sums to 1, so that white is kept.
    camera_to_scene=np.array([[1.34, -0.30, -0.04], [-0.12, 1.36, -0.24], [0.02, -0.38, 1.36]]),
    exposure_ev=3.0,
)


def expose(
    scene_rgb: NDArray[np.float32],
    cfa: Cfa,
    profile: CameraProfile,
    noise: float,
    rng: np.random.Generator,
) -> NDArray[np.uint16]:
    """Takes a picture: (H, W, 3) float32 scene-linear Rec.2020 to an (H, W) uint16 mosaic, the inverse of `profile`.

    The variance of a photosite of n electrons is noise^2 (n + read^2): shot noise in its normal approximation, accurate
    to 1 % from about ten electrons up, and read noise. `noise` 0 is a perfect sensor, 1 the camera above at base ISO.
    Values clip at `profile.white`. Raises SourceError if the shape is not (H, W, 3) or `noise` is negative.
    """
    if scene_rgb.ndim != 3 or scene_rgb.shape[2] != 3:
        raise SourceError(f"sensor: the scene's shape {scene_rgb.shape} is not (height, width, 3)")
    if not 0 <= noise < np.inf:
        raise SourceError(f"sensor: noise {noise:g} is not a number of 0 or more; 1 is base ISO")
    height, width = scene_rgb.shape[:2]
    scene_to_raw = np.linalg.inv(profile.camera_to_scene) * 2.0**-profile.exposure_ev
    scene_to_raw /= np.asarray(profile.white_balance)[:, None]
    mosaic = np.empty((height, width), np.uint16)
    channels = cfa.channels()
    for y, x in np.ndindex(2, 2):
        weights = scene_to_raw[channels[y, x]].astype(np.float32)
        photosite = scene_rgb[y::2, x::2]
        signal = photosite[..., 0] * weights[0]
        signal += photosite[..., 1] * weights[1]
        signal += photosite[..., 2] * weights[2]
        np.maximum(signal, 0, out=signal)
        if noise > 0:
            grain = rng.standard_normal(signal.shape, dtype=np.float32)
            grain *= np.sqrt((signal + READ_NOISE_E**2 / FULL_WELL_E) * np.float32(noise**2 / FULL_WELL_E))
            signal += grain
        black = profile.black[2 * y + x]
        signal *= profile.white - black
        signal += black + 0.5
        mosaic[y::2, x::2] = np.clip(signal, 0, profile.white)
    return mosaic
