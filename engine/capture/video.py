"""Video files through PyAV: display-referred frames."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MissingExtraError, SourceError, check_regular_file
from ..frame import Frame
from .base import BaseSource
from .faults import FaultReport
from .live.decoded import colours_of, decoded_frame

VIDEO_SUFFIXES = frozenset(
    {".y4m", ".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mts", ".m2ts", ".mpg", ".mpeg", ".mxf"}
    | {".mjpeg", ".mjpg", ".h264", ".264", ".h265", ".hevc", ".265", ".ts", ".3gp", ".3g2", ".wmv", ".flv", ".ogv"}
    | {".m2v", ".m1v", ".mpv", ".vob", ".dv", ".ivf", ".obu", ".asf", ".f4v"}
)
SQUARE = 0.01  # a pixel whose sides differ by less is square
MAX_ASPECT = 8.0
# The formats of FFmpeg that open further files or addresses.
PLAYLISTS = {"hls", "concat", "dash", "imf", "webm_dash_manifest", "sdp", "rtsp", "image2", "vobsub", "mlv"}
PROBE_BYTES = 4096
DEFAULT_FPS, MAX_FPS = 25.0, 10_000.0
NAMED_DATA = ("png", "apng")  # codecs whose profiles have a name: PyAV 18 frees it twice if a picture's data is listed
# Degrees counter-clockwise; EXIF orientation 6 is 90 degrees clockwise.
ROTATION_TO_EXIF = {0: 1, 90: 8, 180: 3, -180: 3, -90: 6, 270: 6}
MATRIX_BYTES = 36
# The signs of the display matrix, in which a point (x, y) is at (a x + c y, b x + d y), by EXIF orientation.
MATRIX_TO_EXIF = {
    **{(1, 0, 0, 1): 1, (-1, 0, 0, 1): 2, (-1, 0, 0, -1): 3, (1, 0, 0, -1): 4},
    **{(0, 1, 1, 0): 5, (0, 1, -1, 0): 6, (0, -1, -1, 0): 7, (0, -1, 1, 0): 8},
}


class VideoSource(BaseSource):
    """Frames of a file's first video stream as `decoded_frame` makes them, at `fps` or at the file's own times.

    Pixels that are not square are: the shorter side of the pixel is enlarged.
    Raises MissingExtraError without PyAV, and SourceError if the file is not a video. A truncated file raises
    SourceError after its last good frame. If it is `tolerant`, this and a picture that cannot be decoded or has another
    size are reported, and the next good picture follows.
    """

    def __init__(self, path: Path, *, fps: float | None = None, loop: bool = False, tolerant: bool = False) -> None:
        self._path = path
        self._faults = FaultReport() if tolerant else None
        self._loop = loop
        self.name = str(path)
        with _open(path) as container:
            stream = _video_stream(container, path)
            self._is_timed = fps is None
            self.fps: float = fps or _rate(stream)
            self.frames = None if loop else stream.frames or None
            self._codec = stream.codec_context.name
            first = next(self._pictures(container), None)
            if first is None:
                raise SourceError(f"{path}: has no decodable picture; copy or export it again")
            self._squared = _squared(stream, first)
        self.colours = colours_of(first)
        self._stored = int(first.width), int(first.height)
        self.size = self._squared or self._stored

    def __iter__(self) -> Iterator[Frame]:
        index, start_s, time_s, is_first = 0, 0.0, -1.0, True
        while is_first or self._loop:
            is_first, begun, first_s = False, index, None
            with _open(self._path) as container:
                for picture in self._pictures(container):
                    if not self._fits(picture, index):
                        continue
                    own_s = picture.time if self._is_timed else None
                    if first_s is None and own_s is not None:
                        first_s = own_s
                    due_s = index / self.fps if first_s is None or own_s is None else start_s + own_s - first_s
                    time_s = due_s if due_s > time_s else time_s + 1 / self.fps  # times increase
                    yield self._frame(picture, index, time_s)
                    index += 1
            if index == begun:  # the file has changed
                raise SourceError(f"{self._path}: has no decodable picture; copy or export it again")
            start_s = time_s + 1 / self.fps

    def _pictures(self, container: Any) -> Iterator[Any]:
        """The decoded pictures, without those that cannot be decoded if it is tolerant. Raises SourceError."""
        import av

        stream = _video_stream(container, self._path)
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                yield from packet.decode()
            except (av.FFmpegError, OSError) as error:
                reason = f"({_reason(error)}); copy or export it again"
                if self._faults is None:
                    raise SourceError(f"{self._path}: cannot be decoded further {reason}") from error
                self._faults.report(f"{self._path}: a part cannot be decoded, and is skipped {reason}")

    def _fits(self, picture: Any, index: int) -> bool:
        """Whether a picture has the size of the first. Raises SourceError if not, unless tolerant."""
        if (picture.width, picture.height) == self._stored:
            return True
        size = f"{picture.width}x{picture.height}; export one size"
        if self._faults is None:
            raise SourceError(f"{self._path}: frame {index} is {size}")
        self._faults.report(f"{self._path}: a part is {size}; skipped")
        return False

    def _frame(self, picture: Any, index: int, time_s: float) -> Frame:
        orientation = orientation_of(picture, self._codec)
        if self._squared is not None:
            picture = _resized(picture, *self._squared)
        return decoded_frame(
            picture,
            is_jpeg=self._codec == "mjpeg",
            index=index,
            time_s=time_s,
            orientation=orientation,
            name=self.name,
        )


def _open(path: Path) -> Any:
    check_regular_file(path)
    try:
        import av
    except ImportError as error:
        raise MissingExtraError(str(path), "PyAV", "video") from error
    try:
        container = av.open(str(path), options=_only_this_file(), **_any_text())
    except (av.FFmpegError, OSError, UnicodeError) as error:
        if _is_playlist(path):
            raise SourceError(f"{path}: is a playlist, which may name any file; give the video itself") from None
        raise SourceError(
            f"{path}: not a video that FFmpeg opens ({_reason(error)}); copy or export it again"
        ) from error
    return container


@cache
def _any_text() -> dict[str, Any]:
    """The option of PyAV for metadata that are not UTF-8. PyAV 19 needs none."""
    import av

    return {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}


@cache
def _only_this_file() -> dict[str, str]:
    """FFmpeg's options for a file of unknown origin: no network, and no format that names other files."""
    import av

    formats = {name for listed in av.formats_available for name in listed.split(",")}
    return {"protocol_whitelist": "file", "format_whitelist": ",".join(sorted(formats - PLAYLISTS))}


def _is_playlist(path: Path) -> bool:
    with suppress(OSError), path.open("rb") as file:
        begin = file.read(PROBE_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n")
        return begin.startswith((b"#EXTM3U", b"ffconcat")) or b"<MPD" in begin or b"CompositionPlaylist" in begin
    return False


def is_video(path: Path) -> bool:
    """Whether FFmpeg finds a video stream in a file, by its content; False without PyAV."""
    try:
        with _open(path) as container:
            return any(stream.codec_context is not None for stream in container.streams.video)
    except (MissingExtraError, SourceError):
        return False


def _video_stream(container: Any, path: Path) -> Any:
    if not container.streams.video:
        raise SourceError(f"{path}: has no video stream; give a file with video")
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise SourceError(f"{path}: FFmpeg has no decoder for its video; export it as H.264")
    stream.thread_type = "AUTO"
    return stream


def _rate(stream: Any) -> float:
    """The frame rate of a stream, finite and above 0."""
    rate = float(stream.average_rate or DEFAULT_FPS)
    return rate if 0 < rate < MAX_FPS else DEFAULT_FPS


def _squared(stream: Any, picture: Any) -> tuple[int, int] | None:
    """The size (width, height) with square pixels, of the first `picture`; None if they are square or unspecified."""
    # After decoding, PyAV has no ratio of a stream in MKV, TS or AVI any more; the codec has it still.
    aspect = float(stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or 1.0)
    if not 1 / MAX_ASPECT <= aspect <= MAX_ASPECT or abs(aspect - 1) < SQUARE:
        return None
    across, down = max(aspect, 1.0), max(1 / aspect, 1.0)
    return 2 * round(picture.width * across / 2), 2 * round(picture.height * down / 2)


def orientation_of(picture: Any, codec: str = "") -> int:
    """The EXIF orientation of a picture of a `codec` by its display matrix; 1 without one, and if it turns by other
    angles.
    """
    if codec in NAMED_DATA:
        return ROTATION_TO_EXIF.get(int(picture.rotation), 1)
    try:
        matrix = picture.side_data.get("DISPLAYMATRIX")
    except ValueError:  # PyAV has no name for a kind of data, and lists none then
        return ROTATION_TO_EXIF.get(int(picture.rotation), 1)
    if matrix is None or matrix.buffer_size < MATRIX_BYTES:
        return 1
    a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32, 5).tolist()
    return MATRIX_TO_EXIF.get((_sign(a), _sign(b), _sign(c), _sign(d)), 1)


def _sign(fixed: int) -> int:
    """The sign of a 16.16 number; 0 if it is much less than 1."""
    return 0 if abs(fixed) < 1 << 12 else 1 if fixed > 0 else -1


def _resized(picture: Any, width: int, height: int) -> Any:
    """The picture in another size, with its own format and tags."""
    resized = picture.reformat(width=width, height=height, interpolation="BICUBIC")
    for tag in ("colorspace", "color_range", "color_primaries", "color_trc"):
        setattr(resized, tag, getattr(picture, tag))
    return resized


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
