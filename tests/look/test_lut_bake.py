"""LUT files whose steps are sampled, compared with OpenColorIO, and HaldCLUTs of high levels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from groundglass.look.lut_read import read_lut
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

ocio = pytest.importorskip("PyOpenColorIO")

DEPTHS = 'inBitDepth="32f" outBitDepth="32f"'
MATRIX = f'<Matrix {DEPTHS}><Array dim="3 3">0.8 0.15 0.05 0.1 0.8 0.1 0.05 0.1 0.85</Array></Matrix>'
LOG = (
    '<Log inBitDepth="32f" outBitDepth="32f" style="linToLog"><LogParams base="10" logSideSlope="0.25" '
    'logSideOffset="0.55" linSideSlope="0.98" linSideOffset="0.02"/></Log>'
)
GAMMA = '<Exponent inBitDepth="32f" outBitDepth="32f" style="basicFwd"><ExponentParams exponent="0.5"/></Exponent>'
DISPLAY_GAMMA = GAMMA.replace("basicFwd", "basicRev").replace("0.5", "2.6")
GAIN = '<Matrix inBitDepth="32f" outBitDepth="32f"><Array dim="3 3">0.25 0 0 0 0.25 0 0 0 0.25</Array></Matrix>'


def cube() -> str:
    levels = np.linspace(0, 1, 9)
    rows = [f"{r**1.2:.6f} {0.9 * g + 0.1 * b:.6f} {b:.6f}" for r in levels for g in levels for b in levels]
    numbers = "\n".join(rows)
    return f'<LUT3D {DEPTHS} interpolation="tetrahedral"><Array dim="9 9 9 3">\n{numbers}\n</Array></LUT3D>'


@pytest.mark.parametrize(
    ("steps", "tolerance"),
    [
        ((LOG, cube()), 0.2), ((GAIN, LOG, cube()), 0.2), ((GAIN, GAMMA), 0.5), ((LOG,), 0.2),
        ((LOG, MATRIX), 0.5), ((LOG, MATRIX, cube()), 1.0), ((GAMMA, GAIN, cube()), 0.5),
        ((cube(), cube()), 0.5), ((MATRIX, LOG, cube()), 0.5), ((cube(), LOG), 0.5),
        ((DISPLAY_GAMMA,), 0.2), ((GAIN, DISPLAY_GAMMA, cube()), 0.2), ((DISPLAY_GAMMA, cube()), 0.2),
    ],
)  # fmt: skip
def test_sampled_steps_have_the_values_of_opencolorio_up_to_16(
    tmp_path: Path, steps: tuple[str, ...], tolerance: float
) -> None:
    path = tmp_path / "a.clf"
    path.write_text(f'<?xml version="1.0"?><ProcessList id="a" compCLFversion="3.0">{"".join(steps)}</ProcessList>')
    dark = np.geomspace(1e-7, 1e-2, 500)[:, None] * np.random.default_rng(2).random((500, 3))
    numbers = np.concatenate([np.random.default_rng(1).random((4000, 3)) ** 3 * 16, dark]).astype(np.float32)
    expected = numbers.copy()
    transform = ocio.FileTransform(src=str(path), interpolation=ocio.INTERP_TETRAHEDRAL)
    ocio.Config.CreateRaw().getProcessor(transform).getDefaultCPUProcessor().applyRGB(expected)
    assert np.abs(read_lut(path).apply(numbers) - expected).max() * 255 < tolerance


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.spi1d"
    for gain in (1.0, 0.5):
        path.write_text(f"Version 1\nFrom 0.0 1.0\nLength 2\nComponents 1\n{{\n0.0\n{gain}\n}}\n")
        np.testing.assert_allclose(read_lut(path).apply([[1.0, 1.0, 1.0]]), gain)


@pytest.mark.parametrize("level", [2, 4, 8, 12])
def test_a_haldclut_of_any_level_is_read(tmp_path: Path, level: int) -> None:
    side = level**2
    levels = np.rint(np.linspace(0, 255, side)).astype(np.uint8)
    blue, green, red = np.meshgrid(levels, levels, levels, indexing="ij")
    pixels = np.stack([255 - red, green, blue], axis=-1).reshape(level**3, level**3, 3)
    Image.fromarray(pixels).save(tmp_path / "a.png", compress_level=1)
    colours = np.array([[0.0, 1.0, 0.25], [0.5, 0.5, 0.75]])
    expected = np.abs(colours - (1, 0, 0))
    np.testing.assert_allclose(read_lut(tmp_path / "a.png").apply(colours), expected, atol=3e-3)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_haldclut_is_read_as_stored_whatever_its_colour_tags_are(tmp_path: Path, suffix: str) -> None:
    levels = np.rint(np.linspace(0, 255, 4)).astype(np.uint8)
    blue, green, red = np.meshgrid(levels, levels, levels, indexing="ij")
    pixels = np.stack([255 - red, green, blue], axis=-1).reshape(8, 8, 3)
    tags = PngInfo()
    tags.add(b"gAMA", (100000).to_bytes(4, "big"))
    tags.add(b"cICP", bytes((9, 16, 0, 1)))
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    options = {"pnginfo": tags} if suffix == ".png" else {"icc_profile": swapped}
    Image.fromarray(pixels).save(tmp_path / f"a{suffix}", **options)
    np.testing.assert_allclose(read_lut(tmp_path / f"a{suffix}").apply([[0.0, 1.0, 1 / 3]]), [[1.0, 1.0, 1 / 3]])
