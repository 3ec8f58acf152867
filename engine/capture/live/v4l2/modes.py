"""The choice of a camera's mode: what its name requests, or the best that it offers."""

from __future__ import annotations

import errno

from ....errors import SourceError, cause
from .connected import is_shown, mode_lines
from .device import BUSY, Device, Mode
from .formats import DOUBLE_FORMATS, JPEGS, MOSAICS, format_name, fourcc
from .name import Requested

SMOOTH_FPS = 24.0
MAX_DEFAULT_PX = 1920 * 1080  # a larger size is used on request
MAX_LINES = 6  # formats with their sizes in a message; of a camera with more, the formats


def choose_mode(name: str, device: Device, requested: Requested) -> Mode:
    """Sets the mode of the camera. Raises SourceError, with the offered modes, if it cannot be set."""
    code = _requested_code(name, device, requested)
    present = device.mode()
    size = requested.size
    if code is None:
        code, size = _best(name, device, present, requested)
    elif size is None:
        size = present.size
    if requested.size is not None:
        _check_size(name, device, code, requested.size)
    try:
        is_set = (present.code, present.size) == (code, size)  # its rows and colours stay as they were configured
        mode = present if is_set else device.set_mode(code, size)
        if requested.fps is not None:
            device.set_rate(requested.fps)
    except OSError as error:
        if error.errno == errno.EBUSY:
            raise SourceError(f"{name}: {BUSY}") from error
        raise SourceError(
            f"{name}: the driver refuses {format_name(code)} ({cause(error)}); {_offers(device)}"
        ) from error
    if mode.code != code:
        raise SourceError(
            f"{name}: the driver sets {format_name(mode.code)}, not {format_name(code)}; {_offers(device)}"
        )
    if requested.size is not None and mode.size != requested.size:
        raise SourceError(f"{name}: the driver rounds the size to {_text(mode.size)}; use size={_text(mode.size)}")
    return mode


def _requested_code(name: str, device: Device, requested: Requested) -> int | None:
    if requested.format is None:
        return None
    wanted = requested.format.lower()
    offered = [code for code in device.formats() if is_shown(code)]
    for code in offered:
        if wanted == format_name(code).lower():
            return code
    by_code = fourcc(f"{requested.format:4.4}") if requested.format.isascii() and len(requested.format) <= 4 else None
    if by_code in offered:
        return by_code
    double = DOUBLE_FORMATS.get(fourcc(f"{requested.format.upper():4.4}")) if by_code is not None else None
    if double is not None:
        raise SourceError(f"{name}: {double}; {_offers(device)}")
    raise SourceError(f"{name}: the camera does not offer {requested.format}; {_offers(device)}")


def _best(name: str, device: Device, present: Mode, requested: Requested) -> tuple[int, tuple[int, int]]:
    """The mode that the driver is set to if that is a mosaic: its sensor is configured for it. Otherwise the largest
    smooth picture, rather uncompressed.
    """
    size, smooth_fps = requested.size, requested.fps or SMOOTH_FPS
    if present.code in MOSAICS:
        return present.code, size or present.size
    best: tuple[tuple[bool, int, bool], int, tuple[int, int]] | None = None
    for code in filter(is_shown, device.formats()):
        sizes = [] if device.is_stepwise(code) else device.sizes(code)
        candidates = [each for each in sizes if size in (None, each)] if sizes else [size or present.size]
        for candidate in candidates:
            pixels = candidate[0] * candidate[1]
            is_smooth = max(device.rates(code, candidate), default=smooth_fps) >= smooth_fps
            is_small = pixels <= MAX_DEFAULT_PX
            score = is_smooth and is_small, pixels if is_small else -pixels, code not in JPEGS
            if best is None or score > best[0]:
                best = score, code, candidate
    if best is None and size is not None:
        raise SourceError(f"{name}: no format has the size {_text(size)}; {_offers(device)}")
    if best is None:
        double = next((DOUBLE_FORMATS[code] for code in device.formats() if code in DOUBLE_FORMATS), None)
        if double is not None:
            raise SourceError(f"{name}: {double}, of this or another device of the camera (groundglass cameras)")
        formats = ", ".join(map(format_name, device.formats()))
        raise SourceError(f"{name}: none of the camera's formats can be shown ({formats}); try another camera")
    return best[1], best[2]


def _check_size(name: str, device: Device, code: int, size: tuple[int, int]) -> None:
    sizes = device.sizes(code)
    if sizes and not device.is_stepwise(code) and size not in sizes:
        raise SourceError(f"{name}: {format_name(code)} has no size {_text(size)}; use {', '.join(map(_text, sizes))}")


def _text(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _offers(device: Device) -> str:
    lines = mode_lines(device)
    if len(lines) <= MAX_LINES:
        return f"it offers {'; '.join(lines)}"
    return (
        f"it offers {', '.join(line.split()[0] for line in lines)}; `groundglass cameras` lists their sizes and rates"
    )
