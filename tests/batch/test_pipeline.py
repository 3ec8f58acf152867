"""The pipeline of a worker, in this process: pictures do not depend on the order and on how a clip is split."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import groundglass as gg
import numpy as np
import pytest
from batch_files import write_raw_files
from groundglass.batch import pipeline as pipeline_module
from groundglass.batch import plan as plan_module
from groundglass.batch.names import Target, expand
from groundglass.batch.pipeline import Pipeline
from groundglass.batch.plan import Plan, make_plan, make_tasks
from groundglass.batch.run import settings_digest
from groundglass.batch.task import Failed, Job, Order, Picture, Result, Task, Written
from groundglass.colour.cicp import Cicp
from groundglass.commands.render import write_frame
from groundglass.develop.development import Development
from groundglass.errors import OutputError, SourceError
from groundglass.formats.colour_tags import colours_of
from groundglass.look.hdr_files import HdrKind
from PIL import Image

DEVELOPMENT = Development(metering="auto")


@pytest.fixture(scope="module")
def engine() -> Iterator[gg.Engine]:
    with gg.Engine(repeatable=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def raw_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw_files")
    write_raw_files(folder, 6)
    return folder


def job_in(folder: Path, development: Development = DEVELOPMENT) -> Job:
    return Job(gg.Settings(development=development), str(folder))


def run(job: Job, engine: gg.Engine, tasks: list[Task]) -> dict[str, Result]:
    results: list[Result] = []

    def report(number: int, result: Result | None) -> None:
        if result is not None:
            results.append(result)
        elif number == tasks[-1].number:
            pipeline.stop()

    pipeline = Pipeline(job, engine, report)
    for task in tasks:
        pipeline.add(task)
    pipeline.run()
    assert len({result.output for result in results}) == len(results)
    return {result.output: result for result in results}


def planned(job: Job, *sources: str, each: bool = False, numbered: bool = False, frames: int | None = None) -> Plan:
    inputs = expand(list(sources), job.root, each=each)
    return make_plan(job, inputs, Target.parse(job.root, numbered=numbered), frames)


def all_tasks(plan: Plan, workers: int = 1) -> list[Task]:
    return make_tasks(plan, [picture.output for picture in plan.pictures], workers)


def test_pictures_do_not_depend_on_the_pictures_before(raw_files: Path, engine: gg.Engine, tmp_path: Path) -> None:
    job = job_in(tmp_path)
    tasks = all_tasks(planned(job, str(raw_files / "*.dng")))
    forwards = run(job, engine, tasks)
    backwards = run(job, engine, [replace(task, number=10 + task.number) for task in reversed(tasks)])
    assert forwards == backwards
    assert all(isinstance(result, Written) for result in forwards.values())


@pytest.mark.parametrize(
    ("suffix", "kind", "library", "colours"),
    [
        (".jpg", HdrKind("srgb"), "PIL", None),
        (".avif", HdrKind("pq"), "imagecodecs", Cicp(9, 16)),
        (".avif", HdrKind("pq", keeps_scene=True), "imagecodecs", Cicp(9, 16)),
        (".heic", HdrKind("hlg"), "pillow_heif", Cicp(9, 18)),
    ],
)
def test_hdr_pictures_do_not_depend_on_the_pictures_before(
    suffix: str, kind: HdrKind, library: str, colours: Cicp | None, raw_files: Path, engine: gg.Engine, tmp_path: Path
) -> None:
    pytest.importorskip(library)
    job = replace(job_in(tmp_path), hdr=kind)
    target = Target.parse(f"{tmp_path}/{{name}}{suffix}", numbered=False)
    tasks = all_tasks(make_plan(job, expand([str(raw_files / "*.dng")], job.root), target, None))
    forwards = run(job, engine, tasks)
    backwards = run(job, engine, [replace(task, number=10 + task.number) for task in reversed(tasks)])
    assert forwards == backwards
    assert len({result.output_sha256 for result in forwards.values() if isinstance(result, Written)}) == 6
    file = tmp_path / f"0003{suffix}"
    assert colours_of(file) == colours
    assert (b"hdrgm" in file.read_bytes()) == (suffix == ".jpg")


def test_the_hdr_pictures_of_another_headroom_are_other_ones(tmp_path: Path) -> None:
    jobs = [job_in(tmp_path), *(replace(job_in(tmp_path), hdr=HdrKind("pq", stops)) for stops in (2.0, 3.0))]
    assert len({settings_digest(job, {}) for job in jobs}) == 3


def test_a_folder_is_a_clip_and_equals_the_frames_one_after_the_other(
    raw_files: Path, engine: gg.Engine, tmp_path: Path
) -> None:
    job = job_in(tmp_path / "clip")
    plan = planned(job, str(raw_files), numbered=True)
    assert {clip.order for clip in plan.clips.values()} == {Order.METERED}
    run(job, engine, all_tasks(plan))
    engine.reset(metered=True)
    for number, frame in enumerate(gg.open(raw_files), start=1):
        write_frame(engine, job.settings, frame, tmp_path / "expected.png")
        assert (tmp_path / "clip" / f"{number:04d}.png").read_bytes() == (tmp_path / "expected.png").read_bytes()


@pytest.mark.parametrize("temporal", [0.0, 1.0])
def test_a_clip_does_not_depend_on_how_it_is_split_and_continued(
    temporal: float, raw_files: Path, engine: gg.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_module, "MIN_PART", 2)
    for module in (plan_module, pipeline_module):
        monkeypatch.setattr(module, "PART", 4)
    monkeypatch.setattr(pipeline_module, "RUN_IN", 2)
    job = job_in(tmp_path, Development(metering="auto", temporal=temporal))
    plan = planned(job, str(raw_files), numbered=True)
    alone = run(job, engine, all_tasks(plan))
    assert run(job, engine, all_tasks(plan, workers=2)) == alone
    last_two = [picture.output for picture in plan.pictures][-1:]
    assert run(job, engine, make_tasks(plan, last_two, 1)) == {output: alone[output] for output in last_two}


def test_an_unreadable_file_is_one_failure(engine: gg.Engine, tmp_path: Path) -> None:
    paths = write_raw_files(tmp_path / "in", 3)
    paths[1].write_bytes(paths[1].read_bytes()[:5000])
    for numbered, source in ((False, str(tmp_path / "in" / "*.dng")), (True, str(tmp_path / "in"))):
        job = job_in(tmp_path / str(numbered))
        results = run(job, engine, all_tasks(planned(job, source, numbered=numbered)))
        failed = [result for result in results.values() if isinstance(result, Failed)]
        assert len(results) == 3
        assert len(failed) == 1
        assert "0001.dng: the file is cut off" in failed[0].reason


def test_an_input_that_vanishes_and_a_folder_that_takes_no_file_are_failures(engine: gg.Engine, tmp_path: Path) -> None:
    paths = write_raw_files(tmp_path / "in", 2)
    job = job_in(tmp_path / "out")
    tasks = all_tasks(planned(job, str(tmp_path / "in" / "*.dng")))
    paths[0].unlink()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "0001.png").mkdir()
    gone, refused = run(job, engine, tasks).values()
    assert isinstance(gone, Failed)
    assert "0000.dng" in gone.reason
    assert isinstance(refused, Failed)
    assert "is a folder" in refused.reason


def test_a_full_disk_is_a_loss(engine: gg.Engine, raw_files: Path, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    job = job_in(tmp_path)
    (tmp_path / "0000.png").symlink_to("/dev/full")
    (result,) = run(job, engine, all_tasks(planned(job, str(raw_files / "0000.dng")))).values()
    assert isinstance(result, Failed)
    assert result.is_lost


def test_a_careful_task_gives_the_same_pictures(raw_files: Path, engine: gg.Engine, tmp_path: Path) -> None:
    job = job_in(tmp_path)
    tasks = all_tasks(planned(job, str(raw_files), numbered=True))
    assert run(job, engine, [replace(task, careful=True) for task in tasks]) == run(job, engine, tasks)


def test_a_plan_takes_a_file_once_and_at_most_some_frames_of_a_clip(raw_files: Path, tmp_path: Path) -> None:
    job = job_in(tmp_path)
    assert len(planned(job, str(raw_files / "0000.dng"), str(raw_files / "*.dng")).pictures) == 6
    assert len(planned(job, str(raw_files), numbered=True, frames=2).pictures) == 2
    with pytest.raises(SourceError, match="no such file or folder"):
        planned(job, "nowhere.dng")
    plan = planned(job, "nowhere.dng", str(raw_files / "0000.dng"), "scene:")
    assert [failed.reason.partition(":")[0] for failed in plan.failed] == ["nowhere.dng", "scene"]
    other = tmp_path / "other" / "0000.dng"
    other.parent.mkdir()
    shutil.copy(raw_files / "0000.dng", other)
    with pytest.raises(OutputError, match="is the output of"):
        planned(job, str(raw_files / "0000.dng"), str(other))


def test_the_outputs_of_a_clip_do_not_become_its_frames(tmp_path: Path) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "a.png")
    with pytest.raises(OutputError, match="would become frames of this clip"):
        planned(job_in(tmp_path), str(tmp_path), numbered=True)


def test_a_video_may_have_fewer_frames_than_its_container_states(engine: gg.Engine, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=12)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for level in (50, 100, 150, None):
            pixels = None if level is None else av.VideoFrame.from_ndarray(np.full((48, 64, 3), level, np.uint8))
            container.mux(stream.encode(pixels))
    job = job_in(tmp_path / "out")
    plan = planned(job, str(tmp_path / "a.mp4"), numbered=True)
    assert [picture.output for picture in plan.pictures] == ["0001.png", "0002.png", "0003.png"]
    clip = plan.clips["0001.png"]
    assert clip.order is Order.FREE
    beyond_the_end = Picture("0004.png", plan.pictures[0].inputs, 3)
    results = list(run(job, engine, [Task(0, (*plan.pictures, beyond_the_end), clip)]).values())
    assert [isinstance(result, Written) for result in results] == [True, True, True, False]
    assert isinstance(results[-1], Failed)
    assert results[-1].is_absent


def test_numbers_become_constants_at_once_in_a_repeatable_engine(raw_files: Path, engine: gg.Engine) -> None:
    frame = next(iter(gg.open(raw_files / "0000.dng")))
    with gg.Engine(repeatable=True) as fresh:
        assert np.array_equal(fresh.render(frame, gg.Settings()), engine.render(frame, gg.Settings()))
        assert fresh._grader._programs.compiled()[0] == 0 or not fresh._grader._software
