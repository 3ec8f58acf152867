"""A substitute for the CUDA driver's calls for OpenGL. It uploads what was copied to a mapped texture when that is
unmapped, so that OpenGL draws it.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import moderngl
from groundglass.compute import cuda_gl

HANDLERS = {
    "cuGetErrorName": "_name_error",
    "cuDeviceGet": "_get_device",
    "cuGLGetDevices_v2": "_list_devices",
    "cuGraphicsGLRegisterImage": "_register",
    "cuGraphicsUnregisterResource": "_unregister",
    "cuGraphicsMapResources": "_map",
    "cuGraphicsSubResourceGetMappedArray": "_get_array",
    "cuGraphicsUnmapResources": "_unmap",
}
ERRORS = {0: b"CUDA_SUCCESS", 1: b"CUDA_ERROR_INVALID_VALUE", 219: b"CUDA_ERROR_INVALID_GRAPHICS_CONTEXT"}


class GlDriverDouble:
    """The functions of libcuda. `calls` has their names; `failing` maps a name to the error that it returns."""

    def __init__(self, cupy: ModuleType) -> None:
        self._cuda = cupy.cuda
        self.calls: list[str] = []
        self.textures: list[moderngl.Texture] = []  # those that may be registered
        self.failing: dict[str, int] = {}
        self.gl_devices = [0]
        self.registered: dict[int, int] = {}  # texture numbers by resource
        self._mapped: dict[int, int] = {}  # addresses of arrays by resource
        self._number = 1000

    def __getattr__(self, name: str) -> Any:
        if name not in HANDLERS:
            raise AttributeError(name)

        def call(*arguments: Any) -> int:
            self.calls.append(name)
            if name in self.failing:
                return self.failing[name]
            getattr(self, HANDLERS[name])(*arguments)
            return 0

        return call

    def _name_error(self, status: Any, text: Any) -> None:
        text._obj.value = ERRORS[status.value]

    def _get_device(self, device: Any, number: Any) -> None:
        device._obj.value = number.value

    def _list_devices(self, count: Any, devices: Any, limit: Any, kind: Any) -> None:
        assert kind.value == 1
        assert limit.value >= len(self.gl_devices)
        count._obj.value = len(self.gl_devices)
        devices[: len(self.gl_devices)] = self.gl_devices

    def _register(self, resource: Any, glo: Any, target: Any, flags: Any) -> None:
        assert (target.value, flags.value) == (0x0DE1, 2)
        assert glo.value not in self.registered.values(), "registered twice"
        self._number += 1
        resource._obj.value = self._number
        self.registered[self._number] = glo.value

    def _unregister(self, resource: Any) -> None:
        del self.registered[resource.value]

    def _map(self, count: Any, resource: Any, stream: Any) -> None:
        assert count.value == 1
        assert stream.value, "mapped on the default stream"
        self._number += 1
        texture = self._texture(resource._obj.value)
        self._mapped[resource._obj.value] = self._number
        self._cuda.arrays[self._number] = 8 * texture.width, texture.height

    def _get_array(self, array: Any, resource: Any, index: Any, level: Any) -> None:
        assert (index.value, level.value) == (0, 0)
        array._obj.value = self._mapped[resource.value]

    def _unmap(self, count: Any, resource: Any, stream: Any) -> None:
        assert count.value == 1
        assert stream.value
        array = self._mapped.pop(resource._obj.value)
        del self._cuda.arrays[array]
        if array in self._cuda.copied:
            self._texture(resource._obj.value).write(self._cuda.copied.pop(array))

    def _texture(self, resource: int) -> moderngl.Texture:
        """The texture itself, of the size that OpenGL states."""
        glo = self.registered[resource]
        return next(texture for texture in self.textures if texture.glo == glo)


def watch_textures(monkeypatch: Any) -> list[moderngl.Texture]:
    """A list that receives all new textures."""
    made: list[moderngl.Texture] = []
    make = moderngl.Context.texture

    def recording(context: moderngl.Context, *arguments: Any, **options: Any) -> moderngl.Texture:
        made.append(make(context, *arguments, **options))
        return made[-1]

    monkeypatch.setattr(moderngl.Context, "texture", recording)
    return made


def install(cupy: ModuleType, monkeypatch: Any) -> GlDriverDouble:
    """Replaces the driver, and takes software OpenGL for that of a GPU."""
    driver = GlDriverDouble(cupy)
    driver.textures = watch_textures(monkeypatch)
    monkeypatch.setattr("groundglass.compute.cuda.load_driver", lambda: cuda_gl.GlDriver(driver))
    monkeypatch.setattr("groundglass.transfer.shared.is_software", lambda ctx: False)
    return driver
