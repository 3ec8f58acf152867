"""Controls by the names of SFNC and of older cameras, on real GenApi node maps."""

from __future__ import annotations

import pytest
from groundglass.capture import EXPOSURE_CONTROL
from groundglass.capture.live.vision.exposure import EV_DB
from groundglass.capture.live.vision.features import Features
from groundglass.capture.live.vision.options import VisionOptions
from groundglass.capture.live.vision.setup import prepare
from groundglass.capture.live.vision.sfnc import CameraControls
from groundglass.controls import Controls, Number
from groundglass.errors import SourceError

pytest.importorskip("genicam.genapi", reason="genicam is not installed")
from genapi_support import choice, features_of, number, switch

OLD = [
    number("Float", "ExposureTimeAbs", 1000, 10, 1_000_000, "<Unit>us</Unit>"),
    number("Integer", "GainRaw", 100, 64, 511, "<Inc>3</Inc>"),
    choice("GainAuto", 1, "Off", "Continuous"),
    number("Float", "AcquisitionFrameRateAbs", 30, 1, 120),
    switch("AcquisitionFrameRateEnable"),
]
BALANCE = [
    choice("BalanceRatioSelector", 0, "Red", "Green", "Blue"),
    choice("BalanceWhiteAuto", 1, "Off", "Continuous"),
    "<Float Name='BalanceRatio'><pIndex>BalanceRatioSelector</pIndex><pValueIndexed Index='0'>Red_</pValueIndexed>"
    "<pValueIndexed Index='1'>Green_</pValueIndexed><pValueDefault>Blue_</pValueDefault><Min>0</Min><Max>8</Max>"
    "</Float>",
    *(number("Float", name, 1, 0, 8) for name in ("Red_", "Green_", "Blue_")),
]
GAMMA = [number("Float", "Gamma", 1, 0.1, 4), switch("GammaEnable")]
FRAME = [
    choice("PixelFormat", 0, "JPEG", "BayerRG12Packed", "BayerRG8"),
    number("Integer", "Width", 640, 64, 1280, "<Inc>16</Inc>"),
    number("Integer", "Height", 480, 64, 960, "<Inc>2</Inc>"),
    choice("TriggerSelector", 1, "AcquisitionStart", "FrameStart"),
    choice("TriggerMode", 1, "Off", "On"),
]


def attached(features: Features) -> tuple[CameraControls, Controls]:
    own, controls = CameraControls(), Controls()
    own.attach(features)
    controls.add(own())
    return own, controls


def test_old_names_are_controls_too_and_what_locks_a_value_is_switched() -> None:
    features = features_of(*OLD)
    own, controls = attached(features)
    assert [control.name for control in controls] == [
        EXPOSURE_CONTROL,
        "camera_gain",
        "camera_frame_rate",
        "camera_auto_gain",
    ]
    controls.set(EXPOSURE_CONTROL, 3.0)
    controls.set("camera_gain", 200.0)
    controls.set("camera_frame_rate", 60.0)
    assert features.number("ExposureTimeAbs") == 1000  # the thread that reads frames sets it
    assert own.apply(features, -1)
    assert not own.apply(features, -1)
    assert features.number("ExposureTimeAbs") == pytest.approx(8000)
    assert features.get("GainRaw") == 199  # in the steps of the camera
    assert controls.get("camera_gain") == 199
    assert (features.get("GainAuto"), controls.get("camera_auto_gain")) == ("Off", "Off")
    assert features.get("AcquisitionFrameRateEnable") is True
    assert features.number("AcquisitionFrameRateAbs") == 60


def test_white_balance_is_a_number_for_each_colour() -> None:
    features = features_of(*BALANCE, *GAMMA)
    own, controls = attached(features)
    assert controls.get("camera_auto_white_balance") == "Continuous"
    controls.set("camera_red_balance", 2.0)
    controls.set("camera_blue_balance", 1.5)
    controls.set("camera_gamma", 0.5)
    own.apply(features, -1)
    assert [features.number(name) for name in ("Red_", "Green_", "Blue_")] == [2.0, 1.0, 1.5]
    assert features.get("BalanceWhiteAuto") == "Off"
    assert (features.get("GammaEnable"), features.number("Gamma")) == (True, 0.5)


def test_settings_are_set_again_on_a_camera_that_was_reset() -> None:
    own, controls = attached(features_of(*OLD))
    controls.set(EXPOSURE_CONTROL, 1.0)
    own.apply(features_of(*OLD), -1)
    again = features_of(*OLD)
    own.attach(again)
    own.apply(again, -1)
    assert again.number("ExposureTimeAbs") == pytest.approx(2000)
    assert again.get("GainRaw") == 100


def test_the_exposure_changes_the_time_then_the_gain_in_db() -> None:
    features = features_of(
        number("Float", "ExposureTime", 5000, 10, 1_000_000, "<Unit>us</Unit>"),
        number("Float", "Gain", 3, 0, 15, "<Unit>dB</Unit>"),
        choice("GainAuto", 1, "Off", "Continuous"),
        number("Float", "AcquisitionFrameRate", 50, 1, 120),
        switch("AcquisitionFrameRateEnable"),
    )
    features.set("AcquisitionFrameRateEnable", True)
    own, controls = attached(features)
    control = next(iter(own()))
    assert isinstance(control, Number)
    assert control.maximum == pytest.approx(2 + 12 / EV_DB)
    for ev, time_us, gain_db in ((1.0, 10_000, 3), (-3.0, 625, 3), (2.0, 20_000, 3), (3.0, 20_000, 3 + EV_DB)):
        controls.set(EXPOSURE_CONTROL, ev)
        own.apply(features, -1)
        assert features.number("ExposureTime") == pytest.approx(time_us)
        assert features.number("Gain") == pytest.approx(gain_db)
        assert controls.get(EXPOSURE_CONTROL) == pytest.approx(ev)
    assert features.get("GainAuto") == "Off"
    controls.set("camera_gain", 3.0)  # manually: the frames report this change, too
    own.apply(features, -1)
    assert controls.get(EXPOSURE_CONTROL) == pytest.approx(2.0)


def test_a_value_that_the_camera_refuses_returns_to_its_own() -> None:
    read_only = "<ImposedAccessMode>RO</ImposedAccessMode>"
    features = features_of(f"<Float Name='Gain'>{read_only}<Value>2</Value><Min>0</Min><Max>9</Max></Float>")
    own, controls = attached(features)
    controls.set("camera_gain", 4.0)
    own.apply(features, -1)
    assert controls.get("camera_gain") == 2.0


def test_a_camera_is_prepared_for_free_running_with_a_format_that_can_be_shown() -> None:
    features = features_of(*FRAME)
    found = prepare(features, VisionOptions("0", size=(640, 240)))
    assert (found.name, features.get("PixelFormat")) == ("BayerRG12Packed", "BayerRG12Packed")  # not its own, JPEG
    assert (features.get("TriggerMode"), features.get("Height")) == ("Off", 240)
    for options, message in (
        (VisionOptions("0", size=(650, 240)), "camera offers 64x64 to 1280x960 in steps of 16x2"),
        (VisionOptions("0", format="JPEG"), "no format 'JPEG'; the camera offers BayerRG12Packed, BayerRG8"),
        (VisionOptions("0", gain=3), "the camera has no gain to set; leave out gain="),
    ):
        with pytest.raises(SourceError, match=message):
            prepare(features, options)
    with pytest.raises(SourceError, match=r"none of the camera's formats \(JPEG\) can be shown"):
        prepare(features_of(choice("PixelFormat", 0, "JPEG")), VisionOptions("0"))
