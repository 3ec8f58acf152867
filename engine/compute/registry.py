"""The kinds of compute device, and the opening of a device by its name: `auto`, `opencl:1`, `cuda`.

A backend is one module of this folder and one entry in BACKENDS. Command line, messages and tests derive from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ..checks import TEXT, check_kind
from ..errors import DeviceError
from . import cuda, opencl
from .device import Candidate, Device, Failure

if TYPE_CHECKING:
    import moderngl


class Backend(Protocol):
    """A module that opens devices of one kind. Importing it loads no driver."""

    KIND: str  # first part of the names of its devices: "cuda" of "cuda:0"
    LABEL: str  # usual spelling: "CUDA"

    def enumerate_devices(self) -> tuple[list[Candidate], Failure | None]:
        """The devices in the driver's order, and the reason why others cannot be used, if any."""

    def open_candidate(self, candidate: Candidate, gl: moderngl.Context | None) -> Device:
        """Opens one of `enumerate_devices`. `gl` is the context that its memory may be shared with, if there is one.

        Raises DeviceError if the driver cannot open it.
        """


BACKENDS: tuple[Backend, ...] = (cuda, opencl)  # in the order of preference


def device_words() -> str:
    """The names of devices for help and messages: `auto, cuda, cuda:N, opencl or opencl:N`."""
    words = ["auto", *(word for backend in BACKENDS for word in (backend.KIND, f"{backend.KIND}:N"))]
    return f"{', '.join(words[:-1])} or {words[-1]}"


def list_devices() -> tuple[list[Candidate], list[Failure]]:
    """Every device that can be opened, best first, and the reasons why others cannot.

    GPUs come before CPUs, then kinds in the order of BACKENDS, then devices in the driver's order.
    """
    found: list[Candidate] = []
    failed: list[Failure] = []
    for backend in BACKENDS:
        candidates, failure = backend.enumerate_devices()
        found += candidates
        if failure:
            failed.append(failure)
    found.sort(key=lambda candidate: candidate.is_cpu)
    return found, failed


def open_device(spec: str = "auto", gl: moderngl.Context | None = None) -> Device:
    """Opens the device that `spec` names: `auto`, a kind, or a kind with `:n`. The caller closes it.

    `gl` is the OpenGL context that draws from its memory, if there is one; it is current. Raises DeviceError if no
    such device exists, or if the driver cannot open it.
    """
    check_kind("device", "name", spec, TEXT)
    kind, colon, number = spec.partition(":")
    backends = {backend.KIND: backend for backend in BACKENDS}
    if (kind not in backends and spec != "auto") or (colon and not (number.isascii() and number.isdigit())):
        raise DeviceError(f"device '{spec}' is not understood; use {device_words()}")
    found, failed = list_devices()
    fitting = [c for c in found if spec in ("auto", c.kind, c.spec)]
    if not fitting:
        reasons = "; ".join(f"{f.kind}: {f.reason}, {f.remedy}" for f in failed if kind in ("auto", f.kind))
        listed = ", ".join(c.spec for c in found) or "none"
        raise DeviceError(f"no device '{spec}' here (found: {listed}){'; ' + reasons if reasons else ''}")
    return backends[fitting[0].kind].open_candidate(fitting[0], gl)


def reason_for_first(found: list[Candidate]) -> str:
    """The reason why `auto` takes the first device of `found`, a list from `list_devices`."""
    if not found:
        return "no driver reports a device"
    labels = [backend.LABEL for backend in BACKENDS]
    if found[0].is_cpu:
        return f"no GPU answers through {' or '.join(labels)}, so the processor computes"
    earlier = labels[: [backend.KIND for backend in BACKENDS].index(found[0].kind)]
    if earlier:
        return f"no {' or '.join(earlier)} device is usable, and a GPU comes before a CPU"
    return f"{labels[0]} comes first where it finds a device"
