"""`groundglass look ...`: the looks that ship, and files of one's own."""

from __future__ import annotations

import typer

look_app = typer.Typer(name="look", help="Looks: list, show, compare.", no_args_is_help=True)


@look_app.command("list")
def list_command() -> None:
    """The looks that ship, each with what it is for."""
    from ..look.look import list_looks, load_look

    looks = [load_look(name) for name in list_looks()]
    width = max(len(look.name) for look in looks)
    for look in looks:
        typer.echo(f"{look.name:<{width}}  {look.intent}")
