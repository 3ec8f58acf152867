"""The poses of a large scene, which another process renders."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest
from groundglass.capture.studio import source as scene
from groundglass.capture.studio.poses import PosePlan, Poses, PosesProcess
from groundglass.capture.studio.source import SceneSource
from groundglass.errors import SourceError
from live_source_support import WAIT_S

LIVE = "scene:?size=96x64&wait=0&seed=5"
PLAN = PosePlan((96, 64), 4, 1.0, 5)


@pytest.fixture(autouse=True)
def _large(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(scene, "PROCESS_PIXELS", 0)


def arrays() -> tuple[np.ndarray, np.ndarray]:
    return np.empty((2, 64, 96), np.uint16), np.empty((64, 96), np.float32)


def test_the_process_renders_what_this_process_renders():
    here = Poses(PLAN)
    with PosesProcess(PLAN) as other:
        for pose in (2, 0):
            expected, sent = arrays(), arrays()
            here.render(pose, *expected)
            other.render(pose, *sent)
            np.testing.assert_array_equal(sent[0], expected[0])
            np.testing.assert_array_equal(sent[1], expected[1])
    assert other._process.returncode is not None


def test_a_scene_is_the_same_from_both(monkeypatch, tmp_path):
    def rendered() -> list[np.ndarray]:
        with SceneSource(LIVE) as source:
            next(iter(source))
            source._ring._thread.join(WAIT_S)
            return [source._ring._mosaics.copy(), *source._ring._depths_m]

    by_process = rendered()
    monkeypatch.setattr(scene, "PROCESS_PIXELS", 1e6)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    for here, other in zip(rendered(), by_process, strict=True):
        np.testing.assert_array_equal(here, other)


def test_a_process_that_is_killed_gives_one_line():
    with PosesProcess(PLAN) as process:
        os.kill(process._process.pid, signal.SIGKILL)
        with pytest.raises(SourceError, match=r"scene: the process that renders it has ended with status -9; choose"):
            process.render(0, *arrays())


def test_a_scene_whose_process_is_killed_is_an_error(monkeypatch):
    monkeypatch.setattr(PosesProcess, "_send", lambda process, _: process.interrupt())
    with SceneSource(LIVE) as source, pytest.raises(SourceError, match="has ended"):
        next(iter(source))


def test_closing_does_not_wait_for_a_pose():
    source = SceneSource("scene:?size=4096x4096&wait=0")
    reader = threading.Thread(target=lambda: next(iter(source), None))
    reader.start()
    while source._ring._process is None:
        time.sleep(0.001)
    started = time.monotonic()
    source.close()
    reader.join(WAIT_S)
    assert not reader.is_alive()
    assert time.monotonic() - started < WAIT_S / 4
    assert source._ring._process._process.returncode is not None


def test_the_process_ends_with_the_view_that_started_it():
    process = PosesProcess(PLAN)
    process.render(0, *arrays())
    process._process.stdin.close()
    assert process._process.wait(WAIT_S) == 0
