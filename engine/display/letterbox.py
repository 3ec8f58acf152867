"""The position of a picture in a window of another aspect ratio, and the picture point under the pointer."""

from __future__ import annotations

Size = tuple[int, int]
Place = tuple[int, int, int, int]  # left, top, width, height


def letterbox(picture: Size, framebuffer: Size, part: float = 1.0) -> tuple[int, int, int, int]:
    """(left, top, width, height) in framebuffer pixels of the picture, centred, and as large as possible times `part`.

    Sizes are (width, height). Bars at the sides differ by at most one pixel.
    """
    scale = part * min(framebuffer[0] / picture[0], framebuffer[1] / picture[1])
    width = max(1, min(framebuffer[0], round(picture[0] * scale)))
    height = max(1, min(framebuffer[1], round(picture[1] * scale)))
    return (framebuffer[0] - width) // 2, (framebuffer[1] - height) // 2, width, height


def picture_point(
    cursor_px: tuple[float, float], framebuffer: Size, picture: Size, part: float = 1.0
) -> tuple[float, float] | None:
    """The fraction (x, y) of the picture from its top-left corner at the cursor; 0..1 inside the picture.

    `cursor_px` is in pixels of the framebuffer from its top-left corner. None while the surface is minimised.
    """
    if 0 in framebuffer:
        return None
    left, top, width, height = letterbox(picture, framebuffer, part)
    return (cursor_px[0] - left) / width, (cursor_px[1] - top) / height


def opening_size(picture: Size, room: Size, part: float = 0.85) -> Size:
    """The initial size of the window: that of the picture, at most `part` of the `room` on the monitor."""
    scale = min(1.0, part * room[0] / picture[0], part * room[1] / picture[1])
    return max(1, round(picture[0] * scale)), max(1, round(picture[1] * scale))
