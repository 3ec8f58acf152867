"""The reference page of the command line: usage, arguments and options of every command, from their declarations."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer
from groundglass import cli

PAGE = "reference/commands.md"


def page() -> str:
    parts = [
        "# All commands and options",
        "This page is written from the declarations of the options, as `--help` is. "
        "[The command line](../command-line.md) explains sources and options by subject.",
    ]
    for path, command in commands(typer.main.get_command(cli.app), ("groundglass",)):
        context = command.make_context(path[-1], [], resilient_parsing=True)
        usage = " ".join([*path, *command.collect_usage_pieces(context)])
        parts += [
            f"## `{' '.join(path)}` {{ #{'-'.join(path[1:])} }}",
            f"```text\n{usage}\n```",
            inspect.cleandoc(command.help or ""),
            *_tables(command, context),
        ]
    return "\n\n".join(parts) + "\n"


def commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The words of each command and the command; groups are entered."""
    for name, child in sorted(command.commands.items()):
        if hasattr(child, "commands"):
            yield from commands(child, (*path, name))
        elif not child.hidden:
            yield (*path, name), child


def _tables(command: Any, context: Any) -> Iterator[str]:
    """The arguments and the options as `--help` lists them, each with its help and default."""
    for title in ("argument", "option"):
        rows = [
            f"| `{_cell(record[0])}` | {_cell(record[1])} |"
            for parameter in command.params
            if parameter.param_type_name == title and (record := parameter.get_help_record(context)) is not None
        ]
        if rows:
            yield f"| {title} | |\n|---|---|\n" + "\n".join(rows)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
