"""Checks of V4L2 cameras with a real driver, the kernel's `vivid`, in the machine of tools/v4l2_vm.sh.

test_v4l2_vm.py runs this file there, in one go, and reports each check as a test. The machine emulates its processor,
so this file avoids what takes long to import: pytest, and the packages' `__init__`, which import all kinds of sources.

usage: python -S v4l2_driver_checks.py REPOSITORY LIBRARIES [FAULTS [PART_OF_NAME]]: a line of JSON for each check
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable
from itertools import pairwise, product
from pathlib import Path

from v4l2_driver import driver_bytes, driver_of, mapped_buffers, open_nodes  # isort: skip  # it sets the path

import numpy as np
from groundglass.capture.kinds import Request
from groundglass.capture.latest import LatestFrameQueue
from groundglass.capture.live.v4l2 import list_cameras
from groundglass.capture.live.v4l2 import open_source as open_kind
from groundglass.capture.live.v4l2.formats import MOSAICS, YUV_NAMES, fourcc
from groundglass.cfa import Cfa
from groundglass.controls import Action, Choice, Controls, Number, Switch
from groundglass.errors import SourceError
from groundglass.frame import Frame
from groundglass.packing import unpack
from groundglass.yuv import YuvMatrix, encoded_rgb
from linuxpy.video import raw

FAULTS = int(sys.argv[3]) if len(sys.argv) > 3 else 2  # number of faults of each kind
SINGLE, METADATA, MULTIPLANAR = "/dev/video0", "/dev/video1", "/dev/video2"
SMALL = "size=320x180&fps=60"
HDMI, NO_SIGNAL = 1, 1  # the input, and a choice of "DV Timings Signal Mode"
BARS = np.array([(1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1), (0, 0, 0)], float)
WAIT_S = 60.0
DEFAULTS = {
    **{"Test Pattern": 1, "OSD Text Mode": 2, "Horizontal Movement": 3},  # colour bars at full level, at rest, no text
    **{"Colorspace": 2, "Y'CbCr Encoding": 0, "Quantization": 0, "Percentage of Dropped Buffers": 0},
}


def open_source(name: str):
    return open_kind(name, Request())


def first_frame(name: str, use: Callable[[Frame], None]) -> None:
    with open_source(name) as source:
        frame = next(iter(source))
        assert frame.size == source.size
        use(frame)
        frame.release()


def error_of(name: str) -> str:
    try:
        open_source(name).close()
    except SourceError as error:
        return str(error)
    raise AssertionError(f"{name} was opened")


def bars_of(cfa: Cfa, light: np.ndarray) -> np.ndarray:
    """(8, 3) the mean of each bar and channel; (8, 1) without colours."""
    width = light.shape[1]
    starts = [(2 * bar + 1) * width // 16 // 2 * 2 - 4 for bar in range(8)]
    blocks = [light[40:60, start : start + 8] for start in starts]
    if cfa.kind == "mono":
        return np.array([[block.mean()] for block in blocks])
    channels = np.tile(cfa.channels(), (10, 4))
    return np.array([[block[channels == channel].mean() for channel in range(3)] for block in blocks])


def assert_bars(cfa: Cfa, light: np.ndarray, name: str) -> None:
    expected = BARS @ [[0.2126], [0.7152], [0.0722]] if cfa.kind == "mono" else BARS
    difference = np.abs(bars_of(cfa, light) - expected).max()
    assert difference < 0.02, (name, bars_of(cfa, light).round(3).tolist())


def offered(path: str) -> set[str]:
    camera = next(camera for camera in list_cameras() if camera.source == path)
    return {mode.split()[0] for mode in camera.modes}


def check_the_list_has_cameras_with_their_modes_but_no_metadata_node() -> None:
    cameras = list(list_cameras())
    assert [(camera.source, camera.name) for camera in cameras] == [(SINGLE, "vivid"), (MULTIPLANAR, "vivid")]
    assert any(re.match(r"SRGGB10  320x180 60, 50.* fps, 640x360", mode) for mode in cameras[0].modes)
    assert Path(METADATA).exists()


def check_every_mosaic_has_the_bytes_of_the_driver_in_the_right_order_and_level() -> None:
    formats = {each.name: each for each in MOSAICS.values()}
    names = formats.keys() & offered(SINGLE)
    bayer = {f"S{order}{bits}" for order, bits in product(("BGGR", "GBRG", "GRBG", "RGGB"), (8, 10, 12, 16))}
    assert names == bayer | {"GREY", "Y10", "Y12", "Y16", "Y16-BE"}

    def check(frame: Frame) -> None:
        address = frame.pixels.ctypes.data
        assert any(begin <= address < end for begin, end in mapped_buffers()), "copied"
        assert not frame.pixels.flags.writeable
        assert frame.cfa == formats[name].cfa
        assert_bars(frame.cfa, unpack(frame.pixels, frame.packing, frame.width) / frame.profile.white, name)
        received.append(frame.pixels.tobytes())

    for name in sorted(names):
        received: list[bytes] = []
        first_frame(f"{SINGLE}?format={name}&{SMALL}", check)
        assert received == [driver_bytes(SINGLE)], name


def check_yuv_has_the_bytes_and_colours_of_the_driver() -> None:
    def check(frame: Frame) -> None:
        bars = encoded_rgb(frame.yuv_format, frame.pixels, np.array([50]), np.arange(20, 320, 40))[0]
        assert np.abs(bars - BARS).max() < 0.03, (name, bars.round(2).tolist())
        received.append(frame.pixels.tobytes())

    for path in (SINGLE, MULTIPLANAR):
        names = YUV_NAMES.keys() & offered(path)
        assert names >= {"YUYV", "UYVY", "NV12"}
        if path == MULTIPLANAR:
            names = {"NV12", "UYVY"}
        for name in sorted(names):
            received: list[bytes] = []
            first_frame(f"{path}?format={name}&{SMALL}", check)
            assert received == [driver_bytes(path)], name


def check_matrix_and_range_follow_the_colorimetry_of_the_driver() -> None:
    seen = []
    with driver_of(SINGLE) as driver:
        for colorspace, encoding, quantization in ((2, 0, 0), (1, 0, 0), (4, 0, 1), (2, 2, 2)):
            driver.set("Colorspace", colorspace)
            driver.set("Y'CbCr Encoding", encoding)
            driver.set("Quantization", quantization)
            first_frame(
                f"{SINGLE}?format=YUYV&{SMALL}",
                lambda frame: seen.append((frame.yuv_format.matrix, frame.yuv_format.full_range)),
            )
    bt601, bt709, bt2020 = YuvMatrix.BT601, YuvMatrix.BT709, YuvMatrix.BT2020
    assert seen == [(bt601, False), (bt709, False), (bt2020, True), (bt709, False)], seen


def check_padded_rows_are_leased_as_they_are() -> None:
    with driver_of(SINGLE) as driver:
        wanted = raw.v4l2_format(type=driver.device.type)
        wanted.fmt.pix.width, wanted.fmt.pix.height, wanted.fmt.pix.pixelformat = 320, 180, fourcc("RG10")
        wanted.fmt.pix.bytesperline = 704
        driver.device.call(raw.IOC.S_FMT, wanted)

    def check(frame: Frame) -> None:
        assert frame.pixels.shape == (180, 704), frame.pixels.shape
        assert_bars(frame.cfa, unpack(frame.pixels, frame.packing, frame.width) / frame.profile.white, "padded")

    first_frame(f"{SINGLE}?format=SRGGB10&{SMALL}", check)


def check_controls_are_set_and_read() -> None:
    with driver_of(SINGLE) as driver, open_source(f"{SINGLE}?format=GREY&{SMALL}") as source:
        controls = Controls()
        controls.add(source.controls())
        assert {type(control) for control in controls} == {Action, Choice, Number, Switch}
        frames = iter(source)
        settings: dict[str, tuple[str, bool | float | str, int]] = {
            "camera_brightness": ("Brightness", 100.0, 100),
            "camera_gain_automatic": ("Gain, Automatic", False, 0),
            "camera_gain": ("Gain", 77.0, 77),
            "camera_menu": ("Menu", "Menu Item 4", 4),
            "camera_integer_menu": ("Integer Menu", "13", 6),
            "camera_horizontal_flip": ("Horizontal Flip", True, 1),
        }
        before = {name: controls.get(name) for name in settings}
        for name, (_, setting, _) in settings.items():
            controls.set(name, setting)
            assert controls.get(name) == setting, name  # at once
        next(frames).release()
        for name, (title, setting, value) in settings.items():
            assert (driver.get(title), controls.get(name)) == (value, setting), name
            controls.set(name, before[name])
        next(frames).release()
        driver.set("Contrast", 50)  # by another program
        for _ in range(len(list(controls))):
            next(frames).release()
        assert controls.get("camera_contrast") == 50.0
        driver.set("Contrast", 128)
        assert driver.get("Brightness") == 128


def check_a_gain_without_effect_is_tried_and_left_alone() -> None:
    with driver_of(SINGLE) as driver, open_source(f"{SINGLE}?format=GREY&{SMALL}") as source:
        controls = Controls()
        controls.add(source.controls())
        controls.set("camera_gain_automatic", False)
        controls.set("camera_gain", 20.0)
        frames = iter(source)
        next(frames).release()
        controls.set("camera_exposure", 3.0)
        gains = []
        for _ in range(40):
            next(frames).release()
            gains.append(driver.get("Gain"))
            if max(gains) == 255 and gains[-1] == 20:
                break
        assert (max(gains), gains[-1]) == (255, 20), gains


def check_times_and_dropped_frames() -> None:
    frames: list[Frame] = []
    with driver_of(SINGLE) as driver, open_source(f"{SINGLE}?format=GREY&{SMALL}") as source:
        driver.set("Percentage of Dropped Buffers", 50)
        with LatestFrameQueue(source) as queue:
            while len(frames) < 12:
                frame = queue.latest(WAIT_S)
                assert frame is not None
                assert frame.captured_s is not None
                assert frame.captured_s <= frame.arrived_s
                frame.release()
                frames.append(frame)
        missing = frames[-1].index - frames[0].index - len(frames) + 1
        assert queue.dropped >= missing > 0, (queue.dropped, missing)
    assert all((before.captured_s or 0) < (after.captured_s or 0) for before, after in pairwise(frames))


def check_a_busy_camera_and_a_missing_permission_are_named() -> None:
    with open_source(f"{SINGLE}?{SMALL}"):
        assert "another program uses the camera; close it" in error_of(SINGLE)
    os.seteuid(65534)
    try:
        assert "no permission; add yourself to the group video" in error_of(SINGLE)
    finally:
        os.seteuid(0)


def check_an_error_lists_the_possible_cameras_and_modes() -> None:
    for name, message in (
        ("/dev/video9", r"no such camera; connected: /dev/video0 \(vivid\), /dev/video2 \(vivid\)"),
        (METADATA, "does not capture pictures into memory; connected: /dev/video0"),
        ("v4l2:/dev/null", "not a V4L2 device; connected: /dev/video0"),
        ("v4l2:0?format=SRGGB14", "does not offer SRGGB14; it offers .*, SRGGB10, .*; `groundglass cameras` lists"),
        ("v4l2:0?format=GREY&size=640x361", "GREY has no size 640x361; use 320x180, 640x360"),
    ):
        error = error_of(name)
        assert re.search(message, error), error
        assert "\n" not in error


def check_the_picture_returns_after_faults() -> None:
    for fault in (
        *("Inject Fatal Streaming Error", "Disconnect", "Inject V4L2_BUF_FLAG_ERROR", "Inject VIDIOC_QBUF Error"),
        *("Inject VIDIOC_REQBUFS Error", "Inject VIDIOC_STREAMON Error"),
    ):
        with open_source(f"{SINGLE}?format=SRGGB10&{SMALL}") as source:
            frames = iter(source)
            frame = next(frames)
            frame.release()
            is_lost = not fault.startswith("Inject V")
            for count in range(1, FAULTS + 1):
                with driver_of(SINGLE) as driver:
                    driver.set(fault)
                    if fault.endswith(("REQBUFS Error", "STREAMON Error")):  # the first attempt to return fails
                        driver.set("Inject Fatal Streaming Error")
                        is_lost = True
                begin_s, before = time.perf_counter(), frame.index
                for frame in frames:
                    frame.release()
                    if frame.index >= before + 3 and (not is_lost or source.reconnects == count):
                        break
                    assert time.perf_counter() - begin_s < WAIT_S, (fault, count, source.reconnects)
                assert source.status == "", fault
            assert source.reconnects == (FAULTS if is_lost else 0), (fault, source.reconnects)


def check_a_read_that_blocks_is_interrupted() -> None:
    with open_source(f"{SINGLE}?format=GREY&size=320x180&fps=1") as source:
        frames = iter(source)
        next(frames).release()
        timer = threading.Timer(0.1, source.interrupt)
        timer.start()
        assert next(frames, None) is None  # without the interrupt, a frame arrives after a second
        timer.join()


def check_a_leased_buffer_outlives_its_camera() -> None:
    with open_source(f"{SINGLE}?format=GREY&{SMALL}") as source:
        frame = next(iter(source))
    assert len(mapped_buffers()) == 1
    assert frame.pixels.max() > 200
    frame.release()
    assert mapped_buffers() == []
    assert frame.pixels.max() == 0


def check_another_size_of_the_signal_is_followed_and_a_lost_signal_is_named() -> None:
    seen: list[tuple[tuple[int, int], str]] = []
    with driver_of(SINGLE) as driver:
        driver.device.call(raw.IOC.S_INPUT, raw.cint(HDMI))
        driver.send("640x480")
        with open_source(f"{SINGLE}?format=GREY") as source:
            frames = iter(source)
            next(frames).release()
            for reconnects, size in enumerate(("720x480", "640x480", "800x600"), 1):
                driver.send(size)
                frame = next(frame for frame in frames if released(frame) and source.reconnects == reconnects)
                seen.append((frame.size, f"{source.size[0]}x{source.size[1]}"))
                assert frame.pixels.shape[1] >= frame.width
                assert source.status == ""
            driver.set("DV Timings Signal Mode", NO_SIGNAL)
            reader = threading.Thread(target=lambda: seen.append((next(frames).size, "back")))
            reader.start()
            begin_s = time.perf_counter()
            while "no signal; connect the cable" not in source.status:
                assert time.perf_counter() - begin_s < WAIT_S, source.status
                time.sleep(0.05)
            driver.send("640x480")
            reader.join(WAIT_S)
    sizes = [(720, 480), (640, 480), (800, 600), (640, 480)]
    assert [size for size, _ in seen] == sizes, seen


def released(frame: Frame) -> bool:
    frame.release()
    return True


def run(check: Callable[[], None]) -> str:
    """An empty text, or why the check failed."""
    try:
        for path in (SINGLE, MULTIPLANAR):
            with driver_of(path) as driver:
                driver.device.call(raw.IOC.S_INPUT, raw.cint(0))
                for title, value in DEFAULTS.items():
                    driver.set(title, value)
        check()
        assert mapped_buffers() == []
        assert open_nodes() == []
    except BaseException:
        return traceback.format_exc()
    return ""


if __name__ == "__main__":
    for name, check in list(globals().items()):
        if name.startswith("check_") and (len(sys.argv) < 5 or sys.argv[4] in name):
            begin_s = time.perf_counter()
            problem = run(check)
            print(
                json.dumps({"check": name, "problem": problem, "s": round(time.perf_counter() - begin_s, 2)}),
                flush=True,
            )
