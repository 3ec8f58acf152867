"""`groundglass look compare` and `look sheet`: labelled pictures side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from groundglass import cli
from groundglass.errors import GroundglassError, LookError, OutputError
from groundglass.look.look import list_looks
from groundglass.look.sheet import GAP_PX, Labelled, sheet_of
from PIL import Image
from typer.testing import CliRunner

SCENE = "scene:?size=96x64"
LABEL_PX = 14  # minimum height of a label


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli.app, ["look", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_sheet_has_rows_of_pictures_below_their_labels() -> None:
    red, blue = (np.full((20, 30, 3), colour, np.uint8) for colour in ((200, 0, 0), (0, 0, 200)))
    sheet = sheet_of([[Labelled(red, "red"), Labelled(blue, "blue", "about it")], [Labelled(blue, "blue")]])
    assert sheet.shape == (2 * (20 + LABEL_PX) + GAP_PX, 60 + GAP_PX, 3)
    np.testing.assert_array_equal(sheet[LABEL_PX : LABEL_PX + 20, :30], red)
    np.testing.assert_array_equal(sheet[LABEL_PX : LABEL_PX + 20, 30 + GAP_PX :], blue)
    np.testing.assert_array_equal(sheet[-20:, :30], blue)
    assert sheet[:LABEL_PX].max() > 100


def test_compare_writes_two_pictures(tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    assert f"wrote {path}" in run("compare", "neutral", "monochrome", SCENE, "-o", str(path), "--width", "80")
    sheet = np.asarray(Image.open(path)).astype(int)
    assert sheet.shape == (53 + LABEL_PX, 160 + GAP_PX, 3)
    colour, grey = sheet[LABEL_PX:, :80], sheet[LABEL_PX:, 80 + GAP_PX :]
    assert np.ptp(colour, axis=2).max() > 40
    assert np.ptp(grey, axis=2).max() <= 1


def test_a_sheet_shows_every_look_for_every_picture(tmp_path: Path) -> None:
    path = tmp_path / "sheet.jpg"
    run("sheet", SCENE, f"{SCENE}&seed=3", "-o", str(path), "--width", "64", "--columns", "6")
    lines = 2 * -(-len(list_looks()) // 6)
    assert Image.open(path).size == (6 * 64 + 5 * GAP_PX, lines * (43 + LABEL_PX) + (lines - 1) * GAP_PX)


def test_a_sheet_shows_the_chosen_looks_and_look_files(tmp_path: Path) -> None:
    look_file = tmp_path / "mine.toml"
    look_file.write_text("[pass.exposure]\nexposure_ev = -6\n", encoding="utf-8")
    path = tmp_path / "sheet.png"
    run(
        "sheet",
        SCENE,
        "-o",
        str(path),
        "--look",
        "neutral",
        "--look",
        str(look_file),
        "--width",
        "96",
        "--exposure",
        "1",
    )
    sheet = np.asarray(Image.open(path))[LABEL_PX:]
    assert sheet[:, :96].mean() > 40
    assert sheet[:, 100:196].mean() < 20


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("neutral", "clasic", SCENE, "-o", "a.png"), LookError, "did you mean 'classic'"),
        (("neutral", "classic", "gone.dng", "-o", "a.png"), GroundglassError, "gone.dng"),
        (("neutral", "classic", SCENE, "-o", "a.exr"), OutputError, "not for a final picture"),
        (("neutral", "classic", SCENE, "-o", "a.gif"), OutputError, "names no picture format"),
        (("neutral", "classic", SCENE, "-o", "no/a.png"), OutputError, "does not exist"),
    ],
)
def test_invalid_arguments_are_refused_before_drawing(
    arguments: tuple[str, ...], error: type[Exception], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        CliRunner().invoke(cli.app, ["look", "compare", *arguments], catch_exceptions=False)
    assert list(tmp_path.iterdir()) == []
