"""Commands whose options are dataclasses: each field becomes an option, and the command receives an instance."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, update_wrapper
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


class DeclaredCommand:
    """A command for typer, named and described as `command`; a call is `run(**options)`.

    `parameters` are determined when typer asks for them: one command of a run needs them, each in 10 ms.
    """

    def __init__(
        self,
        command: Callable[..., None],
        run: Callable[..., None],
        parameters: Callable[[], list[inspect.Parameter]],
    ) -> None:
        update_wrapper(self, command, assigned=("__module__", "__name__", "__qualname__", "__doc__"), updated=())
        self._run, self._parameters = run, parameters

    def __call__(self, **given: Any) -> None:
        self._run(**given)

    @cached_property
    def __signature__(self) -> inspect.Signature:
        return inspect.Signature(self._parameters())

    @property
    def __annotations__(self) -> dict[str, Any]:  # type: ignore[override]
        return {name: parameter.annotation for name, parameter in self.__signature__.parameters.items()}


def options_declared(command: Callable[..., None]) -> DeclaredCommand:
    """Returns `command` for typer. The fields of each dataclass parameter become options.

    The type may be annotated with `Only` or `Without`, and with `Defaults`. A nested dataclass contributes its own
    fields. Other parameters stay unchanged, at their position.
    """

    @cache
    def kinds() -> dict[str, tuple[inspect.Parameter, Any, tuple[Any, ...]]]:
        """Each parameter with its type, and the type's extra annotations."""
        declared = inspect.signature(command, eval_str=True).parameters
        return {name: (parameter, *_split(parameter.annotation)) for name, parameter in declared.items()}

    def parameters() -> Iterator[inspect.Parameter]:
        for parameter, kind, extra in kinds().values():
            if dataclasses.is_dataclass(kind):
                for option in _options(kind, extra):
                    yield from option.parameters()
            else:
                yield parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)

    def run(**given: Any) -> None:
        command(
            **{
                name: _instance(kind, extra, given) if dataclasses.is_dataclass(kind) else given[name]
                for name, (_, kind, extra) in kinds().items()
            }
        )

    return DeclaredCommand(command, run, lambda: list(parameters()))


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
