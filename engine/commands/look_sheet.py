"""`groundglass look compare` and `look sheet`: pictures in several looks, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import OutputError
from .options import SourceOptions
from .start import open_input

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..engine import Engine
    from ..look.look import Look

HALF_SIZE_FROM_PX = 6_000_000  # mosaics of at least this size are developed at half size; sheets are much smaller
MAX_SHEET_PX = 40_000_000


@dataclass(frozen=True, slots=True)
class SheetOptions:
    """Options of a contact sheet. `width` is the width of each picture in pixels."""

    output: Path
    width: int
    columns: int
    exposure_ev: float
    white_balance: str
    device: str


def run_sheet(looks: list[str], images: list[str], options: SheetOptions, source_options: SourceOptions) -> None:
    """Draw the first frame of each image in each look, with everything in focus, and write the sheet."""
    from ..engine import Engine
    from ..formats.picture_write import save
    from ..look.look import load_look
    from ..look.sheet import sheet_of

    check_picture(options.output)
    chosen = [load_look(name) for name in looks]
    rows = []
    with Engine(options.device) as engine:
        for image in images:
            scene = _scene(engine, image, options, source_options)
            drawn = [_labelled(scene, look, engine) for look in chosen]
            rows += [drawn[start : start + options.columns] for start in range(0, len(drawn), options.columns)]
    sheet = sheet_of(rows)
    if sheet.shape[0] * sheet.shape[1] > MAX_SHEET_PX:
        raise OutputError(f"{options.output}: a sheet of {sheet.shape[1]}x{sheet.shape[0]} is too large; lower --width")
    save(options.output, sheet)
    print(f"groundglass: wrote {options.output}")


def check_picture(path: Path) -> None:
    """Raises OutputError unless a final picture can be written to `path`."""
    from ..formats.picture_write import check_target, is_scene

    check_target(path)
    if is_scene(path):
        raise OutputError(f"{path}: is a format for scene light, not for a final picture; use .png, .jpg or .tif")


def _scene(engine: Engine, image: str, options: SheetOptions, source_options: SourceOptions) -> NDArray[np.float32]:
    """(H, W, 3) scene-linear light of an image, downsampled by averaging to at most the width of the options."""
    from ..develop.development import Development
    from ..frame import Encoding
    from ..look.fit.align import shrunk
    from ..settings import Settings

    with open_input(image, source_options, None) as source:
        frame = next(iter(source))
    is_bayer = frame.encoding is Encoding.MOSAIC and frame.cfa.kind == "bayer"
    is_large = is_bayer and frame.pixels.size >= HALF_SIZE_FROM_PX
    development = Development(
        demosaic="half" if is_large else "best",
        exposure_ev=options.exposure_ev,
        metering="auto",
        white_balance=options.white_balance,
    )
    scene = engine.scene(frame, Settings(development=development))
    height, width = scene.shape[:2]
    size = min(width, options.width), max(round(height * min(width, options.width) / width), 1)
    return np.stack([shrunk(plane, size) for plane in np.moveaxis(scene, 2, 0)], axis=2)


def _labelled(scene: NDArray[np.float32], look: Look, engine: Engine) -> Any:
    from ..look.grade import grade
    from ..look.sheet import Labelled

    drawn = grade(scene, look, space="rec2020", ctx=engine.gl)
    return Labelled((255.0 * drawn + 0.5).astype(np.uint8), look.name, look.intent)
