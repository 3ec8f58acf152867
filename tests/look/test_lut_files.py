"""LUTs: interpolation compared with OpenColorIO, and all file formats, valid and invalid."""

from pathlib import Path

import numpy as np
import pytest
from groundglass.errors import LookError, MissingExtraError
from groundglass.look import lut_ocio
from groundglass.look.lut import Lut, tetrahedral
from groundglass.look.lut_read import read_lut

HEAD = "LUT_3D_SIZE 2\n"
IDENTITY = HEAD + "0 0 0\n1 0 0\n0 1 0\n1 1 0\n0 0 1\n1 0 1\n0 1 1\n1 1 1\n"
FILES = {
    "agfa_precisa_100.cube": (0, 13),
    "discreet-3d-lut.3dl": (0, 17),
    "ilford_hp_5_plus_400.cube": (0, 13),
    "iridas_3d.cube": (0, 2),
    "lustre_33x33x33.3dl": (0, 33),
    "lut3d_17x17x17_10i_12i.clf": (0, 17),
    "lut3d_arbitrary.csp": (0, 2),
    "resolve_1d3d.cube": (6, 3),
}


def identity(side: int = 3) -> np.ndarray:
    levels = np.linspace(0, 1, side, dtype=np.float32)
    return np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1)


@pytest.mark.parametrize("name", FILES)
def test_a_real_file_matches_opencolorio(data_dir: Path, name: str) -> None:
    ocio = pytest.importorskip("PyOpenColorIO")
    path = data_dir / "looks" / name
    lut = read_lut(path)
    assert (0 if lut.shaper is None else len(lut.shaper), 0 if lut.cube is None else len(lut.cube)) == FILES[name]
    transform = ocio.FileTransform(src=str(path), interpolation=ocio.INTERP_TETRAHEDRAL)
    processor = ocio.Config.CreateRaw().getProcessor(transform).getDefaultCPUProcessor()
    rgb = np.random.default_rng(1).uniform(-1, 5, (40, 60, 3)).astype(np.float32)
    rgb[20:] = np.random.default_rng(2).random((20, 60, 3))
    expected = rgb.copy()
    processor.applyRGB(expected)
    np.testing.assert_allclose(lut.apply(rgb), expected, atol=1e-6)


def test_a_truncated_file_is_an_error(data_dir: Path) -> None:
    pytest.importorskip("PyOpenColorIO")
    with pytest.raises(
        LookError, match=r"error_truncated_file\.3dl: cannot be read as a LUT \(Cannot infer 3D LUT size"
    ):
        read_lut(data_dir / "looks" / "error_truncated_file.3dl")


def test_tetrahedral_interpolation_matches_the_formula() -> None:
    cube = np.random.default_rng(0).random((4, 4, 4, 3)).astype(np.float32)
    for point in np.random.default_rng(3).random((300, 3)).astype(np.float32):
        low = np.minimum((point * 3).astype(int), 2)
        part = point * 3 - low
        corner, expected, share = low.copy(), np.zeros(3), 1.0
        for axis in np.argsort(-part):  # start at the low corner; follow the axes in order of falling parts
            expected += (share - part[axis]) * cube[tuple(corner)]
            corner[axis] += 1
            share = part[axis]
        expected += share * cube[tuple(corner)]
        np.testing.assert_allclose(tetrahedral(cube, point), expected, atol=2e-6)


def test_an_identity_changes_nothing_and_values_outside_are_clamped() -> None:
    rgb = np.array([[0.2, 0.9, 0.5], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]], np.float32)
    lut = Lut("identity", None, identity())
    np.testing.assert_allclose(lut.apply(rgb), rgb, atol=1e-6)
    np.testing.assert_allclose(lut.apply([[2.0, -1.0, np.nan]]), [[1.0, 0.0, 0.0]])
    np.testing.assert_allclose(lut.apply([[np.inf, -np.inf, 0.5]]), [[1.0, 0.0, 0.5]])


def test_curves_apply_before_the_cube_over_their_domain() -> None:
    shaper = np.linspace(0, 1, 5, dtype=np.float32)[:, None] ** np.array([1.0, 2.0, 1.0], np.float32)
    lut = Lut("curves", shaper, None, ((0.0, 0.0, 0.0), (4.0, 4.0, 2.0)))
    np.testing.assert_allclose(lut.apply([2.0, 2.0, 0.5]), [0.5, 0.25, 0.25], atol=1e-6)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (HEAD, 1, "0 colours, but its size requires 8; the file is cut off"),
        (IDENTITY[:-6], 8, "7 colours, but its size requires 8; the file is cut off"),
        (IDENTITY + "1 1 1\n", 10, "9 colours, but its size requires 8; the size does not fit"),
        (IDENTITY.replace("0 1 0", "0 nan 0"), 4, "a colour is 3 numbers, not '0 nan 0'"),
        (IDENTITY.replace("0 1 0", "nan 1 0"), 4, "a colour is 3 numbers, not 'nan 1 0'"),
        (IDENTITY.replace("0 1 0", "0 1e99 0"), 4, "a colour is 3 numbers"),
        (IDENTITY.replace("0 1 0", "0 1"), 4, "a colour is 3 numbers, not '0 1'"),
        (IDENTITY.replace("0 1 0", "0 1 ."), 4, "a colour is 3 numbers"),
        ("LUT_3D_SIZE 4096\n", 1, "LUT_3D_SIZE 4096 is not in 2..256"),
        ("LUT_3D_SIZE 1\n0 0 0\n", 1, "LUT_3D_SIZE 1 is not in 2..256"),
        ("LUT_3D_SIZE -3\n", 1, "LUT_3D_SIZE -3 is not in"),
        ("LUT_1D_SIZE 99999999999\n", 1, "LUT_1D_SIZE 99999999999 is not in 2..65536"),
        ("LUT_3D_SIZE two\n", 1, "LUT_3D_SIZE is one whole number, not 'two'"),
        ("LUT_3D_SIZE 2 2\n", 1, "LUT_3D_SIZE is one whole number"),
        ("DOMAIN_MAX 1 1\n" + IDENTITY, 1, "DOMAIN_MAX is 3 numbers"),
        ("DOMAIN_MAX 1 1 inf\n" + IDENTITY, 1, "DOMAIN_MAX is 3 numbers"),
        ("LUT_OUT_VIDEO_RANGE\n" + IDENTITY, 1, "video range is not supported"),
        ("# nothing\nhello world\n", 2, "unknown word 'hello'; this is not a .cube file"),
        ("# nothing\n", 1, "no LUT_1D_SIZE and no LUT_3D_SIZE"),
    ],
)
def test_an_invalid_cube_file_is_reported_with_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    path = tmp_path / "wrong.cube"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LookError) as caught:
        read_lut(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert message in str(caught.value)


def test_an_empty_domain_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "empty.cube"
    path.write_text("DOMAIN_MIN 0 1 0\n" + IDENTITY, encoding="utf-8")
    with pytest.raises(LookError, match=r"its domain, \(0\.0, 1\.0, 0\.0\) to \(1\.0, 1\.0, 1\.0\), is empty"):
        read_lut(path)


@pytest.mark.parametrize("suffix", [".cube", ".3dl", ".csp", ".clf"])
@pytest.mark.parametrize(
    ("content", "message"), [(b"", "the file is empty"), (b"\x00\x01\x02\xff" * 99, "holds binary data")]
)
def test_an_empty_or_binary_file_is_an_error(tmp_path: Path, suffix: str, content: bytes, message: str) -> None:
    path = tmp_path / f"wrong{suffix}"
    path.write_bytes(content)
    with pytest.raises(LookError, match=message):
        read_lut(path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("huge.csp", "CSPLUTV100\n3D\n\n" + "2\n0.0 1.0\n0.0 1.0\n" * 3 + "\n5000 5000 5000\n0 0 0\n"),
        ("huge.clf", '<ProcessList><LUT3D><Array dim="5000 5000 5000 3">0 0 0</Array></LUT3D></ProcessList>\n'),
        ("nonsense.clf", "<ProcessList>\n"),
        ("nonsense.csp", "CSPLUTV100\n3D\n"),
        ("nonsense.3dl", "hello\n"),
        ("nan.csp", "CSPLUTV100\n3D\n\n" + "2\n0.0 1.0\n0.0 1.0\n" * 3 + "\n2 2 2\n" + "nan 0 0\n" * 8),
    ],
)
def test_other_invalid_files_are_reported_in_one_line(tmp_path: Path, name: str, text: str) -> None:
    pytest.importorskip("PyOpenColorIO")
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LookError) as caught:
        read_lut(path)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_another_suffix_and_a_folder_are_errors(tmp_path: Path) -> None:
    with pytest.raises(LookError, match=r"none\.cube: cannot be read \(No such file or directory\)"):
        read_lut(tmp_path / "none.cube")
    with pytest.raises(LookError, match=r"the suffix '\.jpg' names no LUT file; use one of \.cube \.3dl"):
        read_lut(tmp_path / "photo.jpg")
    (tmp_path / "folder.cube").mkdir()
    with pytest.raises(LookError, match="is a folder"):
        read_lut(tmp_path / "folder.cube")


def test_without_opencolorio_the_error_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PyOpenColorIO", None)
    (tmp_path / "some.3dl").write_text("0 1 2\n")
    with pytest.raises(MissingExtraError, match=r"some\.3dl: needs OpenColorIO; pip install groundglass\[lut\]"):
        lut_ocio.read_ocio(tmp_path / "some.3dl")


def test_other_processing_steps_are_sampled_into_a_cube(tmp_path: Path) -> None:
    pytest.importorskip("PyOpenColorIO")
    path = tmp_path / "matrix.clf"
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<ProcessList id="one" compCLFversion="3.0">\n'
        '<Matrix inBitDepth="32f" outBitDepth="32f"><Array dim="3 3">0 1 0 0 0 1 1 0 0</Array></Matrix>\n'
        "</ProcessList>\n"
    )
    np.testing.assert_allclose(read_lut(path).apply([0.1, 0.5, 0.9]), [0.5, 0.9, 0.1], atol=0.5 / 255)


@pytest.mark.parametrize(
    ("number", "is_read"), [("1000000", True), ("-1e6", True), ("1.1e6", False), ("1e38", False), ("nan", False)]
)
def test_numbers_of_a_cube_are_at_most_a_million(tmp_path: Path, number: str, is_read: bool) -> None:
    """Squares and products of larger ones would overflow half floats and shaders."""
    path = tmp_path / "a.cube"
    path.write_text("LUT_3D_SIZE 2\n" + "0 0 0\n" * 7 + f"0 {number} 0\n", encoding="utf-8")
    if is_read:
        assert abs(read_lut(path).cube).max() == 1e6
        return
    with pytest.raises(LookError, match=r"a\.cube:9: "):
        read_lut(path)


@pytest.mark.parametrize(("side", "ending"), [(3, "\n"), (3, "\r\n"), (3, "\r"), (3, "\n\n"), (64, "\n")])
def test_a_cube_file_of_any_size_and_line_ending(tmp_path: Path, side: int, ending: str) -> None:
    table = np.random.default_rng(1).random((side**3, 3)).round(3)
    rows = [f"{red:.3f} {green:.3f} {blue:.3f}" for red, green, blue in table]
    (tmp_path / "a.cube").write_text(ending.join(["# a comment", f"LUT_3D_SIZE {side}", *rows, ""]), newline="")
    expected = table.reshape(side, side, side, 3).transpose(2, 1, 0, 3)
    np.testing.assert_allclose(read_lut(tmp_path / "a.cube").cube, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("row", "message"), [("0 0 x", "is 3 numbers"), ("0 0 nan", "is 3 numbers"), ("0 0", "is 3 numbers")]
)
def test_a_wrong_row_of_a_large_cube_is_named(tmp_path: Path, row: str, message: str) -> None:
    rows = ["0 0 0"] * 64**3
    rows[200_000] = row
    (tmp_path / "a.cube").write_text("\n".join(["LUT_3D_SIZE 64", *rows]))
    with pytest.raises(LookError, match=rf"a\.cube:200002: a colour {message}"):
        read_lut(tmp_path / "a.cube")


def test_rows_beyond_every_size_are_not_kept(tmp_path: Path) -> None:
    (tmp_path / "a.cube").write_text("1 1 1\n" * 70_000)
    with pytest.raises(LookError, match="no LUT_1D_SIZE and no LUT_3D_SIZE"):
        read_lut(tmp_path / "a.cube")
    (tmp_path / "b.cube").write_text("LUT_1D_SIZE 2\n" + "1 1 1\n" * 70_000)
    with pytest.raises(LookError, match=r"b\.cube:4: 65537 colours, but its size requires 2; the size does not fit"):
        read_lut(tmp_path / "b.cube")
