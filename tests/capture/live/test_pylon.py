"""Cameras of pylon, by its emulation: formats, leases, controls, faults."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from groundglass.capture import EXPOSURE_CONTROL, Source, Timing, open_source
from groundglass.capture.kinds import find_kind
from groundglass.capture.live.vision.machine_vision import VisionSource
from groundglass.controls import Choice, Controls
from groundglass.errors import MissingExtraError, SourceError
from groundglass.frame import Encoding, Frame
from groundglass.packing import unpack
from live_source_support import WAIT_S, check_held_frames

pylon = pytest.importorskip("pypylon.pylon", reason="pypylon is not installed")

FAST = "size=64x48&fps=400"
ORDERS = {"RG": "RGGB", "BG": "BGGR", "GR": "GRBG", "GB": "GBRG"}
MOSAICS = [
    *((f"Mono{bits}", "MONO", bits) for bits in (8, 10, 12, 16)),
    *((f"Bayer{letters}{bits}", order, bits) for letters, order in ORDERS.items() for bits in (8, 10, 12, 16)),
]
PICTURES = [("BGRA8Packed", 8), ("BGR8Packed", 8), ("RGB8Packed", 8), ("RGB16Packed", 16)]


@pytest.fixture(autouse=True)
def two_emulated_cameras(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Two cameras. They are found once, unless the test `searches`: pylon waits 0.3 s for answers of the network."""
    monkeypatch.setenv("PYLON_CAMEMU", "2")
    if "searches" not in request.fixturenames:
        infos = found_once()
        monkeypatch.setattr(pylon.TlFactory, "EnumerateDevices", lambda factory: infos)


@pytest.fixture
def searches() -> None:
    """The test lets pylon search for cameras."""


@cache
def found_once() -> tuple[Any, ...]:
    return tuple(pylon.TlFactory.GetInstance().EnumerateDevices())


def opened(options: str = FAST) -> VisionSource:
    source = open_source(f"pylon:0?{options}")
    assert isinstance(source, VisionSource)
    return source


def features(source: VisionSource):
    camera = source._camera
    assert camera is not None
    return camera.features


def settings_of(source: Source) -> Controls:
    controls = Controls()
    controls.add(source.controls())
    return controls


def read_until(source: Source, is_reached: Callable[[Frame], bool]) -> Frame:
    """The first frame with the property; it is released."""
    end_s = time.perf_counter() + WAIT_S
    for frame in source:
        frame.release()
        if is_reached(frame):
            return frame
        assert time.perf_counter() < end_s
    raise AssertionError("the source ended")


@pytest.mark.usefixtures("searches")
def test_the_connected_cameras_are_listed_without_opening_them() -> None:
    kind = find_kind("pylon:")
    assert kind is not None
    cameras = list(kind.list_cameras())  # type: ignore[attr-defined]
    assert [(camera.source, camera.name) for camera in cameras] == [
        ("pylon:0815-0000", "Basler Emulation"),
        ("pylon:0815-0001", "Basler Emulation"),
    ]


def test_the_emulation_offers_the_tested_formats() -> None:
    with opened() as source:
        offered = features(source).choices("PixelFormat")
    assert sorted(offered) == sorted([name for name, *_ in MOSAICS] + [name for name, _ in PICTURES])


def first_frame(source: VisionSource) -> tuple[Frame, np.ndarray]:
    """The first frame of the camera's grey ramp, and its upper 8 bits: column plus row of the sensor, modulo 256."""
    features(source).set("TestImageSelector", "Testimage1")
    frame = next(iter(source))
    assert frame.size == (64, 48)
    left, top = (features(source).get(name) for name in ("OffsetX", "OffsetY"))
    assert (left, top) == ((4096 - 64) // 2, (4096 - 48) // 2)  # the middle of the sensor
    return frame, (np.add.outer(np.arange(48) + top, np.arange(64) + left) % 256).astype(np.uint16)


@pytest.mark.parametrize(("name", "pattern", "bits"), MOSAICS, ids=lambda value: str(value))
def test_a_mosaic_has_its_order_bits_and_samples(name: str, pattern: str, bits: int) -> None:
    with opened(f"format={name}&{FAST}") as source:
        frame, ramp = first_frame(source)
        assert (frame.encoding, frame.cfa.pattern) == (Encoding.MOSAIC, pattern)
        assert (frame.profile.white, frame.profile.black[0]) == (2**bits - 1, 0)
        np.testing.assert_array_equal(unpack(frame.pixels, frame.packing, frame.width), ramp << (bits - 8))
        assert frame.lease is not None
        frame.release()


@pytest.mark.parametrize(("name", "bits"), PICTURES)
def test_a_picture_is_display_referred(name: str, bits: int) -> None:
    with opened(f"format={name}&{FAST}") as source:
        frame, ramp = first_frame(source)
        assert (frame.encoding, frame.pixels.dtype) == (Encoding.DISPLAY, f"uint{bits}")
        np.testing.assert_array_equal(frame.pixels, np.repeat((ramp << (bits - 8))[..., None], 3, axis=2))
        frame.release()


def test_frames_are_leases_on_pylons_buffers_and_outlive_the_camera() -> None:
    with opened() as source:
        assert (source.timing, source.size, source.fps) == (Timing.LIVE, (64, 48), 400)
        frames = iter(source)
        held = [next(frames) for _ in range(3)]
        copies = [frame.pixels.copy() for frame in held]
        others = set()
        for _ in range(40):  # pylon fills its other buffers again and again
            frame = next(frames)
            others.add(frame.pixels.ctypes.data)
            frame.release()
    check_held_frames(held, copies, others)
    gc.collect()
    with opened() as source:  # released
        next(iter(source)).release()


def test_incomplete_images_are_counted_and_never_shown() -> None:
    with opened() as source:
        read_until(source, lambda frame: frame.index >= 2)
        features(source).set("ForceFailedBufferCount", 5)
        features(source).execute("ForceFailedBuffer")
        frame = read_until(source, lambda frame: source.failed == 5)
        assert frame.index >= 7  # their numbers are left out
        assert source.dropped == 0
        assert source.status == ""


def test_the_exposure_control_sets_the_camera_and_keeps_the_brightness() -> None:
    with opened("size=64x48&fps=100&exposure=1/500&gain=6") as source:
        settings = settings_of(source)
        assert settings.get(EXPOSURE_CONTROL) == 0
        assert settings.get("camera_gain") == pytest.approx(6, abs=1e-3)
        first = read_until(source, lambda frame: True)
        assert first.profile.exposure_ev == 0
        settings.set(EXPOSURE_CONTROL, 2.0)
        frame = read_until(source, lambda frame: frame.profile.exposure_ev != 0)
        assert frame.profile.exposure_ev == pytest.approx(-2)
        assert features(source).number("ExposureTime") == pytest.approx(8000)
        settings.set(EXPOSURE_CONTROL, -1.0)
        frame = read_until(source, lambda frame: frame.profile.exposure_ev == 0)
        assert features(source).number("ExposureTime") == pytest.approx(1000)
        assert settings.get(EXPOSURE_CONTROL) == pytest.approx(-1)
        # The emulated picture has ignored two changes: from now on its brightness is left alone.
        settings.set(EXPOSURE_CONTROL, 1.0)
        read_until(source, lambda each: each.index > frame.index + 10 or each.profile.exposure_ev != 0)
        assert read_until(source, lambda frame: True).profile.exposure_ev == 0


def test_controls_are_set_while_frames_arrive_within_the_limits_of_the_camera() -> None:
    with opened() as source:
        settings = settings_of(source)
        limits = {control.name: control for control in source.controls()}
        assert limits["camera_gain"].maximum == pytest.approx(48)  # type: ignore[attr-defined]
        for name, feature, value in (
            ("camera_gain", "Gain", 12.0),
            ("camera_gamma", "Gamma", 0.5),
            ("camera_frame_rate", "AcquisitionFrameRate", 300.0),
            ("camera_test_image", "TestImageSelector", "Testimage1"),
        ):
            settings.set(name, value)
            expected = value if isinstance(value, str) else pytest.approx(value, abs=1e-3)
            read_until(
                source, lambda frame, feature=feature, expected=expected: features(source).get(feature) == expected
            )
            assert settings.get(name) == expected
        assert source.fps == 300
        choice = limits["camera_auto_gain"]
        assert isinstance(choice, Choice)
        assert choice.choices == ("Off", "Once", "Continuous")


def test_automatic_exposure_is_the_cameras_and_a_manual_value_ends_it() -> None:
    with opened() as source:
        settings = settings_of(source)
        settings.set("camera_auto_exposure", "Continuous")
        read_until(source, lambda frame: features(source).get("ExposureAuto") == "Continuous")
        features(source).set("ExposureTime", 40000.0)  # the function of a camera does the same
        source._camera_controls._refresh_due_s = 0.0
        frame = read_until(source, lambda frame: source._camera_controls.exposure_s == pytest.approx(0.04))
        assert frame.profile.exposure_ev == 0  # the picture has the brightness that the camera chose
        assert settings.get(EXPOSURE_CONTROL) == 0
        settings.set(EXPOSURE_CONTROL, 1.0)
        frame = read_until(source, lambda frame: frame.profile.exposure_ev != 0)
        assert frame.profile.exposure_ev == pytest.approx(-1)
        assert features(source).get("ExposureAuto") == "Off"
        assert features(source).number("ExposureTime") == pytest.approx(40000)  # longer than a frame already
        assert settings.get("camera_gain") == pytest.approx(6.02, abs=0.01)


@pytest.mark.usefixtures("searches")
def test_the_picture_returns_after_the_camera_was_unplugged(monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(f"{FAST}&format=BayerRG12") as source:
        settings_of(source).set(EXPOSURE_CONTROL, 1.0)
        before = read_until(source, lambda frame: frame.index >= 3 and frame.profile.exposure_ev != 0)
        monkeypatch.setenv("PYLON_CAMEMU", "0")
        statuses: list[str] = []
        frames: list[Frame] = []

        def read() -> None:
            frames.append(read_until(source, lambda frame: source.reconnects == 1))

        features(source).execute("FirePnPCallback")  # pylon reports the removal
        thread = threading.Thread(target=read)
        thread.start()
        end_s = time.perf_counter() + WAIT_S
        while not any("no camera is connected" in status for status in statuses):
            assert time.perf_counter() < end_s
            statuses.append(source.status)
            time.sleep(0.005)
        monkeypatch.setenv("PYLON_CAMEMU", "2")
        thread.join(WAIT_S)
        assert any("unplugged; plug it in again" in status for status in statuses)
        assert frames
        assert (source.status, source.reconnects) == ("", 1)
        assert frames[0].index > before.index
        assert frames[0].profile.white == 4095
        assert features(source).number("Gain") == pytest.approx(6.02, abs=0.01)  # set again


@pytest.mark.parametrize("ends", ["interrupt", "close"])
def test_a_read_that_waits_for_a_frame_ends_at_once(ends: str) -> None:
    with opened("size=64x48&fps=5") as source:
        next(iter(source)).release()
        timer = threading.Timer(0.05, getattr(source, ends))
        begin_s = time.perf_counter()
        timer.start()
        assert next(iter(source), None) is None
        assert time.perf_counter() - begin_s < 5
        timer.join()
        source.close()
    with opened() as source:
        next(iter(source)).release()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("pylon:77", r"no such camera; connected: pylon:0815-0000 \(Emulation\), pylon:0815-0001 \(Emulation\)"),
        ("pylon:0?format=Mono9", "no format 'Mono9'; the camera offers Mono8, Mono10, .*BayerBG16"),
        ("pylon:0?size=9000x9", "no size 9000x9; the camera offers 1x1 to 4096x4096 in steps of 1x1"),
        ("pylon:0?exposure=20s", "exposure 20 s is not possible; the camera offers 1 µs to 10 s"),
        ("pylon:0?gain=99", "gain 99 dB is not possible; the camera offers 0 dB to 48 dB"),
        ("pylon:0?exposure=5", "exposure '5' is not a time; try exposure=1/125, 8ms, 500us or 0.5s"),
        ("pylon:0?fps=0", "fps '0' is not a number above 0; try fps=10"),
        ("pylon:0?colour=1", "no key 'colour'; the keys are format, size, fps, exposure, gain, black"),
        ("pylon:0?black=300", "white level 255 is not above black level 300"),
    ],
)
def test_a_wrong_name_is_refused_in_one_line(name: str, message: str) -> None:
    with pytest.raises(SourceError, match=message) as error, open_source(name) as source:
        next(iter(source)).release()
    assert str(error.value).startswith("pylon:")
    assert "\n" not in str(error.value)


@pytest.mark.usefixtures("searches")
def test_no_camera_is_an_error_that_names_the_emulation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYLON_CAMEMU", "0")
    with pytest.raises(SourceError, match="no camera is connected; PYLON_CAMEMU=1"):
        open_source("pylon:0")


def test_a_camera_is_found_by_its_serial_number() -> None:
    with open_source(f"pylon:0815-0001?{FAST}") as source:
        assert source.name.startswith("pylon:0815-0001")
        next(iter(source)).release()


def test_without_pypylon_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pypylon", None)
    with pytest.raises(MissingExtraError, match=r"pip install groundglass\[pylon\]"):
        open_source("pylon:0")
