"""Tethered cameras: libgphoto2's own driver for folders, and a stand-in with the functions of a camera on a cable.

The driver "Directory Browse" lists, downloads and reports files. It has no live view, shutter or settings.
"""

from __future__ import annotations

import errno
import io
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from dng_support import write_dng
from groundglass.capture import open_source
from groundglass.capture.live import retry, tether
from groundglass.capture.live.tether import Tether
from groundglass.errors import SourceError
from groundglass.frame import Encoding, Frame
from PIL import Image

gphoto2 = pytest.importorskip("gphoto2", reason="gphoto2 is not installed")
WAIT_S = 10.0


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "MIN_WAIT_S", 0.01)
    monkeypatch.setattr(retry, "MAX_WAIT_S", 0.02)
    monkeypatch.setattr(tether, "POLL_S", 0.01)
    monkeypatch.setattr(tether, "SHOW_S", 0.01)


def mosaic(path: Path, value: int) -> Path:
    return write_dng(path, np.full((48, 64), value, np.uint16))


def test_the_driver_for_folders_shows_the_newest_raw_and_each_new_one(tmp_path: Path) -> None:
    card = tmp_path / "DCIM" / "100TEST"
    card.mkdir(parents=True)
    mosaic(card / "A.DNG", 1000)
    (card / "MOVIE.MP4").write_bytes(b"no picture")
    with open_source(f"tether:disk:{tmp_path}") as source:
        frames = iter(source)
        first = next(frames)
        assert (first.encoding, first.size, int(first.pixels[0, 0])) == (Encoding.MOSAIC, (64, 48), 1000)
        writer = threading.Timer(0.1, lambda: (mosaic(tmp_path / "B.DNG", 2000)).rename(card / "B.DNG"))
        writer.start()
        second = next(frame for frame in frames if frame.pixels[0, 0] == 2000)
        assert second.index > first.index
        writer.join()
        threading.Timer(0.1, source.interrupt).start()
        assert all(frame.pixels[0, 0] == 2000 for frame in frames)  # a slow driver may report a picture again


def test_a_picture_that_cannot_be_shown_is_passed_over(tmp_path: Path) -> None:
    mosaic(tmp_path / "A.DNG", 1000)
    (tmp_path / "Z.DNG").write_bytes(b"broken")
    for name, time_s in (("A.DNG", 1e9), ("Z.DNG", 1.1e9)):
        os.utime(tmp_path / name, (time_s, time_s))
    with open_source(f"tether:disk:{tmp_path}") as source:
        frames = iter(source)
        assert next(frames).pixels[0, 0] == 1000
        thread = threading.Thread(target=lambda: next(frames, None))
        thread.start()
        (tmp_path / "Y.JPG").write_bytes(b"broken")
        until_s = time.perf_counter() + WAIT_S
        while not source.status and time.perf_counter() < until_s:
            time.sleep(0.01)
        assert source.status.startswith(f"{source.name}: Y.JPG cannot be shown: ")
        source.interrupt()
        thread.join(WAIT_S)
    (tmp_path / "A.DNG").unlink()
    with pytest.raises(SourceError, match=r": Y.JPG cannot be shown: ") as error:
        open_source(f"tether:disk:{tmp_path}")
    assert "/tmp/groundglass" not in str(error.value)


def test_names_that_open_nothing_report_what_is_connected(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such camera; none is connected: plug one in"):
        open_source("tether:7")
    with pytest.raises(SourceError, match="is not a folder"):
        open_source("tether:disk:/nowhere")
    with pytest.raises(SourceError, match="no picture on it yet"):
        open_source(f"gphoto:disk:{tmp_path}")
    assert list(tether.list_cameras()) == []


class Widget:
    """A setting of the stand-in."""

    def __init__(self, values: dict[str, str], name: str, choices: list[str]) -> None:
        self._values, self._name, self._choices = values, name, choices
        self._value = values[name]

    def get_type(self) -> int:
        return gphoto2.GP_WIDGET_RADIO

    def get_readonly(self) -> bool:
        return self._name == "whitebalance"

    def get_value(self) -> str:
        return self._value

    def get_choices(self) -> list[str]:
        return self._choices

    def set_value(self, value: str) -> None:
        self._value = value


class CameraOnCable:
    """A camera with live view, a shutter and settings. `fails` raises libgphoto2's error of the next call."""

    def __init__(self, files: list[Path]) -> None:
        self.values = {"iso": "100", "f-number": "f/2", "shutterspeed": "1/50", "whitebalance": "Auto"}
        self.fails: dict[str, int] = {}
        self.files, self.exits = files, 0

    def _fail(self, call: str) -> None:
        if call in self.fails:
            raise gphoto2.GPhoto2Error(self.fails.pop(call))

    def init(self) -> None:
        self._fail("init")

    def exit(self) -> None:
        self.exits += 1

    def get_abilities(self) -> SimpleNamespace:
        gp = gphoto2
        return SimpleNamespace(
            operations=gp.GP_OPERATION_CONFIG | gp.GP_OPERATION_CAPTURE_PREVIEW | gp.GP_OPERATION_CAPTURE_IMAGE
        )

    def capture_preview(self) -> SimpleNamespace:
        self._fail("preview")
        time.sleep(0.005)
        jpeg = io.BytesIO()
        Image.new("RGB", (48, 32), (200, 30, 30)).save(jpeg, "jpeg")
        return SimpleNamespace(get_data_and_size=jpeg.getvalue)

    def capture(self, kind: int) -> SimpleNamespace:
        self._fail("capture")
        return SimpleNamespace(folder="/store", name=self.files[0].name)

    def wait_for_event(self, milliseconds: int) -> tuple[int, Any]:
        if len(self.files) > 1:
            return gphoto2.GP_EVENT_FILE_ADDED, SimpleNamespace(folder="/store", name=self.files.pop().name)
        return gphoto2.GP_EVENT_TIMEOUT, None

    def file_get(self, folder: str, name: str, kind: int) -> SimpleNamespace:
        content = (self.files[0].parent / name).read_bytes()
        return SimpleNamespace(save=lambda path: Path(path).write_bytes(content))

    def get_single_config(self, name: str) -> Widget:
        if name not in self.values:
            raise gphoto2.GPhoto2Error(gphoto2.GP_ERROR_BAD_PARAMETERS)
        return Widget(self.values, name, [self.values[name], "other"])

    def set_single_config(self, name: str, widget: Widget) -> None:
        self._fail("set")
        self.values[name] = widget.get_value()


@pytest.fixture
def camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CameraOnCable:
    store = tmp_path / "store"
    store.mkdir()
    Image.new("RGB", (24, 16), (1, 2, 3)).save(store / "DSC1.JPG")
    made = CameraOnCable([store / "DSC1.JPG", mosaic(store / "DSC1.DNG", 2000)])
    monkeypatch.setattr(Tether, "_connected", lambda self: made)
    return made


def until(frames: Iterator[Frame], condition: Any) -> Frame:
    """The first frame for which `condition(frame)` is true."""
    deadline_s = time.monotonic() + WAIT_S
    for frame in frames:
        assert time.monotonic() < deadline_s
        if condition(frame):
            return frame
    raise AssertionError("the source has ended")


def test_live_view_and_a_picture_whose_raw_is_shown_and_saved(camera: CameraOnCable, tmp_path: Path) -> None:
    stills = tmp_path / "stills"
    stills.mkdir()
    (stills / "DSC1.DNG").write_bytes(b"of another day")
    with open_source("tether:0") as source:
        assert source.size == (48, 32)
        frames = iter(source)
        preview = next(frames)
        assert preview.encoding is Encoding.DISPLAY
        assert preview.captured_s is not None
        assert source.trigger(stills)
        raw = until(frames, lambda frame: frame.encoding is Encoding.MOSAIC)
        assert int(raw.pixels[0, 0]) == 2000
        assert until(frames, lambda frame: frame.encoding is Encoding.DISPLAY).index > raw.index
    assert sorted(path.name for path in stills.iterdir()) == ["DSC1-1.DNG", "DSC1.DNG", "DSC1.JPG"]
    assert (stills / "DSC1.DNG").read_bytes() == b"of another day"
    assert camera.exits == 1


def test_the_settings_are_controls_and_a_refusal_is_reported(camera: CameraOnCable) -> None:
    with open_source("tether:0") as source:
        frames = iter(source)
        controls = {control.name: control for control in source.controls()}
        assert list(controls) == ["camera_iso", "camera_aperture", "camera_shutter"]  # white balance is read-only
        controls["camera_aperture"].set("other")
        until(frames, lambda frame: controls["camera_aperture"].get() == "other")
        assert camera.values["f-number"] == "other"
        camera.fails["set"] = gphoto2.GP_ERROR_CAMERA_BUSY
        controls["camera_iso"].set("other")
        reasons = statuses(source, frames)
        assert any("iso other was refused: the camera is busy" in reason for reason in reasons)
        assert controls["camera_iso"].get() == "100"


def statuses(source: Any, frames: Iterator[Frame]) -> set[str]:
    """The reasons why no frame arrives, until the next frames."""
    seen, done = set[str](), threading.Event()

    def watch() -> None:
        while not done.wait(0.001):
            seen.add(source.status)

    thread = threading.Thread(target=watch)
    thread.start()
    for _ in range(3):
        next(frames)
    done.set()
    thread.join()
    return seen


@pytest.mark.parametrize(
    ("call", "code", "reason"),
    [
        ("capture", -115, "the picture was not taken: the memory card is full"),
        ("capture", -1, "the picture was not taken: [-1] Unspecified error"),
        ("preview", -110, "tether:0: the camera is busy"),
        ("preview", -7, "tether:0: does not answer; wake it up"),
        ("preview", -53, "tether:0: another program uses the camera"),
    ],
)
def test_a_fault_is_reported_and_the_picture_returns(
    camera: CameraOnCable, call: str, code: int, reason: str, tmp_path: Path
) -> None:
    with open_source("tether:0") as source:
        frames = iter(source)
        next(frames)
        camera.fails[call] = code
        if call == "capture":
            source.trigger(tmp_path)
        assert any(seen.startswith(reason) for seen in statuses(source, frames))
        assert source.status == ""
        assert source.reconnects == (0 if call == "capture" else 1)


def test_a_picture_that_cannot_be_saved_leaves_nothing(
    camera: CameraOnCable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with open_source("tether:0") as source:
        frames = iter(source)
        next(frames)
        monkeypatch.setattr(os, "replace", full)
        source.trigger(tmp_path)
        reasons = statuses(source, frames)
    assert any(reason.startswith(f"the picture was not saved in {tmp_path}") for reason in reasons)
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_a_camera_that_is_taken_by_another_program_is_refused_at_the_start(camera: CameraOnCable) -> None:
    camera.fails["init"] = gphoto2.GP_ERROR_IO_USB_CLAIM
    with pytest.raises(SourceError, match="tether:0: another program uses the camera; close it"):
        open_source("tether:0")
