"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest
from groundglass import files
from groundglass.files import whole_file

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
