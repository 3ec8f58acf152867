"""The first pose of a live scene, kept for the next view."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from groundglass.capture.studio import kept_pose
from groundglass.capture.studio.render import Studio
from groundglass.capture.studio.source import SceneSource
from live_source_support import WAIT_S

LIVE = "scene:?size=96x64&wait=0&seed=5"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "groundglass" / kept_pose.FOLDER


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


def test_the_kept_pose_is_shown_before_anything_is_rendered(folder, kept, monkeypatch):
    monkeypatch.setattr(Studio, "pose", lambda *_, **__: pytest.fail("rendered"))
    assert len(list(folder.iterdir())) == 1
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


def test_the_other_poses_follow(kept):
    with SceneSource(LIVE) as source:
        next(iter(source))
        source._ring._thread.join()
        assert source._ring._made == source._ring._poses


@pytest.mark.parametrize("change", [b"", b"more"])
def test_a_damaged_file_is_rendered_again(folder, kept, change):
    (file,) = folder.iterdir()
    file.write_bytes(change + file.read_bytes() if change else b"part")
    for shown, expected in zip(first_frames(LIVE), kept, strict=True):
        np.testing.assert_array_equal(shown, expected)


def test_other_options_are_another_pose(folder, kept):
    assert not np.array_equal(first_frames(LIVE.replace("seed=5", "seed=6"))[0], kept[0])
    with SceneSource(LIVE.replace("seed=5", "seed=6")) as source:
        next(iter(source))
    assert len(list(folder.iterdir())) == 2


def test_a_scene_that_waits_or_cannot_write_keeps_none(folder):
    first_frames("scene:?size=96x64")
    assert not folder.exists()
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("a file in the place of the folder")
    first_frames(LIVE)


def test_a_few_are_kept(folder):
    for number in range(kept_pose.FILES_KEPT + 2):
        kept_pose.write_pose(number, np.zeros((1, 2, 2), np.uint16), np.zeros((2, 2), np.float32))
    assert len(list(folder.iterdir())) == kept_pose.FILES_KEPT


def test_closing_a_scene_that_was_never_read_ends_its_thread(kept):
    source = SceneSource(LIVE)
    source.close()
    assert not source._ring._thread.is_alive()
