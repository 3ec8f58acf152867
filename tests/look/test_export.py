"""A look exported as a LUT: its contents, reading it back, and applying it with another program."""

from pathlib import Path

import numpy as np
import pytest
from groundglass.camera import REC709_TO_REC2020
from groundglass.cli import app
from groundglass.colour.difference import delta_e00, lab_of_scene
from groundglass.colour.encoding import LUT_INPUTS
from groundglass.errors import LookError, OutputError
from groundglass.look import reference
from groundglass.look.export import export_look, scene_of
from groundglass.look.grade import grade
from groundglass.look.look import load_look
from groundglass.look.lut import Lut
from groundglass.look.lut_look import lut_look
from groundglass.look.lut_read import read_lut
from groundglass.look.lut_write import hald_png, write_cube, write_hald
from look_support import context
from typer.testing import CliRunner


def natural_colours(count: int = 4000) -> np.ndarray:
    """(N, 3) linear Rec.2020 within Rec.709: surfaces from deep shade to white, mostly of low saturation."""
    rng = np.random.default_rng(7)
    level = 0.18 * 2.0 ** rng.normal(-0.3, 1.3, (count, 1))
    surfaces = level * np.exp(rng.normal(0, 0.35, (count, 3)))
    return np.minimum(surfaces, 1.5) @ REC709_TO_REC2020.T


def lab(display: np.ndarray) -> np.ndarray:
    return lab_of_scene(reference.srgb_decode(display) @ REC709_TO_REC2020.T)


@pytest.mark.parametrize("kind", LUT_INPUTS)
@pytest.mark.parametrize("name", ["classic", "natural", "vibrant", "neutral"])
def test_an_exported_look_read_back_is_the_look(tmp_path: Path, name: str, kind: str) -> None:
    path, scene = tmp_path / "exported.cube", natural_colours()
    write_cube(path, export_look(load_look(name), kind).lut, name)
    read_back = reference.apply(lut_look(path, kind), scene)
    differences = delta_e00(lab(reference.apply(load_look(name), scene)), lab(read_back))
    assert differences.mean() <= 0.3
    assert np.percentile(differences, 95) <= 1.0


@pytest.mark.parametrize("side", [17, 33, 65])
def test_a_cube_has_the_requested_size_and_a_finer_one_is_more_exact(side: int) -> None:
    export = export_look(load_look("natural"), side=side)
    assert export.lut.cube is not None
    assert export.lut.cube.shape == (side,) * 3 + (3,)
    error = np.abs(
        reference.apply(lut_look(export.lut), natural_colours(500))
        - reference.apply(load_look("natural"), natural_colours(500))
    )
    assert error.mean() < 0.05 / side


def test_passes_that_depend_on_the_position_are_left_out_and_reported() -> None:
    assert export_look(load_look("classic"), side=17).left_out == ("vignette", "grain")


@pytest.mark.parametrize("kind", ["srgb", "rec709"])
def test_the_neutral_look_with_display_input_is_the_identity(kind: str) -> None:
    cube = export_look(load_look("neutral"), kind, 17).lut.cube
    levels = np.linspace(0, 1, 17)
    nodes = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1)
    np.testing.assert_allclose(cube[:-1, :-1, :-1], nodes[:-1, :-1, :-1], atol=1e-3)
    assert cube[-1, -1, -1].min() > 0.99  # scene light of 3, four stops above grey


def test_encoded_values_decode_to_scene_light() -> None:
    grey = scene_of(np.full(3, 400 / 1023), "logc")
    np.testing.assert_allclose(grey, 0.18, atol=2e-3)
    assert scene_of(np.ones(3), "linear")[0] == pytest.approx(16.0, rel=1e-5)


def test_a_hald_png_is_read_back_at_sixteen_bits(tmp_path: Path) -> None:
    cube = np.random.default_rng(2).random((16, 16, 16, 3)).astype(np.float32)
    write_hald(tmp_path / "hald.png", Lut("noise", None, cube))
    np.testing.assert_allclose(read_lut(tmp_path / "hald.png").cube, cube, atol=0.6 / 65535)
    with pytest.raises(OutputError, match=r"a HaldCLUT holds a cube over 0\.\.1 of 4, 9, 16"):
        hald_png(Lut("odd", None, cube[:15, :15, :15]))


def test_curves_and_a_cube_are_read_back(tmp_path: Path) -> None:
    lut = export_look(load_look("natural"), "linear", 17).lut
    write_cube(tmp_path / "both.cube", lut, "both")
    read_back = read_lut(tmp_path / "both.cube")
    scene = natural_colours(300)
    np.testing.assert_allclose(read_back.apply(scene), lut.apply(scene), atol=1e-4)


def test_ffmpeg_draws_the_same_picture_with_the_exported_lut(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    if "lut3d" not in av.filter.filters_available:
        pytest.skip("this PyAV has no filter lut3d")
    scene = natural_colours(64 * 48).reshape(48, 64, 3).astype(np.float32)
    look = load_look("classic")
    path = tmp_path / "classic.cube"
    write_cube(path, export_look(look).lut, "classic")
    neutral, expected = (
        np.rint(grade(scene, chosen, space="rec2020", local=False, ctx=context()) * 255).astype(np.uint8)
        for chosen in ("neutral", look)
    )
    frame = av.VideoFrame.from_ndarray(neutral, format="rgb24")
    graph = av.filter.Graph()
    source = graph.add_buffer(width=64, height=48, format=frame.format, time_base="1/1")
    middle, sink = graph.add("lut3d", f"file={path}:interp=tetrahedral"), graph.add("buffersink")
    source.link_to(middle)
    middle.link_to(sink)
    graph.configure()
    graph.push(frame)
    filtered = graph.pull().to_ndarray(format="rgb24")
    assert np.abs(filtered.astype(int) - expected).mean() <= 1.0


def export(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["look", "export", *arguments])
    return result.exit_code, f"{result.output} {result.exception}"


def test_the_command_writes_a_cube_and_a_hald(tmp_path: Path) -> None:
    code, output = export("classic", "-o", str(tmp_path / "c.cube"), "--size", "17", "--input", "vlog")
    assert (code, "left out" in output, "encoded as vlog" in output) == (0, True, True)
    assert "LUT_3D_SIZE 17" in (tmp_path / "c.cube").read_text(encoding="utf-8")
    assert export("natural", "-o", str(tmp_path / "n.png"))[0] == 0
    assert len(read_lut(tmp_path / "n.png").cube) == 64


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["classic", "-o", "c.3dl"], OutputError, "is not a suffix of look files; use one of .cube .png .clf"),
        (["classic", "-o", "c.png", "--input", "linear"], OutputError, "linear light exceeds the range of a HaldCLUT"),
        (["classic", "-o", "none/c.cube"], OutputError, "the folder none does not exist"),
        (["classic", "-o", "c.cube", "--size", "20"], LookError, "--size 20: use 17, 33, 65 nodes per side"),
        (["classic", "-o", "c.cube", "--input", "clog"], LookError, "unknown LUT input 'clog'"),
        (["clasic", "-o", "c.cube"], LookError, "did you mean 'classic'"),
    ],
)
def test_a_lut_that_cannot_be_written_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], error: type, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["look", "export", *arguments])
    assert isinstance(result.exception, error)
    assert message in str(result.exception)
    assert not list(tmp_path.iterdir())


def test_a_lut_is_applied_after_a_look_or_instead_of_it(tmp_path: Path) -> None:
    path = tmp_path / "stock.cube"
    write_cube(path, export_look(load_look("natural"), side=17).lut, "stock")
    assert [settings.name for settings in lut_look(path).passes] == [
        *(p.name for p in load_look("neutral").passes),
        "lut",
    ]
    assert lut_look(path, look="classic").name == "classic + stock"
    assert [settings.name for settings in lut_look(path, "logc").passes] == ["lut"]
    with pytest.raises(LookError, match="a LUT for logc makes the whole picture"):
        lut_look(path, "logc", "classic")
    with pytest.raises(LookError, match="holds a LUT already"):
        lut_look(path, look=lut_look(path))
