"""Commands whose options are dataclasses: fields become options, and instances are what the command is given."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import typer

from ..develop.field import Setting, settings_of
from .parsing import check_exposure_ev


@dataclass(frozen=True, slots=True)
class Parsed:
    """Says that an option is a text on the command line, from which `parse` makes the field's value.

    `default` is the text where none is given; None leaves the field at None.
    """

    parse: Callable[[str], Any]
    default: str | None = None


@dataclass(frozen=True, slots=True)
class OldOption:
    """Another name of an option that it had before: accepted, not shown."""

    name: str


class Only(tuple[str, ...]):
    """The fields that a command takes of a dataclass, in the order of its options; all others keep their defaults."""

    def __new__(cls, *names: str) -> Only:
        return super().__new__(cls, names)


class Without(tuple[str, ...]):
    """The fields of a dataclass that a command does not take."""

    def __new__(cls, *names: str) -> Without:
        return super().__new__(cls, names)


class Defaults(dict[str, Any]):
    """The defaults of fields in which a command differs from its dataclasses: `Defaults(demosaic="best")`."""


@dataclass(frozen=True, slots=True)
class _Option:
    """One field as a parameter for typer."""

    name: str
    kind: Any
    info: Any
    default: Any
    parsed: Parsed | None = None
    old: OldOption | None = None

    def parameters(self) -> Iterator[inspect.Parameter]:
        yield _parameter(self.name, Annotated[self.kind, self.info], self.default)
        if self.old is not None:
            info = typer.Option(self.old.name, hidden=True)
            yield _parameter(f"{self.name}_old", Annotated[self.kind, info], None)

    def value(self, given: Mapping[str, Any]) -> Any:
        value = given[self.name]
        if value is None and self.old is not None:
            value = given[f"{self.name}_old"]
        return value if self.parsed is None or value is None else self.parsed.parse(value)


def options_declared(command: Callable[..., None]) -> Callable[..., None]:
    """`command` for typer: each parameter whose type is a dataclass becomes the options that its fields declare.

    The type may be annotated with `Only` or `Without`, and with `Defaults`. A field of a dataclass that is one itself
    stands for that one's fields. Other parameters stay as they are, in their place.
    """
    signature = inspect.signature(command, eval_str=True)
    groups: dict[str, tuple[Any, tuple[Any, ...]]] = {}
    parameters: list[inspect.Parameter] = []
    for one in signature.parameters.values():
        kind, said = _split(one.annotation)
        if dataclasses.is_dataclass(kind):
            groups[one.name] = kind, said
            parameters += [parameter for option in _options(kind, said) for parameter in option.parameters()]
        else:
            parameters.append(one.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    @wraps(command)
    def run(**given: Any) -> None:
        values = {name: given[name] for name in signature.parameters if name not in groups}
        values |= {name: _made(kind, said, given) for name, (kind, said) in groups.items()}
        command(**values)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _made(kind: Any, said: tuple[Any, ...], given: Mapping[str, Any]) -> Any:
    values = {option.name: option.value(given) for option in _own_options(kind, said)}
    values |= {name: _made(nested, said, given) for name, nested in _nested(kind).items()}
    return kind(**values)


def _options(kind: Any, said: tuple[Any, ...]) -> Iterator[_Option]:
    """Of a dataclass and of those in it, in the order in which the help lists them."""
    own, nested = {option.name: option for option in _own_options(kind, said)}, _nested(kind)
    for name in [field.name for field in dataclasses.fields(kind)] if nested else own:
        if name in nested:
            yield from _options(nested[name], said)
        elif name in own:
            yield own[name]


def _own_options(kind: Any, said: tuple[Any, ...]) -> list[_Option]:
    only = next((one for one in said if isinstance(one, Only)), None)
    left_out = next((one for one in said if isinstance(one, Without)), ())
    defaults = {field.name: field.default for field in dataclasses.fields(kind)}
    defaults |= {name: value for one in said if isinstance(one, Defaults) for name, value in one.items()}
    settings = settings_of(kind)
    found = {name: _of_setting(name, setting, what, defaults[name]) for name, (setting, what) in settings.items()}
    for name, hint in get_type_hints(kind, include_extras=True).items():
        what, extra = _split(hint)
        info = next((one for one in extra if isinstance(one, typer.models.OptionInfo)), None)
        if info is not None:
            found[name] = _of_typer(name, what, info, extra, defaults[name])
    return [found[name] for name in (only or found) if name in found and name not in left_out]


def _of_typer(name: str, kind: Any, info: Any, extra: tuple[Any, ...], default: Any) -> _Option:
    parsed = next((one for one in extra if isinstance(one, Parsed)), None)
    old = next((one for one in extra if isinstance(one, OldOption)), None)
    if parsed is None:
        return _Option(name, kind, info, default, old=old)
    return _Option(name, str if parsed.default else str | None, info, parsed.default, parsed, old)


def _of_setting(name: str, said: Setting, kind: Any, default: Any) -> _Option:
    info = typer.Option(
        said.option,
        metavar=said.metavar,
        min=said.low,
        max=said.high,
        help=said.help,
        callback=check_exposure_ev if said.option == "--exposure" else None,
    )
    return _Option(name, str if get_origin(kind) is Literal and said.as_text else kind, info, default)


def _nested(kind: Any) -> dict[str, Any]:
    """The fields of a dataclass that are dataclasses of options themselves."""
    hints = get_type_hints(kind)
    return {name: hint for name, hint in hints.items() if isinstance(hint, type) and settings_of(hint)}


def _split(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """A type, and what it is annotated with."""
    if get_origin(annotation) is not Annotated:
        return annotation, ()
    kind, *said = get_args(annotation)
    return kind, tuple(said)


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
