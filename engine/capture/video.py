"""Video files through PyAV: display-referred frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import MissingExtraError, SourceError, check_regular_file
from ..frame import Frame
from .base import BaseSource
from .live.decoded import decoded_frame

VIDEO_SUFFIXES = frozenset(
    {".y4m", ".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mts", ".m2ts", ".mpg", ".mpeg", ".mxf"}
)
DEFAULT_FPS = 25.0
# The display matrix rotates counter-clockwise, in degrees; EXIF orientation 6 is 90 degrees clockwise.
ROTATION_TO_EXIF = {0: 1, 90: 8, 180: 3, -180: 3, -90: 6, 270: 6}


class VideoSource(BaseSource):
    """Frames of a file's first video stream as `decoded_frame` makes them, at `fps` or the file's own rate.

    Raises MissingExtraError without PyAV, and SourceError if the file is not a video. A truncated file raises
    SourceError after its last good frame.
    """

    def __init__(self, path: Path, *, fps: float | None = None, loop: bool = False) -> None:
        self._path = path
        self._loop = loop
        self.name = str(path)
        with _open(path) as container:
            stream = _video_stream(container, path)
            self.fps: float = fps or float(stream.average_rate or DEFAULT_FPS)
            self.frames = None if loop else stream.frames or None
            self._is_jpeg = stream.codec_context.name == "mjpeg"
            first = next(_pictures(container, path), None)
        if first is None:
            raise SourceError(f"{path}: has no decodable picture; copy or export it again")
        self.size = (int(first.width), int(first.height))

    def __iter__(self) -> Iterator[Frame]:
        index = 0
        while index == 0 or self._loop:
            with _open(self._path) as container:
                for picture in _pictures(container, self._path):
                    yield self._frame(picture, index)
                    index += 1

    def _frame(self, picture: Any, index: int) -> Frame:
        if (picture.width, picture.height) != self.size:
            raise SourceError(f"{self._path}: frame {index} is {picture.width}x{picture.height}; export one size")
        return decoded_frame(
            picture,
            is_jpeg=self._is_jpeg,
            index=index,
            time_s=index / self.fps,
            orientation=ROTATION_TO_EXIF.get(int(picture.rotation), 1),
            name=self.name,
        )


def _open(path: Path) -> Any:
    check_regular_file(path)
    try:
        import av
    except ImportError as error:
        raise MissingExtraError(str(path), "PyAV", "video") from error
    try:
        return av.open(str(path))
    except (av.FFmpegError, OSError) as error:
        raise SourceError(
            f"{path}: not a video that FFmpeg opens ({_reason(error)}); copy or export it again"
        ) from error


def _video_stream(container: Any, path: Path) -> Any:
    if not container.streams.video:
        raise SourceError(f"{path}: has no video stream; give a file with video")
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    return stream


def _pictures(container: Any, path: Path) -> Iterator[Any]:
    import av

    try:
        yield from container.decode(_video_stream(container, path))
    except (av.FFmpegError, OSError) as error:
        raise SourceError(f"{path}: cannot be decoded further ({_reason(error)}); copy or export it again") from error


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
