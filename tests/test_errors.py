"""Messages for users: one line, without commands for the terminal, and names that no file can have."""

from __future__ import annotations

import os
import socket
import threading
import warnings
from pathlib import Path

import pytest
from groundglass.errors import (
    MAX_CHARACTERS,
    GroundglassError,
    LookError,
    SourceError,
    check_name,
    check_regular_file,
    print_line,
    shortened,
    warnings_kept,
)


def test_a_message_is_one_line_without_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    print_line("a.cube:1: unknown word '\x1b]0;title\x07'\n\tis \x9b2J not äöü 漢字")
    assert capsys.readouterr().err == "groundglass: a.cube:1: unknown word '?]0;title?' is ?2J not äöü 漢字\n"


@pytest.mark.parametrize("name", ["x" * 300, "x/" * 3000, "a\0b", "\ud800"])
def test_a_name_that_no_file_can_have_is_an_error(name: str) -> None:
    with pytest.raises(LookError, match=r"check the name"):
        check_name(name, LookError)
    with pytest.raises(SourceError, match=r"check the name"):
        check_regular_file(Path(name))


def test_other_names_pass(tmp_path: Path) -> None:
    for name in ("missing.png", "ä漢.png", str(tmp_path), f"{tmp_path}/none/a"):
        check_name(name)


@pytest.mark.parametrize("quoted", ["9" * 5000, "a." * 3000, "[" * 200_000, "a b " * 9000, "/x" * 9000])
def test_a_message_shows_both_ends_of_quoted_input(quoted: str) -> None:
    """The place at the beginning and the remedy at the end stay."""
    for kind in (GroundglassError, LookError, SourceError):
        message = str(kind(f"a.cube:2: LUT_3D_SIZE {quoted} is not in 2..256; export it again"))
        assert message.startswith("a.cube:2: LUT_3D_SIZE ")
        assert message.endswith("; export it again")
        assert len(message) <= MAX_CHARACTERS


def test_a_usual_message_is_unchanged() -> None:
    message = f"/home/{'/'.join(['folder'] * 60)}/a.dng: {'a sentence of words ' * 20}; copy it again"
    assert str(SourceError(message)) == message


def test_a_long_word_is_shortened_to_the_width_of_a_terminal() -> None:
    """128 characters: a message of two lines may still name a file and a remedy."""
    assert shortened("x" * 127) == "x" * 127
    word = shortened(f"is {'x' * 5000}; name another").split()[1]
    assert 100 < len(word) <= 130
    assert "..." in word


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs on this system")
@pytest.mark.parametrize(
    ("kind", "words"),
    [("folder", "is a folder"), ("fifo", "is a FIFO"), ("device", "is a device"), ("socket", "is a socket")],
)
def test_only_regular_files_are_opened(tmp_path: Path, kind: str, words: str) -> None:
    """A FIFO without a writer would block for ever."""
    path = tmp_path / "a"
    match kind:
        case "folder":
            path.mkdir()
        case "fifo":
            os.mkfifo(path)
        case "device":
            path.symlink_to(os.devnull)
        case _:
            server = socket.socket(socket.AF_UNIX)
            server.bind(os.path.relpath(path))
            server.close()
    with pytest.raises(LookError, match=f"{words}.*give a regular file"):
        check_regular_file(path, LookError)
    check_regular_file(Path(__file__), LookError)


def test_threads_that_ignore_warnings_leave_the_filters_of_the_program() -> None:
    before = list(warnings.filters)
    has_begun = threading.Event()

    def ignore() -> None:
        has_begun.set()
        with warnings_kept(UserWarning):
            assert len(warnings.filters) > len(before)

    other = threading.Thread(target=ignore)
    with warnings_kept(DeprecationWarning):
        other.start()
        has_begun.wait()
        other.join(0.05)  # it waits; else it would restore the filters of this block at its end
    other.join()
    assert warnings.filters == before
