"""The live view as a widget of a notebook, with sliders: the extra `notebook`.

>>> from groundglass.notebook import Viewfinder  # doctest: +SKIP
>>> Viewfinder("photo.dng", look="classic")  # doctest: +SKIP
"""

from ..errors import MissingExtraError

try:
    from .widget import Viewfinder, show
except ImportError as error:
    if (error.name or "").partition(".")[0] not in ("IPython", "ipywidgets", "jupyter_rfb", "traitlets"):
        raise
    raise MissingExtraError("groundglass.notebook", error.name or "jupyter_rfb", "notebook") from error

__all__ = ["Viewfinder", "show"]
