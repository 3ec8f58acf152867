"""`groundglass look`: through the command line."""

import pytest
from groundglass import cli
from groundglass.look.look import list_looks, load_look
from typer.testing import CliRunner


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli.app, ["look", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_list_names_every_look_with_its_intent() -> None:
    lines = run("list").splitlines()
    assert [line.split()[0] for line in lines] == list(list_looks())
    assert all(load_look(line.split()[0]).intent in line for line in lines)


@pytest.mark.parametrize("arguments", [("--help",), ("list", "--help")])
def test_help_answers(arguments: tuple[str, ...]) -> None:
    assert "Usage" in run(*arguments)
