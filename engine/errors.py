"""All errors for users.

A message names the fault, its place and the remedy. The command prints it as one line and exits with its `exit_status`.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

MAX_WORD_CHARACTERS, MAX_CHARACTERS = 128, 1200
MAX_CAUSE_CHARACTERS = 150
MAX_NAME_CHARACTERS = 60  # an invalid name in a message
_FILTERS = threading.RLock()
_SPECIAL_FILES = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO (named pipe)"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class GroundglassError(Exception):
    """Base of all errors that a user can fix. What a long message quotes from the input is shortened."""

    exit_status = 2

    def __init__(self, message: str = "") -> None:
        super().__init__(shortened(message))


class ArgumentError(GroundglassError, TypeError):
    """A program passed a value of another kind, or a keyword that does not exist. It is also a TypeError."""


class SourceError(GroundglassError):
    """A capture source cannot be opened, or failed while frames were read."""


class DeviceError(GroundglassError):
    """No suitable compute device or GL context exists, or a driver call failed."""


class OutOfMemoryError(DeviceError):
    """A device has too little memory for a picture of this size. The live view then draws it smaller."""

    def __init__(self, device: str, nbytes: int, error: Exception) -> None:
        super().__init__(f"{device}: cannot allocate {nbytes / 2**20:.0f} MiB ({error}); use a smaller --size")


class DeviceLostError(DeviceError):
    """The driver of a device or of OpenGL accepts no more work, and nothing else can draw. It ends a live view."""


class ShaderError(GroundglassError):
    """A kernel or shader does not compile. The message has file and line, of the first error.

    `places` are all errors of the compiler, each as `file:line:column: message`; empty if the message is all.
    """

    def __init__(self, message: str = "", places: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.places = tuple(places)


class WhiteBalanceError(GroundglassError):
    """The matrices of a camera allow no such white. The live view keeps the white balance that it had."""


class LookError(GroundglassError):
    """A look file or a lens file is unknown, malformed or out of range."""


class ControlError(GroundglassError):
    """A key, a script or a remote client requested an unknown control or an invalid setting."""


class OutputError(GroundglassError):
    """A result cannot be written."""


class LostOutputError(OutputError):
    """A result was made, and cannot be written: the disk is full, or its folder has become read-only."""

    exit_status = 1


class MissingExtraError(GroundglassError):
    """An optional library is not installed. `extra` is the extra that installs it.

    >>> str(MissingExtraError("clip.mp4", "PyAV", "video"))
    'clip.mp4: needs PyAV; pip install groundglass[video]'
    """

    def __init__(self, feature: str, library: str, extra: str) -> None:
        super().__init__(f"{feature}: needs {library}; pip install groundglass[{extra}]")
        self.extra = extra


def shortened(message: str) -> str:
    """The beginning and the end of long words (numbers, names in a path) and of a message of many words.

    Both ends matter: the fault and its place are at the beginning, the remedy is at the end.

    >>> shortened("size '" + "9" * 5000 + "' is not WIDTHxHEIGHT").count("9") < MAX_WORD_CHARACTERS
    True
    """
    words = re.sub(rf"[^\s/]{{{MAX_WORD_CHARACTERS},}}", lambda long: _ends_of(long[0], MAX_WORD_CHARACTERS), message)
    return _ends_of(words, MAX_CHARACTERS)


def _ends_of(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: 2 * length // 3]}...{text[-length // 3 + 3 :]}"


def print_line(message: str, *, prefix: str = "groundglass: ", is_joined: bool = True) -> None:
    """Prints a message on standard error, as one line if `is_joined`. A closed or full one is ignored.

    Other control characters, which a file may have and a terminal follows, are replaced.
    """
    text = " ".join(message.split()) if is_joined else message
    shown = "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)
    with suppress(OSError, ValueError):
        print(f"{prefix}{shown}", file=sys.stderr, flush=True)


def cause(error: Exception) -> str:
    """The message of a library's error on one line of at most MAX_CAUSE_CHARACTERS."""
    message = " ".join(str(error).split()) or type(error).__name__
    return message if len(message) <= MAX_CAUSE_CHARACTERS else message[: MAX_CAUSE_CHARACTERS - 3] + "..."


def check_regular_file(path: Path, error: type[GroundglassError] = SourceError) -> None:
    """Raises `error` if `path` exists and is not a regular file: opening a FIFO or a device may block.

    A missing path passes; opening it raises its own error. Symbolic links are followed. Raises `error`, too, for a name
    that no file can have.
    """
    check_name(path, error)
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    for is_kind, kind in _SPECIAL_FILES:
        if is_kind(mode):
            raise error(f"{path}: is {kind}, not a regular file; give a regular file")


def check_name(name: str | Path, error: type[GroundglassError] = SourceError) -> None:
    """Raises `error` if no file can have this name: it is too long, or has a null character."""
    try:
        os.lstat(name)
    except ValueError:
        reason = "has a character that no file name has"
    except OSError as refused:
        if refused.errno != errno.ENAMETOOLONG:
            return
        reason = "is too long for a file name"
    else:
        return
    raise error(f"{str(name)[:MAX_NAME_CHARACTERS]!r} {reason}; check the name")


@contextmanager
def warnings_kept(ignored: type[Warning] | None = None) -> Iterator[None]:
    """Within it warnings of the kind `ignored` are not shown, and a library may change the filters; afterwards they are
    those of before. The filters belong to the process: two threads would restore those of each other, so one waits.
    """
    with _FILTERS, warnings.catch_warnings():
        if ignored is not None:
            warnings.simplefilter("ignore", ignored)
        yield
