"""V4L2 cameras without a driver: names, formats, colorimetry, exposure, JPEG frames."""

from __future__ import annotations

import io
import math
import sys
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

raw = pytest.importorskip("linuxpy.video.raw", reason="linuxpy is not installed")

from groundglass.capture import EXPOSURE_CONTROL, open_source  # noqa: E402
from groundglass.capture.kinds import find_kind  # noqa: E402
from groundglass.capture.live import v4l2  # noqa: E402
from groundglass.capture.live.v4l2 import connected, modes  # noqa: E402
from groundglass.capture.live.v4l2.buffers import Filled  # noqa: E402
from groundglass.capture.live.v4l2.controls import DriverControl  # noqa: E402
from groundglass.capture.live.v4l2.device import Mode  # noqa: E402
from groundglass.capture.live.v4l2.exposure import AUTO, EXPOSURES, MAINS, MANUAL, Exposure  # noqa: E402
from groundglass.capture.live.v4l2.formats import (  # noqa: E402
    JPEGS,
    MOSAICS,
    YUV_LAYOUTS,
    colorimetry,
    format_name,
    fourcc,
)
from groundglass.capture.live.v4l2.frames import FrameMaker, frame_maker  # noqa: E402
from groundglass.capture.live.v4l2.name import Requested, parse_name  # noqa: E402
from groundglass.compute.device import Buffer, Device  # noqa: E402
from groundglass.develop.linearize import Linearize  # noqa: E402
from groundglass.develop.yuv import Yuv  # noqa: E402
from groundglass.errors import MissingExtraError, SourceError  # noqa: E402
from groundglass.frame import Lease  # noqa: E402
from groundglass.packing import Packing, pack, unpack  # noqa: E402
from groundglass.yuv import YuvMatrix, display_rgb  # noqa: E402
from PIL import Image  # noqa: E402


def maker(mode: Mode, black: float = 0.0, ready: Callable[[], None] = lambda: None) -> FrameMaker:
    return frame_maker("v4l2:0", mode, black, ready)


def test_names_are_parsed() -> None:
    assert parse_name("/dev/video3") == Requested("/dev/video3")
    full = parse_name("v4l2:0?format=SRGGB10&size=1280x720&fps=30&black=64", fps=15)
    assert full == Requested("/dev/video0", "SRGGB10", (1280, 720), 30.0, 64.0)
    assert parse_name("v4l2:/dev/v4l/by-id/usb-cam", fps=15) == Requested("/dev/v4l/by-id/usb-cam", fps=15)
    assert find_kind("/dev/video0") is v4l2
    assert find_kind("v4l2:0") is v4l2


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("v4l2:front", "'front' is not the number or the path of a camera; try v4l2:0"),
        ("v4l2:0?colour=1", "unknown option 'colour'; use format, size, fps, black"),
        ("v4l2:0?size=big", "size 'big' is not WIDTHxHEIGHT"),
        ("v4l2:0?fps=0", "fps '0' is not a number in range"),
        ("v4l2:0?black=dark", "black 'dark' is not a number in range"),
        ("/dev/video987", "/dev/video987: no such camera; "),
    ],
)
def test_impossible_names_are_refused_with_an_example(name: str, message: str) -> None:
    with pytest.raises(SourceError, match=message) as error:
        open_source(name)
    assert str(error.value).count("\n") == 0


def test_the_library_and_the_system_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(v4l2, "find_spec", lambda name: None)
        with pytest.raises(MissingExtraError, match=r"needs linuxpy; pip install groundglass\[camera\]"):
            open_source("/dev/video0")
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(SourceError, match="Linux only"):
        open_source("v4l2:0")
    assert list(v4l2.list_cameras()) == []


def test_codes_agree_with_the_kernel_interface() -> None:
    """linuxpy's numbers are generated from the kernel's headers."""
    kernel = {each.name: int(each) & 0xFFFFFFFF for each in raw.PixelFormat}
    for each in MOSAICS.values():
        name = each.name.replace("-BE", "_BE")
        assert kernel.get(name, each.code) == each.code, name
    missing = {each.name for each in MOSAICS.values()} - kernel.keys()
    assert missing <= {"Y16-BE", "Y10P", "Y12P", "Y14P"}
    for code in (*YUV_LAYOUTS, *JPEGS):
        assert kernel[format_name(code)] == code
    assert format_name(fourcc("H264")) == "H264"


@pytest.mark.parametrize("each", MOSAICS.values(), ids=lambda each: each.name)
def test_every_mosaic_format_is_leased_and_unpacked(each) -> None:
    random = np.random.default_rng(3)
    samples = random.integers(0, 1 << each.bits, (6, 12), dtype=np.uint16)
    rows = np.ascontiguousarray(pack(samples, each.packing)).view(np.uint8).reshape(6, -1)
    padded = np.pad(rows, ((0, 0), (0, 8)), constant_values=7)
    given_back: list[int] = []
    filled = Filled(padded.reshape(-1), 5, time.monotonic(), Lease(lambda: given_back.append(1)))
    frame = maker(Mode(each.code, 12, 6, padded.shape[1], padded.size), 64.0).frame(filled, 3)
    assert frame is not None
    assert np.shares_memory(frame.pixels, padded)
    np.testing.assert_array_equal(unpack(frame.pixels, frame.packing, frame.width), samples)
    assert (frame.size, frame.index, frame.cfa) == ((12, 6), 3, each.cfa)
    assert (frame.profile.white, frame.profile.black[0]) == (2.0**each.bits - 1, 64.0)
    frame.release()
    assert given_back == [1]


def test_the_packings_are_those_of_the_standard() -> None:
    of = {each.name: each.packing for each in MOSAICS.values()}
    assert (of["SRGGB10P"], of["SBGGR12P"], of["SGRBG14P"]) == (Packing.RAW10, Packing.RAW12, Packing.RAW14)
    assert (of["SGBRG8"], of["GREY"]) == (Packing.U8, Packing.U8)
    assert {of["SRGGB16"], of["Y16-BE"]} == {Packing.U16_ROWS, Packing.U16_SWAPPED}


def test_a_short_frame_is_dropped_and_its_buffer_given_back() -> None:
    for code in (fourcc("RG10"), fourcc("YUYV")):
        given_back: list[int] = []
        filled = Filled(np.zeros(100, np.uint8), 0, None, Lease(lambda back=given_back: back.append(1)))
        assert maker(Mode(code, 16, 16, 32, 512), 0.0).frame(filled, 0) is None
        assert given_back == [1]


@pytest.mark.parametrize("code", ["RG10", "YUYV"])
def test_the_driver_memory_itself_is_uploaded(device: Device, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = np.zeros(64 * 64, np.uint8)
    frame = maker(Mode(fourcc(code), 16, 16, 64, memory.size)).frame(Filled(memory, 0, None, Lease(lambda: None)), 0)
    uploads: list[np.ndarray] = []
    write = device.write

    def watched(buffer: Buffer, array: np.ndarray, **options: bool) -> None:
        uploads.append(array)
        write(buffer, array, **options)

    monkeypatch.setattr(device, "write", watched)
    stage = Yuv(device, frame) if frame.yuv is not None else Linearize(device, frame)
    stage.run(frame, np.eye(3)) if isinstance(stage, Yuv) else stage.run(frame, frame.profile, clip=False)
    stage.release()
    assert [upload.shape for upload in uploads if np.shares_memory(upload, memory)] == [(16, 64)]


def test_a_camera_at_another_port_is_found_but_not_its_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    class Camera(NamedTuple):
        path: str
        card: str
        bus: str

    twin = Camera("/dev/video2", "webcam", "usb-2")
    present = [twin]
    monkeypatch.setattr(connected, "cameras", lambda: iter(present))
    others = connected.identities()
    identity = "webcam", "usb-1"
    assert connected.find_again("/dev/video0", identity, others) == "/dev/video0"
    present.append(Camera("/dev/video4", "webcam", "usb-3"))
    assert connected.find_again("/dev/video0", identity, others) == "/dev/video4"
    present.append(Camera("/dev/video6", "webcam", "usb-1"))
    assert connected.find_again("/dev/video0", identity, others) == "/dev/video6"
    present.append(Camera("/dev/video0", "webcam", "usb-3"))
    assert connected.find_again("/dev/video0", identity, others) == "/dev/video0"


def test_a_stamp_ahead_of_the_clock_is_the_present() -> None:
    filled = Filled(np.zeros(512, np.uint8), 0, time.monotonic() + 5, Lease(lambda: None))
    frame = maker(Mode(fourcc("RG10"), 16, 16, 32, 512), 0.0).frame(filled, 0)
    assert frame is not None
    assert frame.captured_s is not None
    assert frame.captured_s <= time.perf_counter()


def test_colorimetry_follows_the_defaults_of_v4l2() -> None:
    srgb, rec709, jpeg, bt2020, smpte240m = 8, 3, 7, 10, 2
    assert colorimetry(srgb, 0, 0) == (YuvMatrix.BT601, False)
    assert colorimetry(rec709, 0, 0) == (YuvMatrix.BT709, False)
    assert colorimetry(bt2020, 0, 0) == (YuvMatrix.BT2020, False)
    assert colorimetry(smpte240m, 0, 0) == (YuvMatrix.BT709, False)
    assert colorimetry(jpeg, 0, 0) == (YuvMatrix.BT601, True)
    assert colorimetry(jpeg, 2, 2) == (YuvMatrix.BT709, False)
    assert colorimetry(srgb, 6, 1) == (YuvMatrix.BT2020, True)


def test_jpeg_frames_are_decoded_and_a_corrupt_one_is_skipped() -> None:
    pytest.importorskip("av", reason="PyAV is not installed")
    picture = np.zeros((32, 48, 3), np.uint8)
    picture[:, :24], picture[:, 24:] = (200, 40, 30), (20, 60, 220)
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=95)
    data = np.frombuffer(stream.getvalue(), np.uint8)
    given_back: list[int] = []

    def frame_of(array: np.ndarray):
        arrived.clear()
        frame = jpegs.frame(Filled(array, 0, None, Lease(lambda: given_back.append(1))), 7)
        if frame is None and arrived.wait(0.5):
            frame = jpegs.late_frame()
        return frame

    arrived = threading.Event()
    jpegs = maker(Mode(fourcc("MJPG"), 48, 32, 0, 10_000), ready=arrived.set)
    frame = frame_of(data)
    rgb = display_rgb(frame.yuv_format, frame.pixels)
    assert np.abs(rgb[:, 4:20].astype(int) - (200, 40, 30)).max() < 6
    assert np.abs(rgb[:, 28:44].astype(int) - (20, 60, 220)).max() < 6
    assert (frame.index, frame.size, frame.lease) == (7, (48, 32), None)
    assert frame_of(np.zeros(400, np.uint8)) is None
    assert frame_of(data).index == 7
    assert given_back == [1, 1, 1]
    jpegs.close()
    jpegs.close()


class Values:
    """The values of a camera's controls."""

    def __init__(self, **values: int) -> None:
        self.values = {EXPOSURES[0]: values["exposure"], AUTO: values["auto"], MAINS: values.get("mains", 0)}

    def exposure(self, minimum: int = 1, maximum: int = 10_000) -> Exposure:
        integer, menu = int(raw.CtrlType.INTEGER), int(raw.CtrlType.MENU)
        controls = {
            EXPOSURES[0]: DriverControl(EXPOSURES[0], integer, "Exposure Time", minimum, maximum, 1, True),
            AUTO: DriverControl(AUTO, menu, "Exposure, Auto", 0, 3, 1, True),
            MAINS: DriverControl(MAINS, menu, "Power Line Frequency", 0, 3, 1, True),
        }
        found = Exposure.of(controls, self.values.__getitem__, self.values.__setitem__)
        assert found is not None
        return found


def test_exposure_is_in_ev_relative_to_the_opening() -> None:
    camera = Values(exposure=100, auto=MANUAL)
    exposure = camera.exposure()
    control = exposure.control()
    assert (control.name, control.unit) == (EXPOSURE_CONTROL, "EV")
    assert (control.minimum, control.maximum) == pytest.approx((math.log2(1 / 100), math.log2(100)))
    control.set(2.0)
    assert (camera.values[EXPOSURES[0]], control.get()) == (400, 2.0)
    control.set(control.maximum)
    assert camera.values[EXPOSURES[0]] == 10_000


def test_the_exposure_holds_the_rate_and_avoids_the_flicker_of_lamps() -> None:
    camera = Values(exposure=50, auto=MANUAL, mains=1)
    exposure = camera.exposure()
    exposure.restart(25.0)
    assert exposure.control().maximum == pytest.approx(math.log2(400 / 50))
    times = []
    for ev in (-1.0, 0.5, 1.0, 1.6, 2.5, 3.0):
        exposure.set(ev)
        times.append(camera.values[EXPOSURES[0]])
    assert times == [25, 71, 100, 100, 200, 400]  # 0.1 ms: shorter than a half wave of 50 Hz, then whole ones
    camera.values[MAINS] = 2
    exposure.set(2.5)
    assert camera.values[EXPOSURES[0]] == round(10_000 / 120 * 3)


def test_frames_keep_their_exposure_until_a_change_is_seen() -> None:
    camera = Values(exposure=100, auto=MANUAL)
    exposure = camera.exposure()
    exposure.set(1.0)
    exposure.changed(10)
    mode = Mode(fourcc("RG10"), 16, 16, 32, 512)
    evs = []
    for number in range(10, 15):
        filled = Filled(np.full(512, 1, np.uint8), 0, None, Lease(lambda: None))
        frame = maker(mode).frame(filled, number)
        assert frame is not None
        evs.append(exposure.exposed(frame).profile.exposure_ev)
    assert evs == [0.0, 0.0, 0.0, 0.0, 0.0]  # they do not change


def test_the_first_change_ends_automatic_exposure() -> None:
    camera = Values(exposure=100, auto=3)
    exposure = camera.exposure()
    camera.values[EXPOSURES[0]] = 200  # by the camera itself
    assert exposure.get() == 0.0
    exposure.set(1.0)
    assert camera.values == {EXPOSURES[0]: 400, AUTO: MANUAL, MAINS: 0}
    assert exposure.get() == 1.0


class Offering:
    """What a camera offers: formats, their sizes, and the rates of each size."""

    path = "/dev/video0"

    def __init__(self, present: str, **offered: dict[tuple[int, int], float]) -> None:
        self._offered = {fourcc(name): sizes for name, sizes in offered.items()}
        self.present = Mode(fourcc(present), 640, 480, 0, 0)
        self.fps: float | None = None

    def formats(self) -> list[int]:
        return list(self._offered)

    def sizes(self, code: int) -> list[tuple[int, int]]:
        return list(self._offered[code])

    def is_stepwise(self, code: int) -> bool:
        return False

    def rates(self, code: int, size: tuple[int, int]) -> list[float]:
        return [self._offered[code][size]] if size in self._offered[code] else []

    def mode(self) -> Mode:
        return self.present

    def set_mode(self, code: int, size: tuple[int, int]) -> Mode:
        return Mode(code, *(side // 8 * 8 for side in size), 0, 0)

    def set_rate(self, fps: float) -> None:
        self.fps = fps


def chosen(camera: Offering, **requested: object) -> tuple[str, tuple[int, int]]:
    mode = modes.choose_mode("v4l2:0", camera, Requested("/dev/video0", **requested))
    return format_name(mode.code), mode.size


def test_a_webcam_opens_at_its_largest_smooth_picture() -> None:
    yuyv = {(640, 480): 30.0, (1920, 1080): 5.0}
    jpeg = {(640, 480): 30.0, (1920, 1080): 30.0, (3840, 2160): 30.0}
    assert chosen(Offering("YUYV", YUYV=yuyv, MJPG=jpeg)) == ("MJPEG", (1920, 1080))
    assert chosen(Offering("YUYV", MJPG=yuyv, YUYV=yuyv)) == ("YUYV", (640, 480))
    assert chosen(Offering("YUYV", YUYV=yuyv, MJPG=jpeg), size=(3840, 2160)) == ("MJPEG", (3840, 2160))
    assert chosen(Offering("YUYV", YUYV=yuyv, MJPG=jpeg), format="yuyv") == ("YUYV", (640, 480))
    assert chosen(Offering("RG10", YUYV=yuyv, RG10=jpeg)) == ("SRGGB10", (640, 480))  # the sensor is configured for it
    assert chosen(Offering("YUYV", YUYV=yuyv, RG10=jpeg), format="RG10") == ("SRGGB10", (640, 480))


def test_a_rounded_size_and_a_missing_one_are_reported() -> None:
    camera = Offering("YUYV", YUYV={(640, 480): 30.0, (1366, 768): 30.0})
    with pytest.raises(SourceError, match="the driver rounds the size to 1360x768; use size=1360x768"):
        chosen(camera, size=(1366, 768))
    with pytest.raises(SourceError, match="has no size 800x600; use 640x480, 1366x768"):
        chosen(camera, size=(800, 600), format="YUYV")
    with pytest.raises(SourceError, match="no format has the size 800x600; it offers YUYV  640x480 30 fps"):
        chosen(camera, size=(800, 600))
    with pytest.raises(SourceError, match="does not offer NV12; it offers YUYV  640x480 30 fps, 1366x768 30 fps"):
        chosen(camera, format="NV12")
    with pytest.raises(SourceError, match=r"none of the camera's formats can be shown \(H264\)"):
        chosen(Offering("H264", H264={(640, 480): 30.0}))


def test_two_pictures_in_one_are_refused_with_the_format_to_choose() -> None:
    camera = Offering("YUYV", YUYV={(640, 480): 30.0}, INZI={(640, 480): 30.0})
    with pytest.raises(SourceError, match="INZI is infrared and depth in one picture; choose format=Z16"):
        chosen(camera, format="INZI")
    for wanted in ("Y8I", "y12i"):
        with pytest.raises(SourceError, match=f"{wanted.upper()} is two infrared pictures in one; choose format=Z16"):
            chosen(camera, format=wanted)
    with pytest.raises(SourceError, match="Y8I is two infrared pictures in one"):
        chosen(Offering("Y8I ", **{"Y8I ": {(640, 480): 30.0}}))
