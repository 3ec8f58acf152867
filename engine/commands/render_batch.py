"""`groundglass render` for many pictures: resumable, in several processes or on a cluster."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import GroundglassError, OutputError, print_line
from .options import BatchOptions, EngineOptions, SourceOptions
from .start import engine_arguments, settings_of, source_arguments

if TYPE_CHECKING:
    from ..batch.names import Input, Target
    from ..batch.plan import Plan
    from ..batch.pool import Workers
    from ..batch.run import Summary
    from ..batch.task import Job
    from ..look.hdr_files import HdrKind

MAX_LINES = 20  # failures and notes that are listed; the manifest has all failures


class LostPicturesError(GroundglassError):
    """Some pictures were not rendered."""

    exit_status = 1


def run_render_batch(
    inputs: list[Input],
    target: Target,
    source_options: SourceOptions,
    options: EngineOptions,
    batch: BatchOptions,
    frames: int | None,
    hdr: HdrKind | None = None,
) -> None:
    """Renders the inputs into the folder of `target`, as HDR files with `hdr`.

    Raises LostPicturesError after all others are rendered.
    """
    from ..batch.manifest import Manifest
    from ..batch.plan import make_plan
    from ..batch.run import make_root, run_batch
    from ..formats.picture_write import is_scene
    from ..look.hdr_files import check_hdr_suffix

    if hdr is None:
        is_scene(target.pattern)
    else:
        check_hdr_suffix(Path(target.pattern))
    if target.is_single and len(inputs) > 1:
        names = [f"{{name}}{target.suffix}", f"%04d{target.suffix}"]
        if hdr is None:  # a folder gets .png
            names.insert(0, "a folder")
        choice = f"{', '.join(names[:-1])} or {names[-1]}"
        raise OutputError(f"{target.root}/{target.pattern}: one file for {len(inputs)} sources; name {choice}")
    job = job_of(source_options, options, target.root, hdr)
    plan = make_plan(job, inputs, target, frames)
    make_root(target.root)
    with Manifest(target.root) as manifest, bar() as progress:
        summary = run_batch(job, plan, manifest, partial(start_workers, job, options.device, batch), progress)
    report(summary, plan, target)


def job_of(source_options: SourceOptions, options: EngineOptions, root: str, hdr: HdrKind | None = None) -> Job:
    from ..batch.task import Job

    return Job(
        settings_of(options),
        root,
        source_arguments(source_options),
        engine_arguments(options, source_options),
        options.focus_plan,
        source_options.sandbox,
        hdr,
    )


def start_workers(job: Job, device: str, batch: BatchOptions, pictures: int) -> Workers:
    """The workers for a number of pictures: on the cluster, or on this computer."""
    from ..batch.cluster import Cluster
    from ..batch.pool import LocalPool, devices_of

    count = max(min(batch.workers, pictures), 1)
    if batch.cluster is not None:
        return Cluster(job, batch.cluster, count, device)
    return LocalPool(job, count, devices_of(device))


def bar() -> Any:
    """The progress on standard error."""
    from .batch_progress import BatchProgress

    return BatchProgress()


def report(summary: Summary, plan: Plan, target: Target) -> None:
    """Prints what was done. Raises LostPicturesError if something failed."""
    _list([_note(note, inputs) for note, inputs in summary.notes.items()], "notes")
    _list([failed.reason for failed in summary.failed], "failures")
    last = plan.pictures[-1].output if plan.pictures else ""
    parts = [f"wrote {_files(summary.written)}"] if summary.written or not summary.up_to_date else []
    verb = ("was" if parts else "is") if summary.up_to_date == 1 else "were" if parts else "are"
    parts += [f"{_files(summary.up_to_date)} {verb} up to date"] if summary.up_to_date else []
    where = f", the last is {target.root}/{last}" if not summary.failed and last else f" in {target.root}"
    print(f"groundglass: {', '.join(parts)}{where}")
    sys.stdout.flush()
    if summary.failed:
        raise LostPicturesError(
            f"{len(summary.failed)} of {summary.total + len(plan.failed)} pictures failed; correct them, and "
            "repeat the command: it renders only what is missing"
        )


def _note(note: str, inputs: list[str]) -> str:
    """A note with its inputs, some of which may have several pictures."""
    others = len(set(inputs)) - 1
    if others > 0:
        return f"{inputs[0]} and {others} more: {note}"
    return f"{inputs[0]}: {note}{f' ({len(inputs)} pictures)' if len(inputs) > 1 else ''}"


def _files(count: int) -> str:
    return f"{count} file" if count == 1 else f"{count} files"


def _list(lines: list[str], name: str) -> None:
    for line in lines[:MAX_LINES]:
        print_line(line)
    if len(lines) > MAX_LINES:
        print_line(f"{len(lines) - MAX_LINES} more {name}")
