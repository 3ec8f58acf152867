"""A lens in millimetres and metres: its circle of confusion, its limits, and its rendering character.

The terms of the character follow H. H. Nasse, "Depth of field and bokeh", Carl Zeiss 2010, and H. M. Merklinger, "A
technical view of bokeh", Photo Techniques, May 1997; the optics follow R. Kingslake, "Optics in photography", SPIE
1992. Default values describe a plain thin lens.
"""

from __future__ import annotations

import difflib
import math
import reprlib
from dataclasses import KW_ONLY, dataclass, fields, replace
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .checks import NUMBER, PATH, TEXT, check_fields, check_kind, shown
from .documents import DocumentError, parse_toml, read_text
from .errors import LookError, check_regular_file

DEFAULT_ASPECT = 1.5  # default width over height of a sensor: 36x24 mm
FULL_FRAME_DIAGONAL_MM = math.hypot(36.0, 24.0)
INFINITE_M = 1e6  # equivalent to an infinite focus, and avoids 0 * infinity
ALIASES = {"phone-23mm": "phone-1inch"}

_POSITIVE = ("focal_mm", "f_number", "sensor_width_mm", "f_number_min", "f_number_max", "focus_min_m")
_RANGES = {
    "blade_rotation_deg": (-360.0, 360.0),
    "roundness": (0.0, 1.0),
    "cats_eye": (0.0, 0.8),
    "swirl": (0.5, 2.0),
    "spherical": (-1.0, 1.0),
    "soft_focus": (0.0, 1.0),
    "longitudinal_red": (-5.0, 5.0),
    "longitudinal_blue": (-5.0, 5.0),
    "onion_rings": (0.0, 1.0),
    "vignetting": (0.0, 1.0),
    "breathing_percent": (-20.0, 20.0),
}
_KINDS = {"name": TEXT, **dict.fromkeys((*_POSITIVE, *_RANGES, "blades"), NUMBER)}


@dataclass(frozen=True, slots=True)
class Lens:
    """A lens on a sensor. `f_number` is the current aperture, stepless from `f_number_min` to `f_number_max`.

    `name` is shown in lists and messages.

    `focal_mm` and `sensor_width_mm` in millimetres; `focus_min_m` is the closest focus distance in metres. The
    character, as keyword arguments; h is the distance from the picture's centre, 1 in its corners:

    - `blades`: 0 for a round iris, else 3 to 20. Wide open a real iris is hidden behind a round rim: within 0.1 stop of
      `f_number_min` the shape is a circle, from 0.5 stop on the polygon; so `f_number_min` must be the lens's.
    - `blade_rotation_deg`: 0 has a corner at the top; positive turns clockwise, as seen behind the focus.
    - `roundness`: curvature of the blades' edges, 0 straight to 1 a circle.
    - `cats_eye`: 0 to 0.8, the part of a disc's width that the rims of front and rear element cut off in the corner,
      wide open. The rims are two circles as large as the open pupil, apart by `cats_eye` h times its diameter; a pupil
      closed to less than 1 - `cats_eye` h of its diameter is not cut.
    - `swirl`: 0.5 to 2, tangential over radial length of a disc in the corner; in between 1 + (`swirl` - 1) h^2. 1 is
      none, 1.3 is clearly visible.
    - `spherical`: -1 to 1, wide open. Above 0 (over-corrected) discs behind the focus have bright rims (soap bubbles),
      and discs in front of it are creamy; below 0 the reverse. It decreases with the square of the f-number.
    - `soft_focus`: 0 to 1, the fraction of light in a wide halo, wide open; it decreases in the same way.
    - `longitudinal_red`, `longitudinal_blue`: -5 to 5, thousandths of the focal length by which red and blue light
      focuses longer than green. Both near 0.5 is the secondary spectrum of an ordinary achromat: green rims behind the
      focus, magenta in front of it.
    - `onion_rings`: 0 to 1, contrast of the rings from the turning of an aspherical surface in discs.
    - `vignetting`: 0 to 1, the fraction of the natural falloff (the fourth power of the field angle's cosine) that
      applies.
    - `breathing_percent`: -20 to 20, how much narrower the view is at the closest focus than at infinity.

    Raises LookError for an impossible value.
    """

    focal_mm: float = 50.0
    f_number: float = 1.4
    sensor_width_mm: float = 36.0
    f_number_min: float = 0.7
    f_number_max: float = 32.0
    focus_min_m: float = 0.1
    name: str = "custom"
    _: KW_ONLY
    blades: int = 0
    blade_rotation_deg: float = 0.0
    roundness: float = 0.0
    cats_eye: float = 0.0
    swirl: float = 1.0
    spherical: float = 0.0
    soft_focus: float = 0.0
    longitudinal_red: float = 0.0
    longitudinal_blue: float = 0.0
    onion_rings: float = 0.0
    vignetting: float = 0.0
    breathing_percent: float = 0.0

    def __post_init__(self) -> None:
        check_fields(f"lens {shown(self.name)}", self, _KINDS)
        for key in _POSITIVE:
            value = getattr(self, key)
            if not (math.isfinite(value) and value > 0):
                raise LookError(f"lens '{self.name}': {key} = {value} must be a positive number")
        if not self.f_number_min <= self.f_number <= self.f_number_max:
            raise LookError(
                f"lens '{self.name}': f/{self.f_number:g} is outside f/{self.f_number_min:g} to "
                f"f/{self.f_number_max:g}; choose an f-number in that range"
            )
        if self.focus_min_m * 1e3 <= self.focal_mm:
            raise LookError(
                f"lens '{self.name}': focus_min_m = {self.focus_min_m:g} is not beyond the focal length "
                f"of {self.focal_mm:g} mm"
            )
        if self.blades not in (0, *range(3, 21)):
            raise LookError(f"lens '{self.name}': blades = {self.blades} must be 0 (round) or a whole number, 3 to 20")
        for key, (minimum, maximum) in _RANGES.items():
            value = getattr(self, key)
            if not minimum <= value <= maximum:
                raise LookError(f"lens '{self.name}': {key} = {value} must be {minimum:g} to {maximum:g}")

    @property
    def opening(self) -> float:
        """Diameter of the pupil over that of the open pupil: 1 wide open, 0.5 two stops down."""
        return self.f_number_min / self.f_number

    @property
    def stops_closed(self) -> float:
        """Stops from wide open."""
        return -2.0 * math.log2(self.opening)

    @property
    def spherical_at_f_number(self) -> float:
        """`spherical` at this aperture: a ray's error grows with the cube of its height, the disc with the height."""
        return self.spherical * self.opening**2

    @property
    def soft_focus_at_f_number(self) -> float:
        """`soft_focus` at this aperture."""
        return self.soft_focus * self.opening**2

    def at(self, f_number: float) -> Lens:
        """The same lens with its aperture at `f_number`; raises LookError outside the lens's range."""
        check_kind(f"lens '{self.name}'", "f_number", f_number, NUMBER)
        return replace(self, f_number=float(f_number))

    def wide_open(self) -> Lens:
        """The same lens at its smallest f-number."""
        return self.at(self.f_number_min)

    def clamp_focus_m(self, focus_m: float) -> float:
        """`focus_m`, limited to the closest focus distance."""
        check_kind(f"lens '{self.name}'", "focus_m", focus_m, NUMBER)
        return max(float(focus_m), self.focus_min_m)

    def coc_scale_px(self, focus_m: float, width_px: int) -> float:
        """K such that the CoC diameter at depth D metres is K |1 - S/D| pixels, in a picture `width_px` wide.

        The thin-lens relation c = f^2/N |D - S| / (D (S - f)) (Potmesil and Chakravarty 1981) with f, c in
        millimetres, focus S and D in metres. LookError when the focus is not beyond the focal length.
        """
        check_kind(f"lens '{self.name}'", "focus_m", focus_m, NUMBER)
        focus_mm = focus_m * 1e3
        if not focus_mm > self.focal_mm:
            raise LookError(
                f"lens '{self.name}': focus at {focus_m:g} m is not beyond the focal length of "
                f"{self.focal_mm:g} mm; focus farther away"
            )
        c_mm = self.focal_mm**2 / self.f_number / (focus_mm - self.focal_mm)
        return c_mm * width_px / self.sensor_width_mm

    def coc_px(self, depth_m: ArrayLike, focus_m: float, width_px: int) -> NDArray[np.float64]:
        """Diameter of the circle of confusion in pixels, at depths in metres (any shape; infinity is allowed).

        >>> phone = Lens(focal_mm=8.7, f_number=1.63, sensor_width_mm=13.11)
        >>> round(float(phone.coc_px(5.0, focus_m=1.0, width_px=1920)), 2)
        5.49
        """
        depth = np.asarray(depth_m, dtype=np.float64)
        return np.asarray(self.coc_scale_px(focus_m, width_px) * np.abs(1.0 - focus_m / depth))

    def colour_shift_px(self, focus_m: float, width_px: int) -> tuple[float, float]:
        """Difference of the signed blur radius of red and of blue from green, in pixels, at any depth (above 0:
        behind).

        A longer focal length f (1 + e) reduces the power by e/f. This shifts the signed circle P v (1/S - 1/D), where P
        = f/N is the pupil and v = f S / (S - f) the distance of the sensor, by -e v / N at every depth D.
        """
        radius_px = 0.5 * self.coc_scale_px(focus_m, width_px) * focus_m * 1e3 / self.focal_mm
        return -1e-3 * self.longitudinal_red * radius_px, -1e-3 * self.longitudinal_blue * radius_px

    def magnification(self, focus_m: float) -> float:
        """Magnification of the picture relative to focus at infinity; the centre of the picture stays in place.

        The field of view shrinks with the extension of a unit-focusing lens, f^2 / (S - f), scaled to
        `breathing_percent` at the closest focus.
        """
        closest_mm = self.focus_min_m * 1e3
        focus_mm = max(focus_m * 1e3, closest_mm)
        return 1.0 / (1.0 - 1e-2 * self.breathing_percent * (closest_mm - self.focal_mm) / (focus_mm - self.focal_mm))

    def diagonal_mm(self, aspect: float = DEFAULT_ASPECT) -> float:
        """The sensor's diagonal; `aspect` is the picture's width over its height."""
        return self.sensor_width_mm * math.hypot(1.0, 1.0 / aspect)

    def equivalent_mm(self, aspect: float = DEFAULT_ASPECT) -> float:
        """The focal length with the same diagonal field of view on 36x24 mm.

        >>> round(Lens(focal_mm=8.7, sensor_width_mm=13.11).equivalent_mm(aspect=4 / 3))
        23
        """
        return self.focal_mm * FULL_FRAME_DIAGONAL_MM / self.diagonal_mm(aspect)

    def vignetting_stops(self, field: ArrayLike, aspect: float = DEFAULT_ASPECT) -> NDArray[np.float64]:
        """Natural falloff in stops, float64, at `field` (any shape): distances from the centre, 1 in the corners.

        `aspect` is the width of the picture over its height.
        The fourth power of the cosine of the field angle (Kingslake, chapter 5), times `vignetting`.
        `aperture.open_area` gives the vignetting by the rims.
        """
        tangent = np.asarray(field, dtype=np.float64) * (0.5 * self.diagonal_mm(aspect) / self.focal_mm)
        return np.asarray(self.vignetting * 2.0 * np.log2(1.0 + tangent**2))


def list_lenses() -> list[str]:
    """Names of the built-in lenses, sorted."""
    folder = resources.files("groundglass.lenses")
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


@cache
def _built_in(name: str) -> Lens:
    text = resources.files("groundglass.lenses").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return _parse(text, f"{name}.toml", name)


def load_lens(name_or_path: str | Path) -> Lens:
    """A built-in lens by name, or a lens from a TOML file. Raises LookError."""
    check_kind("lens", "name", name_or_path, PATH)
    name_or_path = ALIASES.get(str(name_or_path), str(name_or_path))
    if name_or_path in list_lenses():
        return _built_in(name_or_path)
    path = Path(name_or_path)
    if path.suffix != ".toml":
        near = difflib.get_close_matches(name_or_path, list_lenses(), n=1)
        hint = f"; did you mean '{near[0]}'?" if near else f"; choose one of {', '.join(list_lenses())}"
        raise LookError(f"lens '{name_or_path}' is unknown{hint}")
    check_regular_file(path, LookError)
    try:
        text = read_text(path)
    except OSError as error:
        raise LookError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except DocumentError as error:
        raise LookError(f"{path}: is {error}; give a lens file") from error
    return _parse(text, str(path), path.stem)


def _parse(text: str, file: str, name: str) -> Lens:
    try:
        table = parse_toml(text)
    except DocumentError as error:
        raise LookError(f"{file}: {error}; fix the TOML") from error
    table.pop("intent", None)
    known = [field.name for field in fields(Lens)]
    for key, value in table.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"the keys are {', '.join(known)}"
            raise LookError(f"{file}: unknown key '{key[:60]}'; {hint}")
        if key == "blades" and type(value) is not int:
            raise LookError(f"{file}: blades = {reprlib.repr(value)} must be a whole number")
        if key == "name" and not isinstance(value, str):
            raise LookError(f"{file}: name = {reprlib.repr(value)} must be a text")
        if key != "name" and not (isinstance(value, int | float) and not isinstance(value, bool)):
            raise LookError(f"{file}: {key} = {reprlib.repr(value)} must be a number")
    return Lens(**{"name": name, **table})
