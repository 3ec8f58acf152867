"""Depth from a second source, such as a depth camera beside the camera: its maps, paired by time with the pictures."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..controls import Control
from ..depth.maps import DepthMap, check_shape, relative_noise
from ..depth.relative import extremes
from ..errors import SourceError
from ..formats.depth_files import Scaling, grey_channel, metric
from ..frame import Encoding, Frame
from ..orientation import upright
from ..packing import Packing, unpack
from .faults import FaultReport
from .latest import LatestFrameQueue
from .source import Timing
from .source_filter import SourceFilter
from .with_depth import as_stored, upright_size

if TYPE_CHECKING:
    from .source import Source

FIRST_MAP_S = 3.0  # wait of the first picture for a map: later maps would change the picture at once
SILENT_S = 0.5  # without a map for longer, and for four periods, the depth camera is reported
MAPS_KEPT = 8
POLL_S = 0.2
MAX_CROP = 4.0  # maximum size of a part of a depth picture, for depth cameras with a narrower view
FIELDS = "fov:"
CONTROLS = "camera_depth_"  # the beginning of the names of a depth camera's controls


@dataclass(frozen=True, slots=True)
class Crop:
    """The part of a depth camera's picture that the camera sees, as fractions of its width and height.

    A depth camera with a narrower view has a negative `left` and a `width` above 1: its border is repeated around it.
    """

    left: float = 0.0
    top: float = 0.0
    width: float = 1.0
    height: float = 1.0

    @classmethod
    def parse(cls, text: str) -> Crop:
        """Parses "LEFT,TOP,WIDTH,HEIGHT", or "fov:87x58/69x42": fields of view of depth camera and camera in degrees.

        Raises SourceError.

        >>> Crop.parse("0.1,0.2,0.8,0.6")
        Crop(left=0.1, top=0.2, width=0.8, height=0.6)
        """
        if text.startswith(FIELDS):
            return cls._of_fields(text)
        try:
            left, top, width, height = (float(part) for part in text.split(","))
        except ValueError:
            left = top = width = height = math.nan
        sides = (left, width), (top, height)
        if not all(0 < side <= MAX_CROP and -MAX_CROP < first < 1 and first + side > 0 for first, side in sides):
            raise SourceError(
                f"depth crop '{text}' is not LEFT,TOP,WIDTH,HEIGHT in fractions of the map; try 0.1,0.1,0.8,0.8, or "
                "-0.1,-0.1,1.2,1.2 for a depth camera with a narrower view"
            )
        return cls(left, top, width, height)

    @classmethod
    def _of_fields(cls, text: str) -> Crop:
        """The part in the middle, for two pinhole cameras that look in the same direction from the same point."""
        try:
            depth_tan, camera_tan = (
                [math.tan(math.radians(_degrees(side)) / 2) for side in field.split("x")]
                for field in text.removeprefix(FIELDS).split("/")
            )
            width, height = (camera / depth for camera, depth in zip(camera_tan, depth_tan, strict=True))
        except ValueError:
            raise SourceError(
                f"depth crop '{text}' is not fov:WIDTHxHEIGHT/WIDTHxHEIGHT, the fields of view of the depth camera and "
                "of the camera in degrees; try fov:87x58/69x42"
            ) from None
        if max(width, height) > MAX_CROP:
            raise SourceError(f"depth crop '{text}': the depth camera sees too little of the picture")
        return cls((1 - width) / 2, (1 - height) / 2, width, height)

    def of(self, samples: NDArray[Any]) -> NDArray[Any]:
        """The part of an (H, W) array; at least one sample."""
        inside, around = zip(
            *(
                _part(first, side, count)
                for first, side, count in zip(
                    (self.top, self.left), (self.height, self.width), samples.shape, strict=True
                )
            ),
            strict=True,
        )
        return np.pad(samples[inside], around, mode="edge") if any(map(any, around)) else samples[inside]


def _degrees(text: str) -> float:
    """A field of view; ValueError if it is not between 0 and 180."""
    degrees = float(text)
    if not 0 < degrees < 180:
        raise ValueError(text)
    return degrees


def _part(first: float, side: float, samples: int) -> tuple[slice, tuple[int, int]]:
    """The samples of a part of an axis, at least one, and how many are missing before and after them."""
    begin = min(round(first * samples), samples - 1)
    end = max(round((first + side) * samples), begin + 1, 1)
    return slice(max(begin, 0), min(end, samples)), (max(-begin, 0), max(end - samples, 0))


class WithDepthSource(SourceFilter):
    """`source` with the depth that the frames of `depth` contain.

    A frame of `depth` is a monochrome mosaic or a grey picture, converted by `scaling`, or has depth of its own. If
    either source is live, a frame takes the map whose time of capture is nearest, of those that have arrived: a picture
    never waits for a map. Two recordings are paired by the times of their frames. A depth camera that is gone or silent
    leaves its last map, and is reported as the status. Raises SourceError if the first maps cannot be read, or do not
    have the shape of the picture; of two recordings also for later ones, unless it is `tolerant`.
    """

    def __init__(
        self, source: Source, depth: Source, scaling: Scaling, crop: Crop | None = None, *, tolerant: bool = False
    ) -> None:
        super().__init__(source, tolerant=tolerant)
        self._depth = depth
        reader = _MapReader(depth.name, scaling, crop or Crop())
        is_live = Timing.LIVE in (source.timing, depth.timing)
        self._pairing: _Pairing = (
            _PairingByClock(depth, reader) if is_live else _PairingByTime(depth, reader, self._faults)
        )
        self._stored: tuple[DepthMap, tuple[int, int], int, NDArray[np.float32]] | None = None

    @property
    def status(self) -> str:  # type: ignore[override]
        return super().status or self._pairing.problem

    def __iter__(self) -> Iterator[Frame]:
        self._pairing.start()
        yield from super().__iter__()

    def change(self, frame: Frame) -> Frame:
        depth_map = self._pairing.nearest(frame)
        if depth_map is None:
            return replace(frame, depth_m=None, depth_noise=0.0)
        return replace(frame, depth_m=self._as_stored(depth_map, frame), depth_noise=depth_map.noise)

    def interrupt(self) -> None:
        self._pairing.interrupt()
        super().interrupt()

    def controls(self) -> Iterable[Control]:
        yield from super().controls()
        for control in self._depth.controls():
            name = CONTROLS + control.name.removeprefix("camera_")
            yield replace(control, name=name, title=f"Depth: {control.title}", group="depth camera", key="")

    def close(self) -> None:
        self._pairing.close()
        self._depth.close()
        super().close()

    def _as_stored(self, depth_map: DepthMap, frame: Frame) -> NDArray[np.float32]:
        """The map in the stored orientation of the frame: the same array for the same map, which is uploaded once."""
        size, orientation = frame.size, frame.orientation
        if self._stored is None or self._stored[:3] != (depth_map, size, orientation):
            check_shape(self._depth.name, depth_map.depth_m, upright_size(frame), "--depth-crop")
            self._stored = depth_map, size, orientation, as_stored(depth_map.depth_m, frame)
        return self._stored[3]


class _EmptyMapError(SourceError):
    """A map without distances, such as the first ones of a camera."""


class _MapReader:
    """Converts frames of a depth source to upright maps in metres."""

    def __init__(self, name: str, scaling: Scaling, crop: Crop) -> None:
        self._name, self._scaling, self._crop = name, scaling, crop

    def __call__(self, frame: Frame) -> DepthMap:
        """Raises SourceError. Reads the frame's arrays, and keeps none of them."""
        if frame.depth_m is not None:
            return self._of_depth(upright(frame.depth_m, frame.orientation), frame.depth_noise)
        samples = np.ascontiguousarray(self._crop.of(upright(self._samples(frame), frame.orientation)))
        if samples.max() == (samples.min() if self._scaling.span else 0):
            raise _EmptyMapError(f"{self._name}: a map without any distance; check that nothing covers the camera")
        self._find_ends(samples)
        return metric(self._name, samples, self._scaling)

    def _of_depth(self, upright_m: NDArray[np.float32], noise: float) -> DepthMap:
        depth_m = np.array(self._crop.of(upright_m), np.float32, order="C")
        span, ends = self._scaling.span, self._find_ends(depth_m)
        if span is None or ends is None:
            return DepthMap(depth_m, noise)
        depth_m = span.rescaled(depth_m, *ends)
        return DepthMap(depth_m, relative_noise(depth_m) if noise else 0.0)

    def _find_ends(self, samples: NDArray[Any]) -> tuple[float, float] | None:
        """The darkest and the brightest sample of the first map, which have the two distances in all maps."""
        if self._scaling.span is not None and self._scaling.ends is None:
            self._scaling = replace(self._scaling, ends=extremes(self._name, samples))
        return self._scaling.ends

    def _samples(self, frame: Frame) -> NDArray[Any]:
        """(H, W) samples of a frame without depth of its own, uint8 or uint16, in the stored orientation."""
        if frame.encoding is Encoding.MOSAIC:
            if frame.cfa.pattern != "MONO":
                raise SourceError(
                    f"{self._name}: delivers a colour mosaic, which has no distances; choose a depth format of this "
                    "camera, such as ?format=Z16, or another camera"
                )
            samples = unpack(frame.pixels, frame.packing, frame.width)
            return samples.astype(np.uint8) if frame.packing is Packing.U8 else samples
        shown = frame.as_display()
        if shown.encoding is not Encoding.DISPLAY:
            raise SourceError(f"{self._name}: delivers scene-linear colour without depth; use a source with depth")
        return grey_channel(self._name, shown.pixels)


class _Pairing(Protocol):
    """The maps of a depth source, paired with pictures."""

    @property
    def problem(self) -> str:
        """Why no new map arrives, in one line; empty while maps arrive."""

    def start(self) -> None:
        """Begins to read, at the first map of a recording."""

    def nearest(self, frame: Frame) -> DepthMap | None:
        """The map of a picture; None before the first map. Raises SourceError."""

    def interrupt(self) -> None:
        """Ends a wait for a map in another thread."""

    def close(self) -> None:
        """Stops reading; the depth source is closed after it."""


class _PairingByTime:
    """Two recordings: a picture takes the map whose time since the beginning is nearest. The last map stays.

    With `faults`, a map after the first that cannot be read is reported there, and the one before it stays.
    """

    def __init__(self, source: Source, read: Callable[[Frame], DepthMap], faults: FaultReport | None = None) -> None:
        self._source, self._read, self._faults = source, read, faults
        self._frames: Iterator[Frame] = iter(())
        self._now: tuple[float, DepthMap] | None = None
        self._ahead: Frame | None = None
        self.problem = ""

    def start(self) -> None:
        self._release()
        self._frames, self._now = iter(self._source), None
        self._ahead = next(self._frames, None)

    def nearest(self, frame: Frame) -> DepthMap | None:
        chosen: Frame | None = None
        chosen_s = -math.inf if self._now is None else self._now[0]
        while self._ahead is not None and abs(self._ahead.time_s - frame.time_s) <= abs(chosen_s - frame.time_s):
            if chosen is not None:
                chosen.release()
            chosen, chosen_s = self._ahead, self._ahead.time_s
            self._ahead = next(self._frames, None)
        if chosen is not None:
            self._now = chosen_s, self._read_or_stay(chosen)
        return None if self._now is None else self._now[1]

    def _read_or_stay(self, frame: Frame) -> DepthMap:
        try:
            return self._read(frame)
        except SourceError as error:
            if self._faults is None or self._now is None:
                raise
            self._faults.report(f"{error}; the depth before it stays")
            return self._now[1]
        finally:
            frame.release()

    def interrupt(self) -> None:
        self._source.interrupt()

    def close(self) -> None:
        self._release()

    def _release(self) -> None:
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.release()


class _PairingByClock:
    """A live source: a thread converts maps as they arrive, and a picture takes the one captured nearest to it."""

    def __init__(self, source: Source, read: Callable[[Frame], DepthMap]) -> None:
        self._source, self._read = source, read
        self._queue = LatestFrameQueue(source)
        self._arrival = threading.Condition()
        self._maps: deque[tuple[float, DepthMap]] = deque(maxlen=MAPS_KEPT)  # by time of capture
        self._newest_s = perf_counter()
        self._error: Exception | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._faults = FaultReport()
        self._waits = True

    @property
    def problem(self) -> str:
        if self._thread is None or perf_counter() - self._newest_s < max(SILENT_S, 4.0 / (self._source.fps or 30.0)):
            return ""
        stays = "; the last depth stays" if self._maps else ""
        return f"{self._source.status or f'{self._source.name}: sends no depth'}{stays}"

    def start(self) -> None:
        if self._thread is None:
            self._newest_s = perf_counter()
            self._queue.start()
            self._thread = threading.Thread(target=self._run, name="groundglass-depth", daemon=True)
            self._thread.start()

    def nearest(self, frame: Frame) -> DepthMap | None:
        captured_s = perf_counter() if frame.captured_s is None else frame.captured_s
        with self._arrival:
            if self._waits:
                self._waits = False
                self._arrival.wait_for(lambda: self._maps or self._error or self._stop.is_set(), FIRST_MAP_S)
            if self._error is not None:
                raise self._error
            return min(self._maps, key=lambda pair: abs(pair[0] - captured_s))[1] if self._maps else None

    def interrupt(self) -> None:
        self._stop.set()
        with self._arrival:
            self._arrival.notify_all()
        self._source.interrupt()

    def close(self) -> None:
        self.interrupt()
        self._queue.close()
        if self._thread is not None:
            self._thread.join(POLL_S)

    def _run(self) -> None:
        while not (self._stop.is_set() or self._queue.ended):
            try:
                frame = self._queue.latest(POLL_S)
                if frame is not None:
                    self._add(frame)
            except SourceError as error:
                self._fail(error)
            except Exception as error:  # the picture's thread raises it
                self._fail(error)
                return

    def _add(self, frame: Frame) -> None:
        try:
            depth_map = self._read(frame)
        finally:
            frame.release()
        with self._arrival:
            self._newest_s, self._error = perf_counter(), None
            self._maps.append((frame.latency_from_s, depth_map))
            self._arrival.notify_all()

    def _fail(self, error: Exception) -> None:
        """A map without distances, or one after the first, is reported. Others show that the source has no depth."""
        if self._maps or isinstance(error, _EmptyMapError):
            self._faults.report(f"{error}; the depth before it stays")
            return
        with self._arrival:
            self._error = error
            self._arrival.notify_all()
