"""The plan of a batch: its pictures with their inputs and outputs, and the tasks of those that are not up to date."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..capture.content import Content, content_of
from ..capture.kinds import find_kind
from ..capture.open import DEFAULT_SEQUENCE_FPS, mosaic_paths, open_source
from ..capture.rgbd import find_rgbd
from ..capture.sandbox import is_file_source, open_apart
from ..capture.sequence import frame_paths
from ..develop.metering import Metering
from ..errors import GroundglassError, OutputError, SourceError, check_name, check_regular_file
from ..formats.picture_read import PICTURE_SUFFIXES
from ..formats.raw import RAW_SUFFIXES
from ..frame import Encoding, Frame
from .digest import file_digest
from .names import Input, Target, check_inputs_stay, check_outputs, once
from .storage import is_remote, local_file, suffix_of
from .task import Clip, Failed, Job, Order, Picture, Task

if TYPE_CHECKING:
    from ..capture import Source

# A clip with temporal noise reduction is split at the multiples of PART frames, whatever the number of workers: so its
# pictures do not depend on that. RUN_IN frames before each part are developed, but not written. A frame's share of the
# mean falls by a quarter a frame at full strength: means that begin 64 frames apart differ by 1e-5 of the light, and
# their pictures by at most a code of 255 (measured). They never become equal: each frame is rounded.
PART = 480
RUN_IN = 64
MIN_PART = 16  # frames of a part of another clip


@dataclass(slots=True)
class Plan:
    """The pictures in their order; those of a clip have it in `clips`. `failed` are inputs that cannot be opened."""

    pictures: list[Picture] = field(default_factory=list)
    clips: dict[str, Clip] = field(default_factory=dict)  # by output
    failed: list[Failed] = field(default_factory=list)


def open_input(job: Job, path: str | Path) -> Source:
    """A file or a folder as a source. Raises GroundglassError."""
    if job.sandbox and is_file_source(str(path)):
        return open_apart(str(path), **job.source_options)
    return open_source(path, **job.source_options)


def make_plan(job: Job, inputs: list[Input], target: Target, frames: int | None) -> Plan:
    """The plan for the inputs, at most `frames` of each. Raises GroundglassError if the only input cannot be opened, or
    if two pictures have the same output.
    """
    plan = Plan()
    for item in once(inputs) if target.is_named else inputs:
        number = len(plan.pictures) + len(plan.failed) + 1
        try:
            clip = None if is_still(item.source, _given(job).get("raw_format")) else open_clip(job, item.source)
        except GroundglassError as error:
            if len(inputs) == 1:
                raise
            plan.failed.append(Failed(target.output(item.name, number, in_clip=False), str(error)))
            continue
        if clip is None:
            plan.pictures.append(Picture(target.output(item.name, number, in_clip=False), (item.source,)))
        else:
            _add_clip(plan, item, target, clip, frames)
    check_outputs([(picture.output, picture.inputs[0]) for picture in plan.pictures if picture.frame is None])
    _check_clips(plan, job.root)
    check_inputs_stay(job.root, [(picture.output, name) for picture in plan.pictures for name in picture.inputs])
    return plan


def _add_clip(
    plan: Plan, item: Input, target: Target, opened: tuple[Clip, int, list[tuple[str, ...]]], limit: int | None
) -> None:
    clip, count, inputs = opened
    for frame in range(count if limit is None else min(count, limit)):
        number = frame + 1 if target.is_named else len(plan.pictures) + len(plan.failed) + 1
        output = target.output(item.name, number, in_clip=True)
        plan.pictures.append(Picture(output, inputs[frame] if inputs else (item.source,), frame))
        plan.clips[output] = clip


def _check_clips(plan: Plan, root: str) -> None:
    """Raises OutputError if frames have the output of another picture, or would become frames of their clip."""
    seen: dict[str, Picture] = {}
    for picture in plan.pictures:
        other = seen.setdefault(picture.output, picture)
        if other is not picture and (picture.frame is not None or other.frame is not None):
            raise OutputError(
                f"{picture.output}: is the output of {other.inputs[0]} and of {picture.inputs[0]}; number them "
                "(-o out/%04d.png)"
            )
    for clip in {clip.source: clip for clip in plan.clips.values()}.values():
        if clip.encoding is not Encoding.MOSAIC and os.path.realpath(clip.source) == os.path.realpath(root):
            raise OutputError(f"{root}: the outputs would become frames of this clip; name another folder with -o")


def is_still(source: str, raw_format: str | None = None) -> bool:
    """Whether a source is one picture, not a folder and not a video. Raises SourceError if it is not a file either."""
    if is_remote(source):
        if raw_format is not None or suffix_of(source) in PICTURE_SUFFIXES | RAW_SUFFIXES:
            return True
        raise SourceError(f"{source}: only raw files and pictures are read from there; copy a video or a folder here")
    if source == "-" or find_kind(source) is not None:
        raise SourceError(f"{source} is not a file; render it alone, without --workers and --cluster")
    _check_exists(source)
    path = Path(source)
    if path.is_dir():
        return False
    if raw_format is not None or path.suffix.lower() in PICTURE_SUFFIXES | RAW_SUFFIXES:
        return True
    try:
        return content_of(path) is not Content.VIDEO
    except SourceError:
        return True  # the error is reported when it is read


def _check_exists(source: str) -> None:
    """Raises SourceError if there is no such file or folder, or if it may not be read."""
    check_name(source)
    path = Path(source)
    if path.is_dir():
        return
    check_regular_file(path)
    if not path.is_file():
        raise SourceError(f"{source}: no such file or folder; give a path, or a pattern such as 'shoot/*.dng'")


def _given(job: Job) -> dict[str, Any]:
    return {name: value for name, value in job.source_options.items() if value not in (None, False)}


def open_clip(job: Job, source: str) -> tuple[Clip, int, list[tuple[str, ...]]]:
    """The clip, the number of its frames, and the files of each frame; none for a video, which is one file."""
    path = Path(source)
    options = _given(job)
    has_depth = any(name.startswith("depth") for name in options) and options.get("depth") != "none"
    has_depth = has_depth or bool(job.engine_options.get("depth_model"))
    with open_input(job, path) as opened:
        first = next(iter(opened), None)
        count = opened.frames
        if first is None:
            raise SourceError(f"{source}: no frame arrived; check the source")
        if count is None and path.is_file():  # a container without a number of frames
            count = sum(1 for _ in opened)
        order = order_of(job, first, has_depth=has_depth)
        clip = Clip(source, order, opened.size, first.encoding, opened.fps)
    if path.is_file():
        return replace(clip, sha256=file_digest(path)), count or 0, []
    pairs = None if options.get("raw_format") or options.get("layer") else find_rgbd(path)
    if pairs is not None:
        maps: list[tuple[str, ...]] = [(str(file), str(pairs.maps[str(file)])) for file in pairs.colour]
        return clip, len(maps), maps
    files = _frame_files(path, options)
    if not has_depth and first.depth_m is None and first.right is None:
        clip = replace(clip, fps=options.get("fps") or DEFAULT_SEQUENCE_FPS, files=tuple(map(str, files)))
    return clip, len(files), [(str(file),) for file in files]


def _frame_files(folder: Path, options: dict[str, Any]) -> list[Path]:
    """The files of a folder's frames, in their order."""
    inside = options.get("raw_format") if "raw_size" not in options else None
    mosaics = mosaic_paths(folder) if inside is not None else None
    return mosaics if mosaics is not None else frame_paths(folder, headerless="raw_format" in options)


def order_of(job: Job, first: Frame, *, has_depth: bool) -> Order:
    """How the frames of a clip like `first` depend on those before them."""
    development = job.settings.development
    is_mosaic = first.encoding is Encoding.MOSAIC
    if has_depth or first.depth_m is not None or first.right is not None:
        return Order.WHOLE
    if is_mosaic and development.temporal > 0:
        return Order.AVERAGED
    metering = Metering.parse(development.metering)
    is_measured = development.white_balance.strip().lower().startswith(("auto", "grey"))
    is_estimated = is_mosaic and (
        development.aberration == "auto" or (first.profile.noise is None and development.denoise > 0)
    )
    follows = metering is not None and metering.of(first) is not None
    return Order.METERED if follows or is_measured or is_estimated else Order.FREE


def make_tasks(plan: Plan, outputs: Iterable[str], workers: int) -> list[Task]:
    """The tasks for the pictures `outputs`, in the order of the plan. A clip is split for `workers` where that does not
    change its pictures.
    """
    wanted, tasks = set(outputs), list[Task]()
    by_clip: dict[int, list[Picture]] = {}
    clips: dict[int, Clip] = {}
    for picture in plan.pictures:
        if picture.output not in wanted:
            continue
        clip = plan.clips.get(picture.output)
        if clip is None or (clip.order is Order.FREE and clip.files):
            tasks.append(Task(len(tasks), (picture,), clip))
            continue
        clips[id(clip)] = clip
        by_clip.setdefault(id(clip), []).append(picture)
    for key, pictures in by_clip.items():
        for part in _parts(pictures, clips[key].order, workers):
            tasks.append(Task(len(tasks), tuple(part), clips[key]))
    return tasks


def _parts(pictures: list[Picture], order: Order, workers: int) -> list[list[Picture]]:
    if order is Order.AVERAGED:
        return [list(part) for _, part in groupby(pictures, key=lambda picture: (picture.frame or 0) // PART)]
    count = 1 if order is Order.WHOLE else max(min(workers, len(pictures) // MIN_PART), 1)
    size = -(-len(pictures) // count)
    return [pictures[start : start + size] for start in range(0, len(pictures), size)]


def read_still(job: Job, picture: Picture, clip: Clip | None) -> tuple[Frame, str]:
    """The frame of a picture from its own file, and the file's digest. Raises GroundglassError, OSError.

    A file that changes while it is read is read once more.
    """
    with local_file(picture.inputs[0]) as path:
        for _ in range(2):
            before, digest = path.stat(), file_digest(path)
            with open_input(job, path) as opened:
                frame = next(iter(opened)).owned()
            after = path.stat()
            if (before.st_size, before.st_mtime_ns, before.st_ino) == (after.st_size, after.st_mtime_ns, after.st_ino):
                break
        else:
            raise SourceError(f"{path}: changed while it was read; render it again when it is complete")
    if clip is None or picture.frame is None:
        return frame, digest
    if frame.size != clip.size or frame.encoding != clip.encoding:
        raise SourceError(
            f"{picture.inputs[0]}: {frame.width}x{frame.height} {frame.encoding.value} differs from {clip.size[0]}x"
            f"{clip.size[1]} {clip.encoding.value} of the first frame; use one kind and size of frame in a folder"
        )
    time_s = picture.frame / clip.fps if clip.fps else 0.0
    return replace(frame, index=picture.frame, time_s=time_s), digest
