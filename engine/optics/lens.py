"""A thin lens, in millimetres and metres, and the circle of confusion that it draws."""

from __future__ import annotations

import difflib
import math
import tomllib
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import LookError


@dataclass(frozen=True, slots=True)
class Lens:
    """A lens on a sensor. `f_number` is where the aperture stands now, stepless between its two ends.

    `focal_mm` and `sensor_width_mm` in millimetres; `focus_min_m` is the closest focus distance in metres.
    Raises LookError where a figure makes no lens.
    """

    focal_mm: float = 50.0
    f_number: float = 1.4
    sensor_width_mm: float = 36.0
    f_number_min: float = 0.7
    f_number_max: float = 32.0
    focus_min_m: float = 0.1
    name: str = "custom"

    def __post_init__(self) -> None:
        for key in ("focal_mm", "f_number", "sensor_width_mm", "f_number_min", "f_number_max", "focus_min_m"):
            figure = getattr(self, key)
            if not (math.isfinite(figure) and figure > 0):
                raise LookError(f"lens '{self.name}': {key} = {figure} must be a positive number")
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

    def at(self, f_number: float) -> Lens:
        """The same lens with its aperture at `f_number`; LookError outside the lens's range."""
        return replace(self, f_number=float(f_number))

    def clamp_focus_m(self, focus_m: float) -> float:
        """`focus_m`, but no closer than the lens focuses."""
        return max(float(focus_m), self.focus_min_m)

    def coc_scale_px(self, focus_m: float, width_px: int) -> float:
        """K such that the CoC diameter at depth D metres is K |1 - S/D| pixels, in a picture `width_px` wide.

        The thin-lens relation c = f^2/N |D - S| / (D (S - f)) (Potmesil and Chakravarty 1981) with f, c in
        millimetres, focus S and D in metres. LookError when the focus is not beyond the focal length.
        """
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


def list_lenses() -> list[str]:
    """Names of the lenses that ship, sorted."""
    folder = resources.files("groundglass.lenses")
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


@cache
def _shipped(name: str) -> Lens:
    text = resources.files("groundglass.lenses").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return _parse(text, f"{name}.toml", name)


def load_lens(name_or_path: str) -> Lens:
    """A lens by its shipped name or from a TOML file; LookError says what is wrong with it."""
    if name_or_path in list_lenses():
        return _shipped(name_or_path)
    path = Path(name_or_path)
    if path.suffix != ".toml":
        near = difflib.get_close_matches(name_or_path, list_lenses(), n=1)
        hint = f"; did you mean '{near[0]}'?" if near else f"; choose one of {', '.join(list_lenses())}"
        raise LookError(f"lens '{name_or_path}' is unknown{hint}")
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise LookError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except UnicodeDecodeError as error:
        raise LookError(f"{path}: is not a text in UTF-8; give a lens file") from error
    return _parse(text, str(path), path.stem)


def _parse(text: str, where: str, name: str) -> Lens:
    try:
        table: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LookError(f"{where}: {error}; mend the TOML there") from error
    table.pop("intent", None)
    known = [field.name for field in fields(Lens)]
    for key, figure in table.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"the keys are {', '.join(known)}"
            raise LookError(f"{where}: unknown key '{key}'; {hint}")
        if key == "name" and not isinstance(figure, str):
            raise LookError(f"{where}: name = {figure!r} must be a text")
        if key != "name" and not (isinstance(figure, int | float) and not isinstance(figure, bool)):
            raise LookError(f"{where}: {key} = {figure!r} must be a number")
    return Lens(**{"name": name, **table})
