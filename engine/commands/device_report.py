"""Compute devices and GL renderer of this machine, the choice of `auto` and its reason, failures and remedies."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ..capture.live.network.hardware import hardware_decoder
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
    """The report. `devices` can be opened, best first. `chosen` is the device of `auto` or None, `why` its reason.

    `gl` is the renderer of a context without a window, or None. `gl_software` is true for a software renderer.
    `transfer` names the texture transfer from the chosen device to `gl`, None without either.
    `decoder` decodes network streams: a kind of hardware, or "software" with the reason.
    `look_route` is the default route of looks there: `kernel` or `gl`.
    """

    devices: list[Candidate]
    chosen: str | None
    why: str
    gl: str | None
    gl_software: bool
    transfer: str | None
    look_route: str | None
    decoder: str
    failures: list[Failure]

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `groundglass devices --json`; memory in bytes."""
        return asdict(self)


def inspect() -> Report:
    """Lists and opens every device, and opens a GL context without a window. Closes all of them."""
    listed, failures = list_devices()
    working: list[Candidate] = []
    transfers: list[str | None] = []
    gl, software, context = None, False, None
    with ExitStack() as stack:
        try:
            context = stack.enter_context(headless_context())
            gl, software = describe(context), is_software(context)
        except GroundglassError as error:
            failures.append(_failure("gl", error))
        for candidate in listed:
            try:
                transfers.append(_transfer(candidate, context))
                working.append(candidate)
            except GroundglassError as error:
                failures.append(_failure(candidate.spec, error))
    # `auto` takes the first listed device, even if it cannot be opened.
    chosen = listed[0].spec if listed else None
    is_open = listed[:1] == working[:1]
    reason = reason_for_first(listed) + ("" if is_open else "; but it cannot be opened, name another with --device")
    transfer = transfers[0] if transfers and is_open else None
    look_route = None if transfer is None else chosen_route("auto", working[0].is_cpu, software)
    return Report(working, chosen, reason, gl, software, transfer, look_route, _decoder(), failures)


def _decoder() -> str:
    found = hardware_decoder()
    return found.reason if found.hwaccel is not None else f"software ({found.reason})"


def _transfer(candidate: Candidate, context: moderngl.Context | None) -> str | None:
    """Opens and closes the device. Returns its texture transfer to `context`, None without it. Raises DeviceError."""
    with closing(open_device(candidate.spec)) as device:
        if context is None:
            return None
        transfer = open_transfer(device, context)
        transfer.release()
        return transfer.name


def _failure(kind: str, error: GroundglassError) -> Failure:
    """Splits a DeviceError, "reason; remedy", at its last semicolon."""
    reason, _, remedy = str(error).rpartition("; ")
    return Failure(kind, reason or remedy, remedy if reason else "")
