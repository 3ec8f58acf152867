"""Counts for the scopes, of pictures in memory. Pixels are counted in pieces, with a yield to other threads between."""

from __future__ import annotations

from collections.abc import Iterator
from time import sleep

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...frame import Encoding, Frame
from ...packing import unpack

Bytes = NDArray[np.uint8]
Counts = NDArray[np.int64]

LEVELS = 256
SAMPLES = 140_000  # approximate number of pixels for scopes that do not need all
MAX_COLUMNS = 256
PIECE = 1 << 17  # photosites or pixels: a third of a millisecond
STOPS = 14  # below clipping; darker values count in the first bin
BINS_PER_STOP = 8
RAW_BINS = STOPS * BINS_PER_STOP + 1  # the last bin has the clipped photosites
# ITU-R BT.709-6, item 3.2: luma, and the ranges of the colour differences.
LUMA = (0.2126, 0.7152, 0.0722)
BLUE_RANGE, RED_RANGE = 1.8556, 1.5748
_LUMA_256 = (54, 183, 19)  # LUMA * 256, rounded


def histogram(rgba: Bytes) -> Counts:
    """(3, 256): the number of pixels of (H, W, 4) uint8 at each level of red, green and blue; all are counted."""
    height, width = rgba.shape[:2]
    # Pillow counts in C and releases the GIL.
    image = Image.frombuffer("RGBX", (width, height), np.ascontiguousarray(rgba), "raw", "RGBX", 0, 1)
    return np.array(image.histogram()[: 3 * LEVELS], np.int64).reshape(3, LEVELS)


def samples(rgba: Bytes) -> Bytes:
    """(h, w, 3) uint8: every n-th pixel in x and y, about SAMPLES in total."""
    step = max(1, round((rgba.shape[0] * rgba.shape[1] / SAMPLES) ** 0.5))
    return np.ascontiguousarray(rgba[::step, ::step, :3])


def waveform(rgb: Bytes) -> Counts:
    """(256, columns): the number of pixels at each luma level in each of up to 256 columns of the picture."""
    return _by_column(luma(rgb))


def parade(rgb: Bytes) -> Counts:
    """(3, 256, columns): the waveforms of red, green and blue."""
    return np.stack([_by_column(rgb[..., channel]) for channel in range(3)])


def vectorscope(rgb: Bytes) -> Counts:
    """(256, 256): the number of pixels at each pair of BT.709 colour differences, -127.5..127.5.

    Rows are Cr + 128, columns Cb + 128.
    """
    counts = np.zeros(LEVELS * LEVELS, np.int64)
    for piece in _pieces(rgb.reshape(-1, 3)):
        values = piece.astype(np.float32)
        bright = values @ np.array(LUMA, np.float32)
        blue = (values[:, 2] - bright) * np.float32(1 / BLUE_RANGE) + np.float32(128.5)
        red = (values[:, 0] - bright) * np.float32(1 / RED_RANGE) + np.float32(128.5)
        # A full blue or red would reach bin 256.
        bins = np.minimum(red, 255).astype(np.int32) * LEVELS + np.minimum(blue, 255).astype(np.int32)
        counts += np.bincount(bins, minlength=LEVELS * LEVELS)
    return counts.reshape(LEVELS, LEVELS)


def luma(rgb: Bytes) -> NDArray[np.uint16]:
    """BT.709 luma of (..., 3) uint8, 0..255, with an error of at most one."""
    red, green, blue = (rgb[..., channel].astype(np.uint16) for channel in range(3))
    return (_LUMA_256[0] * red + _LUMA_256[1] * green + _LUMA_256[2] * blue + np.uint16(128)) >> np.uint16(8)


def raw_histogram(frame: Frame) -> Counts:
    """(channels, RAW_BINS): the number of photosites of a mosaic in each eighth of a stop below clipping.

    The channels are red, green and blue, or a single one without a CFA. Bin b begins b / 8 - 14 stops from the white
    level. The first bin includes all darker values, the last bin counts clipped ones. All photosites are counted, after
    black subtraction and before white balance. ValueError if the frame is not a mosaic.
    """
    if frame.encoding is not Encoding.MOSAIC:
        raise ValueError(f"the raw histogram requires a mosaic, not a {frame.encoding.value} frame")
    channels = frame.cfa.channels()
    side = len(channels)
    count = 1 if frame.cfa.kind == "mono" else 3
    codes: dict[tuple[int, float], Counts] = {}
    rows = max(1, PIECE // (frame.width * side)) * side
    for top in range(0, frame.height, rows):
        strip = unpack(np.ascontiguousarray(frame.pixels[top : top + rows]), frame.packing, frame.width)
        for dy in range(side):
            for dx in range(side):
                key = int(channels[dy, dx]) if count > 1 else 0, frame.profile.black[dy % 2 * 2 + dx % 2]
                strip_counts = np.bincount(strip[dy::side, dx::side].ravel())
                codes[key] = _sum(codes.get(key), strip_counts)
        sleep(0)
    total = np.zeros((count, RAW_BINS), np.int64)
    for (channel, black), code_counts in codes.items():
        bins = raw_bins(np.arange(len(code_counts)), black, frame.profile.white)
        np.add.at(total[channel], bins, code_counts)
    return total


def raw_bins(numbers: NDArray[np.int64], black: float, white: float) -> NDArray[np.int64]:
    """The bin of `raw_histogram` for each raw value of `numbers`."""
    light = np.maximum((numbers - black) / (white - black), 2.0**-STOPS)
    bins = np.floor((np.log2(light) + STOPS) * BINS_PER_STOP)
    return np.asarray(np.minimum(bins, RAW_BINS - 1), np.int64)


def _by_column(values: NDArray[np.uint16] | Bytes) -> Counts:
    """(256, columns): the counts of each level in each column of (h, w) `values`."""
    width = values.shape[1]
    group = -(-width // MAX_COLUMNS)
    columns = -(-width // group)
    counts = np.zeros(columns * LEVELS, np.int64)
    offsets = (np.arange(width) // group * LEVELS).astype(np.int32)
    rows = max(1, PIECE // width)
    for top in range(0, len(values), rows):
        counts += np.bincount((values[top : top + rows] + offsets).ravel(), minlength=columns * LEVELS)
        sleep(0)
    return counts.reshape(columns, LEVELS).T


def _pieces(values: Bytes) -> Iterator[Bytes]:
    for start in range(0, len(values), PIECE // 2):
        yield values[start : start + PIECE // 2]
        sleep(0)


def _sum(a: Counts | None, b: Counts) -> Counts:
    """The sum of two counts; the shorter is padded with zeros."""
    if a is None:
        return b
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    longer = longer.copy()
    longer[: len(shorter)] += shorter
    return longer
