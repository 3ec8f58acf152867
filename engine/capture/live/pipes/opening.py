"""Opens streams of frames: standard input, FIFOs, and files with many frames."""

from __future__ import annotations

import os
import stat
from functools import partial
from pathlib import Path

from ....formats.headerless import count_frames
from ....formats.picture_read import PICTURE_SUFFIXES
from ....formats.raw import RAW_SUFFIXES
from ...kinds import Request
from ...source import Source
from ...video import VIDEO_SUFFIXES
from .pipe import STANDARD_INPUT, PipeSource, standard_input
from .raw_frames import RawFrames, StreamFrames
from .stream_file import StreamFile
from .y4m import Y4M_SUFFIX, Y4mFrames

MAX_HEADER_BYTES = 4096
FILE_SUFFIXES = (PICTURE_SUFFIXES | RAW_SUFFIXES | VIDEO_SUFFIXES) - {Y4M_SUFFIX}  # a FIFO has other names


def open_stream(name: str, request: Request) -> Source | None:
    """The source of a stream: headerless mosaics in the layout, else Y4M. None if `name` is something else.

    Raises SourceError if the stream cannot be read.
    """
    path, layout, fps, loop = Path(name), request.layout, request.fps, request.loop
    is_input = name == STANDARD_INPUT
    is_fifo = not is_input and _is_fifo(path) and (layout is not None or path.suffix.lower() not in FILE_SUFFIXES)
    is_y4m = layout is None and path.suffix.lower() == Y4M_SUFFIX and path.is_file() and _has_square_pixels(path)
    is_many = layout is not None and not is_input and path.is_file() and count_frames(path, layout) > 1
    if not (is_input or is_fifo or is_y4m or is_many):
        return None
    frames: StreamFrames = Y4mFrames() if layout is None else RawFrames(layout)
    if is_input and stat.S_ISREG(os.fstat(standard_input()).st_mode):
        return StreamFile("standard input", frames, partial(os.dup, standard_input()), fps=fps, loop=loop)
    if is_input or is_fifo:
        return PipeSource(name, frames, None if is_input else path, resumes=request.tolerant, fps=fps)
    return StreamFile(
        name, frames, partial(os.open, path, os.O_RDONLY | getattr(os, "O_BINARY", 0)), fps=fps, loop=loop
    )


def _has_square_pixels(path: Path) -> bool:
    """Whether the header of a Y4M file has the aspect 1:1, or none. FFmpeg reads files with another."""
    try:
        with path.open("rb") as file:
            words = file.readline(MAX_HEADER_BYTES).split()
    except OSError:
        return True
    aspect = next((word[1:].split(b":") for word in words[1:] if word.startswith(b"A")), [])
    return len(aspect) != 2 or not all(number.isdigit() for number in aspect) or int(aspect[0]) == int(aspect[1])


def _is_fifo(path: Path) -> bool:
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except (OSError, ValueError):
        return False
