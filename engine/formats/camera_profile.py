"""Camera profile files: `groundglass profile` writes them, `--profile` reads them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import CameraProfile
from ..documents import DocumentError, parse_toml, read_text
from ..errors import SourceError, check_regular_file

MAX_PROFILE_BYTES = 4 << 20  # with 200 000 defective photosites


@dataclass(frozen=True, slots=True, eq=False)
class ChartProfile:
    """A camera profile measured from a chart under one light.

    `black` is the sensor value without light. `white_balance` and `camera_to_scene` are as in CameraProfile. `delta_e`
    is the mean CIEDE2000 of patches left out of the fit. `defects` is None or (N, 2) columns and rows of defective
    photosites, which the user may add to the file.
    """

    black: float
    white_balance: tuple[float, float, float]
    camera_to_scene: NDArray[np.float64]
    delta_e: float
    name: str = "camera"
    defects: NDArray[np.int32] | None = None

    def applied(self, profile: CameraProfile) -> CameraProfile:
        """`profile` with this white balance, matrix and defects, and this black level if it has none itself."""
        black = (self.black,) * 4 if max(profile.black) == 0 else profile.black
        return replace(
            profile,
            black=black,
            white_balance=self.white_balance,
            camera_to_scene=self.camera_to_scene,
            calibrations=(),
            defects=profile.defects if self.defects is None else self.defects,
        )


def profile_text(profile: ChartProfile, comments: list[str]) -> str:
    """The text that `load_profile` reads, which begins with `comments`."""
    rows = ",\n    ".join(_numbers(row) for row in profile.camera_to_scene)
    return "".join(f"# {_printable(line)}\n" for line in comments) + (
        f"name = {_quoted(profile.name)}\n"
        f"black = {profile.black:g}  # sensor value without light\n"
        f"white_balance = {_numbers(profile.white_balance)}  # red, green, blue\n"
        "# From white-balanced camera RGB to linear Rec.2020, D65.\n"
        f"camera_to_scene = [\n    {rows},\n]\n"
        f"delta_e = {profile.delta_e:.2f}  # mean CIEDE2000 of patches left out of the fit\n"
        "# Defective photosites may be listed as [column, row]: defects = [[103, 40], [1201, 877]]\n"
    )


def load_profile(path: Path) -> ChartProfile:
    """Reads a profile. Raises SourceError, naming the file and the key, if it cannot be read or is not a profile."""
    check_regular_file(path)
    try:
        table = parse_toml(read_text(path, MAX_PROFILE_BYTES))
    except (OSError, DocumentError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SourceError(
            f"{path}: cannot be read ({reason}); give a profile that groundglass profile wrote"
        ) from error
    unknown = set(table) - {"name", "black", "white_balance", "camera_to_scene", "defects", "delta_e"}
    if unknown:
        raise SourceError(f"{path}: '{sorted(unknown)[0][:60]}' is not a key of a camera profile; remove it")
    balance = _array(path, table, "white_balance", (3,))
    if not (balance > 0).all():
        raise SourceError(f"{path}: a number of white_balance is not above 0; measure the chart again")
    black, matrix = _array(path, {"black": 0.0, **table}, "black", ()), _array(path, table, "camera_to_scene", (3, 3))
    if black < 0:
        raise SourceError(f"{path}: black is below 0; measure the chart again")
    if abs(np.linalg.det(matrix)) < 1e-6 * np.abs(matrix).max() ** 3:
        raise SourceError(f"{path}: camera_to_scene is not invertible; measure the chart again")
    count = len(table["defects"]) if isinstance(table.get("defects"), list) else 0
    defects = None if "defects" not in table else _array(path, table, "defects", (count, 2)).astype(np.int32)
    return ChartProfile(
        black=float(black),
        white_balance=(float(balance[0]), float(balance[1]), float(balance[2])),
        camera_to_scene=matrix,
        delta_e=float(_array(path, {"delta_e": 0.0, **table}, "delta_e", ())),
        name=str(table.get("name", path.stem)),
        defects=defects,
    )


def _array(path: Path, table: dict[str, Any], key: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    try:
        array = np.array(table[key], np.float64)
    except (KeyError, TypeError, ValueError, OverflowError):
        array = np.full((), math.nan)
    if array.shape != shape or not np.isfinite(array).all():
        expected = " x ".join(map(str, shape)) + " numbers" if shape else "a number"
        raise SourceError(f"{path}: {key} is missing or not {expected}; make the profile again")
    return array


def _numbers(numbers: Any) -> str:
    return f"[{', '.join(f'{number:.6f}' for number in numbers)}]"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_printable(escaped)}"'


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
