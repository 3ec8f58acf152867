"""The work of one process of a batch: reads frames ahead, draws them with one engine, and writes behind."""

from __future__ import annotations

import enum
import tempfile
import threading
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from queue import Queue
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import LostOutputError
from .digest import file_digest, joined_digest
from .doubts import doubts_of
from .focus_puller import FocusPuller
from .names import as_error
from .picture import Pictures
from .plan import PART, RUN_IN, open_input, read_still
from .storage import is_remote, joined, put_file
from .task import Clip, Failed, Job, Order, Picture, Result, Task, Written

if TYPE_CHECKING:
    from ..engine import Engine
    from ..frame import Frame


class Use(enum.Enum):
    """What is done with a frame."""

    WRITE = "write"
    DEVELOP = "develop"  # for the frames after it
    METER = "meter"
    FAIL = "fail"  # it cannot be read


class Step(NamedTuple):
    """A frame on its way; `is_first` if it remembers no frame before. The last step of a task has no frame."""

    task: Task
    use: Use
    picture: Picture | None = None
    frame: Frame | None = None
    is_first: bool = False
    input_sha256: str = ""
    reason: str = ""
    note: str = ""
    is_end: bool = False


class Notes(StringIO):
    """Collects what is printed on standard error while a frame is read."""

    def take(self) -> str:
        text = self.getvalue()
        self.seek(0)
        self.truncate()
        return text.strip()


def steps(job: Job, task: Task) -> Iterator[Step]:
    """The frames that a task needs, in order."""
    clip = task.clip
    if clip is None or (clip.order is Order.FREE and clip.files):
        for picture in task.pictures:
            yield _still_step(job, task, picture, clip, is_first=True)
        return
    wanted = {picture.frame: picture for picture in task.pictures if picture.frame is not None}
    frames = _frames_of_files(job, task, clip, wanted) if clip.files else _frames_of_source(job, task, clip, wanted)
    yield from frames


def use_of(frame: int, wanted: dict[int, Picture], clip: Clip) -> Use | None:
    """What a task does with a frame of a clip; None: it need not be read."""
    if frame in wanted:
        return Use.WRITE
    averaged_from = min(wanted) // PART * PART - RUN_IN
    if clip.order is Order.WHOLE or (clip.order is Order.AVERAGED and frame >= averaged_from):
        return Use.DEVELOP
    if clip.order is Order.FREE:
        return None
    return Use.DEVELOP if frame == 0 else Use.METER  # values of the first frame are kept


def _still_step(job: Job, task: Task, picture: Picture, clip: Clip | None, *, is_first: bool) -> Step:
    try:
        frame, digest = read_still(job, picture, clip)
    except Exception as error:  # also of a library, for a file that it does not expect
        return Step(task, Use.FAIL, picture, reason=as_error(error))
    return Step(task, Use.WRITE, picture, frame, is_first, digest)


def _frames_of_files(job: Job, task: Task, clip: Clip, wanted: dict[int, Picture]) -> Iterator[Step]:
    is_first = True
    for number in range(max(wanted) + 1):
        use = use_of(number, wanted, clip)
        if number in task.skipped or use is None:
            continue
        picture = wanted.get(number) or Picture("", (clip.files[number],), number)
        step = _still_step(job, task, picture, clip, is_first=is_first)
        if step.use is Use.WRITE:
            is_first = False
            yield step._replace(use=use)
        elif use is Use.WRITE:
            yield step


def _frames_of_source(job: Job, task: Task, clip: Clip, wanted: dict[int, Picture]) -> Iterator[Step]:
    """Frames that are read one after the other: of a video, or with depth."""
    left, is_first = dict(wanted), True
    try:
        with open_input(job, clip.source) as opened:
            for frame in opened:
                use = use_of(frame.index, wanted, clip)
                picture = left.pop(frame.index, None)
                if use is not None and frame.index not in task.skipped:
                    digest = clip.sha256 if picture is None else clip.sha256 or _digest_of(picture)
                    yield Step(task, use, picture, frame.owned(), is_first, digest)
                    is_first = False
                frame.release()
                if not left:
                    return
            reason = ""
    except Exception as error:  # also of a library
        reason = as_error(error)
    for picture in left.values():
        yield Step(task, Use.FAIL, picture, reason=reason)


def _digest_of(picture: Picture) -> str:
    return joined_digest([file_digest(path) for path in picture.inputs])


class Pipeline:
    """Renders tasks, in the order in which they are added, and calls `report(task number, result)` for each picture and
    `report(task number, None)` at the end of a task, from its thread that writes.

    At most two frames are read ahead, and two pictures wait to be written. What is printed into `notes` while a frame
    is read becomes the note of its picture.
    """

    def __init__(
        self, job: Job, engine: Engine, report: Callable[[int, Result | None], None], notes: Notes | None = None
    ) -> None:
        self._job, self._engine, self._report = job, engine, report
        self._pictures, self._focus_puller = Pictures(engine, job.hdr), FocusPuller(engine, job.focus_plan)
        self._tasks: Queue[Task | None] = Queue()
        self._read: Queue[Step | None] = Queue(1)
        self._drawn: Queue[tuple[Step, Any] | None] = Queue(1)
        self._quiet = threading.Semaphore(0)  # a careful task reads a frame when the picture before it is written
        self._stops = threading.Event()
        self._notes = notes or Notes()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._read_all, self._write_all)]

    def add(self, task: Task) -> None:
        self._tasks.put(task)

    def stop(self) -> None:
        """Ends `run` after the frames that have been read."""
        self._stops.set()
        self._tasks.put(None)

    def run(self) -> None:
        """Draws, in this thread, until the end."""
        for thread in self._threads:
            thread.start()
        while (step := self._read.get()) is not None:
            self._drawn.put((step, None) if step.is_end else self._draw(step))
            del step
        self._drawn.put(None)
        self._threads[1].join()
        self._pictures.release()

    def _read_all(self) -> None:
        while (task := self._tasks.get()) is not None and not self._stops.is_set():
            for step in steps(self._job, task):
                self._read.put(step._replace(note=self._notes.take()))
                if task.careful:
                    self._quiet.acquire()
                if self._stops.is_set():
                    break
            else:
                self._read.put(Step(task, Use.METER, is_end=True))
        self._read.put(None)

    def _draw(self, step: Step) -> tuple[Step, Any]:
        """The step, and the pixels of its picture, an error, or None for a frame that is not written."""
        frame, engine, puller = step.frame, self._engine, self._focus_puller
        if frame is None:
            return step, None
        try:
            if step.is_first:
                engine.reset(metered=True)
            settings = puller.pull(self._job.settings, frame, is_first=step.is_first)
            if step.use is Use.METER:
                engine.meter(frame, settings)
                return step, None
            if step.use is Use.DEVELOP or step.picture is None:
                engine.scene(frame, settings)
                return step, None
            pixels = self._pictures.pixels(settings, frame, step.picture.output)
            doubts = doubts_of(settings, frame, puller) if step.is_first else []
            return step._replace(note="; ".join(filter(None, (step.note, *doubts)))), pixels
        except Exception as error:  # one picture is lost, the others are rendered
            return step, error

    def _write_all(self) -> None:
        while (item := self._drawn.get()) is not None:
            step, pixels = item
            if step.is_end:
                self._report(step.task.number, None)
                continue
            if step.picture is not None and step.use in (Use.WRITE, Use.FAIL):
                self._report(step.task.number, self._written(step, step.picture, pixels))
            if step.task.careful:
                self._quiet.release()

    def _written(self, step: Step, picture: Picture, pixels: Any) -> Result:
        if step.use is Use.FAIL:
            return Failed(picture.output, step.reason)
        if isinstance(pixels, Exception):
            return Failed(picture.output, f"{picture.inputs[0]}: {as_error(pixels)}")
        try:
            digest = self._save(picture.output, pixels)
        except Exception as error:
            return Failed(picture.output, as_error(error), is_lost=isinstance(error, LostOutputError))
        return Written(picture.output, step.input_sha256, digest, step.note)

    def _save(self, output: str, pixels: Any) -> str:
        """Writes a picture. Returns its digest."""
        settings, address = self._job.settings, joined(self._job.root, output)
        if not is_remote(address):
            path = Path(address)
            self._pictures.write(path, pixels, settings)
            return file_digest(path)
        with tempfile.TemporaryDirectory(prefix="groundglass-") as folder:
            path = Path(folder) / Path(output).name
            self._pictures.write(path, pixels, settings)
            put_file(path, address)
            return file_digest(path)
