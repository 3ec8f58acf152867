"""A camera profile: the conversion of sensor values to scene-linear light."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .checks import NUMBER, check_fields, check_kind, check_numbers, of_type, optional
from .colour.white import (
    D50,
    D65,
    TINTS,
    XY,
    XYZ_TO_REC2020,
    adaptation,
    checked_multipliers,
    temperature_of,
    white_of,
    xyz_of,
)
from .errors import GroundglassError, SourceError, WhiteBalanceError
from .orientation import first_block, upright, upright_positions

# ITU-R BT.2020 and BT.709 primaries, both D65: linear Rec.709 (sRGB) to linear Rec.2020 (ITU-R BT.2087-0, table 2,
# recomputed from the primaries to full precision).
REC709_TO_REC2020 = np.array(
    [
        [0.6274038959, 0.3292830384, 0.0433130657],
        [0.0690972894, 0.9195403951, 0.0113623156],
        [0.0163914389, 0.0880133079, 0.8955952532],
    ],
    dtype=np.float64,
)
REC2020_TO_REC709 = np.linalg.inv(REC709_TO_REC2020)


_NOISE = {"shot": NUMBER, "read": NUMBER}


@dataclass(frozen=True, slots=True)
class NoiseProfile:
    """Variance of a photosite's signal (1 at the white level, before white balance): `shot` * light + `read`.

    Model and parameters: NoiseProfile of the Adobe DNG specification.
    """

    shot: float
    read: float

    def __post_init__(self) -> None:
        check_fields("NoiseProfile", self, _NOISE)


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Colour matrices of a camera, measured under one light.

    `temperature_k` is the light's correlated colour temperature in kelvin. `xyz_to_camera` (3, 3) takes CIE XYZ under
    that light to unbalanced camera RGB (DNG: AnalogBalance * CameraCalibration * ColorMatrix). `camera_to_xyz_d50`
    (3, 3) takes white-balanced camera RGB to XYZ under D50 (DNG: ForwardMatrix), None if it was not measured.
    `individual` (3, 3) takes the RGB of the measured camera model to the RGB of this unit (DNG: AnalogBalance *
    CameraCalibration), None if they are equal. SourceError if a matrix is singular or not finite.
    """

    temperature_k: float
    xyz_to_camera: NDArray[np.float64]
    camera_to_xyz_d50: NDArray[np.float64] | None = None
    individual: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        for matrix in (self.xyz_to_camera, self.camera_to_xyz_d50, self.individual):
            if matrix is not None and not _is_regular(matrix):
                raise SourceError("a camera matrix is singular or not finite; leave it out")
        if self.camera_to_xyz_d50 is not None and self.camera_to_xyz_d50.sum(axis=1).min() <= 0:
            raise SourceError("a forward matrix maps white to a value of 0 or less; leave it out")

    def rescaled(self, gains: tuple[float, float, float]) -> Calibration:
        """The calibration of the same camera with its RGB multiplied by `gains`."""
        scale = np.diag(gains)
        return replace(
            self,
            xyz_to_camera=scale @ self.xyz_to_camera,
            individual=scale if self.individual is None else scale @ self.individual,
        )


def _is_regular(matrix: NDArray[np.float64]) -> bool:
    size = np.abs(matrix).max()
    return bool(np.isfinite(size) and size > 0 and abs(np.linalg.det(matrix / size)) > 1e-9)


_ARRAY = of_type(np.ndarray)
_PROFILE = {
    **{"white": NUMBER, "exposure_ev": NUMBER, "camera_to_scene": _ARRAY, "calibrations": of_type(tuple, list)},
    "noise": optional(of_type(NoiseProfile)),
    **dict.fromkeys(("black_map", "gain_map", "defects"), optional(_ARRAY)),
}


@dataclass(frozen=True, slots=True)
class CameraProfile:
    """The conversion of sensor values to scene-linear light.

    `black` and `white` are sensor values; `black` has one entry per photosite of a 2x2 block, in reading order.
    `white_balance` multiplies camera red, green, blue (green is 1). `camera_to_scene` (3, 3) maps white-balanced
    camera RGB to linear Rec.2020, D65. `exposure_ev` is applied after the matrix. `calibrations` (one, or two by rising
    temperature) allow other white balances: `balanced`, `at_white` and `at_temperature` return the
    profile of another balance. `noise` is None if it was not measured.

    `lateral` is the lateral chromatic aberration of red and blue: their excess radius over green, in thousandths. None
    if the file does not specify it.

    Values per photosite, None if unknown: `black_map` (H, W) float32 is the black level above `black`, in sensor
    values; `gain_map` (H, W) float32 multiplies the signal (lens shading, flat field); `defects` (N, 2) int32 are the
    columns and rows of defective photosites.

    Raises SourceError for levels, gains and matrices that would make every picture black or not finite.
    """

    black: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    white: float = 65535.0
    white_balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    camera_to_scene: NDArray[np.float64] = field(default_factory=lambda: REC709_TO_REC2020.copy())
    exposure_ev: float = 0.0
    calibrations: tuple[Calibration, ...] = ()
    noise: NoiseProfile | None = None
    lateral: tuple[float, float] | None = None
    black_map: NDArray[np.float32] | None = None
    gain_map: NDArray[np.float32] | None = None
    defects: NDArray[np.int32] | None = None

    def __post_init__(self) -> None:
        self._check_kinds()
        numbers = {
            "black level": self.black,
            "white level": (self.white,),
            "white balance": self.white_balance,
            "exposure": (self.exposure_ev,),
            "noise": () if self.noise is None else (self.noise.shot, self.noise.read),
            "lateral aberration": self.lateral or (),
        }
        for name, values in numbers.items():
            if not all(map(math.isfinite, values)):
                raise SourceError(f"its {name} {', '.join(f'{value:g}' for value in values)} is not finite")
        if not np.isfinite(self.camera_to_scene).all():
            raise SourceError("its colour matrix is not finite")
        if not self.white > max(self.black):
            raise SourceError(f"white level {self.white:g} is not above black level {max(self.black):g}")

    def _check_kinds(self) -> None:
        where = "CameraProfile"
        for name, count in (("black", 4), ("white_balance", 3)):
            check_numbers(where, name, getattr(self, name), count)
        if self.lateral is not None:
            check_numbers(where, "lateral", self.lateral, 2)
        check_fields(where, self, _PROFILE)
        if np.shape(self.camera_to_scene) != (3, 3):
            raise SourceError(f"{where}: camera_to_scene has the shape {np.shape(self.camera_to_scene)}; give (3, 3)")
        for calibration in self.calibrations:
            check_kind(where, "a calibration", calibration, of_type(Calibration))
        for name, columns in (("black_map", None), ("gain_map", None), ("defects", 2)):
            array = getattr(self, name)
            if array is not None and (array.ndim != 2 or columns not in (None, array.shape[1])):
                shape = "(N, 2)" if columns else "(H, W)"
                raise SourceError(f"{where}: {name} has the shape {array.shape}; give {shape}")

    @property
    def span(self) -> float:
        """Sensor values from the largest black level to white: light 1 (DNG specification 1.7, "Rescaling")."""
        return self.white - max(self.black)

    def turned(self, size: tuple[int, int], orientation: int) -> CameraProfile:
        """The profile of a mosaic of `size`, (width, height), after its EXIF `orientation` is applied."""
        black = first_block(np.reshape(self.black, (2, 2)), size, orientation).ravel()
        turned = [
            None if photosite_map is None else np.ascontiguousarray(upright(photosite_map, orientation))
            for photosite_map in (self.black_map, self.gain_map)
        ]
        return replace(
            self,
            black=(float(black[0]), float(black[1]), float(black[2]), float(black[3])),
            black_map=turned[0],
            gain_map=turned[1],
            defects=None if self.defects is None else upright_positions(self.defects, size, orientation),
        )

    def balanced(self, multipliers: Sequence[float]) -> CameraProfile:
        """The profile with another white balance: the multipliers of red, green and blue, of any scale.

        With calibrations, the matrix is recomputed for the white that these multipliers balance (Adobe DNG
        specification, "Mapping Camera Color Space to CIE XYZ Space"), if a light has that white. GroundglassError
        unless there are three multipliers above 0.
        """
        balance = checked_multipliers(multipliers)
        white = _white(self.calibrations, balance) if self.calibrations else None
        matrix = self.camera_to_scene if white is None else _scene_matrix(self.calibrations, white, balance)
        return replace(self, white_balance=balance, camera_to_scene=matrix)

    def neutral_at(self, temperature_k: float, tint: float = 0.0) -> NDArray[np.float64]:
        """(3,) unbalanced camera RGB of a grey under a light, of any scale: the inverse of the light's white balance.

        Temperature, tint, assumptions and errors as in `at_temperature`.
        """
        calibrations = self.calibrations or (self.derived_calibration(),)
        return _neutral(calibrations, white_of(temperature_k, tint), temperature_k)

    def at_white(self, white: XY) -> CameraProfile:
        """The profile for a light of the chromaticity `white`, (x, y): white balance and matrix.

        Without calibrations, the present white balance is assumed to be that of D65. GroundglassError if the light has
        no signal in one of the three channels, or if the matrix is singular.
        """
        calibrations = self.calibrations or (self.derived_calibration(),)
        neutral = _neutral(calibrations, white, temperature_of(white)[0])
        balance = checked_multipliers(1 / neutral)
        matrix = _scene_matrix(calibrations, white, balance)
        return replace(self, white_balance=balance, camera_to_scene=matrix, calibrations=calibrations)

    def at_temperature(self, temperature_k: float, tint: float = 0.0) -> CameraProfile:
        """The profile for a light of `temperature_k`, 2000 to 25000 K, and a `tint` of -150 to 150.

        white.py defines them: a higher temperature makes the picture warmer, a higher tint more magenta. Otherwise as
        `at_white`.
        """
        return self.at_white(white_of(temperature_k, tint))

    def temperature(self) -> tuple[float, float]:
        """(kelvin, tint) of the light that the present white balance makes white; D65 without calibrations.

        The inverse of `at_temperature`. GroundglassError if no light has that white.
        """
        if not self.calibrations:
            return temperature_of(D65)
        white = _white(self.calibrations, self.white_balance)
        if white is None:
            multipliers = ", ".join(f"{multiplier:.4g}" for multiplier in self.white_balance)
            raise GroundglassError(f"white balance {multipliers}: no light is white with it; give a temperature, 5500K")
        return temperature_of(white)

    def derived_calibration(self) -> Calibration:
        """The calibration of `camera_to_scene` if the present white is D65. GroundglassError if it is singular."""
        try:
            scene_to_camera = np.linalg.inv(self.camera_to_scene * np.array(self.white_balance))
        except np.linalg.LinAlgError as error:
            raise WhiteBalanceError(
                "the camera's matrix is singular, so no temperature fits it; give multipliers, such as 2,1,1.6"
            ) from error
        return Calibration(temperature_of(D65)[0], scene_to_camera @ XYZ_TO_REC2020)


@dataclass(frozen=True, slots=True)
class _CalibrationModel:
    """The calibrations at one temperature: interpolated over its inverse, clamped at both ends."""

    xyz_to_camera: NDArray[np.float64]
    individual: NDArray[np.float64]
    camera_to_xyz_d50: NDArray[np.float64] | None

    @classmethod
    def of(cls, calibrations: tuple[Calibration, ...], temperature_k: float) -> _CalibrationModel:
        cool, warm = calibrations[-1], calibrations[0]  # high and low temperature
        share = 0.0  # weight of `warm`
        if warm.temperature_k < cool.temperature_k:
            span = 1 / warm.temperature_k - 1 / cool.temperature_k
            share = min(max((1 / temperature_k - 1 / cool.temperature_k) / span, 0.0), 1.0)
        pairs = [
            (np.eye(3) if each.individual is None else each.individual, each.xyz_to_camera, each.camera_to_xyz_d50)
            for each in (warm, cool)
        ]
        individual = share * pairs[0][0] + (1 - share) * pairs[1][0]
        model = [np.linalg.solve(unit, xyz_to_camera) for unit, xyz_to_camera, _ in pairs]
        forwards = [_to_d50(forward) for *_, forward in pairs if forward is not None]
        forward = (
            share * forwards[0] + (1 - share) * forwards[-1] if forwards else None
        )  # a single matrix is used at every temperature
        return cls(individual @ (share * model[0] + (1 - share) * model[1]), individual, forward)


def _to_d50(forward: NDArray[np.float64]) -> NDArray[np.float64]:
    """The forward matrix, scaled to take balanced white to D50 exactly: files store rounded numbers."""
    return np.asarray((xyz_of(D50) / forward.sum(axis=1))[:, None] * forward)


def _neutral(calibrations: tuple[Calibration, ...], white: XY, temperature_k: float) -> NDArray[np.float64]:
    """(3,) camera RGB of `white`, of that temperature. WhiteBalanceError if a channel has no signal for it."""
    neutral = _CalibrationModel.of(calibrations, temperature_k).xyz_to_camera @ xyz_of(white)
    if not (np.isfinite(neutral).all() and neutral.min() > 1e-6 * neutral.max() > 0):
        raise WhiteBalanceError(
            f"white x={white[0]:.4f}, y={white[1]:.4f}: this camera's matrix has no signal for it in some channel; "
            "give multipliers of red, green and blue instead, such as 2,1,1.6"
        )
    return np.asarray(neutral)


def _white(calibrations: tuple[Calibration, ...], balance: tuple[float, float, float]) -> XY | None:
    """The chromaticity of the light that `balance` makes white, or None if there is no such light.

    The matrix depends on the light itself. The iteration of the specification oscillates for some cameras. This
    function brackets the consistent temperature instead, by the Illinois variant of false position: an end that is
    kept twice loses half its weight.
    """
    neutral = 1 / np.array(balance)

    def white_at(mired: float) -> XY | None:
        xyz = np.linalg.solve(_CalibrationModel.of(calibrations, 1e6 / mired).xyz_to_camera, neutral)
        white = float(xyz[0] / xyz.sum()), float(xyz[1] / xyz.sum())
        return white if xyz.min() > 0 and abs(temperature_of(white)[1]) <= 2 * TINTS[1] else None

    def difference(white: XY, mired: float) -> float:
        return 1e6 / temperature_of(white)[0] - mired

    low, high = (1e6 / calibrations[end].temperature_k for end in (-1, 0))
    at_low, at_high = white_at(low), white_at(high)
    if at_low is None or at_high is None:
        return at_low or at_high
    over, under = difference(at_low, low), difference(at_high, high)
    if over <= 0 or under >= 0:  # bluer or redder than both calibrations: use the nearer one
        return at_low if over <= 0 else at_high
    white: XY | None = at_low
    stays = ""
    for _ in range(30):
        mired = (low * under - high * over) / (under - over)
        white = white_at(mired)
        rest = 0.0 if white is None else difference(white, mired)
        if abs(rest) < 1e-9:
            break
        if rest > 0:
            low, over, under = mired, rest, under / 2 if stays == "high" else under
            stays = "high"
        else:
            high, under, over = mired, rest, over / 2 if stays == "low" else over
            stays = "low"
    return white


def _scene_matrix(
    calibrations: tuple[Calibration, ...], white: XY, balance: tuple[float, float, float]
) -> NDArray[np.float64]:
    """(3, 3) camera RGB, balanced for `white`, to linear Rec.2020, D65; each row sums to 1."""
    light = _CalibrationModel.of(calibrations, temperature_of(white)[0])
    neutral = 1 / np.array(balance)
    if light.camera_to_xyz_d50 is not None:
        # From this unit to the measured camera model, white-balanced there.
        model = np.linalg.inv(light.individual)
        to_xyz = light.camera_to_xyz_d50 @ (model * neutral / (model @ neutral)[:, None])
        to_d65 = adaptation(D50, D65)
    else:
        to_xyz = np.linalg.inv(light.xyz_to_camera) * neutral
        to_d65 = adaptation(white, D65)
    matrix = XYZ_TO_REC2020 @ to_d65 @ to_xyz
    return np.asarray(matrix / matrix.sum(axis=1, keepdims=True))
