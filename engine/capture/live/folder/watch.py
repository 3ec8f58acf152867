"""Growing folders: the newest picture of a folder into which another program writes."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from ....errors import GroundglassError, SourceError
from ....formats.libraw_errors import quiet_libraw
from ....formats.picture_read import PICTURE_SUFFIXES
from ....formats.raw import RAW_SUFFIXES
from ....frame import Frame
from ...base import BaseSource
from ...kinds import Request
from ...sequence import HEADERLESS_SUFFIXES, frame_reader, read_checked
from ...source import Timing
from .arrivals import Arrivals, FileState, list_files

PREFIX = "watch:"
TICK_MS = 250  # maximum delay of a file that is not whole when the system reports it
STEP_MS, DEBOUNCE_MS = 50, 100
RESCAN_S = 1.0  # interval of the comparison of all files, for network folders that report nothing
RESCAN_SHARE = 0.01  # maximum share of the time, in a folder of many files
SIZE_WITHOUT_PICTURE = (1500, 1000)  # the window's, until the first picture arrives
_OPTIONS = re.compile(r"\?subfolders=([01])$")


class WatchSource(BaseSource):
    """The newest picture of `folder`, and each later one when it is whole: raw files, pictures, headerless mosaics.

    The newest wins if several arrive. Of a raw file and a JPEG with the same name the raw file is shown. A picture may
    have any size; `size` is that of the latest. A deleted file keeps its picture. Raises SourceError if the folder
    does not exist.
    """

    timing = Timing.LIVE

    def __init__(self, name: str, request: Request) -> None:
        options = _OPTIONS.search(name)
        self.name = name
        self._subfolders = options is not None and options[1] == "1"
        self._folder = Path(name.removeprefix(PREFIX)[: None if options is None else -len(options[0])])
        self._layout = request.layout
        self._suffixes = RAW_SUFFIXES | PICTURE_SUFFIXES if self._layout is None else HEADERLESS_SUFFIXES
        self._stop = threading.Event()
        self._arrivals = Arrivals()
        self._scanned_s, self._scan_s = 0.0, 0.0  # the end of the last comparison, and how long it took
        self._began_s = perf_counter()
        self._is_gone = False
        self._first: Frame | None = None
        self.size = SIZE_WITHOUT_PICTURE if self._layout is None else (self._layout.width, self._layout.height)
        if not self._folder.is_dir():
            folder, mark, option = str(self._folder).rpartition("?")
            if mark and Path(folder).is_dir():
                raise SourceError(f"{name}: unknown option '{option}'; use ?subfolders=1")
            raise SourceError(f"{name}: {self._folder} is not a folder; name the folder that receives the pictures")
        try:
            found = self._list()
        except OSError as error:
            raise SourceError(f"{name}: cannot be listed ({error.strerror}); check its permissions") from error
        with quiet_libraw(self._folder):
            self._open_newest(found)

    def __iter__(self) -> Iterator[Frame]:
        for index, frame in enumerate(self._pictures()):
            self.size, self.status = frame.size, ""
            yield replace(frame, index=index, time_s=perf_counter() - self._began_s)

    def interrupt(self) -> None:
        self._stop.set()

    def close(self) -> None:
        self._stop.set()

    def _pictures(self) -> Iterator[Frame]:
        if self._first is not None and not self._stop.is_set():
            first, self._first = self._first, None
            yield first
        for is_reported in self._ticks():
            if self._stop.is_set():
                return
            waited_s = perf_counter() - self._scanned_s
            if is_reported or self._arrivals.has_pending or waited_s >= max(RESCAN_S, self._scan_s / RESCAN_SHARE):
                frame = self._newest()
                if frame is not None:
                    yield frame

    def _ticks(self) -> Iterator[bool]:
        """Whether the system reported a change, each time it does, else a few times a second; until `interrupt`."""
        import watchfiles

        while not self._stop.is_set():
            identity = self._identity()
            try:
                if identity is None:
                    raise FileNotFoundError
                yield True  # changes before the watch is active are not reported
                for changes in watchfiles.watch(
                    self._folder,
                    watch_filter=None,
                    debounce=DEBOUNCE_MS,
                    step=STEP_MS,
                    stop_event=self._stop,
                    rust_timeout=TICK_MS,
                    yield_on_timeout=True,
                    recursive=self._subfolders,
                    ignore_permission_denied=True,
                ):
                    yield bool(changes)
                    if self._identity() != identity:
                        break
            except (OSError, RuntimeError):  # it is gone, or the system has no watch left: compared regularly
                yield False
                self._stop.wait(TICK_MS / 1000)

    def _identity(self) -> tuple[int, int] | None:
        """Which folder has the name now; None if it is gone."""
        try:
            status = os.stat(self._folder)
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _list(self) -> dict[Path, FileState]:
        began_s = perf_counter()
        found = list_files(self._folder, self._suffixes, subfolders=self._subfolders)
        self._scanned_s = perf_counter()
        self._scan_s = self._scanned_s - began_s
        return found

    def _open_newest(self, found: dict[Path, FileState]) -> None:
        """Reads the newest picture that is whole. The others are not new."""
        now_s = perf_counter()
        self._arrivals.ready(found, now_s)
        for path in self._arrivals.ready(found, now_s + 1e6):
            if self._first is None:
                self._first = self._read(path, now_s)
            if self._first is not None:
                self._arrivals.pass_over(path, found[path])
        if self._first is not None:
            self.size = self._first.size
        else:
            self.status = f"{self.name}: no picture has arrived yet"

    def _newest(self) -> Frame | None:
        """The newest of the new pictures that are whole, None without one. Older ones are passed over."""
        try:
            found = self._list()
        except OSError as error:
            self._is_gone = True
            self.status = f"{self.name}: the folder cannot be listed ({error.strerror}); waiting until it returns"
            return None
        if self._is_gone:
            self._is_gone, self.status = False, ""
        frame: Frame | None = None
        for path in self._arrivals.ready(found, perf_counter()):
            if frame is None:
                frame = self._read(path, perf_counter())
                if frame is None:
                    continue
            self._arrivals.pass_over(path, found[path])
        return frame

    def _read(self, path: Path, now_s: float) -> Frame | None:
        """The picture of a file; None if it cannot be read. If it stays so, this is the status."""
        try:
            frame = read_checked(path, frame_reader(path, self._layout))
        except GroundglassError as error:
            if not self._arrivals.postpone(path, now_s):
                self.status = str(error)
            return None
        return frame


def open_source(name: str, request: Request) -> WatchSource:
    """`watch:FOLDER`, or `watch:FOLDER?subfolders=1`."""
    return WatchSource(name, request)
