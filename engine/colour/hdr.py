"""HDR: the gain of highlights over the SDR rendition of a look, and the codes of PQ and HLG.

The unit of light is diffuse white, 203 cd/m2 (ITU-R BT.2408). The HDR rendition of a look is its SDR rendition times
`highlight_gain`. Both are the same up to two stops above grey, so a face or a wall looks alike on every display. A
white sheet has 5 % more light; lamps and reflections are brighter, up to `peak`. The gain is one number for all
channels: it changes neither hue nor saturation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import OutputError
from ..gl.passes import Number, Table
from .cicp import DIFFUSE_WHITE_NITS, HLG, HLG_PEAK_NITS, PQ, PQ_PEAK_NITS
from .encoding import Light
from .output_space import P3_PRIMARIES, REC709_PRIMARIES
from .white import D65, REC2020_TO_XYZ, rgb_to_xyz

HDR_SPACES = {"pq": PQ, "hlg": HLG}  # by name: the transfer of ITU-T H.273
LUMA = np.array([0.2627, 0.6780, 0.0593])  # ITU-R BT.2100
HLG_PEAK = HLG_PEAK_NITS / DIFFUSE_WHITE_NITS
PQ_PEAK = PQ_PEAK_NITS / DIFFUSE_WHITE_NITS
DEFAULT_STOPS = math.log2(HLG_PEAK)  # 2.3: 1000 cd/m2, the peak of HLG and of common HDR displays
MIN_STOPS, MAX_STOPS = 0.1, math.log2(PQ_PEAK)  # 5.6
GAIN_START = 0.72  # scene light at which the gain begins, two stops above grey


@dataclass(frozen=True, eq=False)
class LightOutput(Table):
    """The linear light of a look in the primaries of `from_rec2020` (3, 3), for `shaders/hdr_light.glsl`.

    `peak` is the largest gain of the highlights.
    """

    from_rec2020: NDArray[np.float64]
    peak: float

    @property
    def textures(self) -> Mapping[str, NDArray[Any]]:
        return {}

    @cached_property
    def numbers(self) -> Mapping[str, Number]:
        rows = zip(("red", "green", "blue"), self.from_rec2020, strict=True)
        return {**{name: tuple(map(float, row)) for name, row in rows}, "peak": self.peak}


def light_output(primaries: str, stops: float) -> LightOutput:
    """Light in the `primaries` "srgb", "display-p3" or "rec2020", with `stops` of headroom above diffuse white."""
    if primaries == "rec2020":
        return LightOutput(np.eye(3), 2.0**stops)
    to_xyz = rgb_to_xyz(P3_PRIMARIES if primaries == "display-p3" else REC709_PRIMARIES, D65)
    return LightOutput(np.linalg.inv(to_xyz) @ REC2020_TO_XYZ, 2.0**stops)


def check_stops(stops: float) -> float:
    """`stops` if they are a headroom that PQ can carry; otherwise raises OutputError."""
    if not MIN_STOPS <= stops <= MAX_STOPS:
        raise OutputError(f"--headroom {stops:g}: use {MIN_STOPS:g} to {MAX_STOPS:.1f} stops above diffuse white")
    return stops


def highlight_gain(scene_rgb: ArrayLike, peak: float) -> Light:
    """The gain (...) of scene light (..., 3) at the tone curve of a look: 1 up to GAIN_START, at most `peak`.

    The largest channel counts, so that a coloured lamp shines, too. With x = light / GAIN_START - 1 and r = peak - 1
    the gain is 1 + r x^2 / (x^2 + r (x + 1)): continuous with its slope, and near x while that is well below the peak,
    so that the picture follows the scene.
    """
    over = np.maximum(np.asarray(scene_rgb, np.float64).max(axis=-1) / GAIN_START - 1.0, 0.0)
    room = peak - 1.0
    return np.asarray(1.0 + room * over**2 / np.maximum(over**2 + room * (over + 1.0), 1e-9))


def pq_code(nits: ArrayLike) -> Light:
    """The PQ code, 0 to 1, of display light in cd/m2; the inverse of `cicp.pq_nits` (SMPTE ST 2084)."""
    power = np.clip(np.asarray(nits, np.float64) / PQ_PEAK_NITS, 0.0, 1.0) ** (1305 / 8192)
    return np.asarray(((107 / 128 + 2413 / 128 * power) / (1.0 + 2392 / 128 * power)) ** (2523 / 32))


def hlg_code(scene: ArrayLike) -> Light:
    """The HLG code, 0 to 1, of HLG scene light, 0 to 1; the inverse of `cicp.hlg_scene` (ITU-R BT.2100, table 5)."""
    e = np.clip(np.asarray(scene, np.float64), 0.0, 1.0)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(e <= 1 / 12, np.sqrt(3.0 * e), a * np.log(np.maximum(12.0 * e - b, 1e-9)) + c)


def encoded(light: NDArray[np.float32], space: str) -> NDArray[np.uint16]:
    """The codes (H, W, 3) of Rec.2020 light in the unit of diffuse white; white of a code is 65535.

    `space` is "pq" or "hlg". HLG is for a display of 1000 cd/m2: its system gamma of 1.2 is undone (ITU-R BT.2100).
    Light that HLG cannot carry becomes darker, with its hue.
    """
    if space == "pq":
        return _codes(light, "pq")
    shown = np.maximum(light, 0.0) * np.float32(1.0 / HLG_PEAK)
    luma = shown @ LUMA.astype(np.float32)
    scene = shown * np.maximum(luma, np.float32(1e-6))[..., None] ** np.float32(1.0 / 1.2 - 1.0)
    fitting = scene / np.maximum(scene.max(axis=-1, keepdims=True), np.float32(1.0))
    return _codes(fitting.astype(np.float32, copy=False), "hlg")


def _codes(numbers: NDArray[np.float32], space: str) -> NDArray[np.uint16]:
    """The codes of numbers, through a table of all half floats: their steps are below those of 12-bit codes."""
    halves = np.clip(numbers, 0.0, 65504.0).astype(np.float16)
    return _table(space)[halves.view(np.uint16)]


@cache
def _table(space: str) -> NDArray[np.uint16]:
    numbers = np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype(np.float64)  # from 0 to the largest
    codes = pq_code(numbers * DIFFUSE_WHITE_NITS) if space == "pq" else hlg_code(numbers)
    return np.asarray(codes * 65535.0 + 0.5, np.uint16)


def content_light(light: NDArray[np.float32]) -> tuple[int, int]:
    """The largest and the mean light of a picture in cd/m2, of the largest channel of each pixel (CTA-861.3)."""
    largest = np.clip(light.max(axis=-1), 0.0, PQ_PEAK) * DIFFUSE_WHITE_NITS
    return min(round(float(largest.max())), 65535), min(round(float(largest.mean(dtype=np.float64))), 65535)
