"""The transfers from a compute device to OpenGL, and the choice of one for a device and a context.

A new transfer is one module of this folder and its entry in TRANSFERS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from . import host

if TYPE_CHECKING:
    import moderngl

    from ..compute.device import Device
    from .transfer import TextureTransfer


class TransferModule(Protocol):
    """A module of this folder. Importing it loads no driver."""

    def open_transfer(self, device: Device, gl: moderngl.Context) -> TextureTransfer | None:
        """A transfer from `device` to `gl`, which is current; None if this kind does not support the pair."""


TRANSFERS: tuple[TransferModule, ...] = (host,)  # the fastest first; the last supports every pair


def open_transfer(device: Device, gl: moderngl.Context) -> TextureTransfer:
    """The first of TRANSFERS that supports `device` and `gl`, which is current. The caller releases it."""
    for module in TRANSFERS:
        transfer = module.open_transfer(device, gl)
        if transfer is not None:
            return transfer
    raise AssertionError("the transfer through main memory supports every device and context")
