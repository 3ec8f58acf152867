"""White balance: parsing of the setting, and measurement in a picture."""

from __future__ import annotations

import time
from dataclasses import replace

import groundglass as gg
import numpy as np
import pytest
from groundglass.camera import CameraProfile
from groundglass.cfa import BAYER_PATTERNS, Cfa
from groundglass.develop.auto_balance import estimate_light
from groundglass.develop.balance import Setting, WhiteBalance, grey_at
from groundglass.errors import GroundglassError
from groundglass.frame import Encoding, Frame
from groundglass.packing import Packing, pack

LIGHT = np.array([0.5, 1.0, 0.625])  # camera RGB of grey under this light; the balance is 2, 1, 1.6
PROFILE = CameraProfile(black=(60, 64, 64, 70), white=1023, white_balance=(2.3, 1.0, 1.3))  # daylight


def frame_of(scene: np.ndarray, cfa: Cfa | None = None, packing: Packing = Packing.U16, **fields: object) -> Frame:
    """A raw frame of reflectances, (H, W, 3), under LIGHT."""
    cfa = cfa or Cfa()
    y, x = np.indices(scene.shape[:2])
    channels = cfa.channels()
    side = len(channels)
    light = np.take_along_axis(scene * LIGHT, channels[y % side, x % side][..., None], axis=2)[..., 0]
    black = np.reshape(PROFILE.black, (2, 2))[y % 2, x % 2]
    numbers = np.minimum(np.round(black + light * (PROFILE.white - black)), PROFILE.white).astype(np.uint16)
    width = 0 if packing is Packing.U16 else scene.shape[1]
    return Frame(pack(numbers, packing), cfa=cfa, profile=PROFILE, packing=packing, packed_width=width, **fields)


def balanced_scene(height: int = 96, width: int = 120, seed: int = 1) -> np.ndarray:
    """(H, W, 3): reflectances whose mean is grey; a quarter of them are grey."""
    random = np.random.default_rng(seed)
    blocks = (height // 12, width // 12)
    coarse = (0.1 + 0.7 * random.random((*blocks, 1))) * random.uniform(0.8, 1.2, (*blocks, 3))
    coarse[::2, ::2] = coarse[::2, ::2, 1:2]
    return np.repeat(np.repeat(coarse, 12, axis=0), 12, axis=1)


def balance_of(frame: Frame) -> tuple[float, float, float]:
    return estimate_light(frame).multipliers


@pytest.mark.parametrize(
    ("text", "kind", "values"),
    [
        ("as-shot", "as-shot", ()), (" Auto ", "auto", ()), ("5200K", "temperature", (5200, 0)),
        ("3200k,-12.5", "temperature", (3200, -12.5)), ("2,1,1.6", "multipliers", (2, 1, 1.6)),
        ("grey:0.4,.5", "grey", (0.4, 0.5)), ("gray:0,1", "grey", (0, 1)),
    ],
)  # fmt: skip
def test_a_setting_is_parsed(text: str, kind: str, values: tuple[float, ...]) -> None:
    assert Setting.parse(text) == Setting(kind, values)


@pytest.mark.parametrize("text", ["", "daylight", "5200", "2,1", "2,0,1", "-1,1,1", "K", "nan,1,1", "5200K,ten"])
def test_an_invalid_setting_is_reported_with_examples(text: str) -> None:
    with pytest.raises(GroundglassError, match=r"is invalid; use as-shot, auto, 5200K, 5200K,\+10, 2,1,1\.6 or"):
        gg.Development(white_balance=text)
    with pytest.raises(GroundglassError, match=r"X and Y must be from 0 to 1; try grey:0\.4,0\.5"):
        Setting.parse("grey:100,200")


@pytest.mark.parametrize(
    "cfa", [*map(Cfa, BAYER_PATTERNS), Cfa("BGGR", block=2), Cfa("GBGGRGRGRBGBGBGGRGGRGGBGBGBRGRGRGGBG")]
)
def test_auto_balance_measures_the_light_of_a_scene_with_a_grey_mean(cfa: Cfa) -> None:
    np.testing.assert_allclose(balance_of(frame_of(balanced_scene(), cfa)), (2, 1, 1.6), rtol=0.08)


@pytest.mark.parametrize("packing", [packing for packing in Packing if packing.bits >= 10])
def test_packed_frames_give_the_same_balance(packing: Packing) -> None:
    scene = balanced_scene()
    assert balance_of(frame_of(scene, packing=packing)) == balance_of(frame_of(scene))
    assert grey_at(frame_of(scene, packing=packing), 0.4, 0.6) == grey_at(frame_of(scene), 0.4, 0.6)


def test_clipped_light_is_ignored() -> None:
    scene = balanced_scene()
    with_lamp = scene.copy()
    with_lamp[:30, :50] = (9.0, 4.0, 0.5)
    np.testing.assert_allclose(balance_of(frame_of(with_lamp)), balance_of(frame_of(scene)), rtol=0.05)


def test_a_picture_without_colour_keeps_its_balance() -> None:
    assert balance_of(frame_of(np.zeros((40, 40, 3)))) == PROFILE.white_balance
    assert balance_of(frame_of(np.full((40, 40, 3), 50.0))) == PROFILE.white_balance


@pytest.mark.parametrize("cfa", [*map(Cfa, BAYER_PATTERNS), Cfa("RGGB", block=2)])
def test_the_picked_area_becomes_grey(cfa: Cfa) -> None:
    scene = np.broadcast_to(np.array([0.8, 0.2, 0.3]), (90, 120, 3)).copy()
    scene[40:60, 60:84] = 0.4
    np.testing.assert_allclose(grey_at(frame_of(scene, cfa), 0.6, 0.55), (2, 1, 1.6), rtol=0.01)
    assert grey_at(frame_of(scene, cfa), 0.1, 0.1)[0] < 1  # a red area is picked as grey


def test_a_clipped_or_dark_area_cannot_be_picked() -> None:
    with pytest.raises(GroundglassError, match=r"the grey patch at 0\.50,0\.50 is clipped; pick a darker patch"):
        grey_at(frame_of(np.full((40, 40, 3), 9.0)), 0.5, 0.5)
    with pytest.raises(GroundglassError, match=r"is too dark; pick a brighter patch"):
        grey_at(frame_of(np.zeros((40, 40, 3))), 0.5, 0.5)
    for corner in ((0.0, 0.0), (1.0, 1.0)):
        grey_at(frame_of(balanced_scene()), *corner)


def test_scene_and_display_frames_are_balanced() -> None:
    warm = 1 / CameraProfile().at_temperature(4500, 5).white_balance[0], 1.0, 0.7
    light = np.clip(balanced_scene() * warm, 0, 1)
    scene = Frame(np.ascontiguousarray(light, np.float32), encoding=Encoding.SCENE)
    np.testing.assert_allclose(balance_of(scene), (1 / warm[0], 1, 1 / warm[2]), rtol=0.05)
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    display = Frame(np.round(255 * encoded).astype(np.uint8), encoding=Encoding.DISPLAY)
    np.testing.assert_allclose(balance_of(display), balance_of(scene), rtol=0.02)


def test_auto_balance_follows_live_light_smoothly() -> None:
    scene = balanced_scene()
    balance = WhiteBalance("auto")
    first = np.array(balance.of(frame_of(scene)).white_balance)
    np.testing.assert_allclose(first, balance_of(frame_of(scene)))
    other = scene * np.array([1.5, 1.0, 0.7])
    followed = [balance.of(frame_of(other, time_s=frame / 30, index=frame)).white_balance[0] for frame in range(1, 120)]
    assert (np.diff(followed) <= 0).all()
    assert np.abs(np.diff(np.log(followed))).max() < 0.05  # no jumps
    assert followed[-1] == pytest.approx(first[0] / 1.5, rel=0.04)
    restarted = balance.of(frame_of(scene, time_s=0.0)).white_balance  # the source restarts
    np.testing.assert_allclose(restarted, first)


def test_an_invisible_change_of_light_keeps_the_balance() -> None:
    balance = WhiteBalance("auto")
    scene = balanced_scene()
    first = balance.of(frame_of(scene)).white_balance
    assert balance.of(frame_of(scene * np.array([1.02, 1, 1]), time_s=0.1)).white_balance == first


def test_a_picked_grey_is_kept() -> None:
    balance = WhiteBalance("grey:0.5,0.5")
    first = balance.of(frame_of(np.full((40, 40, 3), 0.5))).white_balance
    np.testing.assert_allclose(first, (2, 1, 1.6), rtol=0.01)
    assert balance.of(frame_of(np.full((40, 40, 3), (0.5, 0.2, 0.1)), time_s=1.0)).white_balance == first


def test_the_profile_takes_the_given_balance() -> None:
    frame = frame_of(balanced_scene())
    assert WhiteBalance("as-shot").of(frame) is frame.profile
    assert WhiteBalance("4,2,3").of(frame).white_balance == (2, 1, 1.5)
    warm, cold = (WhiteBalance(text).of(frame).white_balance for text in ("3000K", "9000K"))
    assert warm[0] / warm[2] < cold[0] / cold[2]
    assert WhiteBalance("auto").of(replace(frame, cfa=Cfa("MONO"))).white_balance == PROFILE.white_balance


def test_measuring_the_balance_does_not_delay_a_frame() -> None:
    frame = frame_of(np.full((1080, 1920, 3), 0.3))
    estimate_light(frame)
    began = time.perf_counter()
    estimate_light(frame)
    assert time.perf_counter() - began < 5  # typically 1-2 ms; the bound allows for a stalled machine
