"""A batch on a Dask cluster, whose processes are threads of this one; each still starts a worker process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import groundglass as gg
import psutil
import pytest
from batch_files import kill, write_raw_files
from groundglass.batch import cluster as cluster_module
from groundglass.batch.cluster import Cluster
from groundglass.batch.names import Target, expand
from groundglass.batch.plan import make_plan, make_tasks
from groundglass.batch.pool import LocalPool
from groundglass.batch.task import Job, Result, Written
from groundglass.errors import DeviceError
from groundglass.look.hdr_files import HdrKind

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def scheduler() -> Iterator[Any]:
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address="127.0.0.1:0", silence_logs=50
    ) as local:
        yield local


def job_and_tasks(folder: Path, count: int, output: str = "", **options: Any) -> tuple[Job, list[Any]]:
    """For `count` raw files; `output` is the name of a picture, default a PNG file with the name of its raw file."""
    write_raw_files(folder / "in", count)
    (folder / "out").mkdir()
    job = Job(gg.Settings(), str(folder / "out"), **options)
    target = Target.parse(str(folder / "out" / output), numbered=False)
    plan = make_plan(job, expand([str(folder / "in" / "*.dng")], "out"), target, None)
    return job, make_tasks(plan, [picture.output for picture in plan.pictures], 1)


def test_a_cluster_gives_the_pictures_of_one_process_although_a_worker_is_killed(
    scheduler: Any, tmp_path: Path
) -> None:
    job, tasks = job_and_tasks(tmp_path, 12)
    with LocalPool(job, 1, ["auto"]) as pool:
        alone: list[Result] = sorted(pool.results(tasks))
    arrived: list[Result] = []
    with Cluster(job, scheduler.scheduler_address, 1, "auto") as cluster:
        assert cluster.identity == pool.identity
        for result in cluster.results(tasks):
            arrived.append(result)
            if len(arrived) == 3:
                (runner,) = cluster_module._RUNNERS.values()
                kill(psutil.Process(runner._worker._process.pid))
    assert sorted(arrived) == alone
    assert all(isinstance(result, Written) for result in alone)
    assert cluster_module._RUNNERS == {}


def test_a_cluster_gives_the_hdr_pictures_of_two_processes(scheduler: Any, tmp_path: Path) -> None:
    pytest.importorskip("imagecodecs")
    job, tasks = job_and_tasks(tmp_path, 4, "{name}.avif", hdr=HdrKind("pq"))
    with LocalPool(job, 2, ["auto"]) as pool:
        alone = sorted(pool.results(tasks))
    assert all(isinstance(result, Written) for result in alone)
    with Cluster(job, scheduler.scheduler_address, 1, "auto") as cluster:
        assert sorted(cluster.results(tasks)) == alone


def test_pictures_that_were_begun_are_finished_at_the_end(scheduler: Any, tmp_path: Path) -> None:
    job, tasks = job_and_tasks(tmp_path, 30)
    with Cluster(job, scheduler.scheduler_address, 1, "auto") as cluster:
        results = cluster.results(tasks)
        before = [next(results)]
        after = list(cluster.stop())
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert sorted(result.output for result in (*before, *after)) == written
    assert 1 < len(written) < 30
    assert all(isinstance(result, Written) for result in after)


def test_an_address_that_does_not_answer_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "CONNECT_S", 0.5)
    for address in ("tcp://127.0.0.1:9", "no address"):
        with pytest.raises(DeviceError, match=r"--cluster .*: no scheduler answers"):
            Cluster(Job(gg.Settings(), str(tmp_path)), address, 1, "auto")


def test_the_workers_must_see_the_folder_of_the_outputs(scheduler: Any, tmp_path: Path) -> None:
    job = Job(gg.Settings(), str(tmp_path / "elsewhere"))
    with pytest.raises(DeviceError, match=r"does not exist on .*; use a shared folder"):
        Cluster(job, scheduler.scheduler_address, 1, "auto")


def test_a_task_that_a_different_worker_refuses_goes_to_an_equal_one(
    scheduler: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, tasks = job_and_tasks(tmp_path, 2)
    answers = [False]  # the first task is refused
    monkeypatch.setattr(cluster_module, "is_equal", lambda *_: answers.pop() if answers else True)
    with Cluster(job, scheduler.scheduler_address, 1, "auto") as cluster:
        results = list(cluster.results(tasks))
    assert sorted(result.output for result in results) == ["0000.png", "0001.png"]
    assert answers == []
