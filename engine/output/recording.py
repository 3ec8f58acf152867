"""Recording (R): a video of the displayed pictures that stays playable after a crash, with a red disc and the time."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import ExitStack
from functools import partial
from math import inf
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..controls import Choice, Control, Pending, Switch
from ..display.status_line import render_text
from ..display.tool import Canvas, Invalidation, Tool, ToolContext
from ..errors import GroundglassError, OutputError
from ..gl.readback import Readback
from .endings import Endings
from .reserved_paths import reserved_path
from .steady_times import SteadyTimes
from .stills import NO_PICTURE, PATIENCE_S
from .video import CODECS, VideoWriter, even

if TYPE_CHECKING:
    from ..drawn import Drawn

RED = (220, 30, 30)


class Recording(Tool):
    """Records into the folder on request, or into `file` from the first frame. Its suffix must match the codec.

    All pictures have the size that the live picture has when the recording starts.
    """

    def __init__(
        self, tool_context: ToolContext, folder: str | Path = ".", file: Path | None = None, codec: str = "h264"
    ) -> None:
        self._tool_context, self._folder, self._codec = tool_context, Path(folder), codec
        self._first_file = file
        self._readback = Readback(tool_context.engine.gl)
        self._video_writer: VideoWriter | None = None
        self._begun: list[Future[str]] = []  # results for those who wait for the beginning
        self._endings = Endings(tool_context.messages)
        self._began_s = 0.0
        self._times = SteadyTimes(0.0)
        self._start_requested = file is not None
        self._patient_until_s = inf  # when a requested recording no longer waits for a picture
        self._second = -1

    def controls(self) -> Iterable[Control]:
        yield Switch(
            "record", "Record a video", "keep", "R", get=lambda: self._video_writer is not None, set=self._toggle
        )
        codecs = tuple(CODECS)
        yield Choice("codec", "Video codec", "keep", choices=codecs, get=lambda: self._codec, set=self._choose)

    def tick(self, now_s: float) -> Invalidation:
        if self._start_requested and now_s > self._patient_until_s:
            self._refuse(OutputError(f"nothing was recorded: {NO_PICTURE}"))
        if self._video_writer is not None and self._video_writer.is_over:  # the disk is full, or the encoder failed
            self._endings.lost = str(self._video_writer.error or "")
            self._end()
        self._endings.report()
        second = -1 if self._video_writer is None else int(now_s - self._began_s)
        changed, self._second = second != self._second, second
        if self._start_requested:
            return Invalidation.REDRAW  # a picture that does not change is recorded, too
        return Invalidation.REPAINT if changed else Invalidation.NOTHING

    def on_frame(self, drawn: Drawn) -> None:
        if self._start_requested:
            self._start_requested = False
            self._begin(even(drawn.texture.size), drawn.settings.scale)
        video_writer = self._video_writer
        if video_writer is None:
            return
        if even(drawn.texture.size) != video_writer.size:
            self._endings.lost = "the picture size has changed: the recording has stopped"
            self._tool_context.messages.report_loss(self._endings.lost)
            self._end()
            return
        time_s = self._times.of(drawn.frame.latency_from_s, perf_counter())
        taken = self._readback.request(drawn.texture, time_s)
        if taken is not None:
            video_writer.add(taken[1], taken[0])

    @property
    def busy(self) -> bool:
        return bool(self._endings or self._begun)

    @property
    def has_unsaved(self) -> bool:
        return self._video_writer is not None or bool(self._endings)

    @property
    def keeps_size(self) -> bool:
        return self._start_requested or self._video_writer is not None

    def draw(self, canvas: Canvas) -> None:
        if self._video_writer is None:
            return
        text = f"{self._second // 60}:{self._second % 60:02d}"
        if self._video_writer.dropped:
            text += f"   {self._video_writer.dropped} dropped"
        size = canvas.sprites.prepare("rec", (text, canvas.text_px), partial(mark, text, canvas.text_px))
        margin = canvas.text_px // 2
        canvas.sprites.draw("rec", margin, canvas.size[1] - margin - size[1])

    def finish(self) -> None:
        """Waits until all pictures are written."""
        if self._start_requested:
            self._refuse(OutputError("nothing was recorded, because no picture has arrived; check the source"))
        self._end()
        self._endings.finish()

    def close(self) -> None:
        self._readback.release()

    def _toggle(self, on: bool) -> Pending:
        if not on:
            return self._endings.requested(self._end())
        if self._video_writer is not None:
            return None
        self._start_requested, self._endings.lost = True, ""
        self._patient_until_s = perf_counter() + PATIENCE_S
        self._begun.append(Future())
        return self._begun[-1]

    def _choose(self, codec: str) -> None:
        self._codec = codec

    def _begin(self, size: tuple[int, int], scale: float) -> None:
        reservation = ExitStack()
        try:
            file, self._first_file = self._first_file, None
            if file is None:
                stem = reservation.enter_context(reserved_path(self._folder))
                file = stem.with_suffix(CODECS[self._codec].suffix)
            space = self._tool_context.settings.now.output_space
            space_name = "srgb" if space is None else space.name
            self._video_writer = VideoWriter(file, size, self._codec, space_name, reservation=reservation)
        except GroundglassError as error:
            reservation.close()
            self._refuse(error)
            return
        self._began_s = perf_counter()
        self._times = SteadyTimes(self._began_s)
        self._tool_context.log.recorded_size = size
        reduced = f" ({100 * scale:.3g} % of the source)" if scale < 1.0 else ""
        message = f"recording {file.name}: {size[0]}x{size[1]}{reduced}"
        self._tool_context.notify(message)
        begun, self._begun = self._begun, []
        for each in begun:
            each.set_result(message)

    def _refuse(self, error: GroundglassError) -> None:
        """Reports that the recording cannot begin."""
        self._start_requested = False
        self._tool_context.messages.report_loss(str(error))
        begun, self._begun = self._begun, []
        for each in begun:
            each.set_exception(error)

    def _end(self) -> Future[str] | None:
        """Ends the recording. The result arrives when the file is whole; None if there is no recording."""
        self._start_requested = False
        begun, self._begun = self._begun, []
        for each in begun:
            each.set_exception(OutputError("nothing was recorded, because it ended before the next picture"))
        video_writer = self._video_writer
        if video_writer is None:
            return None
        ended = self._endings.add(video_writer)  # first: another thread asks `has_unsaved`
        self._video_writer = None
        taken = self._readback.take()
        if taken is not None:
            video_writer.add(taken[1], taken[0])
        self._readback.release()
        video_writer.end()
        return ended


def mark(text: str, height_px: int) -> NDArray[np.uint8]:
    """(H, W, 4) uint8, premultiplied RGBA: a red disc and the recording time."""
    text_background = render_text([f"     {text}"], height_px, 100 * height_px)
    y, x = np.mgrid[: text_background.shape[0], : text_background.shape[1]] + 0.5
    radius = 0.36 * height_px
    inside = np.clip(radius + 0.5 - np.hypot(x - 1.2 * height_px, y - text_background.shape[0] / 2), 0, 1)[..., None]
    disc = np.array([*RED, 255], np.float64)
    return np.asarray(text_background * (1 - inside) + disc * inside + 0.5, np.uint8)
