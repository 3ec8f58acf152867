"""`groundglass desktop`: the menu entry, the icon and the man page of this user."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import typer

from ..desktop.install import install, remove
from ..desktop.man import man_page


def run_desktop(command: Any, *, removes: bool, prints_man: bool) -> None:
    """`command` is the whole command line, which the man page describes."""
    if removes and prints_man:
        raise typer.BadParameter("cannot be combined with --man; use one of them", param_hint="--remove")
    man = man_page(command, version("groundglass"))
    if prints_man:
        print(man, end="")
        return
    verb, paths = ("removed", remove()) if removes else ("wrote", install(man))
    for path in paths:
        print(f"groundglass: {verb} {path}")
    if not paths:
        print("groundglass: nothing to remove")
