"""Watching files: a new look is followed at once, without a new thread if its folder is watched already."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from groundglass.live_edit.watch import Watch, WatchedPaths


def watched(*files: Path) -> WatchedPaths:
    return WatchedPaths(frozenset(files), {})


def wait_for(watch: Watch, path: Path) -> None:
    deadline_s = time.monotonic() + 20
    while path not in watch.poll()[0]:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def threads() -> int:
    return sum(thread.name == "groundglass-watch" for thread in threading.enumerate())


def test_another_file_of_a_watched_folder_is_followed_by_the_same_thread(tmp_path: Path) -> None:
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    for file in (first, second):
        file.write_text("old")
    before, watch = threads(), Watch(lambda: None)
    watch.follow(watched(first))
    while not watch.poll()[1]:
        time.sleep(0.01)
    watch.follow(watched(second))
    assert threads() == before + 1
    assert watch.poll()[0] == {second}  # it is compared once: it may have changed since it was read
    second.write_text("new")
    wait_for(watch, second)
    watch.close()
    assert threads() == before


def test_a_file_of_another_folder_is_followed_without_waiting(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first, second = tmp_path / "first.toml", tmp_path / "other" / "second.toml"
    for file in (first, second):
        file.write_text("old")
    before, watch = threads(), Watch(lambda: None)
    watch.follow(watched(first))
    watch.follow(watched(second))
    while not watch.poll()[1]:
        time.sleep(0.01)
    second.write_text("new")
    wait_for(watch, second)
    watch.close()
    assert threads() <= before + 1  # the former thread ends by itself
