"""Raw sequences (Shift+R): every raw frame as a DNG in a folder, as fast as the disk can write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ..controls import Control, Pending, Switch
from ..display.tool import Invalidation, Tool, ToolContext
from ..errors import ControlError, GroundglassError, LostOutputError, OutputError, cause
from ..formats.dng_write import write_dng
from ..frame import Encoding, Frame
from ..look.look import Look
from ..look.look_files import write_look
from .endings import Endings
from .reserved_paths import reserved_path
from .source_metadata import metadata_of
from .worker_queue import WorkerQueue

if TYPE_CHECKING:
    from ..capture.source import Source
    from ..drawn import Drawn

QUEUE = 8  # frames waiting for the disk; 200 MB at 4000x3000
NO_RAW = "a sequence requires raw frames, and this picture has no raw data"


class RawSequenceWriter:
    """Writes `000001.dng`, `000002.dng`, ... into one folder, and the look next to it. `add` never waits."""

    def __init__(self, folder: Path, look: Look) -> None:
        """Creates the folder. Raises OutputError."""
        try:
            folder.mkdir()
        except OSError as error:
            raise OutputError(f"{folder}: cannot be created ({error.strerror}); name another folder") from error
        self.folder, self._look_file = folder, folder.with_suffix(".toml")
        self.written = 0
        self._index: int | None = None  # index of the previous frame
        self._skipped = 0
        self.error: OutputError | None = None
        try:
            write_look(self._look_file, look)
        except OutputError:
            folder.rmdir()
            raise
        self._began = datetime.now()
        self._queue: WorkerQueue[Frame] = WorkerQueue("raw-sequence", QUEUE, self._write)

    @property
    def dropped(self) -> int:
        """Number of frames that the viewer skipped or the disk was too slow for."""
        return self._skipped + self._queue.dropped

    def add(self, frame: Frame) -> None:
        if self._index is not None:
            self._skipped += max(frame.index - self._index - 1, 0)
        self._index = frame.index
        self._queue.add(frame)

    def end(self) -> None:
        """Accepts no more frames. Queued frames are still written."""
        self._queue.end()

    @property
    def is_over(self) -> bool:
        return self._queue.is_over

    def join(self) -> None:
        """Ends, and waits until all frames are written, or until writing has failed: see `error`."""
        self._queue.join()

    def summary(self) -> str:
        """The result of a finished sequence, for a message."""
        dropped = f", {self.dropped} dropped" if self.dropped else ""
        return f"saved {self.folder.name}: {self.written} raw frames{dropped}"

    def _write(self, frames: Iterator[Frame]) -> None:
        metadata, first_s = None, 0.0
        try:
            for frame in frames:
                if metadata is None:
                    metadata, first_s = metadata_of(frame), frame.time_s
                taken = (metadata.taken or self._began) + timedelta(seconds=frame.time_s - first_s)
                write_dng(self.folder / f"{self.written + 1:06d}.dng", frame, replace(metadata, taken=taken))
                self.written += 1
        except GroundglassError as error:
            self._fail(f"{error}")
        except Exception as error:  # an invalid frame; the files before it are complete
            self._fail(f"{self.folder}: raw frame {self.written + 1} cannot be written ({cause(error)})")

    def _fail(self, reason: str) -> None:
        """The files of a sequence without frames are removed."""
        if self.written == 0:
            with suppress(OSError):
                self.folder.rmdir()
                self._look_file.unlink()
        self.error = LostOutputError(f"{reason}; saved {self.written} raw frames before it")


class Sequence(Tool):
    """Saves each drawn frame once, until the key is pressed again."""

    def __init__(self, tool_context: ToolContext, folder: str | Path = ".") -> None:
        self._tool_context, self._folder = tool_context, Path(folder)
        self._frame: Frame | None = None
        self._writer: RawSequenceWriter | None = None
        self._endings = Endings(tool_context.messages)

    def controls(self) -> Iterable[Control]:
        yield Switch(
            "sequence", "Save all raw frames", "keep", "Shift+R", get=lambda: self._writer is not None, set=self._toggle
        )

    def tick(self, now_s: float) -> Invalidation:
        if self._writer is not None and self._writer.is_over:  # the disk is full
            self._endings.lost = str(self._writer.error or "")
            self._end()
        self._endings.report()
        return Invalidation.NOTHING

    @property
    def busy(self) -> bool:
        return bool(self._endings)

    @property
    def has_unsaved(self) -> bool:
        return self._writer is not None or bool(self._endings)

    def on_source(self, source: Source) -> None:
        if self._writer is not None:
            self._tool_context.notify("the source has changed: the raw sequence has ended")
            self._end()

    def on_frame(self, drawn: Drawn) -> None:
        if self._writer is not None and drawn.captured is not self._frame:
            self._writer.add(drawn.captured.owned())  # another thread writes it
        self._frame = drawn.captured

    def finish(self) -> None:
        """Waits until all frames are written."""
        self._end()
        self._endings.finish()

    def _toggle(self, on: bool) -> Pending:
        if not on:
            return self._endings.requested(self._end())
        if self._frame is None:
            raise ControlError("no picture has arrived yet; start the sequence when there is one")
        if self._frame.encoding is not Encoding.MOSAIC:
            raise ControlError(NO_RAW)
        if self._writer is None:
            self._endings.lost = ""
            try:
                with reserved_path(self._folder) as folder:
                    self._writer = RawSequenceWriter(folder, self._tool_context.settings.now.look)
            except OutputError as error:
                self._tool_context.messages.report_loss(str(error))
                raise
            self._tool_context.notify(f"saving raw frames in {self._writer.folder.name}")
        return None

    def _end(self) -> Future[str] | None:
        """Ends the sequence. The result arrives when all files are whole; None if there is no sequence."""
        writer = self._writer
        if writer is None:
            return None
        writer.end()
        ended = self._endings.add(writer)  # first: another thread asks `has_unsaved`
        self._writer = None
        return ended
