"""The kernel of one look: built in any thread, ready to be queued."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...compute.device import Buffer, Device
from ...compute.planes import PAD, Layout, Planes
from ...compute.program import KERNELS
from ...errors import ShaderError
from ...gl.passes import Number
from .emitter import FRAME
from .translation import KERNEL, Translation
from .uniforms import HostNumbers


@dataclass(frozen=True, slots=True)
class Columns:
    """Those of a picture that are drawn: the first, and how many."""

    first: int
    count: int


class LookKernel:
    """A translated look on one device, for pictures of one width."""

    def __init__(self, device: Device, translation: Translation, width: int, height: int) -> None:
        """Compiles, which takes a second with PoCL. Raises ShaderError, in which a line is that of a shader."""
        digest = hashlib.sha256(translation.text.encode()).hexdigest()[:16]
        self._source = f"look-{digest}.cl"
        self._device = device
        self._translation = translation
        self._is_written = False
        self._values = HostNumbers(translation.host)
        KERNELS.add_generated(self._source, translation.text)
        layout = Layout.of(width, height)
        numbers_bytes = 4 * device.run_length * max(len(translation.host.slots), 1)
        sizes = (numbers_bytes, *(4 * (layout.local + 4 * PAD) for _ in range(2)))
        self._buffers: tuple[Buffer, ...] = tuple(device.allocate(nbytes) for nbytes in sizes)
        self._numbers = self._buffers[0]
        try:
            self._warm_up(layout)
        except ShaderError as error:
            self.release()
            raise ShaderError(self._explained(str(error))) from error

    def fits(self, uniforms: Mapping[str, Number]) -> bool:
        return self._translation.fits(uniforms)

    def queue(self, scene: Planes, picture: Buffer, columns: Columns, uniforms: Mapping[str, Number]) -> None:
        """Queues the drawing of these columns into `picture`, pixels of four bytes, row by row without a gap."""
        if self._values.update(uniforms) or not self._is_written:
            self._device.write(self._numbers, np.repeat(self._values.array, self._device.run_length))
            self._is_written = True
        scene.run(
            *(self._source, KERNEL),
            scene=scene.buffer,
            numbers=self._numbers,
            picture=picture,
            first=columns.first,
            count=columns.count,
            frame=uniforms[FRAME] if self._translation.uses_frame else 0,
        )

    def release(self) -> None:
        """Releases everything; a second call has no effect."""
        if self._buffers:
            KERNELS.remove_generated(self._source)
        for buffer in self._buffers:
            self._device.release(buffer)
        self._buffers = ()

    def _warm_up(self, layout: Layout) -> None:
        """Draws one group of pixels of a scene whose planes all have the same row.

        Its buffers are kept: a release would make the device prepare all launches again.
        """
        numbers, scene, picture = self._buffers
        given: dict[str, object] = {"scene": scene, "numbers": numbers, "picture": picture}
        row = {"first": 0, "count": layout.local, "frame": 0, "pitch": 0, "stride": 0}
        group = (layout.local // self._device.run_length, 1)
        self._device.warm_up(self._source, KERNEL, group, given | row)

    def _explained(self, message: str) -> str:
        """A compiler's message, led back from the kernel's lines to those of the shaders."""
        origins = self._translation.origins

        def place(match: re.Match[str]) -> str:
            number = int(match[1])
            return "{}:{}".format(*origins[number - 1]) if 0 < number <= len(origins) else match[0]

        return re.sub(rf"{re.escape(self._source)}:(\d+)", place, message)
