"""How a picture was taken: camera, lens, exposure and time, from the file that it came from."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from PIL import Image

from ..capture.facts import facts
from ..errors import GroundglassError
from ..frame import Frame


@dataclass(frozen=True, slots=True)
class Shot:
    """Texts are empty and numbers None where nothing is known. `camera` begins with the maker's name."""

    camera: str = ""
    lens: str = ""
    exposure_s: float | None = None
    f_number: float | None = None
    iso: float | None = None
    focal_mm: float | None = None
    taken: datetime | None = None

    @property
    def make(self) -> str:
        return self.camera.split(" ")[0]


UNKNOWN_SHOT = Shot()


def shot_of(frame: Frame) -> Shot:
    """What the file that `frame` came from says; reading it takes a moment, so this is for no live loop."""
    path = Path(frame.name)
    return _shot_in(path) if frame.name and path.is_file() else UNKNOWN_SHOT


@lru_cache(maxsize=64)
def _shot_in(path: Path) -> Shot:
    found: dict[str, Any] = {}
    with suppress(GroundglassError):
        found = facts(str(path))
    taken = None
    with suppress(ValueError):
        taken = datetime.fromisoformat(str(found.get("taken", "")))
    numbers = {name: found.get(name) for name in ("exposure_s", "f_number", "iso", "focal_mm")}
    return Shot(found.get("camera", ""), found.get("lens", ""), **numbers, taken=taken)


def exif_of(shot: Shot) -> bytes:
    """The EXIF of a picture that was made of the shot (CIPA DC-008)."""
    exif = Image.Exif()
    exif[0x0131] = f"groundglass {version('groundglass')}"
    exif[0x0132] = f"{datetime.now():%Y:%m:%d %H:%M:%S}"
    if shot.camera:
        exif[0x010F], exif[0x0110] = shot.make, shot.camera
    inner: dict[int, Any] = exif.get_ifd(0x8769)
    told = {0x829A: shot.exposure_s, 0x829D: shot.f_number, 0x920A: shot.focal_mm, 0xA434: shot.lens or None}
    inner |= {tag: value for tag, value in told.items() if value is not None}
    if shot.iso is not None:
        inner[0x8827] = min(round(shot.iso), 65535)
    if shot.taken is not None:
        inner[0x9003] = f"{shot.taken:%Y:%m:%d %H:%M:%S}"
    return exif.tobytes()
