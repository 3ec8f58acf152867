"""The surface whose pictures viewers in browsers receive."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..display.bitmap import BitmapSurface
from ..display.letterbox import Size, opening_size
from ..gl.context import is_software

SOFTWARE_FPS = 30.0  # the highest rate that the governor holds where the processor draws and encodes
LONGEST_PX = 960  # longer side of the stream: two cores draw and encode it, and a phone shows it


class StreamSurface(BitmapSurface):
    """A bitmap surface without delay where the processor draws: there the picture is complete when it is presented.

    Its size is `stream_size(picture, wanted)`. `fps` is the rate of the source. It is that of the surface, too, so that
    no picture waits for a place in a cadence. The page shows the text.
    """

    def __init__(
        self,
        picture: Size,
        on_frame: Callable[[NDArray[np.uint8]], None],
        *,
        wanted: Size | None = None,
        fps: float | None = None,
    ) -> None:
        super().__init__(stream_size(picture, wanted), on_frame)
        self._wanted = wanted
        self._is_software = is_software(self.gl)
        self.refresh_hz = min(fps or SOFTWARE_FPS, SOFTWARE_FPS) if self._is_software else fps

    def follow(self, picture: Size) -> None:
        """Pictures now have another size. The next one is drawn in the stream's size for it."""
        size = stream_size(picture, self._wanted)
        if size != self.size:
            self._framebuffer.release()
            self._texture.release()
            self._texture = self.gl.texture(size, 4)
            self._framebuffer = self.gl.framebuffer([self._texture])

    def present(self, title: str) -> None:
        super().present(title)
        if self._is_software:
            self._deliver(self._readback.take())


def stream_size(picture: Size, wanted: Size | None) -> Size:
    """The size of the stream: that which is wanted, else that of the picture, at most LONGEST_PX; with even sides.

    >>> stream_size((4000, 3000), None), stream_size((1080, 1920), None), stream_size((640, 360), (321, 180))
    ((960, 720), (540, 960), (320, 180))
    """
    width, height = wanted or opening_size(picture, (LONGEST_PX, LONGEST_PX), 1.0)
    return max(2, width // 2 * 2), max(2, height // 2 * 2)
