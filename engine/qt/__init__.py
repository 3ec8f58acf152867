"""The live view as a widget of Qt, for PySide6: the extra `qt`.

>>> from groundglass.qt import GroundglassWidget  # doctest: +SKIP
>>> widget = GroundglassWidget("photo.dng", look="classic")  # doctest: +SKIP
"""

from ..errors import MissingExtraError

try:
    from .widget import GroundglassWidget
except ImportError as error:
    if (error.name or "").partition(".")[0] not in ("PySide6", "shiboken6"):
        raise
    raise MissingExtraError("groundglass.qt", "PySide6", "qt") from error

__all__ = ["GroundglassWidget"]
