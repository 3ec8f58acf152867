"""Reads a camera profile and evaluates it, written from the DNG specification and independent of the writer."""

from __future__ import annotations

import struct

import numpy as np

ROMM_TO_XYZ_D50 = np.array(  # ISO 22028-2
    [[0.7976749, 0.1351917, 0.0313534], [0.2880402, 0.7118741, 0.0000857], [0.0, 0.0, 0.8252100]]
)
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 10: 8, 11: 4}


def read_dcp(content: bytes) -> dict[int, np.ndarray | bytes]:
    """The tags of a little-endian profile by code."""
    mark, magic, at = struct.unpack_from("<2sHI", content)
    assert (mark, magic) == (b"II", 0x4352)
    tags: dict[int, np.ndarray | bytes] = {}
    (count,) = struct.unpack_from("<H", content, at)
    for number in range(count):
        code, kind, length, value = struct.unpack_from("<HHII", content, at + 2 + 12 * number)
        size = SIZES[kind] * length
        data = content[at + 10 + 12 * number :][:size] if size <= 4 else content[value : value + size]
        assert len(data) == size
        match kind:
            case 2:
                tags[code] = data.rstrip(b"\0")
            case 10:
                pairs = np.frombuffer(data, "<i4").reshape(-1, 2)
                tags[code] = pairs[:, 0] / pairs[:, 1]
            case _:
                tags[code] = np.frombuffer(data, {3: "<u2", 4: "<u4", 11: "<f4"}[kind]).astype(float)
    return tags


def developed(tags: dict[int, np.ndarray | bytes], romm: np.ndarray) -> np.ndarray:
    """Display-linear ProPhoto RGB (N, 3) of white-balanced scene-linear ProPhoto RGB: look table, then tone curve."""
    return _toned(np.asarray(tags[50940]).reshape(-1, 2), _looked(tags, np.clip(romm, 0.0, 1.0)))


def _looked(tags: dict[int, np.ndarray | bytes], romm: np.ndarray) -> np.ndarray:
    turns, saturations, values = np.asarray(tags[50981]).astype(int)
    table = np.asarray(tags[50982]).reshape(values, turns, saturations, 3)
    result = np.empty_like(romm)
    for at, (red, green, blue) in enumerate(romm):
        value, low = max(red, green, blue), min(red, green, blue)
        gap = value - low
        if gap <= 0:
            hue = 0.0
        elif value == red:
            hue = ((green - blue) / gap) % 6
        elif value == green:
            hue = (blue - red) / gap + 2
        else:
            hue = (red - green) / gap + 4
        saturation = gap / value if value > 0 else 0.0
        encoded = _srgb(value)
        place = (encoded * (values - 1), hue / 6 * turns, saturation * (saturations - 1))
        floor = [min(int(p), n) for p, n in zip(place, (values - 2, turns - 1, saturations - 2), strict=True)]
        change = np.zeros(3)
        for corner in np.ndindex(2, 2, 2):
            weight = np.prod([abs(1 - c - (p - f)) for c, p, f in zip(corner, place, floor, strict=True)])
            v, h, s = (f + c for f, c in zip(floor, corner, strict=True))
            change += weight * table[v, h % turns, s]
        hue = (hue + change[0] / 60) % 6
        saturation = min(saturation * change[1], 1.0)
        value = _linear(min(max(encoded * change[2], 0.0), 1.0))
        sector, part = int(hue), hue - int(hue)
        p, q, t = value * (1 - saturation), value * (1 - saturation * part), value * (1 - saturation * (1 - part))
        result[at] = [(value, t, p), (q, value, p), (p, value, t), (p, q, value), (t, p, value), (value, p, q)][sector]
    return result


def _toned(points: np.ndarray, romm: np.ndarray) -> np.ndarray:
    """The curve on the largest and on the smallest channel; the middle one keeps its place between them."""
    order = np.argsort(romm, axis=1)
    low, middle, high = np.take_along_axis(romm, order, axis=1).T
    low2, high2 = _spline(points, low), _spline(points, high)
    share = (middle - low) / np.maximum(high - low, 1e-12)
    result = np.empty_like(romm)
    np.put_along_axis(result, order, np.stack([low2, low2 + share * (high2 - low2), high2], axis=1), axis=1)
    return result


def _spline(points: np.ndarray, at: np.ndarray) -> np.ndarray:
    """A natural cubic spline."""
    x, y = points.T
    n, width = len(x), np.diff(x)
    system, wanted = np.eye(n), np.zeros(n)
    for i in range(1, n - 1):
        system[i, i - 1 : i + 2] = width[i - 1], 2 * (width[i - 1] + width[i]), width[i]
        wanted[i] = 6 * ((y[i + 1] - y[i]) / width[i] - (y[i] - y[i - 1]) / width[i - 1])
    bend = np.linalg.solve(system, wanted)
    i = np.clip(np.searchsorted(x, at) - 1, 0, n - 2)
    a, b, h = x[i + 1] - at, at - x[i], width[i]
    return (
        (bend[i] * a**3 + bend[i + 1] * b**3) / (6 * h)
        + (y[i] / h - bend[i] * h / 6) * a
        + (y[i + 1] / h - bend[i + 1] * h / 6) * b
    )


def _srgb(x: float) -> float:
    return 12.92 * x if x <= 0.0031308 else 1.055 * x ** (1 / 2.4) - 0.055


def _linear(s: float) -> float:
    return s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4
