"""The man page, from the command line's own options and help: groff's man(7) macros."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

NAME = "groundglass"
SUMMARY = "a live ground glass for any camera"


def man_page(command: Any, version: str) -> str:
    """The page groundglass(1). `command` is the group of click that typer makes of the app."""
    lines = [
        f'.TH GROUNDGLASS 1 "" "{NAME} {version}" "User Commands"',
        ".SH NAME",
        rf"{NAME} \- {SUMMARY}",
        ".SH SYNOPSIS",
        rf".B {NAME}",
        r".I COMMAND",
        r"[\fIARGUMENTS\fR] [\fIOPTIONS\fR]",
        ".SH DESCRIPTION",
        *_paragraphs(command.help or ""),
        ".SH OPTIONS",
        *_options(command.params),
        ".SH COMMANDS",
        *_commands(command.commands, NAME),
        ".SH EXIT STATUS",
        ".TP\n0\nEverything was done.",
        ".TP\n1\nWork that was asked for is lost, such as on a full disk, or a check has failed.",
        ".TP\n2\nAn input, a name or an option is invalid; one line on standard error names the remedy.",
        ".SH ENVIRONMENT",
        ".TP\nXDG_CONFIG_HOME, XDG_STATE_HOME",
        "The folders of saved settings and of the state of runs.",
        ".TP\nGROUNDGLASS_TOKEN\nThe token of the remote control; by default it is random.",
    ]
    return "\n".join(lines) + "\n"


def _commands(commands: dict[str, Any], before: str) -> Iterator[str]:
    for name, command in sorted(commands.items()):
        full = f"{before} {name}"
        nested = getattr(command, "commands", None)
        if nested is not None:
            yield from _commands(nested, full)
            continue
        arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
        words = " ".join(_argument(parameter) for parameter in arguments)
        yield f".SS {_escaped(full)} {words}".rstrip()
        yield from _paragraphs(command.help or "")
        for parameter in arguments:
            if getattr(parameter, "help", None):
                yield f".TP\n.I {_escaped(_metavar(parameter))}\n{_escaped(parameter.help)}"
        yield from _options(command.params)


def _argument(parameter: Any) -> str:
    word = rf"\fI{_escaped(_metavar(parameter))}\fR" + (" ..." if parameter.nargs == -1 else "")
    return word if parameter.required else f"[{word}]"


def _options(parameters: Iterable[Any]) -> Iterator[str]:
    for parameter in parameters:
        if parameter.param_type_name != "option" or getattr(parameter, "hidden", False):
            continue
        names = ", ".join(rf"\fB{_escaped(name)}\fR" for name in (*parameter.opts, *parameter.secondary_opts))
        metavar = "" if parameter.is_flag else rf" \fI{_escaped(_metavar(parameter))}\fR"
        yield f".TP\n{names}{metavar}\n{_escaped(parameter.help or '')}"


def _metavar(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.replace("_", "-").upper())


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        if words := " ".join(paragraph.split()):
            yield f".PP\n{_escaped(words)}"


def _escaped(text: str) -> str:
    """Text as roff prints it: a hyphen is a minus, which can be copied, and no line is a macro.

    >>> _escaped(".tif -o a\\b")
    '\\\\&.tif \\\\-o a\\\\eb'
    """
    plain = " ".join(text.split()).replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{plain}" if plain[:1] in (".", "'") else plain
