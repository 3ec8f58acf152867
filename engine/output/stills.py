"""Stills taken in the live view: picture, raw file and look, written in a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..colour.output_space import DISPLAY_P3, OutputSpace
from ..controls import Action, Control, Pending, Switch
from ..display.tool import Invalidation, Tool, ToolContext
from ..errors import ControlError, GroundglassError, OutputError, cause
from ..formats.capture_metadata import exif_of
from ..formats.dng_write import write_dng
from ..formats.picture_write import save, write_ultra_hdr
from ..frame import Encoding, Frame
from ..gl.context import is_lost
from ..look.hdr import HdrDraw, ultra_hdr_of
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
MAX_UNSAVED = 16  # stills and bursts that wait: a held key would fill the memory with pictures
PREPARE_S = 30.0  # maximum wait until the kernels of a still are compiled: then the picture on the screen waits
PREVIEW_PX = 256
PATIENCE_S = 10.0  # maximum wait for the next picture, which another command may wait for, too
NO_PICTURE = f"no picture has arrived for {PATIENCE_S:g} s; check the source"


class _Coming(NamedTuple):
    """A still that is rendered as soon as everything for it is compiled."""

    frame: Frame
    settings: Settings
    result: Future[str]
    until_s: float


class Stills(Tool):
    """Saves stills into `folder`: `groundglass-0001.jpg`, the raw frame as `.dng` and the look as `.toml`.

    A tethered still camera takes a picture instead, which is saved there as the camera has made it.

    A burst saves the next frames as `groundglass-0002-01.dng`, `-02.dng`, ..., with the current look. `on_saved`
    receives the path of each whole picture and raw file, in the thread that has written it.
    """

    def __init__(
        self, tool_context: ToolContext, folder: str | Path = ".", on_saved: Callable[[Path], None] = lambda path: None
    ) -> None:
        self._tool_context, self._folder, self._on_saved = tool_context, Path(folder), on_saved
        self._writer = ThreadPoolExecutor(1, "groundglass-stills")
        self._pending: list[Future[str]] = []
        self._waiting: list[Future[str]] = []  # stills of the first picture
        self._coming: list[_Coming] = []
        self._frame: Frame | None = None
        self._burst: list[Frame] = []
        self._burst_result: Future[str] = Future()
        self._wanted = 0  # number of frames of the current burst
        self._redraw = False
        self._hdr = False  # stills are Ultra HDR JPEGs
        self._patient_until_s = 0.0  # when a still or a burst no longer waits for a picture

    def controls(self) -> Iterable[Control]:
        yield Action("still", "Save a still", "keep", "S", do=self._take)
        yield Action("burst", f"Burst of {BURST} raw frames", "keep", "Shift+S", do=self._begin_burst)
        yield Switch("hdr_stills", "Stills with HDR highlights", "keep", get=lambda: self._hdr, set=self._set_hdr)

    def tick(self, now_s: float) -> Invalidation:
        self._save_waiting()
        self._render_coming()
        if now_s > self._patient_until_s:
            self._end_burst(NO_PICTURE)
            self._refuse_waiting(NO_PICTURE)
        self._report([still for still in self._pending if still.done()])
        redraw, self._redraw = self._redraw, False
        return Invalidation.REDRAW if redraw else Invalidation.NOTHING

    @property
    def busy(self) -> bool:
        return bool(self._pending or self._coming)  # a remote client waits for the answer

    @property
    def has_unsaved(self) -> bool:
        return bool(self._burst) or self.busy

    def on_source(self, source: Source) -> None:
        self._frame = None
        self._end_burst("the source has changed")  # a burst has the frames of one source

    def on_frame(self, drawn: Drawn) -> None:
        frame = drawn.captured
        # Allocates memory now, so that the first still is fast. Off screen few runs have one.
        if self._frame is None and self._tool_context.surface.is_interactive:
            self._tool_context.engine.prepare(drawn, self._best())
        if self._wanted and frame is not self._frame:
            self._burst.append(frame.owned())
            self._patient_until_s = perf_counter() + PATIENCE_S
            if len(self._burst) == self._wanted:
                self._end_burst()
        self._frame = frame

    def finish(self) -> None:
        """Waits until all stills are written."""
        reason = "no picture has arrived; check the source"
        self._end_burst("the view has ended" if self._burst else reason)
        self._save_waiting()
        self._render_coming(waits=False)
        self._refuse_waiting(reason)
        self._writer.shutdown(wait=True)
        self._report(list(self._pending))

    def close(self) -> None:
        self._writer.shutdown(wait=True)

    def _report(self, done: list[Future[str]]) -> None:
        for still in done:
            try:
                self._tool_context.notify(still.result())
            except GroundglassError as error:
                self._tool_context.messages.report_loss(str(error))
            self._pending.remove(still)  # only now: another thread asks `has_unsaved`, and may end the process

    def _take(self) -> Pending:
        """A still camera takes its own picture; else the frame on the screen, or the first one, is saved."""
        if self._tool_context.source.trigger(self._folder.absolute()):
            self._tool_context.notify(f"the camera takes a picture, into {self._folder.absolute()}")
            return None
        self._check_room()
        still: Future[str] = Future()
        if self._frame is None:
            self._waiting.append(still)
            self._patient_until_s = perf_counter() + PATIENCE_S
        else:
            self._save(self._frame, still)
        return still

    def _set_hdr(self, on: bool) -> None:
        self._hdr = on

    def _check_room(self) -> None:
        if len(self._pending) + len(self._coming) + len(self._waiting) >= MAX_UNSAVED:
            raise ControlError(f"{MAX_UNSAVED} stills are being written; wait until they are saved")

    def _save_waiting(self) -> None:
        """Saves the stills that waited for the first picture."""
        if self._frame is not None:
            waiting, self._waiting = self._waiting, []
            for still in waiting:
                self._save(self._frame, still)

    def _refuse_waiting(self, reason: str) -> None:
        waiting, self._waiting = self._waiting, []
        for still in waiting:
            still.set_exception(OutputError(f"the still was not saved: {reason}"))
        self._pending += waiting

    def _save(self, frame: Frame, still: Future[str]) -> None:
        """Renders a still at once, or when what its size and quality need is compiled: the picture does not wait."""
        engine, drawn, settings = self._tool_context.engine, self._tool_context.drawn(), self._best()
        if drawn is not None:
            engine.prepare(drawn, settings)
        # Another thread writes the frame. The source may take its buffer back before that.
        self._coming.append(_Coming(frame.owned(), settings, still, perf_counter() + PREPARE_S))
        self._render_coming()

    def _render_coming(self, *, waits: bool = True) -> None:
        while self._coming:
            is_compiling = waits and self._tool_context.engine.is_preparing
            if is_compiling and perf_counter() < self._coming[0].until_s:
                return
            self._render(self._coming[0])
            del self._coming[0]  # only now: another thread asks `has_unsaved`

    def _render(self, coming: _Coming) -> None:
        frame, settings, still, _ = coming
        if self._hdr and settings.output_space is not None and settings.output_space.name != DISPLAY_P3:
            settings = settings.with_(output_space=None)  # readers of gain maps expect the curve of sRGB
        try:
            picture, gain = self._rendered(frame, settings)
            if is_lost(self._tool_context.engine.gl):  # then it is black
                raise OutputError("the OpenGL context is lost; start groundglass again")
        except GroundglassError as error:
            still.set_exception(OutputError(f"the still was not saved: {error}"))
            self._pending.append(still)
            return
        self._redraw = True  # the render invalidated the texture on the screen
        look = settings.look, settings.output_space
        self._queue(still, partial(save_still, self._folder, frame, picture, *look, gain, self._on_saved))

    def _rendered(self, frame: Frame, settings: Settings) -> tuple[NDArray[np.uint8], NDArray[np.float32] | None]:
        """The picture, and the gain of its highlights for an Ultra HDR JPEG."""
        engine = self._tool_context.engine
        if not self._hdr:
            return engine.render(frame, settings), None
        with HdrDraw(engine.gl) as draw:
            draw.load(engine.scene(frame, settings))
            return ultra_hdr_of(draw, settings, settings.moment_of(frame))

    def _best(self) -> Settings:
        """The current settings with full size and the best blur."""
        return self._tool_context.settings.now.with_(quality="best", scale=1.0)

    def _begin_burst(self) -> Pending:
        if self._frame is None or self._frame.encoding is not Encoding.MOSAIC:
            raise ControlError("a burst requires raw frames, and this picture has no raw data")
        if self._wanted:
            return self._burst_result
        self._check_room()
        self._burst_result = result = Future[str]()
        self._patient_until_s = perf_counter() + PATIENCE_S
        frames = self._tool_context.source.frames
        self._burst, self._wanted = ([self._frame.owned()], 1) if frames == 1 else ([], BURST)
        if frames == 1:
            self._end_burst()
        return result

    def _end_burst(self, reason: str = "") -> None:
        """Saves the frames of the burst. `reason` is why it may have none."""
        if not self._wanted:
            return
        frames, look, result = self._burst, self._tool_context.settings.now.look, self._burst_result
        missing = f"; {len(frames)} of {BURST} frames: {reason}" if reason else ""
        if frames:
            self._queue(result, lambda: save_burst(self._folder, frames, look, self._on_saved) + missing)
        else:
            result.set_exception(OutputError(f"no burst was saved: {reason}"))
            self._pending.append(result)
        self._burst, self._wanted = [], 0

    def _queue(self, still: Future[str], work: Callable[[], str]) -> None:
        """Runs the work in the writer's thread. Its result is that of `still`."""

        def run() -> None:
            try:
                still.set_result(work())
            except GroundglassError as error:
                still.set_exception(error)
            except Exception as error:  # an invalid frame
                still.set_exception(OutputError(f"{self._folder}: a still cannot be written ({cause(error)})"))

        self._pending.append(still)
        self._writer.submit(run)


def save_still(
    folder: Path,
    frame: Frame,
    display_rgb: NDArray[np.uint8],
    look: Look,
    space: OutputSpace | None = None,
    gain: NDArray[np.float32] | None = None,
    on_saved: Callable[[Path], None] = lambda path: None,
) -> str:
    """Writes the picture (H, W, 3), the frame if it is raw, and the look. Returns a message with the file names.

    With the `gain` (H, W) of its highlights, the picture is an Ultra HDR JPEG. `on_saved` receives the picture and the
    raw file when they are whole.
    """
    metadata, names = metadata_of(frame), list[str]()
    with reserved_path(folder) as stem:
        try:
            jpeg, exif = stem.with_suffix(".jpg"), exif_of(metadata)
            if gain is None:
                save(jpeg, display_rgb, space=space, exif=exif)
            else:
                write_ultra_hdr(jpeg, display_rgb, gain, space=space, exif=exif)
            names += [jpeg.name]
            on_saved(jpeg)
            if frame.encoding is Encoding.MOSAIC:
                # The preview has the sensor's orientation, like the mosaic: readers rotate both.
                preview = Image.fromarray(display_rgb)
                preview.thumbnail((PREVIEW_PX, PREVIEW_PX))
                small = np.asarray(preview)
                write_dng(stem.with_suffix(".dng"), frame, metadata, as_captured(small, frame.orientation))
                names += [".dng"]
                on_saved(stem.with_suffix(".dng"))
            write_look(stem.with_suffix(".toml"), look)
        except OutputError as error:
            saved = f"; saved only {' '.join(names)}" if names else ""
            raise OutputError(f"{error}{saved}") from error
    return f"saved {' '.join([*names, '.toml'])}"


def save_burst(
    folder: Path, frames: list[Frame], look: Look, on_saved: Callable[[Path], None] = lambda path: None
) -> str:
    """Writes the raw frames and the look. Returns a message with the file names. `on_saved` as for `save_still`."""
    with reserved_path(folder) as stem:
        write_look(stem.with_suffix(".toml"), look)
        for number, frame in enumerate(frames, 1):
            path = stem.with_name(f"{stem.name}-{number:02d}.dng")
            try:
                write_dng(path, frame, metadata_of(frame))
            except OutputError as error:
                raise OutputError(f"{error}; saved {number - 1} of {len(frames)} raw frames") from error
            on_saved(path)
        more = f" to -{len(frames):02d}.dng" if len(frames) > 1 else ""
        return f"saved {stem.name}-01.dng{more}"


def as_captured(upright_picture: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """An upright picture rotated back to the sensor's orientation."""
    back = {6: 8, 8: 6}.get(orientation, orientation)
    return np.ascontiguousarray(upright(upright_picture, back))
