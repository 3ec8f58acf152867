"""The metadata of a camera or a stream, for `groundglass info`."""

from __future__ import annotations

from typing import Any

from ..controls import Action, Choice, Control, Number, Switch
from ..errors import SourceError
from ..frame import Frame
from .kinds import ConnectedCamera, listing_kind
from .latest import LatestFrameQueue
from .source import Source

FRAME_WAIT_S = 5.0


def live_metadata(source: Source, scheme: str) -> dict[str, Any]:
    """Size, rate, controls, and the modes of the camera where its kind lists them or the opened source has them.

    `controls` is a list of {"name", "title", "value" and the limits or choices}. Raises SourceError.
    """
    metadata: dict[str, Any] = {"kind": scheme.rstrip(":/"), "size": list(source.size)}
    if source.fps is not None:
        metadata["fps"] = source.fps
    camera = _connected(scheme, source.name)
    modes = () if camera is None else camera.modes
    modes = modes or getattr(source, "modes", ())
    metadata |= {"modes": list(modes)} if modes else {}
    metadata |= {} if camera is None else {"camera": camera.name}
    return metadata | {"controls": [described for each in source.controls() if (described := _described(each))]}


def first_frame(source: Source) -> Frame:
    """The first frame of a live source. Raises SourceError with its reason if none arrives within some seconds."""
    with LatestFrameQueue(source) as queue:
        frame = queue.latest(FRAME_WAIT_S)
    if frame is None:
        raise SourceError(source.status or f"{source.name}: no frame within {FRAME_WAIT_S:g} s; check the camera")
    return frame


def _connected(scheme: str, name: str) -> ConnectedCamera | None:
    """The listed camera of this name, or with the number in it; None if its kind lists none such."""
    kind, plain = listing_kind(scheme), name.partition("?")[0]
    cameras = [] if kind is None else list(kind.list_cameras())
    number = plain.removeprefix(scheme)
    for camera in cameras:
        if camera.source in (plain, number, f"/dev/video{number}"):
            return camera
    return cameras[int(number)] if number.isdecimal() and int(number) < len(cameras) else None


def _described(control: Control) -> dict[str, Any]:
    """The present value of a control and what it can be set to; empty for an action."""
    named = {"name": control.name, "title": control.title}
    match control:
        case Number():
            limits = {"minimum": control.minimum, "maximum": control.maximum, "step": control.step}
            return named | {"value": control.get(), "unit": control.unit} | limits
        case Choice():
            return named | {"value": control.get(), "choices": list(control.choices)}
        case Switch():
            return named | {"value": control.get(), "choices": [False, True]}
        case Action():
            return {}
    return named
