"""`groundglass look fit`: a look fitted to pairs of raw file and picture."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from dng_support import COLOR_MATRIX_1, rationals, write_dng
from fit_support import cards, picture_of
from groundglass.camera import REC2020_TO_REC709
from groundglass.cli import app
from groundglass.commands.look_fit import pairs_of
from groundglass.errors import GroundglassError, LookError, OutputError, SourceError
from groundglass.formats.preview import read_preview
from groundglass.formats.raw import SRGB_TO_XYZ
from groundglass.look.fit import invented
from groundglass.look.fit.invented import synthetic_scene
from groundglass.look.grade import grade
from groundglass.look.look import Look, load_look
from look_support import context
from PIL import Image
from typer.testing import CliRunner

WIDTH, HEIGHT = 384, 256
GREYS = np.linspace(0.01, 1, 64, dtype=np.float32)[None, :, None].repeat(3, axis=2)
RAW = ["--raw-format", "rggb12", "--raw-size", f"{WIDTH}x{HEIGHT}", "--raw-black", "200"]


def fit(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["look", "fit", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def mosaic_of(scene: np.ndarray) -> np.ndarray:
    """(H, W) uint16 RGGB mosaic of a camera with Rec.709 primaries."""
    rec709 = scene @ REC2020_TO_REC709.T
    mosaic = rec709[..., 1].copy()
    mosaic[::2, ::2], mosaic[1::2, 1::2] = rec709[::2, ::2, 0], rec709[1::2, 1::2, 2]
    return np.clip(np.round(200 + 3895 * mosaic), 0, 4095).astype(np.uint16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pair")
    scene = cards((WIDTH, HEIGHT))
    mosaic_of(scene).tofile(folder / "a.raw")
    Image.fromarray(picture_of(scene, load_look("classic"))).save(folder / "a.jpg", quality=90)
    return folder


def test_a_pair_is_fitted_to_a_look_with_a_sheet(folder: Path, tmp_path: Path) -> None:
    fitted, sheet, report = tmp_path / "fitted.toml", tmp_path / "sheet.png", tmp_path / "report.json"
    shown = fit(folder / "a.raw", folder / "a.jpg", *RAW, "-o", fitted, "--sheet", sheet, "--json", report)
    assert "a.jpg" in shown
    look = load_look(fitted)
    assert look.name == "fitted"
    assert "a.jpg" in look.intent
    content = json.loads(report.read_text())
    assert content["left_out_delta_e_mean"] <= 1.0
    assert content["left_out_delta_e_p95"] <= 2.5
    assert content["pairs"][0]["areas"] == content["areas"]
    assert Image.open(sheet).width > 3 * 600
    with pytest.raises(OutputError, match="--force"):
        fit(folder / "a.raw", folder / "a.jpg", *RAW, "-o", fitted)


def test_pairs_follow_from_the_file_names() -> None:
    names = [Path(name) for name in ("a.dng", "a.jpg", "b.NEF", "c.cr3", "c.tif")]
    assert pairs_of(names) == [(names[0], names[1]), (names[2], None), (names[3], names[4])]
    for wrong in (["a.jpg"], ["a.dng", "a.jpg", "b.jpg"]):
        with pytest.raises(LookError, match="without a raw file before it"):
            pairs_of([Path(name) for name in wrong])
    assert pairs_of([Path("a.bin"), Path("a.jpg")], any_is_raw=True) == [(Path("a.bin"), Path("a.jpg"))]


def test_invalid_paths_are_refused_before_the_fit(folder: Path, tmp_path: Path) -> None:
    raw, picture = folder / "a.raw", folder / "a.jpg"
    for output, message in (("fitted.txt", r"fitted\.toml"), ("nowhere/fitted.toml", "does not exist")):
        with pytest.raises(OutputError, match=message):
            fit(raw, picture, *RAW, "-o", tmp_path / output)
    with pytest.raises(SourceError, match="no such file"):
        fit(raw, folder / "b.jpg", *RAW, "-o", tmp_path / "fitted.toml")


def test_a_raw_file_without_a_preview_is_refused(tmp_path: Path) -> None:
    raw = write_dng(tmp_path / "a.dng", mosaic_of(cards((WIDTH, HEIGHT))))
    with pytest.raises(GroundglassError, match="has no embedded preview"):
        fit(raw, "-o", tmp_path / "fitted.toml")


def test_a_raw_file_is_paired_with_its_embedded_preview(tmp_path: Path) -> None:
    scene = cards((WIDTH, HEIGHT))
    raw = write_with_preview(tmp_path / "a.dng", mosaic_of(scene) - 200, picture_of(scene, load_look("natural")))
    assert read_preview(raw).shape == (HEIGHT, WIDTH, 3)
    fit(raw, "-o", tmp_path / "fitted.toml", "--json", tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text())["left_out_delta_e_mean"] <= 1.0
    assert "the preview in a.dng" in load_look(tmp_path / "fitted.toml").intent


def write_with_preview(path: Path, mosaic: np.ndarray, preview: np.ndarray) -> Path:
    """A DNG with the preview in the first directory and the raw data in a subdirectory."""
    colours = rationals(COLOR_MATRIX_1, np.linalg.inv(SRGB_TO_XYZ))
    with tifffile.TiffFile(
        write_dng(path.with_name("plain.dng"), mosaic, white=3895, neutral=(1, 1, 1), tags=(colours,))
    ) as plain:
        tags = [
            (tag.code, tag.dtype, tag.count, tag.value, True)
            for tag in plain.pages.first.tags.values()
            if tag.code > 700
        ]
    raw_tags = {33421, 33422, 50713, 50714, 50717, 50829}
    with tifffile.TiffWriter(path) as writer:
        writer.write(
            preview,
            photometric="rgb",
            subfiletype=1,
            subifds=1,
            metadata=None,
            extratags=[tag for tag in tags if tag[0] not in raw_tags],
        )
        writer.write(
            mosaic,
            photometric=32803,
            subfiletype=0,
            metadata=None,
            extratags=[tag for tag in tags if tag[0] in raw_tags],
        )
    return path


def test_the_residual_of_the_passes_is_written_as_a_cube(folder: Path, tmp_path: Path) -> None:
    fitted, report = tmp_path / "fitted.toml", tmp_path / "report.json"
    shown = fit(folder / "a.raw", folder / "a.jpg", *RAW, "-o", fitted, "--residual-lut", "--json", report)
    assert "without the cube" in shown
    content = json.loads(report.read_text())
    assert content["left_out_delta_e_mean"] <= 1.0
    assert content["passes_alone_delta_e_mean"] <= 1.0
    assert (tmp_path / "fitted.cube").is_file()
    look = load_look(fitted)
    assert look.passes[-1].name == "lut"
    assert not np.array_equal(grade(GREYS, look, ctx=context()), grade(GREYS, without_lut(look), ctx=context()))
    fitted.unlink()
    with pytest.raises(OutputError, match=r"fitted\.cube: already exists"):
        fit(folder / "a.raw", folder / "a.jpg", *RAW, "-o", fitted, "--residual-lut")


def without_lut(look: Look) -> Look:
    return replace(look, passes=look.passes[:-1])


def test_a_lut_is_fitted_by_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invented, "synthetic_scene", lambda count: synthetic_scene(1500))
    levels = np.linspace(0, 1, 5)
    blue, green, red = np.meshgrid(levels, levels, levels, indexing="ij")  # red is the fastest
    rows = np.stack([0.9 * red**1.2 + 0.05, 0.95 * green**1.1, 0.8 * blue + 0.1], axis=-1).reshape(-1, 3)
    lut = tmp_path / "film.cube"
    lut.write_text("LUT_3D_SIZE 5\n" + "\n".join(" ".join(f"{value:.5f}" for value in row) for row in rows))
    fit("--from-lut", lut, "-o", tmp_path / "fitted.toml", "--json", tmp_path / "report.json")
    look = load_look(tmp_path / "fitted.toml")
    assert "film.cube" in look.intent
    assert "lut" not in [settings.name for settings in look.passes]
    assert json.loads((tmp_path / "report.json").read_text())["left_out_delta_e_mean"] <= 1.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to learn from"),
        (["a.dng", "--from-lut", "a.cube"], "leave out the pictures"),
        (["--from-lut", "a.cube", "--lut-input", "log"], "unknown LUT input"),
        (["--from-lut", "nowhere.cube"], "cannot be read"),
    ],
)
def test_invalid_sources_are_refused(arguments: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(LookError, match=message):
        fit(*arguments, "-o", tmp_path / "fitted.toml")
