"""A V4L2 device node: what it is, what it offers, and its mode."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from linuxpy.video import raw

from ....errors import SourceError, cause

MAX_ITEMS = 256  # a driver that enumerates more is broken
NODES = Path("/dev")


@dataclass(frozen=True, slots=True)
class Mode:
    """The mode of a camera. `sizeimage` is in bytes; 0 is the default of the colorimetry numbers (Colorspace ...)."""

    code: int
    width: int
    height: int
    bytes_per_line: int
    sizeimage: int
    colorspace: int = 0
    ycbcr_encoding: int = 0
    quantization: int = 0

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height


class Device:
    """An open device node. A call that the driver refuses raises OSError, and so does a node that cannot be opened."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._is_open = True
        try:
            capability = self.call(raw.IOC.QUERYCAP, raw.v4l2_capability())
        except OSError:
            self.close()
            raise
        has = (
            capability.device_caps if capability.capabilities & raw.Capability.DEVICE_CAPS else capability.capabilities
        )
        self.card, self.bus = (_text(field) for field in (capability.card, capability.bus_info))
        self.is_camera = bool(has & (raw.Capability.VIDEO_CAPTURE | raw.Capability.VIDEO_CAPTURE_MPLANE))
        self.can_stream = bool(has & raw.Capability.STREAMING)
        is_single = bool(has & raw.Capability.VIDEO_CAPTURE)
        self.type = int(raw.BufType.VIDEO_CAPTURE if is_single else raw.BufType.VIDEO_CAPTURE_MPLANE)

    @property
    def is_multiplanar(self) -> bool:
        return self.type == int(raw.BufType.VIDEO_CAPTURE_MPLANE)

    def call(self, request: int, argument: Any) -> Any:
        """Sends a request and returns its argument, with the driver's answer. Raises OSError."""
        fcntl.ioctl(self.fd, request, argument)
        return argument

    def close(self) -> None:
        """Harmless when called twice."""
        if self._is_open:
            self._is_open = False
            os.close(self.fd)

    def formats(self) -> list[int]:
        """The codes of the formats, in the driver's order."""
        return [item.pixelformat for item in self._items(raw.IOC.ENUM_FMT, raw.v4l2_fmtdesc, type=self.type)]

    def sizes(self, code: int) -> list[tuple[int, int]]:
        """The sizes of a format: all of them, or the smallest and the largest if `is_stepwise`."""
        found = []
        for item in self._items(raw.IOC.ENUM_FRAMESIZES, raw.v4l2_frmsizeenum, pixel_format=code):
            if item.type != raw.Frmsizetypes.DISCRETE:
                steps = item.m1.stepwise
                return [(steps.min_width, steps.min_height), (steps.max_width, steps.max_height)]
            found.append((item.m1.discrete.width, item.m1.discrete.height))
        return found

    def is_stepwise(self, code: int) -> bool:
        """Whether the camera offers sizes between the smallest and the largest."""
        first = next(self._items(raw.IOC.ENUM_FRAMESIZES, raw.v4l2_frmsizeenum, pixel_format=code), None)
        return first is not None and first.type != raw.Frmsizetypes.DISCRETE

    def rates(self, code: int, size: tuple[int, int]) -> list[float]:
        """Frames per second at this size, highest first: all of them, or the highest and the lowest of a range."""
        found = []
        intervals = self._items(
            raw.IOC.ENUM_FRAMEINTERVALS, raw.v4l2_frmivalenum, pixel_format=code, width=size[0], height=size[1]
        )
        for item in intervals:
            if item.type != raw.Frmivaltypes.DISCRETE:
                found = [_rate(item.m1.stepwise.min), _rate(item.m1.stepwise.max)]
                break
            found.append(_rate(item.m1.discrete))
        return sorted({rate for rate in found if rate > 0}, reverse=True)

    def mode(self) -> Mode:
        return self._mode_of(self.call(raw.IOC.G_FMT, raw.v4l2_format(type=self.type)))

    def set_mode(self, code: int, size: tuple[int, int]) -> Mode:
        """Sets a mode and returns what the driver made of it."""
        wanted = raw.v4l2_format(type=self.type)
        pixels = wanted.fmt.pix_mp if self.is_multiplanar else wanted.fmt.pix
        pixels.width, pixels.height, pixels.pixelformat, pixels.field = *size, code, int(raw.Field.NONE)
        if self.is_multiplanar:
            pixels.num_planes = 1
        return self._mode_of(self.call(raw.IOC.S_FMT, wanted))

    def rate(self) -> float | None:
        """Frames per second; None if the driver does not know."""
        try:
            parameters = self.call(raw.IOC.G_PARM, raw.v4l2_streamparm(type=self.type))
        except OSError:
            return None
        return _rate(parameters.parm.capture.timeperframe) or None

    def set_rate(self, fps: float) -> None:
        """Requests a rate; the driver takes the closest. Raises OSError if it has no rates."""
        parameters = raw.v4l2_streamparm(type=self.type)
        period = Fraction(1 / fps).limit_denominator(1_000_000)
        parameters.parm.capture.timeperframe.numerator = period.numerator
        parameters.parm.capture.timeperframe.denominator = period.denominator
        self.call(raw.IOC.S_PARM, parameters)

    def _mode_of(self, answer: Any) -> Mode:
        if not self.is_multiplanar:
            pixels = answer.fmt.pix
            lines, size = pixels.bytesperline, pixels.sizeimage
        else:
            pixels = answer.fmt.pix_mp
            if pixels.num_planes != 1:
                raise SourceError(
                    f"{self.path}: the driver delivers planes in buffers of their own; try another format"
                )
            lines, size = pixels.plane_fmt[0].bytesperline, pixels.plane_fmt[0].sizeimage
        colorimetry = pixels.colorspace, pixels.m1.ycbcr_enc, pixels.quantization
        return Mode(pixels.pixelformat, pixels.width, pixels.height, lines, size, *colorimetry)

    def _items(self, request: int, structure: Any, **fields: int) -> Iterator[Any]:
        """The answers of an enumeration, until the driver has no further one."""
        for index in range(MAX_ITEMS):
            try:
                yield self.call(request, structure(index=index, **fields))
            except OSError as error:
                if error.errno in (errno.EINVAL, errno.ENOTTY, errno.ENODATA):
                    return
                raise


def _rate(period: Any) -> float:
    return float(period.denominator / period.numerator) if period.numerator else 0.0


def _text(field: bytes) -> str:
    return field.decode("utf-8", "replace").strip()


def nodes() -> list[str]:
    """The paths of the video nodes, by number."""
    found = [path for path in NODES.glob("video*") if path.name[5:].isdecimal()]
    return [str(path) for path in sorted(found, key=lambda path: int(path.name[5:]))]


def cameras() -> Iterator[Device]:
    """The nodes that capture pictures, each open until the next. Nodes that cannot be opened are left out."""
    for path in nodes():
        try:
            device = Device(path)
        except OSError:
            continue
        try:
            if device.is_camera and device.can_stream and device.formats():
                yield device
        finally:
            device.close()


def open_camera(path: str) -> Device:
    """The camera at `path`. Raises SourceError with a remedy, or with the connected cameras."""
    try:
        device = Device(path)
    except OSError as error:
        is_other = error.errno in (errno.ENOTTY, errno.EINVAL)
        reason = f"is not a V4L2 device; {_listed()}" if is_other else remedy(error)
        raise SourceError(f"{path}: {reason}") from error
    if device.is_camera and device.can_stream:
        return device
    device.close()
    raise SourceError(f"{path}: {device.card} does not capture pictures into memory; {_listed()}")


BUSY = "another program uses the camera; close it (fuser -v /dev/video* names it)"


def remedy(error: OSError) -> str:
    """What the driver's error means, and what to do."""
    match error.errno:
        case errno.ENOENT:
            return f"no such camera; {_listed()}"
        case errno.EACCES | errno.EPERM:
            return "no permission; add yourself to the group video (sudo usermod -aG video $USER) and log in again"
        case errno.EBUSY:
            return BUSY
        case errno.ENODEV | errno.ENXIO:
            return "the camera is gone; plug it in again"
        case errno.ENOSPC:
            return "the USB bus has no bandwidth left; try a smaller size, format=MJPEG or another port"
    return f"the driver reports an error ({error.strerror or cause(error)}); try another format or size"


def _listed() -> str:
    listed = [f"{device.path} ({device.card})" for device in cameras()]
    return f"connected: {', '.join(listed)}" if listed else "no camera is connected"
