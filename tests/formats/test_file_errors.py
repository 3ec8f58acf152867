"""Every broken file gives an error of one line, whichever library reads it."""

from __future__ import annotations

import io
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tifffile
from groundglass.capture import open_source
from groundglass.capture.with_depth import open_depth
from groundglass.errors import MAX_CAUSE_CHARACTERS, GroundglassError, cause
from groundglass.formats.file_errors import check_held
from PIL import Image

UNITS = np.random.default_rng(0).integers(1, 60000, (12, 16)).astype(np.uint16)


def intact_file(suffix: str) -> bytes:
    file = io.BytesIO()
    match suffix:
        case ".npy":
            np.save(file, UNITS)
        case ".tif":
            tifffile.imwrite(file, UNITS, compression="zlib")
        case ".jpg":
            Image.fromarray((UNITS >> 8).astype(np.uint8)).save(file, "JPEG")
        case _:
            Image.fromarray(UNITS).save(file, "PPM" if suffix == ".pgm" else "PNG")
    return file.getvalue()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", [".npy", ".tif", ".jpg", ".png", ".pgm"])
def test_a_changed_or_cut_off_file_gives_one_line_or_no_error(tmp_path: Path, suffix: str) -> None:
    intact, generator = intact_file(suffix), random.Random(suffix)
    path = tmp_path / f"d{suffix}"
    for turn in range(120):
        changed = bytearray(intact)
        if turn % 3 == 0:
            del changed[generator.randrange(len(changed)) :]
        else:
            changed[generator.randrange(min(len(changed), (32, 256)[turn % 2]))] = generator.randrange(256)
        path.write_bytes(changed)
        for opening in (lambda: open_depth(str(path)), lambda: suffix == ".npy" or open_source(path)):
            try:
                opening()
            except GroundglassError as error:
                assert "\n" not in str(error)  # noqa: PT017
                assert len(str(error)) < 500  # noqa: PT017


def test_a_cause_is_one_line_of_limited_length() -> None:
    assert cause(ValueError("two\n  lines")) == "two lines"
    assert cause(KeyError()) == "KeyError"
    assert len(cause(ValueError("long " * 100))) == MAX_CAUSE_CHARACTERS


@pytest.mark.parametrize(
    ("kind", "bands", "file_bytes", "pixels_max"),
    [
        ("PNG", "L", 1000, 8 * 1032 * 1000),  # DEFLATE's highest ratio, samples of one bit
        ("PNG", "RGB", 999, 8 * 1032 * 333),
        ("GIF", "P", 10_000, 2731 * 10_000),  # LZW words of 12 bits
        ("GIF", "P", 40, 1 << 24),  # a small picture on a large screen
    ],
)
def test_a_header_has_at_most_the_pixels_that_the_bytes_can_hold(
    tmp_path: Path, kind: str, bands: str, file_bytes: int, pixels_max: int
) -> None:
    """Before memory is taken: 60 bytes can ask for gigabytes."""
    path = tmp_path / "a"
    path.write_bytes(bytes(file_bytes))
    for pixels in (pixels_max, pixels_max + 1):
        image: Any = SimpleNamespace(width=pixels, height=1, format=kind, getbands=lambda: tuple(bands))
        if pixels == pixels_max:
            check_held(image, path)
        else:
            with pytest.raises(ValueError, match=rf"its header has {pixels}x1 pixels, more than its bytes can hold"):
                check_held(image, path)


def test_the_smallest_file_of_a_large_picture_is_read(tmp_path: Path) -> None:
    for name, picture in (("a.png", Image.new("1", (6000, 6000))), ("a.gif", Image.new("P", (3000, 3000)))):
        picture.save(tmp_path / name)
        with Image.open(tmp_path / name) as opened:
            check_held(opened, tmp_path / name)
    Image.new("RGB", (3000, 3000)).save(tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as opened:
        opened._size = (1 << 15, 1 << 15)  # JPEG has no such limit
        check_held(opened, tmp_path / "a.jpg")
