"""A live ground glass for any camera: RAW in, bokeh and a look, 60 frames a second out."""

from .api import defocus, demosaic, grade, match_stereo, open, render
from .camera import CameraProfile, NoiseProfile
from .capture import BaseSource, Timing
from .cfa import Cfa
from .develop.development import Development
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
from .settings import Settings

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
    "Rack",
    "RelativeRig",
    "Settings",
    "StereoRig",
    "Timing",
    "Traits",
    "ZoneFocus",
    "defocus",
    "demosaic",
    "depth_of_field_m",
    "grade",
    "hyperfocal_m",
    "list_looks",
    "load_look",
    "lut_look",
    "match_stereo",
    "measure_look",
    "open",
    "render",
]
