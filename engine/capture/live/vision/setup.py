"""Prepares a machine-vision camera: free-running, with the requested format, size, rate, exposure and gain."""

from __future__ import annotations

from ....errors import SourceError
from .features import Features, Limits
from .names import EXPOSURE, FRAME_RATE, GAIN, RESULTING_RATE, write
from .options import VisionOptions
from .pfnc import PixelFormat, parse_format


def prepare(features: Features, options: VisionOptions) -> PixelFormat:
    """Sets the camera up before it starts. Returns the pixel format.

    Raises SourceError for a setting that the camera does not offer, with a list of the possible ones.
    """
    _run_free(features)
    pixel_format = _choose_format(features, options.format)
    if options.size is not None:
        _set_size(features, options.size)
    pixel_format.check_width(read_size(features)[0])
    for key, names, value in (
        ("fps", FRAME_RATE, options.fps),
        ("exposure", EXPOSURE, options.exposure_us),
        ("gain", GAIN, options.gain),
    ):
        if value is not None:
            _set_number(features, key, names, value)
    return pixel_format


def read_size(features: Features) -> tuple[int, int]:
    """(width, height) of the frames."""
    return int(features.get("Width")), int(features.get("Height"))


def read_modes(features: Features) -> tuple[str, ...]:
    """The pixel formats that can be shown, and the sizes, in two lines."""
    formats = (parse_format(name) for name in features.choices("PixelFormat"))
    return ", ".join(found.name for found in formats if found is not None), _sizes(_size_limits(features))


def read_rate(features: Features) -> float | None:
    """Frames per second as the camera can deliver them, None if it is unknown."""
    rate = features.first(*RESULTING_RATE, *FRAME_RATE)
    return features.number(rate) or None if rate else None


def _run_free(features: Features) -> None:
    """Frames without triggers."""
    if features.has("AcquisitionMode", writable=True):
        features.set("AcquisitionMode", "Continuous")
    if not features.has("TriggerMode"):
        return
    selectable = features.has("TriggerSelector", writable=True)
    for trigger in features.choices("TriggerSelector") if selectable else ("",):
        if trigger:
            features.set("TriggerSelector", trigger)
        if features.has("TriggerMode", writable=True) and features.get("TriggerMode") != "Off":
            features.set("TriggerMode", "Off")


def _choose_format(features: Features, requested: str | None) -> PixelFormat:
    """The requested format; else the camera's own, or the first one that can be shown."""
    offered = [found for found in map(parse_format, features.choices("PixelFormat")) if found is not None]
    names = ", ".join(found.name for found in offered)
    if not offered:
        kinds = ", ".join(features.choices("PixelFormat"))
        raise SourceError(f"none of the camera's formats ({kinds}) can be shown; choose a Mono, Bayer or RGB camera")
    wanted = requested or str(features.get("PixelFormat"))
    chosen = next((found for found in offered if found.name.lower() == wanted.lower()), None)
    if chosen is None and requested:
        raise SourceError(f"no format '{requested}'; the camera offers {names}")
    chosen = chosen or offered[0]
    if features.get("PixelFormat") != chosen.name:
        features.set("PixelFormat", chosen.name)
    return chosen


def _set_size(features: Features, size: tuple[int, int]) -> None:
    """Sets a region of `size` in the middle of the sensor, as far as the steps of the camera allow."""
    offsets = [name for name in ("OffsetX", "OffsetY") if features.has(name, writable=True)]
    for name in offsets:
        features.set(name, int(features.limits(name).minimum))
    limits = _size_limits(features)
    if not all(_fits(side, each) for side, each in zip(size, limits, strict=True)):
        raise SourceError(f"no size {size[0]}x{size[1]}; the camera offers {_sizes(limits)}")
    for name, side in zip(("Width", "Height"), size, strict=True):
        features.set(name, side)
    for name in offsets:
        write(features, name, features.limits(name).maximum // 4 * 2)  # even: the order of the CFA stays


def _size_limits(features: Features) -> list[Limits]:
    return [features.limits(name) for name in ("Width", "Height")]


def _sizes(limits: list[Limits]) -> str:
    low, high, step = ("x".join(f"{each[index]:g}" for each in limits) for index in range(3))
    return low if low == high else f"{low} to {high} in steps of {step}"


def _fits(side: int, limits: Limits) -> bool:
    return limits.minimum <= side <= limits.maximum and (side - limits.minimum) % max(limits.step, 1) == 0


def _set_number(features: Features, key: str, names: tuple[str, ...], value: float) -> None:
    name = features.first(*names)
    if not name:
        raise SourceError(f"the camera has no {key} to set; leave out {key}=")
    limits = features.limits(name)
    if not limits.minimum <= value <= limits.maximum:
        texts = [_with_unit(number, limits.unit) for number in (value, limits.minimum, limits.maximum)]
        raise SourceError(f"{key} {texts[0]} is not possible; the camera offers {texts[1]} to {texts[2]}")
    write(features, name, value)


def _with_unit(number: float, unit: str) -> str:
    """`number` for people: long times in seconds, not in microseconds."""
    if unit == "µs" and number >= 1000:
        number, unit = number / 1e6, "s"
    return f"{number:g} {unit}".strip()
