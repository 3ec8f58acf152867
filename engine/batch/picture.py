"""A picture for the format of its file: its pixels, and the file."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ..formats.picture_write import is_scene, save
from ..look.grade import grade
from ..look.hdr_files import HdrKind, HdrPictures, write_hdr

if TYPE_CHECKING:
    from ..engine import Engine
    from ..frame import Frame
    from ..settings import Settings

MAX_FLOAT_PX = 32 << 20


class Pictures:
    """Draws pictures with an engine, and writes them. With `hdr`, they are HDR files.

    `pixels` runs in the thread of the engine; `write` in any other.
    """

    def __init__(self, engine: Engine, hdr: HdrKind | None = None) -> None:
        self._engine, self._kind = engine, hdr
        self._hdr = None if hdr is None else HdrPictures(engine.gl, hdr, repeatable=True)

    def pixels(self, settings: Settings, frame: Frame, path: str | Path) -> Any:
        """The pixels for the file `path`. Raises GroundglassError."""
        if self._hdr is None:
            return rendered(self._engine, settings, frame, path)
        scene_rgb = self._engine.scene(frame, settings)
        return self._hdr.pixels(scene_rgb, settings, settings.moment_of(frame), Path(path).suffix)

    def write(self, path: Path, pixels: Any, settings: Settings) -> None:
        """Writes the file, whole or not at all, into a folder that is made. Raises OutputError, MissingExtraError."""
        with suppress(OSError):  # the writer reports it
            path.parent.mkdir(parents=True, exist_ok=True)
        if self._kind is None:
            save(path, pixels, space=settings.output_space)
        else:
            write_hdr(path, pixels, self._kind, settings.output_space)

    def release(self) -> None:
        """Releases what was drawn with; harmless when called twice."""
        if self._hdr is not None:
            self._hdr.release()


def rendered(engine: Engine, settings: Settings, frame: Frame, path: str | Path) -> NDArray[Any]:
    """(H, W, 3): scene-linear Rec.2020 for an EXR, float display values for a TIFF of 16 bits, else uint8.

    A large TIFF is drawn into 16 bits: floats would need 6 GB for 100 megapixels. Raises GroundglassError.
    """
    if is_scene(path):
        return engine.scene(frame, settings)
    if Path(path).suffix.lower() not in (".tif", ".tiff"):
        return engine.render(frame, settings)
    if frame.width * frame.height > MAX_FLOAT_PX:
        return engine.render(frame, settings.with_(bits=16))
    return grade(
        engine.scene(frame, settings),
        settings.look,
        space="rec2020",
        strength=settings.strength,
        frame_index=frame.index,
        seconds=frame.time_s,
        output=settings.output_space,
        ctx=engine.gl,
    )
