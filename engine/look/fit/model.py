"""A look as a vector of numbers: its possible passes, and its rendering of light."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ...gl.passes import Value, load_pass
from ..look import Look, PassSettings
from ..reference import PASSES, Light

Vector = NDArray[np.float64]

COLOUR = ("vignette", "exposure", "color_matrix", "tone_curve", "print_matrix", "hsl_mixer", "saturation")
MONOCHROME = ("vignette", "exposure", "monochrome", "tone_curve")

# Typical distance of a number from its start; a number that the pictures do not determine stays at its start. `*` is
# any other parameter of the pass; parameters that are not listed keep their defaults.
_SPREADS: Mapping[tuple[str, str], float] = {
    ("vignette", "corner_light"): 0.5,
    ("exposure", "exposure_ev"): 2.0,
    ("exposure", "*"): 0.2,
    ("color_matrix", "*"): 0.15,
    ("dye_matrix", "*"): 0.15,
    ("print_matrix", "*"): 0.15,
    ("tone_curve", "shoulder"): 1.2,
    ("tone_curve", "black"): 0.15,
    ("tone_curve", "*"): 0.3,
    ("hsl_mixer", "turn"): 8.0,
    ("hsl_mixer", "saturation"): 0.25,
    ("hsl_mixer", "lightness"): 0.1,
    ("saturation", "*"): 0.25,
    ("monochrome", "*"): 0.5,
}
# Search ranges beyond the range of a look: corner light above 1 means that the camera corrected its lens.
_BEYOND = {("vignette", "corner_light"): (0.1, 3.0)}
_STARTS = {("vignette", "corner_light"): 1.0}
_WHITE_BALANCE = {("exposure", "warmth"), ("exposure", "tint")}


@dataclass(frozen=True, slots=True)
class FitParameter:
    """One number of the vector: a parameter, or one of the three channels of a colour parameter."""

    pass_name: str
    parameter: str
    channel: int | None
    low: float
    high: float
    start: float
    spread: float


class Model:
    """The passes of `chain` in this order; the vector holds their parameters."""

    def __init__(self, chain: tuple[str, ...] = COLOUR) -> None:
        self.chain = chain
        # In monochrome a white balance trim is equivalent to other channel weights.
        excluded = _WHITE_BALANCE if "monochrome" in chain else set()
        self.fit_parameters = tuple(
            fit_parameter
            for name in chain
            for fit_parameter in _fit_parameters(name)
            if (name, fit_parameter.parameter) not in excluded
        )
        self.start, self.low, self.high, self.spread = (
            np.array([getattr(fit_parameter, kind) for fit_parameter in self.fit_parameters])
            for kind in ("start", "low", "high", "spread")
        )

    def parameters_of(self, *passes: str) -> NDArray[np.bool_]:
        """Mask of the numbers of these passes."""
        return np.array([fit_parameter.pass_name in passes for fit_parameter in self.fit_parameters])

    def index(self, pass_name: str, parameter: str) -> int:
        return next(
            at
            for at, fit_parameter in enumerate(self.fit_parameters)
            if (fit_parameter.pass_name, fit_parameter.parameter) == (pass_name, parameter)
        )

    def values(self, pass_name: str, vector: Vector) -> dict[str, Value]:
        """Every parameter of a pass."""
        values = {parameter.name: parameter.default for parameter in load_pass(pass_name).parameters}
        colours: dict[str, list[float]] = {}
        for fit_parameter, number in zip(self.fit_parameters, vector, strict=True):
            if fit_parameter.pass_name != pass_name:
                continue
            if fit_parameter.channel is None:
                values[fit_parameter.parameter] = float(number)
            else:
                colours.setdefault(fit_parameter.parameter, []).append(float(number))
        for name, (red, green, blue) in colours.items():
            values[name] = red, green, blue
        return values

    def steps(self, vector: Vector, scene: Light, place2: NDArray[np.float64]) -> list[Light]:
        """The light before each pass and after the last, (N, 3) each; the last is display-linear Rec.2020."""
        steps = [scene]
        for name in self.chain:
            steps.append(self.through(name, vector, steps[-1], place2))
        return steps

    def through(self, name: str, vector: Vector, light: Light, place2: NDArray[np.float64]) -> Light:
        """The light after one pass. `place2` (N,) is the squared distance from the frame's centre in half diagonals."""
        values = self.values(name, vector)
        if name == "vignette":
            return light * corner_gain(float(vector[self.index("vignette", "corner_light")]), place2)[:, None]
        return np.asarray(PASSES[name](light, **values))

    def nudged(self, at: int, step: float, vector: Vector, steps: list[Light], place2: NDArray[np.float64]) -> Light:
        """The final light with one number larger by `step`; the passes before its own are not run again."""
        moved = vector.copy()
        moved[at] += step
        first = self.chain.index(self.fit_parameters[at].pass_name)
        light = steps[first]
        for name in self.chain[first:]:
            light = self.through(name, moved, light, place2)
        return light

    def look(self, vector: Vector, name: str, intent: str) -> Look:
        """The look of these numbers, to four decimals. Omits passes without effect, and a vignette that brightens."""
        passes = tuple(
            PassSettings(pass_name, MappingProxyType(_rounded(pass_name, self.values(pass_name, vector))))
            for pass_name in self.chain
            if not self._is_idle(pass_name, vector)
        )
        return Look(name, intent, passes)

    def _is_idle(self, name: str, vector: Vector) -> bool:
        if name in ("tone_curve", "monochrome"):
            return False
        if name == "vignette":
            return bool(vector[self.index("vignette", "corner_light")] > 0.985)
        own = self.parameters_of(name)
        return bool((np.abs(vector - self.start)[own] < 0.005 * self.spread[own]).all())


def corner_gain(corner_light: float, place2: NDArray[np.float64]) -> NDArray[np.float64]:
    """The factor of the pass `vignette`; `corner_light` above 1 brightens the corners."""
    falloff = 1.0 + (1.0 / math.sqrt(corner_light) - 1.0) * place2
    return np.asarray(1.0 / falloff**2)


def _rounded(pass_name: str, values: dict[str, Value]) -> dict[str, Value]:
    """The values, rounded to four decimals and clipped to the range of each parameter."""
    shader = load_pass(pass_name)

    def rounded(name: str, value: Value) -> Value:
        parameter = shader.parameter(name)
        assert parameter is not None
        if isinstance(value, tuple):
            red, green, blue = (min(max(round(number, 4), parameter.low), parameter.high) for number in value)
            return red, green, blue
        return min(max(round(value, 4), parameter.low), parameter.high) if isinstance(value, float) else value

    return {name: rounded(name, value) for name, value in values.items()}


def _fit_parameters(name: str) -> Iterator[FitParameter]:
    for parameter in load_pass(name).parameters:
        key, spread = (name, parameter.name), _spread_of(name, parameter.name)
        if spread is None or parameter.kind not in ("float", "color"):
            continue
        low, high = _BEYOND.get(key, (parameter.low, parameter.high))
        default = parameter.default[0] if isinstance(parameter.default, tuple) else parameter.default
        assert isinstance(default, float)
        for channel in range(3) if parameter.kind == "color" else (None,):
            yield FitParameter(name, parameter.name, channel, low, high, _STARTS.get(key, default), spread)


def _spread_of(name: str, parameter: str) -> float | None:
    for kind in (parameter, parameter.rpartition("_")[2], "*"):
        if (name, kind) in _SPREADS:
            return _SPREADS[name, kind]
    return None
