"""Every error a user can see.

A message says what is wrong, where, and what to do. The command prints it as one line and exits with status 2.
"""

from __future__ import annotations

import stat
from pathlib import Path

MAX_CAUSE_CHARACTERS = 150
_SPECIAL_FILES = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO (named pipe)"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class GroundglassError(Exception):
    """Base of all errors that a user can mend."""


class SourceError(GroundglassError):
    """A capture source cannot be opened, or broke off while frames were read."""


class DeviceError(GroundglassError):
    """No compute device or GL context fits, or the driver refused a call."""


class ShaderError(GroundglassError):
    """A kernel or shader does not compile; the message carries file and line."""


class LookError(GroundglassError):
    """A look file or a lens file is unknown, malformed or out of range."""


class ControlError(GroundglassError):
    """A key, a script or a remote asks for a control that there is not, or for a setting that it has not."""


class OutputError(GroundglassError):
    """A result cannot be written."""


class MissingExtraError(GroundglassError):
    """An optional library is not installed.

    >>> str(MissingExtraError("clip.mp4", "PyAV", "video"))
    'clip.mp4: needs PyAV; pip install groundglass[video]'
    """

    def __init__(self, feature: str, library: str, extra: str) -> None:
        super().__init__(f"{feature}: needs {library}; pip install groundglass[{extra}]")


def cause(error: Exception) -> str:
    """What a library's error says, on one line of bearable length."""
    message = " ".join(str(error).split()) or type(error).__name__
    return message if len(message) <= MAX_CAUSE_CHARACTERS else message[: MAX_CAUSE_CHARACTERS - 3] + "..."


def check_regular_file(path: Path, error: type[GroundglassError] = SourceError) -> None:
    """Raises `error` where `path` exists and is not a regular file: opening a FIFO or a device may block for ever.

    A path that does not exist passes: whoever opens it says so. Symbolic links are followed.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return
    for is_kind, kind in _SPECIAL_FILES:
        if is_kind(mode):
            raise error(f"{path}: is {kind}, not a regular file; give a regular file")
