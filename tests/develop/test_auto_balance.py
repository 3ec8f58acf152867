"""Automatic white balance: a grey card under plausible lights, lamps, constant light, and doubts."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from groundglass.capture.open import open_source
from groundglass.capture.studio.render import render
from groundglass.capture.studio.sensor import STUDIO_CAMERA, expose
from groundglass.cfa import Cfa
from groundglass.colour.difference import delta_e00, lab_of_scene
from groundglass.controls import Controls
from groundglass.develop.auto_balance import estimate_light
from groundglass.develop.balance import WhiteBalance
from groundglass.frame import Encoding, Frame
from groundglass.tools.white_balance import WhiteBalanceTool
from live_engine import LiveEngine, tool_context

GREY = 0.18
LIGHTS_K = [round(1e6 / mired) for mired in np.linspace(1e6 / 9000, 1e6 / 2500, 30)]


@cache
def studio_light() -> np.ndarray:
    return render(640, 360)[0]


def studio_frame(temperature_k: float, tint: float = 0.0, seed: int = 0, gain: float = 1.0) -> Frame:
    """The studio under one light for all of it. The frame's profile keeps its daylight balance."""
    lit = STUDIO_CAMERA.at_temperature(temperature_k, tint)
    camera = replace(STUDIO_CAMERA, white_balance=lit.white_balance)
    mosaic = expose(studio_light() * np.float32(gain), Cfa("RGGB"), camera, 1.0, np.random.default_rng(seed))
    return Frame(mosaic, cfa=Cfa("RGGB"), profile=STUDIO_CAMERA, name="studio")


def grey_error(frame: Frame, true_balance: tuple[float, float, float]) -> float:
    """dE00 of a grey card in the light of `true_balance`, with the estimated balance."""
    ratio = np.array(estimate_light(frame).multipliers) / true_balance
    card = frame.profile.camera_to_scene @ (GREY * ratio)
    difference = delta_e00(lab_of_scene(card[None] * GREY / card[1]), lab_of_scene(np.full((1, 3), GREY)))
    return float(difference[0])


@pytest.mark.parametrize("temperature_k", LIGHTS_K)
def test_the_grey_card_is_grey_under_every_light(temperature_k: float) -> None:
    frame = studio_frame(temperature_k, tint=9.0 if temperature_k > 5000 else 0.0)
    true_balance = STUDIO_CAMERA.at_temperature(temperature_k, 9.0 if temperature_k > 5000 else 0.0).white_balance
    assert grey_error(frame, true_balance) < 4
    assert not estimate_light(frame).doubt


def test_the_built_in_scene_keeps_its_balance() -> None:
    with open_source("scene:?size=640x360") as source:
        frame = next(iter(source))
        np.testing.assert_allclose(estimate_light(frame).multipliers, STUDIO_CAMERA.white_balance, rtol=0.06)


def test_halos_of_lamps_do_not_decide() -> None:
    """Orange blocks just below clipping, a hundredth of the picture, hold most of its light."""
    frame = studio_frame(6500, 9)
    lamps = frame.pixels.copy()
    lamps[:36, :64] = np.tile(np.array([[15500, 9000], [9000, 3500]], np.uint16), (18, 32))
    change = np.log(estimate_light(replace(frame, pixels=lamps)).multipliers) - np.log(
        estimate_light(frame).multipliers
    )
    assert np.abs(change).max() < 0.03


def test_noise_and_exposure_do_not_change_the_balance() -> None:
    balances = [estimate_light(studio_frame(4500, seed=seed)).multipliers for seed in range(4)]
    assert np.ptp(np.log(balances), axis=0).max() < 0.02
    dark = estimate_light(studio_frame(4500, gain=0.25)).multipliers
    np.testing.assert_allclose(dark, balances[0], rtol=0.06)


def test_live_balance_is_still_in_constant_light() -> None:
    with open_source("scene:?size=320x180&fps=60") as source:
        balance = WhiteBalance("auto")
        frames = zip(range(60), source, strict=False)
        balances = {balance.of(frame).white_balance for _, frame in frames}
    assert len(balances) == 1


@pytest.mark.parametrize("colour", [(0.1, 0.4, 0.05), (0.4, 0.1, 0.3), (0.2, 0.4, 0.25)])
def test_a_wall_of_one_colour_is_not_made_grey(colour: tuple[float, float, float]) -> None:
    wall = Frame(np.broadcast_to(np.array(colour, np.float32), (40, 60, 3)).copy(), encoding=Encoding.SCENE)
    estimate = estimate_light(wall)
    balanced = np.array(estimate.multipliers) * colour
    assert balanced.max() / balanced.min() > 1.2
    assert estimate.doubt == "the picture has only one colour"


def test_a_picture_without_light_or_grey_is_doubted() -> None:
    black = Frame(np.zeros((40, 60, 3), np.float32), encoding=Encoding.SCENE)
    assert estimate_light(black).doubt == "nearly everything is clipped or dark"
    random = np.random.default_rng(3)
    leaves = np.array((0.10, 0.35, 0.04)) * random.uniform(0.6, 1.6, (24, 36, 3))
    forest = Frame(np.kron(leaves, np.ones((4, 4, 1))).astype(np.float32), encoding=Encoding.SCENE)
    assert estimate_light(forest).doubt
    mono = replace(studio_frame(5000), cfa=Cfa("MONO"))
    assert estimate_light(mono).doubt == ""


def test_real_raw_files_are_within_their_balance_or_doubted(data_dir: Path) -> None:
    gopro = data_dir / "raw" / "gopro_hero7_4000x3000.dng"
    with open_source(gopro) as source:
        frame = next(iter(source)).upright()
    assert estimate_light(frame).doubt or grey_error(frame, frame.profile.white_balance) < 6
    chart = data_dir / "raw" / "chart_1920x1080_12bit_bggr.raw"
    with open_source(chart, raw_format="bggr12", raw_size="1920x1080") as source:
        frame = next(iter(source))  # the balance of its chart, as `groundglass profile` measures it
    np.testing.assert_allclose(estimate_light(frame).multipliers, (1.560, 1, 1.165), rtol=0.06)
    for order in ("rggb", "bggr", "gbrg", "grbg"):
        path = data_dir / "raw" / f"still_768x512_{order}.raw"
        with open_source(path, raw_format=f"{order}16", raw_size="768x512", raw_black=616) as source:
            assert estimate_light(next(iter(source))).doubt == "several lights are plausible"


def test_a_live_doubt_is_shown_once() -> None:
    wall = Frame(np.full((64, 96, 3), (0.1, 0.4, 0.05), np.float32), encoding=Encoding.SCENE, name="wall")
    with LiveEngine(look="neutral") as engine, open_source("scene:?size=96x64") as source:
        controls, messages = Controls(), []
        tool = WhiteBalanceTool(tool_context(engine, source, messages.append, controls))
        controls.add(tool.controls())
        for press in (None, "F3", None, "F3", "F3"):
            if press:
                controls.press(press)
            engine.draw(wall)
            tool.on_frame(engine.drawn)
    doubt = "white balance auto is not sure: the picture has only one colour"
    assert messages == ["white balance auto", doubt, "white balance as-shot", "white balance auto", doubt]
