"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import re
import stat
import threading
from pathlib import Path

import numpy as np
import pytest
from groundglass import files
from groundglass.files import checksum, new_file, path_inside, remove_left_over, whole_file

WHOLE = b"new" * 1000


def test_the_file_appears_whole_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.PNG"
    path.write_bytes(b"old")
    with whole_file(path) as part:
        assert part.suffix == ".png"
        assert part.parent == tmp_path
        part.write_bytes(WHOLE)
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == WHOLE
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("fault", [ValueError, OSError, KeyboardInterrupt])
def test_a_fault_leaves_the_old_file_and_nothing_else(tmp_path: Path, fault: type[BaseException]) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")

    def fail() -> None:
        with whole_file(path) as part:
            part.write_bytes(b"half")
            raise fault

    with pytest.raises(fault):
        fail()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_at_once_have_two_files(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with whole_file(path) as first, whole_file(path) as second:
        assert first != second
        first.write_bytes(b"first")
        second.write_bytes(b"second")
    assert path.read_bytes() == b"first"


def test_a_target_in_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "none" / "a"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="permissions, links and pipes of POSIX")
class TestPosix:
    def test_permissions_are_those_asked_for(self, tmp_path: Path) -> None:
        with whole_file(tmp_path / "private", mode=0o600) as part:
            assert stat.S_IMODE(part.stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600

    def test_a_link_stays_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        target, link = tmp_path / "folder" / "target", tmp_path / "link"
        target.write_bytes(b"old")
        link.symlink_to(target)
        with whole_file(link) as part:
            part.write_bytes(WHOLE)
        assert link.is_symlink()
        assert target.read_bytes() == WHOLE

    def test_a_pipe_is_written_directly(self, tmp_path: Path) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        received: list[bytes] = []
        reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
        reader.start()
        with whole_file(pipe) as part:
            part.write_bytes(WHOLE)
        reader.join(5)
        assert received == [WHOLE]
        assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.skipif(files.fcntl is None, reason="no locks of files on this system")
def test_a_file_that_is_removed_before_its_lock_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program may take a file that is not locked yet for one that a killed program left."""
    path, flock, calls = tmp_path / ".mark", files.fcntl.flock, []

    def removed_first(descriptor: int, operation: int) -> None:
        if not calls:
            path.unlink()
        calls.append(operation)
        flock(descriptor, operation)

    monkeypatch.setattr(files.fcntl, "flock", removed_first)
    with files.new_file(path):
        assert path.exists()
        with pytest.raises(FileExistsError), files.new_file(path):
            pass
    assert len(calls) == 2
    assert not path.exists()


def test_the_content_is_on_the_disk_before_the_file_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a loss of power leaves an empty file of that name."""
    calls: list[tuple[str, int]] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(
        files.os, "fsync", lambda descriptor: calls.append(("fsync", os.fstat(descriptor).st_size)) or fsync(descriptor)
    )
    monkeypatch.setattr(
        files.os, "replace", lambda part, path: calls.append(("replace", part.stat().st_size)) or replace(part, path)
    )
    with whole_file(tmp_path / "a.json") as part:
        part.write_bytes(WHOLE)
    assert calls == [("fsync", len(WHOLE)), ("replace", len(WHOLE))]
    calls.clear()
    with whole_file(tmp_path / "cache", flush=False) as part:
        part.write_bytes(WHOLE)
    assert calls == [("replace", len(WHOLE))]


def test_a_name_that_exists_is_not_opened(tmp_path: Path) -> None:
    """Neither a file nor the link that another user has made in a shared folder."""
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    for name in ("secret", "link"):
        with pytest.raises(FileExistsError), new_file(tmp_path / name):
            pass
    assert (tmp_path / "secret").read_bytes() == b"secret"


@pytest.mark.skipif(files.fcntl is None, reason="no locks on this system")
def test_files_of_killed_programs_are_removed_and_those_of_running_ones_are_not(tmp_path: Path) -> None:
    pattern = re.compile(r"\.\d+\.taken")
    (tmp_path / ".1.taken").touch()
    (tmp_path / ".2.other").touch()
    (tmp_path / "target").touch()
    (tmp_path / ".3.taken").symlink_to(tmp_path / "target")
    (tmp_path / ".4.taken").mkdir()
    with new_file(tmp_path / ".5.taken"):
        remove_left_over(tmp_path, pattern)
        left = {path.name for path in tmp_path.iterdir()}
    assert left == {".2.other", "target", ".3.taken", ".4.taken", ".5.taken"}
    remove_left_over(tmp_path / "missing", pattern)


@pytest.mark.parametrize(
    ("name", "is_inside"),
    [
        ("a.cube", True),
        ("below/a.cube", True),
        ("below/../a.cube", True),
        ("../a.cube", False),
        ("below/../../a.cube", False),
        ("{outside}/secret", False),
        ("link", False),
        ("circle", False),
        ("a\0b", False),
        ("a" * 300, True),  # which no file has
    ],
)
def test_a_path_stays_in_its_folder(tmp_path: Path, name: str, is_inside: bool) -> None:
    """A look of another person must not read other files, whichever way it names them."""
    folder, outside = tmp_path / "looks", tmp_path / "outside"
    for each in (folder, folder / "below", outside):
        each.mkdir()
    (outside / "secret").touch()
    (folder / "link").symlink_to(outside / "secret")
    (folder / "circle").symlink_to(folder / "circle")
    path = path_inside(folder, name.format(outside=outside))
    assert (path is not None) is is_inside


def test_a_checksum_differs_for_zeros() -> None:
    array = np.arange(6, dtype=np.uint16).reshape(2, 3)
    assert checksum(b"ab", b"c") == checksum(b"abc")
    assert checksum(array.data) == checksum(array.tobytes())
    assert checksum(bytes(96)) != bytes(4)
