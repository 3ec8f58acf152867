"""The output colour space of a screen or file: primaries, transfer curve and ICC profile."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import OutputError, check_regular_file
from ..gl.passes import Number, Table
from .encoding import srgb_encode
from .icc_read import has_tables, matrix_profile
from .icc_write import GAMMA_24, PROFILE_DATE, SRGB_CURVE, write_profile
from .white import D50, D65, REC2020_TO_XYZ, adaptation, rgb_to_xyz

OUTPUT_SPACES = ("srgb", "display-p3", "rec709")
DISPLAY_P3 = "Display P3"  # the name of the space and of its profile
P3_PRIMARIES = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))  # SMPTE RP 431-2
REC709_PRIMARIES = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))  # ITU-R BT.709-6
CURVE_LENGTH = 4096
CUBE_SIDE = 52  # Pillow converts 8-bit values: 52 nodes, 5 apart, are exact
MAX_BYTES = 64 << 20

_REC2020_TO_XYZ_D50 = adaptation(D65, D50) @ REC2020_TO_XYZ
_ROOTS = np.linspace(0.0, 1.0, CURVE_LENGTH)  # fourth roots of light: the coordinate in shaders/output_space.glsl


@dataclass(frozen=True, eq=False)
class OutputSpace(Table):
    """Conversion of light to a screen's code values, for `shaders/output_space.glsl`.

    `profile` is the ICC profile to embed in files. `from_rec2020` (3, 3) converts linear Rec.2020 to the screen's
    linear light, white to (1, 1, 1). `curve` (N, 3) contains code values, 0..1, over the fourth root of that light.
    `cube` (S, S, S, 3) maps these code values to the final ones; None leaves them unchanged.
    """

    name: str
    profile: bytes
    from_rec2020: NDArray[np.float64]
    curve: NDArray[np.float32]
    cube: NDArray[np.float32] | None = None

    @cached_property
    def textures(self) -> Mapping[str, NDArray[np.float32]]:
        cube = np.zeros((1, 1, 1, 3), np.float32) if self.cube is None else self.cube
        texels = np.zeros((*cube.shape[:3], 4), np.float32)
        texels[..., :3] = cube.transpose(2, 1, 0, 3)
        entries = np.zeros((1, len(self.curve), 4), np.float32)
        entries[0, :, :3] = self.curve
        return {"curve": entries, "cube": texels}

    @cached_property
    def numbers(self) -> Mapping[str, Number]:
        rows = {
            name: tuple(map(float, row)) for name, row in zip(("red", "green", "blue"), self.from_rec2020, strict=True)
        }
        side = 0 if self.cube is None else len(self.cube)
        return {**rows, "curve_length": len(self.curve), "cube_side": side}


def open_output_space(name: str | Path) -> OutputSpace | None:
    """`display-p3`, `rec709`, or the path of a monitor's ICC profile; None for `srgb`, the native output of looks.

    Rec.709 is a video monitor with a gamma of 2.4 (ITU-R BT.1886). Raises OutputError for an unknown name or an
    unusable profile.
    """
    match str(name):
        case "srgb":
            return None
        case "display-p3":
            return _display_p3()
        case "rec709":
            return _from_primaries("Rec.709", REC709_PRIMARIES, GAMMA_24, _ROOTS ** (4 / 2.4))
        case "pq" | "hlg":
            raise OutputError(f"output space {name}: the window shows SDR; use it for the HDR files of render")
    path = Path(name)
    if path.suffix.lower() not in (".icc", ".icm"):
        raise OutputError(
            f"unknown output space '{name}'; use one of {', '.join(OUTPUT_SPACES)}, or the path of an .icc file"
        )
    check_regular_file(path, OutputError)
    try:
        with path.open("rb") as stream:
            profile = stream.read(MAX_BYTES)
    except OSError as error:
        raise OutputError(f"{path}: cannot be read ({error.strerror}); use another profile") from None
    return _from_profile(path, profile)


@cache
def srgb_profile() -> bytes:
    """The ICC profile of the default output space. Its date is fixed, so that equal pictures are equal files."""
    from PIL import ImageCms

    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = struct.pack(">6H", *PROFILE_DATE)  # ICC.1:2022, 7.2.8
    profile[84:100] = bytes(16)  # the profile ID, which covers the date: 0 is "not calculated"
    return bytes(profile)


def _display_p3() -> OutputSpace:
    return _from_primaries(DISPLAY_P3, P3_PRIMARIES, SRGB_CURVE, srgb_encode(_ROOTS**4))


def _from_primaries(
    name: str, primaries: tuple[tuple[float, float], ...], parameters: tuple[float, ...], encoded: NDArray[np.float64]
) -> OutputSpace:
    to_xyz = rgb_to_xyz(primaries, D65)
    profile = write_profile(name, adaptation(D65, D50) @ to_xyz, parameters)
    from_rec2020 = np.linalg.inv(to_xyz) @ REC2020_TO_XYZ
    return OutputSpace(name, profile, from_rec2020, np.repeat(encoded[:, None], 3, axis=1).astype(np.float32))


def _from_profile(path: Path, profile: bytes) -> OutputSpace:
    """A monitor's output space: from its matrix and curves, or baked into a cube if the profile contains tables."""
    if len(profile) < 132 or profile[36:40] != b"acsp":
        raise OutputError(f"{path}: not an ICC profile; use the profile of your monitor")
    kind, space = profile[12:16], profile[16:20]
    if kind not in (b"mntr", b"spac") or space != b"RGB ":
        raise OutputError(f"{path}: the ICC profile is not for an RGB monitor; use the profile of your monitor")
    if has_tables(profile):
        return _bake(path, profile)
    parsed = matrix_profile(profile)
    if parsed is None:
        raise OutputError(f"{path}: the profile is damaged; create it again, or use one of {', '.join(OUTPUT_SPACES)}")
    curves, to_xyz = parsed
    try:
        from_rec2020 = np.linalg.inv(to_xyz) @ _REC2020_TO_XYZ_D50
    except np.linalg.LinAlgError:
        raise OutputError(f"{path}: the profile's primaries are collinear; create it again") from None
    codes = np.linspace(0.0, 1.0, len(curves[0]))
    light = _ROOTS**4
    curve = np.stack([np.interp(light, np.maximum.accumulate(values), codes) for values in curves], axis=1)
    white = from_rec2020.sum(axis=1, keepdims=True)  # 1 except for rounding in the file
    return OutputSpace(path.stem, profile, from_rec2020 / white, curve.astype(np.float32))


def _bake(path: Path, profile: bytes) -> OutputSpace:
    """Display P3, and a cube from its code values to the monitor's: 140,608 nodes converted by colour management."""
    from PIL import Image, ImageCms

    p3 = _display_p3()
    levels = np.arange(CUBE_SIDE, dtype=np.uint8) * (255 // (CUBE_SIDE - 1))
    nodes = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(CUBE_SIDE, -1, 3)
    try:
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(p3.profile)),
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            "RGB",
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        converted = ImageCms.applyTransform(Image.fromarray(nodes), transform)
    except (ImageCms.PyCMSError, OSError, ValueError) as error:
        raise OutputError(f"{path}: the profile cannot be used ({error}); create it again") from None
    cube = (np.asarray(converted, np.float32) / np.float32(255)).reshape((CUBE_SIDE,) * 3 + (3,)).astype(np.float32)
    return OutputSpace(path.stem, profile, p3.from_rec2020, p3.curve, cube)
