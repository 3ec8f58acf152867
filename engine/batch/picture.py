"""The pixels of a picture for the format of its file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ..formats.picture_write import is_scene
from ..look.grade import grade

if TYPE_CHECKING:
    from ..engine import Engine
    from ..frame import Frame
    from ..settings import Settings

MAX_FLOAT_PX = 32 << 20


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
