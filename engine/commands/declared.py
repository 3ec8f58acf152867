"""Commands whose options are dataclasses: each field becomes an option, and the command receives an instance."""

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
    """Marks a field whose option is text on the command line. `parse` converts the text to the field's value.

    `default` is the default text. None leaves the field at None.
    """

    parse: Callable[[str], Any]
    default: str | None = None


@dataclass(frozen=True, slots=True)
class OldOption:
    """A former name of an option. It is accepted, but hidden in the help."""

    name: str


class Only(tuple[str, ...]):
    """The dataclass fields that a command uses, in the order of its options. All others keep their defaults."""

    def __new__(cls, *names: str) -> Only:
        return super().__new__(cls, names)


class Without(tuple[str, ...]):
    """The dataclass fields that a command does not use."""

    def __new__(cls, *names: str) -> Without:
        return super().__new__(cls, names)


class Defaults(dict[str, Any]):
    """Defaults of a command that replace those of its dataclasses: `Defaults(demosaic="best")`."""


@dataclass(frozen=True, slots=True)
class _Option:
    """A field as a parameter for typer."""

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
    """Returns `command` for typer. The fields of each dataclass parameter become options.

    The type may be annotated with `Only` or `Without`, and with `Defaults`. A nested dataclass contributes its own
    fields. Other parameters stay unchanged, at their position.
    """
    signature = inspect.signature(command, eval_str=True)
    groups: dict[str, tuple[Any, tuple[Any, ...]]] = {}
    parameters: list[inspect.Parameter] = []
    for parameter in signature.parameters.values():
        kind, extra = _split(parameter.annotation)
        if dataclasses.is_dataclass(kind):
            groups[parameter.name] = kind, extra
            for option in _options(kind, extra):
                parameters += option.parameters()
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    @wraps(command)
    def run(**given: Any) -> None:
        values = {name: given[name] for name in signature.parameters if name not in groups}
        values |= {name: _instance(kind, extra, given) for name, (kind, extra) in groups.items()}
        command(**values)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _instance(kind: Any, extra: tuple[Any, ...], given: Mapping[str, Any]) -> Any:
    values = {option.name: option.value(given) for option in _own_options(kind, extra)}
    values |= {name: _instance(nested, extra, given) for name, nested in _nested(kind).items()}
    return kind(**values)


def _options(kind: Any, extra: tuple[Any, ...]) -> Iterator[_Option]:
    """Yields the options of a dataclass and its nested dataclasses, in the order of the help."""
    own, nested = {option.name: option for option in _own_options(kind, extra)}, _nested(kind)
    for name in [field.name for field in dataclasses.fields(kind)] if nested else own:
        if name in nested:
            yield from _options(nested[name], extra)
        elif name in own:
            yield own[name]


def _own_options(kind: Any, extra: tuple[Any, ...]) -> list[_Option]:
    only = next((item for item in extra if isinstance(item, Only)), None)
    left_out = next((item for item in extra if isinstance(item, Without)), ())
    defaults = {field.name: field.default for field in dataclasses.fields(kind)}
    defaults |= {name: value for item in extra if isinstance(item, Defaults) for name, value in item.items()}
    options = {
        name: _of_setting(name, setting, field_type, defaults[name])
        for name, (setting, field_type) in settings_of(kind).items()
    }
    for name, hint in get_type_hints(kind, include_extras=True).items():
        field_type, field_extra = _split(hint)
        info = next((item for item in field_extra if isinstance(item, typer.models.OptionInfo)), None)
        if info is not None:
            options[name] = _of_typer(name, field_type, info, field_extra, defaults[name])
    return [options[name] for name in (only or options) if name in options and name not in left_out]


def _of_typer(name: str, kind: Any, info: Any, extra: tuple[Any, ...], default: Any) -> _Option:
    parsed = next((item for item in extra if isinstance(item, Parsed)), None)
    old = next((item for item in extra if isinstance(item, OldOption)), None)
    if parsed is None:
        return _Option(name, kind, info, default, old=old)
    return _Option(name, str if parsed.default else str | None, info, parsed.default, parsed, old)


def _of_setting(name: str, setting: Setting, kind: Any, default: Any) -> _Option:
    info = typer.Option(
        setting.option,
        metavar=setting.metavar,
        min=setting.low,
        max=setting.high,
        help=setting.help,
        callback=check_exposure_ev if setting.option == "--exposure" else None,
    )
    return _Option(name, str if get_origin(kind) is Literal and setting.as_text else kind, info, default)


def _nested(kind: Any) -> dict[str, Any]:
    """The fields of a dataclass that are option dataclasses themselves, with their types."""
    hints = get_type_hints(kind)
    return {name: hint for name, hint in hints.items() if isinstance(hint, type) and settings_of(hint)}


def _split(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """The type of an annotation and its `Annotated` metadata."""
    if get_origin(annotation) is not Annotated:
        return annotation, ()
    kind, *extra = get_args(annotation)
    return kind, tuple(extra)


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
