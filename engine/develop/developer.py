"""A frame, whatever its numbers mean, to scene-linear Rec.2020 planes on the device."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import REC709_TO_REC2020
from ..compute.device import Buffer, Device
from ..compute.planes import Planes
from ..frame import Encoding, Frame
from .demosaic import Demosaic, Method, demosaiced_size
from .development import Development
from .levels import Levels


class Developer:
    """Develops frames of one size on one device: allocates at the first, nothing afterwards.

    A frame of another size, or another method, makes it allocate anew.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._key: tuple[Any, ...] | None = None
        self._planes: list[Planes] = []
        self._buffers: list[Buffer] = []
        self._demosaic: Demosaic | None = None

    @staticmethod
    def size_of(frame: Frame, development: Development) -> tuple[int, int]:
        """(width, height) of the scene planes that `develop` makes of a frame."""
        return demosaiced_size(*frame.size, development.demosaic) if frame.encoding is Encoding.MOSAIC else frame.size

    def develop(self, frame: Frame, development: Development) -> Planes:
        """Queues the work and returns the scene planes, which the next call overwrites.

        Scene-linear Rec.2020, three channels, border not yet mirrored.
        `half` gives half the size for a mosaic.
        """
        self._prepare(frame, development.demosaic)
        camera_to_scene = REC709_TO_REC2020 if frame.encoding is Encoding.DISPLAY else frame.profile.camera_to_scene
        matrix = camera_to_scene * 2.0 ** (frame.profile.exposure_ev + development.exposure_ev)
        if frame.encoding is Encoding.MOSAIC:
            self._develop_mosaic(frame, matrix)
        elif frame.encoding is Encoding.SCENE:
            self._develop_picture(frame, "picture_f32", matrix)
        else:
            kernel = "picture_u8" if frame.pixels.dtype == np.uint8 else "picture_u16"
            self._develop_picture(frame, kernel, matrix)
        return self._planes[0]

    def _prepare(self, frame: Frame, method: Method) -> None:
        is_mosaic = frame.encoding is Encoding.MOSAIC
        key = (frame.size, frame.encoding, frame.pixels.dtype, method if is_mosaic else None)
        if key == self._key:
            return
        self.release()
        width, height = frame.size
        if is_mosaic:
            scene = Planes(self._device, *demosaiced_size(width, height, method), 3)
            mosaic = Planes(self._device, width, height, 1)
            self._demosaic = Demosaic(mosaic, scene, method)
            self._planes = [scene, mosaic]
        else:
            scene = Planes(self._device, width, height, 3)
            self._planes = [scene]
            table = linear_table(np.iinfo(frame.pixels.dtype).max + 1 if frame.encoding is Encoding.DISPLAY else 1)
            self._buffers.append(self._device.allocate(table.nbytes))
            self._device.write(self._buffers[0], table)
        # Kernels read whole runs: beyond the last row by up to one padded row.
        slack = self._planes[-1].layout.pitch * frame.pixels.itemsize * 3
        self._buffers.append(self._device.allocate(frame.pixels.nbytes + slack))
        self._key = key

    def _develop_mosaic(self, frame: Frame, matrix: NDArray[np.float64]) -> None:
        assert self._demosaic is not None
        mosaic, numbers = self._demosaic.mosaic, self._buffers[-1]
        self._device.write(numbers, frame.pixels)
        levels = Levels.of(frame.profile, frame.cfa)
        mosaic.run(
            "levels.cl", "levels_u16", numbers, mosaic.buffer, frame.width, mosaic.layout.pitch,
            *levels.black, *levels.gain, levels.clip, 1,
        )  # fmt: skip
        mosaic.mirror()
        self._demosaic.run(frame.cfa, matrix, encoded=True)

    def _develop_picture(self, frame: Frame, kernel: str, matrix: NDArray[np.float64]) -> None:
        table, numbers = self._buffers
        scene = self._planes[0]
        self._device.write(numbers, frame.pixels)
        scene.run(
            "picture.cl", kernel, numbers, table, scene.buffer, frame.width, scene.layout.pitch, scene.layout.stride,
            *(float(entry) for entry in matrix.ravel()),
        )  # fmt: skip

    def release(self) -> None:
        """Gives everything back; harmless when done twice."""
        if self._demosaic:
            self._demosaic.release()
            self._demosaic = None
        for planes in self._planes:
            planes.release()
        for buffer in self._buffers:
            self._device.release(buffer)
        self._planes, self._buffers, self._key = [], [], None


@cache
def linear_table(count: int) -> NDArray[np.float32]:
    """Linear light (0 to 1) of each of `count` sRGB-encoded numbers (IEC 61966-2-1)."""
    encoded = np.arange(count, dtype=np.float64) / max(count - 1, 1)
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return linear.astype(np.float32)
