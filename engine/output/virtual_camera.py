"""Virtual camera (F9): sends the displayed pictures to a camera device for video calls and recorders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..controls import Control, Switch
from ..display.tool import Invalidation, Tool, ToolContext
from ..errors import DeviceError, GroundglassError, MissingExtraError
from ..gl.readback import Readback
from .video import even
from .worker_queue import WorkerQueue

if TYPE_CHECKING:
    from ..drawn import Drawn

HINT = "on Linux load the module v4l2loopback, elsewhere install OBS and start its virtual camera once"
FPS = 30.0  # nominal frame rate if the source has none; pictures are sent as they are drawn


class VirtualCamera:
    """A virtual camera of `size` (width, height) with its own thread. `send` never waits: it drops pictures if busy.

    Raises MissingExtraError without pyvirtualcam, and DeviceError if the system has no virtual camera.
    """

    def __init__(self, size: tuple[int, int], fps: float) -> None:
        try:
            import pyvirtualcam
        except ImportError as error:
            raise MissingExtraError("the virtual camera", "pyvirtualcam", "webcam") from error
        try:
            self._camera: Any = pyvirtualcam.Camera(*size, fps, fmt=pyvirtualcam.PixelFormat.RGB)
        except Exception as error:  # each backend raises its own type
            reason = str(error).partition("\n")[0].strip() or type(error).__name__
            raise DeviceError(f"no virtual camera ({reason}); {HINT}") from error
        self.size, self.name = size, str(self._camera.device)
        self.error = ""
        self._queue: WorkerQueue[NDArray[np.uint8]] = WorkerQueue("webcam", 1, self._send_all)

    @property
    def is_over(self) -> bool:
        return self._queue.is_over

    def send(self, rgba: NDArray[np.uint8]) -> None:
        """Sends a picture (H, W, 4) uint8, top row first."""
        self._queue.add(rgba)

    def close(self) -> None:
        self._queue.join()

    def _send_all(self, pictures: Iterator[NDArray[np.uint8]]) -> None:
        width, height = self.size
        try:
            for rgba in pictures:
                self._camera.send(np.ascontiguousarray(rgba[:height, :width, :3]))
        except Exception as error:  # the device was removed
            self.error = f"the virtual camera has stopped ({str(error).partition(chr(10))[0] or type(error).__name__})"
        finally:
            self._camera.close()


class VirtualCameraTool(Tool):
    """Sends drawn pictures to a virtual camera; a change of size stops it."""

    def __init__(self, tool_context: ToolContext) -> None:
        self._tool_context = tool_context
        self._readback = Readback(tool_context.engine.gl)
        self._camera: VirtualCamera | None = None
        self._start_requested = False

    def controls(self) -> Iterable[Control]:
        yield Switch(
            *("webcam", "Virtual camera", "keep", "F9"),
            get=lambda: self._camera is not None or self._start_requested,
            set=self._toggle,
        )

    def tick(self, now_s: float) -> Invalidation:
        if self._camera is not None and self._camera.is_over:
            self._tool_context.messages.warn(self._camera.error)
            self._end()
        return Invalidation.NOTHING

    @property
    def keeps_size(self) -> bool:
        return self._start_requested or self._camera is not None

    def on_frame(self, drawn: Drawn) -> None:
        size = even(drawn.texture.size)
        if self._start_requested:
            self._begin(size)
        if self._camera is None:
            return
        if size != self._camera.size:
            self._tool_context.messages.warn("the picture size has changed: the virtual camera has stopped")
            self._end()
            return
        taken = self._readback.request(drawn.texture, 0.0)
        if taken is not None:
            self._camera.send(taken[1])

    def close(self) -> None:
        self._end()

    def _toggle(self, on: bool) -> None:
        self._start_requested = on and self._camera is None
        if not on and self._camera is not None:
            self._tool_context.notify(f"{self._camera.name} is off")
            self._end()

    def _begin(self, size: tuple[int, int]) -> None:
        self._start_requested = False
        try:
            self._camera = VirtualCamera(size, self._tool_context.source.fps or FPS)
            self._tool_context.notify(f"the picture is on {self._camera.name}")
        except GroundglassError as error:
            self._tool_context.messages.warn(str(error))

    def _end(self) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.close()
        self._readback.release()
