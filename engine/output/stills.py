"""Stills taken in the live view: picture, raw file and look, written in a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..colour.output_space import OutputSpace
from ..controls import Action, Control
from ..display.tool import Invalidation, Tool, ToolContext
from ..errors import OutputError
from ..formats.capture_metadata import exif_of
from ..formats.dng_write import write_dng
from ..formats.picture_write import save
from ..frame import Encoding, Frame
from ..look.look import Look
from ..look.look_files import write_look
from ..orientation import upright
from .reserved_paths import reserved_path
from .source_metadata import metadata_of

if TYPE_CHECKING:
    from ..capture.source import Source
    from ..drawn import Drawn
    from ..settings import Settings

BURST = 8
PREVIEW_PX = 256


class Stills(Tool):
    """Saves stills into `folder`: `groundglass-0001.jpg`, the raw frame as `.dng` and the look as `.toml`.

    A tethered still camera takes a picture instead, which is saved there as the camera has made it.

    A burst saves the next frames as `groundglass-0002-01.dng`, `-02.dng`, ..., with the current look.
    """

    def __init__(self, tool_context: ToolContext, folder: str | Path = ".") -> None:
        self._tool_context, self._folder = tool_context, Path(folder)
        self._writer = ThreadPoolExecutor(1, "groundglass-stills")
        self._pending: list[Future[str]] = []
        self._frame: Frame | None = None
        self._burst: list[Frame] = []
        self._wanted = 0  # number of frames of the current burst
        self._redraw = False

    def controls(self) -> Iterable[Control]:
        yield Action("still", "Save a still", "keep", "S", do=self._take)
        yield Action("burst", f"Burst of {BURST} raw frames", "keep", "Shift+S", do=self._begin_burst)

    def tick(self, now_s: float) -> Invalidation:
        done = [still for still in self._pending if still.done()]
        self._pending = [still for still in self._pending if still not in done]
        for still in done:
            try:
                self._tool_context.notify(still.result())
            except OutputError as error:
                self._tool_context.notify(str(error))
        redraw, self._redraw = self._redraw, False
        return Invalidation.REDRAW if redraw else Invalidation.NOTHING

    def on_source(self, source: Source) -> None:
        self._frame = None
        if self._wanted:
            self._end_burst()  # a burst has the frames of one source

    def on_frame(self, drawn: Drawn) -> None:
        frame = drawn.captured
        # Allocates memory now, so that the first still is fast. Off screen few runs have one.
        if self._frame is None and self._tool_context.surface.is_interactive:
            self._tool_context.engine.prepare(drawn, self._best())
        if self._wanted and frame is not self._frame:
            self._burst.append(frame.owned())
            if len(self._burst) == self._wanted:
                self._end_burst()
        self._frame = frame

    def close(self) -> None:
        """Waits until all stills are written. Raises OutputError for a failure that was not reported yet."""
        if self._wanted:
            self._end_burst()
        self._writer.shutdown(wait=True)
        pending, self._pending = self._pending, []
        for still in pending:
            still.result()

    def _take(self) -> None:
        """A still camera takes its own picture; else the frame on the screen is saved."""
        if self._tool_context.source.trigger(self._folder.absolute()):
            self._tool_context.notify(f"the camera takes a picture, into {self._folder.absolute()}")
            return
        frame, settings = self._frame, self._best()
        if frame is None:
            return
        picture = self._tool_context.engine.render(frame, settings)
        self._redraw = True  # the render invalidated the texture on the screen
        owned = frame.owned()  # another thread writes it
        self._queue(lambda: save_still(self._folder, owned, picture, settings.look, settings.output_space))

    def _best(self) -> Settings:
        """The current settings with full size and the best blur."""
        return self._tool_context.settings.now.with_(quality="best", scale=1.0)

    def _begin_burst(self) -> None:
        if self._frame is None or self._frame.encoding is not Encoding.MOSAIC:
            self._tool_context.notify("a burst requires raw frames, and this picture has no raw data")
        elif not self._wanted:
            frames = self._tool_context.source.frames
            self._burst, self._wanted = ([self._frame.owned()], 1) if frames == 1 else ([], BURST)
            if frames == 1:
                self._end_burst()

    def _end_burst(self) -> None:
        frames, look = self._burst, self._tool_context.settings.now.look
        self._burst, self._wanted = [], 0
        if frames:
            self._queue(lambda: save_burst(self._folder, frames, look))

    def _queue(self, work: Callable[[], str]) -> None:
        self._pending.append(self._writer.submit(work))


def save_still(
    folder: Path, frame: Frame, display_rgb: NDArray[np.uint8], look: Look, space: OutputSpace | None = None
) -> str:
    """Writes the picture (H, W, 3), the frame if it is raw, and the look. Returns a message with the file names."""
    with reserved_path(folder) as stem:
        metadata = metadata_of(frame)
        names = [save(stem.with_suffix(".jpg"), display_rgb, space=space, exif=exif_of(metadata)).name]
        if frame.encoding is Encoding.MOSAIC:
            # The preview has the sensor's orientation, like the mosaic: readers rotate both.
            preview = Image.fromarray(display_rgb)
            preview.thumbnail((PREVIEW_PX, PREVIEW_PX))
            small = np.asarray(preview)
            write_dng(stem.with_suffix(".dng"), frame, metadata, as_captured(small, frame.orientation))
            names.append(".dng")
        write_look(stem.with_suffix(".toml"), look)
        return f"saved {' '.join([*names, '.toml'])}"


def save_burst(folder: Path, frames: list[Frame], look: Look) -> str:
    """Writes the raw frames and the look. Returns a message with the file names."""
    with reserved_path(folder) as stem:
        write_look(stem.with_suffix(".toml"), look)
        for number, frame in enumerate(frames, 1):
            write_dng(stem.with_name(f"{stem.name}-{number:02d}.dng"), frame, metadata_of(frame))
        return f"saved {stem.name}-01.dng to -{len(frames):02d}.dng"


def as_captured(upright_picture: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """An upright picture rotated back to the sensor's orientation."""
    back = {6: 8, 8: 6}.get(orientation, orientation)
    return np.ascontiguousarray(upright(upright_picture, back))
