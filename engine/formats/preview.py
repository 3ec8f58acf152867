"""The preview that a camera embeds in its raw file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import rawpy
from numpy.typing import NDArray
from PIL import Image

from ..errors import SourceError, cause, check_regular_file
from ..orientation import upright
from .file_errors import UNREADABLE
from .picture_read import ORIENTATION_TAG, as_srgb

MIN_PX = 320  # long side; smaller previews are icons


def read_preview(path: Path) -> NDArray[np.uint8]:
    """The largest preview in a raw file: (H, W, 3), display sRGB, upright if it has an orientation.

    Raises SourceError if the file has no preview, or only an icon.
    """
    check_regular_file(path)
    try:
        with rawpy.imread(str(path)) as raw:
            thumbnail = raw.extract_thumb()
            data: Any = thumbnail.data
            display_rgb = _jpeg(data) if thumbnail.format == rawpy.ThumbFormat.JPEG else np.array(data[..., :3])
    except (rawpy.LibRawNoThumbnailError, rawpy.LibRawUnsupportedThumbnailError) as error:
        raise SourceError(f"{path}: the raw file has no embedded preview; name the JPEG after it") from error
    except rawpy.LibRawError as error:
        raise SourceError(f"{path}: its preview cannot be read; name the camera's JPEG after it") from error
    except UNREADABLE as error:
        raise SourceError(
            f"{path}: its preview is damaged ({cause(error)}); name the camera's JPEG after it"
        ) from error
    height, width = display_rgb.shape[:2]
    if max(height, width) < MIN_PX:
        raise SourceError(
            f"{path}: the preview in the raw file is an icon of {width}x{height}; name the camera's JPEG after it"
        )
    return np.ascontiguousarray(display_rgb, np.uint8)


def _jpeg(data: bytes) -> NDArray[Any]:
    with Image.open(io.BytesIO(data)) as image:
        orientation = image.getexif().get(ORIENTATION_TAG, 1)
        return upright(np.array(as_srgb(image), np.uint8), orientation)
