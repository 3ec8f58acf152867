"""The poses of a live scene, kept for the next view."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest
from groundglass.capture.studio import kept_poses
from groundglass.capture.studio.kept_poses import KeptPoses
from groundglass.capture.studio.render import Studio
from groundglass.capture.studio.source import SceneSource
from groundglass.files import SUM_BYTES
from live_source_support import WAIT_S

LIVE = "scene:?size=96x64&wait=0&seed=5"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "groundglass" / kept_poses.FOLDER


def first_frames(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mosaics of the first two frames, and their depth."""
    with SceneSource(name) as source:
        frames = iter(source)
        first, second = next(frames), next(frames)
        assert first.depth_m is second.depth_m
        assert not first.depth_m.flags.writeable
        return first.pixels.copy(), second.pixels.copy(), first.depth_m.copy()


@pytest.fixture
def kept() -> tuple[np.ndarray, ...]:
    with SceneSource(LIVE) as source:
        next(iter(source))
        source._ring._thread.join()
    return first_frames(LIVE)


def test_the_kept_pose_is_shown_and_the_others_wait_for_the_view(folder, kept, monkeypatch):
    monkeypatch.setattr(Studio, "pose", lambda *_, **__: pytest.fail("rendered"))
    with SceneSource(LIVE) as source:
        pixels = source._ring.wait_for(0, 1)
        assert pixels is not None
        np.testing.assert_array_equal(pixels[0], kept[1])
        np.testing.assert_array_equal(pixels[1], kept[2])
        assert not source._ring._is_started


def test_a_scene_that_is_closed_before_its_first_pose_keeps_nothing(folder, monkeypatch):
    prepare, closed = Studio.__init__, threading.Event()

    def prepare_when_closed(*arguments: object, **options: object) -> None:
        assert closed.wait(WAIT_S)
        prepare(*arguments, **options)

    monkeypatch.setattr(Studio, "__init__", prepare_when_closed)
    with SceneSource(LIVE) as source:
        source._ring.stop()
        closed.set()
    assert not folder.exists()


def test_it_is_what_a_scene_that_waits_shows(kept):
    for shown, expected in zip(kept, first_frames("scene:?size=96x64&seed=5"), strict=True):
        np.testing.assert_array_equal(shown, expected)


def all_poses(folder: Path) -> list[np.ndarray]:
    with SceneSource(LIVE) as source:
        next(iter(source))
        source._ring._thread.join()
        assert source._ring._made == source._ring._poses == len(list(folder.iterdir()))
        return [source._ring._mosaics.copy(), *source._ring._depths_m]


def test_nothing_is_rendered_in_the_next_view(folder, kept, monkeypatch):
    rendered = all_poses(folder)
    monkeypatch.setattr(Studio, "pose", lambda *_, **__: pytest.fail("rendered"))
    for shown, expected in zip(all_poses(folder), rendered, strict=True):
        np.testing.assert_array_equal(shown, expected)


def test_a_pose_that_is_missing_is_rendered_and_kept(folder, kept):
    expected = all_poses(folder)
    next(file for file in folder.iterdir() if file.name.endswith("-2")).unlink()
    for shown, rendered in zip(all_poses(folder), expected, strict=True):
        np.testing.assert_array_equal(shown, rendered)


@pytest.mark.parametrize("change", [b"", b"more"])
def test_a_damaged_file_is_rendered_again(folder, kept, change):
    for file in folder.iterdir():
        file.write_bytes(change + file.read_bytes() if change else b"part")
    for shown, expected in zip(first_frames(LIVE), kept, strict=True):
        np.testing.assert_array_equal(shown, expected)


def test_other_options_are_other_poses(folder, kept):
    count = len(list(folder.iterdir()))
    assert not np.array_equal(first_frames(LIVE.replace("seed=5", "seed=6"))[0], kept[0])
    assert len(list(folder.iterdir())) > count


def test_a_scene_that_waits_or_cannot_write_keeps_none(folder):
    first_frames("scene:?size=96x64")
    assert not folder.exists()
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("a file in the place of the folder")
    first_frames(LIVE)


def test_the_folder_keeps_what_was_used_last(folder, monkeypatch):
    exposures, depth_m = np.zeros((1, 2, 2), np.uint16), np.zeros((2, 2), np.float32)
    nbytes = exposures.nbytes + depth_m.nbytes + SUM_BYTES
    monkeypatch.setattr(kept_poses, "KEPT_BYTES", 3 * nbytes)
    for key in range(3):
        KeptPoses(key).write(0, exposures, depth_m)
        times_ns = (10**9 * (key + 1),) * 2  # files written in one tick of the clock have an order
        os.utime(KeptPoses(key)._file(0), ns=times_ns)
    assert KeptPoses(0).read(0, exposures, depth_m)
    KeptPoses(3).write(0, exposures, depth_m)
    assert [KeptPoses(key).read(0, exposures, depth_m) for key in range(4)] == [True, False, True, True]


def test_poses_beyond_the_limit_are_not_kept(folder, monkeypatch):
    exposures, depth_m = np.zeros((1, 2, 2), np.uint16), np.zeros((2, 2), np.float32)
    monkeypatch.setattr(kept_poses, "KEPT_BYTES", 2 * (exposures.nbytes + depth_m.nbytes + SUM_BYTES))
    for pose in range(4):
        KeptPoses("large").write(pose, exposures, depth_m)
    assert [KeptPoses("large").read(pose, exposures, depth_m) for pose in range(4)] == [True, True, False, False]


def test_closing_a_scene_that_was_never_read_ends_its_thread(kept):
    source = SceneSource(LIVE)
    source.close()
    assert not source._ring._thread.is_alive()


@pytest.mark.parametrize("kept_bytes", [0, 4096])
def test_a_pose_that_a_loss_of_power_left_as_zeros_is_rendered_again(folder, kept, kept_bytes):
    for file in folder.iterdir():
        whole = file.read_bytes()
        file.write_bytes(whole[:kept_bytes] + bytes(len(whole) - kept_bytes))
    for shown, expected in zip(first_frames(LIVE), kept, strict=True):
        np.testing.assert_array_equal(shown, expected)
