"""The package imports a name at its first use."""

import subprocess
import sys

import groundglass
import pytest


def test_every_public_name_is_found() -> None:
    for name in groundglass.__all__:
        assert getattr(groundglass, name) is not None
        assert name in dir(groundglass)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'groundglass' has no attribute 'imaginary'"):
        groundglass.imaginary  # noqa: B018


def test_the_command_line_does_not_import_the_engine() -> None:
    code = "import sys, groundglass.cli; print([m for m in ('groundglass.engine', 'moderngl') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
