"""The source `genicam:`: cameras of every maker with a GenTL producer, by harvesters."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import numpy as np

from ....errors import MissingExtraError, SourceError, check_regular_file, warnings_kept
from ....interrupts import handlers_kept
from ...kinds import ConnectedCamera, Request
from .features import Features, Spelling, short
from .machine_vision import Grab, VisionSource
from .options import PRODUCER_SUFFIX, VisionOptions

PREFIX = "genicam:"
SEARCHED = "GENICAM_GENTL64_PATH"  # folders of producers, by the GenTL standard
BUFFERS = 8
NANOSECONDS = 1e9
# The binding holds Python's lock while it waits: look for a buffer briefly, then sleep.
POLL_S, LOOK_S = 2e-3, 2e-5
SLEPT = 0.7  # the fraction of the time between two images in which the next is not looked for
IN_USE, DENIED = -1004, -1005  # GC_ERR_RESOURCE_IN_USE, GC_ERR_ACCESS_DENIED of the GenTL standard


def open_source(name: str, request: Request) -> VisionSource:
    """Opens `genicam:0` or `genicam:SERIAL` of the producers in GENICAM_GENTL64_PATH, or `genicam:FILE.cti?camera=0`.

    The options are those of `VisionOptions`. Raises SourceError, or MissingExtraError without harvesters.
    """
    options = VisionOptions.parse(name, request)
    return VisionSource(name, options, _Connector(name, options))


def list_cameras() -> Iterable[ConnectedCamera]:
    """The cameras of the producers in GENICAM_GENTL64_PATH. They are not opened, so that their formats are unknown.

    Raises MissingExtraError without harvesters, SourceError if a producer cannot be loaded.
    """
    library = _Library.load(PREFIX)
    paths = _producers(PREFIX, "", required=False)
    if not paths:
        return
    with _open_producers(library, PREFIX, paths) as harvester:
        for info in harvester.device_info_list:
            names = [_property(library, info, key) for key in ("vendor", "model")]
            yield ConnectedCamera(f"{PREFIX}{_identity(library, info)}", " ".join(filter(None, names)))


class _Library:
    """harvesters and the errors of its GenICam bindings."""

    def __init__(self, core: Any, errors: tuple[type[Exception], ...]) -> None:
        self.core = core
        self.errors = errors

    @classmethod
    def load(cls, name: str) -> _Library:
        try:
            from genicam import genapi, gentl

            with warnings_kept():  # harvesters' would show all warnings of the program, once each
                from harvesters import core
        except ImportError as error:
            raise MissingExtraError(name, "harvesters", "genicam") from error
        logging.getLogger("harvesters.core").setLevel(logging.CRITICAL)  # errors are shown by us, in one line
        return cls(core, (genapi.GenericException, gentl.GenericException, ValueError, OSError, RuntimeError))


def _producers(name: str, producer: str, *, required: bool = True) -> tuple[str, ...]:
    """The paths of the producer, or of those in GENICAM_GENTL64_PATH."""
    if producer:
        check_regular_file(Path(producer))
        if not Path(producer).is_file():
            raise SourceError(
                f"{name}: {producer} is not a file; give the path of a GenTL producer, *{PRODUCER_SUFFIX}"
            )
        return (producer,)
    folders = [Path(folder) for folder in os.environ.get(SEARCHED, "").split(os.pathsep) if folder]
    found = tuple(str(path) for folder in folders for path in sorted(folder.glob(f"*{PRODUCER_SUFFIX}")))
    if not found and required:
        raise SourceError(
            f"{name}: no GenTL producer (*{PRODUCER_SUFFIX}); install the camera maker's, which sets {SEARCHED}, "
            f"or give its path, such as {PREFIX}/path/to/producer{PRODUCER_SUFFIX}"
        )
    return found


_shared: dict[tuple[str, ...], tuple[Any, int]] = {}  # a process may open a producer once: its users, and their number
_sharing = threading.Lock()


def _acquire(library: _Library, name: str, paths: tuple[str, ...]) -> Any:
    with _sharing:
        harvester, users = _shared.get(paths, (None, 0))
        if harvester is None:  # a search would end the cameras that are open
            harvester = _search(library, name, paths)
        _shared[paths] = harvester, users + 1
        return harvester


def _search(library: _Library, name: str, paths: tuple[str, ...]) -> Any:
    """The cameras of these producers. One that cannot be loaded is an error if there is no other."""
    harvester = library.core.Harvester()
    broken: Exception | None = None
    for path in paths:
        try:
            harvester.add_file(path, check_validity=True)
        except library.errors as error:
            broken = error
    try:
        if broken is not None and not harvester.files:
            raise broken
        harvester.update()
    except library.errors as error:
        harvester.reset()
        raise SourceError(f"{name}: {paths[0]} cannot be loaded as a GenTL producer ({short(error)})") from error
    return harvester


def _return(library: _Library, paths: tuple[str, ...]) -> None:
    with _sharing:
        harvester, users = _shared.pop(paths)
        if users > 1:
            _shared[paths] = harvester, users - 1
            return
        with suppress(*library.errors):
            harvester.reset()


@contextmanager
def _open_producers(library: _Library, name: str, paths: tuple[str, ...]) -> Iterator[Any]:
    harvester = _acquire(library, name, paths)
    try:
        yield harvester
    finally:
        _return(library, paths)


def _property(library: _Library, info: Any, key: str) -> str:
    try:
        return str(getattr(info, key) or "")
    except library.errors:  # optional in the GenTL standard
        return ""


def _identity(library: _Library, info: Any) -> str:
    return _property(library, info, "serial_number") or _property(library, info, "id_")


class _Connector:
    """Opens the camera; again the one with the same serial number when it was gone."""

    def __init__(self, name: str, options: VisionOptions) -> None:
        self._name = name
        self._wanted = options.camera
        self._library = _Library.load(name)
        self._paths = _producers(name, options.producer)

    def __call__(self) -> HarvestedCamera:
        library = self._library
        harvester = _acquire(library, self._name, self._paths)
        try:
            info = self._find(harvester.device_info_list)
            # Reading the data that a camera appends to each image costs more than the image.
            config = library.core.ParameterSet({library.core.ParameterKey.ENABLE_AUTO_CHUNK_DATA_UPDATE: False})
            with handlers_kept():  # harvesters' closes the camera at Ctrl-C, and the program continues
                acquirer = harvester.create(info, config=config)
            camera = HarvestedCamera(library, acquirer, self._paths)
        except BaseException as error:
            _return(library, self._paths)
            if isinstance(error, library.errors):
                raise self._refused(error) from error
            raise
        self._wanted = _identity(library, info)
        return camera

    def _refused(self, error: Exception) -> SourceError:
        if any(f"(ID: {code})" in str(error) for code in (IN_USE, DENIED)):
            return SourceError(f"{self._name}: another program uses the camera; close it ({short(error)})")
        return SourceError(f"{self._name}: the camera cannot be opened ({short(error)}); plug it in again")

    def _find(self, infos: Iterable[Any]) -> Any:
        connected = list(infos)
        keys = ("serial_number", "id_", "user_defined_name")
        for info in connected:
            if self._wanted and self._wanted in [_property(self._library, info, key) for key in keys]:
                return info
        wanted = self._wanted or "0"
        if wanted.isdecimal() and len(wanted) < 4 and int(wanted) < len(connected):
            return connected[int(wanted)]
        if not connected:
            raise SourceError(f"{self._name}: no camera is connected to {', '.join(self._paths)}; plug one in")
        names = [f"{_identity(self._library, info)} ({_property(self._library, info, 'model')})" for info in connected]
        raise SourceError(f"{self._name}: no such camera; connected: {', '.join(names)}")


class HarvestedCamera:
    """An open camera of a GenTL producer; see `VisionCamera`. Its buffers are `bytes` of Python, which outlive it."""

    ticks_per_s = NANOSECONDS

    def __init__(self, library: _Library, acquirer: Any, paths: tuple[str, ...]) -> None:
        self._library = library
        self._acquirer = acquirer
        self._paths = paths
        self._lock = threading.Lock()  # other threads return buffers
        self._is_closed = False
        self._arrived_s = self._expected_s = 0.0  # the last image; the next does not come before
        self.failed = 0
        self.features = Features(acquirer.remote_device.node_map.get_node, Spelling.GENAPI, *library.errors)
        on_incomplete = library.core.Callback()
        on_incomplete.emit = lambda context: self._count_failed()
        acquirer.add_callback(acquirer.Events.INCOMPLETE_BUFFER, on_incomplete)

    def start(self) -> None:
        try:
            self._acquirer.num_buffers = max(BUFFERS, self._acquirer.min_num_buffers)
            self._acquirer.timeout_period_on_update_event_data_call = 0
            self._acquirer.start()
        except self._library.errors as error:
            raise SourceError(f"the camera does not start ({short(error)})") from error

    def grab(self, timeout_s: float) -> Grab | None:
        end_s = perf_counter() + timeout_s
        try:
            while (buffer := self._acquirer.try_fetch(timeout=LOOK_S, is_raw=True)) is None:
                now_s = perf_counter()
                if now_s >= end_s:
                    return None
                sleep(max(POLL_S, min(self._expected_s, end_s) - now_s))
            now_s = perf_counter()
            self._expected_s, self._arrived_s = now_s + SLEPT * (now_s - self._arrived_s), now_s
            offset = self._optional(buffer, "image_offset", 0)
            return Grab(
                np.frombuffer(buffer.raw_buffer, np.uint8, offset=offset),
                (int(buffer.width), int(buffer.height)),
                self._optional(buffer, "padding_x", 0),
                self._optional(buffer, "frame_id", 0),
                self._optional(buffer, "timestamp_ns", 0),
                partial(self._give_back, buffer),
            )
        except self._library.errors as error:
            raise SourceError(f"the camera does not answer ({short(error)})") from error

    def close(self) -> None:
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            with suppress(*self._library.errors):
                self._acquirer.destroy()
        _return(self._library, self._paths)

    def _optional(self, buffer: Any, key: str, default: int) -> int:
        """A property of the buffer that is optional in the GenTL standard."""
        try:
            return int(getattr(buffer, key))
        except self._library.errors:
            return default

    def _give_back(self, buffer: Any) -> None:
        with self._lock, suppress(*self._library.errors):
            if not self._is_closed:
                buffer.parent.queue_buffer(buffer)

    def _count_failed(self) -> None:
        self.failed += 1
