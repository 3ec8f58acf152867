"""Auto exposure: metered light is raised to the level of a grey card, smoothly and without pumping."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import groundglass as gg
import numpy as np
import pytest
from groundglass.capture import EXPOSURE_CONTROL, BaseSource, Timing
from groundglass.capture.open import WithProfile
from groundglass.cfa import Cfa
from groundglass.controls import Control, Controls, Number
from groundglass.develop.metering import CLIPPED_STEP_EV, FOLLOW_S, GREY, MODES, Exposure, Metering, meter
from groundglass.display.events import Pointer
from groundglass.tools.exposure import ExposureTool, exposure_control
from live_engine import LiveEngine, tool_context
from look_support import context

Y = np.array([0.2627, 0.678, 0.0593])
RANDOM = np.random.default_rng(3)


def grey(level: float, size: tuple[int, int] = (120, 80), time_s: float = 0.0) -> gg.Frame:
    """A flat mosaic; `level` is a fraction of the white level."""
    return gg.Frame(np.full(size[::-1], round(60000 * level), np.uint16), time_s=time_s, profile=PROFILE)


PROFILE = gg.CameraProfile(white=60000.0)


@pytest.mark.parametrize("mode", ["centre-weighted", "average", "spot", "spot:0.2,0.8"])
@pytest.mark.parametrize("level", [0.01, 0.3, 0.9])
def test_a_flat_frame_is_exposed_to_the_level_of_a_grey_card(mode: str, level: float) -> None:
    ev = meter(grey(level), PROFILE, Metering.parse(mode)).ev
    assert 2**ev * level == pytest.approx(GREY, rel=0.01)


@pytest.mark.parametrize("source", ["scene:?size=480x270", "scene:?size=480x270&noise=0"])
@pytest.mark.parametrize("kind", ["mosaic", "balanced", "picture"])
def test_metering_measures_the_developed_light(source: str, kind: str) -> None:
    with gg.open(source) as opened:
        frame = replace(next(iter(opened)), depth_m=None)
    balance = "2,1,0.7" if kind == "balanced" else "as-shot"
    with LiveEngine(gl=context(), look="neutral", development=gg.Development(white_balance=balance)) as engine:
        if kind == "picture":
            frame = gg.Frame(engine.render(frame), gg.Encoding.DISPLAY)
        engine.development = replace(engine.development, metering="average")
        assert float(np.cbrt(np.maximum(engine.scene(frame) @ Y, 0)).mean() ** 3) == pytest.approx(GREY, rel=0.06)
        engine.development = replace(engine.development, metering="highlight-weighted")
        assert float(np.quantile(engine.scene(frame) @ Y, 0.99)) == pytest.approx(1.0, rel=0.08)


def test_each_metering_mode_weights_its_area() -> None:
    pixels = np.full((80, 120), 600, np.uint16)
    pixels[20:60, 40:80] = 24000
    frame = gg.Frame(pixels, profile=PROFILE)
    ev = {mode: meter(frame, PROFILE, Metering.parse(mode)).ev for mode in (*MODES, "spot:0.1,0.1")}
    assert ev["spot"] < ev["centre-weighted"] < ev["average"] < ev["spot:0.1,0.1"]
    assert ev["spot"] == pytest.approx(np.log2(GREY / 0.4), abs=0.02)
    assert ev["spot:0.1,0.1"] == pytest.approx(np.log2(GREY / 0.01), abs=0.02)
    assert ev["highlight-weighted"] == pytest.approx(np.log2(1 / 0.4), abs=0.02)


def test_a_grey_sensor_and_darkness_are_metered() -> None:
    frame = replace(grey(0.05), cfa=Cfa("MONO"))
    assert meter(frame, PROFILE, Metering("average")).ev == pytest.approx(np.log2(GREY / 0.05), abs=0.02)
    assert meter(grey(0.0), PROFILE, Metering("average")) is None
    assert Exposure().of(grey(0.0), PROFILE, Metering("average")) == 0.0


@pytest.mark.parametrize("stops", [0.9, 2.0])
def test_auto_exposure_follows_without_overshoot_smoothly_or_after_a_step_fast(stops: float) -> None:
    exposure, metering = Exposure(), Metering("centre-weighted")
    levels = [0.2 if n < 30 else 0.2 / 2**stops for n in range(120)]
    evs = [exposure.of(grey(level, time_s=n / 30), PROFILE, metering) for n, level in enumerate(levels)]
    assert evs[:30] == [evs[0]] * 30
    after = np.array(evs[30:])
    assert (np.diff(after) >= 0).all()  # monotonic: no oscillation
    assert after[-1] == pytest.approx(evs[0] + stops, abs=0.05)
    within_s = np.argmax(after > evs[0] + 0.9 * stops) / 30
    if stops < 1:
        assert np.diff(after).max() < stops / 30 / FOLLOW_S
        assert FOLLOW_S < within_s < 3 * FOLLOW_S
    else:
        assert within_s < 0.2


def test_a_clipped_reading_asks_the_camera_for_less_and_the_next_one_counts_at_once() -> None:
    exposure, metering = Exposure(), Metering("average")
    assert exposure.of(grey(0.2), PROFILE, metering) == pytest.approx(exposure.wanted_ev)
    exposure.of(grey(1.0, time_s=0.03), PROFILE, metering)
    assert exposure.wanted_ev == pytest.approx(np.log2(GREY) - CLIPPED_STEP_EV, abs=0.01)
    revealed = replace(grey(0.3, time_s=0.06), profile=replace(PROFILE, exposure_ev=5.0))
    assert exposure.of(revealed, revealed.profile, metering) == pytest.approx(np.log2(GREY / 0.3) - 5, abs=0.02)


@pytest.mark.parametrize(("mode", "share"), [("average", 0.55), ("highlight-weighted", 0.02)])
def test_a_right_exposure_may_clip_and_stays(mode: str, share: float) -> None:
    pixels = np.zeros((80, 120), np.uint16)
    pixels[: round(80 * share)] = 60000
    reading = meter(gg.Frame(pixels, profile=PROFILE), PROFILE, Metering(mode))
    assert not reading.is_clipped


def test_noise_does_not_change_the_exposure() -> None:
    exposure = Exposure()
    evs = set()
    for number in range(60):
        pixels = np.clip(RANDOM.normal(3000, 600, (80, 120)), 0, 60000) * (1.04 if number % 9 < 4 else 1.0)
        frame = gg.Frame(pixels.astype(np.uint16), time_s=number / 30, profile=PROFILE)
        evs.add(exposure.of(frame, PROFILE, Metering("average")))
    assert len(evs) == 1


def test_the_first_frame_is_exposed_at_once_and_switching_on_is_gradual() -> None:
    exposure = Exposure()
    centre = Metering("centre-weighted")
    assert exposure.of(grey(0.05), PROFILE, centre) == pytest.approx(np.log2(GREY / 0.05), abs=0.02)
    assert exposure.of(grey(0.05, time_s=0.1), PROFILE, None) == 0.0
    eased = exposure.of(grey(0.05, time_s=0.2), PROFILE, Metering("centre-weighted"))
    assert 0.1 < eased < 0.7
    # The time returns to the start, as in a looping clip; a still applies a new metering at once.
    assert exposure.of(grey(0.3), PROFILE, Metering("centre-weighted")) == pytest.approx(np.log2(GREY / 0.3), abs=0.02)
    assert exposure.of(grey(0.3), PROFILE, None) == 0.0
    assert exposure.of(grey(0.3), PROFILE, Metering("spot")) == pytest.approx(np.log2(GREY / 0.3), abs=0.02)


def test_frames_without_timestamps_are_metered_separately() -> None:
    exposure, metering = Exposure(), Metering("average")
    for level in (0.05, 0.4, 0.1):
        frame = grey(level)
        for _ in range(2):  # twice, as for the two lenses of a wipe
            assert exposure.of(frame, PROFILE, metering) == pytest.approx(np.log2(GREY / level), abs=0.02)


@pytest.mark.parametrize("text", ["matrix", "spot:2,0.5", "spot:a", ""])
def test_an_invalid_metering_is_an_error(text: str) -> None:
    with pytest.raises(gg.GroundglassError, match=r"spot:0\.4,0\.5"):
        gg.Development(metering=text)


def test_auto_meters_raw_frames_and_leaves_pictures() -> None:
    auto, centre = Metering.parse("auto"), Metering("centre-weighted")
    raw, picture = grey(0.02), gg.Frame(np.full((80, 120, 3), 40, np.uint8), gg.Encoding.DISPLAY)
    assert Exposure().of(raw, PROFILE, auto) == Exposure().of(raw, PROFILE, centre) > 1
    assert Exposure().of(picture, picture.profile, auto) == 0 < Exposure().of(picture, picture.profile, centre)


@pytest.mark.parametrize("baseline_ev", [-0.78, 0.0, 1.5])
def test_the_baseline_exposure_of_a_frame_is_not_applied_twice(baseline_ev: float) -> None:
    profile = replace(PROFILE, exposure_ev=baseline_ev)
    ev = Exposure().of(replace(grey(0.03), profile=profile), profile, Metering("centre-weighted"))
    assert 2 ** (ev + baseline_ev) * 0.03 == pytest.approx(GREY, rel=0.01)
    assert Exposure().of(replace(grey(0.03), profile=profile), profile, None) == 0.0


def test_preview_and_export_have_one_exposure() -> None:
    with gg.open("scene:?size=320x180") as opened, gg.Engine(gl=context()) as engine:
        frame = next(iter(opened))
        evs = [
            engine.draw(frame, gg.Settings(development=gg.Development(demosaic=method, metering="auto"), scale=scale))
            for method, scale in (("rcd", 1.0), ("half", 1.0), ("quarter", 1.0), ("rcd", 0.5))
        ]
    assert len({drawn.exposure_ev for drawn in evs}) == 1


def test_the_default_exposure_leaves_the_camera_alone() -> None:
    camera = Camera()
    development = gg.Development(metering="auto")
    with LiveEngine(gl=context(), look="neutral", development=development) as engine:
        controls = Controls()
        tool = ExposureTool(tool_context(engine, camera, lambda _: None, controls))
        controls.add(tool.controls())
        engine.draw(camera.frame(0.02, 0))
        tool.on_frame(engine.drawn)
        assert camera.ev == 0
        assert controls["auto_exposure"].get() is True
        engine.draw(gg.Frame(np.full((80, 120, 3), 40, np.uint8), gg.Encoding.DISPLAY))
        assert controls["auto_exposure"].get() is False
        controls.press("F2")
        assert engine.development.metering == "centre-weighted"


class Camera(BaseSource):
    """A source with an exposure control: the profile of a frame subtracts the camera exposure."""

    name, timing, fps, frames, size = "camera", Timing.LIVE, 30.0, None, (120, 80)

    def __init__(self) -> None:
        self.ev = 0.0

    def controls(self) -> Iterable[Control]:
        yield Number(
            *(EXPOSURE_CONTROL, "Camera exposure", "camera"),
            minimum=-10.0,
            maximum=10.0,
            step=0.1,
            unit="EV",
            get=lambda: self.ev,
            set=partial(setattr, self, "ev"),
        )

    def frame(self, level: float, index: int) -> gg.Frame:
        frame = grey(level * 2**self.ev, time_s=index / 30)
        return replace(frame, profile=replace(PROFILE, exposure_ev=-self.ev))


def test_the_exposure_control_is_found_behind_source_filters() -> None:
    camera = Camera()
    wrapped = WithProfile(WithProfile(camera, None), None)  # type: ignore[arg-type]
    control = exposure_control(wrapped)
    assert control is not None
    control.set(1.5)
    assert camera.ev == 1.5
    with gg.open("scene:?size=96x64") as scene:
        assert exposure_control(scene) is None
        assert exposure_control(WithProfile(scene, None)) is None  # type: ignore[arg-type]


def test_the_keys_control_a_source_with_an_exposure_control() -> None:
    camera = Camera()
    with LiveEngine(gl=context(), look="neutral") as engine:
        controls, messages = Controls(), []
        tool = ExposureTool(tool_context(engine, camera, messages.append, controls, None))  # type: ignore[arg-type]
        controls.add(tool.controls())

        def show(index: int) -> float:
            frame = camera.frame(0.02, index)
            engine.draw(frame)
            tool.on_frame(engine.drawn)
            return float((engine.scene(frame) @ Y).mean())

        assert show(0) == pytest.approx(0.02, rel=0.02)
        controls.press("F2")
        assert engine.development.metering == "centre-weighted"
        light = [show(number) for number in range(1, 90)]
        assert light[-1] == pytest.approx(GREY, rel=0.05)
        assert (np.diff(light) > -0.01 * GREY).all()  # no step back
        assert camera.ev == pytest.approx(np.log2(GREY / 0.02), abs=0.6)
        controls.press("Up")
        assert engine.development.exposure_ev == pytest.approx(1 / 3)
        controls.press("Shift+F2")
        controls.press("Shift+F2")
        assert engine.development.metering == "spot"
        assert not tool.handle_event(Pointer("press", 0.25, 0.75))
        assert engine.development.metering == "spot:0.250,0.750"
        controls.press("F2")
        assert engine.development.metering == "off"
        controls.press("F2")
        assert engine.development.metering == "spot:0.250,0.750"
