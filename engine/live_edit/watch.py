"""Tells which files were saved, from a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread

STEP_MS = 10  # how long nothing more must happen before a change is told: editors write a file within one
MOST_MS = 50  # and how long it is put off at most
READY_MS = 100  # after which it is sure that nothing will be missed


@dataclass(frozen=True, slots=True)
class WatchedPaths:
    """Files by their paths, and folders with the ends of names that count there; all absolute."""

    files: frozenset[Path]
    folders: Mapping[Path, tuple[str, ...]]

    def has(self, path: Path) -> bool:
        return path in self.files or (
            path.name.endswith(self.folders.get(path.parent, ())) and not path.name.startswith(".")
        )

    def to_watch(self) -> list[Path]:
        """Folders alone: an editor that writes another file and renames it would be lost from sight."""
        folders = {*self.folders, *(file.parent for file in self.files)}
        return sorted(folder for folder in folders if folder.is_dir())


class Watch:
    """Follows files; `wake` is called from its thread when one was saved. Its maker closes it.

    What was saved before it began to follow is not told: `is_ready` turns true once, when all has to be looked at.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._followed: WatchedPaths | None = None
        self._is_ready: SimpleQueue[Path | str | None] = SimpleQueue()
        self._stop = Event()
        self._thread: Thread | None = None

    def follow(self, followed: WatchedPaths) -> None:
        """These from now on, and no others."""
        if followed != self._followed:
            self.close()
            self._followed, self._stop = followed, Event()
            self._thread = Thread(target=self._run, args=(followed, self._stop), name="groundglass-watch", daemon=True)
            self._thread.start()

    def poll(self) -> tuple[set[Path], bool, str]:
        """What was saved since the last call, whether all must be looked at once, and why nothing can be followed."""
        saved: set[Path] = set()
        is_new, failure = False, ""
        with suppress(Empty):
            while True:
                match self._is_ready.get_nowait():
                    case None:
                        is_new = True
                    case str(reason):
                        failure = reason
                    case path:
                        saved.add(path)
        return saved, is_new, failure

    def close(self) -> None:
        """Ends the thread; closing twice is harmless."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self, followed: WatchedPaths, stop: Event) -> None:
        is_first = True
        try:
            import watchfiles

            changes = watchfiles.watch(
                *followed.to_watch(),
                watch_filter=lambda _, path: followed.has(Path(path)),
                debounce=MOST_MS,
                step=STEP_MS,
                stop_event=stop,
                rust_timeout=READY_MS,
                yield_on_timeout=True,
                raise_interrupt=False,
                recursive=False,
            )
            for saved in changes:
                for _, path in saved:
                    self._is_ready.put(Path(path))
                if is_first:
                    self._is_ready.put(None)
                if saved or is_first:
                    self._wake()
                is_first = False
        except Exception as error:  # the thread's end must not go unseen, whatever the system has against it
            self._is_ready.put(f"files are not watched ({' '.join(str(error).split())}); save and start again")
            self._wake()
