"""The published schema of the results (bench.schema.json), and the check of a file against it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..documents import DocumentError, parse_json, read_text
from ..errors import GroundglassError, check_regular_file

SCHEMA_VERSION = 1
MAX_RESULT_BYTES = 64 << 20
KINDS = ("stages", "sweep", "stress", "comparison", "devices", "peers")
_FILE = "bench.schema.json"
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}


class ResultError(GroundglassError):
    """A file is not a result of the benchmark, or cannot be used as one."""


def schema_text() -> str:
    """The JSON Schema of all results."""
    return files(__package__).joinpath(_FILE).read_text(encoding="utf-8")


@cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(schema_text())
    return schema


def load_result(path: Path) -> dict[str, Any]:
    """Reads and checks a result. Raises ResultError: unreadable, not JSON, another version, or not as the schema."""
    check_regular_file(path, ResultError)
    try:
        result = parse_json(read_text(path, MAX_RESULT_BYTES))
    except OSError as error:
        raise ResultError(
            f"{path}: cannot be read ({error.strerror}); name a file of groundglass bench --json"
        ) from None
    except DocumentError as error:
        raise ResultError(f"{path}: is not JSON ({error}); write it again with groundglass bench --json") from None
    if not isinstance(result, dict) or "schema_version" not in result:
        raise ResultError(f"{path}: is not a result of groundglass bench --json; measure again")
    if result["schema_version"] != SCHEMA_VERSION:
        raise ResultError(
            f"{path}: has schema version {result['schema_version']}, this program reads {SCHEMA_VERSION}; measure again"
        )
    fault = next(faults(result), None)
    if fault is not None:
        raise ResultError(f"{path}: {fault}; write it again with groundglass bench --json")
    return result


def faults(result: dict[str, Any]) -> Iterator[str]:
    """The places where `result` differs from the schema, as text."""
    kind = result.get("kind")
    if kind not in KINDS:
        yield f"kind {kind!r} is unknown"
        return
    yield from _faults(result, _schema()["$defs"][kind], "")


def _faults(value: Any, schema: dict[str, Any], place: str) -> Iterator[str]:
    """The keywords of JSON Schema that bench.schema.json uses."""
    if "$ref" in schema:
        schema = _schema()["$defs"][schema["$ref"].rpartition("/")[2]]
    named = place or "the document"
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(value, kind) for kind in kinds):
        yield f"{named} is {json.dumps(value)[:40]}, not {' or '.join(kinds)}"
    elif "const" in schema and value != schema["const"]:
        yield f"{named} is {value!r}, not {schema['const']!r}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{named} is {value!r}, not one of {', '.join(schema['enum'])}"
    elif isinstance(value, dict):
        yield from _faults_of_object(value, schema, place)
    elif isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{named} has {len(value)} items"
        for number, item in enumerate(value):
            yield from _faults(item, schema.get("items", {}), f"{place}[{number}]")
    elif "minimum" in schema and value is not None and value < schema["minimum"]:
        yield f"{named} is {value}, below {schema['minimum']}"


def _faults_of_object(value: dict[str, Any], schema: dict[str, Any], place: str) -> Iterator[str]:
    properties = schema.get("properties", {})
    named = place or "the document"
    yield from (f"{named} has no '{name}'" for name in schema.get("required", ()) if name not in value)
    for name, item in value.items():
        inner = properties.get(name, schema.get("additionalProperties", True))
        if inner is False:
            yield f"{named} has an unknown '{name}'"
        elif inner is not True:
            yield from _faults(item, inner, f"{place}.{name}".lstrip("."))


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))
