"""Camera modules of a Raspberry Pi, through picamera2 (libcamera): raw frames in the driver's buffers.

Written against picamera2's documented interface, and tested only with a stand-in, not on a Raspberry Pi.
"""

from __future__ import annotations

import math
import queue
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
from numpy.typing import NDArray

from ...camera import REC709_TO_REC2020, CameraProfile
from ...controls import Control, Number, Switch
from ...errors import SourceError, cause
from ...formats.headerless import Layout, parse_size
from ...frame import Frame, Lease
from ..clock import monotonic_to_perf_counter
from ..kinds import ConnectedCamera, Request
from ..source import EXPOSURE_CONTROL
from .exposure import ExposureProgram
from .retry import LiveSource

PREFIX = "picamera:"
BUFFERS = 6  # one is exposed, one read out, one waits; the queue, the engine and the viewer hold the others
TIMEOUT_S = 2.0  # beyond the frame time: the camera has stopped
WAIT_S = 0.2  # maximum delay of an interruption
INSTALL = "install it with apt install python3-picamera2, and let the environment use the packages of the system"
EXPOSURE_EV = 8.0  # range of the exposure control


@dataclass(frozen=True, slots=True)
class PicameraOptions:
    """`picamera:NUMBER?size=2028x1520&fps=40&format=SRGGB12`. Every key is optional; None is the camera's choice."""

    number: int = 0
    size: tuple[int, int] | None = None
    fps: float | None = None
    format: str | None = None

    @classmethod
    def parse(cls, name: str, fps: float | None) -> PicameraOptions:
        number, _, query = name.removeprefix(PREFIX).partition("?")
        keys = dict(parse_qsl(query, keep_blank_values=True))
        unknown = set(keys) - {"size", "fps", "format"}
        if unknown or (number and not number.isdecimal()):
            raise SourceError(f"{name}: not a camera's number and the keys size, fps, format; try picamera:0?fps=30")
        with suppress(ValueError):
            fps = float(keys["fps"]) if "fps" in keys else fps
            if fps is None or 0 < fps < math.inf:
                size = parse_size(keys["size"]) if "size" in keys else None
                return cls(int(number or 0), size, fps, keys.get("format"))
        raise SourceError(f"{name}: fps '{keys.get('fps', fps)}' is not a number above 0; try picamera:0?fps=30")


class PicameraSource(LiveSource):
    """The raw frames of a camera module, each a lease on a completed request.

    White balance, colour matrix and black levels are those that libcamera reports with each frame.
    """

    def __init__(self, name: str, options: PicameraOptions) -> None:
        super().__init__(name)
        self._options = options
        self._camera: Any = None
        self._completed: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._limits: dict[str, tuple[float, float, Any]] = {}
        self._chosen: dict[str, Any] = {}  # controls that the user has set, for a camera that returns
        self._metadata: dict[str, Any] = {}  # the latest frame's
        self._base: tuple[float, float] | None = None  # exposure time in microseconds and gain of 0 EV
        self._exposure_ev = 0.0
        try:
            self._connect()
        except OSError as error:
            raise SourceError(f"{name}: cannot be opened ({cause(error)}); check the cable") from error

    def _open(self) -> Iterator[Frame]:
        module = _picamera2()
        if module is None:
            raise SourceError(f"{self.name}: needs picamera2; {INSTALL}")
        number = self._options.number
        found = module.Picamera2.global_camera_info()
        if number >= len(found):
            connected = ", ".join(f"{PREFIX}{each['Num']} {each['Model']}" for each in found) or "none"
            raise SourceError(f"{self.name}: camera {number} is not connected; connected: {connected}")
        self._completed = queue.SimpleQueue()  # a late request of the camera before is not awaited
        try:
            self._camera = module.Picamera2(number)
            layout = self._configured()
            self._camera.start()
        except (RuntimeError, IndexError, ValueError) as error:
            raise SourceError(
                f"{self.name}: cannot be opened ({cause(error)}); close other programs that use the camera"
            ) from error
        self._limits = dict(self._camera.camera_controls)
        if self._chosen:
            self._camera.set_controls(self._chosen)
        self.size = layout.width, layout.height
        return self._deliver(layout, module.MappedArray)

    def _configured(self) -> Layout:
        """Configures the raw stream of the mode nearest to the options. Returns its layout."""
        mode = _choose(self._camera.sensor_modes, self._options)
        self.fps = min(self._options.fps or float(mode["fps"]), float(mode["fps"]))
        wanted = self._options.format or str(mode["format"])
        if "PISP_COMP" in wanted.upper():  # compressed: only libcamera's own processing reads it
            wanted = str(mode["unpacked"])
        configuration = self._camera.create_video_configuration(
            raw={"size": mode["size"], "format": wanted},
            buffer_count=BUFFERS,
            controls={"FrameRate": self.fps},
        )
        self._camera.configure(configuration)
        raw = self._camera.camera_configuration()["raw"]
        return Layout.parse(str(raw["format"]), tuple(raw["size"]), stride=int(raw["stride"]))

    def _release(self) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            with suppress(Exception):  # the driver of a camera that is gone
                camera.stop()
            with suppress(Exception):
                camera.close()

    def _deliver(self, layout: Layout, mapped_array: Any) -> Iterator[Frame]:
        index, first_ns = 0, None
        profile: CameraProfile | None = None
        while (request := self._next_request()) is not None:
            metadata = request.get_metadata()
            taken_ns = int(metadata["SensorTimestamp"])
            first_ns = taken_ns if first_ns is None else first_ns
            with ExitStack() as stack:
                stack.callback(request.release)
                mapped = stack.enter_context(mapped_array(request, "raw", reshape=False, write=False))
                frame = layout.frame(mapped.array.reshape(-1)[: layout.picture_bytes], self.name)
                lease = Lease(stack.pop_all().close)
            if profile is None or _colours(metadata) != _colours(self._metadata):
                profile = profile_of(metadata, layout)
            self._metadata = metadata
            yield replace(
                frame,
                profile=replace(profile, exposure_ev=-self._added_ev(metadata)),
                index=index,
                time_s=(taken_ns - first_ns) / 1e9,
                captured_s=monotonic_to_perf_counter(taken_ns / 1e9),
                lease=lease,
            )
            index += 1

    def _next_request(self) -> Any:
        """The next completed request, None after `interrupt`. Raises SourceError if none arrives."""
        self._camera.capture_request(signal_function=self._completed.put)
        waited_s, limit_s = 0.0, TIMEOUT_S + 1 / (self.fps or 1.0)
        while not self._stop.is_set():
            try:
                return self._camera.wait(self._completed.get(timeout=WAIT_S))
            except queue.Empty:
                waited_s += WAIT_S
            if waited_s >= limit_s:
                raise SourceError(f"{self.name}: no frame for {waited_s:.0f} s; check the cable of the camera")
        return None

    def _added_ev(self, metadata: dict[str, Any]) -> float:
        """The exposure of a frame relative to 0 EV of the exposure control."""
        exposure_us = float(metadata.get("ExposureTime", 0)) * float(metadata.get("AnalogueGain", 1.0))
        return math.log2(exposure_us / math.prod(self._base)) if self._base and exposure_us > 0 else 0.0

    def controls(self) -> Iterable[Control]:
        limits = self._limits
        if "ExposureTime" in limits:
            yield Number(
                *(EXPOSURE_CONTROL, "Camera exposure", "camera"),
                minimum=-EXPOSURE_EV,
                maximum=EXPOSURE_EV,
                step=1 / 3,
                unit="EV",
                get=lambda: self._exposure_ev,
                set=self._set_exposure,
            )
        if "AnalogueGain" in limits:
            yield Number(
                *("camera_gain", "Camera gain", "camera"),
                minimum=float(limits["AnalogueGain"][0]),
                maximum=float(limits["AnalogueGain"][1]),
                step=0.1,
                get=lambda: float(self._chosen.get("AnalogueGain", self._metadata.get("AnalogueGain", 1.0))),
                set=lambda gain: self._set(AeEnable=False, AnalogueGain=gain),
            )
        if "AeEnable" in limits:
            yield Switch(
                *("camera_auto_exposure", "Camera auto exposure", "camera"),
                get=lambda: bool(self._chosen.get("AeEnable", True)),
                set=self._set_auto_exposure,
            )
        if "AwbEnable" in limits:
            yield Switch(
                *("camera_auto_white_balance", "Camera auto white balance", "camera"),
                get=lambda: bool(self._chosen.get("AwbEnable", True)),
                set=lambda on: self._set(AwbEnable=on),
            )

    def _set_exposure(self, exposure_ev: float) -> None:
        """The first time, the exposure of the latest frame becomes 0 EV. The time of a frame is not exceeded."""
        shortest_us, longest_us = (float(limit) for limit in self._limits["ExposureTime"][:2])
        if self._base is None:
            gain = float(self._chosen.get("AnalogueGain", self._metadata.get("AnalogueGain", 1.0)))
            self._base = float(self._metadata.get("ExposureTime", 0)) or 10_000.0, max(gain, 1.0)
        base_us, base_gain = self._base
        frame_us = max(1e6 / self.fps if self.fps else math.inf, base_us)
        program = ExposureProgram(
            *(base_us, max(shortest_us, 1.0), min(longest_us or math.inf, frame_us), math.log2(base_gain)),
            max_gain_ev=math.log2(float(self._limits.get("AnalogueGain", (1.0, base_gain, None))[1])),
        )
        self._exposure_ev = exposure_ev
        exposure_us, gain_ev = program.divide(exposure_ev)
        self._set(AeEnable=False, ExposureTime=round(exposure_us), AnalogueGain=2.0**gain_ev)

    def _set_auto_exposure(self, on: bool) -> None:
        if on:  # the camera's own exposure is 0 EV again
            self._base, self._exposure_ev = None, 0.0
            self._chosen.pop("ExposureTime", None)
            self._chosen.pop("AnalogueGain", None)
        self._set(AeEnable=on)

    def _set(self, **controls: Any) -> None:
        """Remembers the controls, and sets them in the next frames."""
        self._chosen |= controls
        camera = self._camera
        if camera is not None:
            camera.set_controls(controls)


def profile_of(metadata: dict[str, Any], layout: Layout) -> CameraProfile:
    """White balance, matrix and black levels of a frame from libcamera's metadata.

    ColourGains are those of red and blue. ColourCorrectionMatrix, nine numbers, takes balanced camera RGB to linear
    sRGB. SensorBlackLevels are those of R, Gr, Gb and B in 16 bits.
    """
    red, blue = metadata.get("ColourGains", (1.0, 1.0))
    matrix = np.array(metadata.get("ColourCorrectionMatrix", np.eye(3)), np.float64).reshape(3, 3)
    black = [float(level) / 2 ** (16 - layout.bits) for level in metadata.get("SensorBlackLevels", (0, 0, 0, 0))]
    pattern = layout.cfa.pattern
    if pattern != "MONO":
        red_row = pattern.index("R") // 2
        order = {"R": 0, "B": 3}
        greens = [1 if place // 2 == red_row else 2 for place in range(4)]
        black = [black[order.get(letter, greens[place])] for place, letter in enumerate(pattern)]
    return CameraProfile(
        black=(black[0], black[1], black[2], black[3]),
        white=float(2**layout.bits - 1),
        white_balance=(float(red), 1.0, float(blue)) if pattern != "MONO" else (1.0, 1.0, 1.0),
        camera_to_scene=_scene_matrix(matrix),
    )


def _scene_matrix(to_srgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, 3) balanced camera RGB to linear Rec.2020; each row sums to 1, so that white stays white."""
    matrix = REC709_TO_REC2020 @ to_srgb
    return np.asarray(matrix / matrix.sum(axis=1, keepdims=True))


def _colours(metadata: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(metadata.get(key) for key in ("ColourGains", "ColourCorrectionMatrix", "SensorBlackLevels"))


def _choose(modes: list[dict[str, Any]], options: PicameraOptions) -> dict[str, Any]:
    """The sensor mode of the wanted size, else the largest that reaches the rate (30 fps). Raises SourceError."""
    raw = [mode for mode in modes if "size" in mode]
    sizes = sorted({tuple(mode["size"]) for mode in raw})
    if options.size is not None:
        raw = [mode for mode in raw if tuple(mode["size"]) == options.size]
    if not raw:
        offered = ", ".join(f"{width}x{height}" for width, height in sizes) or "none"
        raise SourceError(f"size {options.size} is not one of this camera's; it offers {offered}")
    fast = [mode for mode in raw if float(mode["fps"]) >= (options.fps or 30.0)] or raw
    return max(fast, key=lambda mode: (mode["size"][0] * mode["size"][1], mode["bit_depth"]))


def open_source(name: str, request: Request) -> PicameraSource:
    """`picamera:0`, with size, rate and format after a question mark."""
    return PicameraSource(name, PicameraOptions.parse(name, request.fps))


def list_cameras() -> Iterable[ConnectedCamera]:
    """The camera modules; none on a computer without picamera2."""
    module = _picamera2()
    found = [] if module is None else module.Picamera2.global_camera_info()
    return [ConnectedCamera(f"{PREFIX}{each['Num']}", str(each["Model"])) for each in found]


def _picamera2() -> Any:
    """The library, None if it is not installed."""
    try:
        return import_module("picamera2")
    except ImportError:
        return None
