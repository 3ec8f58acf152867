"""Webcams of macOS (AVFoundation) and Windows (DirectShow), through the devices of FFmpeg in PyAV."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from time import perf_counter
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qsl

from ...errors import MissingExtraError, SourceError
from ...formats.headerless import parse_size
from ...frame import Frame
from ..clock import TickClock
from ..kinds import ConnectedCamera, Request
from .decoded import decoded_frame
from .retry import LiveSource

POLL_S = 0.002  # between reads of a device that has no picture yet
STALL_S = 4.0  # a camera without a picture for this time is opened again
DEFAULT_FPS = 30.0
KEYS = ("size", "fps", "format")
Options = dict[str, str]


class Driver(NamedTuple):
    """A device of FFmpeg: its name there, and how a camera and its settings are given to it."""

    format: str
    system: str  # where it exists
    address: Callable[[str], str]
    options: Callable[[Settings], Options]
    advice: str


class Settings(NamedTuple):
    """The settings of a name such as `avfoundation:0?size=1280x720&fps=30&format=nv12`. None: the camera's default.

    `format` is a pixel format of FFmpeg, or mjpeg.
    """

    camera: str
    size: tuple[int, int] | None = None
    fps: float | None = None
    format: str | None = None

    @classmethod
    def parse(cls, name: str, fps: float | None = None) -> Settings:
        """Raises SourceError for an unknown key or a malformed value."""
        scheme, _, rest = name.partition(":")
        camera, _, query = rest.partition("?")
        given = dict(parse_qsl(query, keep_blank_values=True))
        unknown = [key for key in given if key not in KEYS]
        if unknown:
            raise SourceError(f"{name}: no key '{unknown[0]}'; try {scheme}:{camera or 0}?size=1280x720&fps=30")
        if "fps" in given:
            fps = _rate(name, given["fps"])
        try:
            size = parse_size(given["size"]) if "size" in given else None
        except SourceError as error:
            raise SourceError(f"{name}: {error}") from error
        return cls(camera or "0", size, fps, given.get("format") or None)


def _rate(name: str, text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= 1000:
        raise SourceError(f"{name}: fps '{text}' is not a rate; try fps=30")
    return rate


def _common(settings: Settings) -> Options:
    options = {"framerate": f"{settings.fps or DEFAULT_FPS:g}"}
    if settings.size is not None:
        options["video_size"] = "{}x{}".format(*settings.size)
    return options


def _avfoundation_options(settings: Settings) -> Options:
    return _common(settings) | {"pixel_format": settings.format or "nv12"}


def _dshow_options(settings: Settings) -> Options:
    """Room for a second of uncompressed pictures: the default holds less than one of 1080p."""
    options = {"rtbufsize": "100M"}
    if settings.fps is not None or settings.size is not None:
        options |= _common(settings)
    if settings.format is not None:
        options |= {"vcodec": "mjpeg"} if settings.format == "mjpeg" else {"pixel_format": settings.format}
    return options


def _dshow_address(camera: str) -> str:
    """A number is that of the list; any other text is the name of a camera."""
    if camera.isdecimal():
        devices = _devices("dshow")
        if int(camera) < len(devices):
            camera = devices[int(camera)][0]
    return f"video={camera}"


AVFOUNDATION = Driver(
    "avfoundation",
    "macOS",
    lambda camera: f"{camera}:none",
    _avfoundation_options,
    "allow the terminal to use the camera in System Settings > Privacy & Security > Camera",
)
DSHOW = Driver(
    "dshow",
    "Windows",
    _dshow_address,
    _dshow_options,
    "allow desktop apps to use the camera in Settings > Privacy & security > Camera, and close other programs",
)
DRIVERS = {driver.format: driver for driver in (AVFOUNDATION, DSHOW)}


def open_source(name: str, request: Request) -> WebcamSource:
    """Opens `avfoundation:0?size=1280x720&fps=30` or `dshow:NAME?format=mjpeg`. NAME is a number or a name of the list.

    Raises SourceError on another system and for a camera that cannot be opened, MissingExtraError without PyAV.
    """
    driver = DRIVERS[name.partition(":")[0]]
    return WebcamSource(name, driver, Settings.parse(name, request.fps))


def list_cameras() -> Iterable[ConnectedCamera]:
    """The webcams of this system, by number; empty on Linux, where another kind lists them."""
    driver = {"darwin": AVFOUNDATION, "win32": DSHOW}.get(sys.platform)
    if driver is None:
        return []
    _check_library(driver.format)
    return [
        ConnectedCamera(f"{driver.format}:{number}", title)
        for number, (_, title) in enumerate(_devices(driver.format))
        if not title.startswith("Capture screen")
    ]


class WebcamSource(LiveSource):
    """Frames of a webcam as `decoded_frame` makes them. Untested on macOS and Windows; the tests use lavfi."""

    def __init__(self, name: str, driver: Driver, settings: Settings) -> None:
        super().__init__(name)
        _check_library(name)
        self._driver, self._settings = driver, settings
        self._container: Any = None
        self._connect()

    def _open(self) -> Iterator[Frame]:
        self._container = _opened(self.name, self._driver, self._settings)
        streams = self._container.streams.video
        if not streams:
            raise SourceError(f"{self.name}: sends no video; {_choice(self._driver)}")
        stream = streams[0]
        stream.codec_context.options = {"err_detect": "explode"}  # an error instead of a picture with wrong parts
        self.size = int(stream.codec_context.width), int(stream.codec_context.height)
        rate = stream.average_rate or stream.guessed_rate
        self.fps = float(rate) if rate else self._settings.fps
        return self._read(self._container, stream)

    def _release(self) -> None:
        container, self._container = self._container, None
        if container is not None:
            container.close()

    def _read(self, container: Any, stream: Any) -> Iterator[Frame]:
        import av

        clock, is_jpeg = TickClock(1.0 / float(stream.time_base)), stream.codec_context.name == "mjpeg"
        first_s: float | None = None
        index = -1
        while (packet := self._packet(container, stream)) is not None:
            arrived_s = perf_counter()
            index += 1
            try:
                pictures = stream.codec_context.decode(packet)
            except av.FFmpegError:  # a corrupt picture
                continue
            if not pictures:
                continue
            captured_s = arrived_s if packet.pts is None else clock.captured_s(packet.pts, arrived_s)
            first_s = captured_s if first_s is None else first_s
            yield decoded_frame(
                pictures[-1],
                is_jpeg=is_jpeg,
                index=index,
                time_s=max(captured_s - first_s, 0.0),
                captured_s=captured_s,
                name=self.name,
            )

    def _packet(self, container: Any, stream: Any) -> Any:
        """The next packet; None after `interrupt`. Raises SourceError if the camera is gone or sends nothing."""
        import av

        last_s = perf_counter()
        while not self._stop.is_set():
            try:
                packet = next(container.demux(stream))
            except BlockingIOError:  # nothing yet
                if perf_counter() - last_s > STALL_S:
                    raise SourceError(f"{self.name}: sends no picture; {self._driver.advice}") from None
                self._stop.wait(POLL_S)
                continue
            except (av.FFmpegError, OSError) as error:
                raise SourceError(f"{self.name}: the camera is gone ({_text(error)}); plug it in again") from error
            if packet.size == 0:  # the end
                raise SourceError(f"{self.name}: the camera is gone; plug it in again")
            return packet
        return None


def _opened(name: str, driver: Driver, settings: Settings) -> Any:
    """The open device, whose reads do not block."""
    import av
    from av.container import Flags

    if driver.format not in av.formats_available:
        raise SourceError(
            f"{name}: this PyAV has no {driver.format}, which exists on {driver.system} only; "
            "groundglass cameras lists what can be opened here"
        )
    address, non_block = driver.address(settings.camera), cast(Any, Flags.non_block)
    try:
        container: Any = av.open(address, format=driver.format, options=driver.options(settings))
    except (av.FFmpegError, OSError) as error:
        raise SourceError(
            f"{name}: cannot be opened ({_text(error)}); {_choice(driver)}; try ?size=1280x720&fps=30, or "
            f"{driver.advice}"
        ) from error
    container.flags |= non_block.value
    return container


def _choice(driver: Driver) -> str:
    titles = [f"{number} ({title})" for number, (_, title) in enumerate(_devices(driver.format))]
    return f"connected: {', '.join(titles)}" if titles else "no camera is connected"


def _devices(driver: str) -> list[tuple[str, str]]:
    """Names and titles of the video devices; empty if FFmpeg cannot list them."""
    import av

    try:
        return [
            (device.name, device.description or device.name)
            for device in av.enumerate_input_devices(driver)
            if "video" in device.media_types or not device.media_types
        ]
    except (AttributeError, ValueError, OSError, av.FFmpegError):  # an older PyAV, or another system
        return []


def _check_library(name: str) -> None:
    try:
        import av  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(name, "PyAV", "video") from error


def _text(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
