"""A compute device whose driver accepts no more work, as after a reset. The picture continues on another device.

OpenCL and CUDA report it with many codes, and each later call fails, too. So a small copy finds it out, and only after
a frame has failed.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from .compute.registry import list_devices
from .errors import DeviceError, DeviceLostError, OutOfMemoryError

if TYPE_CHECKING:
    from .compute.device import Device
    from .engine import Engine

PROBE = np.arange(64, dtype=np.uint8)


def is_lost(device: Device) -> bool:
    """Whether the device no longer returns what it was given."""
    try:
        device.finish()  # which a device without memory can, too
        buffer = device.allocate(PROBE.nbytes)
        try:
            device.write(buffer, PROBE)
            return not np.array_equal(device.read(buffer, np.uint8, PROBE.size), PROBE)
        finally:
            device.release(buffer)
    except OutOfMemoryError:
        return False
    except Exception:  # each driver has its own
        return True


def continued(engine: Engine, cause: str) -> tuple[Engine, str]:
    """An engine on the next device that works, in the same GL context, and the message. `engine` has lost its own.

    Raises DeviceLostError if no other works.
    """
    lost = f"{engine.device_name}: the device is lost ({cause})"
    for candidate in list_devices()[0]:
        if candidate.spec == engine.device.spec:
            continue
        with suppress(DeviceError):
            other = engine.on_device(candidate.spec)
            if not is_lost(other.device):
                return other, f"{lost}; the picture continues on {other.device_name}"
            other.close()
    raise DeviceLostError(f"{lost}, and no other is usable; restart the computer or its driver, then groundglass")


def adopt(engine: Engine, other: Engine) -> Engine:
    """`engine`, which tools and views hold, continues as `other`, with its own clock, depth model and GL context.

    Returns the former state of `engine` as an engine, which the caller closes.
    """
    own = {name: vars(engine)[name] for name in ("clock", "depth_model", "_owns_gl")}
    former = object.__new__(type(engine))
    vars(former).update(vars(engine), depth_model=None, _owns_gl=False)
    vars(engine).update(vars(other), **own)
    engine.reset()
    return former
