"""The ways from a compute device to OpenGL, and which one a pair of device and context takes.

A new one is one module of this folder and its entry in TRANSFERS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from . import host

if TYPE_CHECKING:
    import moderngl

    from ..compute.device import Device
    from .transfer import TextureTransfer


class TransferModule(Protocol):
    """What a module of this folder offers. Importing it loads no driver."""

    def open_transfer(self, device: Device, gl: moderngl.Context) -> TextureTransfer | None:
        """A transfer from `device` to `gl`, which is current; None where the two cannot share memory in this way."""


TRANSFERS: tuple[TransferModule, ...] = (host,)  # the fastest first; the last fits every pair


def open_transfer(device: Device, gl: moderngl.Context) -> TextureTransfer:
    """The first of TRANSFERS that fits `device` and `gl`, which is current. The caller releases it."""
    for module in TRANSFERS:
        transfer = module.open_transfer(device, gl)
        if transfer is not None:
            return transfer
    raise AssertionError("the transfer through main memory fits every device and context")
