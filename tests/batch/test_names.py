"""The inputs that SOURCEs are, and the names of their outputs."""

from __future__ import annotations

from pathlib import Path

import pytest
from groundglass.batch.names import Input, Target, check_inputs_stay, check_outputs, expand, once, stem_of
from groundglass.errors import OutputError, SourceError


def names(*sources: str, each: bool = False) -> list[str]:
    return [item.name for item in expand(list(sources), "shoot/out", each=each)]


@pytest.fixture
def shoot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two days, a hidden file, and a JPEG beside a raw file."""
    monkeypatch.chdir(tmp_path)
    for name in ("day1/a10.dng", "day1/a2.dng", "day1/a2.jpg", "day1/.b.dng", "day2/c.png", "notes.txt"):
        path = tmp_path / "shoot" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def test_files_keep_their_names(shoot: Path) -> None:
    assert names("shoot/day1/a2.dng", "shoot/day2/c.png") == ["a2", "c"]


def test_a_pattern_is_sorted_naturally_and_keeps_the_folders_below_its_fixed_part(shoot: Path) -> None:
    assert names("shoot/day1/*.dng") == ["a2", "a10"]
    assert names("shoot/**/a*.dng") == ["day1/a2", "day1/a10"]
    with pytest.raises(SourceError, match="no file matches"):
        expand(["shoot/*.cr2"], "out")


def test_each_file_of_a_folder_keeps_its_folder(shoot: Path) -> None:
    """A raw file counts, not its JPEG; a folder without raw files has its pictures."""
    assert names("shoot", each=True) == ["day1/a2", "day1/a10", "day2/c"]
    assert expand(["shoot"], "out") == [Input("shoot", "shoot")]
    Path("empty").mkdir()
    with pytest.raises(SourceError, match="no raw files and no pictures"):
        expand(["empty"], "out", each=True)


def test_outputs_below_the_sources_are_not_sources(shoot: Path) -> None:
    (shoot / "shoot" / "out").mkdir()
    (shoot / "shoot" / "out" / "a2.png").touch()
    assert names("shoot", each=True) == ["day1/a2", "day1/a10", "day2/c"]
    assert names("shoot/**/*.png") == ["day2/c"]
    assert names("shoot/out/*.png") == ["a2"]


def test_a_list_has_a_name_on_each_line(shoot: Path) -> None:
    Path("files.txt").write_bytes(b"# two days\nshoot/day1/a2.dng\r\n\n/elsewhere/b.dng\n")
    assert names("@files.txt") == ["shoot/day1/a2", "b"]
    Path("files.txt").write_bytes(b"shoot/day1/a2.dng\0line\nbreak.dng\0")
    assert names("@files.txt") == ["shoot/day1/a2", "line\nbreak"]
    Path("files.txt").write_bytes(b"\n")
    with pytest.raises(SourceError, match="list is empty"):
        expand(["@files.txt"], "out")
    with pytest.raises(SourceError, match="cannot be read"):
        expand(["@nowhere.txt"], "out")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_list_may_be_that_of_another_program(shoot: Path, encoding: str) -> None:
    """Editors leave blanks at the ends of lines; PowerShell writes UTF-16."""
    Path("files.txt").write_bytes("shoot/day1/a2.dng \t\r\n  shoot/day1/gr\u00f6\u00dfe.dng\r\n".encode(encoding))
    assert names("@files.txt") == ["shoot/day1/a2", "shoot/day1/gr\u00f6\u00dfe"]
    Path("kept .dng").touch()
    Path("files.txt").write_text("kept .dng\n")
    assert names("@files.txt") == ["kept "]


def test_a_file_that_is_named_twice_is_one_input(shoot: Path) -> None:
    sources = ["shoot/day1/a2.dng", "./shoot/day1/a2.dng", str(shoot / "shoot/day1/a2.dng"), "shoot/day1/a10.dng"]
    assert [item.source for item in once(expand(sources, ""))] == ["shoot/day1/a2.dng", "shoot/day1/a10.dng"]


def test_a_link_to_its_own_folder_is_not_followed(shoot: Path) -> None:
    (shoot / "shoot" / "day1" / "loop").symlink_to("..")
    (shoot / "shoot" / "self").symlink_to(".")
    (shoot / "shoot" / "day3").symlink_to(shoot / "shoot" / "day2")
    assert names("shoot/**/*.dng") == ["day1/a2", "day1/a10"]
    assert names("shoot/**/*.png") == ["day2/c", "day3/c"]
    assert names("shoot/day2/**") == names("shoot/day2/**/*") == ["c"]
    assert names("**/a2.dng") == ["shoot/day1/a2"]
    assert names("shoot/**/day1/**/a2.dng") == ["day1/a2"]


def test_a_folder_may_have_a_percent_sign(shoot: Path) -> None:
    Path("o%d").mkdir()
    assert Target.parse("o%d/x.png", numbered=False) == Target("o%d", "x.png")
    assert Target.parse("100% crops/{name}.jpg", numbered=False) == Target("100% crops", "{name}.jpg")
    with pytest.raises(OutputError, match="only the name of a file"):
        Target.parse("p%d/x.png", numbered=False)


def test_the_name_of_a_file_is_not_a_pattern(shoot: Path) -> None:
    Path("a[1].dng").touch()
    assert names("a[1].dng") == ["a[1]"]


@pytest.mark.parametrize(
    ("output", "numbered", "still", "frame"),
    [
        ("out/", False, "out/day1/a.png", "out/day1/a/0007.png"),
        ("out", True, "out/0007.png", "out/0007.png"),
        ("out/{name}.jpg", False, "out/day1/a.jpg", "out/day1/a/0007.jpg"),
        ("out/{name}-%03d.tif", False, "out/day1/a-007.tif", "out/day1/a-007.tif"),
        ("%04d.png", False, "./0007.png", "./0007.png"),
        ("s3://bucket/out/{name}.exr", False, "s3://bucket/out/day1/a.exr", "s3://bucket/out/day1/a/0007.exr"),
    ],
)
def test_an_output_has_the_name_or_the_number(output: str, numbered: bool, still: str, frame: str) -> None:
    target = Target.parse(output, numbered=numbered)
    assert f"{target.root}/{target.output('day1/a', 7, in_clip=False)}" == still
    assert f"{target.root}/{target.output('day1/a', 7, in_clip=True)}" == frame
    assert not target.is_single


def test_a_folder_may_have_a_name_like_a_file(tmp_path: Path) -> None:
    (tmp_path / "shots.tif").mkdir()
    assert Target.parse(str(tmp_path / "shots.tif"), numbered=False).pattern == "{name}.png"
    assert Target.parse(str(tmp_path / "other.tif"), numbered=False).pattern == "other.tif"


@pytest.mark.parametrize("name", ["a" * 5000, "a\0b.png"])
def test_a_name_that_the_system_refuses_is_one_line(name: str) -> None:
    with pytest.raises(OutputError, match="is not a name of a file"):
        Target.parse(name, numbered=False)


def test_an_address_that_is_broken_is_one_line() -> None:
    with pytest.raises(SourceError, match="is not an address"):
        stem_of("http://[::1/a.dng")


@pytest.mark.parametrize("output", ["{name}/%04d.png", "out/{nam}.png", "out/%s.png", "out/{name}{name}.png"])
def test_another_placeholder_is_an_error(output: str) -> None:
    with pytest.raises(OutputError, match=r"\{name\}"):
        Target.parse(output, numbered=False)


def test_two_inputs_with_one_output_are_found() -> None:
    with pytest.raises(OutputError, match=r"a\.png: is the output of x/a\.dng and of y/a\.dng.*--each"):
        check_outputs([("a.png", "x/a.dng"), ("a.png", "y/a.dng")])


def test_an_input_is_not_overwritten(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="would be overwritten"):
        check_inputs_stay(str(tmp_path), [("a.jpg", str(tmp_path / "a.jpg"))])
