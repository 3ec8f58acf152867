"""LibRaw's lines on standard error become errors of their file; messages of the program arrive."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
from groundglass.errors import SourceError
from groundglass.formats.libraw_errors import quiet_libraw

A, B = Path("folder/a.dng"), Path("folder/b.dng")
DAMAGE = b"folder/a.dng: data corrupted at 12\n"


def test_damage_is_an_error_of_the_file(capfd: pytest.CaptureFixture[str]) -> None:
    message = r"folder/a\.dng: the picture is damaged or cut off \(data corrupted at 12\); copy it again"
    for named in (A, A.parent, Path(".")):
        with pytest.raises(SourceError, match=message), quiet_libraw(named):
            os.write(2, DAMAGE)
    assert capfd.readouterr().err == ""


def test_damage_of_a_file_whose_name_begins_alike_is_none_of_this_one() -> None:
    with quiet_libraw(Path("folder/a")), quiet_libraw(Path("fold")):
        os.write(2, DAMAGE)


def test_messages_are_written_afterwards(capfd: pytest.CaptureFixture[str]) -> None:
    with suppress(SourceError), quiet_libraw(A):
        os.write(2, b"groundglass: saved a.jpg\n" + DAMAGE + b"libtiff: warning\ngroundglass: recorded b.mp4\n")
        assert capfd.readouterr().err == ""
    assert capfd.readouterr().err == "groundglass: saved a.jpg\ngroundglass: recorded b.mp4\n"


def test_two_threads_leave_standard_error_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    """The one that begins first ends first."""
    first, second = quiet_libraw(A), quiet_libraw(B)
    first.__enter__()
    os.write(2, b"groundglass: before\n")
    second.__enter__()
    os.write(2, DAMAGE)
    with pytest.raises(SourceError, match="damaged"):
        first.__exit__(None, None, None)
    second.__exit__(None, None, None)  # the damage is not in its file
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "groundglass: before\nafter\n"
