"""The work of a batch: pictures, tasks of pictures, and their results. All of it is pickled."""

from __future__ import annotations

import enum
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ..frame import Encoding
    from ..look.hdr_files import HdrKind
    from ..optics.focus import FocusPlan
    from ..settings import Settings


@dataclass(frozen=True, slots=True)
class Job:
    """The settings that all pictures of a batch share.

    `source_options` are those of `open_source`, `engine_options` those of `Engine`. A `focus_plan` moves the
    focus. `root` is the folder of the outputs, a path or an address. `sandbox` decodes files apart. With `hdr`, the
    pictures are HDR files of this kind. Relative paths start from `folder`, also on other computers.
    """

    settings: Settings
    root: str
    source_options: Mapping[str, Any] = field(default_factory=dict)
    engine_options: Mapping[str, Any] = field(default_factory=dict)
    focus_plan: FocusPlan | None = None
    sandbox: bool = False
    hdr: HdrKind | None = None
    folder: str = field(default_factory=os.getcwd)


class Order(enum.Enum):
    """How the pictures of a clip depend on the frames before them."""

    FREE = "free"
    METERED = "metered"  # measured values follow the frames: exposure, white balance, noise of the first frame
    AVERAGED = "averaged"  # also by temporal noise reduction, which fades with the frames
    WHOLE = "whole"  # on all frames before: depth that is steadied, or that a model estimates


@dataclass(frozen=True, slots=True)
class Clip:
    """A folder of frames, or a video. `files` are the frames of a folder that is read file by file, else empty.

    `size` (width, height) and `encoding` are those of every frame; a folder has the frame rate `fps`.
    """

    source: str
    order: Order
    size: tuple[int, int]
    encoding: Encoding
    fps: float | None
    files: tuple[str, ...] = ()
    sha256: str = ""  # a video's


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to write: `output` is relative to the folder of the outputs, with slashes.

    `inputs` are the files that it is read from. `frame` is its number in a clip, from 0; None for a still.
    """

    output: str
    inputs: tuple[str, ...]
    frame: int | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """Pictures that one worker renders, in order: a still, or a part of a clip.

    The frames `skipped` of a clip are not read. A `careful` task runs alone in its worker and reads nothing ahead, so
    that a crash is that of its first picture without a result.
    """

    number: int
    pictures: tuple[Picture, ...]
    clip: Clip | None = None
    careful: bool = False
    skipped: frozenset[int] = frozenset()


class Written(NamedTuple):
    """A picture was written. `note` is what its reader reported, and why a measured white balance is uncertain."""

    output: str
    input_sha256: str
    output_sha256: str
    note: str = ""


class Failed(NamedTuple):
    """A picture could not be rendered. If `is_lost`, its folder takes no more files: the others would fail, too.

    Without a reason its video has no such frame: containers may give a larger number than can be decoded.
    """

    output: str
    reason: str
    is_lost: bool = False

    @property
    def is_absent(self) -> bool:
        return not self.reason


Result = Written | Failed


def after_crash(task: Task, finished: set[str], reason: str) -> tuple[Task | None, Failed | None]:
    """What remains of a task whose worker crashed, and the picture that it crashed on for the second time, if any."""
    remaining = tuple(picture for picture in task.pictures if picture.output not in finished)
    if not remaining:
        return None, None
    if not task.careful:
        return replace(task, pictures=remaining, careful=True), None
    first, *others = remaining
    skipped = task.skipped if first.frame is None else task.skipped | {first.frame}
    failed = Failed(first.output, f"{first.inputs[0]}: {reason}, twice; check the file with `groundglass info`")
    return (replace(task, pictures=tuple(others), skipped=skipped) if others else None), failed
