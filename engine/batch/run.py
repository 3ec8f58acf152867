"""A batch from its plan to its manifest: only what is not up to date is rendered."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import GroundglassError, LostOutputError, OutputError
from .digest import file_digest, joined_digest, value_digest
from .manifest import Entry, Manifest
from .plan import Plan, make_tasks
from .pool import Workers
from .storage import is_remote, joined, local_file
from .task import Failed, Job, Order, Picture, Result, Written


@dataclass(slots=True)
class Summary:
    """What a batch did: the numbers of pictures, failures in the order of the plan, and notes with their inputs."""

    total: int
    up_to_date: int = 0
    written: int = 0
    failed: list[Failed] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=dict)


class Progress:
    """Receives the progress of a batch; this one ignores it."""

    def check(self, count: int) -> None:
        """Inputs and outputs of `count` pictures are read, to find which of them must be rendered again."""

    def start(self, total: int, up_to_date: int) -> None:
        """`up_to_date` of the `total` pictures need not be rendered."""

    def advance(self, result: Result) -> None:
        """A picture is written, or has failed."""


def settings_digest(job: Job, identity: dict[str, str]) -> str:
    """Of all that determines a picture beside its input. Raises GroundglassError."""
    options: dict[str, Any] = dict(job.source_options)
    for name in ("profile", "depth", "matte"):
        options[name] = _content(options.get(name))
    engine = dict(job.engine_options)
    engine["depth_model"] = _content(engine.get("depth_model"))
    return value_digest([job.settings, options, engine, job.focus_plan, job.hdr, identity])


def _content(value: Any) -> Any:
    """The digest of the files that an option names; another value as it is."""
    if value is None:
        return None
    path = Path(str(value).removeprefix("stereo:").partition("?")[0])
    try:
        if path.is_dir():
            return str(value), [(file.name, file_digest(file)) for file in sorted(path.iterdir()) if file.is_file()]
        return (str(value), file_digest(path)) if path.is_file() else str(value)
    except OSError as error:
        raise OutputError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error


def up_to_date(manifest: Manifest, plan: Plan, settings: str) -> set[str]:
    """The outputs whose input, settings and content are those of the manifest."""

    def check(picture: Picture) -> tuple[bool, bool]:
        """Whether the input is the same, and whether the output is."""
        entry = manifest.entries.get(picture.output, {})
        if entry.get("settings_sha256") != settings or "output_sha256" not in entry:
            return True, False  # it is rendered; the state of the frames after it does not depend on that
        clip = plan.clips.get(picture.output)
        is_same = (clip.sha256 if clip is not None and clip.sha256 else _digest(picture.inputs)) == entry[
            "input_sha256"
        ]
        return is_same, is_same and _digest((joined(manifest.root, picture.output),)) == entry["output_sha256"]

    with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as checking:
        checked = list(checking.map(check, plan.pictures))
    current: set[str] = set()
    changed: set[int] = set()  # clips in which a frame has changed: those after it depend on it
    for picture, (is_same, is_current) in zip(plan.pictures, checked, strict=True):
        clip = plan.clips.get(picture.output)
        if clip is not None and clip.order is not Order.FREE and not is_same:
            changed.add(id(clip))
        if is_current and id(clip) not in changed:
            current.add(picture.output)
    return current


def _digest(names: tuple[str, ...]) -> str:
    try:
        digests = []
        for name in names:
            with local_file(name) as path:
                digests.append(file_digest(path))
        return joined_digest(digests)
    except (OSError, GroundglassError):
        return ""


def run_batch(job: Job, plan: Plan, manifest: Manifest, start: Callable[[int], Workers], progress: Progress) -> Summary:
    """Renders what is not up to date with the workers that `start` opens for a number of pictures.

    Raises LostOutputError if the folder takes no more files, the errors of workers, and KeyboardInterrupt; what was
    written until then is in the journal of the manifest.
    """
    summary = Summary(len(plan.pictures), failed=list(plan.failed))
    pictures = {picture.output: picture for picture in plan.pictures}
    workers = start(len(plan.pictures))
    try:
        settings = settings_digest(job, workers.identity)
        progress.check(sum("output_sha256" in manifest.entries.get(output, {}) for output in pictures))
        current = up_to_date(manifest, plan, settings)
        manifest.describe(settings, workers.identity | {"look": job.settings.look.name, "lens": job.settings.lens.name})
        summary.up_to_date = len(current)
        progress.start(summary.total, summary.up_to_date)
        wanted = [picture.output for picture in plan.pictures if picture.output not in current]
        results = workers.results(make_tasks(plan, wanted, workers.count))
        try:
            _take(results, manifest, settings, pictures, summary, progress)
        except (KeyboardInterrupt, LostOutputError):
            _take_quietly(workers.stop(), manifest, settings, pictures, summary, progress)
            raise
    finally:
        workers.close()
    for failed in plan.failed:
        manifest.add({"output": failed.output, "error": failed.reason})
    manifest.finish([*pictures, *(failed.output for failed in plan.failed)])
    places = {output: place for place, output in enumerate(pictures)}
    summary.failed.sort(key=lambda failed: places.get(failed.output, -1))
    return summary


def _take(
    results: Iterator[Result], manifest: Manifest, settings: str, pictures: dict[str, Picture], summary: Summary,
    progress: Progress,
) -> None:  # fmt: skip
    for result in results:
        if isinstance(result, Failed) and result.is_lost:
            raise LostOutputError(result.reason)
        if isinstance(result, Failed) and result.is_absent:
            summary.total -= 1
            continue
        entry = _entry(pictures[result.output], result, settings)
        manifest.add(entry)
        if isinstance(result, Written):
            summary.written += 1
            if result.note:
                summary.notes.setdefault(result.note, []).append(pictures[result.output].inputs[0])
        else:
            summary.failed.append(result)
        progress.advance(result)


def _take_quietly(results: Iterator[Result], *arguments: Any) -> None:
    """The results of pictures that were begun before the end; what fails now is not reported."""
    try:
        _take((result for result in results if isinstance(result, Written)), *arguments)
    except GroundglassError:
        return


def _entry(picture: Picture, result: Result, settings: str) -> Entry:
    entry: Entry = {"output": picture.output, "input": picture.inputs[0]}
    if picture.frame is not None:
        entry["frame"] = picture.frame
    if isinstance(result, Failed):
        return entry | {"error": result.reason}
    return entry | {
        "input_sha256": result.input_sha256,
        "settings_sha256": settings,
        "output_sha256": result.output_sha256,
    }


def make_root(root: str) -> None:
    """Makes the folder of the outputs. Raises OutputError."""
    if is_remote(root):
        return
    try:
        Path(root).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{root}: cannot be created ({error.strerror}); name another folder") from error
