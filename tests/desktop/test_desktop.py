"""The menu entry, the icon and the man page."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import groundglass as gg
import pytest
import typer
from groundglass import cli
from groundglass.desktop.install import _quoted, install, remove
from groundglass.desktop.man import man_page

COMMAND = typer.main.get_command(cli.app)


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["/opt/my apps/groundglass", "desktop"])
    return tmp_path


def test_the_files_are_where_a_desktop_looks_for_them(folder: Path) -> None:
    written = install("man")
    assert [str(path.relative_to(folder)) for path in written] == [
        "applications/groundglass.desktop",
        "icons/hicolor/scalable/apps/groundglass.svg",
        "man/man1/groundglass.1",
    ]
    assert remove() == written
    assert [path for path in folder.rglob("*") if path.is_file() and path.name != "mimeinfo.cache"] == []
    assert remove() == []


def test_the_entry_starts_the_command_that_wrote_it(folder: Path) -> None:
    entry = configparser.RawConfigParser()
    entry.read(install("")[0], encoding="utf-8")
    assert entry["Desktop Entry"]["Exec"] == '"/opt/my apps/groundglass" view %f'
    assert entry["Desktop Entry"]["Icon"] == "groundglass"
    assert re.fullmatch(r"((image|video)/[\w.+-]+;)+", entry["Desktop Entry"]["MimeType"])


def test_the_entry_is_valid(folder: Path) -> None:
    if shutil.which("desktop-file-validate") is None:
        pytest.skip("desktop-file-validate is not installed")
    done = subprocess.run(["desktop-file-validate", install("")[0]], capture_output=True, text=True)
    assert done.stdout + done.stderr == ""


@pytest.mark.parametrize(
    ("path", "quoted"),
    [("/usr/bin/groundglass", "/usr/bin/groundglass"), ("/a b/100%", '"/a b/100%%"'), ("/a$b", r'"/a\\$b"')],
)
def test_a_path_is_quoted_by_the_specification(path: str, quoted: str) -> None:
    assert _quoted(path) == quoted


def test_the_icon_is_a_small_square_without_other_files(folder: Path) -> None:
    icon = install("")[1]
    root = ElementTree.parse(icon).getroot()
    assert root.attrib["viewBox"] == "0 0 64 64"
    assert icon.stat().st_size < 4000
    assert "href" not in icon.read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_written_is_one_line(folder: Path) -> None:
    (folder / "applications").write_text("a file")
    with pytest.raises(gg.GroundglassError, match=r"groundglass\.desktop: cannot be written .*; make its folder"):
        install("")


def test_the_man_page_has_every_command_and_option() -> None:
    page = man_page(COMMAND, "1.2.3")
    assert page.startswith('.TH GROUNDGLASS 1 "" "groundglass 1.2.3"')
    plain = page.replace(r"\-", "-").replace(r"\fB", "").replace(r"\fR", "")
    for name, command in COMMAND.commands.items():  # type: ignore[attr-defined]
        assert f".SS groundglass {name}" in plain
        for option in command.params:
            assert option.param_type_name != "option" or getattr(option, "hidden", False) or option.opts[0] in plain


def test_groff_formats_the_man_page_without_a_warning() -> None:
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    page = man_page(COMMAND, gg.__version__)
    done = subprocess.run(["groff", "-man", "-ww", "-Tascii"], input=page, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "EXIT STATUS" in re.sub(r".\x08", "", done.stdout)
