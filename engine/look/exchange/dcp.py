"""A look as a camera profile (DCP) for raw developers: a tone curve, and a table of hue, saturation and value.

Source: Adobe, "Digital Negative (DNG) Specification 1.7.1" (2023), chapter 6 and the tags ProfileToneCurve,
ProfileLookTableData and ProfileLookTableEncoding. A raw developer converts white-balanced camera light to linear
ProPhoto RGB (ROMM, ISO 22028-2), changes it by the table, and then applies the curve to the largest and to the smallest
channel; the middle one keeps its relative place.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...camera import REC709_TO_REC2020, Calibration
from ...colour.difference import delta_e00, lab_of_scene
from ...colour.encoding import srgb_encode
from ...colour.white import D50, D65, REC2020_TO_XYZ, XYZ_TO_REC2020, adaptation, rgb_to_xyz
from .. import reference
from ..fit.invented import is_monochrome
from ..look import Look

Light = NDArray[np.float64]

HUE_COUNT, SATURATION_COUNT, VALUE_COUNT = 36, 16, 24  # entries of the table: within the limits of raw developers
_POINTS = 160  # points of the tone curve
_SHOULDER = 0.96  # light above which the curve rises to the required end (1, 1): the camera's white becomes white
_DARKEST = 1e-4  # light of the entries of value 0, which has no hue
_MIN_SATURATION = 0.02  # stands for grey, which has no hue
_ROMM = ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001))
TO_ROMM = np.linalg.inv(rgb_to_xyz(_ROMM, D50)) @ adaptation(D65, D50) @ REC2020_TO_XYZ
FROM_ROMM = XYZ_TO_REC2020 @ adaptation(D50, D65) @ rgb_to_xyz(_ROMM, D50)


@dataclass(frozen=True, slots=True, eq=False)
class DcpLook:
    """`curve` (N, 2): light and display light, both linear 0..1.

    `table` (VALUE_COUNT, HUE_COUNT, SATURATION_COUNT, 3): the hue shift in degrees, and the factors of saturation and
    of sRGB-encoded value. `grey_tint` is the largest CIEDE2000 between greys of the look and of the profile.
    """

    curve: Light
    table: Light
    grey_tint: float


def dcp_look(look: Look) -> DcpLook:
    """The curve of the look's greys, and the table that makes every other colour that of the look.

    The table is computed backwards, from the colour after the curve to the colour before it. It does not tint greys: in
    the format their entries are fixed. So a toned monochrome look is not toned at all, rather than in parts. Scene
    light above 1 does not exist in a profile. Raises LookError for a pass without a reference.
    """
    curve = _curve_of(look)
    degrees = np.arange(HUE_COUNT) * (360.0 / HUE_COUNT)
    saturations = np.maximum(np.linspace(0.0, 1.0, SATURATION_COUNT), _MIN_SATURATION)
    encoded = np.linspace(0.0, 1.0, VALUE_COUNT)
    values = np.maximum(reference.srgb_decode(encoded), _DARKEST)
    value, hue, saturation = np.meshgrid(values, degrees, saturations, indexing="ij")
    scene = np.maximum(rgb_of_hsv(np.stack([hue, saturation, value], axis=-1)) @ FROM_ROMM.T, 0.0)
    light = _shown(look, scene)
    if is_monochrome(look):
        light = np.repeat((light @ reference.LUMINANCE)[..., None], 3, axis=-1)
    wanted = hsv_of_rgb(before_curve(np.maximum(light @ TO_ROMM.T, 0.0), curve))
    turn = (wanted[..., 0] - hue + 180.0) % 360.0 - 180.0
    turn = np.where(wanted[..., 1] > 1e-4, turn, 0.0)
    scale = srgb_encode(wanted[..., 2]) / srgb_encode(value)
    scale[:, :, 0] = 1.0  # required for grey
    return DcpLook(curve, np.stack([turn, wanted[..., 1] / saturation, scale], axis=-1), _grey_tint(look))


def _grey_tint(look: Look) -> float:
    greys = np.repeat((np.linspace(0.02, 0.95, 32) ** 2)[:, None], 3, axis=1)
    light = _shown(look, greys)
    neutral = np.repeat((light @ reference.LUMINANCE)[:, None], 3, axis=1)
    return float(delta_e00(lab_of_scene(light), lab_of_scene(neutral)).max())


def _shown(look: Look, scene: Light) -> Light:
    """The display light (..., 3) in Rec.2020 that the look shows in sRGB."""
    return np.asarray(reference.inside_rec709(reference.display_light(look, scene)) @ REC709_TO_REC2020.T)


def _curve_of(look: Look) -> Light:
    light = np.linspace(0.0, 1.0, _POINTS) ** 2
    kept = light[(light > 0) & (light < _SHOULDER)]
    shown = _shown(look, np.repeat(kept[:, None], 3, axis=1)) @ reference.LUMINANCE
    display = np.maximum.accumulate(np.clip(shown, 1e-6, 0.999))
    display = display + 1e-6 * np.arange(len(display))  # strictly rising, so that it can be inverted
    last = np.linspace(_SHOULDER, 1.0, 9)[1:]
    rise = display[-1] + (1.0 - display[-1]) * ((last - kept[-1]) / (1.0 - kept[-1])) ** 2
    return np.stack([np.concatenate([[0.0], kept, last]), np.concatenate([[0.0], display, rise])], axis=1)


def before_curve(display: Light, curve: Light) -> Light:
    """The ProPhoto light that the curve turns into `display` (..., 3)."""
    order = np.sort(np.clip(display, 0.0, 1.0), axis=-1)
    ends = np.interp(order[..., ::2], curve[:, 1], curve[:, 0])
    share = (np.clip(display, 0.0, 1.0) - order[..., :1]) / np.maximum(order[..., 2:] - order[..., :1], 1e-12)
    return np.asarray(ends[..., :1] + share * (ends[..., 1:] - ends[..., :1]))


def hsv_of_rgb(rgb: Light) -> Light:
    """Hue in degrees, saturation and value (..., 3) of RGB (..., 3) >= 0 (A. R. Smith, "Color gamut transform pairs",
    SIGGRAPH 1978)."""
    red, green, blue = np.moveaxis(rgb, -1, 0)
    value = rgb.max(axis=-1)
    chroma = value - rgb.min(axis=-1)
    safe = np.maximum(chroma, 1e-12)
    sector = np.select(
        [value == red, value == green],
        [(green - blue) / safe % 6.0, (blue - red) / safe + 2.0],
        (red - green) / safe + 4,
    )
    return np.stack([60.0 * sector, chroma / np.maximum(value, 1e-12), value], axis=-1)


def rgb_of_hsv(hsv: Light) -> Light:
    """The inverse of `hsv_of_rgb`."""
    hue, saturation, value = np.moveaxis(hsv, -1, 0)
    at = (hue[..., None] / 60.0 + np.array([5.0, 3.0, 1.0])) % 6.0
    share = np.clip(np.minimum(at, 4.0 - at), 0.0, 1.0)
    return np.asarray(value[..., None] * (1.0 - saturation[..., None] * share))


def dcp_bytes(
    profile: DcpLook, name: str, camera: str, calibrations: tuple[Calibration, ...], illuminants: tuple[int, ...]
) -> bytes:
    """The file for the camera of this model name. `illuminants` are the EXIF codes of the calibrations' lights."""
    tags: dict[int, tuple[int, int, bytes]] = {
        50708: _text(camera),
        50936: _text(name),
        50940: _floats(profile.curve),
        50941: (4, 1, struct.pack("<I", 0)),  # ProfileEmbedPolicy: allow copying
        50942: _text("Made with groundglass; free to use"),
        50981: (4, 3, struct.pack("<III", HUE_COUNT, SATURATION_COUNT, VALUE_COUNT)),
        50982: _floats(profile.table),
        51108: (4, 1, struct.pack("<I", 1)),  # values are sRGB-encoded
        51109: (10, 1, struct.pack("<ii", 0, 1)),  # BaselineExposureOffset
        51110: (4, 1, struct.pack("<I", 1)),  # DefaultBlackRender: none, the curve has its own blacks
    }
    for number, (calibration, illuminant) in enumerate(zip(calibrations[:2], illuminants[:2], strict=True)):
        tags[50778 + number] = 3, 1, struct.pack("<H", illuminant)
        individual = np.eye(3) if calibration.individual is None else calibration.individual
        tags[50721 + number] = _fractions(np.linalg.solve(individual, calibration.xyz_to_camera))
        if calibration.camera_to_xyz_d50 is not None:
            tags[50964 + number] = _fractions(calibration.camera_to_xyz_d50)
    entries, data, at = b"", b"", 8 + 2 + 12 * len(tags) + 4
    for code, (kind, count, content) in sorted(tags.items()):
        entries += struct.pack("<HHI", code, kind, count)
        if len(content) <= 4:
            entries += content.ljust(4, b"\0")
        else:
            entries += struct.pack("<I", at + len(data))
            data += content + b"\0" * (len(content) % 2)
    return struct.pack("<2sHIH", b"II", 0x4352, 8, len(tags)) + entries + struct.pack("<I", 0) + data


def _text(text: str) -> tuple[int, int, bytes]:
    content = text.encode("ascii", "replace") + b"\0"
    return 2, len(content), content


def _floats(numbers: Light) -> tuple[int, int, bytes]:
    return 11, numbers.size, numbers.astype("<f4").tobytes()


def _fractions(numbers: NDArray[np.floating]) -> tuple[int, int, bytes]:
    content = b"".join(struct.pack("<ii", round(float(number) * 10000), 10000) for number in numbers.ravel())
    return 10, numbers.size, content
