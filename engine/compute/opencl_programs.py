"""OpenCL's contexts and programs. Those of a processor are kept: a device that is opened again builds nothing again.

PoCL needs 0.1 s for a program that it has compiled before, and 2 s for the programs of a picture.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

PROGRAMS = 128  # the programs of a few kinds of pictures


def context_of(device: Any, keep: bool) -> Any:
    """A context of an OpenCL device; with `keep` the same one at each call. Raises pyopencl's errors."""
    return _kept_context(device) if keep else _new_context(device)


def build(context: Any, text: str, options: str, keep: bool) -> Any:
    """The program of `text`; with `keep` the same one for the same text. Raises pyopencl's errors."""
    return (_kept_program if keep else _new_program)(context, text, options)


def _new_context(device: Any) -> Any:
    import pyopencl as cl

    return cl.Context([device])


def _new_program(context: Any, text: str, options: str) -> Any:
    import pyopencl as cl

    return cl.Program(context, text).build(options)


_kept_context = cache(_new_context)
_kept_program = lru_cache(PROGRAMS)(_new_program)
