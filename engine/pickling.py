"""Pickles for another process of the same program."""

from __future__ import annotations

import pickle
from io import BytesIO
from types import MappingProxyType
from typing import Any


def pickled(message: object) -> bytes:
    """`message` as a pickle. Looks may be part of it: their numbers are read-only mappings."""
    stream = BytesIO()
    _Pickler(stream, pickle.HIGHEST_PROTOCOL).dump(message)
    return stream.getvalue()


class _Pickler(pickle.Pickler):
    def reducer_override(self, obj: Any) -> Any:
        return (_read_only, (dict(obj),)) if isinstance(obj, MappingProxyType) else NotImplemented


def _read_only(mapping: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(mapping)
