"""Watches files for changes, in its own thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread

STEP_MS = 10  # quiet time before a change is reported: editors write a file within this time
MAX_DELAY_MS = 50  # maximum delay of a report
READY_MS = 100  # time after which the watch is surely active


@dataclass(frozen=True, slots=True)
class WatchedPaths:
    """Paths of files, and folders with the suffixes of their watched files; all paths are absolute."""

    files: frozenset[Path]
    folders: Mapping[Path, tuple[str, ...]]

    def has(self, path: Path) -> bool:
        return path in self.files or (
            path.name.endswith(self.folders.get(path.parent, ())) and not path.name.startswith(".")
        )

    def to_watch(self) -> list[Path]:
        """The folders to watch. A watched file would be lost when an editor replaces it by a renamed file."""
        folders = {*self.folders, *(file.parent for file in self.files)}
        return sorted(folder for folder in folders if folder.is_dir())


class Watch:
    """Watches files; `wake` is called from its thread when a file was saved. The creator closes it.

    Changes before the watch became active are not reported: `poll` returns True once, when all files must be compared.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._followed: WatchedPaths | None = None
        self._events: SimpleQueue[Path | str | None] = SimpleQueue()
        self._stop = Event()
        self._threads: list[Thread] = []

    def follow(self, followed: WatchedPaths) -> None:
        """Replaces the watched paths, and returns at once: looks are changed while the picture moves."""
        before, self._followed = self._followed, followed
        if before is not None and before.to_watch() == followed.to_watch():
            for file in followed.files - before.files:
                self._events.put(file)  # it may have changed since it was read
            return
        self._stop.set()
        self._stop = Event()
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = Thread(target=self._run, args=(followed, self._stop), name="groundglass-watch", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _has(self, path: Path) -> bool:
        return self._followed is not None and self._followed.has(path)

    def poll(self) -> tuple[set[Path], bool, str]:
        """Files saved since the last call, whether all files must be compared, and the error that ended the watch."""
        saved: set[Path] = set()
        is_new, failure = False, ""
        with suppress(Empty):
            while True:
                match self._events.get_nowait():
                    case None:
                        is_new = True
                    case str(reason):
                        failure = reason
                    case path:
                        saved.add(path)
        return saved, is_new, failure

    def close(self) -> None:
        """Ends the threads; closing twice is harmless."""
        self._stop.set()
        while self._threads:
            self._threads.pop().join()

    def _run(self, followed: WatchedPaths, stop: Event) -> None:
        is_first = True
        try:
            import watchfiles

            changes = watchfiles.watch(
                *followed.to_watch(),
                watch_filter=lambda _, path: self._has(Path(path)),
                debounce=MAX_DELAY_MS,
                step=STEP_MS,
                stop_event=stop,
                rust_timeout=READY_MS,
                yield_on_timeout=True,
                raise_interrupt=False,
                recursive=False,
            )
            for saved in changes:
                for _, path in saved:
                    self._events.put(Path(path))
                if is_first:
                    self._events.put(None)
                if saved or is_first:
                    self._wake()
                is_first = False
        except Exception as error:  # every error of the system ends the thread, and must be reported
            self._events.put(f"cannot watch files ({' '.join(str(error).split())}); save and start again")
            self._wake()
