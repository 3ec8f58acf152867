"""`groundglass profile`: a raw picture of a chart becomes a camera profile."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from chart_support import BLACK, CAMERA_TO_SCENE, HEIGHT, WIDTH, ChartRendering
from groundglass.camera import CameraProfile
from groundglass.cli import app
from groundglass.errors import GroundglassError, SourceError
from groundglass.formats.camera_profile import ChartProfile, load_profile, profile_text
from PIL import Image
from typer.testing import CliRunner

CHART = ChartRendering(width=0.8, turned=8, noise=0.2, falling=(0.1, -0.3))
RAW = ["--raw-format", "rggb12", "--raw-size", f"{WIDTH}x{HEIGHT}", "--raw-black", str(BLACK)]


def profile(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["profile", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("chart") / "chart.raw"
    CHART.frame().pixels.tofile(path)
    return path


def test_a_chart_gives_a_profile(raw: Path, tmp_path: Path) -> None:
    shown = profile(raw, *RAW, "-o", tmp_path / "camera.toml", "--json", tmp_path / "report.json")
    assert "24 patches" in shown
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["delta_e_mean"] < report["left_out_delta_e_mean"] < 1.5
    assert report["left_out_delta_e_mean"] < report["left_out_delta_e_max"]
    found = load_profile(tmp_path / "camera.toml")
    assert found.name == "camera"
    assert found.black == BLACK
    assert np.allclose(found.white_balance, (2.0, 1.0, 1.6), rtol=0.03)
    assert np.allclose(found.camera_to_scene, CAMERA_TO_SCENE, atol=0.06)
    assert found.delta_e == pytest.approx(report["left_out_delta_e_mean"], abs=0.01)
    text = (tmp_path / "camera.toml").read_text()
    assert "in chart.raw, 20" in text
    assert str(raw.parent) not in text


def test_the_permissions_of_the_file_follow_the_umask(raw: Path, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        profile(raw, *RAW, "-o", tmp_path / "camera.toml")
    finally:
        os.umask(before)
    assert (tmp_path / "camera.toml").stat().st_mode & 0o777 == 0o644
    assert [path.name for path in tmp_path.iterdir()] == ["camera.toml"]


def test_a_profile_is_overwritten_only_with_force(raw: Path, tmp_path: Path) -> None:
    target = tmp_path / "camera.toml"
    target.write_text("mine")
    with pytest.raises(GroundglassError, match=r"camera\.toml: already exists; .*--force"):
        profile(raw, *RAW, "-o", target, "--json", tmp_path / "report.json")
    assert target.read_text() == "mine"
    assert not (tmp_path / "report.json").exists()
    profile(raw, *RAW, "-o", target, "--force")
    assert load_profile(target).name == "camera"


@pytest.mark.parametrize("option", ["-o", "--sheet"])
def test_a_missing_folder_is_refused_before_the_measurement(raw: Path, tmp_path: Path, option: str) -> None:
    with pytest.raises(GroundglassError, match=r"the folder .* does not exist"):
        profile(raw, *RAW, option, tmp_path / "none" / "sheet.png", "--json", tmp_path / "report.json")
    assert not (tmp_path / "report.json").exists()


def test_the_sheet_shows_similar_measured_and_reference_colours(raw: Path, tmp_path: Path) -> None:
    profile(raw, *RAW, "--sheet", tmp_path / "sheet.png")
    sheet = np.asarray(Image.open(tmp_path / "sheet.png")).astype(int)
    assert sheet.shape == (HEIGHT // 2, WIDTH // 2, 3)
    # The centre of the yellow patch shows the reference colour, a point near its edge shows the measured colour.
    corners = CHART.corners
    across, down = (corners[1] - corners[0]) / 6, (corners[3] - corners[0]) / 4
    middle = corners[0] + 3.5 * across + 2.5 * down
    x, y = (middle / 2).astype(int)
    beside_x, beside_y = ((middle + 0.32 * across + 0.32 * down) / 2).astype(int)
    assert np.abs(sheet[y, x] - sheet[beside_y, beside_x]).max() < 16
    assert sheet[y, x, 2] < 100 < sheet[y, x, 1]


def test_corners_are_fractions_of_the_picture(raw: Path, tmp_path: Path) -> None:
    corners = CHART.corners / (WIDTH, HEIGHT)
    profile(
        raw, *RAW, "--corners", ",".join(f"{value:.4f}" for value in corners.ravel()), "-o", tmp_path / "camera.toml"
    )
    assert np.allclose(load_profile(tmp_path / "camera.toml").white_balance, (2.0, 1.0, 1.6), rtol=0.03)


@pytest.mark.parametrize("corners", ["0.1,0.1", "a,b,c,d,e,f,g,h", "100,100,300,100,300,200,100,200"])
def test_invalid_corners_are_refused(raw: Path, corners: str) -> None:
    result = CliRunner().invoke(app, ["profile", str(raw), *RAW, "--corners", corners])
    assert result.exit_code == 2
    assert "is not four positions" in " ".join(result.output.replace("│", " ").split())


def test_a_profile_survives_its_file(tmp_path: Path) -> None:
    given = ChartProfile(63.5, (2.0, 1.0, 1.5), CAMERA_TO_SCENE, 2.25, 'my "\\ camera')
    (tmp_path / "camera.toml").write_text(profile_text(given, ["of a chart\nrun = away"]))
    found = load_profile(tmp_path / "camera.toml")
    assert np.allclose(found.camera_to_scene, CAMERA_TO_SCENE, atol=1e-6)
    assert (found.black, found.white_balance, found.delta_e, found.name) == (63.5, (2.0, 1.0, 1.5), 2.25, given.name)


def test_a_profile_replaces_balance_and_matrix_and_sets_a_missing_black_level() -> None:
    chart = ChartProfile(60.0, (2.0, 1.0, 1.5), CAMERA_TO_SCENE, 2.0)
    applied = chart.applied(CameraProfile(white=4095))
    assert applied.black == (60.0,) * 4
    assert applied.white_balance == (2.0, 1.0, 1.5)
    assert np.array_equal(applied.camera_to_scene, CAMERA_TO_SCENE)
    assert chart.applied(CameraProfile(black=(64.0, 65.0, 66.0, 67.0), white=4095)).black == (64.0, 65.0, 66.0, 67.0)


MATRIX = "camera_to_scene = [[1,0,0],[0,1,0],[0,0,1]]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "cannot be read .*at end of document"),
        (f"gain = 2\n{MATRIX}", "'gain' is not a key"),
        (MATRIX, "white_balance is missing or not 3 numbers"),
        (f"white_balance = [2, 1]\n{MATRIX}", "white_balance is missing or not 3 numbers"),
        (f"white_balance = [2, 1, nan]\n{MATRIX}", "white_balance is missing or not 3 numbers"),
        (f"white_balance = [2, 1, -1]\n{MATRIX}", "a number of white_balance is not above 0"),
        ("white_balance = [2, 1, 2]", "camera_to_scene is missing or not 3 x 3 numbers"),
        ("white_balance = [2, 1, 2]\ncamera_to_scene = [[1,0,0],[1,0,0],[0,0,1]]", "camera_to_scene is not invertible"),
        (f"black = [1]\nwhite_balance = [2, 1, 2]\n{MATRIX}", "black is missing or not a number"),
        (f"black = -3\nwhite_balance = [2, 1, 2]\n{MATRIX}", "black is below 0"),
    ],
)
def test_a_file_that_is_not_a_profile_gives_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "camera.toml").write_text(text)
    with pytest.raises(SourceError, match=rf"camera\.toml: {message}") as caught:
        load_profile(tmp_path / "camera.toml")
    assert "\n" not in str(caught.value)


def test_a_profile_may_list_defective_photosites(tmp_path: Path) -> None:
    path = tmp_path / "camera.toml"
    text = "white_balance = [2.0, 1.0, 1.5]\ncamera_to_scene = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]\n"
    path.write_text(text + "defects = [[103, 40], [7, 9]]\n")
    assert load_profile(path).applied(CameraProfile()).defects.tolist() == [[103, 40], [7, 9]]
    path.write_text(text)
    assert load_profile(path).applied(CameraProfile()).defects is None
    path.write_text(text + "defects = [103, 40]\n")
    with pytest.raises(SourceError, match="defects is missing or not 2 x 2 numbers"):
        load_profile(path)


def test_a_missing_profile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.toml: cannot be read \(No such file"):
        load_profile(tmp_path / "none.toml")


def test_the_mean_error_of_a_real_chart_is_below_three(data_dir: Path, tmp_path: Path) -> None:
    chart = data_dir / "raw" / "chart_1920x1080_12bit_bggr.raw"
    profile(chart, "--raw-format", "bggr12", "--raw-size", "1920x1080", "--json", tmp_path / "report.json")
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["patches"] >= 22
    assert report["delta_e_mean"] <= report["left_out_delta_e_mean"] <= 3.0
