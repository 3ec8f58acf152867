"""Transfer without main memory: a GPU writes the scene into the texture from which OpenGL draws.

Kernels and OpenGL must use the same GPU. If the driver cannot share a texture, at the start or later, the scene passes
through main memory for the rest of the run, and the name of the transfer states the reason.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from ..compute.device import Device, SharedTexture
from ..compute.planes import Planes
from ..compute.stage_cache import StageCache
from ..errors import DeviceError
from ..gl.context import is_software
from ..gl.planes import ScenePlanes
from .host import ORIGIN, PIXEL_BYTES, PackedScene, send_packed

if TYPE_CHECKING:
    import moderngl

_PROBE_PX = 16  # width of a texture that is shared once, to find out whether it works


class SharedTransfer:
    """Implements the contract of `transfer.py`: "zero-copy", or "host" with the reason why not."""

    def __init__(self, device: Device, gl: moderngl.Context) -> None:
        self.name = "zero-copy"
        self._device = device
        self._packed = StageCache(partial(PackedScene, device))
        self.textures = ScenePlanes(gl)
        self._shared: SharedTexture | None = None
        self._can_share = True
        try:
            if is_software(gl):
                raise DeviceError("OpenGL draws on the processor")
            _probe(device, gl)
        except DeviceError as error:
            self._fall_back(error)

    def prepare(self, width: int, height: int) -> None:
        self._packed.ahead(width, height)

    def send(self, scene: Planes) -> ScenePlanes:
        packed = self._packed.get(*scene.size)
        if self._can_share:
            try:
                self._fill(packed, scene)
                return self.textures
            except DeviceError as error:
                self._fall_back(error)
        send_packed(packed, scene, self.textures)
        return self.textures

    def _fill(self, packed: PackedScene, scene: Planes) -> None:
        pitch_px = scene.layout.pitch, scene.layout.height
        if self.textures.pitch_px != pitch_px:
            self._unshare()  # before its texture is released
        texture = self.textures.place_packed(pitch_px, ORIGIN, scene.size)
        if self._shared is None:
            self._shared = self._device.share_texture(texture.glo)
        self._shared.fill(packed.pack(scene), PIXEL_BYTES * pitch_px[0], pitch_px[1])

    def _fall_back(self, error: DeviceError) -> None:
        self._can_share = False
        self.name = f"host ({str(error).partition('; ')[0]})"
        with suppress(DeviceError):  # what cannot be shared any more may not be unregistered either
            self._unshare()

    def _unshare(self) -> None:
        shared, self._shared = self._shared, None
        if shared is not None:
            shared.release()

    def release(self) -> None:
        """Releases everything; a second call has no effect."""
        self._unshare()
        self._packed.release()
        self.textures.release()


def _probe(device: Device, gl: moderngl.Context) -> None:
    """Shares a small texture once. Raises DeviceError if that does not work."""
    texture, buffer = gl.texture((_PROBE_PX, 1), 4, dtype="f2"), device.allocate(PIXEL_BYTES * _PROBE_PX)
    try:
        shared = device.share_texture(texture.glo)
        try:
            shared.fill(buffer, PIXEL_BYTES * _PROBE_PX, 1)
        finally:
            shared.release()
    finally:
        device.release(buffer)
        texture.release()


def open_transfer(device: Device, gl: moderngl.Context) -> SharedTransfer | None:
    """Opens the transfer of a GPU; None for a CPU, whose main memory is the device's."""
    return None if device.is_cpu else SharedTransfer(device, gl)
