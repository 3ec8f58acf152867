"""OpenCL's contexts and programs. Those of a processor are kept: a device that is opened again builds nothing again.

PoCL needs 0.1 s for a program that it has compiled before, and 2 s for the programs of a picture; a tenth of that with
the binaries of a record.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache, lru_cache
from typing import Any

from .compiled_record import CompiledRecord
from .pocl import is_pocl
from .pocl_target import target_of

PROGRAMS = 128  # the programs of a few kinds of pictures


def context_of(device: Any, keep: bool) -> Any:
    """A context of an OpenCL device; with `keep` the same one at each call.

    Raises pyopencl's errors, and DeviceError as `target_of`.
    """
    return _kept_context(device) if keep else _new_context(device)


def build(context: Any, text: str, options: str, record: CompiledRecord, keep: bool) -> Any:
    """The program of `text`, from its binary if the record has it; with `keep` the same one for the same text.

    Raises pyopencl's errors.
    """
    return (_kept_program if keep else _new_program)(context, text, options, record)


def _new_context(device: Any) -> Any:
    import pyopencl as cl

    if is_pocl(device):
        target_of(device)  # without a known processor PoCL compiles nothing
    return cl.Context([device])


def _new_program(context: Any, text: str, options: str, record: CompiledRecord) -> Any:
    import pyopencl as cl

    binary = record.find_program(text, options)
    if binary is not None:
        with suppress(cl.Error):  # a damaged file
            return cl.Program(context, context.devices, [binary]).build(options)
    return cl.Program(context, text).build(options)


_kept_context = cache(_new_context)
_kept_program = lru_cache(PROGRAMS)(_new_program)
