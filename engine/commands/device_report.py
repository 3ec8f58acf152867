"""What this machine can compute and draw with, what `auto` takes of it and why, and what failed and how to mend it."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ..compute.device import Candidate, Failure
from ..compute.registry import list_devices, open_device, reason_for_first
from ..errors import GroundglassError
from ..gl.context import describe, headless_context, is_software
from ..look.kernel_route.route import chosen_route
from ..transfer.registry import open_transfer

if TYPE_CHECKING:
    import moderngl


@dataclass(frozen=True, slots=True)
class Report:
    """One look at the machine. `devices` are those that open, best first; `chosen` is what `auto` takes, or None.

    `gl` names the renderer of a context without a window, None where there is none; `gl_software` says that the
    processor itself draws. `transfer` is the way of a picture from the chosen device to `gl`, None without one of them.
    `look_route` is what draws looks there: `kernel` or `gl`.
    """

    devices: list[Candidate]
    chosen: str | None
    why: str
    gl: str | None
    gl_software: bool
    transfer: str | None
    look_route: str | None
    failures: list[Failure]

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `groundglass devices --json`; memory in bytes."""
        return asdict(self)


def inspect() -> Report:
    """Lists every device, opens each once, and opens a GL context without a window; nothing stays open."""
    found, failures = list_devices()
    working: list[Candidate] = []
    transfers: list[str | None] = []
    gl, software, context = None, False, None
    with ExitStack() as stack:
        try:
            context = stack.enter_context(headless_context())
            gl, software = describe(context), is_software(context)
        except GroundglassError as error:
            failures.append(_failure("gl", error))
        for candidate in found:
            try:
                transfers.append(_transfer(candidate, context))
                working.append(candidate)
            except GroundglassError as error:
                failures.append(_failure(candidate.spec, error))
    # `auto` takes the first that a driver reports, and says so where that one does not open.
    chosen = found[0].spec if found else None
    reason = reason_for_first(found) + (
        "" if found[:1] == working[:1] else "; but it does not open, name another with --device"
    )
    transfer = transfers[0] if transfers and found[:1] == working[:1] else None
    look_route = None if transfer is None else chosen_route("auto", working[0].is_cpu, software)
    return Report(working, chosen, reason, gl, software, transfer, look_route, failures)


def _transfer(candidate: Candidate, context: moderngl.Context | None) -> str | None:
    """Opens the device for a moment: how its pictures come to `context`; None without one. Raises DeviceError."""
    with closing(open_device(candidate.spec)) as device:
        if context is None:
            return None
        transfer = open_transfer(device, context)
        transfer.release()
        return transfer.name


def _failure(kind: str, error: GroundglassError) -> Failure:
    """A DeviceError ends "...; what to do": taken apart at the last semicolon."""
    reason, _, remedy = str(error).rpartition("; ")
    return Failure(kind, reason or remedy, remedy if reason else "")
