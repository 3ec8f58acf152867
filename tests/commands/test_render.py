"""`groundglass render` of one source: what it must not overwrite, and outputs that it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from groundglass.cli import app
from groundglass.errors import GroundglassError
from PIL import Image
from typer.testing import CliRunner


def render(*arguments: object) -> str:
    """What is printed. Raises the error."""
    result = CliRunner().invoke(app, ["render", *map(str, arguments)])
    if isinstance(result.exception, GroundglassError):
        raise result.exception
    assert result.exit_code == 0
    return result.output


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a.jpg"
    Image.new("RGB", (24, 16), (90, 120, 60)).save(path)
    return path


@pytest.mark.parametrize("options", [(), ("--hdr",)])
def test_a_source_is_not_overwritten(picture: Path, options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    data = picture.read_bytes()
    (picture.parent / "link.jpg").symlink_to(picture)
    monkeypatch.chdir(picture.parent)
    for output in ("a.jpg", "link.jpg", picture):
        with pytest.raises(GroundglassError, match="would be overwritten; name another folder with -o"):
            render("a.jpg", "-o", output, *options)
    assert picture.read_bytes() == data


def test_the_frames_of_a_folder_are_not_overwritten(picture: Path) -> None:
    frame = picture.rename(picture.parent / "0001.jpg")
    data = frame.read_bytes()
    with pytest.raises(GroundglassError, match="would become frames of this clip"):
        render(picture.parent, "-o", picture.parent / "%04d.jpg", "--hdr")
    assert frame.read_bytes() == data


def test_an_hdr_file_has_the_name_of_its_source(picture: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    render(picture, "-o", tmp_path / "out" / "{name}.jpg", "--hdr", "--quality", "live")
    assert (tmp_path / "out" / "a.jpg").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("scene:", "-o", "{name}.png"), "is the name of a file"),
        (("scene:", "-o", ""), "--output is empty"),
        (("", "-o", "a.png"), "SOURCE is empty"),
        (("scene:", "-o", "https://localhost/a.jpg"), "web addresses are only read"),
        (("scene:", "-o", "memory://out/a.avif", "--hdr"), "folders of this computer"),
        (("scene:", "-o", "a.avif", "--look", "none", "--output-space", "pq", "--strength", "0.5"), "leave out --lut"),
        (("scene:", "-o", "a.mov", "--hdr", "--codec", "av1", "--frames", "2"), "a .mov holds no AV1"),
    ],
)
def test_an_output_that_cannot_be_is_one_error(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    with pytest.raises(GroundglassError, match=message):
        render(*arguments)
