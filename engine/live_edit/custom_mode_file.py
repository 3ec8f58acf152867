"""A custom mode: settings of a picture with a name, and its file."""

from __future__ import annotations

import json
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from ..documents import DocumentError, parse_toml, read_text
from ..errors import ControlError, GroundglassError, OutputError, check_regular_file
from ..formats.picture_write import write_atomically
from ..lens import Lens
from ..look.look import Look, list_looks, load_look
from ..look.look_files import write_look
from ..settings import Settings

PLAIN = "strength", "focus_m", "quality"  # settings that are written as they are


@dataclass(frozen=True, slots=True)
class CustomMode:
    """`settings` without the size, the output space and the bits, which belong to the screen."""

    name: str
    settings: Settings

    def changes(self) -> dict[str, Any]:
        """The settings to change, as for `Settings.with_`."""
        return {name: getattr(self.settings, name) for name in ("look", "lens", "development", *PLAIN)}


def write_custom_mode(path: Path, mode: CustomMode) -> None:
    """Writes the mode as TOML. A look that is changed or not built in is written next to it. Raises OutputError."""
    settings = mode.settings
    values = {"name": mode.name, "look": _written_look(path, settings.look)}
    values |= {name: getattr(settings, name) for name in PLAIN}
    text = _toml(values)
    for title, table in (("lens", settings.lens), ("development", settings.development)):
        text += f"\n[{title}]\n{_toml({field.name: getattr(table, field.name) for field in fields(table)})}"
    _make_folder(path.parent)
    write_atomically(path, lambda part: part.write_text(text, encoding="utf-8"))


def read_custom_mode(path: Path) -> CustomMode:
    """The custom mode of a file. Raises ControlError for a file that cannot be read, or has invalid values."""
    check_regular_file(path, ControlError)
    try:
        values = parse_toml(read_text(path))
        look = values.get("look", "")
        development = Settings().development
        for title, known in (("lens", Lens), ("development", development)):
            unknown = set(values[title]) - {field.name for field in fields(known)}
            if unknown:
                raise ControlError(f"unknown key '{min(unknown)[:60]}' of {title}")
        settings = Settings(
            look=load_look(look if look in list_looks() else path.parent / look),
            lens=Lens(**values["lens"]),
            development=replace(development, **values["development"]),
            **{name: values[name] for name in PLAIN},
        )
        return CustomMode(str(values.get("name", path.stem)), settings)
    except OSError as error:
        raise ControlError(f"{path}: cannot be read ({error.strerror}); store the custom mode again") from error
    except DocumentError as error:
        raise ControlError(f"{path}: {error}; store the custom mode again") from error
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise ControlError(
            f"{path}: a value is missing or wrong ({reprlib.repr(str(error))}); store it again"
        ) from error
    except GroundglassError as error:
        raise ControlError(f"{path}: {error}; store the custom mode again") from error


def _written_look(path: Path, look: Look) -> str:
    """The name of a built-in look, else the path of a copy relative to the custom mode's folder."""
    if look.name in list_looks() and load_look(look.name) == look:
        return look.name
    copy = path.with_suffix("") / f"{look.name.replace('/', '-')}.toml"
    _make_folder(copy.parent)
    write_look(copy, look)
    return copy.relative_to(path.parent).as_posix()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be created ({error.strerror}); the custom mode is not saved") from error


def _toml(values: Mapping[str, object]) -> str:
    """Lines of TOML: JSON numbers and texts are valid TOML."""
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())
