"""Motion between small pictures, and the small pictures of frames of all kinds."""

from __future__ import annotations

import numpy as np
import pytest
from groundglass.cfa import XTRANS, Cfa
from groundglass.depth.displacement import MapMover, moved
from groundglass.depth.luma import CELLS, small_luma
from groundglass.depth.motion import motion_between
from groundglass.frame import Encoding, Frame
from groundglass.packing import Packing, pack
from groundglass.yuv import YuvFormat, YuvLayout

SHAPE = (54, 96)


def landscape(seed: int = 0) -> np.ndarray:
    """(200, 300) float32 with the spectrum of a photo, 1/f, and a deviation of 0.5."""
    spectrum = np.fft.rfft2(np.random.default_rng(seed).normal(size=(200, 300)))
    frequency = np.hypot(np.fft.fftfreq(200)[:, None], np.fft.rfftfreq(300))
    picture = np.fft.irfft2(spectrum / (frequency + 0.01), (200, 300))
    return (0.5 * picture / picture.std()).astype(np.float32)


def view(x: float, y: float, *, noise: float = 0.0, seed: int = 0, scene: int = 0) -> np.ndarray:
    """A part of a landscape, (x, y) cells from its middle, with noise."""
    whole, (height, width) = landscape(scene), SHAPE
    column, row = int(np.floor(100 + x)), int(np.floor(70 + y))
    part = whole[row : row + height + 1, column : column + width + 1]
    share_x, share_y = x - np.floor(x), y - np.floor(y)
    part = part[:, :-1] * (1 - share_x) + part[:, 1:] * share_x
    part = part[:-1] * (1 - share_y) + part[1:] * share_y
    return (part + np.random.default_rng(seed).normal(size=SHAPE) * noise).astype(np.float32)


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.1, 0.5, 2.0])
def test_noise_moves_nothing(noise: float) -> None:
    for seed in range(1, 9):
        motion = motion_between(view(0, 0, noise=noise), view(0, 0, noise=noise, seed=seed))
        assert motion.is_still
        assert motion.explained.all()


@pytest.mark.parametrize("shift", [(0.4, 0.0), (1.0, -0.5), (3.4, -1.2), (10.0, 5.0), (-20.0, 8.0)])
def test_a_pan_is_found_within_a_part_of_a_cell(shift: tuple[float, float]) -> None:
    motion = motion_between(view(0, 0, noise=0.03), view(*shift, noise=0.03, seed=1))
    errors = np.abs(motion.dx - shift[0]), np.abs(motion.dy - shift[1])
    assert np.max(errors) < 0.35
    assert np.mean(errors) < 0.15
    assert not motion.is_cut


def test_a_pan_is_followed_from_the_motion_before() -> None:
    motion = None
    for x in np.arange(0.5, 8, 0.5):
        motion = motion_between(view(0, 0, noise=0.03), view(x, 0, noise=0.03, seed=1), motion)
        assert np.abs(motion.dx - x).max() < 0.3


def test_only_the_object_that_moves_is_displaced() -> None:
    key, now, texture = view(0, 0), view(0, 0), view(0, 0, scene=7)
    key[18:36, 26:50] = texture[18:36, 26:50]
    now[18:36, 30:54] = texture[18:36, 26:50]  # four cells to the right
    motion = motion_between(key, now)
    assert np.median(motion.dx[3:6, 6:8]) == pytest.approx(-4, abs=0.3)
    still = np.ones(motion.dx.shape, bool)
    still[2:7, 3:10] = False
    assert not motion.dx[still].any()


def test_another_scene_is_a_cut_and_another_gain_is_not() -> None:
    assert motion_between(view(0, 0), view(0, 0, scene=3)).is_cut
    pixels = (4000 * np.exp(view(0, 0)).repeat(4, 0).repeat(4, 1)).clip(0, 65535)
    dark, bright = (Frame((gain * pixels).astype(np.uint16), Encoding.MOSAIC, Cfa("MONO")) for gain in (0.2, 1.0))
    motion = motion_between(small_luma(dark), small_luma(bright))
    assert motion.is_still
    assert not motion.is_cut


def test_a_covered_lens_is_not_a_cut() -> None:
    dark = [np.random.default_rng(seed).normal(size=SHAPE).astype(np.float32) * 0.1 for seed in range(2)]
    assert not motion_between(*dark).is_cut


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (3, 2), (7, 96), (54, 5)])
def test_a_picture_of_any_shape_has_a_motion(shape: tuple[int, int]) -> None:
    pictures = [np.random.default_rng(seed).normal(size=shape).astype(np.float32) for seed in range(2)]
    motion = motion_between(*pictures)
    assert np.isfinite(motion.dx).all()
    assert moved(pictures[0], motion.dx, motion.dy).shape == shape


def test_a_map_takes_the_samples_from_where_they_were() -> None:
    before = np.arange(60 * 80).reshape(60, 80)
    blocks = np.ones((5, 7), np.float32)
    positions = MapMover().positions(3 * blocks, -2 * blocks, before.shape)
    assert np.array_equal(before.ravel()[positions][2:, :-3], before[:-2, 3:])


# The small pictures


def frames() -> dict[str, Frame]:
    """A gradient to the right, at 320x180, in each kind of frame."""
    ramp = np.broadcast_to(np.linspace(100, 900, 320), (180, 320))
    words, bytes_ = (np.ascontiguousarray(ramp / part, kind) for part, kind in ((1, np.uint16), (4, np.uint8)))
    yuyv = np.full((180, 640), 128, np.uint8)
    yuyv[:, ::2] = bytes_
    made = {
        "u16": Frame(words),
        "x-trans": Frame(words, cfa=Cfa(XTRANS)),
        "display": Frame(np.repeat(bytes_[..., None], 3, 2).copy(), Encoding.DISPLAY),
        "scene": Frame(np.repeat(ramp[..., None], 3, 2).astype(np.float32), Encoding.SCENE),
        "yuyv": Frame(yuyv, Encoding.YUV, yuv=YuvFormat(YuvLayout.YUYV, 320, 180, full_range=True)),
    }
    for packing in Packing:
        if packing is not Packing.U16:
            numbers = bytes_.astype(np.uint16) if packing is Packing.U8 else words
            made[packing.value] = Frame(pack(numbers, packing), packing=packing, packed_width=320)
    return made


@pytest.mark.parametrize("kind", frames())
def test_every_kind_of_frame_has_a_small_picture(kind: str) -> None:
    luma = small_luma(frames()[kind])
    assert luma.dtype == np.float32
    assert max(luma.shape) <= CELLS
    assert luma.shape[1] / luma.shape[0] == pytest.approx(16 / 9, rel=0.05)
    assert (np.diff(luma.mean(axis=0)) > 0).all()
    assert luma[0].mean() == pytest.approx(luma[-1].mean(), abs=0.01)


def test_a_black_frame_and_one_with_nan_have_finite_pictures() -> None:
    assert not small_luma(Frame(np.zeros((30, 40), np.uint16))).any()
    assert np.isfinite(small_luma(Frame(np.full((30, 40, 3), np.nan, np.float32), Encoding.SCENE))).all()
    assert small_luma(Frame(np.zeros((2, 2), np.uint16))).shape == (1, 1)
