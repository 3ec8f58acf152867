"""The transfers from a compute device to OpenGL, and the selection for a device and a context.

A new transfer is a module of this folder and an entry in TRANSFERS.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from . import host, shared

if TYPE_CHECKING:
    import moderngl

    from ..compute.device import Device
    from ..timing import Clock
    from .transfer import TextureTransfer


class TransferModule(Protocol):
    """A module of this folder. Importing it loads no driver."""

    def open_transfer(self, device: Device, gl: moderngl.Context) -> TextureTransfer | None:
        """A transfer from `device` to `gl`, the current context; None if the module does not support the pair."""


TRANSFERS: tuple[TransferModule, ...] = (shared, host)  # the fastest first; the last supports every pair


def open_transfer(device: Device, gl: moderngl.Context) -> TextureTransfer:
    """The first of TRANSFERS that supports `device` and `gl`, the current context. The caller releases it."""
    for module in TRANSFERS:
        transfer = module.open_transfer(device, gl)
        if transfer is not None:
            return transfer
    raise AssertionError("the transfer through main memory supports every device and context")


def timed(device: Device, clock: Clock) -> AbstractContextManager[None]:
    """Times a transfer: on a GPU by its events, since the host would count the kernels that it waits for, too."""
    return clock.host("transfer") if device.is_cpu else device.stage("transfer", clock)
