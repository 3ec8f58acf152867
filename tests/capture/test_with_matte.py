"""Mattes of sources: a file, a folder, an array, and what they need."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from groundglass.capture import open_source
from groundglass.capture.in_memory import open_input
from groundglass.capture.sandbox import open_apart
from groundglass.errors import SourceError
from PIL import Image

SHARES = np.tile(np.linspace(0, 1, 24, dtype=np.float32), (16, 1))


def write(path: Path, pixels: Any) -> Path:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path)
    return path


def picture(path: Path) -> Path:
    return write(path, np.full((32, 48, 3), 90))


def test_a_file_belongs_to_the_upright_picture(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (48, 32)).save(tmp_path / "a.jpg", exif=exif)
    matte = np.zeros((48, 32))
    matte[:10] = 255
    with open_source(tmp_path / "a.jpg", depth="plane:1..2", matte=write(tmp_path / "m.png", matte)) as source:
        frames = [next(iter(source)) for _ in range(2)]
    assert frames[0].matte is frames[1].matte  # uploaded once
    upright = frames[0].upright().matte
    assert upright is not None
    np.testing.assert_array_equal(upright, matte / 255)


def test_a_folder_has_a_matte_for_each_frame(tmp_path: Path) -> None:
    for number in (1, 2):
        picture(tmp_path / "clip" / f"{number}.png")
        write(tmp_path / "mattes" / f"{number}.png", np.full((16, 24), 100 * number))
    with open_source(tmp_path / "clip", depth="plane:1..2", matte=tmp_path / "mattes") as source:
        levels = [float(frame.matte.mean()) for frame in source if frame.matte is not None]
    assert levels == pytest.approx([100 / 255, 200 / 255])
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match=r"empty: has no mattes; give a folder with \.png"):
        open_source(tmp_path / "clip", depth="plane:1..2", matte=tmp_path / "empty")


def test_a_broken_matte_of_a_tolerant_source_is_reported(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for number in (1, 2):
        picture(tmp_path / "clip" / f"{number}.png")
        write(tmp_path / "mattes" / f"{number}.png", np.full((16, 24), 100))
    (tmp_path / "mattes" / "2.png").write_text("broken")
    with open_source(tmp_path / "clip", depth="plane:1..2", matte=tmp_path / "mattes", tolerant=True) as source:
        assert [frame.matte is None for frame in source] == [False, True]
    assert "2.png: not a matte that can be read" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [({}, "a.png: has no depth for --matte, so that nothing is blurred; name a map with --depth"),
     ({"depth": "plane:1..2", "shape": (16, 40)}, "a matte of 40x16 does not have the shape of the picture, 48x32")],
)  # fmt: skip
def test_a_matte_needs_depth_and_the_shape_of_the_picture(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    matte = write(tmp_path / "m.png", np.full(options.pop("shape", (16, 24)), 9))
    with (
        open_source(picture(tmp_path / "a.png"), matte=matte, **options) as source,
        pytest.raises(SourceError, match=message),
    ):
        next(iter(source))
    with open_source(picture(tmp_path / "a.png"), matte=tmp_path / "m.png", depth_later=True) as source:
        if not options:
            assert next(iter(source)).matte is not None


def test_a_program_gives_an_array_or_a_path(tmp_path: Path) -> None:
    rgb, depth_m = np.full((32, 48, 3), 90, np.uint8), np.ones((32, 48))
    path = write(tmp_path / "m.png", SHARES * 255)
    with ExitStack() as stack:
        for matte in (SHARES, (SHARES * 65535).astype(np.uint16), str(path), path):
            frame = next(iter(open_input(rgb, stack, {}, depth_m=depth_m, matte=matte)))
            assert frame.matte is not None
            np.testing.assert_allclose(frame.matte, SHARES, atol=1 / 255)
        with pytest.raises(SourceError, match="matte has values from 0 to 2; give the part of each pixel"):
            open_input(rgb, stack, {}, depth_m=depth_m, matte=2 * SHARES)
        with pytest.raises(SourceError, match=r"matte \(32, 48, 3\) uint8 is not a matte"):
            open_input(rgb, stack, {}, depth_m=depth_m, matte=rgb)


def test_the_sandbox_passes_the_matte(tmp_path: Path) -> None:
    matte = write(tmp_path / "m.png", SHARES * 255)
    with open_apart(str(picture(tmp_path / "a.png")), depth="plane:1..2", matte=str(matte)) as source:
        frame = next(iter(source))
    assert frame.matte is not None
    np.testing.assert_allclose(frame.matte, SHARES, atol=1 / 255)
