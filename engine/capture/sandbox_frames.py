"""Frames and errors between a decoding process and this one: arrays in shared memory, the rest as JSON.

The decoding process may be in the hands of a hostile file. What it sends is read by the declared types of a frame's
fields: no class, function or attribute is looked up by a name that it chose.
"""

from __future__ import annotations

import enum
import json
import math
import types
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from mmap import mmap
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from .. import camera, frame, lens
from ..camera import CameraProfile
from ..documents import decoded, parse_json
from ..errors import GroundglassError, SourceError, shortened
from ..frame import Frame

ALIGNMENT = 64  # bytes
ANY_DTYPES = ("uint8", "uint16", "float32")  # for arrays of several kinds
MAX_SIDE = 1 << 20
MAX_TEXT = 4096
MAX_INTEGER = 1 << 53
MAX_TUPLE = 16
NAMES = vars(lens) | vars(camera) | vars(frame)  # where the classes of the fields are found


class InvalidError(ValueError):
    """What is wrong with a value of the decoding process, in one line."""


def packed(value: Frame, memory: mmap, start: int = 0) -> bytes:
    """The frame as a message. Its arrays are written into `memory` from `start` on. ValueError if they do not fit."""
    return message_of(_plain(value, _Writer(memory, start)))


def message_of(value: Any) -> bytes:
    """A message of lists, texts and numbers."""
    return json.dumps(value).encode()


def text_of(text: str) -> str:
    """A text as it is sent: also the name of a file that is not UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def received_text(text: Any) -> str:
    """The text that `text_of` has sent. Raises ValueError."""
    if not isinstance(text, str) or len(text) > MAX_TEXT:
        raise InvalidError("a text is too long, or is none")
    return text.encode("latin-1").decode("utf-8", "surrogateescape")


def bytes_of(value: Frame) -> int:
    """The bytes that `packed` needs for the arrays of a frame."""
    return sum(array.nbytes + ALIGNMENT for array in _arrays(value))


def unpacked(message: bytes, memory: mmap, size: int) -> Frame:
    """The frame with its own copies of the arrays, which lie in the first `size` bytes of `memory`.

    Raises SourceError for anything but a frame whose fields have their types and ranges.
    """
    try:
        value = _value(Frame, parse_json(decoded(message)), _Reader(memory, size), "frame")
        assert isinstance(value, Frame)
        _check_ranges(value)
        return value
    except (GroundglassError, ValueError) as error:
        raise SourceError(
            f"the decoding process sent an invalid frame ({str(error)[:300]}); open the file again"
        ) from error


def _arrays(value: Any) -> Iterator[NDArray[Any]]:
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _arrays(each)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _arrays(getattr(value, field.name))


class _Writer:
    """Places arrays one after the other."""

    def __init__(self, memory: mmap, start: int) -> None:
        self._memory, self._next = memory, start

    def put(self, array: NDArray[Any]) -> list[Any]:
        start = -(-self._next // ALIGNMENT) * ALIGNMENT
        self._next = start + array.nbytes
        if self._next > len(self._memory):
            raise ValueError(f"needs {self._next} bytes")
        held = np.frombuffer(self._memory, array.dtype, array.size, start).reshape(array.shape)
        held[...] = array
        return [array.dtype.name, list(array.shape), start]


class _Reader:
    """Copies arrays; none may begin before the end of the last one: the copies are never larger than the memory."""

    def __init__(self, memory: mmap, size: int) -> None:
        self._memory, self._next, self._end = memory, 0, size

    def take(self, value: Any, dtypes: tuple[str, ...], name: str) -> NDArray[Any]:
        if not (isinstance(value, list) and len(value) == 3):
            raise InvalidError(f"{name} is not an array")
        dtype, shape, start = value
        if dtype not in dtypes:
            raise InvalidError(f"{name} is not {' or '.join(dtypes)}")
        if not (isinstance(shape, list) and len(shape) <= 3 and all(_is_whole(side, MAX_SIDE) for side in shape)):
            raise InvalidError(f"{name} has an impossible shape")
        count = math.prod(shape)
        if not _is_whole(start, self._end) or start < self._next or start % ALIGNMENT:
            raise InvalidError(f"{name} does not begin in the shared memory")
        end = start + count * np.dtype(dtype).itemsize
        if end > self._end:
            raise InvalidError(f"{name} is outside of the shared memory")
        self._next = end
        return np.frombuffer(self._memory, dtype, count, start).reshape(shape).copy()


def _is_whole(value: Any, limit: int) -> bool:
    return type(value) is int and 0 <= value <= limit


def _plain(value: Any, writer: _Writer) -> Any:
    """A field's value as JSON: a class is its name and fields, an enumeration its name."""
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, str):
        return text_of(value)
    if isinstance(value, np.ndarray):
        return writer.put(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple):
        return [_plain(each, writer) for each in value]
    if is_dataclass(value):
        sent = {field.name: _plain(getattr(value, field.name), writer) for field in fields(value) if field.init}
        return {"class": type(value).__name__, **sent}
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind, localns=NAMES)
    return {field.name: hints[field.name] for field in fields(kind) if field.init}


def _value(hint: Any, value: Any, reader: _Reader, name: str) -> Any:
    """The value of a field with the type `hint`. Raises InvalidError, and the errors of the classes."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        if value is None and types.NoneType in arguments:
            return None
        named = value.get("class") if isinstance(value, dict) else None
        kinds = [each for each in arguments if each is not types.NoneType]
        return _value(next((each for each in kinds if each.__name__ == named), kinds[0]), value, reader, name)
    if origin in (np.ndarray, NDArray):  # NDArray[T] is an alias of its own from NumPy 2.5 on
        dtype = arguments[0] if origin is NDArray else get_args(arguments[1])[0]
        return reader.take(value, ANY_DTYPES if dtype is Any else (np.dtype(dtype).name,), name)
    if origin is tuple:
        return _tuple(arguments, value, reader, name)
    if is_dataclass(hint):
        return _object(hint, value, reader, name)
    return _scalar(hint, value, name)


def _tuple(arguments: tuple[Any, ...], value: Any, reader: _Reader, name: str) -> tuple[Any, ...]:
    if not isinstance(value, list) or len(value) > MAX_TUPLE:
        raise InvalidError(f"{name} is not a short list")
    kinds = arguments[:1] * len(value) if arguments[-1] is Ellipsis else arguments
    if len(kinds) != len(value):
        raise InvalidError(f"{name} has {len(value)} instead of {len(kinds)} values")
    return tuple(_value(kind, each, reader, name) for kind, each in zip(kinds, value, strict=True))


def _object(kind: Any, value: Any, reader: _Reader, name: str) -> Any:
    hints = _hints(kind)
    if not isinstance(value, dict) or value.keys() != {"class", *hints} or value["class"] != kind.__name__:
        raise InvalidError(f"{name} is not a {kind.__name__} with its fields")
    return kind(**{field: _value(hint, value[field], reader, field) for field, hint in hints.items()})


def _scalar(hint: Any, value: Any, name: str) -> Any:
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        if isinstance(value, str) and value in hint.__members__:
            return hint[value]
    elif hint is float:
        if type(value) in (int, float) and math.isfinite(value):
            return float(value)
    elif hint is int:
        if type(value) is int and abs(value) <= MAX_INTEGER:
            return value
    elif hint is str:
        return received_text(value)
    elif hint is bool and isinstance(value, bool):
        return value
    raise InvalidError(f"{name} is not a valid {getattr(hint, '__name__', hint)}")


def _check_ranges(made: Frame) -> None:
    """InvalidError for numbers beyond their ranges, and for maps of another size than the mosaic."""
    profile = made.profile
    for name, is_valid in (
        ("index", made.index >= 0),
        ("orientation", 1 <= made.orientation <= 8),
        ("depth_noise", made.depth_noise >= 0),
        ("native_focus_m", made.native_focus_m is None or made.native_focus_m > 0),
        ("white_balance", min(profile.white_balance) > 0),
        ("camera_to_scene", profile.camera_to_scene.shape == (3, 3)),
        ("calibrations", len(profile.calibrations) <= 2),
        ("noise", profile.noise is None or min(profile.noise.shot, profile.noise.read) >= 0),
    ):
        if not is_valid:
            raise InvalidError(f"{name} is out of range")
    _check_maps(profile, made.size)


def _check_maps(profile: CameraProfile, size: tuple[int, int]) -> None:
    width, height = size
    for name, each in (("black_map", profile.black_map), ("gain_map", profile.gain_map)):
        if each is not None and (each.shape != (height, width) or not np.isfinite(each).all()):
            raise InvalidError(f"{name} is not a finite number for each of {width}x{height} photosites")
    defects = profile.defects
    if defects is None:
        return
    if defects.ndim != 2 or defects.shape[1] != 2 or (defects < 0).any() or (defects >= (width, height)).any():
        raise InvalidError(f"defects are not places in {width}x{height} photosites")


def error_of(kind: str, message: str, extra: str) -> GroundglassError:
    """The error with the name and the text of one in the decoding process; a SourceError if the name is unknown."""
    found = {each.__name__: each for each in _subclasses(GroundglassError)}.get(kind, SourceError)
    error = found.__new__(found)
    Exception.__init__(error, shortened(message))
    if extra:
        error.extra = extra  # type: ignore[attr-defined]
    return error


def _subclasses(kind: type[GroundglassError]) -> Iterator[type[GroundglassError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _subclasses(each)


def finite(number: Any) -> float | None:
    """A number that a broken process sent, if it is one."""
    return float(number) if isinstance(number, (int, float)) and math.isfinite(number) else None
