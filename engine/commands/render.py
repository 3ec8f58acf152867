"""`groundglass render`: writes a source to files at full resolution."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ..batch.doubts import doubts_of
from ..batch.focus_puller import FocusPuller
from ..batch.names import NAME, Target, expand, is_pattern, stem_of
from ..batch.plan import is_still
from ..batch.storage import is_remote, local_file, plain
from ..capture.kinds import find_kind
from ..errors import DeviceError, OutputError, SourceError, print_line
from ..optics.focus import FocusPlan
from ..viewfinder.opening import compile_ahead
from .options import BatchOptions, EngineOptions, SourceOptions
from .render_batch import run_render_batch
from .render_hdr import HdrOptions, HdrPlan, check_hdr_output, hdr_frames, hdr_plan
from .start import open_engine, open_input, settings_of, sized_scene

if TYPE_CHECKING:
    from ..capture import Source
    from ..engine import Engine
    from ..frame import Frame
    from ..settings import Settings

    WriteFrame = Callable[[Engine, Settings, Frame, Path], None]

FOLDER_PATTERN = "%04d.png"


def run_render(
    sources: list[str],
    source_options: SourceOptions,
    options: EngineOptions,
    output: str | Path,
    frames: int | None,
    batch: BatchOptions | None = None,
    hdr: HdrOptions | None = None,
) -> None:
    """Write the sources to `output`: files and folders as a batch; one picture, a live source and a video at once."""
    batch, output = batch or BatchOptions(), plain(str(output))
    if "" in sources:
        raise SourceError("SOURCE is empty; name a file, a folder or a camera")
    alone = plain(sources[0]) if len(sources) == 1 and not is_pattern(sources[0]) else None
    is_live = alone is not None and is_live_source(alone)
    check_applies(sources, options, batch)
    if is_live and batch != BatchOptions():
        option = "--each" if batch.each else "--workers" if batch.cluster is None else "--cluster"
        raise SourceError(f"{alone}: {option} renders files and folders; leave it out")
    plan = hdr_plan(Path(output), options, hdr or HdrOptions())
    is_video = plan is not None and plan.is_video
    if is_video and (alone is None or batch != BatchOptions()):
        raise OutputError(
            f"{output}: a video is written from one folder or video; name one SOURCE, and leave out --each, --workers "
            "and --cluster"
        )
    is_clip = alone is not None and not is_live and not batch.each and not is_still(alone, source_options.raw_format)
    target = Target.parse(output, numbered=is_clip)
    is_file = target.is_single and not is_remote(target.root) and batch.cluster is None
    if alone is not None and (is_live or is_file or is_video):
        if is_remote(target.root):
            raise OutputError(f"{output}: videos and frames of a live source are written to folders of this computer")
        if is_live and NAME in output:
            raise OutputError(f"{output}: {NAME} is the name of a file, which {alone} does not have; name the output")
        file = Path(output.replace(NAME, stem_of(alone)))
        with local_file(alone) as path:
            check_sources_stay(path, file)
            render_source(alone if is_live else str(path), source_options, options, file, frames, plan)
        return
    inputs = expand(sources, target.root, each=batch.each)
    if plan is not None:
        options = plan.engine_options(options)
    run_render_batch(inputs, target, source_options, options, batch, frames, None if plan is None else plan.kind)


def check_applies(sources: list[str], options: EngineOptions, batch: BatchOptions) -> None:
    """Raises a GroundglassError for options that would change nothing."""
    from ..batch.cluster import LOCAL

    if batch.cluster not in (None, LOCAL) and batch.workers != BatchOptions().workers:
        raise DeviceError(f"--cluster {batch.cluster}: it has its own workers; leave out --workers")
    kept = next((source for source in sources if sized_scene(source, options.size) == source), None)
    if options.size is not None and kept is not None:
        raise SourceError(f"{kept}: has its own size; --size is the size of scene: alone; leave it out")


def is_live_source(source: str) -> bool:
    """Whether frames arrive that cannot be read again: a camera, a stream, a pipe; also those of `scene:`."""
    if is_remote(source):
        return False
    path = Path(source)
    return (
        source == "-" or find_kind(source) is not None or (path.exists() and not path.is_file() and not path.is_dir())
    )


def check_sources_stay(source: Path, output: Path) -> None:
    """Raises OutputError if an output is an input: the source, or a frame in its folder."""
    target = numbered(output) or output
    name = re.compile(re.sub(r"%(0\d)?d", r"\\d+", re.escape(target.name)))
    folder, path = os.path.realpath(target.parent), os.path.realpath(target)
    for each in source.iterdir() if source.is_dir() else [source]:
        is_numbered = name.fullmatch(each.name) and os.path.realpath(each.parent) == folder
        if is_numbered or os.path.realpath(each) == path:
            raise OutputError(f"{each}: would be overwritten; name another folder with -o")


def render_source(
    source: str,
    source_options: SourceOptions,
    options: EngineOptions,
    output: Path,
    frames: int | None,
    plan: HdrPlan | None = None,
) -> None:
    """Write `frames` frames of `source` (None: all) to `output`, with a progress bar on standard error."""
    from ..tools.focus import zone_text

    if plan is not None:
        options = plan.engine_options(options)
    with open_input(source, source_options, options.size) as opened:
        is_video = plan is not None and plan.is_video
        pattern = None if is_video else numbered(output)
        count = frames_to_write(opened, output, is_video or pattern is not None, frames)
        check_output(output if pattern is None else path_of(pattern, 1), plan)
        settings = settings_of(options)
        with open_engine(options, source_options) as engine:
            compile_ahead(engine, opened, settings)
            writer = None if plan is None else hdr_frames(engine, plan, opened.fps)
            write_frames(engine, settings, opened, pattern or output, count, options.focus_plan, writer)
            if options.zone_focus is not None:
                print(f"groundglass: {zone_text(options.zone_focus, settings.lens, opened.size[0] / opened.size[1])}")


def numbered(output: Path) -> Path | None:
    """The pattern of numbered files if `output` has a %d in its name or is a folder; None for a single file."""
    if output.is_dir() or not output.suffix:
        return output / FOLDER_PATTERN
    if "%" not in output.name:
        return None
    if re.fullmatch(r"[^%]*%(0\d)?d[^%]*", output.name) is None:
        raise OutputError(f"{output}: a numbered name must have one %d or %04d; try {output.parent / FOLDER_PATTERN}")
    return output


def path_of(pattern: Path, number: int) -> Path:
    return pattern.with_name(pattern.name % number)


def frames_to_write(source: Source, output: Path, many: bool, wanted: int | None) -> int | None:
    """The number of frames to write; None for all frames of a source of unknown length."""
    if not many:
        if (wanted or 1) > 1 or (wanted is None and (source.frames or 1) > 1):
            frame_count = wanted or source.frames
            example = output.with_name(f"%04d{output.suffix}")
            raise OutputError(f"{output}: one file for {frame_count} frames; name {example}, or add --frames 1")
        return 1
    if wanted is None and source.frames is None and source.name.startswith("scene:"):
        raise OutputError(f"{output}: {source.name} does not end; give the number of frames with --frames")
    return wanted if source.frames is None or (wanted is not None and wanted < source.frames) else source.frames


def check_output(first: Path, plan: HdrPlan | None = None) -> None:
    """Make the folder of numbered files. Raises OutputError before the first frame is rendered."""
    from ..formats.picture_write import check_target

    if not first.parent.exists():
        try:
            first.parent.mkdir()
        except OSError as error:
            raise OutputError(f"{first.parent}: cannot be created ({error.strerror}); name another folder") from error
    if plan is None:
        check_target(first)
    else:
        check_hdr_output(first, plan)


def write_frames(
    engine: Engine,
    settings: Settings,
    source: Source,
    target: Path,
    count: int | None,
    focus_plan: FocusPlan | None = None,
    writer: AbstractContextManager[WriteFrame] | None = None,
) -> None:
    """Write `count` frames by `writer` (None: `write_frame`). A `focus_plan` moves the focus."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    single = "%" not in target.name
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), disable=single and count == 1)
    with bar as progress, writer or nullcontext(write_frame) as write:
        task, number = progress.add_task("frames", total=count), 0
        focus_puller = FocusPuller(engine, focus_plan)
        for number, frame in enumerate(islice(source, count), start=1):
            path = target if single else path_of(target, number)
            settings = focus_puller.pull(settings, frame, is_first=number == 1)
            write(engine, settings, frame, path)
            if number == 1:
                for doubt in doubts_of(settings, frame, focus_puller):
                    print_line(doubt)
            frame.release()
            progress.advance(task)
    if number == 0:
        raise OutputError(f"{target}: not written, because no frame arrived from {source.name}; check the source")
    frame_count = f", {number} frames" if number > 1 else ""
    written = f"{target}{frame_count}" if single else f"{number} files, the last is {path}"
    print(f"groundglass: wrote {written}")


def write_frame(engine: Engine, settings: Settings, frame: Frame, path: Path) -> None:
    """Write a frame: the picture, with 16 bits in a TIFF; in an EXR the scene-linear light before the look."""
    from ..batch.picture import rendered
    from ..formats.picture_write import save

    save(path, rendered(engine, settings, frame, path), space=settings.output_space)
