"""Reads an image that a pass of a look uses."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import GroundglassError, LookError
from ..gl.shader_inputs import ShaderImage
from ..orientation import upright

MAX_SIDE = 4096  # 256 MB of numbers, and a size that every driver of OpenGL supports


def read_image(path: str | Path) -> ShaderImage:
    """The image in a file, upright; 0 to 1 for 8 and 16 bits, encoded as in the file. Raises LookError."""
    from ..formats.picture_read import read_picture

    path = Path(path)
    try:
        frame = read_picture(path, with_depth=False).as_display()
    except GroundglassError as error:
        raise LookError(f"{path}: cannot be read as an image ({str(error).rpartition(': ')[2]})") from None
    except OSError as error:
        raise LookError(f"{path}: cannot be read ({error.strerror}); name another image") from None
    pixels = upright(frame.pixels, frame.orientation)
    height, width = pixels.shape[:2]
    if max(height, width) > MAX_SIDE:
        raise LookError(
            f"{path}: {width}x{height} pixels are too many for a pass; make it at most {MAX_SIDE} wide and high"
        )
    full = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1
    rgba = np.ones((height, width, 4), np.float32)
    rgba[..., :3] = np.nan_to_num(pixels / np.float32(full), nan=0.0, posinf=0.0, neginf=0.0)
    return ShaderImage(path.name, rgba, path.absolute())
