"""Frames and errors between a decoding process and this one: arrays in shared memory, the rest by restricted pickling.

The decoding process may be in the hands of a hostile file: what it sends makes values of the listed classes only.
"""

from __future__ import annotations

import io
import math
import pickle
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from mmap import mmap
from typing import Any

from ..errors import GroundglassError, SourceError

ALIGNMENT = 64  # bytes
# The classes of a frame by their module; the package's own modules hold data only.
CLASSES = {
    "camera": ("CameraProfile", "Calibration", "NoiseProfile"),
    "cfa": ("Cfa",),
    "frame": ("Frame", "Encoding", "StereoRig", "RelativeRig"),
    "lens": ("Lens",),
    "packing": ("Packing",),
    "yuv": ("YuvFormat", "YuvLayout", "YuvMatrix"),
    "capture.source": ("Timing",),
}
PACKAGE = __name__.split(".")[0]
NUMPY = {
    *(("numpy", name) for name in ("dtype", "ndarray")),
    *((f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")),
    *((f"numpy.{core}.multiarray", name) for core in ("core", "_core") for name in ("_reconstruct", "scalar")),
}


def packed(value: Any, memory: mmap, start: int) -> tuple[bytes, list[tuple[int, int]], int]:
    """The pickled `value`, the places (start, length) of its arrays, and the end of the last one.

    Its arrays are written into `memory` from `start` on. Raises ValueError if they do not fit.
    """
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    places = []
    for buffer in buffers:
        raw = buffer.raw()
        start = -(-start // ALIGNMENT) * ALIGNMENT
        if start + raw.nbytes > len(memory):
            raise ValueError(f"needs {start + raw.nbytes} bytes")
        memory[start : start + raw.nbytes] = raw
        places.append((start, raw.nbytes))
        start += raw.nbytes
    return data, places, start


def bytes_of(value: Any) -> int:
    """The bytes that `packed` needs for the arrays of a value."""
    buffers: list[pickle.PickleBuffer] = []
    pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    return sum(buffer.raw().nbytes + ALIGNMENT for buffer in buffers)


def unpacked(data: bytes, places: list[tuple[int, int]], memory: mmap) -> Any:
    """The value with its own copy of the arrays. Raises SourceError for anything but the classes of a frame."""
    try:
        return _checked(_Unpickler(io.BytesIO(data), buffers=_copies(places, memory)).load())
    except GroundglassError:
        raise
    except Exception as error:  # whatever the data of a broken process does
        raise SourceError(
            f"the decoding process sent an invalid frame ({type(error).__name__}); open the file again"
        ) from error


def _checked(value: Any) -> Any:
    """The value, made again by its class, which checks the fields: unpickling does not."""
    if not is_dataclass(value) or isinstance(value, type):
        return value
    return replace(value, **{each.name: _checked(getattr(value, each.name)) for each in fields(value) if each.init})


def _copies(places: list[tuple[int, int]], memory: mmap) -> Iterator[bytearray]:
    for start, length in places:
        yield bytearray(memoryview(memory)[start : start + length])


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        package, _, own = module.partition(".")
        is_own = package == PACKAGE and name in CLASSES.get(own, ())
        if is_own or (module, name) in NUMPY:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name}")


def error_of(kind: str, message: str, extra: str) -> GroundglassError:
    """The error with the name and the text of one in the decoding process; a SourceError if the name is unknown."""
    found = {each.__name__: each for each in _subclasses(GroundglassError)}.get(kind, SourceError)
    error = found.__new__(found)
    Exception.__init__(error, message)
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
