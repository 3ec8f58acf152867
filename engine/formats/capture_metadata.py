"""Capture metadata: the camera, lens, exposure and time in a picture file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PIL import Image


@dataclass(frozen=True, slots=True)
class CaptureMetadata:
    """Unknown texts are empty, unknown numbers are None. `camera` begins with the maker's name."""

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


NO_METADATA = CaptureMetadata()


def exif_of(metadata: CaptureMetadata) -> bytes:
    """The EXIF data (CIPA DC-008) of a picture rendered from this capture."""
    exif = Image.Exif()
    from importlib.metadata import version

    exif[0x0131] = f"groundglass {version('groundglass')}"
    exif[0x0132] = f"{datetime.now():%Y:%m:%d %H:%M:%S}"
    if metadata.camera:
        exif[0x010F], exif[0x0110] = metadata.make, metadata.camera
    inner: dict[int, Any] = exif.get_ifd(0x8769)
    values = {
        0x829A: metadata.exposure_s,
        0x829D: metadata.f_number,
        0x920A: metadata.focal_mm,
        0xA434: metadata.lens or None,
    }
    inner |= {tag: value for tag, value in values.items() if value is not None}
    if metadata.iso is not None:
        inner[0x8827] = min(round(metadata.iso), 65535)
    if metadata.taken is not None:
        inner[0x9003] = f"{metadata.taken:%Y:%m:%d %H:%M:%S}"
    return exif.tobytes()
