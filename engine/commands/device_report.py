"""What this machine can compute and draw with, what `auto` takes of it and why, and what failed and how to mend it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ..compute.device import Candidate, Failure
from ..compute.registry import list_devices, open_device, why_first
from ..errors import GroundglassError
from ..gl.context import describe, headless_context, is_software


@dataclass(frozen=True, slots=True)
class Report:
    """One look at the machine. `devices` are those that open, best first; `chosen` is what `auto` takes, or None.

    `gl` names the renderer of a context without a window, None where there is none; `gl_software` says that the
    processor itself draws.
    """

    devices: list[Candidate]
    chosen: str | None
    why: str
    gl: str | None
    gl_software: bool
    failures: list[Failure]

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `groundglass devices --json`; memory in bytes."""
        return asdict(self)


def inspect() -> Report:
    """Lists every device, opens each once, and opens a GL context without a window; nothing stays open."""
    found, failures = list_devices()
    working: list[Candidate] = []
    for candidate in found:
        failure = _try(candidate)
        if failure is None:
            working.append(candidate)
        else:
            failures.append(failure)
    gl, software = None, False
    try:
        with headless_context() as context:
            gl, software = describe(context), is_software(context)
    except GroundglassError as error:
        failures.append(_failure("gl", error))
    # `auto` takes the first that a driver reports, and says so where that one does not open.
    chosen = found[0].spec if found else None
    why = why_first(found) + ("" if found[:1] == working[:1] else "; but it does not open, name another with --device")
    return Report(working, chosen, why, gl, software, failures)


def _try(candidate: Candidate) -> Failure | None:
    try:
        open_device(candidate.spec).close()
    except GroundglassError as error:
        return _failure(candidate.spec, error)
    return None


def _failure(kind: str, error: GroundglassError) -> Failure:
    """A DeviceError ends "...; what to do": taken apart at the last semicolon."""
    reason, _, remedy = str(error).rpartition("; ")
    return Failure(kind, reason or remedy, remedy if reason else "")
