"""The pass `lut`: its domain, input and output, compared with its NumPy reference."""

from pathlib import Path

import numpy as np
import pytest
from groundglass.colour.encoding import LUT_INPUTS, encode
from groundglass.errors import LookError
from groundglass.gl.constant_folding import FOLDED_AFTER
from groundglass.gl.planes import ScenePlanes
from groundglass.look import reference
from groundglass.look.grade import Grader, grade
from groundglass.look.look import load_look, parse_look
from groundglass.look.lut import Lut
from look_support import ENCODED, HALF_STEP, context, draw_pass, look_of, scene_of, shown, some_lut
from tolerances import STAGE

LEVELS = np.linspace(0, 1, 3)
IDENTITY = "LUT_3D_SIZE 3\n" + "\n".join(f"{r} {g} {b}" for b in LEVELS for g in LEVELS for r in LEVELS)


def identity(tmp_path: Path) -> str:
    path = tmp_path / "identity.cube"
    path.write_text(IDENTITY, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("kind", ["srgb", "rec709"])
def test_the_identity_lut_keeps_display_input(tmp_path: Path, kind: str) -> None:
    scene = scene_of(brightest=0.9)
    np.testing.assert_allclose(
        draw_pass(scene, "lut", file=identity(tmp_path), input=kind), shown(scene), atol=HALF_STEP
    )


@pytest.mark.parametrize("kind", ["linear", "logc", "vlog", "slog3", "llog"])
def test_the_identity_lut_shows_the_encoded_values_of_scene_input(tmp_path: Path, kind: str) -> None:
    scene = np.repeat(np.geomspace(0.002, 8, 30), 3).reshape(1, 30, 3).astype(np.float32)
    drawn = draw_pass(scene, "lut", file=identity(tmp_path), input=kind)
    np.testing.assert_allclose(drawn, np.clip(encode(scene, kind), 0, 1), atol=HALF_STEP)


@pytest.mark.parametrize("amount", [0.4, 1.0])
@pytest.mark.parametrize("kind", LUT_INPUTS)
def test_the_gpu_draws_the_reference(kind: str, amount: float) -> None:
    scene = scene_of((40, 40)) ** 3 * 4.0
    look = look_of("lut", file=some_lut(), input=kind, amount=amount)
    for _ in range(2):
        drawn = grade(scene, look, space="rec2020", ctx=context())
        np.testing.assert_allclose(drawn, reference.apply(look, scene), atol=ENCODED)


@pytest.mark.parametrize("kind", ["linear", "logc"])
def test_curves_that_are_dense_in_the_shadows(kind: str) -> None:
    """A gamma of 2.6, whose slope at black is infinite, within 1/1000 from 1e-7 on."""
    curve = np.repeat(((16 * np.linspace(0, 1, 4096) ** 4) ** (1 / 2.6))[:, None], 3, axis=1).astype(np.float32)
    lut = Lut("dense", curve, None, ((0.0,) * 3, (16.0,) * 3), shaper_root=0.25)
    light = np.geomspace(1e-7, 1.0, 300).astype(np.float32)
    np.testing.assert_allclose(lut.apply(np.repeat(light[:, None], 3, axis=1))[:, 0], light ** (1 / 2.6), atol=1e-3)
    look = look_of("lut", file=some_lut(), input=kind).with_value("lut", "file", lut)
    scene = np.repeat(light[:, None], 3, axis=1).reshape(10, 30, 3)
    drawn = grade(scene, look, space="rec2020", ctx=context())
    np.testing.assert_allclose(drawn, reference.apply(look, scene), atol=ENCODED)


def test_constant_folding_of_a_lut_keeps_the_picture() -> None:
    planes, grader = ScenePlanes(context()), Grader(context(), folds_constants=True)
    planes.write([np.ascontiguousarray(channel) for channel in np.moveaxis(scene_of((20, 20)), -1, 0)])
    look = look_of("lut", file=some_lut())
    uniforms, *_, constants = (
        np.frombuffer(grader.draw(planes, look, target="rgba32f").read(), np.float32) for _ in range(FOLDED_AFTER)
    )
    assert grader._programs.compiled() == (1, 1)
    np.testing.assert_allclose(uniforms, constants, atol=STAGE)
    grader.release()
    planes.release()


def test_a_new_lut_changes_the_picture_and_a_frame_uploads_nothing() -> None:
    planes, grader = ScenePlanes(context()), Grader(context(), folds_constants=False)
    planes.write([np.full((4, 4), 0.2, np.float32)] * 3)
    look = look_of("lut", file=some_lut())
    first = grader.draw(planes, look).read()
    kept = grader._tables._kept["lut_file_"]
    assert grader.draw(planes, look).read() == first
    assert grader._tables._kept["lut_file_"] is kept
    black = look.with_value("lut", "file", Lut("black", None, np.zeros((2, 2, 2, 3), np.float32)))
    assert set(grader.draw(planes, black).read()) == {0, 255}
    assert grader._programs.compiled() == (1, 0)
    grader.release()
    planes.release()


def test_a_long_curve_spans_several_texture_rows() -> None:
    curve = np.linspace(0, 1, 10000, dtype=np.float32)[:, None] ** np.array([0.5, 1.0, 2.0], np.float32)
    look = look_of("lut", file=some_lut()).with_value("lut", "file", Lut("long", curve))
    scene = scene_of((30, 30))
    np.testing.assert_allclose(
        grade(scene, look, space="rec2020", ctx=context()), reference.apply(look, scene), atol=HALF_STEP
    )


def test_a_lut_path_is_relative_to_the_look_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "luts").mkdir()
    (tmp_path / "luts" / "same.cube").write_text(IDENTITY, encoding="utf-8")
    (tmp_path / "mine.toml").write_text('[pass.lut]\nfile = "luts/same.cube"\n', encoding="utf-8")
    monkeypatch.chdir("/")
    assert isinstance(load_look(tmp_path / "mine.toml").passes[0].values["file"], Lut)


def test_a_look_reads_no_file_outside_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder, outside = tmp_path / "looks", tmp_path / "secret.cube"
    (folder / "below").mkdir(parents=True)
    outside.write_text(IDENTITY, encoding="utf-8")
    (folder / "link.cube").symlink_to(outside)
    (folder / "round.cube").symlink_to("round.cube")
    (folder / "mine.cube").write_text(IDENTITY, encoding="utf-8")
    names = ["../secret.cube", str(outside), "below/../../secret.cube", "link.cube", "round.cube"]
    for name in names:
        (folder / "mine.toml").write_text(f'[pass.lut]\nfile = "{name}"\n', encoding="utf-8")
        with pytest.raises(LookError, match=r"mine\.toml:2: .* leaves the folder of the look; put the LUT next to"):
            load_look("looks/mine.toml")
    for name in ("mine.cube", "below/../mine.cube", str(folder / "mine.cube")):
        (folder / "mine.toml").write_text(f'[pass.lut]\nfile = "{name}"\n', encoding="utf-8")
        assert isinstance(load_look("looks/mine.toml").passes[0].values["file"], Lut)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[pass.lut]\n", r"my\.toml:1: pass 'lut' needs the path of a file: file = \"my\.cube\""),
        ("[pass.lut]\nfile = 3\n", r"pass 'lut' needs the path of a file"),
        ('[pass.lut]\nfile = "nowhere.cube"\n', r"nowhere\.cube: cannot be read"),
        (f'[pass.lut]\nfile = "{some_lut()}"\ninput = "clog"\n', r"my\.toml:3: input must be one of srgb, rec709"),
        (f'[pass.lut]\nfile = "{some_lut()}"\namount = 2\n', r"my\.toml:3: amount = 2 is not in 0\.\.1"),
    ],
    ids=["no file", "a number", "no such file", "unknown input", "amount"],
)
def test_an_invalid_lut_section_is_an_error(text: str, message: str) -> None:
    with pytest.raises(LookError, match=message):
        parse_look(text, "my.toml")


@pytest.mark.parametrize(("side", "is_valid"), [(1, False), (2, True), (256, True), (257, False)])
def test_a_cube_has_2_to_256_nodes_along_each_edge(side: int, is_valid: bool) -> None:
    """The most that every driver takes; the arrays here have no memory of their own."""
    cube = np.broadcast_to(np.float32(0.5), (side, side, side, 3))
    if is_valid:
        Lut("a.cube", cube=cube)
        return
    with pytest.raises(LookError, match="a cube has 2 to 256 nodes along each edge"):
        Lut("a.cube", cube=cube)


@pytest.mark.parametrize(("entries", "is_valid"), [(1, False), (2, True), (65536, True), (65537, False)])
def test_a_curve_has_2_to_65536_entries(entries: int, is_valid: bool) -> None:
    shaper = np.broadcast_to(np.float32(0.5), (entries, 3))
    if is_valid:
        Lut("a.cube", shaper=shaper)
        return
    with pytest.raises(LookError, match="a curve has 2 to 65536 entries"):
        Lut("a.cube", shaper=shaper)
