"""The older colour tags of PNG files: gAMA and cHRM (W3C, "Portable Network Graphics", third edition, 11.3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..camera import CameraProfile
from ..colour.encoding import srgb_encode
from ..errors import SourceError
from ..frame import Encoding, Frame
from .exr import rgb_to_rec2020

SRGB_GAMMA, SRGB_XY = 0.45455, (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
EQUAL_GAMMA, EQUAL_XY = 0.01, 0.002  # differences that writers of sRGB make
GAMMAS = 0.1, 2.0  # others are damage


@dataclass(frozen=True)
class PngColours:
    """`gamma` is the exponent from light to code; None: the curve of sRGB. `to_rec2020` (3, 3); None: its primaries."""

    gamma: float | None
    to_rec2020: NDArray[np.float64] | None

    @property
    def names(self) -> tuple[str, str]:
        """The primaries and the transfer, as `Cicp.names`."""
        primaries = "BT.709" if self.to_rec2020 is None else "of the file"
        return primaries, "sRGB" if self.gamma is None else f"gamma {1 / self.gamma:.3g}"

    def frame(self, codes: NDArray[Any], **fields: Any) -> Frame:
        """The frame of display codes, (H, W, 3) uint8 or uint16, with the given further `fields`."""
        if self.to_rec2020 is not None:
            fields["profile"] = CameraProfile(camera_to_scene=self.to_rec2020)
        if self.gamma is not None:
            levels = np.linspace(0.0, 1.0, np.iinfo(codes.dtype).max + 1) ** (1 / self.gamma)
            codes = np.rint(65535 * srgb_encode(levels)).astype(np.uint16)[codes]
        return Frame(np.ascontiguousarray(codes), Encoding.DISPLAY, **fields)


def png_colours(image: Image.Image) -> PngColours | None:
    """The colours of a PNG; None if they are those of sRGB. cICP, an ICC profile and the chunk sRGB have priority.

    Tags that are not a gamma, or not three colours and a white, are ignored, as in picture viewers.
    """
    tags: Mapping[Any, Any] = image.info
    if image.format != "PNG" or "icc_profile" in tags or "srgb" in tags:
        return None
    gamma, to_rec2020 = tags.get("gamma"), None
    if not isinstance(gamma, float) or not GAMMAS[0] < gamma < GAMMAS[1] or abs(gamma - SRGB_GAMMA) < EQUAL_GAMMA:
        gamma = None
    xy = tags.get("chromaticity")
    if isinstance(xy, tuple) and len(xy) == 8:
        rgbw = (*xy[2:], *xy[:2])  # the file has white first
        if np.abs(np.subtract(rgbw, SRGB_XY)).max() > EQUAL_XY:
            with suppress(SourceError):
                to_rec2020 = rgb_to_rec2020(rgbw, "")
    return None if gamma is None and to_rec2020 is None else PngColours(gamma, to_rec2020)
