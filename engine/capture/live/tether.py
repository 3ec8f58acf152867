"""Still cameras on a USB cable, through libgphoto2: live view, settings, and the shutter.

`tether:` or `tether:0` is the first camera, `tether:1` the second. `tether:disk:FOLDER` is a card or a camera's memory
that is mounted as a folder: libgphoto2 shows it as a camera without live view. `gphoto:` is another word for `tether:`.
"""

from __future__ import annotations

import contextlib
import io
import queue
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from ...controls import Choice, Control
from ...errors import GroundglassError, MissingExtraError, SourceError, cause
from ...files import whole_file
from ...formats.picture_read import PICTURE_SUFFIXES, read_picture
from ...formats.raw import RAW_SUFFIXES, read_raw
from ...frame import Encoding, Frame
from ..kinds import ConnectedCamera, Request
from .retry import LiveSource

SHOW_S = 4.0  # a taken picture stays before live view continues; also the time of a reason why it was not taken
POLL_S = 0.5  # a camera without live view is asked for new pictures at this interval
SECOND_FILE_MS = 1500  # a camera that writes two files delivers the second within this time
LIVE_FPS = 30.0  # a nominal rate: cameras deliver 10 to 60 pictures a second, and do not report it
# (name and title of our control, names of the setting in different makers' cameras)
SETTINGS = (
    ("camera_iso", "ISO", ("iso",)),
    ("camera_aperture", "Camera aperture", ("aperture", "f-number")),
    ("camera_shutter", "Shutter", ("shutterspeed", "shutterspeed2")),
    ("camera_white_balance", "Camera white balance", ("whitebalance",)),
)
# By libgphoto2's error codes (gphoto2-result.h).
REASONS = {
    -53: "another program uses the camera; close it (a Linux desktop mounts cameras: gio mount -s gphoto2)",
    -60: "the camera is locked by another program; close it",
    -110: "the camera is busy",
    -115: "the memory card is full; delete pictures or change the card",
    -52: "is not connected; plug it in and switch it on",
    -105: "is not connected; plug it in and switch it on",
    -7: "does not answer; wake it up, or unplug it and plug it in again",
    -10: "does not answer; wake it up, or unplug it and plug it in again",
    -34: "does not answer; wake it up, or unplug it and plug it in again",
    -35: "does not answer; wake it up, or unplug it and plug it in again",
}


def import_gphoto2() -> Any:
    """The gphoto2 module; MissingExtraError if it is not installed."""
    try:
        import gphoto2
    except ImportError as error:
        raise MissingExtraError("tether", "gphoto2", "tether") from error
    return gphoto2


def open_source(name: str, request: Request) -> Tether:
    """The camera of a name: `tether:`, `tether:1`, `tether:disk:FOLDER`. Raises SourceError."""
    return Tether(name)


def list_cameras() -> Iterable[ConnectedCamera]:
    """The cameras on USB. None is opened: their abilities are those of their model."""
    gp = import_gphoto2()
    abilities = gp.CameraAbilitiesList()
    abilities.load()
    for number, (model, _) in enumerate(gp.Camera.autodetect().items()):
        operations = abilities.get_abilities(abilities.lookup_model(model)).operations
        able = {
            "live view": gp.GP_OPERATION_CAPTURE_PREVIEW,
            "the key S takes a picture": gp.GP_OPERATION_CAPTURE_IMAGE,
            "settings": gp.GP_OPERATION_CONFIG,
        }
        yield ConnectedCamera(f"tether:{number}", model, tuple(word for word, bit in able.items() if operations & bit))


class Tether(LiveSource):
    """The live view of a camera, or without live view its newest picture. The source's thread alone uses the camera.

    `trigger` takes a picture, saves it and shows it for `SHOW_S` seconds.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._gp = import_gphoto2()
        self._address = name.partition(":")[2]
        self._camera: Any = None
        self._requests: queue.SimpleQueue[Callable[[], Frame | None]] = queue.SimpleQueue()
        self._settings: dict[str, tuple[str, str, tuple[str, ...]]] = {}  # control -> setting, value, choices
        self._index, self._opened_s = -1, time.perf_counter()
        self._connect()

    def controls(self) -> Iterable[Control]:
        for name, title, _ in SETTINGS:
            if name in self._settings:
                yield Choice(
                    *(name, title, "camera"),
                    choices=self._settings[name][2],
                    get=lambda name=name: self._settings[name][1],  # type: ignore[misc]
                    set=partial(self._request_setting, name),
                )

    def trigger(self, folder: Path) -> bool:
        self._requests.put(partial(self._shoot, folder))
        return True

    def _open(self) -> Iterator[Frame]:
        gp = self._gp
        try:
            self._camera = self._connected()
            self._camera.init()
            operations = self._camera.get_abilities().operations
            if operations & gp.GP_OPERATION_CONFIG:
                self._read_settings()
            has_live_view = bool(operations & gp.GP_OPERATION_CAPTURE_PREVIEW)
            frames: Iterator[Frame | None] = self._live_view() if has_live_view else self._new_pictures()
            first = next(frames)
            assert first is not None
        except gp.GPhoto2Error as error:
            raise self._error(error) from error
        self.size, self.fps = first.size, LIVE_FPS if has_live_view else None
        return self._guarded(first, frames)

    def _connected(self) -> Any:
        """The camera of the address. Raises SourceError, which lists the connected cameras."""
        gp = self._gp
        camera = gp.Camera()
        if self._address.startswith("disk:"):
            folder = Path(self._address.removeprefix("disk:"))
            if not folder.is_dir():
                raise SourceError(f"{self.name}: {folder} is not a folder; give the folder of a mounted card")
            model, port = "Directory Browse", f"disk:{folder.absolute()}"
        else:
            found = list(gp.Camera.autodetect().items())
            number = int(self._address or 0) if (self._address or "0").isdecimal() else -1
            if not 0 <= number < len(found):
                listed = ", ".join(f"tether:{index} is {model}" for index, (model, _) in enumerate(found))
                raise SourceError(
                    f"{self.name}: no such camera; {listed or 'none is connected: plug one in and switch it on'}"
                )
            model, port = found[number]
        ports = gp.PortInfoList()
        ports.load()
        camera.set_port_info(ports.get_info(ports.lookup_path(port)))
        models = gp.CameraAbilitiesList()
        models.load()
        camera.set_abilities(models.get_abilities(models.lookup_model(model)))
        return camera

    def _release(self) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            with contextlib.suppress(self._gp.GPhoto2Error):  # it is gone already
                camera.exit()

    def _guarded(self, first: Frame, frames: Iterator[Frame | None]) -> Iterator[Frame]:
        """The frames, with the camera's errors as SourceError, and pictures taken in between."""
        yield first
        while not self._stop.is_set():
            try:
                while not self._requests.empty():
                    taken = self._requests.get()()
                    if taken is not None:
                        yield taken
                    if taken is not None or self.status:
                        self._stop.wait(SHOW_S)
                frame = next(frames)
            except self._gp.GPhoto2Error as error:
                raise self._error(error) from error
            if frame is not None:
                yield frame

    def _live_view(self) -> Iterator[Frame]:
        while True:
            file = self._camera.capture_preview()
            captured_s = time.perf_counter()
            try:
                with Image.open(io.BytesIO(memoryview(file.get_data_and_size()))) as picture:
                    pixels = np.asarray(picture.convert("RGB"))
            except (UnidentifiedImageError, OSError):
                continue  # a preview that the camera has not finished
            yield self._numbered(Frame(pixels, Encoding.DISPLAY, captured_s=captured_s))

    def _new_pictures(self) -> Iterator[Frame | None]:
        """The newest picture of the camera, then each new one; None while the camera has no new one."""
        known = set(self._listed("/"))
        readable = [path for path in known if is_readable(path[1])]
        if not readable:
            raise SourceError(f"{self.name}: there is no picture on it yet, and it has no live view; take one")
        first, reason = self._newest(readable)
        if first is None:
            raise SourceError(f"{self.name}: {reason}")
        yield first
        while True:
            added = self._added(known)
            known.update(added)
            frame, reason = self._newest([path for path in added if is_readable(path[1])])
            if reason:
                self.status = f"{self.name}: {reason}"
            yield frame

    def _newest(self, paths: list[tuple[str, str]]) -> tuple[Frame | None, str]:
        """The newest of the pictures that can be shown, or why the newest one cannot."""
        reasons = []
        for path in sorted(paths, key=self._changed_s, reverse=True):
            try:
                return self._download(*path), ""
            except GroundglassError as error:
                reasons.append(f"{path[1]} cannot be shown: {cause(error).rpartition(f'{path[1]}: ')[2]}")
        return None, reasons[0] if reasons else ""

    def _added(self, known: set[tuple[str, str]]) -> list[tuple[str, str]]:
        """The files that the camera reports within `POLL_S`; a camera without reports is listed again."""
        try:
            kind, event = self._camera.wait_for_event(round(1e3 * POLL_S))
            return [(event.folder, event.name)] if kind == self._gp.GP_EVENT_FILE_ADDED else []
        except self._gp.GPhoto2Error as error:
            if error.code != self._gp.GP_ERROR_NOT_SUPPORTED:
                raise
        self._stop.wait(POLL_S)
        self._camera.exit()  # libgphoto2 remembers the files of a camera until then
        self._camera.init()
        return [path for path in self._listed("/") if path not in known]

    def _listed(self, folder: str) -> Iterator[tuple[str, str]]:
        for name, _ in self._camera.folder_list_files(folder).items():
            yield folder, name
        for name, _ in self._camera.folder_list_folders(folder).items():
            yield from self._listed(f"{folder.rstrip('/')}/{name}")

    def _changed_s(self, path: tuple[str, str]) -> tuple[int, str]:
        return self._camera.file_get_info(*path).file.mtime, path[1]

    def _download(self, folder: str, name: str) -> Frame:
        """The frame of a file of the camera."""
        with TemporaryDirectory(prefix="groundglass-", ignore_cleanup_errors=True) as into:
            return self._numbered(read_file(self._save(folder, name, Path(into))))

    def _save(self, folder: str, name: str, into: Path) -> Path:
        """Downloads a file of the camera, whole or not at all. It never replaces another file."""
        path, number = into / name, 1
        while path.exists():
            path, number = into / f"{Path(name).stem}-{number}{Path(name).suffix}", number + 1
        with whole_file(path) as part:
            self._camera.file_get(folder, name, self._gp.GP_FILE_TYPE_NORMAL).save(str(part))
        return path

    def _shoot(self, folder: Path) -> Frame | None:
        """Takes a picture, saves its files in `folder`, and returns the raw one. A failure becomes the status."""
        gp = self._gp
        try:
            taken = self._camera.capture(gp.GP_CAPTURE_IMAGE)
            paths = [(taken.folder, taken.name)]
            while True:
                kind, event = self._camera.wait_for_event(SECOND_FILE_MS)
                if kind != gp.GP_EVENT_FILE_ADDED:
                    break
                paths.append((event.folder, event.name))
            saved = [self._save(*path, folder) for path in dict.fromkeys(paths)]
        except gp.GPhoto2Error as error:
            if error.code in (-7, -10, -34, -35, -52, -105):  # the camera is gone
                raise
            self.status = f"the picture was not taken: {REASONS.get(error.code, cause(error))}"
            return None
        except OSError as error:
            self.status = f"the picture was not saved in {folder}: {error.strerror}; it is on the camera's card"
            return None
        raw = [path for path in saved if path.suffix.lower() not in PICTURE_SUFFIXES]
        try:
            return self._numbered(read_file((raw or saved)[0]))
        except GroundglassError as error:
            self.status = f"the picture was saved, but cannot be shown: {cause(error)}"
            return None

    def _numbered(self, frame: Frame) -> Frame:
        self._index += 1
        return replace(frame, index=self._index, time_s=time.perf_counter() - self._opened_s, name=self.name)

    def _read_settings(self) -> None:
        gp = self._gp
        for name, _, settings in SETTINGS:
            for setting in settings:
                try:
                    widget = self._camera.get_single_config(setting)
                except gp.GPhoto2Error:
                    continue  # another maker's name
                if widget.get_type() in (gp.GP_WIDGET_RADIO, gp.GP_WIDGET_MENU) and not widget.get_readonly():
                    self._settings[name] = setting, widget.get_value(), tuple(widget.get_choices())
                    break

    def _request_setting(self, name: str, value: str) -> None:
        self._requests.put(partial(self._set, name, value))

    def _set(self, name: str, value: str) -> None:
        setting, _, choices = self._settings[name]
        try:
            widget = self._camera.get_single_config(setting)
            widget.set_value(value)
            self._camera.set_single_config(setting, widget)
            self._settings[name] = setting, value, choices
        except self._gp.GPhoto2Error as error:
            self.status = f"{setting} {value} was refused: {REASONS.get(error.code, cause(error))}"

    def _error(self, error: Any) -> SourceError:
        return SourceError(f"{self.name}: {REASONS.get(error.code, cause(error))}")


def is_readable(name: str) -> bool:
    """Whether a file of the camera is a picture: not a video, nor a file of the camera's own."""
    return Path(name).suffix.lower() in RAW_SUFFIXES | PICTURE_SUFFIXES


def read_file(path: Path) -> Frame:
    """The frame of a raw file or a picture. Raises SourceError."""
    is_picture = path.suffix.lower() in PICTURE_SUFFIXES
    return read_picture(path, with_depth=False) if is_picture else read_raw(path)
