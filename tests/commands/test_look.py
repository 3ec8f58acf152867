"""`groundglass look list` and `look show`."""

from pathlib import Path

import pytest
from groundglass import cli
from groundglass.commands.look_show import markdown
from groundglass.look.look import list_looks, load_look
from groundglass.look.plot import SIZE_PX
from PIL import Image
from typer.testing import CliRunner


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli.app, ["look", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_list_names_every_look_with_its_intent() -> None:
    lines = run("list").splitlines()
    assert [line.split()[0] for line in lines] == list(list_looks())
    assert all(load_look(line.split()[0]).intent in line for line in lines)


@pytest.mark.parametrize("arguments", [("--help",), ("list", "--help"), ("show", "--help")])
def test_each_command_has_help(arguments: tuple[str, ...]) -> None:
    assert "Usage" in run(*arguments)


@pytest.mark.parametrize("name", list_looks())
def test_show_prints_intent_passes_traits_and_curve(name: str) -> None:
    shown = run("show", name)
    look = load_look(name)
    assert shown.startswith(f"{name}: {look.intent}\n")
    assert all(f"  {settings.name}" in shown for settings in look.passes)
    assert "mid contrast" in shown
    assert "stops" in shown.splitlines()[-1]


def test_show_draws_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "classic.png"
    assert f"wrote {path}" in run("show", "classic", "--png", str(path))
    assert Image.open(path).size == SIZE_PX


def test_show_accepts_a_look_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('intent = "naïve ☀"\n[pass.saturation]\nsaturation = 0.5\n', encoding="utf-8")
    shown = run("show", str(path))
    assert shown.startswith("mine: na")
    assert "saturation 0.5" in shown


def test_show_prints_a_lut_as_a_table(tmp_path: Path) -> None:
    corners = [f"{red} {green} {blue}" for blue in (0, 1) for green in (0, 1) for red in (0, 1)]
    (tmp_path / "same.cube").write_text("\n".join(["LUT_3D_SIZE 2", *corners, ""]), encoding="utf-8")
    look = tmp_path / "mine.toml"
    look.write_text('[pass.rolloff]\n[pass.lut]\nfile = "same.cube"\n', encoding="utf-8")
    shown = run("show", str(look))
    assert "  lut      file a table\n" in shown
    assert "mid contrast    1.00" in shown


def test_list_markdown_prints_the_page_of_looks() -> None:
    assert run("list", "--markdown") == markdown()
