"""Decoding by a GPU, where PyAV and the machine have it."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple


class Hardware(NamedTuple):
    """PyAV's hardware decoder, or None with the reason."""

    hwaccel: Any
    reason: str


@cache
def hardware_decoder() -> Hardware:
    """The first kind of hardware decoder that works on this machine. A stream that it cannot decode uses software."""
    try:
        from av.codec.hwaccel import HWAccel, hwdevices_available
    except ImportError:
        return Hardware(None, "this PyAV has none")
    reasons = []
    for kind in hwdevices_available():
        problem = problem_of(HWAccel(kind))
        if not problem:
            return Hardware(HWAccel(kind), kind)
        if problem != OTHER_CODECS:
            reasons.append(f"{kind}: {problem}")
    return Hardware(None, "; ".join(reasons) or "this PyAV has none")


OTHER_CODECS = "not for H.264"


def problem_of(hwaccel: Any) -> str:
    """Why a decoder of PyAV cannot be used now, in some words; empty if it can."""
    import av

    try:
        hwaccel.create(av.Codec("h264", "r"))
    except NotImplementedError:
        return OTHER_CODECS
    except (av.FFmpegError, OSError, RuntimeError, ValueError) as error:
        return str(getattr(error, "strerror", None) or error)
    return ""
