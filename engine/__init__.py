"""A live ground glass for any camera: RAW in, bokeh and a look, 60 frames a second out."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import defocus, demosaic, grade, match_stereo, open, render
    from .camera import CameraProfile, NoiseProfile
    from .capture import BaseSource, Timing
    from .cfa import Cfa
    from .develop.development import Development
    from .device_array import from_dlpack
    from .drawn import Drawn
    from .engine import Engine
    from .errors import GroundglassError
    from .frame import Encoding, Frame, Lease, RelativeRig, StereoRig
    from .lens import Lens
    from .look.look import Look, list_looks, load_look
    from .look.lut_look import lut_look
    from .look.traits import Traits
    from .look.traits import measure as measure_look
    from .optics.focus import Rack, ZoneFocus, depth_of_field_m, hyperfocal_m
    from .packing import Packing
    from .settings import Settings
    from .viewfinder.script import view
    from .yuv import YuvFormat, YuvLayout, YuvMatrix

__version__ = "0.1.0"

__all__ = [
    "BaseSource",
    "CameraProfile",
    "Cfa",
    "Development",
    "Drawn",
    "Encoding",
    "Engine",
    "Frame",
    "GroundglassError",
    "Lease",
    "Lens",
    "Look",
    "NoiseProfile",
    "Packing",
    "Rack",
    "RelativeRig",
    "Settings",
    "StereoRig",
    "Timing",
    "Traits",
    "YuvFormat",
    "YuvLayout",
    "YuvMatrix",
    "ZoneFocus",
    "defocus",
    "demosaic",
    "depth_of_field_m",
    "from_dlpack",
    "grade",
    "hyperfocal_m",
    "list_looks",
    "load_look",
    "lut_look",
    "match_stereo",
    "measure_look",
    "open",
    "render",
    "view",
]

# A name is imported at its first use: the command shows its first picture, or its help, before it needs all of them.
_NAMES = {
    "api": "defocus demosaic grade match_stereo open render",
    "camera": "CameraProfile NoiseProfile",
    "capture": "BaseSource Timing",
    "cfa": "Cfa",
    "develop.development": "Development",
    "device_array": "from_dlpack",
    "drawn": "Drawn",
    "engine": "Engine",
    "errors": "GroundglassError",
    "frame": "Encoding Frame Lease RelativeRig StereoRig",
    "lens": "Lens",
    "look.look": "Look list_looks load_look",
    "look.lut_look": "lut_look",
    "look.traits": "Traits",
    "optics.focus": "Rack ZoneFocus depth_of_field_m hyperfocal_m",
    "packing": "Packing",
    "settings": "Settings",
    "viewfinder.script": "view",
    "yuv": "YuvFormat YuvLayout YuvMatrix",
}
_PLACES = {name: (module, name) for module, names in _NAMES.items() for name in names.split()} | {
    "measure_look": ("look.traits", "measure")
}


if not TYPE_CHECKING:  # a type checker would accept every name

    def __getattr__(name: str) -> Any:
        if name not in _PLACES:
            raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
        module, attribute = _PLACES[name]
        value = globals()[name] = getattr(import_module(f".{module}", __name__), attribute)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
