"""The frames of the self test. They are computed, so that every computer tests the same numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import CameraProfile, NoiseProfile
from ..cfa import Cfa
from ..frame import Encoding, Frame, StereoRig
from ..packing import Packing, pack
from ..yuv import YuvFormat, YuvLayout, YuvMatrix, joined

SEED = 13
RIG = StereoRig(focal_px=100.0, baseline_m=0.06)
_CAMERA_RGB = (0.5, 1.0, 0.65)  # grey surface
_WHITE_BALANCE = (2.0, 1.0, 1.5)


def light_of(size: tuple[int, int]) -> NDArray[np.float64]:
    """(H, W, 3) camera RGB, 0 to 1: surfaces with edges and texture, and lamps that clip."""
    width, height = size
    random = np.random.default_rng(SEED)
    y, x = np.mgrid[:height, :width] / np.array([height, width], np.float64)[:, None, None]
    grey = 0.06 + 0.3 * (0.5 + 0.5 * np.sin(9.0 * x + 5.0 * y)) + 0.15 * (np.abs(x - 0.6) + y < 0.7)
    colours = 1.0 + 0.3 * np.sin(np.stack([5.0 * x, 4.0 * y + 1.0, 6.0 * (x - y) + 2.0], axis=2))
    light = grey[..., None] * colours * _CAMERA_RGB
    light += 0.01 * random.standard_normal((height, width, 1))
    for across, down, radius in ((0.22, 0.3, 0.012), (0.85, 0.2, 0.02), (0.9, 0.85, 0.006)):
        light[np.hypot(x - across, (y - down) * height / width) < max(radius, 0.6 / width)] = 4.0
    return np.asarray(light.clip(0.0, 1.0))


def depth_of(size: tuple[int, int], shift: float = 0.0) -> NDArray[np.float32]:
    """(H, W) metres: a near card, a wall, and a slope between them."""
    width, height = size
    y, x = np.mgrid[:height, :width] / np.array([height, width], np.float64)[:, None, None]
    depth = np.where(x < 0.35 + shift, 0.8, np.where(y > 0.7, 1.2 + 3.0 * x, 5.0))
    return depth.astype(np.float32)


def mosaic_frame(
    size: tuple[int, int], cfa: Cfa | None = None, packing: Packing = Packing.U16, *, depth: bool = False
) -> Frame:
    """A raw frame of `size`, (width, height), with one hot photosite."""
    cfa = cfa or Cfa()
    light, channels = light_of(size), cfa.channels()
    rows, columns = np.indices(light.shape[:2])
    colours = channels[rows % channels.shape[0], columns % channels.shape[1]]
    values = light.mean(axis=2) if cfa.kind == "mono" else light[rows, columns, colours]
    white = (1 << packing.bits) - 1
    numbers = np.rint(values * white).astype(np.uint16)
    numbers[size[1] // 2, size[0] // 2] = white
    profile = CameraProfile(white=float(white), white_balance=_WHITE_BALANCE, noise=NoiseProfile(1e-4, 1e-6))
    pixels = pack(numbers, packing)
    packed_width = 0 if packing is Packing.U16 else size[0]
    depth_m = depth_of(size) if depth else None
    return Frame(pixels, cfa=cfa, profile=profile, packing=packing, packed_width=packed_width, depth_m=depth_m)


def mapped_frame(size: tuple[int, int]) -> Frame:
    """A raw frame whose profile has a black level and a gain per photosite, and a list of defects."""
    frame, light = mosaic_frame(size), light_of(size).astype(np.float32)
    defects = np.array([[size[1] // 2, size[0] // 2], [3, 5]], np.int32)
    profile = replace(
        frame.profile, defects=defects, black_map=200.0 * light[..., 0], gain_map=1.0 + 0.5 * light[..., 1]
    )
    return replace(frame, profile=profile)


def coarse_depth_frame(size: tuple[int, int]) -> Frame:
    """A raw frame with a small, noisy depth map with holes."""
    depth_m = depth_of((size[0] // 6, size[1] // 6))
    depth_m[4:7, 5:9] = 0.0
    return replace(mosaic_frame(size), depth_m=depth_m, depth_noise=0.02)


def with_matte(frame: Frame) -> Frame:
    """The frame with a matte of half its size: its near card has a soft edge, two pixels off that of the map."""
    width, height = (side // 2 for side in frame.size)
    x = np.arange(width, dtype=np.float32) - 0.35 * width
    return replace(frame, matte=np.tile(np.clip(0.5 - 0.3 * (x - 1.0), 0.0, 1.0), (height, 1)).astype(np.float32))


def picture_frame(size: tuple[int, int], dtype: Any) -> Frame:
    """A picture: uint8 and uint16 are display-encoded, float32 is scene-linear."""
    light = light_of(size)
    if dtype is np.float32:
        return Frame(light.astype(np.float32), Encoding.SCENE)
    return Frame(np.rint(light * np.iinfo(dtype).max).astype(dtype), Encoding.DISPLAY)


def yuv_frame(size: tuple[int, int], layout: YuvLayout, bits: int = 8) -> Frame:
    """A Y'CbCr picture; more than 8 bits lie in the upper bits of words, as in P010."""
    form = YuvFormat(layout, *size, YuvMatrix.BT601 if layout.is_packed else YuvMatrix.BT709, layout.is_planar, bits)
    form = replace(form, low_zeros=16 - bits if bits > 8 else 0)
    to_rgb, offset = form.coefficients()
    samples = np.rint((light_of(size) - offset) @ np.linalg.inv(to_rgb).T)
    across, down = form.layout.shifts
    chroma = samples[:: 1 << down, :: 1 << across]
    planes = samples[..., 0], chroma[..., 1], chroma[..., 2]
    return Frame(joined(form, planes), Encoding.YUV, yuv=form)


def moving_frames(frame: Frame) -> tuple[Frame, ...]:
    """Three frames of a noisy depth camera: a card moves to the right."""
    size = frame.size
    return tuple(
        replace(frame, index=index, depth_m=depth_of(size, 0.02 * index), depth_noise=0.02) for index in range(3)
    )


def stereo_frame(dtype: Any) -> Frame:
    """A pair of textured pictures of a flat wall."""
    texture = np.kron(np.random.default_rng(SEED).integers(0, 256, (24, 45)), np.ones((2, 2), int))
    grey = texture / 255.0 if dtype is np.float32 else texture * (np.iinfo(dtype).max // 255)
    left, right = (np.repeat(part[..., None], 3, axis=2).astype(dtype) for part in (np.roll(grey, 6, axis=1), grey))
    encoding = Encoding.SCENE if dtype is np.float32 else Encoding.DISPLAY
    return Frame(left, encoding, right=right, rig=RIG)
