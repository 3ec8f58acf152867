"""The signal at the input of a capture device, such as HDMI: its size belongs to the machine that sends it."""

from __future__ import annotations

import errno
from typing import Any

from linuxpy.video import raw

from ....errors import SourceError
from .device import Device

SOURCE_CHANGE, RESOLUTION = int(raw.EventType.SOURCE_CHANGE), int(raw.EventType.SRC_CH_RESOLUTION)
MAX_EVENTS = 64  # in a row: a driver that reports more is broken
NO_SIGNAL = {
    errno.ENOLINK: "no signal; connect the cable and turn on the device that sends",
    errno.ENOLCK: "no stable signal; check the cable, and that the device sends a usual format",
    errno.ERANGE: "the signal has a size or rate that the device does not take; choose a smaller one at the sender",
}
CHANGED = "the size of the signal has changed; it is opened again"


def follow_signal(device: Device) -> None:
    """Sets an input with digital timings to its present signal, and subscribes to its changes.

    Does nothing for a webcam or a sensor, whose driver has no such timings. Raises SourceError without a signal, and
    OSError if the driver refuses the timings.
    """
    _subscribe(device)
    try:
        present = device.call(raw.IOC.QUERY_DV_TIMINGS, raw.v4l2_dv_timings())
        former = device.call(raw.IOC.G_DV_TIMINGS, raw.v4l2_dv_timings())
    except OSError as error:
        if error.errno in NO_SIGNAL:
            raise SourceError(f"{device.path}: {NO_SIGNAL[error.errno]}") from error
        return
    if _key(present) != _key(former):
        device.call(raw.IOC.S_DV_TIMINGS, present)


def has_changed(device: Device) -> bool:
    """Takes the waiting events of the driver: True if the signal has another size, or is gone."""
    changed = False
    for _ in range(MAX_EVENTS):
        try:
            event = device.call(raw.IOC.DQEVENT, raw.v4l2_event())
        except OSError:  # no further event
            break
        changed |= event.type == SOURCE_CHANGE and bool(event.u.src_change.changes & RESOLUTION)
    return changed


def _subscribe(device: Device) -> None:
    try:
        number = device.call(raw.IOC.G_INPUT, raw.cint(0)).value
        subscription = raw.v4l2_event_subscription(type=SOURCE_CHANGE, id=number)
        device.call(raw.IOC.SUBSCRIBE_EVENT, subscription)
    except OSError:  # the driver has no such event
        return


def _key(timings: Any) -> tuple[int, ...]:
    bt = timings.bt
    return bt.width, bt.height, bt.interlaced, bt.pixelclock, bt.hfrontporch, bt.hsync, bt.vfrontporch, bt.vsync
