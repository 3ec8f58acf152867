"""Every broken file gives an error of one line, whichever library reads it."""

from __future__ import annotations

import io
import random
from pathlib import Path

import numpy as np
import pytest
import tifffile
from groundglass.capture import open_source
from groundglass.capture.with_depth import open_depth
from groundglass.errors import MAX_CAUSE_CHARACTERS, GroundglassError, cause
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
