"""The name of a machine-vision source: the camera, and the settings that it begins with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from ....errors import SourceError
from ....formats.headerless import parse_size
from ...kinds import Request

_SECONDS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0}
_KEYS = ("format", "size", "fps", "exposure", "gain", "black")
PRODUCER_SUFFIX = ".cti"


@dataclass(frozen=True, slots=True)
class VisionOptions:
    """A camera, and its settings; None leaves a setting as it is in the camera.

    `camera` is the text between the scheme and `?`. If that is the path of a GenTL producer, it is `producer`, and
    `camera` is an option. `exposure_us` is in microseconds, `gain` in the camera's unit, mostly dB. `black` is the
    sensor value without light.
    """

    camera: str
    format: str | None = None
    size: tuple[int, int] | None = None
    fps: float | None = None
    exposure_us: float | None = None
    gain: float | None = None
    black: float = 0.0
    producer: str = ""

    @classmethod
    def parse(cls, name: str, request: Request) -> VisionOptions:
        """The options of a name such as `pylon:0?format=BayerRG12&size=1024x1040&fps=60&exposure=10ms&gain=6`.

        Raises SourceError for an unknown key or a malformed value.
        """
        camera, _, query = name.partition(":")[2].partition("?")
        given = dict(parse_qsl(query, keep_blank_values=True))
        is_producer = camera.lower().endswith(PRODUCER_SUFFIX)
        keys = ("camera", *_KEYS) if is_producer else _KEYS
        unknown = [key for key in given if key not in keys]
        if unknown:
            raise SourceError(f"{name}: no key '{unknown[0]}'; the keys are {', '.join(keys)}")
        numbers = {key: _number(name, key, given[key]) for key in ("fps", "gain", "black") if key in given}
        return cls(
            camera=given.get("camera", "") if is_producer else camera,
            producer=camera if is_producer else "",
            format=given.get("format"),
            size=parse_size(given["size"]) if "size" in given else None,
            fps=numbers.get("fps", request.fps),
            exposure_us=_exposure_us(name, given["exposure"]) if "exposure" in given else None,
            gain=numbers.get("gain"),
            black=numbers.get("black", 0.0),
        )


def _number(name: str, key: str, text: str) -> float:
    if not re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", text) or (key == "fps" and not float(text) > 0):
        raise SourceError(f"{name}: {key} '{text}' is not a number{' above 0' if key == 'fps' else ''}; try {key}=10")
    return float(text)


def _exposure_us(name: str, text: str) -> float:
    """Microseconds of `1/125`, `8ms`, `500us` or `0.5s`."""
    fraction = re.fullmatch(r"1/(\d{1,6})s?", text)
    if fraction and int(fraction[1]) > 0:
        return 1e6 / int(fraction[1])
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)(us|µs|ms|s)", text)
    if not found or not float(found[1]) > 0:
        raise SourceError(f"{name}: exposure '{text}' is not a time; try exposure=1/125, 8ms, 500us or 0.5s")
    return float(found[1]) * _SECONDS[found[2]] * 1e6
